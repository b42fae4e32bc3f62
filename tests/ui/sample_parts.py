"""What the samples are made of: trades, a curve, figures, decisions and notes that agree with each other.

All times are market time, fixed; nothing here reads a clock.
"""

import math
import random
from typing import Final, NamedTuple

from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.decisions import Direction, Reason, Signal
from sentio_tui.model.events import Decided, FeedStatus, Level, Noted
from sentio_tui.model.orders import Side
from sentio_tui.model.snapshot import (
    Curve,
    FeedHealth,
    FillView,
    Metrics,
    PositionView,
    SymbolHealth,
    Unknown,
)

START: Final[Millis] = 1_736_172_000_000
"""2025-01-06T14:00:00Z, nine in the morning in New York."""
BARS: Final = 400
NOW: Final[Millis] = START + BARS * MINUTE
CAPITAL: Final = 10_000.0
COST: Final = 0.001
PRICES: Final = {"BTC-USD": 101_412.83, "ETH-USD": 3_741.06, "SOL-USD": 217.52}


class Legs(NamedTuple):
    fills: tuple[FillView, ...]
    positions: tuple[PositionView, ...]
    cash: float
    fees: float


def make_legs() -> Legs:
    """Fourteen round trips and two buys that are still open: thirty fills."""
    dice = random.Random(20)
    symbols = tuple(PRICES)
    fills: list[FillView] = []
    positions: list[PositionView] = []
    cash, fees = CAPITAL, 0.0
    for trip in range(16):
        symbol = symbols[(trip + 2) % 3]
        is_open = trip >= 14
        if is_open:
            leave = PRICES[symbol]
            entry = leave / (1.0231 if trip == 14 else 0.9958)
        else:
            entry = PRICES[symbol] * (1 + dice.uniform(-0.02, 0.02))
            leave = entry * (1 + dice.choice((1, 1, -0.6)) * dice.uniform(0.004, 0.03))
        quantity = round(2_000 / entry, 6)
        opened = START + (8 + trip * 24) * MINUTE
        buy_fee, sell_fee = quantity * entry * COST, quantity * leave * COST
        fills.append(
            FillView(
                number=len(fills) + 1,
                time=opened,
                book="main",
                symbol=symbol,
                side=Side.BUY,
                quantity=quantity,
                price=entry,
                commission=buy_fee,
                pnl=None,
                reason="enter",
                strategy="momentum",
            )
        )
        cash -= quantity * entry + buy_fee
        fees += buy_fee
        if is_open:
            value = quantity * leave
            pnl = value - quantity * entry - buy_fee
            positions.append(
                PositionView(
                    book="main",
                    symbol=symbol,
                    quantity=quantity,
                    entry_price=entry,
                    price=leave,
                    value=value,
                    pnl=pnl,
                    pnl_fraction=pnl / (quantity * entry + buy_fee),
                    opened=opened,
                    strategy="momentum",
                )
            )
            continue
        cash += quantity * leave - sell_fee
        fees += sell_fee
        fills.append(
            FillView(
                number=len(fills) + 1,
                time=opened + dice.randrange(5, 22) * MINUTE,
                book="main",
                symbol=symbol,
                side=Side.SELL,
                quantity=quantity,
                price=leave,
                commission=sell_fee,
                pnl=quantity * (leave - entry) - buy_fee - sell_fee,
                reason=dice.choice(("take_profit", "exit")) if leave > entry else dice.choice(("stop_loss", "exit")),
                strategy="momentum",
            )
        )
    return Legs(tuple(fills), tuple(positions), cash, fees)


def curve(last: float, points: int = BARS, first: float = CAPITAL) -> Curve:
    """A walk from `first` to `last`, one point a minute, with a dip in its middle third."""
    dice = random.Random(11)
    walk, level = [], 0.0
    for index in range(points):
        level += dice.gauss(0.0, 5.5)
        walk.append(level - 150 * math.exp(-(((index - points * 0.55) / (points * 0.09)) ** 2)))
    span = max(points - 1, 1)
    tilt = (last - first - walk[-1] + walk[0]) / span
    equity = [first + value - walk[0] + tilt * index for index, value in enumerate(walk)]
    peak, drawdown = -math.inf, []
    for value in equity:
        peak = max(peak, value)
        drawdown.append(value / peak - 1)
    return Curve(
        times=tuple(START + index * MINUTE for index in range(points)), equity=tuple(equity), drawdown=tuple(drawdown)
    )


def metrics_of(legs: Legs, line: Curve) -> Metrics:
    value = sum(position.value for position in legs.positions)
    closed = [fill.pnl for fill in legs.fills if fill.pnl is not None]
    wins, losses = [pnl for pnl in closed if pnl > 0], [pnl for pnl in closed if pnl <= 0]
    equity = legs.cash + value
    return Metrics(
        equity=equity,
        cash=legs.cash,
        positions_value=value,
        initial_capital=CAPITAL,
        total_return=equity / CAPITAL - 1,
        total_pnl=equity - CAPITAL,
        drawdown=-line.drawdown[-1],
        max_drawdown=-min(line.drawdown),
        fills=len(legs.fills),
        closed_trades=len(closed),
        open_positions=len(legs.positions),
        win_rate=len(wins) / len(closed),
        profit_factor=-sum(wins) / sum(losses) if losses else Unknown("no losing trade yet"),
        expectancy=sum(closed) / len(closed),
        average_win=sum(wins) / len(wins) if wins else Unknown("no winning trade yet"),
        average_loss=sum(losses) / len(losses) if losses else Unknown("no losing trade yet"),
        exposure=0.384,
        turnover=sum(fill.quantity * fill.price for fill in legs.fills) / CAPITAL,
        fees=legs.fees,
        trades_per_hour=len(legs.fills) / (BARS / 60),
        longest_losing_streak=3,
        sharpe=Unknown("needs 20 days of returns, has 1"),
        sortino=Unknown("needs 20 days of returns, has 1"),
        average_mae=-0.0061,
        average_mfe=0.0113,
        mrd=0.0215,
        mrb=0.0215,
    )


def decisions_of() -> tuple[Decided, ...]:
    def decided(symbol: str, reason: Reason, signal: Signal, detail: str, state: str) -> Decided:
        return Decided(
            seq=2_000, at=NOW, book="main", symbol=symbol, reason=reason, signal=signal, detail=detail, state=state
        )

    return (
        decided(
            "BTC-USD",
            Reason.NEUTRAL,
            Signal(
                symbol="BTC-USD",
                time=NOW - MINUTE,
                direction=Direction.NEUTRAL,
                values={"momentum": 0.01413, "threshold": 0.02, "close": 101_412.83, "volume_ratio": 1.284},
                trigger="buy above +2.00 %, sell below -2.00 %",
                distance=0.00587,
            ),
            "momentum +1.41 % is inside ±2.00 %",
            "flat",
        ),
        decided(
            "ETH-USD",
            Reason.ALREADY_HELD,
            Signal(
                symbol="ETH-USD",
                time=NOW - MINUTE,
                direction=Direction.LONG,
                values={"momentum": 0.0231, "threshold": 0.02, "close": 3_741.06, "volume_ratio": 2.117},
                trigger="buy above +2.00 %, sell below -2.00 %",
                distance=0.0,
            ),
            "0.546 held since 14:44",
            "long",
        ),
        decided(
            "SOL-USD",
            Reason.MIN_HOLD,
            Signal(
                symbol="SOL-USD",
                time=NOW - MINUTE,
                direction=Direction.SHORT,
                values={"momentum": -0.0042, "threshold": 0.02, "close": 217.52, "volume_ratio": 0.73},
                trigger="buy above +2.00 %, sell below -2.00 %",
                distance=0.0158,
            ),
            "held 3 of 5 bars",
            "long",
        ),
    )


def notes_of(legs: Legs) -> tuple[Noted, ...]:
    rows: list[tuple[Millis, Level, str, str]] = [
        (START, Level.INFO, "session", "session live_20250106_140000 started with 10,000.00"),
        (START + MINUTE, Level.DEBUG, "feed", "simulated feed: 3 symbols, seed 7, 60x"),
        (START + 20 * MINUTE, Level.INFO, "warm", "momentum is warm for BTC-USD, ETH-USD, SOL-USD"),
        (START + 97 * MINUTE, Level.WARNING, "bar_dropped", "ETH-USD 10:37: dropped a bar, high 3,690.10 below low"),
        (START + 203 * MINUTE, Level.ALARM, "symbol_silent", "SOL-USD sent no bar for 3 minutes"),
        (START + 206 * MINUTE, Level.INFO, "symbol_back", "SOL-USD is back after 3 minutes"),
        (START + 333 * MINUTE, Level.WARNING, "no_cash", "buy of BTC-USD reduced to the cash there is"),
    ]
    for fill in legs.fills:
        text = f"{fill.side.value} {fill.quantity:g} {fill.symbol} at {fill.price:,.2f} ({fill.reason})"
        rows.append((fill.time, Level.INFO, "fill", text))
    rows.sort(key=lambda row: row[0])
    return tuple(
        Noted(seq=index * 7 + 1, at=at, level=level, code=code, text=text)
        for index, (at, level, code, text) in enumerate(rows)
    )


def feed_of(status: FeedStatus, detail: str) -> FeedHealth:
    return FeedHealth(
        status=status,
        detail=detail,
        last=NOW,
        bars=3 * BARS,
        dropped=1,
        symbols=tuple(
            SymbolHealth(symbol, status, NOW, price, BARS, int(symbol == "ETH-USD")) for symbol, price in PRICES.items()
        ),
    )
