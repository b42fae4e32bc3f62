"""The times a person may write."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.sessions.moments import check, moment

ZONE = "America/New_York"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)


FIRST, LAST = at("2025-01-06T09:30"), at("2025-01-08T16:00")


@pytest.mark.parametrize(
    ("text", "near", "means"),
    [
        ("10:05", "2025-01-06T15:00", "2025-01-06T10:05"),
        ("9:45", "2025-01-07T15:00", "2025-01-07T09:45"),
        (" 10:05:30 ", "2025-01-06T15:00", "2025-01-06T10:05:30"),
        ("08:00", "2025-01-06T15:00", "2025-01-07T08:00"),
        ("18:00", "2025-01-08T15:00", "2025-01-07T18:00"),
        ("2025-01-08 10:00", "2025-01-06T15:00", "2025-01-08T10:00"),
        ("2025-01-08T10:00", "2025-01-06T15:00", "2025-01-08T10:00"),
        ("09:30", "2025-01-06T09:30", "2025-01-06T09:30"),
    ],
)
def test_a_time_is_the_exchanges_and_near(text: str, near: str, means: str) -> None:
    assert moment(text, ZONE, at(near), FIRST, LAST) == at(means)


@pytest.mark.parametrize("text", ["", "noon", "10", "10:5", "10:60", "24:00", "2025-02-30 10:00", "1e3", "10:05 pm"])
def test_nonsense_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        moment(text, ZONE, FIRST, FIRST, LAST)


@pytest.mark.parametrize("text", ["2025-01-05 10:00", "2025-01-08 16:01", "2026-01-01 00:00"])
def test_what_the_session_does_not_have_is_refused_with_what_it_has(text: str) -> None:
    with pytest.raises(ValueError, match="runs from 2025-01-06 09:30 to 2025-01-08 16:00"):
        moment(text, ZONE, FIRST, FIRST, LAST)


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    told = ""
    try:
        day, time = check(text)
    except ValueError as error:
        told = str(error)
    else:
        datetime.fromisoformat(f"{day or '2000-01-01'}T{time}")
    assert not told or "is no time" in told
