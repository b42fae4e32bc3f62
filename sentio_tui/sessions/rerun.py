"""Running the engine again on what a session recorded.

An engine is deterministic: the inputs of a journal, given to an engine made of the same configuration, make the same
events. That rebuilds everything a state does not hold: what strategies have learned, the broker's resting orders, buys
that wait, timers. And it proves a journal, or names the first event that differs.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from sentio_tui.engine.engine import Engine
from sentio_tui.engine.reconciliation import BROKER
from sentio_tui.model.events import (
    AccountReported,
    AnyEvent,
    BarDropped,
    BarReceived,
    CommandGiven,
    FaultReported,
    FeedReported,
    FeedStatus,
    Noted,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    SessionResumed,
    TimerFired,
)
from sentio_tui.sessions.inputs import BEGINNING, Position

_BARS: Final = frozenset({BarReceived, BarDropped})


class Difference(Struct, frozen=True):
    """The first event that is not the same. `made` is None where the engine makes nothing there."""

    recorded: AnyEvent
    made: AnyEvent | None


class Rerun(Struct, frozen=True):
    """What came of it. `same` counts the events that are equal, `position` is how far the feed was read.

    `rest` are the events of the last turn that the journal no longer has: the session broke off while it was written.
    """

    same: int
    position: Position
    rest: Sequence[AnyEvent]
    difference: Difference | None


def rerun(engine: Engine, events: Sequence[AnyEvent]) -> Rerun:
    """Bring a fresh engine through the turns of a journal, from its first event on."""
    bars, words = BEGINNING
    done = 0
    made: Sequence[AnyEvent] = engine.open()
    while True:
        for number, event in enumerate(made[: len(events) - done], done):
            if not _equal(events[number], event):
                return Rerun(number, Position(bars, words), (), Difference(events[number], event))
        done += len(made)
        if done >= len(events):
            rest = made[len(made) - (done - len(events)) :]
            return Rerun(len(events), Position(bars, words), rest, None)
        given = events[done]
        made = _turn(engine, given)
        if not made:
            return Rerun(done, Position(bars, words), (), Difference(given, None))
        if type(given) in _BARS:
            bars, words = bars + 1, 0
        elif isinstance(given, FeedReported) and given.status is not FeedStatus.ENDED:
            words += 1


def _turn(engine: Engine, given: AnyEvent) -> Sequence[AnyEvent]:
    """The turn that begins with this event; nothing for one that is no input."""
    match given:
        case BarReceived() | BarDropped():
            return engine.bar(given.bar, given.at)
        case TimerFired():
            return engine.timer(given.at)
        case CommandGiven():
            return engine.command(given.command, given.by, given.at)
        case FeedReported():
            return engine.feed(given.status, given.detail, given.symbol, given.at)
        case FaultReported():
            return engine.fault(given.part, given.text, given.at)
        case Noted() if given.code.startswith(BROKER):
            return engine.word(given.level, given.code, given.text, given.at)
        case AccountReported():
            return engine.account(given.cash, given.positions, given.at)
        case SessionResumed():
            return engine.resume(given.started, given.versions, given.lost, given.changed, given.at)
        case OrderAccepted() | OrderFilled() | OrderRejected() | OrderCancelled() | OrderExpired():
            return engine.answer(given)
        case _:
            return ()


def _equal(recorded: AnyEvent, made: AnyEvent) -> bool:
    # A figure that is no number equals nothing, itself included; its name does.
    return recorded == made or (type(recorded) is type(made) and repr(recorded) == repr(made))
