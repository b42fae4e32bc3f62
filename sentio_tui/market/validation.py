"""Whether a bar can be believed. Asked for every bar, so a good one costs one chain of comparisons."""

from math import inf, isfinite
from typing import Final

from sentio_tui.model.bars import MINUTE, Bar

WIDEST: Final = 1.5
"""The largest high over low of a believable minute."""


def fault(bar: Bar, previous: Bar | None) -> str | None:
    """Why the bar is bad, in words; None when it is good.

    `previous` is the last good bar of the same symbol, None for the first. A good bar has a symbol, five finite
    numbers, prices above zero with high highest, low lowest and high at most 1.5 times low, a volume of zero or more,
    and a time that is a whole minute after the previous bar's.
    """
    # A comparison with NaN is false, so a good bar needs no test of its own for it.
    if (
        0.0 < bar.low <= bar.open <= bar.high <= WIDEST * bar.low
        and bar.low <= bar.close <= bar.high < inf
        and 0.0 <= bar.volume < inf
        and not bar.time % MINUTE
        and bar.symbol
        and (previous is None or previous.time < bar.time)
    ):
        return None
    return _words(bar, previous)


def _words(bar: Bar, previous: Bar | None) -> str:
    if not bar.symbol:
        return "no symbol"
    prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
    for name, value in (*prices.items(), ("volume", bar.volume)):
        if not isfinite(value):
            return f"{name} is not a finite number ({value})"
    if bar.volume < 0:
        return f"volume is negative ({bar.volume})"
    for name, value in prices.items():
        if value <= 0:
            return f"{name} is not above zero ({value})"
    if bar.high < bar.low:
        return f"high is below low (high {bar.high}, low {bar.low})"
    for name, value in (("open", bar.open), ("close", bar.close)):
        if value > bar.high:
            return f"high is not highest (high {bar.high}, {name} {value})"
        if value < bar.low:
            return f"low is not lowest (low {bar.low}, {name} {value})"
    if bar.high > WIDEST * bar.low:
        return f"moves more than {WIDEST - 1:.0%} within its minute (high {bar.high}, low {bar.low})"
    if bar.time % MINUTE:
        return f"time is not a whole minute ({bar.time} ms)"
    if previous is not None and bar.time == previous.time:
        return f"duplicate of the minute before ({bar.time} ms)"
    if previous is not None and bar.time < previous.time:
        return f"time goes backwards by {(previous.time - bar.time) / MINUTE:g} min ({bar.time} ms)"
    # Unreachable while the chain above and these words say the same; a test holds them together.
    return "not a valid bar"
