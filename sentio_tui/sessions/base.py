"""What the screen knows: a session, whether it runs here, elsewhere, or ended last month."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, TypeGuard, get_args, runtime_checkable

from msgspec import Struct

from sentio_tui.model.bars import Millis
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.events import (
    AnyEvent,
    FaultReported,
    Level,
    Noted,
    OrderFilled,
    OrderRejected,
    PhaseChanged,
    SessionEnded,
)
from sentio_tui.model.orders import Side
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.wheel import Seat

Unmissed = OrderFilled | OrderRejected | Noted | PhaseChanged | FaultReported | SessionEnded
"""The events a viewer must not miss. Notes for the log alone are not among them."""

ALERT: Final = "alert"
BELL: Final = "alert_bell"
DESKTOP: Final = "alert_desktop"
"""Codes of notices to every screen: to be shown; to ring its bell; to be told on the desktop, title and text a line
each. Like all notices they are no part of the session: number 0, in no journal."""

_KINDS: Final = frozenset(get_args(Unmissed))
_QUIET: Final = frozenset({Level.DEBUG, Level.INFO})


def must_be_told(event: AnyEvent) -> TypeGuard[Unmissed]:
    """Words for a viewer, which have the number 0, are always told."""
    return type(event) in _KINDS and not (isinstance(event, Noted) and event.level in _QUIET and event.seq)


class Session(Protocol):
    """Every method returns at once and may be called from any one thread that is not the session's own."""

    @property
    def name(self) -> str: ...

    def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None before the first. Asking orders a fresher one for the next call."""
        ...

    def drain(self) -> Sequence[AnyEvent]:
        """The events since the last call that must not be missed, and notices to this viewer (`wheel.notice`)."""
        ...

    def send(self, command: AnyCommand) -> None:
        """Ask for something. What came of it is told by events, and by a notice among them where it was refused."""
        ...

    @property
    def seat(self) -> Seat:
        """Who drives, and whether this viewer does."""
        ...

    def take_wheel(self) -> None:
        """Drive from now on. What came of it is told by `seat`, and by a notice where it was refused."""
        ...

    @property
    def journal(self) -> Path | None:
        """The file of its events on this machine; None where there is none."""
        ...

    @property
    def ends_with_screen(self) -> bool:
        """Whether `close` ends the trading. Who only looks at a session leaves it as it is."""
        ...

    @property
    def is_over(self) -> bool:
        """No further event will come."""
        ...

    @property
    def failure(self) -> str:
        """Why the session broke off, in words for a person; empty when it did not."""
        ...

    def close(self) -> None:
        """Leave it. One that ends with the screen stops in order first, and all of it is on disk on return."""
        ...


class Place(Struct, frozen=True):
    """Where a recording stands: after which event and bar, of how many, and at which market time.

    `speed` is market time over wall time. Bar 0 is what was before the first.
    """

    event: int
    events: int
    bar: int
    bars: int
    at: Millis
    is_playing: bool
    speed: float


class MarksError(Exception):
    """The file of marks cannot be read or written; says which, and what to do."""


class RecordedFill(Struct, frozen=True, gc=False):
    """Where a fill stands in a recording."""

    event: int
    bar: int
    side: Side


class Mark(Struct, frozen=True, order=True):
    """A moment worth going back to: after `event`, at market time `at`, with a person's note."""

    event: int
    at: Millis
    note: str


@runtime_checkable
class Transport(Protocol):
    """Moves through a session that was recorded. Every method returns at once, to be called from one thread.

    Steps and jumps to something (a fill, a mark, the deepest drawdown) pause; a seek goes on playing from there. Those
    that return a bool say whether there was anything to go to.
    """

    @property
    def place(self) -> Place: ...

    @property
    def fills(self) -> Sequence[RecordedFill]: ...

    @property
    def marks(self) -> Sequence[Mark]: ...

    @property
    def loss(self) -> str:
        """What of the journal could not be read, in words; empty when all of it could."""
        ...

    def bar_of(self, event: int) -> int:
        """The bar an event belongs to."""
        ...

    def find_time(self, text: str) -> Millis:
        """The market time a person means by "HH:MM" or "YYYY-MM-DD HH:MM" on the exchange's clock.

        Raises ValueError, in words, for what is no time, or none of this session.
        """
        ...

    def play(self) -> None:
        """Go on by the market's time and the speed; at the end, from the start."""
        ...

    def pause(self) -> None: ...

    def set_speed(self, speed: float) -> None: ...

    def step_bar(self, by: int) -> bool:
        """So many bars on, or back with a negative number: to the end of a bar, when all that came of it is there."""
        ...

    def step_fill(self, by: int) -> bool: ...

    def step_mark(self, by: int) -> bool: ...

    def seek(self, event: int) -> None:
        """To the moment after an event; beyond the first and last, to the nearest."""
        ...

    def seek_bar(self, bar: int) -> None: ...

    def seek_time(self, at: Millis) -> None: ...

    def seek_deepest(self) -> bool:
        """To the deepest drawdown."""
        ...

    def set_mark(self, note: str) -> None:
        """Mark this moment, on disk. Raises MarksError."""
        ...

    def remove_mark(self, event: int) -> None:
        """Take away the mark at an event. Raises MarksError."""
        ...


class Recorded(Session, Transport, Protocol):
    """A session that is over, or one's past, with the transport that moves through it."""
