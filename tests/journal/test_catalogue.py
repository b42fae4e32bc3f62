import gzip
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from sentio_tui.journal import catalogue
from sentio_tui.journal.catalogue import SessionState, UnknownSession, find, listing
from sentio_tui.journal.document import DocumentHead, EquityPoint
from sentio_tui.journal.document_writer import DocumentWriter
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import document_path, iso, journal_path, session_lock_path
from sentio_tui.journal.reader import tail_event
from sentio_tui.model.events import AnyEvent, SessionEnded

Make = Callable[[int], list[AnyEvent]]
START = 1_736_121_600_000
NAME = "live_20250106_000000"


def write_document(folder: Path, head: DocumentHead) -> None:
    DocumentWriter(document_path(folder, head.session_name)).write(head, [], [EquityPoint(iso(0), 1.0)])


def write_journal(path: Path, events: list[AnyEvent]) -> None:
    data = msgspec.json.Encoder().encode_lines(events)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def test_an_ended_session(tmp_path: Path, head: DocumentHead, make_events: Make) -> None:
    write_document(tmp_path, replace(head, state="ended", end_time=iso(START + 60_000)))
    write_journal(journal_path(tmp_path, NAME), make_events(3))
    (found,) = listing(tmp_path)
    assert found.state is SessionState.ENDED
    assert found.problem == ""
    assert (found.name, found.path) == (NAME, str(journal_path(tmp_path, NAME)))
    assert (found.mode, found.strategy, found.symbols) == ("sim", "momentum", ("BTC-USD",))
    assert (found.started, found.ended, found.capital) == (START, START + 60_000, 10_000.0)
    assert (found.return_fraction, found.max_drawdown) == (0.01, 0.025)
    assert (found.fills, found.closed_trades) == (3, 1)


def test_running_is_who_holds_the_lock_and_interrupted_who_does_not(
    tmp_path: Path, head: DocumentHead, make_events: Make
) -> None:
    write_document(tmp_path, head)
    write_journal(journal_path(tmp_path, NAME), make_events(3))
    session_lock_path(tmp_path, NAME).write_text('{"pid":1}')
    assert find(tmp_path, NAME).state is SessionState.INTERRUPTED
    with SessionLock(session_lock_path(tmp_path, NAME), NAME, START):
        assert find(tmp_path, NAME).state is SessionState.RUNNING
        assert find(tmp_path, NAME).problem == ""
    assert find(tmp_path, NAME).state is SessionState.INTERRUPTED


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_missing_summary_is_made_up_for_by_the_journal(tmp_path: Path, make_events: Make, suffix: str) -> None:
    events = make_events(5)
    path = tmp_path / (NAME + suffix)
    write_journal(path, events)
    (found,) = listing(tmp_path)
    assert found.state is SessionState.INTERRUPTED
    assert found.problem == "the summary is missing"
    assert (found.mode, found.strategy, found.symbols) == ("sim", "momentum", ("BTC-USD",))
    assert (found.started, found.capital, found.path) == (START, 10_000.0, str(path))
    assert (found.return_fraction, found.fills, found.max_drawdown) == (None, None, None)
    write_journal(path, [*events, SessionEnded(6, START, "done")])
    assert find(tmp_path, NAME).state is SessionState.ENDED


def test_a_summary_that_does_not_know_of_the_end(tmp_path: Path, head: DocumentHead, make_events: Make) -> None:
    write_document(tmp_path, head)
    write_journal(journal_path(tmp_path, NAME), [*make_events(5), SessionEnded(6, START, "done")])
    found = find(tmp_path, NAME)
    assert found.state is SessionState.ENDED
    assert found.return_fraction == 0.01
    assert found.problem == "the summary is older than the journal"


def test_t40_broken_files_are_listed_with_what_is_wrong(tmp_path: Path, make_events: Make) -> None:
    document = document_path(tmp_path, NAME)
    document.write_text('{"session_name": ')
    (found,) = listing(tmp_path)
    assert found.state is SessionState.UNREADABLE
    assert str(document) in found.problem
    journal_path(tmp_path, NAME).write_text("junk\n")
    (found,) = listing(tmp_path)
    assert found.state is SessionState.UNREADABLE
    assert "the summary cannot be read" in found.problem
    assert "the journal cannot be read" in found.problem
    write_journal(journal_path(tmp_path, NAME), make_events(3))
    (found,) = listing(tmp_path)
    assert found.state is SessionState.INTERRUPTED
    assert "the summary cannot be read" in found.problem


def test_a_session_killed_before_its_first_event(tmp_path: Path) -> None:
    journal_path(tmp_path, NAME).touch()
    (found,) = listing(tmp_path)
    assert found.state is SessionState.UNREADABLE
    assert "before its first event" in found.problem


def test_t44_only_sessions_count_whatever_is_newer(tmp_path: Path, head: DocumentHead) -> None:
    write_document(tmp_path, head)
    text = document_path(tmp_path, NAME).read_text()
    for name in ("results.json", "live_now.json", f"{NAME}.json.bak", f"old_{NAME}.json", f".{NAME}.json.1.0.tmp"):
        (tmp_path / name).write_text(text)
    (tmp_path / "live_20260101_000000.json").mkdir()
    (tmp_path / "live_20270101_000000.lock").touch()
    (tmp_path / "README.md").touch()
    assert [found.name for found in listing(tmp_path)] == [NAME]


def test_t44_a_session_of_the_original(tmp_path: Path, head: DocumentHead) -> None:
    write_document(tmp_path, replace(head, end_time=iso(START + 60_000)))
    path = document_path(tmp_path, NAME)
    data = json.loads(path.read_text())
    for key in ("schema_version", "state", "mode", "signal_stats", "config"):
        del data[key]
    path.write_text(json.dumps(data, indent=2))
    (found,) = listing(tmp_path)
    assert (found.state, found.capital, found.mode, found.path) == (SessionState.ENDED, 10_000.0, None, str(path))


def test_newest_first(tmp_path: Path, head: DocumentHead) -> None:
    names = [f"{NAME}_10", f"{NAME}_2", NAME, "live_20241231_235959_3", "live_20241231_235959"]
    for name in reversed(names):
        write_document(tmp_path, replace(head, session_name=name))
    assert [found.name for found in listing(tmp_path)] == names


def test_a_thousand_sessions_are_listed_from_their_heads(
    tmp_path: Path, head: DocumentHead, make_events: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = replace(head, state="ended", end_time=iso(START))
    write_document(tmp_path, ended)
    text = document_path(tmp_path, NAME).read_bytes()
    for number in range(2, 1001):
        document_path(tmp_path, f"{NAME}_{number}").write_bytes(text)
        journal_path(tmp_path, f"{NAME}_{number}").touch()

    def refuse(*_: object) -> None:
        raise AssertionError("a journal was read")

    monkeypatch.setattr(catalogue, "tail_event", refuse)
    monkeypatch.setattr(catalogue, "head", refuse)
    assert len(listing(tmp_path)) == 1000


def test_the_end_of_a_compressed_journal_is_looked_for_once(
    tmp_path: Path, head: DocumentHead, make_events: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []

    def look(path: Path) -> AnyEvent | None:
        looks.append(path)
        return tail_event(path)

    monkeypatch.setattr(catalogue, "tail_event", look)
    packed = tmp_path / f"{NAME}.jsonl.gz"
    write_document(tmp_path, head)
    write_journal(packed, make_events(5))
    assert [listing(tmp_path)[0].state for _ in range(3)] == [SessionState.INTERRUPTED] * 3
    assert looks == [packed]
    write_journal(packed, [*make_events(5), SessionEnded(6, START, "done")])
    assert find(tmp_path, NAME).state is SessionState.ENDED


def test_no_folder_no_sessions(tmp_path: Path) -> None:
    assert listing(tmp_path / "nowhere") == []
    with pytest.raises(UnknownSession, match="There are none"):
        find(tmp_path / "nowhere", NAME)


def test_unknown_names_get_the_nearest(tmp_path: Path, head: DocumentHead) -> None:
    for name in (NAME, "live_20250107_120000", "live_20251224_180000"):
        write_document(tmp_path, replace(head, session_name=name))
    with pytest.raises(UnknownSession) as caught:
        find(tmp_path, "live_20250106_00000")
    assert caught.value.nearest[0] == NAME
    assert f"no session 'live_20250106_00000'. Did you mean {NAME}" in str(caught.value)
    with pytest.raises(UnknownSession) as caught:
        find(tmp_path, f"../{tmp_path.name}/zzz")
    assert caught.value.nearest[0] == "live_20251224_180000"
