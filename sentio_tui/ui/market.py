"""The market's clock in words, for the status line and the panes."""

from typing import Final, NamedTuple

from sentio_tui.model.bars import Millis
from sentio_tui.model.snapshot import MarketClock, MarketEvent
from sentio_tui.ui.formatting import UNKNOWN, age, clean, clock

SOON: Final[Millis] = 600_000
"""From so long before it, what is coming is told in a stronger colour."""


class ClockWords(NamedTuple):
    """What the clock says, ever shorter. `style` is that of a line; `liquidation` is empty without a book to sell
    out."""

    forms: tuple[str, ...]
    style: str
    liquidation: tuple[str, ...] = ()


def clock_words(hours: MarketClock, at: Millis, zone: str) -> ClockWords:
    """`at` is the market time, `zone` that of the exchange."""
    if hours.unknown:
        return ClockWords((f"{UNKNOWN} ({clean(hours.unknown)})", "hours n/a"), "muted")
    pattern = "%H:%M" if hours.next_at - at < 43_200_000 else "%a %H:%M"
    when = clock(hours.next_at, zone, pattern)
    wait = age(hours.next_at - at)
    state = "○ closed" if not hours.is_open else "◑ half day" if hours.is_early else "● open"
    match hours.next:
        case MarketEvent.OPEN:
            half = ", half day" if hours.is_early else ""
            forms = (f"{state} · opens in {wait} ({when}{half})", f"{state} · opens in {wait}", f"opens in {wait}")
        case MarketEvent.LIQUIDATION:
            closes = age(hours.closes - at)
            forms = (
                f"{state} · closes in {closes} ({clock(hours.closes, zone, '%H:%M')})",
                f"{state} · closes in {closes}",
                f"closes in {closes}",
            )
        case _:
            forms = (f"{state} · {hours.next} in {wait} ({when})", f"{state} · closes in {wait}", f"closes in {wait}")
    style = "warning" if hours.is_open and hours.closes - at <= SOON else ""
    return ClockWords(forms, style, _liquidation(hours, at, zone))


def clock_briefly(hours: MarketClock, at: Millis) -> tuple[str, ...]:
    """What matters most of it for the status line, ever shorter; nothing where nobody knows."""
    if hours.unknown:
        return ()
    if not hours.is_open:
        return (f"opens in {age(hours.next_at - at)}",)
    closes = f"closes in {age(hours.closes - at)}"
    day = "half day · " if hours.is_early else ""
    due = hours.liquidation
    if due is None:
        return f"{day}{closes}", closes
    if at >= due:
        return f"{day}{closes} · liquidation now", f"{closes} · selling now", "selling now"
    wait = age(due - at)
    return f"{day}{closes} · liquidation in {wait}", f"{closes} · flat in {wait}", f"flat in {wait}"


def _liquidation(hours: MarketClock, at: Millis, zone: str) -> tuple[str, ...]:
    due = hours.liquidation
    if due is None:
        return ()
    if at >= due:
        return "liquidation now, no entries", "liquidation now", "selling now"
    when = clock(due, zone, "%H:%M" if due - at < 43_200_000 else "%a %H:%M")
    wait = age(due - at)
    return f"liquidation in {wait} ({when})", f"flat in {wait} ({when})", f"flat in {wait}"
