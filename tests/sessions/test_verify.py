"""A journal is proved by running the engine again, or the first event that differs is named."""

from pathlib import Path

import pytest

from sentio_tui.sessions.resume import NotResumed, resume
from sentio_tui.sessions.verify import verify
from tests.sessions.test_resume import finished, ladder, whole


def test_what_was_recorded_is_identical(tmp_path: Path) -> None:
    for original in (whole(), whole(ladder)):
        verdict = verify(original.journal)
        assert verdict.is_proved
        assert verdict.ended
        assert verdict.identical == verdict.events == len(original.events)
        assert not verdict.changed


def test_so_is_a_session_that_was_resumed(tmp_path: Path) -> None:
    original = whole()
    original.broken_at(original.line_end(333), tmp_path)
    session = resume(tmp_path, original.name)
    finished(session)
    verdict = verify(session.journal)
    assert verdict.is_proved
    assert verdict.events == len(original.events) + 1


def test_one_that_broke_off_is_proved_up_to_there(tmp_path: Path) -> None:
    original = whole()
    original.broken_at(original.line_end(100) + 3, tmp_path)
    verdict = verify(tmp_path / original.journal.name)
    assert verdict.is_proved
    assert not verdict.ended
    assert verdict.identical == verdict.events == 100
    assert "torn" in verdict.torn


def test_a_price_that_was_changed_afterwards_is_found(tmp_path: Path) -> None:
    original = whole()
    lines = original.bytes.splitlines(keepends=True)
    number = next(i for i, line in enumerate(lines) if b'"event":"order_filled"' in line)
    lines[number] = lines[number].replace(b'"price":', b'"price":9')
    path = tmp_path / original.journal.name
    path.write_bytes(b"".join(lines))
    verdict = verify(path)
    assert not verdict.is_proved
    assert verdict.identical == number
    assert f"event {number + 1} differs" in verdict.difference


def test_another_strategy_s_code_explains_a_difference(tmp_path: Path) -> None:
    original = whole()
    lines = original.bytes.splitlines(keepends=True)
    first = lines[0].replace(b'"strategy mean_reversion":"', b'"strategy mean_reversion":"0')
    assert first != lines[0]
    number = next(i for i, line in enumerate(lines) if b'"event":"order_submitted"' in line)
    lines[number] = lines[number].replace(b'"reason":"Mean', b'"reason":"Median')
    path = tmp_path / original.journal.name
    path.write_bytes(first + b"".join(lines[1:]))
    assert "strategy mean_reversion was 0" in verify(path).difference


def test_damage_in_the_middle_is_told_and_what_stands_before_it_is_run(tmp_path: Path) -> None:
    original = whole()
    lines = original.bytes.splitlines(keepends=True)
    lines[150] = b"{\n"
    path = tmp_path / original.journal.name
    path.write_bytes(b"".join(lines))
    verdict = verify(path)
    assert not verdict.is_proved
    assert "line 151" in verdict.damage
    assert verdict.identical == verdict.events == 150


def test_a_configuration_that_this_version_cannot_read_is_refused(tmp_path: Path) -> None:
    original = whole()
    lines = original.bytes.splitlines(keepends=True)
    lines[0] = lines[0].replace(b'"capital":10000.0,"duration"', b'"capital":-1,"duration"')
    path = tmp_path / original.journal.name
    path.write_bytes(b"".join(lines))
    with pytest.raises(NotResumed, match=r"configuration is that of \d.*cannot use"):
        verify(path)
