"""What the screen knows of its session: the newest snapshot, why it ended, and what must be told at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from msgspec.structs import replace

from sentio_tui.model.bars import Millis
from sentio_tui.model.events import (
    AnyEvent,
    FeedStatus,
    Level,
    Mode,
    Noted,
    OrderRejected,
    Phase,
    PhaseChanged,
    SessionEnded,
)
from sentio_tui.model.snapshot import Curve, FeedHealth, Metrics, Snapshot, SnapshotInfo, Unknown
from sentio_tui.sessions.base import Session
from sentio_tui.sessions.wheel import ALONE, WHEEL, Seat

TOASTS: Final = 3
"""Most toasts of one look at the session; the rest is summed up in one more."""


@dataclass(frozen=True)
class Toast:
    """Something a person must see now. `text` may come from outside: it is never markup."""

    text: str
    severity: Literal["warning", "error"]


@dataclass(frozen=True)
class News:
    """What a look at the session brought. `changed`: the panes have something new to show."""

    changed: bool
    toasts: tuple[Toast, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Everything the status line tells, and what can be done now depends on.

    Without a snapshot `mode` still says what the session will be. `is_ours`: the session ends with this screen, which
    may start another after it.
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


class Monitor:
    """Follows one session at a time. `mode` is shown until the first snapshot."""

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
        self.launching = False

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
        """The newest; None before the first."""
        return self._snapshot

    @property
    def log(self) -> Snapshot | None:
        """What the event log shows: the newest snapshot with the program's own notes, which need no session."""
        if not self._own:
            return self._snapshot
        base = self._snapshot or blank(self._mode, self._own[0].at)
        return replace(base, notes=(*base.notes, *self._own), note_count=base.note_count + len(self._own))

    @property
    def condition(self) -> Condition:
        snapshot = self._snapshot
        noted = sum(note.level is Level.ALARM for note in snapshot.notes) if snapshot is not None else 0
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
        )

    def follow(self, session: Session) -> None:
        """Watch this session from now on. The last one's numbers stay until its first snapshot is there."""
        self._session = session
        self._alarms = 0
        self._own = ()
        self._why = self._failure = ""
        self._over = False
        self._stale = True
        self._seat = session.seat

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
        toasts = list(self._told(session.drain()))
        snapshot = session.snapshot()
        before = self._snapshot
        changed = stale or over != self._over
        if snapshot is not None and (before is None or _moment(snapshot) != _moment(before)):
            self._snapshot = snapshot
            changed = True
        seat = session.seat
        if seat != self._seat:
            toasts += _moved(self._seat, seat)
            self._seat = seat
            changed = True
        if over and not self._over and session.failure:
            self._failure = session.failure
            self._alarms += 1
            toasts.append(Toast(f"The session broke off: {session.failure}", "error"))
        self._over = over
        return News(changed or bool(toasts), _few(toasts))

    def _told(self, events: Iterable[AnyEvent]) -> Iterable[Toast]:
        for event in events:
            match event:
                case Noted(level=Level.ALARM):
                    self._alarms += 1
                    yield Toast(event.text, "error")
                case Noted(code=code, text=text) if code == WHEEL:
                    yield Toast(text, "warning")
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
    if now.cut_off and not before.cut_off:
        return [Toast(f"What is shown may be old: {now.cut_off}.", "error")]
    return []


def _few(toasts: list[Toast]) -> tuple[Toast, ...]:
    if len(toasts) <= TOASTS:
        return tuple(toasts)
    rest = len(toasts) - TOASTS
    return (*toasts[:TOASTS], Toast(f"… and {rest} more; see the log.", "error"))
