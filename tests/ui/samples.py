"""Frozen snapshots to draw: a busy session, one before its first bar, one that ended, and one full of hostile text.

All times are market time, fixed; nothing here reads a clock. The figures agree with each other: equity is cash plus
positions, the profit of the closing fills and of the open positions adds up to the change in equity.
"""

import math
from functools import cache
from typing import Final

from msgspec.structs import replace

from sentio_tui.model.bars import MINUTE
from sentio_tui.model.commands import Cancel, Command, Flatten, Pause, Start, Stop
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import BookInfo, FeedStatus, Level, Mode, Noted, Phase
from sentio_tui.model.orders import Order, OrderStatus, Side
from sentio_tui.model.snapshot import (
    Curve,
    FeedHealth,
    FillView,
    Metrics,
    OrderView,
    Snapshot,
    SnapshotInfo,
    Unknown,
)
from tests.ui.sample_parts import (
    CAPITAL,
    COST,
    NOW,
    PRICES,
    START,
    Legs,
    curve,
    decisions_of,
    feed_of,
    make_legs,
    metrics_of,
    notes_of,
)

RUNNING: Final[frozenset[type[Command]]] = frozenset({Pause, Stop, Flatten, Cancel})
READY: Final[frozenset[type[Command]]] = frozenset({Start, Stop})

HOSTILE: Final = "[red]x[/foo] \x1b[31mESC\x1b]0;title\x07 [@click=app.quit]q[/] \t\r\n 漢字🚀e\u0301\u202e\x00"
"""Markup, escape sequences, control characters, wide and combining ones, and a change of writing direction."""


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
                symbols=tuple(PRICES),
                driving=tuple(PRICES),
                capital=CAPITAL,
                parameters={"lookback": 20, "threshold": 0.02},
            ),
        ),
    )


@cache
def busy() -> Snapshot:
    """Six hours and forty minutes in: three symbols, two open positions, thirty fills, a curve of 400 points."""
    legs = make_legs()
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
        feed=feed_of(FeedStatus.LIVE, "seed 7 at 60x"),
        metrics=metrics_of(legs, line),
        positions=legs.positions,
        orders=(OrderView(order=order, status=OrderStatus.ACCEPTED, filled=0.0),),
        fills=legs.fills,
        decisions=decisions_of(),
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
        notes=notes_of(legs),
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
            mrd=no_trade,
            mrb=no_trade,
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
        feed=feed_of(FeedStatus.ENDED, "duration reached"),
        metrics=metrics_of(legs, line),
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
