"""The cockpit on a session that only shows snapshots: `python -m benchmarks.dashboard CHANGES_A_SECOND`.

Without changes there is nothing to paint, so what the process costs is what a change costs.
"""

import sys
import time
from collections.abc import Sequence
from typing import Final

from benchmarks import market
from sentio_tui.engine.view import Viewer
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.events import AnyEvent
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.wheel import ALONE

BEFORE: Final = 600
"""Minutes of trading before the first snapshot, so that every pane has something to show."""
SNAPSHOTS: Final = 600
"""One a minute; more than any measurement shows."""


class Shown:
    """Implements `sessions.base.Session`: the next snapshot whenever its time has come."""

    name = "benchmark"
    failure = ""

    def __init__(self, snapshots: Sequence[Snapshot], rate: float) -> None:
        self._snapshots = snapshots
        self._rate = rate
        self._begun = time.monotonic()
        self.is_over = False
        self.journal = None
        self.ends_with_screen = True
        self.seat = ALONE

    def snapshot(self) -> Snapshot | None:
        number = int((time.monotonic() - self._begun) * self._rate)
        return self._snapshots[min(number, len(self._snapshots) - 1)]

    def drain(self) -> Sequence[AnyEvent]:
        return ()

    def send(self, command: AnyCommand) -> None:
        """Takes no command."""

    def take_wheel(self) -> None:
        """There is nobody to take it from."""

    def close(self) -> None:
        self.is_over = True


def snapshots(count: int, before: int = BEFORE) -> list[Snapshot]:
    """Successive minutes of a session that trades."""
    engine = market.crossover()
    engine.open()
    viewer = Viewer(engine.state, 0.0, 2 * MINUTE)
    shown = []
    for number, bar in enumerate(market.bars(before + count)):
        engine.bar(bar, bar.time + MINUTE)
        if number >= before:
            shown.append(viewer.snapshot())
    return shown


def main(rate: float) -> int:
    """Show it until a signal ends it."""
    from sentio_tui import paths
    from sentio_tui.settings import Settings
    from sentio_tui.ui.app import Cockpit, run

    made = snapshots(SNAPSHOTS)
    return run(Cockpit(lambda: Shown(made, rate), Settings(), [paths.packaged_themes()]))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
