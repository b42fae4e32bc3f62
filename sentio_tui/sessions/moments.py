"""The time a person means."""

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sentio_tui.model.bars import Millis

FORMS: Final = "HH:MM or YYYY-MM-DD HH:MM"

_MOMENT: Final = re.compile(r"(?:(\d{4}-\d\d-\d\d)[ T]+)?(\d{1,2}:\d\d(?::\d\d)?)", re.ASCII)


def check(text: str) -> tuple[str | None, str]:
    """The day, None where none is given, and the time of day in a text, as far as that can be told without a session.

    Raises ValueError, in words.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()!r} is no time; write {FORMS}")
    day, time = found[1], found[2].zfill(8 if found[2].count(":") == 2 else 5)
    try:
        datetime.fromisoformat(f"{day or '2000-01-01'}T{time}")
    except ValueError as error:
        raise ValueError(f"{text.strip()!r} is no time: {error}") from error
    return day, time


def moment(text: str, zone: str, near: Millis, first: Millis, last: Millis) -> Millis:
    """The market time a text means, between `first` and `last`.

    A time without a day is that of the day of `near`, or else of the nearest day on which it lies between the two.
    Raises ValueError, in words, where it is none of these.
    """
    day, time = check(text)
    clock = ZoneInfo(zone)
    here = datetime.fromtimestamp(near / 1000, clock).date()
    days = [day] if day else [str(here + timedelta(days=by)) for by in (0, 1, -1)]
    for each in days:
        at = round(datetime.fromisoformat(f"{each}T{time}").replace(tzinfo=clock).timestamp() * 1000)
        if first <= at <= last:
            return at
    begin, end = (f"{datetime.fromtimestamp(at / 1000, clock):%Y-%m-%d %H:%M}" for at in (first, last))
    raise ValueError(f"{text.strip()} is not in this session, which runs from {begin} to {end}")
