"""What reaches the disk of a session, and what is said when it does not."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from sentio_tui.engine.state import State
from sentio_tui.journal import document_writer, lock
from sentio_tui.journal.atomic import JournalError, replace_file
from sentio_tui.journal.document import read_document
from sentio_tui.journal.names import millis
from sentio_tui.model.events import SessionStarted
from sentio_tui.sessions.live import FLUSH_EVERY
from sentio_tui.sessions.recorder import Recorder, SessionsFolderError
from sentio_tui.sessions.summary import Terms
from tests.engine.scripts import START, info


def recorder(folder: Path) -> Recorder:
    made = Recorder.create(folder, START)
    started = SessionStarted(1, START, info(name=made.name))
    made.attach(State(started), Terms("", {}, 0.2, 5, 0.0, 0.0, None, 0.0))
    assert made.take([started]) == ""
    return made


async def written(made: Recorder) -> None:
    while made._writing is not None and not made._writing.done():
        await made._writing


class Clocks:
    """In the place of the recorder's `time`: clocks that a test moves on, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return START * 1_000_000 + int(self.now * 1e9)


async def test_t48_the_document_is_renewed_within_two_seconds_though_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = Clocks()
    monkeypatch.setattr("sentio_tui.sessions.recorder.time", clocks)
    made = recorder(tmp_path)
    ages = []
    for _ in range(5):
        clocks.now += FLUSH_EVERY
        if made.document.exists():
            ages.append(clocks.time_ns() // 1_000_000 - millis(read_document(made.document).updated or ""))
        await made.flush()
        await written(made)
    assert len(ages) == 4
    assert max(ages) <= 2_000
    assert await made.finish() == ""


async def test_a_document_that_cannot_be_written_is_told_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = recorder(tmp_path)
    monkeypatch.setattr("sentio_tui.sessions.recorder.DOCUMENT_EVERY", 1.0)

    def full(path: Path, parts: Iterable[bytes | bytearray]) -> None:
        raise JournalError(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr(document_writer, "replace_file", full)
    await made.flush()
    for _ in range(3):
        await written(made)
        assert "No space left" in await made.flush()
    monkeypatch.setattr(document_writer, "replace_file", replace_file)
    await written(made)
    await made.flush()
    await written(made)
    assert await made.flush() == ""
    assert await made.finish() == ""


def test_a_full_folder_is_refused_and_nothing_is_left_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes | bytearray) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(lock, "write_all", full)
    with pytest.raises(SessionsFolderError, match="Free some space"):
        Recorder.create(tmp_path, START)
    assert not list(tmp_path.iterdir())
