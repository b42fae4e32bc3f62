"""Sessions on disk for the tests of the dashboard, ended or still being written."""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from sentio_tui.sessions.assemble import assemble
from sentio_tui.settings import Settings
from tests.sessions.places import simulated


@lru_cache(maxsize=8)
def lines_of(minutes: float, seed: int = 18) -> tuple[str, tuple[bytes, ...]]:
    """The name of a recorded session that traded often, and the lines of its journal."""
    with TemporaryDirectory() as folder:
        return recorded(Path(folder), simulated(minutes, seed=seed))


def recorded(folder: Path, settings: Settings) -> tuple[str, tuple[bytes, ...]]:
    """Run a session to its end in this folder."""
    session = assemble(settings, folder)
    session.start()
    assert session.wait(120.0)
    assert not session.failure
    return session.name, tuple(session.journal.read_bytes().splitlines(keepends=True))


class Growing:
    """A journal in a folder that is written piece by piece, as its session did."""

    def __init__(self, folder: Path, minutes: float = 240.0) -> None:
        self.name, self._lines = lines_of(minutes)
        self.path = folder / f"{self.name}.jsonl"
        self._written = 0

    @property
    def count(self) -> int:
        return len(self._lines)

    def write(self, count: int | None = None) -> None:
        """The next events; all the rest without a number."""
        stop = self.count if count is None else self._written + count
        with self.path.open("ab") as file:
            file.write(b"".join(self._lines[self._written : stop]))
        self._written = stop

    def write_until_fills(self, count: int) -> None:
        """Up to the end of the turn in which there are so many fills."""
        seen = 0
        for number, line in enumerate(self._lines):
            seen += msgspec.json.decode(line)["event"] == "order_filled"
            if seen == count and number >= self._written:
                self.write(number + 1 - self._written)
                return
        raise AssertionError(f"{self.name} has no {count} fills")

    def tear(self, size: int = 20) -> None:
        """Write the beginning of the next event, as a crash leaves it."""
        with self.path.open("ab") as file:
            file.write(self._lines[self._written][:size])
