"""Which alerts the events of a session lead to. The same events give the same alerts, live, headless and in replay."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from sentio_tui.alerts.alert import Alert, Source, one_line
from sentio_tui.alerts.market_hours import Flat, hours_in
from sentio_tui.engine.reconciliation import ACCOUNT, BROKER
from sentio_tui.engine.risk import RISK, day_start
from sentio_tui.engine.state import State
from sentio_tui.engine.words import words
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import (
    AccountAdopted,
    AnyEvent,
    BarReceived,
    Decided,
    FaultReported,
    FeedReported,
    FeedStatus,
    Level,
    Noted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    SessionEnded,
    SessionStarted,
)
from sentio_tui.model.orders import Order, Side
from sentio_tui.settings import AlertRuleSettings

_NEVER: Final = "symbol_silent"
"""The code of a note about a symbol that has had no bar at all."""
_UNKNOWN: Final = frozenset({f"{BROKER}_order_unknown", f"{BROKER}_order_lost"})
"""Codes of notes about an order of which nobody knows whether the broker has it, or that it does not have after all."""

_STRATEGY: Final = frozenset({"strategy_failed", "strategy_fault"})
_SILENT: Final = frozenset({FeedStatus.STALE, FeedStatus.DOWN})
_WORTH: Final = frozenset({OrderFilled, AccountAdopted})
"""The kinds of event, besides bars, that change what the session is worth."""
_STOP_LOSS: Final = Reason.STOP_LOSS  # reading a member off an enum class costs as much as a function call

Moment = tuple[int, Millis]
"""The number of an event, and market time."""


class AlertWatch:
    """Follows the events of one session, from the first on. Its own fold tells the figures."""

    def __init__(self, started: SessionStarted, rules: Mapping[str, AlertRuleSettings]) -> None:
        """Rules without targets are off."""
        info = started.info
        self.source: Final = Source(info.name, info.mode.value, info.clock_zone)
        self._state = State(started)
        self._rules: dict[str, list[tuple[str, AlertRuleSettings]]] = {}
        for name, rule in rules.items():
            if rule.targets:
                self._rules.setdefault(rule.on, []).append((name, rule))
        self._figures = [each for kind in ("drawdown", "daily_loss") for each in self._rules.get(kind, ())]
        self._least = min((rule.threshold for _, rule in self._figures), default=1.0)
        """The drawdown below which none of these rules can be beyond its threshold."""
        self._beyond: set[str] = set()
        """Rules on a figure that is beyond their threshold, and was told."""
        self._day = 0
        self._day_start = info.capital
        """What the day's loss is measured from, after so many days."""
        self._told: dict[tuple[str, str], Millis] = {}
        """When a rule was last told of a symbol or part, by market time."""
        self._silent: dict[str, tuple[Millis, str]] = {}
        """Since when a symbol ("": the feed) has been stale or down, and what the feed says of it."""
        self._stale_told: set[tuple[str, str]] = set()
        self._stopping: dict[str, Millis] = {}
        """When a book was last told to stop out."""
        self._stops: set[str] = set()
        """The ids of orders that stop out and have not filled yet."""
        self._flat = Flat(self._state, self._hours) if "end_of_day" in self._rules else None
        self._out: list[Alert] = []

    @property
    def seq(self) -> int:
        """The number of the newest event it has taken in."""
        return self._state.seq

    @property
    def at(self) -> Millis:
        """Market time after it."""
        return self._state.at

    @cached_property
    def _hours(self) -> Mapping[str, Calendar]:
        """Made when they are first needed: calendars take their time."""
        return hours_in(self._state.info)

    def take(self, events: Iterable[AnyEvent]) -> list[Alert]:
        """What further events lead to, in their order. Raises ValueError for events that do not follow."""
        self._out = []
        state = self._state
        for event in events:
            if self._silent and event.at > state.at:
                self._look_at_silence()
            # Nearly all events are of the first two kinds.
            if type(event) is Decided:
                state.apply_decision(event)
                if event.reason is _STOP_LOSS:
                    self._stopping[event.book] = event.at
            elif type(event) is BarReceived:
                state.apply_bar(event)
                if self._figures:
                    self._look_at_figures(event)
            else:
                order = self._order(event)
                state.apply(event)
                if self._figures and type(event) in _WORTH:
                    self._look_at_figures(event)
                self._look(event, order)
        return self._out

    def _order(self, event: AnyEvent) -> Order | None:
        """The order an event is about, before the event is taken in."""
        match event:
            case OrderFilled(fill=fill):
                known = self._state.orders.get(fill.order_id)
            case OrderRejected(order_id=order_id):
                known = self._state.orders.get(order_id)
            case _:
                return None
        return known.order if known is not None else None

    def _look(self, event: AnyEvent, order: Order | None) -> None:
        match event:
            case OrderFilled():
                self._filled(event, order)
            case OrderSubmitted(order=order):
                if order.side is Side.SELL and self._stopping.get(order.book) == order.time:
                    self._stops.add(order.id)
            case OrderRejected():
                self._stops.discard(event.order_id)
                symbol = order.symbol if order is not None else ""
                self._fire("reject", event, words(event, order) or "", Level.WARNING, symbol)
            case OrderCancelled() | OrderExpired():
                self._stops.discard(event.order_id)
            case FeedReported():
                self._feed(event)
            case FaultReported() if event.text:
                self._fault(event)
            case Noted():
                self._noted(event)
            case SessionEnded():
                self._fire("session_ended", event, self._farewell(event), Level.INFO)
            case _:
                pass
        if self._flat is not None and (found := self._flat.look(event)):
            self._fire("end_of_day", event, found.text, Level.INFO if found.is_flat else Level.ALARM)

    def _filled(self, event: OrderFilled, order: Order | None) -> None:
        fill = event.fill
        pnl = self._state.executions[-1].pnl
        traded = (words(event, order) or "").removeprefix("Trade: ")
        text = traded + ("" if pnl is None else f", P&L {pnl:+.2f}")
        self._fire("fill", event, text, Level.INFO, fill.symbol)
        if fill.order_id in self._stops:
            self._stops.discard(fill.order_id)
            self._fire("stop_loss", event, f"Stop loss: {text}", Level.WARNING, fill.symbol)

    def _fault(self, event: FaultReported) -> None:
        part, text = event.part, event.text
        if part.startswith(RISK):
            limit = part.removeprefix(RISK).replace("_", " ")
            self._fire("risk_halted", event, f"Risk limit, no new entries: {limit}: {text}", Level.ALARM, part)
        elif part == ACCOUNT:
            self._fire("account", event, f"The account differs, no new orders: {text}", Level.ALARM, part)
        else:
            self._fire("fault", event, f"Fault, no new orders: {part}: {text}", Level.ALARM, part)

    def _noted(self, event: Noted) -> None:
        if event.code in _STRATEGY:
            self._fire("strategy_error", event, f"Strategy: {event.text}", Level.ALARM, event.text)
        elif event.code == _NEVER:
            self._fire("feed_stale", event, f"Feed: {event.text}", Level.WARNING, event.text)
        elif event.code in _UNKNOWN:
            self._fire("order_unknown", event, f"Order unknown: {event.text}", Level.ALARM, event.text)

    # The feed.

    def _feed(self, event: FeedReported) -> None:
        symbol = event.symbol
        if event.status in _SILENT:
            why = f"{event.status.value} ({event.detail})" if event.detail else event.status.value
            self._silent.setdefault(symbol, (event.at, why))
            self._look_at_silence()
            return
        ended = tuple(self._silent) if not symbol and event.status is FeedStatus.ENDED else (symbol,)
        for each in ended:
            self._silent.pop(each, None)
            self._stale_told = {(name, of) for name, of in self._stale_told if of != each}

    def _look_at_silence(self) -> None:
        """Asked when time goes on, of the moment before: by then all of it is known, also that a market opened."""
        state = self._state
        for name, rule in self._rules.get("feed_stale", ()):
            for symbol, (since, why) in self._silent.items():
                lasted = state.at - since
                if lasted < rule.threshold * 1000 or (name, symbol) in self._stale_told or not self._is_open(symbol):
                    continue
                self._stale_told.add((name, symbol))
                text = f"Feed: {symbol or 'all of it'} is {why}" + (f" for {lasted // 1000} s" if lasted else "")
                self._put(name, rule, (state.seq, state.at), text, Level.WARNING, symbol)

    def _is_open(self, symbol: str) -> bool:
        """Whether bars of a symbol, or of any (""), are to be expected."""
        calendars = self._hours.values() if not symbol else [self._hours[symbol]] if symbol in self._hours else []
        return any(calendar.is_open(self._state.at - 1) for calendar in calendars) or not self._hours

    # Figures.

    def _look_at_figures(self, event: AnyEvent) -> None:
        # A day's start is never above the peak: its loss is never larger than the drawdown.
        drawdown, _ = self._state.curve.now()
        if not drawdown > self._least:
            self._beyond.clear()
            return
        for name, rule in self._figures:
            loss = drawdown if rule.on == "drawdown" else self._daily_loss()
            if not loss > rule.threshold:
                self._beyond.discard(name)
            elif name not in self._beyond:
                moment = event.seq, event.at
                if self._put(name, rule, moment, self._fall(rule, loss), Level.WARNING):
                    self._beyond.add(name)

    def _daily_loss(self) -> float:
        state = self._state
        day = state.curve.days_over
        if day != self._day:
            self._day, self._day_start = day, day_start(state)
        return 1.0 - state.equity / self._day_start

    def _fall(self, rule: AlertRuleSettings, loss: float) -> str:
        beyond = f"{loss:.2%}, beyond {rule.threshold:.2%}: equity {self._state.equity:,.2f}"
        if rule.on == "drawdown":
            return f"Drawdown {beyond}, highest {self._state.curve.peak:,.2f}"
        return f"Daily loss {beyond}, {self._day_start:,.2f} at the day's start"

    def _farewell(self, event: SessionEnded) -> str:
        state = self._state
        change = state.equity / state.info.capital - 1.0
        count = len(state.executions)
        fills = "1 fill" if count == 1 else f"{count:,} fills"
        return f"Session ended: {event.why}; equity {state.equity:,.2f} ({change:+.2%}), {fills}"

    def _fire(self, kind: str, event: AnyEvent, text: str, level: Level, subject: str = "") -> None:
        for name, rule in self._rules.get(kind, ()):
            self._put(name, rule, (event.seq, event.at), text, level, subject)

    def _put(
        self, name: str, rule: AlertRuleSettings, moment: Moment, text: str, level: Level, subject: str = ""
    ) -> bool:
        """Keep the alert, unless the rule is to be quiet now."""
        seq, at = moment
        if rule.quiet:
            told = self._told.get((name, subject))
            if told is not None and at - told < rule.quiet * 1000:
                return False
            self._told[name, subject] = at
        self._out.append(Alert(name, rule.on, level, seq, at, one_line(text), rule.targets))
        return True


def alerts_of(events: Iterable[AnyEvent], rules: Mapping[str, AlertRuleSettings]) -> tuple[Source, list[Alert]]:
    """Who speaks, and all that these events of a session lead to. Raises ValueError for events that are no session."""
    following = iter(events)
    started = next(following, None)
    if not isinstance(started, SessionStarted):
        raise ValueError("a session's events begin with its start")
    watch = AlertWatch(started, rules)
    return watch.source, watch.take(following)
