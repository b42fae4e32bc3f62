"""An equity that no market could have moved so far is told with an alarm (T-07)."""

import random
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from sentio_tui.machines.slots import Slots
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent, Level, Noted
from tests.engine import ladders
from tests.engine.ladders import Probabilities, minutes
from tests.engine.scripts import COIN, OTHER, bar, engine, of, run


def alarms(events: Sequence[AnyEvent]) -> list[str]:
    return [note.text for note in of(events, Noted) if note.level is Level.ALARM and note.code == "integrity"]


def family(probability: float, bars: Sequence[Sequence[Bar]]) -> list[AnyEvent]:
    """A family's book that climbs to one rung and stays; the members' bars of a minute come before the base's."""
    made = ladders.engine(Probabilities([probability] * len(bars)))
    events = list(made.open())
    for base, *members in bars:
        for one in (*members, base):
            events += made.bar(one, one.time + MINUTE)
    assert made.state.accounts["main"].positions
    return events


def test_t07_a_fund_at_the_price_of_its_base_raises_an_alarm() -> None:
    """The original valued 2,715 SH at SPY's price, and 100,000 became 1.8 million."""
    bars = minutes(8, random.Random(1))
    mistaken = []
    for number, (base, bull, bear, bear_leveraged) in enumerate(bars):
        cheap = replace(bear, open=bear.open / 10, high=bear.high / 10, low=bear.low / 10, close=bear.close / 10)
        taken = replace(base, symbol="SH") if number >= 5 else cheap
        mistaken.append([base, bull, taken, bear_leveraged])
    (text,) = alarms(family(0.47, mistaken))
    assert text.startswith("main: equity went from ")
    assert "with a bar of SPY that moved" in text
    assert "SH at " in text


def test_t07_a_wild_day_of_three_times_the_base_raises_none() -> None:
    dice = random.Random(2)
    bars = minutes(120, dice)
    assert alarms(family(0.9, bars)) == []


def crash(fraction: float) -> list[Bar]:
    prices = [100.0, 100.0, 100.0, 100.0 * (1.0 - fraction), 100.0 * (1.0 - fraction)]
    return [bar(minute, price, symbol) for minute, price in enumerate(prices) for symbol in (COIN, OTHER)]


@pytest.mark.parametrize("commission", [0.0, 0.006])
def test_t07_a_crash_that_the_price_itself_had_raises_none(commission: float) -> None:
    made = engine(
        {COIN: [Direction.LONG], OTHER: [Direction.LONG]},
        slots=Slots(2, 0.5, "equity", 0.0, 0.0),
        commission=commission,
    )
    events = run(made, crash(0.4))
    assert made.state.equity < 7_000.0
    assert alarms(events) == []


def test_t07_costs_of_a_whole_turn_over_raise_none() -> None:
    """Two percent, paid in a minute without a move."""
    script = [Direction.LONG, Direction.NEUTRAL, Direction.SHORT, Direction.NEUTRAL]
    made = engine({COIN: script}, slots=Slots(1, 1.0, "equity", 0.0, 0.0), commission=0.02, slippage=0.0)
    events = run(made, [bar(minute, 100.0) for minute in range(5)])
    assert made.state.equity < 9_700.0
    assert alarms(events) == []
