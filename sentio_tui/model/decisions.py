"""From a bar to an intention: signal, verdict, target, and the reason for each."""

from enum import StrEnum

from msgspec import Struct

from sentio_tui.model.bars import Millis


class Direction(StrEnum):
    LONG = "long"
    SHORT = "short"
    NEUTRAL = "neutral"

    __hash__ = str.__hash__  # the enum's own is a Python call, and these are counted on every bar


class Signal(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a strategy says of one symbol after one bar.

    `values` are the numbers it was made from, by name, in a fixed order; one named `outside_hours` marks a bar outside
    the hours the strategy keeps, and `trigger` then says whose. Otherwise `trigger` says in words what would make it
    fire ("buy above +2.00 %"). `distance` is how far the nearest trigger is, as a fraction of price unless the
    strategy's documentation says otherwise: 0.0 when it fires, None when unknown.
    `missing` is the number of bars still needed; above zero the strategy is warming up and `direction` is NEUTRAL.
    `probability` is that of a rise, for strategies that have one.
    """

    symbol: str
    time: Millis
    direction: Direction
    values: dict[str, float]
    trigger: str = ""
    distance: float | None = None
    missing: int = 0
    probability: float | None = None


class ModelReport(Struct, frozen=True, gc=False):
    """What a model that learns makes of its inputs.

    `importance` are the features that count most, the largest first, each from 0 to 1. `values` are further figures by
    name, in a fixed order.
    """

    importance: dict[str, float]
    values: dict[str, float]


class Reason(StrEnum):
    """Why a bar led to a trade, or did not. `text` is what people read; the value stands in the journal."""

    ENTER = "enter"
    EXIT = "exit"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    REBALANCE = "rebalance"
    LIQUIDATE = "liquidate"
    WARMING_UP = "warming_up"
    NEUTRAL = "neutral"
    ALREADY_HELD = "already_held"
    NOTHING_HELD = "nothing_held"
    MAX_POSITIONS = "max_positions"
    MIN_HOLD = "min_hold"
    NO_CHANGE = "no_change"
    ORDER_PENDING = "order_pending"
    OUTSIDE_HOURS = "outside_hours"
    END_OF_DAY = "end_of_day"
    FEED_STALE = "feed_stale"
    NO_PRICE = "no_price"
    NO_CASH = "no_cash"
    PAUSED = "paused"
    STOPPING = "stopping"
    HALTED = "halted"
    RISK_LIMIT = "risk_limit"
    STRATEGY_FAILED = "strategy_failed"

    __hash__ = str.__hash__  # the enum's own is a Python call, and these are counted on every bar

    @property
    def trades(self) -> bool:
        """Whether orders follow from it."""
        return self in _TRADING

    @property
    def text(self) -> str:
        return _TEXT.get(self, self.value.replace("_", " "))


_TRADING = frozenset(
    {Reason.ENTER, Reason.EXIT, Reason.STOP_LOSS, Reason.TAKE_PROFIT, Reason.REBALANCE, Reason.LIQUIDATE}
)
_TEXT = {
    Reason.MIN_HOLD: "minimum hold",
    Reason.MAX_POSITIONS: "all slots taken",
    Reason.HALTED: "trading halted",
    Reason.NOTHING_HELD: "nothing to sell",
    Reason.STRATEGY_FAILED: "strategy failed",
}


class Target(Struct, frozen=True, gc=False):
    """What a machine wants of one symbol: a share of the book's equity, or an amount of cash to spend on it.

    Exactly one of the two is set. `weight` 0.0 means flat.
    """

    symbol: str
    weight: float | None = None
    notional: float | None = None


class Verdict(Struct, frozen=True, gc=False):
    """What a machine made of a signal. Without targets the holdings stay as they are.

    `state` names the machine's state as derived from the holdings, `target` the state it wants where that is another;
    `detail` explains in one line.
    """

    reason: Reason
    targets: tuple[Target, ...] = ()
    detail: str = ""
    state: str = ""
    target: str = ""
