"""What the screen knows of its session: the newest snapshot, why it ended, and what must be told at once."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from msgspec.structs import replace

from sentio_tui.engine.words import words
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import (
    AnyEvent,
    FeedStatus,
    Level,
    Mode,
    Noted,
    OrderFilled,
    OrderRejected,
    Phase,
    PhaseChanged,
    SessionEnded,
)
from sentio_tui.model.snapshot import Curve, FeedHealth, Metrics, Snapshot, SnapshotInfo, Unknown
from sentio_tui.sessions.base import ALERT, BELL, DESKTOP, Place, Recorded, RecordedFill, Session, Transport
from sentio_tui.sessions.wheel import ALONE, WHEEL, Seat

TOASTS: Final = 3
"""Most toasts of one look at the session; the rest is summed up in one more."""

_SEVERITIES: Final[Mapping[Level, Literal["information", "warning", "error"]]] = {
    Level.DEBUG: "information",
    Level.INFO: "information",
    Level.WARNING: "warning",
    Level.ALARM: "error",
}


@dataclass(frozen=True)
class Toast:
    """Something a person must see now. `text` may come from outside: it is never markup."""

    text: str
    severity: Literal["information", "warning", "error"]


@dataclass(frozen=True)
class News:
    """What a look at the session brought. `changed`: the panes have something new to show. Alerts may want the bell
    rung (`rings`), and `desktop` told: title and text, a line each, which may come from outside."""

    changed: bool
    toasts: tuple[Toast, ...] = ()
    rings: bool = False
    desktop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Everything the status line tells, and what can be done now depends on.

    Without a snapshot `mode` still says what the session will be. `is_ours`: the session ends with this screen, which
    may start another after it. `place` is set while a recording is shown: it is where that stands, and `snapshot` is
    of the past. `looks_back`: the recording is what a session has done so far, and `behind` is that session's phase
    now. `no_past` says why there is nothing to look back at, empty when there is.
    """

    snapshot: Snapshot | None
    mode: Mode
    launching: bool
    is_over: bool
    why: str
    failure: str
    alarms: int
    seat: Seat = ALONE
    is_ours: bool = True
    place: Place | None = None
    looks_back: bool = False
    behind: Phase | None = None
    no_past: str = "no session is running"
    launch_step: str = ""


@dataclass(frozen=True)
class Reel:
    """What the transport bar shows of a recording. `marks` are bars, `is_whole` is whether all of it could be read."""

    place: Place
    fills: Sequence[RecordedFill]
    marks: tuple[int, ...]
    zone: str
    is_whole: bool = True


class Monitor:
    """Follows one session at a time, and may show its past meanwhile. `mode` is shown until the first snapshot."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._session: Session | None = None
        self._snapshot: Snapshot | None = None
        self._own: tuple[Noted, ...] = ()
        self._alarms = 0
        self._why = ""
        self._failure = ""
        self._over = False
        self._stale = False
        self._seat = ALONE
        self._recording: Transport | None = None
        """The session, where it is a recording."""
        self._look: Recorded | None = None
        self._past: Snapshot | None = None
        self.has_ended = False
        """Whether the session has come to its end, though its files and lines may still be open."""
        self.launching = False
        self.launch_step = ""
        """What the launch is about, in words for a person; empty when there is nothing to say of it."""

    @property
    def session(self) -> Session | None:
        return self._session

    @property
    def runs(self) -> bool:
        """Whether there is a session that goes on."""
        return self._session is not None and not self._session.is_over

    @property
    def ends_with_screen(self) -> bool:
        """Whether a session goes on that leaving would end."""
        return self._session is not None and self.runs and self._session.ends_with_screen

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest of the session; None before the first."""
        return self._snapshot

    @property
    def shown(self) -> Snapshot | None:
        """What the panes show: the newest, or a moment of the past."""
        return self._snapshot if self._look is None else self._past

    @property
    def transport(self) -> Transport | None:
        """What moves through what is shown; None while that is a session as it is now."""
        return self._recording if self._look is None else self._look

    @property
    def reel(self) -> Reel | None:
        """The recording that is shown, as the transport bar tells it."""
        transport, shown = self.transport, self.shown
        if transport is None or shown is None:
            return None
        return Reel(
            place=transport.place,
            fills=transport.fills,
            marks=tuple(transport.bar_of(mark.event) for mark in transport.marks),
            zone=shown.info.clock_zone,
            is_whole=not transport.loss,
        )

    @property
    def looks_back(self) -> bool:
        return self._look is not None

    def look_back(self, look: Recorded) -> None:
        """Show the session's past from now on. Its news are still told."""
        self._look = look
        self._past = look.snapshot()
        self._stale = True

    def look_at_now(self) -> None:
        """Show the session as it is again."""
        self._look = self._past = None
        self._stale = True

    @property
    def log(self) -> Snapshot | None:
        """What the event log shows: what the panes do, with the program's own notes, which need no session."""
        if not self._own or self._look is not None:
            return self.shown
        base = self._snapshot or blank(self._mode, self._own[0].at)
        return replace(base, notes=(*base.notes, *self._own), note_count=base.note_count + len(self._own))

    @property
    def condition(self) -> Condition:
        newest, snapshot, transport = self._snapshot, self.shown, self.transport
        noted = sum(note.level is Level.ALARM for note in newest.notes) if newest is not None else 0
        phase = newest.phase if newest is not None else None
        return Condition(
            snapshot=snapshot,
            mode=snapshot.info.mode if snapshot is not None else self._mode,
            launching=self.launching,
            is_over=self._over,
            why=self._why,
            failure=self._failure,
            alarms=max(noted, self._alarms) + sum(note.level is Level.ALARM for note in self._own),
            seat=self._seat,
            is_ours=self._session is None or self._session.ends_with_screen,
            place=transport.place if transport is not None else None,
            looks_back=self.looks_back,
            behind=(Phase.ENDED if self._over else phase) if self.looks_back else None,
            no_past=self._no_past(),
            launch_step=self.launch_step,
        )

    def _no_past(self) -> str:
        if self._session is None or self._snapshot is None:
            return "no session is running"
        return "" if self._session.journal is not None else "the session's journal is not on this machine"

    def follow(self, session: Session) -> None:
        """Watch this session from now on. The last one's numbers stay until its first snapshot is there."""
        self._session = session
        self._alarms = 0
        self._own = ()
        self._why = self._failure = ""
        self._over = self.has_ended = False
        self._stale = True
        self._seat = session.seat
        self._recording = session if isinstance(session, Transport) else None
        self._look = self._past = None

    def moved(self) -> None:
        """Somebody moved through a recording, or changed something about it."""
        self._stale = True

    def note(self, text: str, code: str, at: Millis) -> None:
        """Put an alarm of the program itself, not of a session, into the event log."""
        snapshot = self._snapshot
        last = self._own[-1].seq if self._own else snapshot.seq if snapshot is not None else 0
        when = snapshot.at if snapshot is not None else at
        self._own = (*self._own, Noted(seq=last + 1, at=when, level=Level.ALARM, code=code, text=text))
        self._stale = True

    def broke(self, failure: str) -> None:
        """There is no session, and this is why."""
        self._failure = failure
        self._stale = True

    def pull(self) -> News:
        """Look at the session: what is new, and what must be told at once."""
        stale, self._stale = self._stale, False
        session = self._session
        if session is None:
            return News(stale)
        # Asked before the snapshot, so that the snapshot of an ended session is its last one.
        over = session.is_over
        events = session.drain()
        toasts = list(self._told(events))
        snapshot = session.snapshot()
        before = self._snapshot
        changed = stale or over != self._over
        if snapshot is not None and (before is None or _moment(snapshot) != _moment(before)):
            self._snapshot = snapshot
            self.has_ended = snapshot.phase is Phase.ENDED
            stands = before is not None and (before.phase, before.faults) == (snapshot.phase, snapshot.faults)
            changed = changed or self._look is None or not stands
        if self._look is not None:
            past, self._past = self._past, self._look.snapshot()
            changed = changed or self._past is not past
        seat = session.seat
        if seat != self._seat:
            toasts += _moved(self._seat, seat)
            self._seat = seat
            changed = True
        if over and not self._over and session.failure:
            self._failure = session.failure
            text = f"The session broke off: {session.failure}"
            self.note(text, "broke_off", time.time_ns() // 1_000_000)
            toasts.append(Toast(text, "error"))
        self._over = over
        wanted = [event for event in events if isinstance(event, Noted) and event.code in (BELL, DESKTOP)]
        desktop = tuple(event.text for event in wanted if event.code == DESKTOP)
        return News(changed or bool(toasts), _few(toasts), len(desktop) < len(wanted), desktop)

    def _told(self, events: Iterable[AnyEvent]) -> Iterable[Toast]:
        for event in events:
            match event:
                case Noted(code=code) if code == ALERT:
                    yield Toast(event.text, _SEVERITIES[event.level])
                case Noted(code=code) if code in (BELL, DESKTOP):
                    pass
                case Noted(level=Level.ALARM):
                    self._alarms += 1
                    yield Toast(event.text, "error")
                case Noted(code=code, text=text, level=level) if code == WHEEL:
                    yield Toast(text, "information" if level is Level.INFO else "warning")
                case OrderFilled() if self._look is not None:
                    yield Toast(words(event, None) or "", "information")
                case OrderRejected():
                    yield Toast(f"Order {event.order_id} was rejected: {event.why}", "warning")
                case PhaseChanged(phase=Phase.ENDED) | SessionEnded():
                    self._why = event.why or self._why
                case _:
                    pass


def blank(mode: Mode, at: Millis) -> Snapshot:
    """A snapshot of no session at all, so that the log has something to stand on."""
    none = Unknown("no session")
    return Snapshot(
        info=SnapshotInfo("", mode, at, "UTC", "", "", 1.0, ()),
        seq=0,
        at=at,
        first=None,
        phase=Phase.READY,
        waiting="",
        faults={},
        feed=FeedHealth(FeedStatus.DOWN, "no session", None, 0, 0, ()),
        metrics=Metrics(
            equity=0.0,
            cash=0.0,
            positions_value=0.0,
            initial_capital=0.0,
            total_return=0.0,
            total_pnl=0.0,
            drawdown=0.0,
            max_drawdown=0.0,
            fills=0,
            closed_trades=0,
            open_positions=0,
            win_rate=none,
            profit_factor=none,
            expectancy=none,
            average_win=none,
            average_loss=none,
            exposure=none,
            turnover=0.0,
            fees=0.0,
            trades_per_hour=none,
            longest_losing_streak=0,
            sharpe=none,
            sortino=none,
            average_mae=none,
            average_mfe=none,
            mrd=none,
            mrb=none,
        ),
        positions=(),
        orders=(),
        fills=(),
        decisions=(),
        reasons={},
        curve=Curve(),
        notes=(),
        note_count=0,
        accepts=frozenset(),
    )


def _moment(snapshot: Snapshot) -> tuple[str, int, Millis]:
    return snapshot.info.name, snapshot.seq, snapshot.at


def _moved(before: Seat, now: Seat) -> list[Toast]:
    """What a viewer must see of a wheel that changed hands."""
    if before.drives and not now.drives:
        return [Toast(f"{now.driver or 'Nobody'} drives now.", "warning")]
    if before.driver and not (before.drives or now.driver or now.barred or now.cut_off):
        return [Toast(f"{before.driver} has left, nobody drives. Who commands next does.", "warning")]
    if now.cut_off and not before.cut_off:
        return [Toast(f"What is shown may be old: {now.cut_off}.", "error")]
    return []


def _few(toasts: list[Toast]) -> tuple[Toast, ...]:
    if len(toasts) <= TOASTS:
        return tuple(toasts)
    rest = len(toasts) - TOASTS
    return (*toasts[:TOASTS], Toast(f"… and {rest} more; see the log.", "error"))
