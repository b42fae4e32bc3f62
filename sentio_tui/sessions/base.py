"""What the screen knows: a session, whether it runs here, elsewhere, or ended last month."""

from collections.abc import Sequence
from typing import Protocol

from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.events import AnyEvent
from sentio_tui.model.snapshot import Snapshot


class Session(Protocol):
    """Every method returns at once and may be called from any one thread that is not the session's own."""

    @property
    def name(self) -> str: ...

    def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None before the first. Asking orders a fresher one for the next call."""
        ...

    def drain(self) -> Sequence[AnyEvent]:
        """The events since the last call that must not be missed: fills, rejects, alarms, changes of phase."""
        ...

    def send(self, command: AnyCommand) -> None:
        """Ask for something. What came of it is told by events."""
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
        """Stop in order and wait until everything is on disk."""
        ...
