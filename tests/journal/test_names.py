import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.names import (
    create_journal,
    document_path,
    is_session_name,
    iso,
    journal_path,
    millis,
    name_order,
    new_name,
    session_lock_path,
)

START = 1_736_121_600_000
NAME = "live_20250106_000000"


@given(st.integers(0, 4_000_000_000_000))
def test_times_come_back(time: int) -> None:
    assert millis(iso(time)) == time
    assert datetime.fromisoformat(iso(time)).utcoffset() is not None


def test_how_times_look() -> None:
    assert iso(START) == "2025-01-06T00:00:00+00:00"
    assert iso(START + 5) == "2025-01-06T00:00:00.005+00:00"
    assert millis("2025-01-05T19:00:00-05:00") == START
    assert millis("2025-01-06T00:00:00") == int(datetime(2025, 1, 6).timestamp() * 1000)  # noqa: DTZ001 - local is meant


def test_a_name_is_the_start_in_utc(tmp_path: Path) -> None:
    assert new_name(tmp_path, START + 999) == NAME
    assert journal_path(tmp_path, NAME) == tmp_path / f"{NAME}.jsonl"
    assert document_path(tmp_path, NAME) == tmp_path / f"{NAME}.json"
    assert session_lock_path(tmp_path, NAME) == tmp_path / f"{NAME}.lock"


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".json", ".lock"])
def test_a_taken_name_gets_a_number(tmp_path: Path, suffix: str) -> None:
    (tmp_path / (NAME + suffix)).touch()
    assert new_name(tmp_path, START) == f"{NAME}_2"
    (tmp_path / f"{NAME}_2{suffix}").symlink_to("nowhere")
    assert new_name(tmp_path, START) == f"{NAME}_3"


def test_starts_in_the_same_second_share_no_journal(tmp_path: Path) -> None:
    def create(_: int) -> str:
        name, writer = create_journal(tmp_path, START)
        writer.close()
        return name

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(create, range(24)))
    assert sorted(names, key=name_order) == [NAME, *(f"{NAME}_{number}" for number in range(2, 25))]
    assert len(os.listdir(tmp_path)) == 24


def test_no_folder_no_session(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="Create the folder"):
        create_journal(tmp_path / "nowhere", START)


@pytest.mark.parametrize(
    "name", ["", "live", "live_2025", "live_20250106_000000_", "../live_20250106_000000", "x_20250106_000000"]
)
def test_other_names_are_not_ours(name: str) -> None:
    assert not is_session_name(name)
    with pytest.raises(ValueError, match="no name of a session"):
        name_order(name)
