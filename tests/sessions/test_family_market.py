"""A family's market as a ladder meets it: members that are missing, late or thin."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from sentio_tui.brokers.matching import FillModel, NextOpen, SameClose
from sentio_tui.engine.engine import Engine
from sentio_tui.feeds.joined import JoinedFeed
from sentio_tui.market.families import SPY
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import AnyEvent, Decided, Noted, OrderFilled, OrderSubmitted
from tests.engine.ladders import minutes
from tests.engine.scripts import START
from tests.feeds.test_joined import Clock
from tests.feeds.test_leveraged import Listed
from tests.machines.test_ladder_in_engine import engine


def joined(bars: Sequence[Bar]) -> list[Bar]:
    """The bars in the order in which a session gets them."""
    clock = Clock()

    async def collect() -> list[Bar]:
        feed = JoinedFeed(Listed(bars), SPY, clock, clock.sleep)
        return [item async for batch in feed.batches() for item in batch if isinstance(item, Bar)]

    return asyncio.run(collect())


def market(count: int, *, without: str = "", between: tuple[int, int] = (0, 0)) -> list[Bar]:
    """The family's bars, the base first as in files, and one member missing for some minutes."""
    bars = [bar for listed in minutes(count, random.Random(5)) for bar in listed]
    first, last = (START + minute * MINUTE for minute in between)
    return joined([bar for bar in bars if bar.symbol != without or not first <= bar.time <= last])


def run(made: Engine, bars: Sequence[Bar]) -> list[AnyEvent]:
    events = list(made.open())
    for bar in bars:
        events += made.bar(bar, bar.time + MINUTE)
    return events


def decided(events: Sequence[AnyEvent]) -> list[Decided]:
    return [event for event in events if isinstance(event, Decided)]


def test_t38_the_base_is_decided_on_with_the_members_prices_of_its_own_minute() -> None:
    """With the base first there would be no price of the bull in the first minute."""
    made = engine([0.62, 0.62], NextOpen())
    events = run(made, market(2))
    assert decided(events)[0].reason is Reason.REBALANCE
    seen: dict[str, int] = {}
    for bar in market(5):
        seen[bar.symbol] = bar.time
        if bar.symbol == SPY.base:
            assert set(seen.values()) == {bar.time}


@pytest.mark.parametrize("fill", [NextOpen(), SameClose()], ids=["next_open", "same_close"])
def test_what_is_filled_forward_fills_no_order(fill: FillModel) -> None:
    """SDS is bought while it has no bars of its own: at the first real one, and at no price nobody traded."""
    bars = market(12, without="SDS", between=(2, 5))
    made = engine([0.5, 0.5, 0.5, 0.2, *[0.2] * 9], fill)
    events = run(made, bars)
    synthetic = {bar.time for bar in bars if bar.symbol == "SDS" and bar.volume == 0.0}
    assert synthetic == {START + minute * MINUTE for minute in range(2, 6)}
    fills = [event.fill for event in events if isinstance(event, OrderFilled)]
    assert [fill.symbol for fill in fills] == ["SDS"]
    submitted = next(event.order for event in events if isinstance(event, OrderSubmitted))
    assert submitted.time == START + 4 * MINUTE
    real = next(bar for bar in bars if bar.symbol == "SDS" and bar.time == START + 6 * MINUTE)
    assert real.volume > 0.0
    assert fills[0].time == real.time
    assert fills[0].price == pytest.approx(real.open * 1.001, abs=0.01)


def test_t38_a_member_that_stays_away_becomes_stale_and_is_not_bought() -> None:
    """Filled for five minutes, stale two minutes later; the rest of the family trades on."""
    made = engine([*[0.5] * 10, *[0.2] * 3, *[0.56] * 3], NextOpen())
    events = run(made, market(16, without="SDS", between=(2, 15)))
    reasons = {(event.at - START) // MINUTE - 1: (event.reason, event.detail) for event in decided(events)}
    for minute in (10, 11, 12):
        assert reasons[minute] == (Reason.FEED_STALE, "the price of SDS is stale")
    assert reasons[13][0] is Reason.REBALANCE
    assert {event.order.symbol for event in events if isinstance(event, OrderSubmitted)} == {"SPY"}
    alarms = [event.text for event in events if isinstance(event, Noted) and event.code == "symbol_stale"]
    assert alarms == ["no bar of SDS for 120 s; no entries in it"]


def test_t07_a_member_without_any_price_is_not_bought() -> None:
    made = engine([0.2] * 5, NextOpen())
    events = run(made, market(5, without="SDS", between=(0, 5)))
    assert {event.reason for event in decided(events)} == {Reason.NO_PRICE}
    assert "no price of SDS" in decided(events)[0].detail
    assert not [event for event in events if isinstance(event, OrderSubmitted)]
