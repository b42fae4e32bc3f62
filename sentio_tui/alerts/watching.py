"""Which alerts the events of a session lead to. The same events give the same alerts, live, headless and in replay."""

from collections.abc import Callable, Iterable, Mapping
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
_WORTH: Final = frozenset({BarReceived, OrderFilled, AccountAdopted})
"""The kinds of event that change what the session is worth."""


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
        self._figures = [
            (name, rule, figure) for kind, figure in _FIGURES.items() for name, rule in self._rules.get(kind, ())
        ]
        self._beyond: set[str] = set()
        """Rules on a figure that is beyond their threshold, and was told."""
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
            kind = type(event)
            order = None if kind is BarReceived or kind is Decided else self._order(event)
            state.apply(event)
            if kind in _WORTH:
                for name, rule, figure in self._figures:
                    self._look_at(name, rule, figure, event)
            if kind is not BarReceived:
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
            case Decided():
                if event.reason is Reason.STOP_LOSS:
                    self._stopping[event.book] = event.at
                return
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
        text = (words(event, order) or "") + ("" if pnl is None else f", P&L {pnl:+.2f}")
        self._fire("fill", event, text, Level.INFO, fill.symbol)
        if fill.order_id in self._stops:
            self._stops.discard(fill.order_id)
            self._fire("stop_loss", event, f"Stop loss: {text.removeprefix('Trade: ')}", Level.WARNING, fill.symbol)

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
                self._put(name, rule, state.seq, state.at, text, Level.WARNING, symbol)

    def _is_open(self, symbol: str) -> bool:
        """Whether bars of a symbol, or of any (""), are to be expected."""
        calendars = self._hours.values() if not symbol else [self._hours[symbol]] if symbol in self._hours else []
        return any(calendar.is_open(self._state.at - 1) for calendar in calendars) or not self._hours

    # Figures.

    def _look_at(self, name: str, rule: AlertRuleSettings, figure: "Figure", event: AnyEvent) -> None:
        beyond = figure(self._state, rule.threshold)
        if not beyond:
            self._beyond.discard(name)
        elif name not in self._beyond and self._put(name, rule, event.seq, event.at, beyond, Level.WARNING):
            self._beyond.add(name)

    def _farewell(self, event: SessionEnded) -> str:
        state = self._state
        change = state.equity / state.info.capital - 1.0
        count = len(state.executions)
        fills = "1 fill" if count == 1 else f"{count:,} fills"
        return f"Session ended: {event.why}; equity {state.equity:,.2f} ({change:+.2%}), {fills}"

    def _fire(self, kind: str, event: AnyEvent, text: str, level: Level, subject: str = "") -> None:
        for name, rule in self._rules.get(kind, ()):
            self._put(name, rule, event.seq, event.at, text, level, subject)

    def _put(
        self, name: str, rule: AlertRuleSettings, seq: int, at: Millis, text: str, level: Level, subject: str = ""
    ) -> bool:
        """Keep the alert, unless the rule is to be quiet now."""
        if rule.quiet:
            told = self._told.get((name, subject))
            if told is not None and at - told < rule.quiet * 1000:
                return False
            self._told[name, subject] = at
        self._out.append(Alert(name, rule.on, level, seq, at, one_line(text), rule.targets))
        return True


Figure = Callable[[State, float], str]
"""What a figure is, in words, where it is beyond a threshold; empty where it is not."""


def _drawdown(state: State, limit: float) -> str:
    loss, _ = state.curve.now()
    if not loss > limit:
        return ""
    peak = state.curve.peak
    return f"Drawdown {loss:.2%}, beyond {limit:.2%}: equity {state.equity:,.2f}, highest {peak:,.2f}"


def _daily_loss(state: State, limit: float) -> str:
    # A day's start is never above the peak, so most bars end here.
    if not state.curve.now()[0] > limit:
        return ""
    start = day_start(state)
    loss = 1.0 - state.equity / start
    if not loss > limit:
        return ""
    return f"Daily loss {loss:.2%}, beyond {limit:.2%}: equity {state.equity:,.2f}, {start:,.2f} at the day's start"


_FIGURES: Final[Mapping[str, Figure]] = {"drawdown": _drawdown, "daily_loss": _daily_loss}


def alerts_of(events: Iterable[AnyEvent], rules: Mapping[str, AlertRuleSettings]) -> tuple[Source, list[Alert]]:
    """Who speaks, and all that these events of a session lead to. Raises ValueError for events that are no session."""
    following = iter(events)
    started = next(following, None)
    if not isinstance(started, SessionStarted):
        raise ValueError("a session's events begin with its start")
    watch = AlertWatch(started, rules)
    return watch.source, watch.take(following)
