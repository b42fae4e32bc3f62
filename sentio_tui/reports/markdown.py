"""A short report as Markdown, for a terminal or a message: no line is longer than 80 cells.

Text from outside is escaped: it makes no table, link or heading of its own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sentio_tui.engine.figures import Unit
from sentio_tui.model.snapshot import Unknown
from sentio_tui.plain import clean
from sentio_tui.reports.breakdown import Breakdown, Part, breakdowns, whole
from sentio_tui.reports.statistics import told
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import (
    Clock,
    books,
    count,
    cut,
    price,
    quantity,
    shown,
    span,
    status,
    warnings,
    width,
)

WIDTH: Final = 80
ROWS: Final = 6
"""Of a breakdown or of the reasons; the rest is told in one more."""
_NARROWEST: Final = 12
"""Cells of a table's first column at the least."""

_TOLD: Final = (
    "equity",
    "total_return",
    "total_pnl",
    "max_drawdown",
    "closed_trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "expectancy_low",
    "expectancy_high",
    "sharpe",
    "exposure",
    "fees",
)
_MARKUP: Final = re.compile(r"[\\`*\[\]<|~@]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.")
_LEADING: Final = re.compile(r"^(?:\d+(?=[.)]$)|(?=[-+=]+$|#{1,6}$|>))")


def markdown(study: Study) -> str:
    """The report of one session."""
    clock = Clock(study.info.clock_zone)
    blocks = [
        paragraph(f"Session {study.info.name}", "# "),
        [
            *paragraph(f"{study.info.mode.value.upper()}, {status(study, clock)}."),
            *paragraph(f"{books(study)}."),
            *paragraph(f"{span(study, clock)}."),
        ],
        *(paragraph(warning, "**Note:** ") for warning in warnings(study)),
        table(("Figure", "Value", "Of"), _figures(study)),
        *(_broken_down(each) for each in breakdowns(study) if each.name != "hour" and each.parts),
        _origin(study),
        _held(study),
        _reasons(study),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def escaped(text: str) -> str:
    """Text from outside as it may stand within a line."""
    return _MARKUP.sub(r"\\\g<0>", clean(text))


def paragraph(text: str, mark: str = "") -> list[str]:
    """Text from outside, broken into lines. `mark` is Markdown that stands before it: "# ", "- "."""
    lines = [mark.rstrip()]
    for word in escaped(text).split():
        if lines[-1] and width(lines[-1]) + 1 + width(word) > WIDTH:
            lines.append("")
        # At the beginning of a line it must not become a heading, a quotation or a list.
        begun = word if lines[-1] else _LEADING.sub(r"\g<0>\\", word, count=1)
        lines[-1] = cut(f"{lines[-1]} {begun}".lstrip(), WIDTH)
    return lines


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A heading and rows of plain text. The first column is cut where it is long, the others are at the right."""
    plain = [headings, *rows]
    others = [[escaped(cell) for cell in row[1:]] for row in plain]
    widths = [max(3, *map(width, column)) for column in zip(*others, strict=True)]
    room = max(_NARROWEST, WIDTH - 4 - sum(widths) - 3 * len(widths))
    firsts = [_fitting(row[0], room) for row in plain]
    widths.insert(0, max(3, *map(width, firsts)))
    lines = [
        "| " + " | ".join(_filled((first, *rest), widths)) + " |" for first, rest in zip(firsts, others, strict=True)
    ]
    rule = f"|{'-' * (widths[0] + 2)}|" + "".join(f"{'-' * (each + 1)}:|" for each in widths[1:])
    return [lines[0], rule, *lines[1:]]


def _fitting(text: str, room: int) -> str:
    text = clean(text)
    cells = room
    while width(made := escaped(cut(text, cells))) > room:
        cells -= 1
    return made


def _filled(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    yield row[0] + " " * (widths[0] - width(row[0]))
    for cell, each in zip(row[1:], widths[1:], strict=True):
        yield " " * (each - width(cell)) + cell


def _figures(study: Study) -> Iterator[Sequence[str]]:
    by_name = {each.known.name: each for each in told(study)}
    for name in _TOLD:
        known, value = by_name[name].known, by_name[name].value
        if isinstance(value, Unknown):
            yield known.label, "n/a", value.why
        else:
            yield known.label, shown(known.unit, value), by_name[name].sample


def _broken_down(breakdown: Breakdown) -> list[str]:
    parts = sorted(breakdown.parts, key=lambda part: -abs(part.total))
    shown_parts = parts[:ROWS] if len(parts) > ROWS + 1 else parts
    rest = parts[len(shown_parts) :]
    rows = [_part(part.key, [part]) for part in sorted(shown_parts, key=lambda part: -part.total)]
    if rest:
        rows.append(_part(f"{len(rest)} others", rest))
    return table((breakdown.title, "P&L", "Trades", "Won"), rows)


def _part(key: str, parts: Sequence[Part]) -> Sequence[str]:
    trades = sum(part.trades for part in parts)
    won = sum(part.won for part in parts)
    return key, shown(Unit.CHANGE, sum(part.total for part in parts)), str(trades), str(won)


def _origin(study: Study) -> list[str]:
    parts = whole(study)
    if not parts.unrealised and not parts.adopted:
        return []
    told = (
        f"P&L: {shown(Unit.CHANGE, parts.realised)} by closing fills, {shown(Unit.CHANGE, parts.unrealised)} still open"
    )
    adopted = f", {shown(Unit.CHANGE, parts.adopted)} taken over from the account" if study.adoptions else ""
    return paragraph(f"{told}{adopted}.")


def _held(study: Study) -> list[str]:
    rows = [
        (each.symbol, quantity(each.quantity), price(each.entry_price), price(each.price), shown(Unit.CHANGE, each.pnl))
        for each in study.snapshot.positions
    ]
    return table(("Held", "Quantity", "Entry", "Price", "P&L"), rows) if rows else []


def _reasons(study: Study) -> list[str]:
    reasons = study.state.reasons
    decisions = reasons.total()
    idle = [(reason.text, times) for reason, times in reasons.most_common() if not reason.trades]
    if not idle:
        return paragraph("No decision was made." if not decisions else "Every decision led to a trade.")
    rows = [(text, f"{times:,}", shown(Unit.SHARE, times / decisions)) for text, times in idle[:ROWS]]
    headings = ("Reason for not trading", "Decisions", f"Of {count(decisions, 'decision')}")
    return table(headings, rows)
