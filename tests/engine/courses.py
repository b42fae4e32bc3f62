"""Courses a session may take: what the market does, what the strategy says, and what a person presses."""

from collections.abc import Sequence

from hypothesis import strategies as st

from sentio_tui.engine.engine import Engine
from sentio_tui.machines.slots import Slots
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.commands import AnyCommand, Flatten, Pause, Start, Stop
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent
from tests.engine.scripts import COIN, OTHER, bar, engine

Input = Bar | AnyCommand

DIRECTIONS = st.lists(st.sampled_from(list(Direction)), max_size=40)


@st.composite
def inputs(draw: st.DrawFn) -> list[Input]:
    """Bars of two symbols with gaps and jumps, and a person's commands between them."""
    made: list[Input] = []
    prices = {COIN: 100.0, OTHER: 7.0}
    for minute in range(draw(st.integers(1, 40))):
        for symbol in prices:
            if draw(st.integers(0, 9)) == 0:
                continue
            price = max(0.5, prices[symbol] * (1.0 + draw(st.floats(-0.2, 0.2))))
            prices[symbol] = price
            volume = draw(st.sampled_from([0.0, 0.5, 20.0, 1e6]))
            made.append(bar(minute, price, symbol, volume=volume, open=price * 1.0005))
        if draw(st.integers(0, 14)) == 0:
            commands: list[AnyCommand] = [Pause(), Start(), Flatten(), Stop()]
            made.append(draw(st.sampled_from(commands)))
    return made


def drive(made: Engine, given_inputs: Sequence[Input]) -> list[AnyEvent]:
    events = list(made.open())
    for one in given_inputs:
        if isinstance(one, Bar):
            events += made.bar(one, one.time + MINUTE)
        else:
            events += made.command(one, "test", made.state.at)
    return events


def build(first: Sequence[Direction], second: Sequence[Direction]) -> Engine:
    return engine({COIN: first, OTHER: second}, slots=Slots(2, 0.6, "equity", 0.05, 0.1))
