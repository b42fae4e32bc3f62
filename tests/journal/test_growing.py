"""Reading a journal while it is written: whole lines only, nothing twice, nothing lost."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.journal.growing import GrowingJournal
from sentio_tui.journal.reader import repair
from sentio_tui.model.events import AnyEvent, Level, Noted

LINES = [
    msgspec.json.encode(Noted(number, 60_000 * number, Level.INFO, "x", f"größe {number}")) + b"\n"
    for number in range(1, 40)
]


def _all(journal: GrowingJournal) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    while found := journal.read():
        events += found
    return events


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live_20250106_143000.jsonl"


@pytest.fixture
def journal(path: Path) -> Iterator[GrowingJournal]:
    path.write_bytes(b"")
    opened = GrowingJournal(path)
    yield opened
    opened.close()


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


@given(cuts=st.lists(st.integers(0, sum(map(len, LINES))), max_size=12))
def test_however_it_is_cut_every_event_comes_once_and_in_order(
    cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "live_20250106_143000.jsonl"
    data = b"".join(LINES)
    path.write_bytes(b"")
    journal = GrowingJournal(path)
    seen: list[AnyEvent] = []
    begin = 0
    for end in [*sorted(cuts), len(data)]:
        _append(path, data[begin:end])
        begin = end
        seen += _all(journal)
        assert len(seen) == data[:end].count(b"\n")
    journal.close()
    assert [event.seq for event in seen] == list(range(1, 40))
    assert not journal.problem


def test_torn_end_is_told_and_read_when_it_is_whole(journal: GrowingJournal, path: Path) -> None:
    _append(path, LINES[0] + LINES[1][:10])
    assert len(_all(journal)) == 1
    assert journal.torn == "the last line is not whole: 10 bytes behind line 1"
    _append(path, LINES[1][10:])
    assert [event.seq for event in _all(journal)] == [2]
    assert not journal.torn


def test_end_that_was_cut_off_and_written_anew_is_read_as_it_now_is(journal: GrowingJournal, path: Path) -> None:
    _append(path, LINES[0] + b'{"event":"note","seq":2,"at":1,"level":"info","code":"lost"')
    assert len(_all(journal)) == 1
    path.write_bytes(LINES[0])
    assert journal.is_current
    _append(path, b"".join(LINES[1:]))
    assert [event.seq for event in _all(journal)] == list(range(2, 40))
    assert not journal.problem


def test_last_line_that_is_no_json_is_torn_until_more_stands_behind_it(journal: GrowingJournal, path: Path) -> None:
    _append(path, LINES[0] + b"\x00\x00\x00\n")
    assert len(_all(journal)) == 1
    assert journal.torn
    assert not journal.problem
    _append(path, LINES[1])
    assert _all(journal) == []
    assert journal.problem.startswith("the journal is damaged at line 2: no event: ")


def test_line_that_is_no_event_ends_the_reading(journal: GrowingJournal, path: Path) -> None:
    _append(path, LINES[0] + b'{"event":"unheard_of"}\n' + LINES[1])
    assert [event.seq for event in _all(journal)] == [1]
    assert journal.problem.startswith("the journal is damaged at line 2: no event: ")
    _append(path, LINES[2])
    assert _all(journal) == []


def test_repaired_and_shortened_journal_is_current_and_goes_on(tmp_path: Path) -> None:
    from tests.web.recordings import Growing

    growing = Growing(tmp_path)
    growing.write(10)
    growing.tear()
    journal = GrowingJournal(growing.path)
    assert len(_all(journal)) == 10
    assert repair(growing.path)
    assert journal.is_current
    growing.write()
    assert len(_all(journal)) == growing.count - 10
    journal.close()


def test_file_that_was_replaced_shortened_or_removed_is_not_current(journal: GrowingJournal, path: Path) -> None:
    _append(path, b"".join(LINES))
    _all(journal)
    assert journal.is_current
    path.write_bytes(LINES[0])
    assert not journal.is_current
    path.unlink()
    assert not journal.is_current
    path.write_bytes(b"".join(LINES))
    assert not journal.is_current


def test_packed_journal_is_read_and_its_share_told(tmp_path: Path) -> None:
    path = tmp_path / "live_20250106_143000.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(LINES)))
    journal = GrowingJournal(path)
    assert len(_all(journal)) == len(LINES)
    assert journal.share == 1.0
    assert not journal.torn
    journal.close()


def test_broken_packed_journal_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "live_20250106_143000.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(LINES))[:-20])
    journal = GrowingJournal(path)
    _all(journal)
    assert journal.problem.startswith("the compressed journal is broken")
    journal.close()
