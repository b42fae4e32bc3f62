"""Alerts of a session that runs in this process.

The session's thread only puts each turn's events into a bounded queue. A thread here finds what they lead to, and each
target has a thread of its own that brings it there.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from sentio_tui.alerts.addresses import NoAddress
from sentio_tui.alerts.alert import Alert, Message, one_line
from sentio_tui.alerts.courier import Courier, Deliver, NotDelivered, Outcome
from sentio_tui.alerts.lane import Pace
from sentio_tui.alerts.record import Record
from sentio_tui.alerts.targets import deliverer, missing
from sentio_tui.alerts.watching import AlertWatch
from sentio_tui.config_alerts import SCREENS
from sentio_tui.journal.names import alerts_path
from sentio_tui.journal.reader import JournalDamaged, read_all
from sentio_tui.model.events import AnyEvent, Level, Noted, SessionStarted
from sentio_tui.sessions.base import ALERT, BELL, DESKTOP
from sentio_tui.settings import AlertSettings, AlertTargetSettings, MailSettings, Settings

TURNS: Final = 50_000
"""Turns that may wait to be looked at. Beyond, the oldest are forgotten and read from the journal."""

TOGETHER: Final = 500
"""Events looked at together."""

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at the queue when it was empty."""

UNTOLD_WAIT: Final = 1.0
"""Seconds the last messages may take before a person is told that they are waited for."""

SCREEN_PACE: Final = Pace(gather=0.25, interval=2.0, attempts=1)

TOLD_ANYWAY: Final = frozenset({"reject", "fault", "account", "strategy_error", "risk_halted"})
"""Kinds of which every screen shows a notice of its own."""

_CODES: Final = {"screen": ALERT, "bell": BELL, "desktop": DESKTOP}


class Watched(Protocol):
    """What is asked of the session. `say` and `show` may be called from any thread."""

    @property
    def name(self) -> str: ...

    @property
    def journal(self) -> Path: ...

    @property
    def failure(self) -> str: ...

    def say(self, text: str, level: Level = ...) -> None: ...

    def show(self, notices: Sequence[Noted]) -> None: ...


class Alerts:
    """An asynchronous context manager around the session; `take` listens to it. Nothing here ends the trading."""

    def __init__(
        self,
        session: Watched,
        settings: AlertSettings,
        mail: MailSettings,
        *,
        turns: int = TURNS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._settings = settings
        self._mail = mail
        self._clock = clock
        self._turns: deque[Sequence[AnyEvent]] = deque(maxlen=turns)
        self._first = 0
        """The number of the first event it was given; 0 before."""
        self._watch: AlertWatch | None = None
        self._couriers: dict[str, Courier] = {}
        self._lock = threading.Lock()
        self._unreached: set[str] = set()
        """Targets of which a person was told that they get nothing."""
        path = alerts_path(session.journal.parent, session.name)
        self._record = Record(path, lambda why: session.say(f"Alerts: {why}"))
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def take(self, events: Sequence[AnyEvent]) -> None:
        """A turn's events, on the session's thread."""
        if not self._first and events:
            self._first = events[0].seq
        self._turns.append(events)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        trouble = self._session.failure
        if kind is not None:
            trouble = f"The session broke off: {kind.__name__}: {error}"
        elif trouble:
            trouble = f"The session has ended, but {trouble}"
        await asyncio.to_thread(self._finish, trouble)

    def _run(self) -> None:
        try:
            self._tell_missing()
            while not self._is_over.is_set():
                self._look()
                self._is_over.wait(LOOK_EVERY)
            self._look()
        except Exception as error:  # whatever it is, the session goes on, and nobody may go on relying on alerts
            self._session.say(f"Alerts have stopped: {type(error).__name__}: {error}")

    def _tell_missing(self) -> None:
        """Say which targets have no address. Nobody waits for a keyring, which may take its time."""
        used = {target for rule in self._settings.rules.values() for target in rule.targets}
        for name, target in self._settings.targets.items():
            if name not in used:
                continue
            if target.url_keyring:
                threading.Thread(target=self._tell_if_missing, args=(name, target), daemon=True).start()
            else:
                self._tell_if_missing(name, target)

    def _tell_if_missing(self, name: str, target: AlertTargetSettings) -> None:
        if (why := missing(name, target, self._mail)) and self._is_news(name):
            self._session.say(f"Alerts do not reach {name}: {why}")

    def _is_news(self, name: str) -> bool:
        """Whether it was not known that a target is not reached; now it is."""
        with self._lock:
            known = name in self._unreached
            self._unreached.add(name)
            return not known

    # From events to alerts.

    def _look(self) -> None:
        """Look at every turn there is, some hundreds together."""
        turns = self._turns
        while turns:
            together: list[AnyEvent] = []
            with suppress(IndexError):  # it was full, and the session's thread was faster
                while len(together) < TOGETHER:
                    events = turns.popleft()
                    if not events or not events[0].seq:
                        continue  # notices, no events
                    if together and events[0].seq != together[-1].seq + 1:
                        self._follow(together)
                        together = []
                    together += events
            if together:
                self._follow(together)

    def _follow(self, events: Sequence[AnyEvent]) -> None:
        """Take in events without a gap between them."""
        watch = self._watch
        if watch is None:
            watch = self._watch = self._begin(events[0])
        known = watch.seq
        if events[0].seq > known + 1:
            self._give(watch.take(self._recorded(known, events[0].seq)))
        elif events[0].seq <= known:
            events = [event for event in events if event.seq > known]
        self._give(watch.take(events))

    def _begin(self, first: AnyEvent) -> AlertWatch:
        """A watch that stands where the session began, or goes on: nobody is told again of what was before."""
        if isinstance(first, SessionStarted):
            return AlertWatch(first, self._settings.rules)
        past = self._recorded(0, max(self._first, 2))
        if not isinstance(past[0], SessionStarted):
            raise ValueError(f"{self._session.journal}: its first event is no start")
        watch = AlertWatch(past[0], self._settings.rules)
        watch.take(past[1:])
        return watch

    def _recorded(self, after: int, before: int) -> Sequence[AnyEvent]:
        """The events between two numbers, from the journal, where they are before anybody hears of them. Raises
        ValueError where they are not."""
        path = self._session.journal
        try:
            events = read_all(path).events[after : before - 1]
        except (JournalDamaged, OSError) as error:
            raise ValueError(str(error)) from None
        if len(events) != before - 1 - after:
            raise ValueError(f"{path}: events {after + 1} to {before - 1} are not there")
        return events

    # From alerts to targets.

    def _give(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            for target in alert.targets:
                if target == "screen" and alert.kind in TOLD_ANYWAY:
                    continue
                self._courier(target).give([alert])

    def _courier(self, name: str) -> Courier:
        courier = self._couriers.get(name)
        if courier is None:
            courier = self._couriers[name] = self._make(name)
            courier.start()
        return courier

    def _make(self, name: str) -> Courier:
        watch = self._watch
        if watch is None:
            raise RuntimeError("there are no alerts before the first event")
        if name in SCREENS:
            deliver: Deliver = Screens(self._session, _CODES[name])
            return Courier(name, watch.source, deliver, SCREEN_PACE, _nobody, self._clock)
        target = self._settings.targets[name]
        deliver = Outside(name, target, self._mail)
        return Courier(name, watch.source, deliver, Pace(interval=target.interval), self._came, self._clock)

    def _came(self, outcome: Outcome) -> None:
        """On the courier's thread."""
        self._record.write(outcome)
        name = outcome.target
        if outcome.state == "sent":
            with self._lock:
                was_unreached = name in self._unreached
                self._unreached.discard(name)
            if was_unreached:
                self._session.say(f"Alerts reach {name} again", Level.INFO)
        elif self._is_news(name):
            count = len(outcome.message.alerts) + outcome.message.more
            lost = "1 alert" if count == 1 else f"{count} alerts"
            self._session.say(f"Alerts do not reach {name}: {outcome.why}; {lost} lost")

    def _finish(self, trouble: str) -> None:
        """The last alerts go out, or are given up: the end of a session waits only so long for them."""
        deadline = self._clock() + self._settings.patience
        self._is_over.set()
        self._thread.join(self._settings.patience)
        if trouble and self._watch is not None and not self._thread.is_alive():
            self._give(self._troubled(self._watch, trouble))
        couriers = list(self._couriers.values())
        for courier in couriers:
            courier.close()
        soon = self._clock() + UNTOLD_WAIT
        slow = [courier for courier in couriers if not courier.is_done(max(0.0, soon - self._clock()))]
        if slow:
            names = ", ".join(courier.name for courier in slow)
            text = f"Waiting up to {self._settings.patience:g} s for the last alerts to {names}"
            self._session.say(text, Level.INFO)
        for courier in slow:
            courier.abandon(max(0.0, deadline - self._clock()))

    def _troubled(self, watch: AlertWatch, trouble: str) -> list[Alert]:
        """The one thing that no event tells."""
        return [
            Alert(name, rule.on, Level.ALARM, watch.seq, watch.at, one_line(trouble), rule.targets)
            for name, rule in self._settings.rules.items()
            if rule.on == "session_ended" and rule.targets
        ]


class Screens:
    """Tells those who look at the session: each screen shows, rings or asks its terminal in its own way."""

    def __init__(self, session: Watched, code: str) -> None:
        self._session = session
        self._code = code

    def __call__(self, message: Message) -> None:
        text = f"{message.title}\n{message.line}" if self._code == DESKTOP else message.line
        self._session.show([Noted(0, message.alerts[-1].at, message.level, self._code, text)])


class Outside:
    """Brings messages to a target beyond the screens. Its address is looked up with the first of them, on the thread
    that brings them: a keyring may take its time."""

    def __init__(self, name: str, target: AlertTargetSettings, mail: MailSettings) -> None:
        self._name = name
        self._target = target
        self._mail = mail
        self._deliver: Deliver | None = None

    def __call__(self, message: Message) -> None:
        if self._deliver is None:
            try:
                self._deliver = deliverer(self._name, self._target, self._mail)
            except NoAddress as error:
                raise NotDelivered(str(error), for_good=True) from None
        self._deliver(message)


def _nobody(_: Outcome) -> None:
    """What went to a screen is not recorded: `alerts replay` tells it again."""


def around(session: Watched, settings: Settings) -> Alerts | None:
    """The alerts of a session as configured; None where no rule has a target."""
    alerts = settings.alerts
    return Alerts(session, alerts, settings.mail) if any(rule.targets for rule in alerts.rules.values()) else None
