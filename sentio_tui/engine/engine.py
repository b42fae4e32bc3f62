"""The engine: one input in, a list of events out.

A turn for a bar: validate, mark the books, let resting orders match, then for each book driven by the symbol: the
strategy learns and predicts, the machine decides, the barriers are asked, orders go out. Given the same parts and the
same inputs the events are the same to the byte: nothing here reads a clock, a file, the network or a random number.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.brokers.base import Broker
from sentio_tui.engine.barriers import Barriers
from sentio_tui.engine.book import BookParts, Driven, View
from sentio_tui.engine.deciding import Deciding
from sentio_tui.engine.end_of_day import NEVER, EndOfDay
from sentio_tui.engine.execution import Execution
from sentio_tui.engine.reconciliation import ACCOUNT, Reconciliation, left_over
from sentio_tui.engine.risk import RISK, Limits, Risk
from sentio_tui.engine.state import State
from sentio_tui.engine.trading_hours import TradingHours
from sentio_tui.engine.view import accepts
from sentio_tui.engine.watch import Watch
from sentio_tui.market.calendar import Calendar
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.commands import Accept, AnyCommand, Cancel, Flatten, Leave, Pause, Start, Stop
from sentio_tui.model.events import (
    AccountReported,
    Answer,
    AnyEvent,
    BarDropped,
    BarReceived,
    CommandGiven,
    FaultReported,
    FeedReported,
    FeedStatus,
    Held,
    Level,
    Noted,
    OrderCancelled,
    OrderFilled,
    Phase,
    PhaseChanged,
    SessionEnded,
    SessionInfo,
    SessionResumed,
    SessionStarted,
    TimerFired,
)
from sentio_tui.model.instruments import Instrument

# Reading a member off an enum class costs more than most steps of a turn.
_ENDED: Final = Phase.ENDED
_STOPPING: Final = Phase.STOPPING
_FEED_LIVE: Final = FeedStatus.LIVE

DURATION: Final = "duration"
END_OF_DAY: Final = "end_of_day"
WATCH: Final = "watch"
"""The timers: a session's configured time is over, a book must be flat overnight, no bar has come for a while."""


class Rules(Struct, frozen=True):
    """`duration` and `patience` in milliseconds of market time; a duration of 0 is without end.

    `patience` is how long a symbol may be without a bar, while its market is open, until it is stale. `before_close`
    is how long before the close the books that are flat overnight are sold out. `account_first`: nothing is traded
    before the broker's account is known, anew after each resume.
    """

    duration: Millis = 0
    patience: Millis = 120_000
    before_close: Millis = 120_000
    limits: Limits = Limits()
    account_first: bool = False


class Engine:
    """One session's core. Each method is one turn and returns the events it made, the input itself first."""

    def __init__(
        self,
        info: SessionInfo,
        books: Sequence[BookParts],
        broker: Broker,
        instruments: Mapping[str, Instrument],
        hours: Mapping[str, Calendar],
        rules: Rules,
        at: Millis,
    ) -> None:
        """`instruments` and `hours` hold every symbol of the session; `at` is the market time it begins at."""
        started = SessionStarted(1, at, info)
        self.state = State(started)
        self._opening: list[AnyEvent] = [started]
        self._broker = broker
        self._instruments = instruments
        self._rules = rules
        self._out: list[AnyEvent] = []
        self._ends: Millis = NEVER
        self._risk = Risk(rules.limits, self.state)
        self._has_limits = bool(rules.limits.daily_loss or rules.limits.drawdown)
        self._days = 0
        self._watch = Watch(self.state, hours, rules.patience, self._emit)
        views = {book.name: View(self.state, book.name) for book in books}
        flat = [book.name for book in books if book.flat_overnight]
        trading = TradingHours(hours, flat, rules.before_close)
        self._execution = Execution(
            self.state, views, instruments, broker, self._risk, trading, self._emit, self._collect
        )
        self._end_of_day = EndOfDay(self.state, trading, self._execution, broker)
        self._reconciliation = Reconciliation(self.state, self._emit)
        barriers = Barriers(self.state, trading, rules.patience, account_first=rules.account_first)
        self._deciding = Deciding(self.state, barriers, self._execution, self._emit)
        self._driven: dict[str, list[Driven]] = {symbol: [] for symbol in info.symbols}
        for book in books:
            for symbol, strategy in book.strategies.items():
                self._driven[symbol].append(Driven(book.name, strategy, book.machine, views[book.name]))

    @property
    def due(self) -> Millis:
        """When the next timer fires; far in the future when there is none."""
        return NEVER if self.is_over else min(self._ends, self._end_of_day.due)

    @property
    def look_due(self) -> Millis:
        """When to look at the feed at the latest, if no bar comes; far in the future when there is nothing to see."""
        return NEVER if self.is_over else self._watch.due

    def open(self) -> list[AnyEvent]:
        """The first turn of a session: it starts, and trades from the first bar on."""
        self._out = list(self._opening)
        self._change(Phase.RUNNING, "", self.state.at)
        return self._out

    def resume(
        self, started: Millis, versions: dict[str, str], lost: str, changed: tuple[str, ...], at: Millis
    ) -> list[AnyEvent]:
        """Another process goes on with the session: a line in its journal, and nothing else."""
        out = self._out = []
        if not self.is_over:
            self._emit(SessionResumed(self._next, at, started, versions, lost, changed))
        return out

    def bar(self, bar: Bar, at: Millis) -> list[AnyEvent]:
        """A bar that became known at `at`. A bad one, or one correcting one taken, is dropped and changes nothing."""
        out: list[AnyEvent] = []
        self._out = out
        state = self.state
        if state.phase is _ENDED:
            return out
        symbol = bar.symbol
        try:
            driven = self._driven[symbol]
        except KeyError:
            self._drop(bar, at, "a symbol this session does not have")
            return out
        why = fault(bar, state.bars.get(symbol))
        if why is not None:
            self._drop(bar, at, "corrects a minute that was taken" if bar.corrected else why)
            return out
        received = BarReceived(state.seq + 1, at, bar)
        out.append(received)
        state.apply_bar(received)
        if bar.backfilled:
            self._broker.on_bar(bar, at)
            self._deciding.learn(driven, bar, at)
            return out
        if state.feed_status is not _FEED_LIVE:
            self._first_bar(at)
        if at >= self._watch.due:
            self._watch.look(at)
            self._deciding.tell_faults(driven, at)
        if self._has_limits:
            self._look_at_limits(at)
        self._broker.on_bar(bar, at)
        if state.orders:
            self._collect(at)
        if state.orders or self._execution.waiting:
            self._execution.look(at)
        for part in driven:
            self._deciding.decide(part, bar, at, out)
        if state.phase is _STOPPING:
            self._finish(at)
        return out

    def timer(self, at: Millis) -> list[AnyEvent]:
        """The time has come that `due` announced; or, when no bar comes, it is time to look at the feed."""
        out = self._out = []
        if self.is_over:
            return out
        if at >= self._ends:
            self._ends = NEVER
            self._emit(TimerFired(self._next, at, DURATION))
            self._stop("the configured duration is over", at)
        elif at >= self._end_of_day.due:
            self._emit(TimerFired(self._next, at, END_OF_DAY))
            self._end_of_day.look(at)
        else:
            self._emit(TimerFired(self._next, at, WATCH))
            self._watch.look(at)
            self._end_of_day.look(at)
        return out

    def feed(self, status: FeedStatus, detail: str, symbol: str, at: Millis) -> list[AnyEvent]:
        """The feed's word on itself."""
        out = self._out = []
        if self.state.phase is Phase.ENDED:
            return out
        self._watch.told(status, detail, symbol, at)
        if status is FeedStatus.ENDED:
            if self.state.phase is not Phase.STOPPING:
                self._stop("the data ended", at)
            if not self.is_over:
                self._take_last_prices(at)
        return out

    def answer(self, answer: Answer) -> list[AnyEvent]:
        """What a broker outside the process says of an order. A fill that sells more than is held is told, stops
        trading, and changes nothing: the account and the ledger then differ, and the next report shows both."""
        out = self._out = []
        if self.is_over:
            return out
        if isinstance(answer, OrderFilled) and (why := self._reconciliation.contradicts(answer.fill)):
            self._fault(ACCOUNT, why, answer.at)
            self._take(OrderCancelled(0, answer.at, answer.fill.order_id, why))
        else:
            self._take(answer)
        if self._execution.waiting:
            self._execution.buy_when_sold(answer.at)
        self._finish(answer.at)
        return out

    def account(self, cash: float, positions: tuple[Held, ...], at: Millis) -> list[AnyEvent]:
        """What a broker outside the process says of its account, after it has told of every fill in it."""
        out = self._out = []
        if not self.is_over:
            self._emit(AccountReported(self._next, at, cash, positions))
            self._compare_account(at)
        return out

    def word(self, level: Level, code: str, text: str, at: Millis) -> list[AnyEvent]:
        """A line for the log, from a broker outside the process."""
        out = self._out = []
        if not self.is_over:
            self._note(level, code, text, at)
        return out

    def fault(self, part: str, text: str, at: Millis) -> list[AnyEvent]:
        """A part outside the engine failed, or recovered (`text` empty)."""
        out = self._out = []
        if self.state.phase is Phase.ENDED or self.state.faults.get(part, "") == text:
            return out
        self._fault(part, text, at)
        return out

    def command(self, command: AnyCommand, by: str, at: Millis) -> list[AnyEvent]:
        """What a person asked for. A command the phase does not take is refused with a note."""
        out = self._out = []
        state = self.state
        if state.phase is Phase.ENDED:
            return out
        self._emit(CommandGiven(self._next, at, command, by))
        if type(command) not in accepts(state.phase):
            name = type(command).__name__.lower()
            self._note(Level.WARNING, "refused", f"{name} is not possible while the session is {state.phase}", at)
            return out
        match command:
            case Start():
                for part in self._risk.rearm():
                    self._fault(part, "", at)
                self._change(Phase.RUNNING, f"by {by}", at)
            case Pause():
                self._change(Phase.PAUSED, f"by {by}", at)
            case Stop() if state.phase is Phase.STOPPING:
                self._take_last_prices(at)
            case Stop():
                self._stop(f"by {by}", at)
            case Leave() if held := self._end_of_day.holding():
                text = f"leave: {', '.join(held)} may hold nothing overnight, and nobody would sell it; stop instead"
                self._note(Level.WARNING, "refused", text, at)
            case Leave():
                self._end(f"by {by}, positions kept", at)
            case Flatten():
                self._execution.cancel_all("flatten", at)
                self._execution.close_all("Flatten", at)
                if state.phase is Phase.RUNNING:
                    self._change(Phase.PAUSED, f"flattened by {by}", at)
            case Cancel(order_id):
                self._execution.cancel(order_id, f"by {by}", at)
            case Accept(shown) if why := self._reconciliation.against_accepting(shown):
                self._note(Level.WARNING, "refused", f"accept: {why}", at)
            case Accept():
                self._reconciliation.accept(at)
                self._compare_account(at)
                self._finish(at)
        return out

    @property
    def is_over(self) -> bool:
        return self.state.phase is Phase.ENDED

    @property
    def _next(self) -> int:
        return self.state.seq + 1

    def _emit(self, event: AnyEvent) -> None:
        self._out.append(event)
        self.state.apply(event)

    def _note(self, level: Level, code: str, text: str, at: Millis) -> None:
        self._emit(Noted(self._next, at, level, code, text))

    def _change(self, phase: Phase, why: str, at: Millis) -> None:
        self._emit(PhaseChanged(self._next, at, phase, why))

    def _fault(self, part: str, text: str, at: Millis) -> None:
        self._emit(FaultReported(self._next, at, part, text))
        is_limit = part.startswith(RISK)
        if text:
            self._note(Level.ALARM, "fault", f"{part}: {text}; no new {'entries' if is_limit else 'orders'}", at)
        else:
            self._note(Level.INFO, "recovered", f"{part}: {'lifted' if is_limit else 'works again'}", at)

    def _drop(self, bar: Bar, at: Millis, why: str) -> None:
        self._emit(BarDropped(self._next, at, bar, why))

    def _first_bar(self, at: Millis) -> None:
        """The feed speaks, at the start or again after silence."""
        self._emit(FeedReported(self._next, at, FeedStatus.LIVE))
        first = self.state.first
        if first is None:
            return
        if self._rules.duration and self._ends == NEVER:
            self._ends = max(at, first + self._rules.duration)
        self._end_of_day.look(at)

    def _collect(self, at: Millis) -> None:
        """Take in what the broker has answered."""
        while answers := self._broker.answers():
            for answer in answers:
                self._take(answer)

    def _take(self, answer: Answer) -> None:
        """One answer; strategies that learn from trades are told of a round trip it ends (T-18)."""
        self._emit(replace(answer, seq=self._next))
        if isinstance(answer, OrderFilled) and (trade := self.state.executions[-1].trade) is not None:
            for parts in self._driven.values():
                for part in parts:
                    part.learn_from(trade)

    def _compare_account(self, at: Millis) -> None:
        text = self._reconciliation.difference()
        if not text:
            self._reconciliation.take_costs(at)
        if text != self.state.faults.get(ACCOUNT, ""):
            self._fault(ACCOUNT, text, at)

    def _look_at_limits(self, at: Millis) -> None:
        if self.state.curve.days_over != self._days:
            self._days = self.state.curve.days_over
            for part in self._risk.new_day():
                self._fault(part, "", at)
        for part, text in self._risk.tripped():
            self._fault(part, text, at)

    def _stop(self, why: str, at: Millis) -> None:
        """Close every position; the session ends when the fills have come."""
        self._change(Phase.STOPPING, why, at)
        self._execution.cancel_all("session end", at)
        self._execution.close_all("Session end", at)
        self._finish(at)

    def _take_last_prices(self, at: Millis) -> None:
        """No further price will come, or nobody wants to wait for it."""
        self._execution.close_all("Session end", at)
        self._broker.end_of_data(at)
        self._collect(at)
        self._end(self.state.why, at)

    def _finish(self, at: Millis) -> None:
        """While closing: end when flat, and ask again for what a broker refused to close."""
        if self.state.phase is not _STOPPING or self.state.orders:
            return
        if any(account.positions for account in self.state.accounts.values()):
            self._execution.close_all("Session end", at)
        else:
            self._end(self.state.why, at)

    def _end(self, why: str, at: Millis) -> None:
        if left := left_over(self.state):
            self._note(Level.ALARM, "positions_kept", f"the session ends {left}", at)
        self._emit(SessionEnded(self._next, at, why))
