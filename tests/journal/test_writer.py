import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.journal import writer as module
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.reader import JournalDamaged, read_all
from sentio_tui.journal.writer import JournalRemoved, JournalWriter, needs_sync
from sentio_tui.model.bars import Bar
from sentio_tui.model.events import AnyEvent, BarDropped, Level, Noted

Make = Callable[[int], list[AnyEvent]]


class Disk:
    """Stands in for os.write: takes as many bytes as there is room for, and refuses the rest."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._write = os.write

    def write(self, descriptor: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = self._write(descriptor, data[: self.room])
        self.room -= done
        return done


def lines(events: list[AnyEvent]) -> bytes:
    return msgspec.json.Encoder().encode_lines(events)


def test_one_event_a_line_for_the_owner_alone(tmp_path: Path, make_events: Make) -> None:
    path = tmp_path / "a.jsonl"
    events = make_events(20)
    writer = JournalWriter(path)
    writer.append(events[:1])
    writer.append([])
    writer.append_durable(events[1:])
    writer.close()
    writer.close()
    assert path.read_bytes() == lines(events)
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == list(range(1, 21))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert writer.last_seq == 20


def test_never_over_another_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        JournalWriter(path)
    assert path.read_text() == "precious"


def test_a_missing_or_read_only_folder_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(JournalError, match=r"nowhere/a\.jsonl.*Create the folder"):
        JournalWriter(tmp_path / "nowhere" / "a.jsonl")

    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(JournalError, match="another folder"):
        JournalWriter(tmp_path / "a.jsonl")


def test_numbers_must_follow(tmp_path: Path, make_events: Make) -> None:
    events = make_events(6)
    path = tmp_path / "a.jsonl"
    writer = JournalWriter(path)
    with pytest.raises(ValueError, match="begins with session_started"):
        writer.append([Noted(1, 0, Level.INFO, "a", "b")])
    with pytest.raises(ValueError, match="event 3 cannot follow event 1"):
        writer.append([events[0], events[2]])
    assert path.read_bytes() == b""
    writer.append(events[:3])
    for wrong in (events[2:4], events[4:]):
        with pytest.raises(ValueError, match="cannot follow event 3"):
            writer.append(wrong)
    with pytest.raises(UnicodeEncodeError):
        writer.append([Noted(4, 0, Level.INFO, "a", "\ud800")])
    writer.append(events[3:])
    writer.close()
    assert read_all(path).events == events
    with pytest.raises(ValueError, match="closed"):
        writer.append(events)


def test_what_must_be_on_disk_at_once() -> None:
    waiting = {"bar", "bar_dropped", "timer", "feed", "decision", "model", "phase", "note"}
    tags = {kind.__struct_config__.tag: kind for kind in get_args(AnyEvent)}
    assert {
        tag for tag, kind in tags.items() if not needs_sync(kind(**dict.fromkeys(kind.__struct_fields__)))
    } == waiting


def test_figures_that_are_no_numbers_come_back(tmp_path: Path, make_events: Make) -> None:
    first = make_events(1)[0]
    bar = Bar("X", 1, float("nan"), float("inf"), float("-inf"), 2.0, 3.0)
    writer = JournalWriter(tmp_path / "a.jsonl")
    writer.append([first, BarDropped(2, 1, bar, 'null "nan"'), *make_events(4)[2:]])
    writer.close()
    content = read_all(tmp_path / "a.jsonl")
    assert content.torn is None
    assert repr(content.events[1]) == repr(BarDropped(2, 1, bar, 'null "nan"'))
    assert content.events[2:] == make_events(4)[2:]


def test_null_in_a_text_changes_no_byte(tmp_path: Path, make_events: Make) -> None:
    """The careful way of encoding gives the same bytes as the fast one."""
    events = make_events(12)
    path = tmp_path / "a.jsonl"
    writer = JournalWriter(path)
    writer.append(events)
    writer.close()
    assert b"null" in lines(events)
    assert path.read_bytes() == lines(events)


@pytest.mark.parametrize("room", [0, 1, 700, 900, 1500])
def test_a_full_disk_loses_nothing(
    tmp_path: Path, make_events: Make, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    events = make_events(20)
    path = tmp_path / "a.jsonl"
    writer = JournalWriter(path)
    disk = Disk(room)
    monkeypatch.setattr(os, "write", disk.write)
    with pytest.raises(JournalError, match="No space left") as caught:
        writer.append(events[:15])
    assert caught.value.path == path
    assert caught.value.cause.errno == errno.ENOSPC
    whole = read_all(path)
    assert whole.torn is None
    assert whole.events == events[: 15 - writer.pending_count]
    assert writer.pending_count > 0
    with pytest.raises(JournalError):
        writer.append_durable(events[15:18])
    with pytest.raises(JournalError):
        writer.retry()
    with pytest.raises(JournalError):
        writer.sync()
    disk.room = 1 << 20
    writer.retry()
    assert writer.pending_count == 0
    assert read_all(path).events == events[:18]
    writer.append(events[18:])
    writer.close()
    assert path.read_bytes() == lines(events)


def test_half_a_line_that_cannot_be_cut_is_overwritten(
    tmp_path: Path, make_events: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = make_events(10)
    path = tmp_path / "a.jsonl"
    writer = JournalWriter(path)

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "ftruncate", refuse)
    disk = Disk(900)
    monkeypatch.setattr(os, "write", disk.write)
    with pytest.raises(JournalError):
        writer.append(events)
    assert read_all(path).torn is not None
    disk.room = 1 << 20
    writer.retry()
    writer.close()
    assert path.read_bytes() == lines(events)


@given(
    batches=st.lists(st.integers(1, 5), min_size=1, max_size=8),
    rooms=st.lists(st.integers(0, 1500), min_size=0, max_size=12),
)
def test_whatever_fails_the_bytes_are_those_of_a_run_without_failure(
    tmp_path_factory: pytest.TempPathFactory, make_events: Make, batches: list[int], rooms: list[int]
) -> None:
    events = make_events(sum(batches))
    path = tmp_path_factory.mktemp("journal") / "a.jsonl"
    writer = JournalWriter(path)
    refills = iter(rooms)
    disk = Disk(0)
    taken = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", disk.write)
        for size in batches:
            disk.room = next(refills, 1 << 20)
            try:
                writer.append(events[taken : taken + size])
            except JournalError:
                assert writer.pending_count
            else:
                assert not writer.pending_count
            taken += size
            content = read_all(path)
            assert content.torn is None
            assert content.events == events[: taken - writer.pending_count]
        disk.room = 1 << 20
        writer.close()
    assert path.read_bytes() == lines(events)


def test_what_a_failed_sync_may_have_lost_is_written_again(
    tmp_path: Path, make_events: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that fails to write a page may forget it and report success the next time."""
    events = make_events(12)
    path = tmp_path / "a.jsonl"
    writer = JournalWriter(path)
    writer.append_durable(events[:3])
    sound = path.stat().st_size

    def forget(descriptor: int) -> None:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(sound)
            file.write(bytes(size - sound))
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", forget)
        with pytest.raises(JournalError, match="disk reports a failure"):
            writer.append_durable(events[3:9])
    writer.append_durable(events[9:])
    assert path.read_bytes() == lines(events)
    writer.close()


def test_what_is_kept_for_a_second_attempt_is_bounded(
    tmp_path: Path, make_events: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(module, "LARGEST_UNSYNCED", 1000)
    monkeypatch.setattr(os, "fdatasync", synced.append)
    writer = JournalWriter(tmp_path / "a.jsonl")
    events = make_events(100)
    for event in events:
        writer.append([event])
    total = len(lines(events))
    assert total / 2000 < len(synced) <= total / 1000
    writer.close()


def test_closing_a_full_disk_tells_and_closes(
    tmp_path: Path, make_events: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "a.jsonl")
    monkeypatch.setattr(os, "write", Disk(0).write)
    with pytest.raises(JournalError):
        writer.append(make_events(2))
    with pytest.raises(JournalError):
        writer.close()
    writer.close()


FULL = """
import resource, sys
from pathlib import Path
import msgspec
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.reader import read_all
from sentio_tui.journal.writer import JournalWriter
source, target = Path(sys.argv[1]), Path(sys.argv[2])
events = read_all(source).events
writer = JournalWriter(target)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
try:
    writer.append_durable(events)
except JournalError as error:
    whole = read_all(target)
    assert whole.torn is None and len(whole.events) == len(events) - writer.pending_count
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.retry()
writer.close()
"""


def test_a_real_limit_in_a_real_process(tmp_path: Path, make_events: Make) -> None:
    source = tmp_path / "source.jsonl"
    target = tmp_path / "target.jsonl"
    source.write_bytes(lines(make_events(30)))
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(source), str(target)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "File too large" in done.stdout
    assert target.read_bytes() == source.read_bytes()


def test_going_on_after_the_last_event(tmp_path: Path, make_events: Make) -> None:
    events = make_events(30)
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(events[:11]))
    with pytest.raises(JournalDamaged, match="the last event is 11, not 12"):
        JournalWriter.resume(path, 12)
    writer = JournalWriter.resume(path, 11)
    with pytest.raises(ValueError, match="cannot follow event 11"):
        writer.append(events[12:])
    writer.append(events[11:])
    writer.close()
    assert path.read_bytes() == lines(events)


@pytest.mark.parametrize("tail", [b'{"event":"note"', b'{"event":"no\n'])
def test_never_on_after_a_torn_end(tmp_path: Path, make_events: Make, tail: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(make_events(5)) + tail)
    with pytest.raises(JournalDamaged, match="repair"):
        JournalWriter.resume(path, 5)


def test_a_journal_that_is_removed_while_it_is_written_is_written_anew_and_told(
    tmp_path: Path, make_events: Make
) -> None:
    path = tmp_path / "a.jsonl"
    events = make_events(12)
    writer = JournalWriter(path)
    writer.append_durable(events[:4])
    path.unlink()
    writer.append(events[4:8])
    with pytest.raises(JournalRemoved, match="nothing is lost"):
        writer.sync()
    assert path.read_bytes() == lines(events[:8])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    writer.append_durable(events[8:10])
    path.unlink()
    writer.append(events[10:])
    writer.close()
    assert path.read_bytes() == lines(events)


def test_another_file_in_the_place_of_a_removed_journal_is_left_alone(tmp_path: Path, make_events: Make) -> None:
    path = tmp_path / "a.jsonl"
    events = make_events(4)
    writer = JournalWriter(path)
    writer.append_durable(events[:2])
    path.unlink()
    path.write_text("somebody's")
    with pytest.raises(JournalError, match="File exists"):
        writer.append_durable(events[2:])
    assert path.read_text() == "somebody's"
    path.unlink()
    with pytest.raises(JournalRemoved):
        writer.sync()
    assert path.read_bytes() == lines(events)
    writer.close()
