"""Market data: one minute of trading, and the best bid and ask."""

from typing import Final

from msgspec import Struct

Millis = int
"""Milliseconds since the epoch, UTC."""

MINUTE: Final = 60_000
"""The length of a bar in milliseconds."""


class Bar(Struct, frozen=True, gc=False, omit_defaults=True):
    """One minute of one symbol. `time` is the start of the minute; the bar is known from `time + MINUTE` on.

    `volume` is in shares or coins. A `synthetic` bar was computed from another symbol's; a `backfilled` bar was
    fetched after the fact, so nothing may trade on it as if it were new. A `corrected` bar is what is known by now of a
    minute that was handed on before: it is recorded, and changes nothing else.
    """

    symbol: str
    time: Millis
    open: float
    high: float
    low: float
    close: float
    volume: float
    synthetic: bool = False
    backfilled: bool = False
    corrected: bool = False


class Quote(Struct, frozen=True, gc=False):
    """The best bid and ask of a symbol at a time."""

    symbol: str
    time: Millis
    bid: float
    ask: float
