"""What a page is shown of a session at one moment, and what of it a page does not have yet."""

from itertools import islice

from msgspec import UNSET, Struct

from sentio_tui.engine.ledger import Trade
from sentio_tui.engine.state import FillRecord, State
from sentio_tui.plain import clean
from sentio_tui.web.charts import NOTHING, CurveChart, Mark, PriceChart
from sentio_tui.web.messages import Update, Whole
from sentio_tui.web.parts import Parts, info_of
from sentio_tui.web.pieces import Fills, Notes, Trades


class Place(Struct, frozen=True):
    """Where a fill is marked: on the chart of which symbol, and at what price."""

    chart: str
    price: float | None


class Seen(Struct, frozen=True, eq=False):
    """What a page has: the parts as they were, and how much of each table."""

    tables: "Tables"
    parts: Parts
    fills: int
    trades: int
    notes: int
    curve: Mark
    prices: dict[str, Mark]


class Tables:
    """What of a session only grows. Whoever folds its events adds to it; the state has the rest."""

    def __init__(self, state: State, charts: dict[str, PriceChart]) -> None:
        self.state = state
        self.places: list[Place] = []
        """One of each fill."""
        self.curve = CurveChart(state.info.capital)
        self.prices = charts

    def seen(self, parts: Parts) -> Seen:
        """What a page has that is told everything now."""
        state = self.state
        marks = {symbol: chart.mark() for symbol, chart in self.prices.items()}
        return Seen(self, parts, len(state.executions), len(state.trades), state.note_count, self.curve.mark(), marks)

    def whole(self, parts: Parts) -> Whole:
        info = self.state.info
        return Whole(
            file=info.name,
            info=info_of(self.state, tuple(self.prices)),
            status=parts.status,
            cards=parts.cards,
            positions=parts.positions,
            orders=parts.orders,
            decisions=parts.decisions,
            reasons=parts.reasons,
            feed=parts.feed,
            fills=self._fills(0),
            trades=self._trades(0),
            curve=self.curve.since(NOTHING),
            prices={symbol: chart.since(NOTHING) for symbol, chart in self.prices.items()},
            notes=self._notes(0),
        )

    def update(self, parts: Parts, seen: Seen) -> Update:
        """What a page does not have. A chart's newest row is told again whenever the session has gone on."""
        state, before = self.state, seen.parts
        went_on = parts.status.seq != before.status.seq
        changed = {
            symbol: chart.since(seen.prices[symbol])
            for symbol, chart in self.prices.items()
            if went_on and chart.count != seen.prices[symbol].taken
        }
        return Update(
            file=state.info.name,
            status=parts.status if parts.status != before.status else UNSET,
            cards=parts.cards if parts.cards != before.cards else UNSET,
            positions=parts.positions if parts.positions != before.positions else UNSET,
            orders=parts.orders if parts.orders != before.orders else UNSET,
            decisions=parts.decisions if parts.decisions != before.decisions else UNSET,
            reasons=parts.reasons if parts.reasons != before.reasons else UNSET,
            feed=parts.feed if parts.feed != before.feed else UNSET,
            fills=self._fills(seen.fills) if len(state.executions) > seen.fills else UNSET,
            trades=self._trades(seen.trades) if len(state.trades) > seen.trades else UNSET,
            curve=self.curve.since(seen.curve) if went_on and state.curve.times else UNSET,
            prices=changed or UNSET,
            notes=self._notes(seen.notes) if state.note_count > seen.notes else UNSET,
        )

    def _fills(self, since: int) -> Fills:
        records = self.state.executions[since:]
        fills = [record.fill for record in records]
        places = self.places[since:]
        return Fills(
            since=since,
            number=[record.number for record in records],
            time=[fill.time for fill in fills],
            book=[fill.book for fill in fills],
            symbol=[fill.symbol for fill in fills],
            side=[fill.side for fill in fills],
            quantity=[fill.quantity for fill in fills],
            price=[fill.price for fill in fills],
            value=[fill.value for fill in fills],
            commission=[fill.commission for fill in fills],
            pnl=[record.pnl for record in records],
            reason=[clean(record.reason) for record in records],
            strategy=[record.strategy for record in records],
            chart=[place.chart for place in places],
            mark=[place.price for place in places],
        )

    def _trades(self, since: int) -> Trades:
        trades = self.state.trades[since:]
        accounts = self.state.accounts
        return Trades(
            since=since,
            number=[trade.number for trade in trades],
            book=[trade.book for trade in trades],
            symbol=[trade.symbol for trade in trades],
            strategy=[accounts[trade.book].info.strategy for trade in trades],
            opened=[trade.opened for trade in trades],
            closed=[trade.closed for trade in trades],
            quantity=[trade.quantity for trade in trades],
            entry_price=[trade.entry_price for trade in trades],
            exit_price=[trade.exit_price for trade in trades],
            pnl=[trade.pnl for trade in trades],
            pnl_fraction=[_return(trade) for trade in trades],
            fees=[trade.fees for trade in trades],
            mae=[trade.mae for trade in trades],
            mfe=[trade.mfe for trade in trades],
            bars_held=[trade.bars_held for trade in trades],
            reason=[clean(trade.reason) for trade in trades],
        )

    def _notes(self, since: int) -> Notes:
        kept, count = self.state.notes, self.state.note_count
        first = max(since, count - len(kept))
        notes = list(islice(kept, len(kept) - (count - first), None))
        return Notes(
            number=list(range(first + 1, count + 1)),
            time=[note.at for note in notes],
            level=[note.level for note in notes],
            code=[note.code for note in notes],
            text=[clean(note.text) for note in notes],
        )


def place_of(state: State, charts: dict[str, PriceChart], record: FillRecord) -> Place:
    """Where a fill is marked, as the state is right after it."""
    fill = record.fill
    if fill.symbol in charts:
        return Place(fill.symbol, fill.price)
    driving = state.accounts[fill.book].info.driving
    bar = state.bars.get(driving[0]) if driving and driving[0] in charts else None
    return Place("", None) if bar is None else Place(bar.symbol, bar.close)


def _return(trade: Trade) -> float | None:
    spent = trade.quantity * trade.entry_price
    return trade.pnl / spent if spent else None
