"""The ladder: a probability of a rise becomes one of seven sets of holdings of a leveraged family."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import isfinite
from typing import ClassVar, Final, Protocol

from msgspec import Struct

from sentio_tui.machines.base import BookView, Holding
from sentio_tui.model.bars import Bar
from sentio_tui.model.decisions import Reason, Signal, Target, Verdict
from sentio_tui.model.events import LadderInfo
from sentio_tui.model.instruments import Family

CASH_ONLY: Final = "CASH_ONLY"
BASE_ONLY: Final = "BASE_ONLY"
BULL_3X_ONLY: Final = "BULL_3X_ONLY"
BASE_BULL_3X: Final = "BASE_BULL_3X"
BEAR_1X_ONLY: Final = "BEAR_1X_ONLY"
BEAR_1X_NX: Final = "BEAR_1X_NX"
BEAR_NX_ONLY: Final = "BEAR_NX_ONLY"
INVALID: Final = "INVALID"

STATES: Final[Mapping[str, tuple[str, ...]]] = {
    BULL_3X_ONLY: ("bull",),
    BASE_BULL_3X: ("base", "bull"),
    BASE_ONLY: ("base",),
    CASH_ONLY: (),
    BEAR_1X_ONLY: ("bear",),
    BEAR_1X_NX: ("bear", "bear_leveraged"),
    BEAR_NX_ONLY: ("bear_leveraged",),
}
"""The roles each state holds, in equal parts."""

CASH_FROM: Final = 0.49
"""The lowest probability that still means cash, whatever the thresholds are: shorts begin early by design."""

_MOST_DIGITS: Final = 17

_NO_CHANGE: Final = Reason.NO_CHANGE  # what most bars end in; reading it off the enum class costs


class Rung(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A state, and the lowest probability that leads to it, included."""

    from_: float
    state: str


DEFAULT_RUNGS: Final = (
    Rung(0.68, BULL_3X_ONLY),
    Rung(0.60, BASE_BULL_3X),
    Rung(0.55, BASE_ONLY),
    Rung(CASH_FROM, CASH_ONLY),
    Rung(0.45, BEAR_1X_ONLY),
    Rung(0.35, BEAR_1X_NX),
    Rung(0.0, BEAR_NX_ONLY),
)


class Row(Struct, frozen=True):
    """A rung as people read it.

    `bound` is the rung's own lower bound, `below` the one above it (None at the top). `weights` are shares of equity
    by symbol, `holdings` the same in words ("SPY 50 %, SPXL 50 %", or "cash"), `exposure` the multiple of the base's
    return that they make. `condition` is the bound that tells the rung from its neighbour: "≥ 0.55", and for the
    lowest "< 0.35".
    """

    bound: float
    below: float | None
    state: str
    weights: dict[str, float]
    exposure: float
    holdings: str
    condition: str

    def stands(self, probability: float) -> bool:
        """Whether a probability is on this rung."""
        return probability >= self.bound and (self.below is None or probability < self.below)


class Ladder:
    """One table of bounds, total over [0, 1] and monotone: a higher probability never means less exposure (T-06).

    Decision, explanation and screen all come from `rows`.
    """

    def __init__(self, rungs: Sequence[Rung], family: Family) -> None:
        """Rungs from the highest bound down. Raises ValueError with all that is wrong with them."""
        problems = _ladder_problems(rungs, family)
        if problems:
            raise ValueError("ladder: " + "; ".join(problems))
        self.family: Final = family
        above = (None, *(rung.from_ for rung in rungs[:-1]))
        self._rows = tuple(_row(rung, below, family) for rung, below in zip(rungs, above, strict=True))
        self._words = {row.bound: f"{row.condition} → {row.state} ({row.holdings})" for row in self._rows}

    @classmethod
    def from_thresholds(cls, buy: float, sell: float, family: Family) -> "Ladder":
        """The usual ladder around two thresholds: base from `buy`, with the bull from 0.05 above and the bull alone
        from 0.13 above; cash from 0.49; bear from `sell`, with the leveraged bear from 0.10 below, and that alone
        further down. Raises ValueError for thresholds it cannot stand on."""
        if not CASH_FROM < buy <= 0.87:
            raise ValueError(f"ladder: buy {buy:g} must be above {CASH_FROM:g} and at most 0.87")
        if not 0.10 < sell <= CASH_FROM:
            raise ValueError(f"ladder: sell {sell:g} must be above 0.10 and at most {CASH_FROM:g}")
        rungs = [
            Rung(_plain(buy + 0.13), BULL_3X_ONLY),
            Rung(_plain(buy + 0.05), BASE_BULL_3X),
            Rung(_plain(buy), BASE_ONLY),
            Rung(CASH_FROM, CASH_ONLY),
            Rung(_plain(sell), BEAR_1X_ONLY),
            Rung(_plain(sell - 0.10), BEAR_1X_NX),
            Rung(0.0, BEAR_NX_ONLY),
        ]
        # Where selling begins right below cash, the rung between has no probability of its own.
        if rungs[4].from_ >= CASH_FROM:
            del rungs[4]
        return cls(rungs, family)

    def for_signal(self, signal: Signal) -> "Ladder":
        return self

    def rows(self) -> tuple[Row, ...]:
        """From the highest bound down."""
        return self._rows

    def row(self, probability: float) -> Row:
        """The rung a probability stands on. Raises ValueError for one that is not from 0 to 1."""
        if 0.0 <= probability <= 1.0:
            for row in self._rows:
                if probability >= row.bound:
                    return row
        raise ValueError(f"probability {probability} is not from 0 to 1")

    def state(self, probability: float) -> str:
        """The state a probability leads to. Raises ValueError for one that is not from 0 to 1."""
        return self.row(probability).state

    def explain(self, probability: float) -> str:
        """Why, in a line: "p 0.571 ≥ 0.55 → BASE_ONLY (SPY 100 %)". Raises ValueError as `row`."""
        row = self.row(probability)
        return f"p {_shown(probability, row)} {self._words[row.bound]}"

    def shown(self, probability: float) -> str:
        """The probability with three decimals, or as many as it takes not to round it onto another rung."""
        return _shown(probability, self.row(probability))


def _shown(probability: float, row: Row) -> str:
    for digits in range(3, _MOST_DIGITS):
        rounded = round(probability, digits)
        if row.stands(rounded):
            return f"{rounded:.{digits}f}"
    return repr(probability)


def _row(rung: Rung, below: float | None, family: Family) -> Row:
    weights = weights_of(rung.state, family)
    holdings = ", ".join(f"{symbol} {weight * 100:.0f} %" for symbol, weight in weights.items()) or "cash"
    condition = f"≥ {rung.from_:g}" if rung.from_ > 0.0 or below is None else f"< {below:g}"
    return Row(rung.from_, below, rung.state, weights, exposure_of(rung.state, family), holdings, condition)


class Ladders(Protocol):
    """Where a machine gets the ladder of a bar from. A `Ladder` always gives itself."""

    @property
    def family(self) -> Family: ...

    def for_signal(self, signal: Signal) -> Ladder: ...


class CalibratedLadder:
    """The ladder around the thresholds a strategy has in force: the values `buy` and `sell` of its
    signal. Without them, around those it was made with."""

    def __init__(self, buy: float, sell: float, family: Family) -> None:
        """Raises ValueError as `Ladder.from_thresholds`."""
        self.family: Final = family
        self.configured: Final = Ladder.from_thresholds(buy, sell, family)
        self._made = lru_cache(maxsize=64)(lambda buy, sell: Ladder.from_thresholds(buy, sell, family))

    def for_signal(self, signal: Signal) -> Ladder:
        values = signal.values
        if "buy" in values and "sell" in values:
            return self._made(values["buy"], values["sell"])
        return self.configured


def ladders(info: LadderInfo) -> Ladders:
    """The ladder as it was configured. Raises ValueError for one that cannot stand."""
    if info.rungs:
        return Ladder([Rung(bound, state) for state, bound in info.rungs.items()], info.family)
    if info.buy is None or info.sell is None:
        raise ValueError("the strategy has no thresholds: give machine.ladder.rungs")
    return CalibratedLadder(info.buy, info.sell, info.family)


class LadderMachine:
    """Holds what the ladder says, as one of seven states.

    The state is derived from the holdings on every bar (T-08): which members are held, in whatever amounts, so a
    50/50 that drifted is still itself. The rules, the first that applies decides:

    1. the members held are none of the seven sets: sell all of them, unless that is under way.
    2. a sell of the book is open: wait.
    3. the account gained `profit_target` or lost `stop_loss` since entry: sell everything; 0 switches either off. A buy
       that rests, such as that of a fund that seldom trades, does not keep a stop waiting.
    4. an order of a member is open: wait.
    5. the strategy is warming up, or has no probability: wait.
    6. the ladder's state is the present one: stay.
    7. a member was held for less than `min_hold_bars` of its bars, the newest one counting: stay.
    8. a member to be held has no price of its own yet: stay, and name it (T-07).
    9. go there: a weight for every member, 0 for those to leave.

    Stops come before the warm-up, so that what is held when a session resumes is never without them. The account at
    entry is derived too: it is the equity less what the present holdings gained over their entry prices. A holding
    that is taken over from the state before, in whole or in part, counts from its own entry.

    Full weight is 1 − `cash_buffer` of equity, the rest stays free for costs and slippage.
    """

    name: ClassVar[str] = "ladder"

    def __init__(
        self,
        ladder: Ladders,
        *,
        min_hold_bars: int = 3,
        profit_target: float = 0.02,
        stop_loss: float = 0.015,
        cash_buffer: float = 0.002,
    ) -> None:
        """Fractions of equity. Raises ValueError with all that is out of range."""
        problems = []
        if min_hold_bars < 0:
            problems.append(f"min_hold_bars = {min_hold_bars} must be 0 or more")
        if not (profit_target >= 0.0 and isfinite(profit_target)):
            problems.append(f"profit_target = {profit_target} must be 0 or more")
        if not 0.0 <= stop_loss <= 1.0:
            problems.append(f"stop_loss = {stop_loss} must be from 0 to 1")
        if not 0.0 <= cash_buffer < 1.0:
            problems.append(f"cash_buffer = {cash_buffer} must be at least 0 and below 1")
        if problems:
            raise ValueError("ladder: " + "; ".join(problems))
        self._ladders = ladder
        family = ladder.family
        self.family: Final = family
        self._min_hold = min_hold_bars
        self._profit = profit_target
        self._stop = stop_loss
        self._targets = {state: _targets(state, family, 1.0 - cash_buffer) for state in STATES}
        self._base = family.base
        self._symbols = family.symbols
        self._states = states_of(family)

    def decide(self, signal: Signal, bar: Bar, view: BookView) -> Verdict:
        """Raises ValueError for a bar of another symbol than the family's base, and for a probability that is not
        from 0 to 1."""
        if bar.symbol != self._base:
            raise ValueError(f"the ladder of {self.family.name} is driven by {self._base}, not by {bar.symbol}")
        symbols = self._symbols
        held = [holding for symbol in symbols if (holding := view.holding(symbol)) is not None]
        state = self._states.get(tuple([holding.symbol for holding in held]), INVALID)
        pending = [symbol for symbol in symbols if view.has_open_order(symbol)]
        if state == INVALID and not all(holding.symbol in pending for holding in held):
            mix = " + ".join(holding.symbol for holding in held)
            illegal = f"INVALID: {mix} is no legal state"
            return Verdict(Reason.LIQUIDATE, self._targets[CASH_ONLY], illegal, INVALID, CASH_ONLY)
        if not (pending and view.is_selling()):
            exit_verdict = self._profit_or_stop(held, view, state)
            if exit_verdict is not None:
                return exit_verdict
        if pending:
            return Verdict(Reason.ORDER_PENDING, detail=f"an order of {', '.join(pending)} is under way", state=state)
        if signal.missing > 0:
            needed = f"{signal.missing} more bar{'s' if signal.missing > 1 else ''} needed"
            return Verdict(Reason.WARMING_UP, detail=needed, state=state)
        if signal.probability is None:
            return Verdict(Reason.NEUTRAL, detail="the signal has no probability", state=state)
        return self._climb(signal.probability, self._ladders.for_signal(signal), held, view, state)

    def _profit_or_stop(self, held: Sequence[Holding], view: BookView, state: str) -> Verdict | None:
        if not held:
            return None
        gain = gained(held, view)
        if gain is None:
            return None
        if self._profit and gain >= self._profit:
            reason, word = Reason.TAKE_PROFIT, "PROFIT_TARGET"
        elif self._stop and gain <= -self._stop:
            reason, word = Reason.STOP_LOSS, "STOP_LOSS"
        else:
            return None
        return Verdict(reason, self._targets[CASH_ONLY], f"{word} ({gain:+.2%})", state, CASH_ONLY)

    def _climb(
        self, probability: float, ladder: Ladder, held: Sequence[Holding], view: BookView, state: str
    ) -> Verdict:
        row = ladder.row(probability)
        because = ladder.explain(probability)
        if row.state == state:
            return Verdict(_NO_CHANGE, detail=because, state=state)
        if held:
            bars = min(holding.bars_held for holding in held)
            if bars < self._min_hold:
                blocked = f"MIN_HOLD_PERIOD (held {bars} of {self._min_hold} bars): {because}"
                return Verdict(Reason.MIN_HOLD, (), blocked, state, row.state)
        unpriced = [symbol for symbol in row.weights if view.price(symbol) is None]
        if unpriced:
            blocked = f"no price of {', '.join(unpriced)} yet: {because}"
            return Verdict(Reason.NO_PRICE, (), blocked, state, row.state)
        moves = f"STATE_TRANSITION (prob={ladder.shown(probability)}): {state} -> {row.state}; {because}"
        return Verdict(Reason.REBALANCE, self._targets[row.state], moves, state, row.state)


def states_of(family: Family) -> dict[tuple[str, ...], str]:
    """The seven states by the symbols held, in the family's order. What is not among them is INVALID."""
    return {tuple(weights_of(state, family)): state for state in STATES}


def weights_of(state: str, family: Family) -> dict[str, float]:
    """The share of each symbol a state holds, in equal parts. Raises KeyError for an unknown state."""
    roles = STATES[state]
    symbols = dict(zip(("base", "bull", "bear", "bear_leveraged"), family.symbols, strict=True))
    return {symbols[role]: 1.0 / len(roles) for role in roles}


def exposure_of(state: str, family: Family) -> float:
    """The multiple of the base's return that a state holds. Raises KeyError for an unknown state."""
    return sum((weight * family.leverage[symbol] for symbol, weight in weights_of(state, family).items()), 0.0)


def gained(held: Sequence[Holding], view: BookView) -> float | None:
    """What the account gained since entry, as a fraction of its equity then; None where a holding has no price of its
    own. Equity at entry is today's less the unrealised profit of the holdings, without costs."""
    profit = 0.0
    for holding in held:
        price = view.price(holding.symbol)
        if price is None:
            return None
        profit += holding.quantity * (price - holding.entry_price)
    entry = view.equity - profit
    return profit / entry if entry > 0.0 else None


def _targets(state: str, family: Family, full: float) -> tuple[Target, ...]:
    weights = weights_of(state, family)
    return tuple(Target(symbol, weight=weights.get(symbol, 0.0) * full) for symbol in family.symbols)


def _plain(bound: float) -> float:
    """Without the noise of adding: 0.68, not 0.6800000000000002."""
    return round(bound, 9)


def _ladder_problems(rungs: Sequence[Rung], family: Family) -> list[str]:
    if not rungs:
        return ["has no rungs"]
    problems = []
    for rung in rungs:
        if not 0.0 <= rung.from_ <= 1.0:
            problems.append(f"{rung.state} from {rung.from_:g}: a bound is from 0 to 1")
        if rung.state not in STATES:
            problems.append(f"unknown state {rung.state!r}; there are {', '.join(STATES)}")
    for upper, lower in pairwise(rungs):
        if not lower.from_ < upper.from_:
            problems.append(
                f"{lower.state} from {lower.from_:g} stands below {upper.state} from {upper.from_:g}: bounds must fall"
            )
        if upper.state in STATES and lower.state in STATES:
            more, less = exposure_of(lower.state, family), exposure_of(upper.state, family)
            if more > less:
                problems.append(f"not monotone: {lower.state} ({more:+g}x) stands below {upper.state} ({less:+g}x)")
    if rungs[-1].from_ != 0.0:
        problems.append(f"not total: nothing below {rungs[-1].from_:g}; the last rung must be from 0")
    return problems
