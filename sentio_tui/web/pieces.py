"""The pieces the dashboard's messages are made of. `messages.py` says how times, money and tables are told."""

from typing import Literal

from msgspec import Struct

from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import FeedStatus, Level, Mode, Phase
from sentio_tui.model.orders import OrderStatus, OrderType, Side

Standing = Literal["running", "ended", "interrupted", "unreadable"]
"""Of a session: a process holds it; it ended; it did not, and no process holds it; its files cannot be read."""

Grade = Literal["good", "warn", "bad", "none"]
"""How a figure is to be taken; "none" where there is nothing good or bad about it, or it is not known."""


class UnknownFigure(Struct, frozen=True, gc=False):
    """A figure that cannot be given, and why."""

    unknown: str


Figure = float | int | UnknownFigure


class Card(Struct, frozen=True):
    """One figure of the session.

    `id` is its name in the figures of `/api/metrics`; cards come in a fixed order, the most important first. `text` is
    what people read ("+2.46%", "$10,245.67", "n/a"), `note` a few words to it ("12 closed", or why it is not known;
    may be empty), `help` what it means and from where it is good or bad.
    """

    id: str
    label: str
    value: Figure
    text: str
    level: Grade
    note: str
    help: str


class Position(Struct, frozen=True):
    """An open position. `pnl` is unrealised, net of the entry's costs, `pnl_fraction` over the cost of entry.
    `is_stale`: the price is older than the feed's patience. `is_synthetic`: it was computed from another symbol's."""

    book: str
    symbol: str
    strategy: str
    opened: Millis
    quantity: float
    entry_price: float
    price: float
    value: float
    pnl: float
    pnl_fraction: float
    is_stale: bool
    is_synthetic: bool


class OpenOrder(Struct, frozen=True):
    """An order that may still fill. Exactly one of `quantity` and `notional` (cash to spend) is set."""

    id: str
    book: str
    symbol: str
    side: Side
    type: OrderType
    status: OrderStatus
    time: Millis
    quantity: float | None
    notional: float | None
    filled: float
    limit_price: float | None
    stop_price: float | None
    reason: str


class Decision(Struct, frozen=True):
    """The newest decision of a book on a driving symbol.

    `reason` names why it traded or did not, `text` is that for people, `detail` a sentence more; `trades`: orders
    follow from it. `direction` is what the strategy said, `trigger` in words what would make it fire, `distance` how
    far that is (a fraction of price, None when unknown), `missing` the bars it still needs to warm up, `probability`
    that of a rise where the strategy has one, `values` the numbers behind it by name. `state` and `target` are of the
    machine; the target is empty where it wants to stay.
    """

    book: str
    symbol: str
    strategy: str
    time: Millis
    reason: Reason
    text: str
    trades: bool
    detail: str
    direction: Direction
    trigger: str
    distance: float | None
    missing: int
    probability: float | None
    values: dict[str, float]
    state: str
    target: str


class ReasonCount(Struct, frozen=True):
    """How often a reason was given, the most frequent first."""

    reason: Reason
    text: str
    count: int


class SymbolFeed(Struct, frozen=True):
    """How a symbol's bars arrive. `last` is the end of its newest bar, `price` its close; None before the first."""

    symbol: str
    status: FeedStatus
    last: Millis | None
    price: float | None
    bars: int
    dropped: int
    is_synthetic: bool


class Feed(Struct, frozen=True):
    """How the bars arrive. `level` is "good" while they do, "warn" where some are missing, "bad" where none come, and
    "none" before the first and after the last."""

    status: FeedStatus
    detail: str
    level: Grade
    last: Millis | None
    bars: int
    dropped: int
    symbols: tuple[SymbolFeed, ...]


class Market(Struct, frozen=True):
    """The hours of the session's exchange now. `next` is what comes next ("opens", "closes", "closes early",
    "liquidation") at `next_at`. Where the calendar does not know, `unknown` says why and the rest means nothing."""

    exchange: str
    is_open: bool
    next: str
    next_at: Millis
    unknown: str


class Status(Struct, frozen=True):
    """Where the session stands.

    `seq` is the number of the last event in it, `at` the market's time then, or now where a session runs on a market of
    now, `elapsed` the market time from its first bar to that event, in milliseconds. `waiting` says what a stopping
    session waits for, `why` why it has its phase. `faults` are what forbids trading now, `problem` what is wrong with
    its journal: each in words for a person, empty when nothing is. `market` is None where it never closes or nobody
    knows its hours.
    """

    seq: int
    at: Millis
    elapsed: Millis
    standing: Standing
    phase: Phase
    why: str
    waiting: str
    faults: tuple[str, ...]
    problem: str
    market: Market | None


class Book(Struct, frozen=True):
    """One strategy with its machine, symbols and share of the capital. `driving` are the symbols it decides on."""

    name: str
    strategy: str
    preset: str
    machine: str
    symbols: tuple[str, ...]
    driving: tuple[str, ...]
    capital: float
    parameters: dict[str, float | int | str | bool]


class Info(Struct, frozen=True):
    """What is fixed for the whole session. `started` is the wall clock at its start, `zone` the exchange's (an IANA
    name). `charted` are the symbols with a price chart."""

    name: str
    mode: Mode
    started: Millis
    zone: str
    capital: float
    symbols: tuple[str, ...]
    charted: tuple[str, ...]
    feed: str
    broker: str
    books: tuple[Book, ...]
    version: str


class Fills(Struct, frozen=True):
    """Every execution, in order. `value` is quantity times price. `pnl` is set on one that closes, net of the costs of
    both sides. `chart` is the charted symbol it belongs to and `mark` the price at which it is marked there: its own
    price, or that symbol's last one where it is another symbol (a leveraged fund on its base's chart). Without such a
    chart `chart` is empty and `mark` None."""

    since: int
    number: list[int]
    time: list[Millis]
    book: list[str]
    symbol: list[str]
    side: list[Side]
    quantity: list[float]
    price: list[float]
    value: list[float]
    commission: list[float]
    pnl: list[float | None]
    reason: list[str]
    strategy: list[str]
    chart: list[str]
    mark: list[float | None]


class Trades(Struct, frozen=True):
    """Every closed round trip, in order. `pnl` is net of the costs of both sides, `pnl_fraction` over the value at
    entry. `mae` and `mfe` are the worst and best price while it was held against the entry price, as fractions."""

    since: int
    number: list[int]
    book: list[str]
    symbol: list[str]
    strategy: list[str]
    opened: list[Millis]
    closed: list[Millis]
    quantity: list[float]
    entry_price: list[float]
    exit_price: list[float]
    pnl: list[float]
    pnl_fraction: list[float | None]
    fees: list[float]
    mae: list[float]
    mfe: list[float]
    bars_held: list[int]
    reason: list[str]


class Curve(Struct, frozen=True):
    """The equity curve, thinned to what a chart can show: of each stretch its lowest, highest and deepest point. The
    last row is the newest point and is restated. `drawdown` is a fraction, 0.0 or below."""

    since: int
    time: list[Millis]
    equity: list[float]
    drawdown: list[float]


class Candles(Struct, frozen=True):
    """The bars of a charted symbol, put together to `minutes` each where there are too many for a chart. `time` is
    where a candle begins. The last one is restated while it grows."""

    since: int
    minutes: int
    time: list[Millis]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]


class Notes(Struct, frozen=True):
    """New lines of the event log, in order, to be put behind those the page has. `number` counts all there ever were
    from 1; a gap in it is what nobody kept. A `session` brings the newest few hundred."""

    number: list[int]
    time: list[Millis]
    level: list[Level]
    code: list[str]
    text: list[str]


class SessionLine(Struct, frozen=True):
    """A session on disk. None is what its files do not say. `started`, `ended` and `written` are of the wall clock;
    `written` is when anything of it was written last. `fills` and `trades` (closed round trips) are counts, as the
    summary last told. `problem` says what is wrong with its files."""

    name: str
    standing: Standing
    mode: str | None
    strategy: str | None
    symbols: tuple[str, ...]
    started: Millis | None
    ended: Millis | None
    written: Millis | None
    capital: float | None
    return_fraction: float | None
    max_drawdown: float | None
    fills: int | None
    trades: int | None
    problem: str
