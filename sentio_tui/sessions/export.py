"""A session's journal as the original's four logs: signals, decisions, trades, positions (facts, section 5.5)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from sentio_tui.engine.state import State
from sentio_tui.journal.atomic import replace_file
from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Signal
from sentio_tui.model.events import AnyEvent, BarReceived, Decided, OrderFilled, SessionStarted
from sentio_tui.model.orders import Order

KINDS: Final = ("signals", "decisions", "trades", "positions")

Row = dict[str, object]


def export_logs(events: Sequence[AnyEvent], folder: Path) -> list[Path]:
    """Write `signals_`, `decisions_`, `trades_` and `positions_YYYYMMDD_HHMMSS.jsonl` of one session; their paths.

    Times are texts in the exchange's zone, as the original's later versions wrote them, and milliseconds UTC beside
    them. Raises ValueError for events that are no session, JournalError where a file cannot be written.
    """
    if not events or not isinstance(events[0], SessionStarted):
        raise ValueError("a session's events begin with its start")
    rows: dict[str, list[Row]] = {kind: [] for kind in KINDS}
    for kind, row in _rows(events, events[0]):
        rows[kind].append(row)
    stamp = events[0].info.name.removeprefix("live_")
    folder.mkdir(parents=True, exist_ok=True)
    encoder = msgspec.json.Encoder()
    paths = []
    for kind in KINDS:
        path = folder / f"{kind}_{stamp}.jsonl"
        replace_file(path, [encoder.encode_lines(rows[kind])])
        paths.append(path)
    return paths


def _rows(events: Sequence[AnyEvent], started: SessionStarted) -> Iterator[tuple[str, Row]]:
    state = State(started)
    zone = ZoneInfo(started.info.clock_zone)
    orders: dict[str, Order] = {}
    bar_index = 0
    for event in events[1:]:
        if isinstance(event, OrderFilled) and event.fill.order_id in state.orders:
            orders[event.fill.order_id] = state.orders[event.fill.order_id].order
        state.apply(event)
        match event:
            case BarReceived(bar=bar) if not bar.backfilled:
                bar_index += 1
                yield "positions", _positions(state, event.at, zone)
            case Decided():
                yield "signals", signal_row(event.signal, event.at, event.book, zone)
                yield "decisions", _decision(state, event, zone)
            case OrderFilled():
                yield "trades", _trade(state, event, orders.get(event.fill.order_id), bar_index, zone)


def _clock(at: Millis, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S} {zone.key}"


def signal_row(signal: Signal, at: Millis, book: str, zone: ZoneInfo) -> Row:
    """The live log's fields, the seed's (`signal`, `prediction`, `bb_amp`), and every value of the strategy. `at` is
    when its bar was known."""
    values = signal.values
    return {
        "timestamp": _clock(at, zone),
        "timestamp_ms": at,
        "bar_timestamp_ms": signal.time,
        "symbol": signal.symbol,
        "strategy_book": book,
        "signal": signal.direction.value.upper(),
        "probability": signal.probability,
        "confidence": values.get("confidence"),
        "prediction": values.get("prediction"),
        "bb_amp": values.get("bb_amp"),
        "prob_1bar": values.get("prob_1"),
        "prob_5bar": values.get("prob_5"),
        "prob_10bar": values.get("prob_10"),
        "warming_up": signal.missing,
        "values": values,
    }


def _decision(state: State, event: Decided, zone: ZoneInfo) -> Row:
    account = state.accounts[event.book]
    paid = sum(position.cost + position.entry_costs for position in account.positions.values())
    held = [position.bars_held for position in account.positions.values()]
    return {
        "timestamp": _clock(event.at, zone),
        "timestamp_ms": event.at,
        "symbol": event.symbol,
        "book": event.book,
        "should_trade": event.reason.trades,
        "current_state": event.state,
        "target_state": event.target or event.state,
        "reason": event.reason.value,
        "detail": event.detail,
        "current_equity": account.equity,
        "position_pnl_pct": account.value / paid - 1.0 if paid else None,
        "bars_held": min(held) if held else 0,
    }


def _trade(state: State, event: OrderFilled, order: Order | None, bar_index: int, zone: ZoneInfo) -> Row:
    fill, record = event.fill, state.executions[-1]
    return {
        "timestamp": _clock(fill.time, zone),
        "timestamp_ms": fill.time,
        "order_id": fill.order_id,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": fill.quantity,
        "price": fill.price,
        "type": order.type.value if order is not None else None,
        "time_in_force": order.time_in_force.value if order is not None else None,
        "status": "filled" if fill.remaining <= 0.0 else "partially_filled",
        "filled_qty": fill.quantity,
        "filled_avg_price": fill.price,
        "commission": fill.commission,
        "bar_index": bar_index,
        "cash_balance": state.cash,
        "portfolio_value": state.equity,
        "trade_pnl": record.pnl,
        "reason": record.reason,
        "strategy": record.strategy,
    }


def _positions(state: State, at: Millis, zone: ZoneInfo) -> Row:
    capital = state.info.capital
    equity = state.equity
    positions = []
    for account in state.accounts.values():
        for symbol, position in account.positions.items():
            worth = position.quantity * position.price
            positions.append(
                {
                    "symbol": symbol,
                    "quantity": position.quantity,
                    "avg_entry_price": position.entry_price,
                    "current_price": position.price,
                    "market_value": worth,
                    "unrealized_pl": worth - position.cost,
                    "unrealized_pl_pct": worth / position.cost - 1.0,
                }
            )
    return {
        "timestamp": _clock(at, zone),
        "timestamp_ms": at,
        "cash": state.cash,
        "buying_power": sum(account.free_cash for account in state.accounts.values()),
        "portfolio_value": equity,
        "equity": equity,
        "total_return": equity - capital,
        "total_return_pct": equity / capital - 1.0,
        "positions": positions,
    }
