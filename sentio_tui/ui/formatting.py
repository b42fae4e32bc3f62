"""The one place where values become text.

Every function that takes a `width` (in terminal cells) returns at most that many cells. A number that does not fit is
rounded or shortened to thousands (1.2K), millions (1.2M) and so on; its digits are never cut off. A float that is not
finite reads "n/a". Gains and losses are told by sign and glyph, so that no colour is needed to read them.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size

from sentio_tui.model.bars import Millis
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.plain import clean as clean

WIDE: Final = 1_000
"""A width that is no limit."""
MISSING: Final = "—"
"""Shown where there is no value to show, such as a price before the first bar."""
UNKNOWN: Final = "n/a"
ELLIPSIS: Final = "…"
UP, DOWN, LEVEL = "▲", "▼", "─"
_GLYPHS: Final = {"gain": UP, "loss": DOWN, "flat": LEVEL}

_UNITS: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


@lru_cache(maxsize=8192)
def cut(text: str, width: int) -> str:
    """`clean` text of at most `width` cells; what is cut off is told by an ellipsis."""
    text = clean(text)
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + ELLIPSIS


@lru_cache(maxsize=8192)
def left(text: str, width: int) -> str:
    """`cut` text, filled up with spaces to exactly `width` cells."""
    return set_cell_size(cut(text, width), max(width, 0))


@lru_cache(maxsize=8192)
def right(text: str, width: int) -> str:
    """Text at the right edge of exactly `width` cells. What is too long becomes an ellipsis alone, for a number
    without its last digits would be another number."""
    text = clean(text)
    used = cell_len(text)
    if used > width:
        return ELLIPSIS.rjust(width) if width > 0 else ""
    return " " * (width - used) + text


def longest(forms: Iterable[str], width: int) -> str:
    """The first of several ways to say the same that fits in `width` cells; an ellipsis when none does."""
    return next((form for form in forms if cell_len(form) <= width), ELLIPSIS if width > 0 else "")


def tone(value: float, digits: int = 2) -> str:
    """The name of the style that goes with `glyph`: "gain", "loss", or "flat" for what rounds to nothing at `digits`
    decimals or is not finite."""
    if not math.isfinite(value) or abs(value) < 0.5 * 10.0**-digits:
        return "flat"
    return "gain" if value > 0 else "loss"


def glyph(value: float, digits: int = 2) -> str:
    """▲ for a gain, ▼ for a loss, ─ for neither."""
    return _GLYPHS[tone(value, digits)]


def marked(value: float, form: Callable[[float, int], str], width: int = WIDE, digits: int = 2) -> str:
    """A gain or loss with its glyph: ▲ +1,234.56. The glyph gives way where there is no room."""
    if not math.isfinite(value):
        return cut(UNKNOWN, width)
    text = form(value, width - 2)
    return f"{glyph(value, digits)} {text}" if width > 5 and text != ELLIPSIS else form(value, width)


def money(value: float, width: int = WIDE) -> str:
    """An amount: 1,234.56. Widths below that of the cents drop them."""
    return longest(_amounts(value, ""), width) if math.isfinite(value) else cut(UNKNOWN, width)


def change(value: float, width: int = WIDE) -> str:
    """A difference of amounts, with its sign: +1,234.56."""
    return longest(_amounts(value, "+"), width) if math.isfinite(value) else cut(UNKNOWN, width)


def percent(value: float, width: int = WIDE) -> str:
    """A change given as a fraction, with its sign: 0.0246 is +2.46%."""
    return _percent(value, width, "+")


def share(value: float, width: int = WIDE) -> str:
    """A part of a whole given as a fraction: 0.625 is 62.5%."""
    return _percent(value, width, "", (1, 0))


def ratio(value: float, width: int = WIDE) -> str:
    """A plain figure: 2.56. An infinite one, such as a profit factor without losses, is ∞."""
    if math.isinf(value):
        return cut("∞" if value > 0 else "-∞", width)
    return money(value, width)


def price(value: float | None, width: int = WIDE) -> str:
    """A price at the precision of usual ticks: cents from 1 on, four decimals and more below. None is a dash."""
    if value is None:
        return cut(MISSING, width)
    if not math.isfinite(value):
        return cut(UNKNOWN, width)
    size = abs(value)
    digits = 2 if size >= 1 or size == 0 else 4 if size >= 0.01 else 6 if size >= 0.0001 else 8
    exact = [_plain(value, places, "") for places in (digits, 2, 1) if places <= digits]
    return longest([*exact, *_amounts(value, "")], width) if size >= 1 else longest([*exact, f"{value:.0e}"], width)


def quantity(value: float, width: int = WIDE) -> str:
    """An amount of units with as many decimals as it has, eight at the most: 0.546957."""
    if not math.isfinite(value):
        return cut(UNKNOWN, width)
    forms = [_trimmed(_plain(value, places, "")) for places in range(8, -1, -1)]
    if value:
        forms = [form for form in forms if form.strip("-0.,")]
    return longest([*forms, *_short(value, ""), f"{value:.0e}"], width)


def number(value: float, width: int = WIDE) -> str:
    """A value whose unit is unknown: about five digits that count."""
    if not math.isfinite(value):
        return cut(UNKNOWN, width)
    size = abs(value)
    if size and (size < 1e-5 or size >= 1e12):
        return longest((f"{value:.4g}", f"{value:.2g}", f"{value:.0e}"), width)
    digits = 2 if size >= 1000 or size == 0 else max(0, min(6, 4 - math.floor(math.log10(size))))
    forms = [_trimmed(_plain(value, places, "")) for places in range(digits, -1, -1)]
    return longest([*forms, *_short(value, "")], width)


def figure(value: Figure, form: Callable[[float, int], str], width: int = WIDE) -> str:
    """A figure in the given form. An unknown one is "n/a (why)", cut to the width; "n/a" where too little of the
    reason could be read."""
    if isinstance(value, Unknown):
        why = clean(value.why).strip()
        full = f"{UNKNOWN} ({why})"
        return cut(full if why and (width >= 14 or cell_len(full) <= width) else UNKNOWN, width)
    return form(value, width)


@lru_cache(maxsize=4096)
def age(milliseconds: int) -> str:
    """How long ago, shortly: 3s, 2m, 1h05, 4d02h. What is in the future is 0s."""
    seconds = max(0, milliseconds // 1000)
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 24 * 60:
        return f"{minutes // 60}h{minutes % 60:02}"
    return f"{minutes // 1440}d{minutes // 60 % 24:02}h"


def duration(milliseconds: int) -> str:
    """A length of time as H:MM:SS; what is negative is 0:00:00."""
    seconds = max(0, milliseconds // 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@lru_cache(maxsize=8192)
def clock(at: Millis, zone: str, pattern: str = "%H:%M:%S") -> str:
    """A moment in a zone (an IANA name; UTC when it is none), as `strftime` writes it."""
    try:
        return datetime.fromtimestamp(at / 1000, time_zone(zone)).strftime(pattern)
    except (OverflowError, ValueError, OSError):
        return UNKNOWN


def utc_offset(at: Millis, zone: str) -> int:
    """How far a zone's clock is ahead of UTC at a moment, in milliseconds."""
    try:
        offset = datetime.fromtimestamp(at / 1000, time_zone(zone)).utcoffset()
    except (OverflowError, ValueError, OSError):
        return 0
    return round(offset.total_seconds() * 1000) if offset is not None else 0


@lru_cache(maxsize=32)
def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name; UTC when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # not found, not readable, not the name of a file
        return UTC


def sparkline(values: Sequence[float], width: int) -> str:
    """The last of each of `width` stretches of the values, as bars of eighths of a cell. Flat values make a flat line
    at half height; those that are not finite are left out."""
    finite = [value for value in values if math.isfinite(value)]
    if width <= 0 or not finite:
        return ""
    count = min(width, len(finite))
    picked = [finite[(index + 1) * len(finite) // count - 1] for index in range(count)]
    low, high = min(picked), max(picked)
    span = high - low
    if span <= 0 or math.isinf(span):
        return _BLOCKS[3] * count
    return "".join(_BLOCKS[min(7, int((value - low) / span * 8))] for value in picked)


def bar(fraction: float, width: int) -> tuple[str, str]:
    """The filled and the empty part of a horizontal bar of exactly `width` cells, in halves of a cell. Not a number
    is empty."""
    if width <= 0:
        return "", ""
    halves = 0 if math.isnan(fraction) else round(min(1.0, max(0.0, fraction)) * width * 2)
    filled = "━" * (halves // 2) + "╸" * (halves % 2)
    return filled, "─" * (width - len(filled))


def _plain(value: float, digits: int, sign: str) -> str:
    """With commas, and without a sign when it rounds to nothing."""
    text = f"{value:{sign},.{digits}f}"
    return text if text.strip("+-0.,") else text.lstrip("+-")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _amounts(value: float, sign: str) -> Iterator[str]:
    if abs(value) < 1e15:
        yield _plain(value, 2, sign)
        yield _plain(value, 1, sign) if abs(value) < 1000 else _plain(value, 0, sign)
        if abs(value) >= 1 or value == 0:
            yield _plain(value, 0, sign)
    yield from _short(value, sign)
    yield f"{value:{sign}.1e}"
    yield f"{value:{sign}.0e}"


def _short(value: float, sign: str) -> Iterator[str]:
    """In thousands, millions, billions or trillions."""
    for unit, name in _UNITS:
        if unit <= abs(value) < 1000 * unit:
            for digits in (2, 1, 0):
                yield f"{value / unit:{sign}.{digits}f}{name}"


def _percent(value: float, width: int, sign: str, places: Sequence[int] = (2, 1, 0)) -> str:
    if not math.isfinite(value):
        return cut(UNKNOWN, width)
    hundredfold = value * 100
    forms = [_plain(hundredfold, digits, sign) + "%" for digits in places] if abs(hundredfold) < 1e9 else []
    rounded = [form for form in forms[1:] if form.strip("0.%")] if hundredfold else forms[1:]
    return longest(
        [*forms[:1], *rounded, *(f"{form}%" for form in _short(hundredfold, sign)), f"{hundredfold:{sign}.0e}%"], width
    )
