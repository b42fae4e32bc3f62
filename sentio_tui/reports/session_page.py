"""The report of one session as a page."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from sentio_tui.engine.figures import Basis, Unit
from sentio_tui.model.bars import Millis
from sentio_tui.model.snapshot import Unknown
from sentio_tui.reports import charts, trade_charts
from sentio_tui.reports.breakdown import Breakdown, Part, breakdowns, whole
from sentio_tui.reports.configuration import facts, told_settings
from sentio_tui.reports.markup import Child, Markup, element, table, together
from sentio_tui.reports.page import drawn, page, pairs, panel
from sentio_tui.reports.plotting import Chart
from sentio_tui.reports.statistics import Told, returns, told
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import Clock, books, count, price, quantity, shown, span, status, warnings
from sentio_tui.style_sheets import SheetTheme

STATEMENT_ROWS: Final = 5_000
"""Rows of the statement at the most, the newest; a browser grows slow on more. The CSV has all."""

_CARDS: Final = frozenset(
    {
        "total_return",
        "total_pnl",
        "max_drawdown",
        "closed_trades",
        "win_rate",
        "profit_factor",
        "expectancy",
        "sharpe",
        "exposure",
        "fees",
        "equity",
        "open_positions",
    }
)
"""The figures at the top; all of them stand in a table."""

_COLOURED: Final = frozenset({Unit.CHANGE, Unit.RETURN})


def session_page(study: Study, themes: Sequence[SheetTheme], made: Millis) -> bytes:
    """One file. `made` is the wall clock."""
    name = study.info.name
    parts = breakdowns(study)
    pictures = {each.name: each for each in _charts(study, parts)}
    return page(name, heading(study), _sections(study, parts, pictures, made), list(pictures.values()), themes)


def heading(study: Study) -> Markup:
    """Name, mode, and how far it had come."""
    mode = study.info.mode.value
    return together(
        element("h1", study.info.name),
        element("span", mode.upper(), class_=f"badge {mode}"),
        element("span", status(study, Clock(study.info.clock_zone)), class_="quiet"),
    )


def card(figure: Told) -> Markup:
    """A figure with its sample; its definition on hovering, and in the list of definitions."""
    known, value = figure.known, figure.value
    tone = "na" if isinstance(value, Unknown) else ""
    if known.unit in _COLOURED and not isinstance(value, Unknown) and value:
        tone = "gain" if value > 0.0 else "loss"
    of = element("small", f"of {figure.sample}") if figure.sample and not isinstance(value, Unknown) else Markup()
    inside = together(element("dt", known.label), element("dd", shown(known.unit, value), of, class_=tone or False))
    return element("div", inside, class_="card", title=known.definition)


def footer(made: Millis) -> Markup:
    """When it was made, and what it is not."""
    words = (
        f"Made {Clock('UTC').minute(made)} UTC from the session's journal. Past results, and those of simulated or "
        "recorded markets above all, say little of future ones."
    )
    return element("footer", element("p", words))


def _charts(study: Study, parts: Sequence[Breakdown]) -> Iterator[Chart]:
    if study.state.curve.times:
        yield charts.equity(study)
        yield from charts.prices(study)
    if study.trades:
        yield trade_charts.by_trade(study)
        yield trade_charts.distribution(study)
        yield trade_charts.excursions(study)
    if study.state.curve.times:
        yield charts.exposure(study)
    if len(study.daily) > 1:
        yield charts.daily(study)
    for each in parts:
        if each.parts:
            yield trade_charts.breakdown(study, each)
    if any(not reason.trades for reason in study.state.reasons):
        yield trade_charts.reasons(study)


def _sections(study: Study, parts: Sequence[Breakdown], pictures: dict[str, Chart], made: Millis) -> Iterator[Child]:
    yield element(
        "div",
        element("p", books(study)),
        element("p", span(study, Clock(study.info.clock_zone)), class_="quiet"),
        *(element("p", each, class_="warning", role="note") for each in warnings(study)),
        element("dl", *(card(each) for each in told(study) if each.known.name in _CARDS), class_="cards"),
    )
    if not study.state.curve.times:
        yield panel("No market data", element("p", "No bar came in, so there is nothing to draw.", class_="empty"))
    elif not study.trades:
        why = "No round trip was closed: there is nothing to tell of trades. The reasons stand below."
        yield panel("No closed trades", element("p", why, class_="empty"))
    by_name = {f"by-{each.name}": each for each in parts}
    for name, chart in pictures.items():
        yield drawn(chart, _numbers(by_name[name]) if name in by_name else "")
    yield _origin(study)
    yield _figures(study)
    yield from _positions(study)
    yield from _trades(study)
    yield from _statement(study)
    yield _made_of(study)
    yield footer(made)


def _numbers(parts: Breakdown) -> Markup:
    """A chart's numbers, which add up to the session's P&L."""
    together_ = Part(
        "All",
        math.fsum(part.realised for part in parts.parts),
        math.fsum(part.unrealised for part in parts.parts),
        sum(part.trades for part in parts.parts),
        sum(part.won for part in parts.parts),
    )
    rows = [
        (
            part.key,
            _signed(part.realised),
            _signed(part.unrealised),
            _signed(part.total),
            f"{part.trades:,}",
            f"{part.won:,}",
        )
        for part in (*parts.parts, together_)
    ]
    headings = (parts.title, "Closed", "Open", "P&L", "Trades", "Won")
    return element("details", element("summary", "Numbers"), table(headings, rows, frozenset(range(1, 6))))


def _signed(value: float) -> Markup:
    tone = "gain" if value > 0.0 else "loss" if value < 0.0 else ""
    return element("span", shown(Unit.CHANGE, value), class_=tone or False)


def _origin(study: Study) -> Markup:
    parts = whole(study)
    rows: list[Sequence[Child]] = [
        ("Closing fills", _signed(parts.realised)),
        ("Still open", _signed(parts.unrealised)),
    ]
    if study.adoptions:
        rows.append(("Taken over from the broker's account", _signed(parts.adopted)))
    rows.append(("P&L", _signed(parts.total)))
    return panel("Where the P&L comes from", table(("", "P&L"), rows, frozenset({1})), is_wide=False)


def _positions(study: Study) -> Iterator[Markup]:
    rows = [
        (
            each.symbol,
            each.book,
            quantity(each.quantity),
            price(each.entry_price),
            f"{price(each.price)}{' (old)' if each.stale else ''}{' (synthetic)' if each.synthetic else ''}",
            f"{each.value:,.2f}",
            _signed(each.pnl),
        )
        for each in study.snapshot.positions
    ]
    if rows:
        headings = ("Symbol", "Book", "Quantity", "Entry", "Price", "Value", "P&L")
        yield panel("Open positions", table(headings, rows, frozenset(range(2, 7)), class_="sortable"))


def _trades(study: Study) -> Iterator[Markup]:
    clock = Clock(study.info.clock_zone)
    trades = study.trades[-STATEMENT_ROWS:]
    gains = returns(trades)
    rows = [
        (
            str(trade.number),
            trade.symbol,
            trade.book,
            clock.minute(trade.opened),
            clock.minute(trade.closed),
            f"{trade.bars_held:,}",
            quantity(trade.quantity),
            price(trade.entry_price),
            price(trade.exit_price),
            _signed(trade.pnl),
            shown(Unit.RETURN, gain),
            f"{trade.fees:,.2f}",
            shown(Unit.RETURN, trade.mae),
            shown(Unit.RETURN, trade.mfe),
            trade.reason,
        )
        for trade, gain in zip(trades, gains, strict=True)
    ]
    if rows:
        headings = (
            "#", "Symbol", "Book", "Opened", "Closed", "Bars", "Qty", "Entry", "Exit", "P&L", "Return", "Fees", "MAE",
            "MFE", "Exit reason",
        )  # fmt: skip
        yield _long("Round trips", headings, rows, frozenset({0, *range(5, 14)}), len(study.trades))


def _statement(study: Study) -> Iterator[Markup]:
    clock = Clock(study.info.clock_zone)
    rows = [
        (
            str(entry.number),
            f"{entry.bar:,}",
            clock.minute(entry.time),
            entry.symbol,
            entry.side.value.upper(),
            quantity(entry.quantity),
            price(entry.price),
            f"{entry.value:,.2f}",
            f"{entry.cash:,.2f}",
            f"{entry.equity:,.2f}",
            "" if entry.pnl is None else _signed(entry.pnl),
            _signed(entry.cumulative),
            entry.reason,
        )
        for entry in study.entries[-STATEMENT_ROWS:]
    ]
    headings = (
        "#", "Bar", "Time", "Symbol", "Action", "Qty", "Price", "Value", "Cash", "Portfolio", "Trade P&L", "Cum P&L",
        "Reason",
    )  # fmt: skip
    if rows:
        yield _long("Trade statement", headings, rows, frozenset({0, 1, *range(5, 12)}), len(study.entries))


def _long(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[Child]], numbers: frozenset[int], there: int
) -> Markup:
    newest = f"The newest {len(rows):,} of {there:,} rows; --format csv has all."
    note = f"{count(there, 'row')}." if there == len(rows) else newest
    made = table(headings, rows, numbers, class_="sortable")
    rolled = element("div", made, class_="tall", tabindex="0", role="region", aria_label=title)
    return panel(title, together(element("p", note, class_="quiet"), rolled), more="long")


def _figures(study: Study) -> Markup:
    rows = [
        (
            each.known.label,
            shown(each.known.unit, each.value),
            each.sample or _STANDING_ON[each.known.basis],
            each.known.definition,
        )
        for each in told(study)
    ]
    return panel("All figures and what they mean", table(("Figure", "Value", "Of", "Definition"), rows, frozenset({1})))


_STANDING_ON: Final = {
    Basis.ACCOUNT: "the last event",
    Basis.MINUTES: "minutes",
    Basis.FILLS: "fills",
    Basis.TRADES: "closed round trips",
    Basis.DAYS: "exchange days",
    Basis.SIGNALS: "signals",
}


def _made_of(study: Study) -> Markup:
    def part(title: str, rows: Sequence[tuple[str, str]]) -> Markup:
        return element("details", element("summary", title), pairs(rows)) if rows else Markup()

    info = study.info
    parameters = [
        (f"{book.name}: {name}", str(value)) for book in info.books for name, value in book.parameters.items()
    ]
    return panel(
        "Configuration, data and versions",
        together(
            pairs(facts(study)),
            part("Strategy parameters", parameters),
            part("Settings", list(told_settings(info.settings).items())),
            part("Fingerprints of the data", list(info.data.items())),
            part("Versions", list(info.versions.items())),
        ),
    )
