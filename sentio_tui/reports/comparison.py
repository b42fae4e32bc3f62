"""Several sessions beside each other: their figures, their equity rebased, and what they do not have in common."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

import numpy as np

from sentio_tui.engine.figures import FIGURES, Known
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.plain import clean
from sentio_tui.reports.configuration import differing
from sentio_tui.reports.markdown import paragraph
from sentio_tui.reports.markdown import table as markdown_table
from sentio_tui.reports.markup import Child, Markup, element, table
from sentio_tui.reports.page import drawn, page, panel
from sentio_tui.reports.plotting import Chart, Data, rounded, stretches, text, thinned
from sentio_tui.reports.session_page import footer, heading
from sentio_tui.reports.statement import inert
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import Clock, books, cut, shown, span, status, warnings
from sentio_tui.sessions.columns import Kind, Table, as_csv
from sentio_tui.style_sheets import SheetTheme

_COLOURS: Final = ("chart-equity", "base-accent", "mode-sim", "mode-replay", "chart-drawdown", "trade-muted")
_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""Curves are told apart by colour and by dash."""
_BRIEF: Final = ("total_return", "max_drawdown", "closed_trades", "win_rate", "profit_factor", "sharpe")

_DIFFERENCES: Final = 15
"""Told in Markdown at the most, each value with so many cells:"""
_VALUE: Final = 24
_SAME: Final = 4
"""Cells of what they have in common that are told before where they part."""


def rows(studies: Sequence[Study]) -> list[tuple[Known, list[Figure]]]:
    """Every figure, with its value in each session."""
    return [(known, [getattr(study.snapshot.metrics, known.name) for study in studies]) for known in FIGURES]


def comparison_page(studies: Sequence[Study], themes: Sequence[SheetTheme], made: Millis) -> bytes:
    """One file. `made` is the wall clock."""
    title = f"Comparison of {len(studies)} sessions"
    chart = together_chart(studies)
    head = element("h1", title)
    return page(title, head, _sections(studies, chart, made), [chart], themes)


def comparison_markdown(studies: Sequence[Study]) -> str:
    """Short, with a letter for each session."""
    letters = [_letter(index) for index in range(len(studies))]
    blocks = [paragraph(f"Comparison of {len(studies)} sessions", "# ")]
    for letter, study in zip(letters, studies, strict=True):
        clock = Clock(study.info.clock_zone)
        words = f"{study.info.name}: {books(study)}; {span(study, clock)}; {status(study, clock)}."
        blocks.append(paragraph(words, f"**{letter}** "))
        blocks += [paragraph(each, f"**{letter}, note:** ") for each in warnings(study)]
    known = {each.name: each for each in FIGURES}
    headings = ("", *(known[name].label for name in _BRIEF))
    blocks.append(
        markdown_table(
            headings,
            (
                (letter, *(_brief(known[name], getattr(study.snapshot.metrics, name)) for name in _BRIEF))
                for letter, study in zip(letters, studies, strict=True)
            ),
        )
    )
    blocks.append(_differences(studies))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _differences(studies: Sequence[Study]) -> list[str]:
    found = differing(studies)
    lines = []
    for key, values in found[:_DIFFERENCES]:
        lines += paragraph(f"{key}: {' / '.join(_brief_values(values))}", "- ")
    if len(found) > _DIFFERENCES:
        lines += paragraph(f"and {len(found) - _DIFFERENCES} more; the html page has all", "- ")
    return ["They differ in", "", *lines] if lines else []


def _brief_values(values: Sequence[str]) -> list[str]:
    """Short enough for a line, and what differs is still told apart: else from where they part."""
    plain = [clean(each) for each in values]
    brief = [cut(each, _VALUE) for each in plain]
    if len(set(brief)) == len(set(plain)):
        return brief
    parting = next(place for place, each in enumerate(zip_longest(*plain)) if len(set(each)) > 1)
    same = max(0, parting - _SAME)
    return [cut(f"…{each[same:]}" if same else each, _VALUE) for each in plain]


def comparison_csv(studies: Sequence[Study]) -> bytes:
    """A row for each figure, a column for each session; empty where it is not known."""
    columns = {"Figure": Kind.TEXT, "Unit": Kind.TEXT, **{study.info.name: Kind.NUMBER for study in studies}}
    made = [
        (inert(known.label), known.unit.value, *(None if isinstance(value, Unknown) else value for value in values))
        for known, values in rows(studies)
    ]
    return as_csv(Table(columns, made))


def together_chart(studies: Sequence[Study]) -> Chart:
    """Return on the capital at the start: by date where the sessions share market time, else each from its start."""
    is_dated = _overlap(studies)
    data: list[Data] = []
    note = "Equity over the capital at the start, - 1."
    for number, study in enumerate(studies):
        curve = study.state.curve
        values = 100.0 * (np.asarray(curve.equity, dtype=np.float64) / study.info.capital - 1.0)
        picked = stretches(values).tolist() if len(values) else []
        clock, first = Clock("UTC"), curve.times[0] if curve.times else 0
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": text(study.info.name),
                "x": [
                    clock.plain(curve.times[index]) if is_dated else (curve.times[index] - first) / (60 * MINUTE)
                    for index in picked
                ],
                "y": rounded(values[picked], 4) if picked else [],
                "line": {
                    "color": f"@{_COLOURS[number % len(_COLOURS)]}",
                    "dash": _DASHES[number % len(_DASHES)],
                    "width": 1.8,
                },
                "hovertemplate": f"{text(study.info.name)}<br>%{{y:+.2f}}%<extra></extra>",
            }
        )
        note += thinned(len(picked), len(values), f"minutes of {study.info.name}")
    across: Data = (
        {"type": "date", "title": {"text": "UTC"}} if is_dated else {"title": {"text": "Hours since its start"}}
    )
    layout: Data = {"xaxis": across, "yaxis": {"ticksuffix": "%"}, "hovermode": "closest", "height": 460}
    return Chart("together", "Equity rebased", note, data, layout)


def _overlap(studies: Sequence[Study]) -> bool:
    """Whether there is a moment at which all of them traded."""
    times = [study.state.curve.times for study in studies]
    return all(times) and max(each[0] for each in times) < min(each[-1] for each in times)


def _sections(studies: Sequence[Study], chart: Chart, made: Millis) -> Iterator[Child]:
    for study in studies:
        clock = Clock(study.info.clock_zone)
        words = [element("p", books(study)), element("p", span(study, clock), class_="quiet")]
        words += [element("p", each, class_="warning", role="note") for each in warnings(study)]
        yield element("section", element("header", heading(study)), *words, class_="panel half")
    yield drawn(chart)
    names = [study.info.name for study in studies]
    figures = [
        (element("span", known.label, title=known.definition), *(_cell(known, value) for value in values))
        for known, values in rows(studies)
    ]
    numbers = frozenset(range(1, len(studies) + 1))
    yield panel("Figures", table(("Figure", *names), figures, numbers))
    differences = differing(studies)
    if differences:
        told = table(("Setting", *names), [(key, *values) for key, values in differences])
    else:
        told = element("p", "Settings, data and versions are the same in all.", class_="empty")
    yield panel("What they do not have in common", told)
    definitions = table(("Figure", "Definition"), [(known.label, known.definition) for known in FIGURES])
    yield panel("Definitions", element("details", element("summary", "Of every figure"), definitions))
    yield footer(made)


def _cell(known: Known, value: Figure) -> Markup:
    return element("span", shown(known.unit, value), class_="quiet" if isinstance(value, Unknown) else False)


def _brief(known: Known, value: Figure) -> str:
    return "n/a" if isinstance(value, Unknown) else shown(known.unit, value)


def _letter(index: int) -> str:
    """A to Z, then A1, B1, ..."""
    turn, place = divmod(index, 26)
    return f"{chr(ord('A') + place)}{turn or ''}"
