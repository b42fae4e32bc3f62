"""Frozen snapshots to draw: a busy session, one before its first bar, one that ended, and one full of hostile text.

All times are market time, fixed; nothing here reads a clock. The figures agree with each other: equity is cash plus
positions, the profit of the closing fills and of the open positions adds up to the change in equity.
"""

import math
import random
from functools import cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.commands import Cancel, Command, Flatten, Pause, Start, Stop
from sentio_tui.model.decisions import Direction, Reason, Signal
from sentio_tui.model.events import BookInfo, Decided, FeedStatus, Level, Mode, Noted, Phase
from sentio_tui.model.orders import Order, OrderStatus, Side
from sentio_tui.model.snapshot import (
    Curve,
    FeedHealth,
    FillView,
    Metrics,
    OrderView,
    PositionView,
    Snapshot,
    SnapshotInfo,
    SymbolHealth,
    Unknown,
)

START: Final[Millis] = 1_736_172_000_000
"""2025-01-06T14:00:00Z, nine in the morning in New York."""
BARS: Final = 400
NOW: Final[Millis] = START + BARS * MINUTE
CAPITAL: Final = 10_000.0
COST: Final = 0.001

RUNNING: Final[frozenset[type[Command]]] = frozenset({Pause, Stop, Flatten, Cancel})
READY: Final[frozenset[type[Command]]] = frozenset({Start, Stop})

HOSTILE: Final = "[red]x[/foo] \x1b[31mESC\x1b]0;title\x07 [@click=app.quit]q[/] \t\r\n 漢字🚀e\u0301\u202e\x00"
"""Markup, escape sequences, control characters, wide and combining ones, and a change of writing direction."""

_PRICES: Final = {"BTC-USD": 101_412.83, "ETH-USD": 3_741.06, "SOL-USD": 217.52}


class Legs(NamedTuple):
    fills: tuple[FillView, ...]
    positions: tuple[PositionView, ...]
    cash: float
    fees: float


@cache
def info(mode: Mode = Mode.SIM) -> SnapshotInfo:
    return SnapshotInfo(
        name="live_20250106_140000",
        mode=mode,
        started=START,
        clock_zone="America/New_York",
        feed="simulated",
        broker="paper",
        speed=60.0,
        books=(
            BookInfo(
                name="main",
                strategy="momentum",
                preset="conservative",
                machine="slots",
                symbols=tuple(_PRICES),
                driving=tuple(_PRICES),
                capital=CAPITAL,
                parameters={"lookback": 20, "threshold": 0.02},
            ),
        ),
    )


def _legs() -> Legs:
    """Fourteen round trips and two buys that are still open: thirty fills."""
    dice = random.Random(20)
    symbols = tuple(_PRICES)
    fills: list[FillView] = []
    positions: list[PositionView] = []
    cash, fees = CAPITAL, 0.0
    for trip in range(16):
        symbol = symbols[(trip + 2) % 3]
        is_open = trip >= 14
        if is_open:
            leave = _PRICES[symbol]
            entry = leave / (1.0231 if trip == 14 else 0.9958)
        else:
            entry = _PRICES[symbol] * (1 + dice.uniform(-0.02, 0.02))
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


def _metrics(legs: Legs, line: Curve) -> Metrics:
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
        drawdown=line.drawdown[-1],
        max_drawdown=min(line.drawdown),
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
    )


def _decisions() -> tuple[Decided, ...]:
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


def _notes(legs: Legs) -> tuple[Noted, ...]:
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


def _feed(status: FeedStatus, detail: str) -> FeedHealth:
    return FeedHealth(
        status=status,
        detail=detail,
        last=NOW - MINUTE,
        bars=3 * BARS,
        dropped=1,
        symbols=tuple(
            SymbolHealth(symbol, status, NOW - MINUTE, price, BARS, int(symbol == "ETH-USD"))
            for symbol, price in _PRICES.items()
        ),
    )


@cache
def busy() -> Snapshot:
    """Six hours and forty minutes in: three symbols, two open positions, thirty fills, a curve of 400 points."""
    legs = _legs()
    line = curve(legs.cash + sum(position.value for position in legs.positions))
    order = Order(
        id="main-BTC-USD-31",
        book="main",
        symbol="BTC-USD",
        side=Side.BUY,
        time=NOW - MINUTE,
        reason="enter",
        notional=2_000.0,
    )
    return Snapshot(
        info=info(),
        seq=2_041,
        at=NOW,
        first=START,
        phase=Phase.RUNNING,
        waiting="",
        faults={},
        feed=_feed(FeedStatus.LIVE, "seed 7 at 60x"),
        metrics=_metrics(legs, line),
        positions=legs.positions,
        orders=(OrderView(order=order, status=OrderStatus.ACCEPTED, filled=0.0),),
        fills=legs.fills,
        decisions=_decisions(),
        reasons={
            Reason.NEUTRAL: 842,
            Reason.ALREADY_HELD: 211,
            Reason.WARMING_UP: 60,
            Reason.MIN_HOLD: 38,
            Reason.ENTER: 16,
            Reason.EXIT: 8,
            Reason.TAKE_PROFIT: 4,
            Reason.MAX_POSITIONS: 3,
            Reason.STOP_LOSS: 2,
        },
        curve=line,
        notes=_notes(legs),
        note_count=37,
        accepts=RUNNING,
    )


@cache
def empty() -> Snapshot:
    """Ready, before the first bar: every figure that needs a trade is unknown."""
    no_trade = Unknown("no closed trade yet")
    return Snapshot(
        info=info(),
        seq=1,
        at=START,
        first=None,
        phase=Phase.READY,
        waiting="",
        faults={},
        feed=FeedHealth(FeedStatus.CONNECTING, "waiting for the first bar", None, 0, 0, ()),
        metrics=Metrics(
            equity=CAPITAL,
            cash=CAPITAL,
            positions_value=0.0,
            initial_capital=CAPITAL,
            total_return=0.0,
            total_pnl=0.0,
            drawdown=0.0,
            max_drawdown=0.0,
            fills=0,
            closed_trades=0,
            open_positions=0,
            win_rate=no_trade,
            profit_factor=no_trade,
            expectancy=no_trade,
            average_win=no_trade,
            average_loss=no_trade,
            exposure=Unknown("no bar yet"),
            turnover=0.0,
            fees=0.0,
            trades_per_hour=Unknown("no bar yet"),
            longest_losing_streak=0,
            sharpe=Unknown("no returns yet"),
            sortino=Unknown("no returns yet"),
            average_mae=no_trade,
            average_mfe=no_trade,
        ),
        positions=(),
        orders=(),
        fills=(),
        decisions=(),
        reasons={},
        curve=Curve(),
        notes=(),
        note_count=0,
        accepts=READY,
    )


@cache
def ended() -> Snapshot:
    """The busy session after its end: flat, and it takes no command."""
    before = busy()
    fills, cash, fees = list(before.fills), before.metrics.cash, before.metrics.fees
    for position in before.positions:
        fee = position.value * COST
        fills.append(
            FillView(
                number=len(fills) + 1,
                time=NOW,
                book=position.book,
                symbol=position.symbol,
                side=Side.SELL,
                quantity=position.quantity,
                price=position.price,
                commission=fee,
                pnl=position.pnl - fee,
                reason="liquidate",
                strategy=position.strategy,
            )
        )
        cash += position.value - fee
        fees += fee
    legs = Legs(tuple(fills), (), cash, fees)
    line = curve(cash)
    last = Noted(seq=2_060, at=NOW, level=Level.INFO, code="session", text="session ended: duration reached")
    return replace(
        before,
        seq=2_061,
        phase=Phase.ENDED,
        feed=_feed(FeedStatus.ENDED, "duration reached"),
        metrics=_metrics(legs, line),
        positions=(),
        orders=(),
        fills=legs.fills,
        curve=line,
        notes=(*before.notes, last),
        note_count=before.note_count + 1,
        accepts=frozenset(),
    )


@cache
def hostile() -> Snapshot:
    """The busy session with every text from outside replaced, and figures no one expects."""
    before = busy()
    unknown = Unknown(HOSTILE)
    decisions = tuple(
        replace(
            decision,
            book=HOSTILE,
            symbol=HOSTILE + decision.symbol,
            signal=replace(
                decision.signal,
                symbol=HOSTILE,
                values={HOSTILE: math.nan, "inf": math.inf, "": -1e300},
                trigger=HOSTILE,
                distance=distance,
            ),
            detail=HOSTILE,
            state=HOSTILE,
        )
        for decision, distance in zip(before.decisions, (math.nan, 1e9, None), strict=True)
    )
    feed = replace(
        before.feed,
        status=FeedStatus.STALE,
        detail=HOSTILE,
        symbols=tuple(replace(row, symbol=HOSTILE, price=None, last=None) for row in before.feed.symbols),
    )
    book = replace(before.info.books[0], name=HOSTILE, strategy=HOSTILE, preset=HOSTILE, machine=HOSTILE)
    return replace(
        before,
        info=replace(before.info, name=HOSTILE, feed=HOSTILE, broker=HOSTILE, clock_zone="No/Where", books=(book,)),
        phase=Phase.STOPPING,
        waiting=HOSTILE,
        faults={HOSTILE: HOSTILE},
        feed=feed,
        metrics=replace(
            before.metrics,
            equity=math.nan,
            total_return=math.inf,
            cash=-1e18,
            win_rate=unknown,
            sharpe=unknown,
            sortino=math.nan,
            profit_factor=math.inf,
        ),
        positions=tuple(
            replace(
                position,
                book=HOSTILE,
                symbol=HOSTILE + position.symbol,
                strategy=HOSTILE,
                price=math.nan,
                pnl=-math.inf,
                pnl_fraction=math.nan,
                synthetic=True,
                stale=True,
            )
            for position in before.positions
        ),
        fills=tuple(replace(f, book=HOSTILE, symbol=HOSTILE, reason=HOSTILE, strategy=HOSTILE) for f in before.fills),
        decisions=decisions,
        curve=Curve(
            times=before.curve.times,
            equity=(math.nan, math.inf, *before.curve.equity[2:]),
            drawdown=(math.nan, -math.inf, *before.curve.drawdown[2:]),
        ),
        notes=tuple(replace(note, code=HOSTILE, text=HOSTILE) for note in before.notes),
    )
