"""Recordings for tests: of a scripted engine, with the snapshots there were while it ran."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec.structs import replace

from sentio_tui.engine.engine import Engine
from sentio_tui.engine.view import Viewer
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.recorded import RecordedSession
from sentio_tui.sessions.recording import Recording
from sentio_tui.settings import FeedSettings
from tests.engine.scripts import COIN, bar, engine, run

USUAL = FeedSettings()
L, N, S = Direction.LONG, Direction.NEUTRAL, Direction.SHORT


class Wall:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def fingerprint(snapshot: Snapshot) -> str:
    """A snapshot as a hash of its encoding. What a session takes is its own business: a recording takes nothing."""
    return sha256(msgspec.json.encode(replace(snapshot, accepts=frozenset()))).hexdigest()


def watched(made: Engine, inputs: Sequence[Bar | AnyCommand]) -> tuple[list[AnyEvent], dict[int, str]]:
    """The events of a session, and the fingerprint of what its screen would have shown after each turn."""
    viewer = Viewer(made.state, USUAL.speed, round(USUAL.stale_after * 1000))
    events = list(made.open())
    seen = {made.state.seq: fingerprint(viewer.snapshot())}
    for one in inputs:
        if isinstance(one, Bar):
            events += made.bar(one, one.time + MINUTE)
        else:
            events += made.command(one, "test", made.state.at)
        seen[made.state.seq] = fingerprint(viewer.snapshot())
    return events, seen


def swings(bars: int = 40) -> list[AnyEvent]:
    """A session of one symbol that buys and sells every five bars, at prices that rise and then fall."""
    script = [(L, N, N, S, N)[number % 5] for number in range(bars)]
    prices = [
        100.0 + number if number < bars // 2 else 100.0 + bars - 2 * (number - bars // 2) for number in range(bars)
    ]
    return run(engine({COIN: script}), [bar(minute, max(price, 5.0)) for minute, price in enumerate(prices)])


def recorded(events: Sequence[AnyEvent], folder: Path, wall: Callable[[], float] | None = None) -> RecordedSession:
    """A session of these events; its marks go to the folder."""
    recording = Recording(events)
    return RecordedSession(recording, folder / f"{recording.info.name}.jsonl", wall or Wall())


def write(path: Path, events: Sequence[AnyEvent]) -> Path:
    """The journal of these events."""
    writer = JournalWriter(path)
    writer.append(events)
    writer.close()
    return path
