"""Every event of a session, as one tagged union.

An event is a fact with a number and a time. Only events change the state. The first group are inputs: they came from
outside, and an engine given the same inputs emits the same events to the byte. The rest is what it made of them.
"""

from enum import StrEnum

from msgspec import Struct

from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.decisions import ModelReport, Reason, Signal
from sentio_tui.model.instruments import Family
from sentio_tui.model.orders import Fill, Order


class Event(Struct, frozen=True, tag_field="event", gc=False, omit_defaults=True):
    """`seq` counts from 1 without gaps; `at` is the session's clock when it happened (market time)."""

    seq: int
    at: Millis


class Phase(StrEnum):
    """What the session is doing."""

    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    ENDED = "ended"


class FeedStatus(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    QUIET = "quiet"
    STALE = "stale"
    GAP = "gap"
    DOWN = "down"
    ENDED = "ended"


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


class Mode(StrEnum):
    """Where the prices and the money come from; the badge on the screen."""

    SIM = "sim"
    REPLAY = "replay"
    PAPER = "paper"
    LIVE = "live"


class LadderInfo(Struct, frozen=True):
    """The ladder of a book as it was configured.

    `rungs` are the lowest probabilities of the states, from the highest down; empty where they hang on the strategy's
    thresholds, which begin at `buy` and `sell` (None where the strategy has none). `profit_target` and `stop_loss` are
    fractions of the account since entry, 0.0 is never; `cash_buffer` is a fraction of equity.
    """

    family: Family
    rungs: dict[str, float]
    buy: float | None
    sell: float | None
    min_hold_bars: int
    profit_target: float
    stop_loss: float
    cash_buffer: float


class BookInfo(Struct, frozen=True):
    """One book as it was configured. `driving` are the symbols whose bars lead to decisions; `ladder` is set for a book
    on one. A book that is `flat_overnight` holds nothing while its exchange is closed."""

    name: str
    strategy: str
    preset: str
    machine: str
    symbols: tuple[str, ...]
    driving: tuple[str, ...]
    capital: float
    parameters: dict[str, float | int | str | bool]
    ladder: LadderInfo | None = None
    flat_overnight: bool = False


class SessionInfo(Struct, frozen=True):
    """What is fixed for the whole session. `clock_zone` is the exchange's, an IANA name.

    `started` is the wall clock at the start; everything else in a session runs on market time.
    `periods` is the number of trading days in a year, for annualised figures. `settings` is the effective
    configuration, without secrets. `versions` are those of the program, the schema and what the numbers depend on.

    `exchange` names the calendar of the session's hours; empty when the hours are not known. Books that are flat
    overnight are sold out from `before_close` milliseconds before its close. `data` are the fingerprints of the files a
    recorded feed read, by their paths. `account` names the account at a broker without its number; empty where there is
    none.
    """

    name: str
    mode: Mode
    started: Millis
    capital: float
    books: tuple[BookInfo, ...]
    symbols: tuple[str, ...]
    feed: str
    broker: str
    clock_zone: str
    periods: int
    settings: dict[str, object]
    versions: dict[str, str]
    exchange: str = ""
    before_close: Millis = 0
    data: dict[str, str] = {}
    account: str = ""


class SessionStarted(Event, frozen=True, tag="session_started"):
    """Always the first event."""

    info: SessionInfo


class SessionResumed(Event, frozen=True, tag="session_resumed"):
    """Another process goes on where one broke off. `started` is its wall clock, `versions` are its own, `lost` tells
    what of the journal's end could not be used, `changed` what is not as it was when the session started: versions and
    data, one in words each."""

    started: Millis
    versions: dict[str, str]
    lost: str = ""
    changed: tuple[str, ...] = ()


class BarReceived(Event, frozen=True, tag="bar"):
    bar: Bar


class BarDropped(Event, frozen=True, tag="bar_dropped"):
    """A bar that did not pass validation: kept out of everything, but counted and shown."""

    bar: Bar
    why: str


class CommandGiven(Event, frozen=True, tag="command"):
    command: AnyCommand
    by: str
    """Who asked: "keyboard", "signal", "socket:NAME", ..."""


class TimerFired(Event, frozen=True, tag="timer"):
    timer: str


class FeedReported(Event, frozen=True, tag="feed"):
    """The feed's own word on itself. `symbol` is empty when it speaks of all of it."""

    status: FeedStatus
    detail: str = ""
    symbol: str = ""


class FaultReported(Event, frozen=True, tag="fault"):
    """A part outside the engine failed or recovered (`text` empty). While any fault stands, no strategy makes orders;
    a person who stops or flattens still does."""

    part: str
    text: str


class OrderAccepted(Event, frozen=True, tag="order_accepted"):
    order_id: str
    broker_id: str = ""


class OrderFilled(Event, frozen=True, tag="order_filled"):
    """A whole or a partial execution. Holdings change on this event alone."""

    fill: Fill


class OrderRejected(Event, frozen=True, tag="order_rejected"):
    order_id: str
    why: str


class OrderCancelled(Event, frozen=True, tag="order_cancelled"):
    order_id: str
    why: str


class OrderExpired(Event, frozen=True, tag="order_expired"):
    order_id: str


class Held(Struct, frozen=True, gc=False):
    """A position as a broker's account has it. `entry_price` is the average, in money a unit."""

    symbol: str
    quantity: float
    entry_price: float


class AccountReported(Event, frozen=True, tag="account"):
    """A broker's account, at a moment at which it has told us of every fill in it."""

    cash: float
    positions: tuple[Held, ...]


class AccountAdopted(Event, frozen=True, tag="account_adopted"):
    """From now on a book holds what the broker's account says it does."""

    book: str
    cash: float
    positions: tuple[Held, ...]
    why: str


class Decided(Event, frozen=True, tag="decision"):
    """Exactly one for each bar of a driving symbol: what the book made of it, and why. `state` and `target` as in
    `Verdict`."""

    book: str
    symbol: str
    reason: Reason
    signal: Signal
    detail: str = ""
    state: str = ""
    target: str = ""


class ModelReported(Event, frozen=True, tag="model"):
    """What the model behind a book's decisions on a symbol has learned so far; follows a decision now and then."""

    book: str
    symbol: str
    report: ModelReport


class OrderSubmitted(Event, frozen=True, tag="order_submitted"):
    """On disk before a broker hears of it."""

    order: Order


class CancelRequested(Event, frozen=True, tag="cancel_requested"):
    order_id: str
    why: str


class PhaseChanged(Event, frozen=True, tag="phase"):
    phase: Phase
    why: str


class Noted(Event, frozen=True, tag="note"):
    """A line for the event log. `code` names the kind ("symbol_silent"), for filters and alerts."""

    level: Level
    code: str
    text: str


class SessionEnded(Event, frozen=True, tag="session_ended"):
    """Always the last event."""

    why: str


AnyEvent = (
    SessionStarted
    | SessionResumed
    | BarReceived
    | BarDropped
    | CommandGiven
    | TimerFired
    | FeedReported
    | FaultReported
    | OrderAccepted
    | OrderFilled
    | OrderRejected
    | OrderCancelled
    | OrderExpired
    | AccountReported
    | AccountAdopted
    | Decided
    | ModelReported
    | OrderSubmitted
    | CancelRequested
    | PhaseChanged
    | Noted
    | SessionEnded
)

Answer = OrderAccepted | OrderFilled | OrderRejected | OrderCancelled | OrderExpired
"""What a broker says of an order. The broker leaves `seq` 0; the engine numbers it."""
