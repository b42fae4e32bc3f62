"""A day of bars from the local exchange while things go wrong at random times, over and over."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import pytest

from sentio_tui.feeds.alpaca_store import KEPT
from sentio_tui.market.calendar import AlwaysOpen, Calendar
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import FeedStatus
from tests.exchange.exchange import FakeExchange
from tests.exchange.faults import Storm
from tests.exchange.server import FakeAlpaca
from tests.feeds.alpaca_feeds import NEW_YORK, Listener, figures, reading, truth

HOURS: Final = 8
"""The exchange's day, and a while of coins alone."""
EVERY: Final = 75.0
"""Seconds of the exchange's time between two faults, on average."""
STEP: Final = 10.0
"""Seconds by which its clock moves at once."""
SYMBOLS: Final[Mapping[str, Calendar]] = {"SPY": NEW_YORK, "SDS": NEW_YORK, "BTC-USD": AlwaysOpen()}

HARM: Final[Mapping[str, Mapping[str, Any]]] = {
    "refuse_tcp": {},
    "handshake_http": {"status": 503},
    "auth_406": {},
    "mute_greeting": {},
    "sub_error": {"code": 500},
    "slow_client_407_then_close": {},
    "abort_tcp": {"at": "frame_middle", "event": "b"},
    "close": {"code": 1011},
    "mute_after": {"event": "b"},
    "dup": {"event": "b"},
    "reorder": {"k": 2},
    "late_u": {},
    "drop_bars": {},
    "garbage": {"event": "b"},
    "json_text": {"event": "b"},
    "map_not_array": {},
    "string_ts": {},
    "missing_field": {"event": "u"},
    "unknown_T": {},
    "nan_price": {"event": "b"},
    "huge_frame": {},
    "burst": {"n": 200},
    "abort_before": {},
    "500": {},
    "502": {"body": "html"},
    "503": {},
    "429": {"reset_in": 30},
    "bad_json": {},
    "truncated": {},
    "page_fail": {},
}


@pytest.mark.parametrize("seed", [3])
async def test_alpaca_t09_after_a_day_of_faults_the_store_is_the_exchanges_truth(seed: int) -> None:
    async with FakeAlpaca(FakeExchange(seed)) as exchange:
        begin = exchange.clock.now
        async with reading(exchange, SYMBOLS) as heard:
            storm = Storm(exchange.clock, exchange.faults, seed, EVERY, HARM)
            await passing(exchange, heard, HOURS * 3600)
            storm.stop()
            await passing(exchange, heard, 1200)
            for symbol in SYMBOLS:
                bars = heard.feed.store.bars(symbol)
                assert figures(bars) == truth(exchange, symbol, begin, bars[-1].time), symbol
                assert len(bars) <= KEPT
            assert exchange.clock.now - heard.of("BTC-USD")[-1].time <= 3 * MINUTE
    expect_learned_once(heard)
    assert len(storm.raised) == len(HARM), "all of it happened"
    said = {word.status for word in heard.words}
    assert said >= {FeedStatus.DOWN, FeedStatus.GAP, FeedStatus.QUIET, FeedStatus.STALE, FeedStatus.LIVE}


async def passing(exchange: FakeAlpaca, heard: Listener, seconds: float) -> None:
    end = exchange.clock.now + round(seconds * 1000)
    while (now := exchange.clock.now) < end:
        until = min(end, now + 15 * MINUTE)
        await heard.goes_on(partial(_is_past, exchange, until), "time passes", step=STEP)


def _is_past(exchange: FakeAlpaca, time: Millis) -> bool:
    return exchange.clock.now >= time


def expect_learned_once(heard: Listener) -> None:
    """What an engine takes: each minute once, in order; most of them, with five hundred faults."""
    for symbol in SYMBOLS:
        taken: list[Bar] = []
        for bar in heard.of(symbol):
            if fault(bar, taken[-1] if taken else None) is None:
                taken.append(bar)
        known = {bar.time for bar in heard.feed.store.bars(symbol)}
        assert {bar.time for bar in taken} <= known
        assert len(taken) >= 0.75 * len(known), symbol
