"""What the screen knows: a session, whether it runs here, elsewhere, or ended last month."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, TypeGuard, get_args

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
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.wheel import Seat

Unmissed = OrderFilled | OrderRejected | Noted | PhaseChanged | FaultReported | SessionEnded
"""The events a viewer must not miss. Notes for the log alone are not among them."""

_KINDS: Final = frozenset(get_args(Unmissed))
_QUIET: Final = frozenset({Level.DEBUG, Level.INFO})


def must_be_told(event: AnyEvent) -> TypeGuard[Unmissed]:
    return type(event) in _KINDS and not (isinstance(event, Noted) and event.level in _QUIET)


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
