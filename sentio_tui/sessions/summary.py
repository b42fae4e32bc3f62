"""From the state of a session to its summary document."""

from msgspec import Struct
from msgspec.structs import asdict

from sentio_tui.engine.metrics import elapsed, execution_rate, metrics, signals_per_hour
from sentio_tui.engine.state import FillRecord, State
from sentio_tui.journal.document import (
    SCHEMA_VERSION,
    DocumentConfig,
    DocumentHead,
    DocumentMetrics,
    EquityPoint,
    FeedRow,
    PositionRow,
    Scalar,
    SignalStats,
    TradeRow,
    duration,
    positions_by_key,
)
from sentio_tui.journal.names import JOURNAL, iso
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import Phase
from sentio_tui.model.snapshot import Figure, Unknown

_PERCENT = frozenset(
    {"total_return", "drawdown", "max_drawdown", "win_rate", "execution_rate"}
    | {"exposure", "average_mae", "average_mfe", "mrd", "mrb"}
)
_RENAMED = {"fills": "num_trades", "open_positions": "num_positions"}


class Terms(Struct, frozen=True):
    """The part of the configuration that the document repeats. Fractions; 0 is a rule that is off. None is what is not
    the same in all books, or not known."""

    preset: str | None
    overrides: dict[str, Scalar]
    position_size: float | None
    max_positions: int | None
    stop_loss: float | None
    take_profit: float | None
    commission_rate: float | None
    slippage: float | None


def head(state: State, terms: Terms, now: Millis) -> DocumentHead:
    """Everything but trades and points. `now` is the wall clock at the writing."""
    info = state.info
    ended = state.phase is Phase.ENDED
    return DocumentHead(
        schema_version=SCHEMA_VERSION,
        session_name=info.name,
        state="ended" if ended else "running",
        mode=info.mode.value,
        start_time=iso(info.started),
        end_time=iso(now) if ended else None,
        updated=iso(now),
        initial_capital=info.capital,
        strategy=", ".join(dict.fromkeys(book.strategy for book in info.books)),
        symbols=info.symbols,
        metrics=_metrics(state),
        signal_stats=_signal_stats(state),
        reasons={reason.value: count for reason, count in sorted(state.reasons.items())},
        positions=_positions(state),
        config=_config(terms),
        books=info.books,
        feed=_feed(state),
        broker=info.broker,
        journal=info.name + JOURNAL,
        last_seq=state.seq,
        versions=info.versions,
    )


def _metrics(state: State) -> DocumentMetrics:
    figures: dict[str, Figure] = asdict(metrics(state))
    del figures["initial_capital"]
    figures["signals_per_hour"] = signals_per_hour(state)
    figures["execution_rate"] = execution_rate(state)
    figures["avg_pnl"] = figures["expectancy"]
    values: dict[str, float | None] = {}
    unknown: dict[str, str] = {}
    for name, value in figures.items():
        key = _RENAMED.get(name, name)
        if isinstance(value, Unknown):
            values[key] = None
            unknown[key] = value.why
        else:
            values[key] = value * 100.0 if name in _PERCENT else value
    return DocumentMetrics(**values, duration=duration(elapsed(state)), unknown=unknown)  # type: ignore[arg-type]  # one dict of figures; the struct's own types are checked by the tests


def _signal_stats(state: State) -> SignalStats:
    reasons, directions = state.reasons, state.directions
    return SignalStats(
        iterations=reasons.total(),
        buy_signals=directions[Direction.LONG],
        sell_signals=directions[Direction.SHORT],
        hold_signals=directions[Direction.NEUTRAL],
        trades_executed=len(state.executions),
        blocked_max_positions=reasons[Reason.MAX_POSITIONS],
        blocked_has_position=reasons[Reason.ALREADY_HELD],
        blocked_no_position=reasons[Reason.NOTHING_HELD],
        no_quote=reasons[Reason.NO_PRICE] + reasons[Reason.FEED_STALE],
    )


def _positions(state: State) -> dict[str, PositionRow]:
    rows = []
    for name, account in state.accounts.items():
        for symbol, position in account.positions.items():
            rows.append(
                PositionRow(
                    symbol=symbol,
                    quantity=position.quantity,
                    entry_price=position.entry_price,
                    current_price=position.price,
                    value=position.quantity * position.price,
                    entry_time=iso(position.opened),
                    strategy=account.info.strategy,
                    book=name,
                )
            )
    return positions_by_key(tuple(rows))


def _config(terms: Terms) -> DocumentConfig:
    return DocumentConfig(
        signal_mode=terms.preset,
        max_position_size=terms.position_size,
        max_positions=terms.max_positions,
        stop_loss=terms.stop_loss,
        take_profit=terms.take_profit,
        commission_rate=terms.commission_rate,
        slippage_rate=terms.slippage,
        strategy_overrides=terms.overrides,
    )


def _feed(state: State) -> FeedRow:
    newest = max((bar.time for bar in state.bars.values()), default=None)
    return FeedRow(
        name=state.info.feed,
        status=state.feed_status.value,
        detail=state.feed_detail,
        last=iso(newest + MINUTE) if newest is not None else None,
        bars=sum(state.bar_counts.values()),
        dropped=sum(state.dropped.values()),
    )


def trade_row(execution: FillRecord) -> TradeRow:
    """One fill as the document has it."""
    fill = execution.fill
    return TradeRow(
        timestamp=iso(fill.time),
        symbol=fill.symbol,
        side=fill.side.value,
        quantity=fill.quantity,
        price=fill.price,
        value=fill.value,
        commission=fill.commission,
        reason=execution.reason,
        strategy=execution.strategy,
        book=fill.book,
        order_id=fill.order_id,
        pnl=execution.pnl,
        mae=None if execution.trade is None else execution.trade.mae,
        mfe=None if execution.trade is None else execution.trade.mfe,
    )


def points(state: State, start: int, stop: int) -> list[EquityPoint]:
    """The points `start` to `stop` (excluded) of the equity curve."""
    curve = state.curve
    return [EquityPoint(iso(curve.times[index]), curve.equity[index]) for index in range(start, stop)]
