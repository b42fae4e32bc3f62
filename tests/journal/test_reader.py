import gzip
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.journal import reader
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.reader import JournalDamaged, head, read_all, repair, tail, tail_event
from sentio_tui.model.events import AnyEvent

Make = Callable[[int], list[AnyEvent]]


def lines(events: list[AnyEvent]) -> bytes:
    return msgspec.json.Encoder().encode_lines(events)


def test_every_prefix_is_whole_or_recovered_to_the_last_whole_event(tmp_path: Path, make_events: Make) -> None:
    events = make_events(8)
    data = lines(events)
    path = tmp_path / "a.jsonl"
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        whole = data[:size].count(b"\n")
        content = read_all(path)
        assert content.events == events[:whole]
        assert content.good_bytes == len(lines(events[:whole]))
        assert (content.torn is None) == (content.good_bytes == size)
        assert tail(path) == ((events[whole - 1], content.good_bytes) if whole else (None, 0))
        said = repair(path)
        assert (said is None) == (content.torn is None)
        assert path.read_bytes() == lines(events[:whole])


@pytest.mark.parametrize("piece", [1, 100, 1_000])
def test_a_journal_is_read_the_same_in_pieces_of_any_length(
    tmp_path: Path, make_events: Make, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(reader, "_PIECE", piece)
    events = make_events(8)
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(events) + b"{")
    content = read_all(path)
    assert content.events == events
    assert content.good_bytes == len(lines(events))


@given(at=st.integers(0, 2999), bit=st.integers(0, 7))
def test_a_flipped_bit_is_damage_with_a_place_or_another_event(
    tmp_path_factory: pytest.TempPathFactory, make_events: Make, at: int, bit: int
) -> None:
    """Never is an event before the damage lost, nor one behind it taken for its neighbour."""
    events = make_events(14)
    data = bytearray(lines(events))
    at %= len(data)
    line = data[:at].count(b"\n") + 1
    data[at] ^= 1 << bit
    path = tmp_path_factory.mktemp("journal") / "a.jsonl"
    path.write_bytes(data)
    damage = None
    try:
        content = read_all(path)
    except JournalDamaged as found:
        damage = found
        content = damage.good
    if damage:
        assert damage.line in {line, line + 1}
        assert f"line {damage.line}" in str(damage)
        assert content.events[: line - 1] == events[: line - 1]
    else:
        assert content.events[: line - 1] == events[: line - 1]
        # A line break that is gone makes one torn line of the last two.
        lost = 2 if lines(events)[at] == ord("\n") else 1
        assert len(content.events) == len(events) or (content.torn and len(content.events) >= len(events) - lost)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([1, 2, 4, 5], "line 3: event 4 stands where event 3 was due. The 2 events before it are whole."),
        ([1, 2, 2, 3], "line 3: event 2 stands where event 3 was due"),
        ([1, 3], "line 2: event 3 stands where event 2 was due. The 1 event before it is whole."),
        ([2, 3], "line 1: the first event is not session_started. No event before it is whole."),
    ],
)
def test_gaps_and_repeats_are_damage(tmp_path: Path, make_events: Make, rows: list[int], problem: str) -> None:
    events = make_events(6)
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines([events[row - 1] for row in rows]))
    with pytest.raises(JournalDamaged) as caught:
        read_all(path)
    assert str(caught.value).startswith(f"{path}, {problem}")
    with pytest.raises(JournalDamaged):
        repair(path)
    assert path.read_bytes() == lines([events[row - 1] for row in rows])


@pytest.mark.parametrize("bad", [b"", b"{", b"\0\0\0", b"\xff", b'{"event":"unheard_of","seq":4}'])
def test_a_bad_line_in_the_middle_is_damage(tmp_path: Path, make_events: Make, bad: bytes) -> None:
    events = make_events(6)
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(events[:3]) + bad + b"\n" + lines(events[4:]))
    with pytest.raises(JournalDamaged, match="line 4: no event") as caught:
        read_all(path)
    assert caught.value.good.events == events[:3]
    assert caught.value.good.good_bytes == len(lines(events[:3]))


def test_a_bad_last_line_is_torn_only_if_it_is_no_json(tmp_path: Path, make_events: Make) -> None:
    events = make_events(3)
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(events) + b'{"event":"no\0\0\n')
    content = read_all(path)
    assert content.events == events
    assert content.torn is not None
    assert f"from byte {len(lines(events))} on" in content.torn
    assert tail_event(path) == events[-1]
    path.write_bytes(lines(events) + b'{"event":"from_a_newer_program","seq":4,"at":1}\n')
    for function in (read_all, tail_event, repair):
        with pytest.raises(JournalDamaged, match="from_a_newer_program"):
            function(path)


@pytest.mark.parametrize("text", [b"hello", b"hello\n", b'{"metrics":{}}', b"{}\n", b"\n"])
def test_another_file_is_no_journal_and_is_left_alone(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(text)
    for function in (read_all, repair, head):
        with pytest.raises(JournalDamaged, match="line 1"):
            function(path)
    assert path.read_bytes() == text


def test_compressed_journals(tmp_path: Path, make_events: Make) -> None:
    events = make_events(50)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(lines(events)))
    assert read_all(path).events == events
    assert head(path) == events[0]
    assert tail_event(path) == events[-1]
    with pytest.raises(ValueError, match="gunzip"):
        repair(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(JournalDamaged, match="compressed file is broken"):
        read_all(path)
    path.write_bytes(b"junk")
    with pytest.raises(JournalDamaged, match="compressed file is broken"):
        head(path)


@pytest.mark.parametrize("block", [1, 7, 64, 4096])
def test_the_last_event_is_found_from_the_end(
    tmp_path: Path, make_events: Make, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(reader, "_BLOCK", block)
    events = make_events(9)
    path = tmp_path / "a.jsonl"
    for junk in (b"", b'{"event":', b"{]\n", b"{]\n{]\n{"):
        path.write_bytes(lines(events) + junk)
        assert tail(path) == (events[-1], len(lines(events)))


def test_the_head_alone(tmp_path: Path, make_events: Make) -> None:
    events = make_events(3)
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(events)[:-5] + b"junk\n" * 3)
    assert head(path) == events[0]
    path.write_bytes(lines(events)[:50])
    with pytest.raises(JournalDamaged, match="before its first event"):
        head(path)
    path.write_bytes(lines(events[1:]))
    with pytest.raises(JournalDamaged, match="not session_started"):
        head(path)


def test_repair_says_what_was_cut(tmp_path: Path, make_events: Make) -> None:
    path = tmp_path / "a.jsonl"
    data = lines(make_events(4))
    path.write_bytes(data[:-10])
    good = len(lines(make_events(3)))
    said = repair(path)
    assert said is not None
    assert f"{len(data) - 10 - good} bytes from byte {good} on" in said
    assert '{"event":"order_filled"' not in said
    assert "3 whole events remain" in said
    assert repair(path) is None


def test_a_repair_that_cannot_be_written(tmp_path: Path, make_events: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(make_events(4))[:-10])

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(JournalError, match="writable"):
        repair(path)
