"""Figures with their labels, as many as fit, the important ones first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sentio_tui.ui.formatting import cut, left, right
from sentio_tui.ui.widgets.line_board import BLANK, Line, Span

GAP: Final = 2
COMFORT: Final = 34
"""Cells a card takes where there is more room than cards."""


class Value(NamedTuple):
    """What a card says, how, and a small picture that stands beside it where there is room."""

    text: str
    style: str = ""
    picture: Callable[[int], str] | None = None


@dataclass(frozen=True)
class Card:
    """`value` says it in at most the given cells, `need` is how many it usually takes. Cards of rank 0 are always
    shown; of the others those with the highest rank are left out first. `short` is the label for narrow columns."""

    label: str
    short: str
    need: int
    rank: int
    value: Callable[[int], Value]
    picture: int = 0
    """Cells the picture would like to have."""


class Plan(NamedTuple):
    """The cards that fit, from left to right and from top to bottom, and the width of each column."""

    cards: tuple[Card, ...]
    widths: tuple[int, ...]
    stacked: bool
    """The value under its label, rather than beside it."""
    airy: bool
    """A blank line between two rows."""


def plan(cards: Sequence[Card], width: int, height: int) -> Plan:
    """Choose and place cards. It depends on the cards and the size alone, never on the values, so nothing jumps."""
    least = sum(1 for card in cards if card.rank == 0)
    for stacked in (True, False):
        rows = (height + 1) // 3 if stacked and height >= 5 else height // 2 if stacked else height
        airy = stacked and height >= 5
        if not rows:
            continue
        for count in range(len(cards), least - 1, -1):
            chosen = _chosen(cards, count)
            columns = max(-(-count // rows), min(count, width // (COMFORT + GAP)))
            widths = _widths(chosen, columns, stacked)
            if sum(widths) + GAP * (columns - 1) <= width:
                return Plan(chosen, _stretched(widths, width), stacked, airy)
    chosen = _chosen(cards, least)
    columns = -(-least // max(1, height))
    return Plan(chosen, _squeezed(_widths(chosen, columns, False), width), False, False)


def draw(drawn: Plan) -> list[Line]:
    """The lines of the cards as their values are now."""
    lines: list[Line] = []
    columns = len(drawn.widths)
    for start in range(0, len(drawn.cards), columns):
        row = list(zip(drawn.cards[start : start + columns], drawn.widths, strict=False))
        if lines and drawn.airy:
            lines.append(BLANK)
        if drawn.stacked:
            lines.append(_joined([[Span(left(_label(card, width), width), "muted")] for card, width in row]))
            lines.append(_joined([_under(card, width) for card, width in row]))
        else:
            lines.append(_joined([_beside(card, width) for card, width in row]))
    return lines


def _chosen(cards: Sequence[Card], count: int) -> tuple[Card, ...]:
    ranks = sorted(range(len(cards)), key=lambda index: (cards[index].rank, index))[:count]
    return tuple(cards[index] for index in sorted(ranks))


def _widths(cards: Sequence[Card], columns: int, stacked: bool) -> list[int]:
    def need(card: Card) -> int:
        if stacked:
            return max(len(card.short), card.need + (card.picture + 1 if card.picture else 0))
        return len(card.short) + 1 + card.need

    return [max(need(card) for card in cards[column::columns]) for column in range(columns)]


def _stretched(widths: list[int], width: int) -> tuple[int, ...]:
    spare = width - sum(widths) - GAP * (len(widths) - 1)
    each, rest = divmod(spare, len(widths))
    return tuple(needed + each + (1 if column < rest else 0) for column, needed in enumerate(widths))


def _squeezed(widths: list[int], width: int) -> tuple[int, ...]:
    """Narrower where they are widest, until they fit; no column vanishes."""
    excess = sum(widths) + GAP * (len(widths) - 1) - width
    for _ in range(excess):
        widest = max(range(len(widths)), key=lambda column: widths[column])
        widths[widest] = max(1, widths[widest] - 1)
    return tuple(widths)


def _joined(cells: Sequence[Sequence[Span]]) -> Line:
    spans: list[Span] = []
    for position, cell in enumerate(cells):
        if position:
            spans.append(Span(" " * GAP))
        spans.extend(cell)
    return Line(tuple(spans))


def _label(card: Card, room: int) -> str:
    return card.label if len(card.label) <= room else cut(card.short, room)


def _bold(value: Value) -> str:
    return value.style if value.style == "muted" else f"strong {value.style}".rstrip()


def _under(card: Card, width: int) -> list[Span]:
    value = card.value(width)
    spare = width - len(value.text) - 2
    if value.picture is None or spare < 4:
        return [Span(left(value.text, width), _bold(value))]
    return [
        Span(value.text + "  ", _bold(value)),
        Span(left(value.picture(min(spare, 24)), spare), "curve"),
    ]


def _beside(card: Card, width: int) -> list[Span]:
    label = card.label if len(card.label) + 1 + card.need <= width else cut(card.short, width - 2)
    room = width - len(label) - 1
    value = card.value(room)
    spare = room - len(value.text) - 2
    text = value.text
    spans = [Span(label + " ", "muted")]
    if value.picture is not None and spare >= 6:
        spans += [
            Span(left(value.picture(min(spare, 16)), spare) + "  ", "curve"),
            Span(text, _bold(value)),
        ]
    else:
        spans.append(Span(right(text, room), _bold(value)))
    return spans
