"""The one read model of the screen: everything a pane shows, frozen, of one moment."""

from enum import StrEnum

from msgspec import Struct

from sentio_tui.model.bars import Millis
from sentio_tui.model.commands import Command
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import BookInfo, Decided, FeedStatus, Held, Mode, ModelReported, Noted, Phase
from sentio_tui.model.orders import Order, OrderStatus, Side


class Unknown(Struct, frozen=True, gc=False):
    """A figure that cannot be given, and why. Shown as "n/a (why)", never as 0."""

    why: str


Figure = float | Unknown


class Metrics(Struct, frozen=True):
    """The figures of a session. Definitions stand in `engine/metrics.py`.

    Money in the account's currency, rates and returns as fractions (0.01 is one percent), times in milliseconds.
    """

    equity: float
    cash: float
    positions_value: float
    initial_capital: float
    total_return: float
    total_pnl: float
    drawdown: float
    max_drawdown: float
    fills: int
    closed_trades: int
    open_positions: int
    win_rate: Figure
    profit_factor: Figure
    expectancy: Figure
    average_win: Figure
    average_loss: Figure
    exposure: Figure
    turnover: float
    fees: float
    trades_per_hour: Figure
    longest_losing_streak: int
    sharpe: Figure
    sortino: Figure
    average_mae: Figure
    average_mfe: Figure
    mrd: Figure
    mrb: Figure


class PositionView(Struct, frozen=True):
    """An open position. `stale` is set when the price is older than the feed's patience; `pnl` is unrealised, net
    of the entry's costs; `pnl_fraction` is `pnl` over the cost of entry."""

    book: str
    symbol: str
    quantity: float
    entry_price: float
    price: float
    value: float
    pnl: float
    pnl_fraction: float
    opened: Millis
    strategy: str
    synthetic: bool = False
    stale: bool = False


class FillView(Struct, frozen=True):
    """One execution as the trades pane shows it. `pnl` is set on a fill that closes, net of the costs of both
    sides."""

    number: int
    time: Millis
    book: str
    symbol: str
    side: Side
    quantity: float
    price: float
    commission: float
    pnl: float | None
    reason: str
    strategy: str


class OrderView(Struct, frozen=True):
    order: Order
    status: OrderStatus
    filled: float


class SymbolHealth(Struct, frozen=True):
    """How a symbol's bars arrive. `last` is the end of its newest bar, from which on it is known; None before the
    first."""

    symbol: str
    status: FeedStatus
    last: Millis | None
    price: float | None
    bars: int
    dropped: int
    synthetic: bool = False


class FeedHealth(Struct, frozen=True):
    status: FeedStatus
    detail: str
    last: Millis | None
    bars: int
    dropped: int
    symbols: tuple[SymbolHealth, ...]


class Curve(Struct, frozen=True):
    """The equity curve, thinned to what a screen can show: lowest and highest of each stretch are kept.

    Three sequences of one length. `drawdown` is a fraction, 0.0 or below.
    """

    times: tuple[Millis, ...] = ()
    equity: tuple[float, ...] = ()
    drawdown: tuple[float, ...] = ()


class RungView(Struct, frozen=True, gc=False):
    """A rung of a ladder in force.

    `bound` is the lowest probability that leads to `state`, `condition` the same in words ("≥ 0.55"). `exposure` is the
    multiple of the base's return, `symbols` what is held in equal parts and `holdings` that in words.
    """

    bound: float
    condition: str
    state: str
    symbols: tuple[str, ...]
    holdings: str
    exposure: float


class Thresholds(Struct, frozen=True, gc=False):
    """Probabilities from which to buy, and below which to sell."""

    buy: float
    sell: float


class LadderView(Struct, frozen=True):
    """Where a book stands on its ladder.

    `rungs` are those in force, from the highest bound down; `place` is the index of the one the probability stands on.
    `shown` is the probability with as many decimals as it takes not to round it onto another rung, `explanation` says
    in a line where it leads. Without a probability from 0 to 1 `place` is None, and the two are empty. `state` is
    derived from the holdings of this moment, `target` is the state wanted: that of the place, unless a stop, a profit
    target or holdings that are no state go before; empty when nothing is known.

    `horizons` are the probabilities of a rise by minutes ahead. `configured` is None for a ladder of fixed rungs,
    `in_force` also while the strategy does not say to what it has moved them. `bars_held` and `gain` (a fraction of
    the account at entry, without costs) are None where nothing is held; `profit_target` and `stop_loss` are fractions,
    0.0 is never.
    """

    book: str
    symbol: str
    rungs: tuple[RungView, ...]
    probability: float | None
    place: int | None
    shown: str
    state: str
    target: str
    explanation: str
    horizons: dict[int, float]
    configured: Thresholds | None
    in_force: Thresholds | None
    bars_held: int | None
    min_hold_bars: int
    gain: float | None
    profit_target: float
    stop_loss: float
    model: ModelReported | None


class MarketEvent(StrEnum):
    """What the clock of a market shows next. The value is what people read."""

    OPEN = "opens"
    LIQUIDATION = "liquidation"
    CLOSE = "closes"
    EARLY_CLOSE = "closes early"


class MarketClock(Struct, frozen=True, gc=False):
    """The hours of the session's exchange at the time of the snapshot.

    `next` comes at `next_at`. `closes` is the next end of a session, `is_early` whether that is a half day.
    `liquidation` is when the books that are flat overnight are next sold out (the past, while that is under way); None
    where no book is. Where the calendar does not know, `unknown` says why and the rest means nothing.
    """

    exchange: str
    is_open: bool
    next: MarketEvent
    next_at: Millis
    closes: Millis
    is_early: bool
    liquidation: Millis | None = None
    unknown: str = ""


class AccountDifference(Struct, frozen=True, gc=False):
    """What is not the same here and in a broker's account: the quantity of a symbol, or the cash (an empty symbol)."""

    symbol: str
    here: float
    there: float


class AccountView(Struct, frozen=True):
    """A broker's account against ours, as it was last reported, at `at`. `fault` is why nothing is traded, in words;
    empty where the two agree. `others` are positions of symbols that the session does not trade: they are left alone.
    """

    at: Millis
    differences: tuple[AccountDifference, ...]
    others: tuple[Held, ...]
    fault: str = ""


class SnapshotInfo(Struct, frozen=True):
    """The identity of the session, for the status line."""

    name: str
    mode: Mode
    started: Millis
    clock_zone: str
    feed: str
    broker: str
    speed: float
    """Market time over wall time; 0.0 is as fast as possible."""
    books: tuple[BookInfo, ...]


class Snapshot(Struct, frozen=True):
    """A moment of a session.

    `seq` is the number of the last event in it, `at` the market time, `first` the market time of the first input
    (None before any). `decisions` holds the newest of each book and driving symbol, `fills` and `notes` the newest
    few hundred in order of time (the totals are in `metrics` and `note_count`), `reasons` how often each was given.
    `waiting` says in words what a session in STOPPING waits for.
    """

    info: SnapshotInfo
    seq: int
    at: Millis
    first: Millis | None
    phase: Phase
    waiting: str
    faults: dict[str, str]
    feed: FeedHealth
    metrics: Metrics
    positions: tuple[PositionView, ...]
    orders: tuple[OrderView, ...]
    fills: tuple[FillView, ...]
    decisions: tuple[Decided, ...]
    reasons: dict[Reason, int]
    curve: Curve
    notes: tuple[Noted, ...]
    note_count: int
    accepts: frozenset[type[Command]]
    """The commands the session takes now; the rest are greyed."""
    ladders: tuple[LadderView, ...] = ()
    """One of each book on a ladder."""
    clock: MarketClock | None = None
    """None where the market never closes, or nobody knows its hours."""
    account: AccountView | None = None
    """None where no broker has reported an account."""
