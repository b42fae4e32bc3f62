"""State to snapshot: what the screen shows of a moment."""

from collections.abc import Sequence
from typing import Final

from sentio_tui.engine.ladder_view import LadderViewer
from sentio_tui.engine.market_clock import MarketClocks
from sentio_tui.engine.metrics import metrics
from sentio_tui.engine.reconciliation import account_view, missing
from sentio_tui.engine.state import FillRecord, State
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.commands import Accept, Cancel, Command, Flatten, Leave, Pause, Start, Stop
from sentio_tui.model.events import FeedStatus, Phase
from sentio_tui.model.orders import Side
from sentio_tui.model.snapshot import (
    Curve,
    FeedHealth,
    FillView,
    OrderView,
    PositionView,
    Snapshot,
    SnapshotInfo,
    SymbolHealth,
)

FILLS_SHOWN: Final = 300

_BY_TROUBLE: Final = (
    FeedStatus.LIVE,
    FeedStatus.QUIET,
    FeedStatus.ENDED,
    FeedStatus.CONNECTING,
    FeedStatus.GAP,
    FeedStatus.STALE,
    FeedStatus.DOWN,
)
"""From the best to the worst."""

_ACCEPTS: Final[dict[Phase, frozenset[type[Command]]]] = {
    Phase.READY: frozenset({Start, Stop, Leave}),
    Phase.RUNNING: frozenset({Pause, Stop, Leave, Flatten, Cancel, Accept}),
    Phase.PAUSED: frozenset({Start, Stop, Leave, Flatten, Cancel, Accept}),
    Phase.STOPPING: frozenset({Stop, Leave, Accept}),
    Phase.ENDED: frozenset(),
}


def accepts(phase: Phase) -> frozenset[type[Command]]:
    """The commands a session takes in a phase."""
    return _ACCEPTS[phase]


class Viewer:
    """Builds snapshots of one state. The equity curve is thinned anew only when it has grown."""

    def __init__(self, state: State, speed: float, patience: Millis) -> None:
        """`patience` is how old a price may be until it counts as stale, in milliseconds of market time."""
        self._state = state
        self._patience = patience
        info = state.info
        self._info = SnapshotInfo(
            name=info.name,
            mode=info.mode,
            started=info.started,
            clock_zone=info.clock_zone,
            feed=info.feed,
            broker=info.broker,
            speed=speed,
            books=info.books,
        )
        self._ladders = [LadderViewer(state, book, book.ladder) for book in info.books if book.ladder is not None]
        self._clocks = MarketClocks(info)
        self._curve = Curve()
        self._curve_end = (0, 0.0)

    def snapshot(self, at: Millis | None = None) -> Snapshot:
        """The state as it looks at a market time after its last event, or at that of the event: a market that says
        nothing grows older."""
        state = self._state
        at = state.at if at is None else max(at, state.at)
        return Snapshot(
            info=self._info,
            seq=state.seq,
            at=at,
            first=state.first,
            phase=state.phase,
            waiting=self._waiting(),
            faults=dict(state.faults),
            feed=self._feed(),
            metrics=metrics(state),
            positions=self._positions(at),
            orders=tuple(OrderView(known.order, known.status, known.filled) for known in state.orders.values()),
            fills=tuple(fill_view(execution) for execution in state.executions[-FILLS_SHOWN:]),
            decisions=tuple(state.decided.values()),
            reasons=dict(state.reasons),
            curve=self._thinned(),
            notes=tuple(state.notes),
            note_count=state.note_count,
            accepts=accepts(state.phase),
            ladders=tuple(ladder.view() for ladder in self._ladders),
            clock=self._clocks.at(at),
            account=account_view(state),
        )

    def _thinned(self) -> Curve:
        curve = self._state.curve
        end = (len(curve.times), curve.equity[-1] if curve.equity else 0.0)
        if end != self._curve_end:
            self._curve, self._curve_end = curve.thinned(), end
        return self._curve

    def _waiting(self) -> str:
        state = self._state
        if state.phase is not Phase.STOPPING:
            return ""
        symbols = sorted({known.order.symbol for known in state.orders.values() if known.order.side is Side.SELL})
        if symbols:
            return f"the next price of {', '.join(symbols)}"
        gone = ", ".join(missing(state))
        return f"somebody to accept the account ({gone})" if gone else "orders to end"

    def _positions(self, at: Millis) -> tuple[PositionView, ...]:
        state = self._state
        views = []
        for name, account in state.accounts.items():
            for symbol, position in account.positions.items():
                bar = state.bars.get(symbol)
                price = position.price
                paid = position.cost + position.entry_costs
                pnl = position.quantity * price - paid
                views.append(
                    PositionView(
                        book=name,
                        symbol=symbol,
                        quantity=position.quantity,
                        entry_price=position.entry_price,
                        price=price,
                        value=position.quantity * price,
                        pnl=pnl,
                        pnl_fraction=pnl / paid,
                        opened=position.opened,
                        strategy=account.info.strategy,
                        synthetic=bar.synthetic if bar is not None else False,
                        stale=state.stale(symbol, at, self._patience),
                    )
                )
        return tuple(views)

    def _feed(self) -> FeedHealth:
        state = self._state
        symbols = tuple(self._symbol(symbol) for symbol in state.info.symbols)
        lasts = [health.last for health in symbols if health.last is not None]
        return FeedHealth(
            status=_together(state.feed_status, [health.status for health in symbols]),
            detail=state.feed_detail,
            last=max(lasts) if lasts else None,
            bars=sum(state.bar_counts.values()),
            dropped=sum(state.dropped.values()),
            symbols=symbols,
        )

    def _symbol(self, symbol: str) -> SymbolHealth:
        state = self._state
        bar = state.bars.get(symbol)
        status = state.feed_status
        if status is FeedStatus.LIVE or (status is FeedStatus.CONNECTING and state.first is None):
            status = state.symbol_status.get(symbol, status)
        return SymbolHealth(
            symbol=symbol,
            status=status,
            last=bar.time + MINUTE if bar is not None else None,
            price=bar.close if bar is not None else None,
            bars=state.bar_counts[symbol],
            dropped=state.dropped.get(symbol, 0),
            synthetic=bar.synthetic if bar is not None else False,
        )


def _together(word: FeedStatus, symbols: Sequence[FeedStatus]) -> FeedStatus:
    """The status of the whole feed: its own word, unless that is "live" or, before the first bar, "connecting", and no
    symbol is; then that of the worst."""
    if word not in (FeedStatus.LIVE, FeedStatus.CONNECTING) or not symbols or word in symbols:
        return word
    return max(symbols, key=_BY_TROUBLE.index)


def fill_view(execution: FillRecord) -> FillView:
    """A fill as the trades pane shows it."""
    fill = execution.fill
    return FillView(
        number=execution.number,
        time=fill.time,
        book=fill.book,
        symbol=fill.symbol,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        commission=fill.commission,
        pnl=execution.pnl,
        reason=execution.reason,
        strategy=execution.strategy,
    )
