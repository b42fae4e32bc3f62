"""Stand-ins for the screen's tests: a session that plays frozen snapshots, a clock, and panes that only count."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Static

from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.events import AnyEvent
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.wheel import ALONE
from sentio_tui.ui.actions import PANES


class FakeSession:
    """Shows the first of the given snapshots until `step`, the last one for ever; keeps every command it was sent."""

    def __init__(self, snapshots: Iterable[Snapshot] = (), events: Iterable[AnyEvent] = ()) -> None:
        self.snapshots = list(snapshots)
        self.events = list(events)
        self.commands: list[AnyCommand] = []
        self.is_over = False
        self.failure = ""
        self.closed = 0
        self.journal: Path | None = None
        self.ends_with_screen = True
        self.seat = ALONE
        self.wheel_taken = 0

    @property
    def name(self) -> str:
        return "fake"

    def snapshot(self) -> Snapshot | None:
        return self.snapshots[0] if self.snapshots else None

    def step(self) -> None:
        """Go on to the next snapshot."""
        if len(self.snapshots) > 1:
            self.snapshots.pop(0)

    def drain(self) -> Sequence[AnyEvent]:
        events, self.events = self.events, []
        return events

    def send(self, command: AnyCommand) -> None:
        self.commands.append(command)

    def take_wheel(self) -> None:
        self.wheel_taken += 1

    def close(self) -> None:
        self.closed += 1
        self.is_over = True


class SlowSession(FakeSession):
    """Closes when it is let go, or when it is told to stop once more."""

    def __init__(self, snapshots: Iterable[Snapshot] = ()) -> None:
        super().__init__(snapshots)
        self.go = threading.Event()

    def send(self, command: AnyCommand) -> None:
        super().send(command)
        self.go.set()

    def close(self) -> None:
        self.go.wait()
        super().close()


class FakeClock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        """A minute more than that: a key counts from when it came, and a busy machine takes it late."""
        self.now += seconds + 60.0


class FakePane(Static, can_focus=True):
    """A pane that keeps what it was shown."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.border_title = f"{PANES.index(name) + 1} {name.capitalize()}"
        self.shown: list[Snapshot] = []

    def show(self, snapshot: Snapshot) -> None:
        self.shown.append(snapshot)
        self.update(f"{snapshot.seq}")


class FakeTable(FakePane):
    """A pane with rows: counts how often it was asked to filter and to sort."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked: list[str] = []

    def action_filter(self) -> None:
        self.asked.append("filter")

    def action_sort(self) -> None:
        self.asked.append("sort")

    def action_reverse(self) -> None:
        self.asked.append("reverse")


def fake_panes() -> Sequence[Widget]:
    tables = {"positions", "trades", "log"}
    order = ("metrics", "equity", "decision", "positions", "trades", "log")
    return tuple(FakeTable(name) if name in tables else FakePane(name) for name in order)
