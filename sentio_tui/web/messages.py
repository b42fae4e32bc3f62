"""What the dashboard's server and the page say to each other on `/api/events`, as JSON texts.

The server says `hello`, then `sessions` and `session` (or `problem`), then an `update` whenever something changed, a
`sessions` when the list did, and a `beat` when it has said nothing else for `Hello.beat` seconds: who hears nothing for
three times that long has lost the connection. The page says nothing but `watch`.

Times are milliseconds since the epoch, UTC, of the market's clock unless they say otherwise; to be shown in the zone of
`Info.zone`. Money is in the account's currency. Rates, returns and drawdowns are fractions: 0.01 is one percent.
A figure that cannot be given is `{"unknown": why}`, and `text` beside it reads "n/a". Nothing here is HTML, and any
text may hold any character.

A table comes as columns of one length, with `since`: keep the rows before `since`, drop those from it on, and put these
in their place. In a `session` it is 0. So rows that were restated or thinned anew need no rule of their own.
"""

from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import FeedStatus, Level, Mode, Phase
from sentio_tui.model.orders import OrderStatus, OrderType, Side

VERSION: Final = 1
"""Of these messages. It grows when a page of another version would misread them."""

BEAT: Final = 5.0
"""Seconds without another message until there is a beat."""

RATE: Final = 4.0
"""Updates a second at the most."""

FROM_PAGE: Final = 4096
"""Bytes a message of the page may have; a longer one closes the connection."""

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
    what people read ("+2.46 %", "$10,245.67", "n/a"), `note` a few words to it ("12 closed", or why it is not known;
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

    `seq` is the number of the last event in it, `at` the market's time then, `elapsed` the market time since its first
    bar, in milliseconds. `waiting` says what a stopping session waits for, `why` why it has its phase. `faults` are
    what forbids trading now, `problem` what is wrong with its journal: each in words for a person, empty when nothing
    is. `market` is None where it never closes or nobody knows its hours.
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
    """The newest lines of the event log, in order. There are at most a few hundred; `since` counts from the first of
    those the page has, as in every table."""

    since: int
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


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """The first message. `version` is of the messages, `program` of sentio-tui, `beat` in seconds, `rate` the updates a
    second at the most."""

    version: int
    program: str
    beat: float
    rate: float


class Sessions(Struct, frozen=True, tag_field="type", tag="sessions"):
    """All sessions of the folder, the newest first."""

    sessions: tuple[SessionLine, ...]


class Whole(Struct, frozen=True, kw_only=True, tag_field="type", tag="session"):
    """All of the session that is shown from now on: forget everything of the one before. `prices` has the candles of
    each charted symbol."""

    file: str
    info: Info
    status: Status
    cards: tuple[Card, ...]
    positions: tuple[Position, ...]
    orders: tuple[OpenOrder, ...]
    decisions: tuple[Decision, ...]
    reasons: tuple[ReasonCount, ...]
    feed: Feed
    fills: Fills
    trades: Trades
    curve: Curve
    prices: dict[str, Candles]
    notes: Notes


class Update(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="update"):
    """What has changed of the session that is shown; a field that is not there has not. Lists without `since` come
    whole. `prices` has the symbols that changed."""

    file: str
    status: Status | UnsetType = UNSET
    cards: tuple[Card, ...] | UnsetType = UNSET
    positions: tuple[Position, ...] | UnsetType = UNSET
    orders: tuple[OpenOrder, ...] | UnsetType = UNSET
    decisions: tuple[Decision, ...] | UnsetType = UNSET
    reasons: tuple[ReasonCount, ...] | UnsetType = UNSET
    feed: Feed | UnsetType = UNSET
    fills: Fills | UnsetType = UNSET
    trades: Trades | UnsetType = UNSET
    curve: Curve | UnsetType = UNSET
    prices: dict[str, Candles] | UnsetType = UNSET
    notes: Notes | UnsetType = UNSET


class Problem(Struct, frozen=True, tag_field="type", tag="problem"):
    """The session of that name cannot be shown, and why, for a person. With an empty `file` there is none at all yet;
    a `session` follows when there is."""

    file: str
    text: str


class Beat(Struct, frozen=True, tag_field="type", tag="beat"):
    """The server is there, and there is nothing new."""


FromServer = Hello | Sessions | Whole | Update | Problem | Beat


class Watch(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="watch"):
    """The page wants to see this session from now on. An empty `file` is the newest that runs, or else the newest."""

    file: str
