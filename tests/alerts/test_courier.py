"""A courier: one target, a thread of its own, retries, and an end that comes in time."""

import threading
from collections.abc import Callable

import pytest

from sentio_tui.alerts.alert import SHOWN, Alert, Message, Source
from sentio_tui.alerts.courier import Courier, NotDelivered, Outcome
from sentio_tui.alerts.lane import Pace
from sentio_tui.model.events import Level
from tests.sessions.serving import until

SOURCE = Source("live_20250106_000000", "sim", "America/New_York")
AT_ONCE = Pace(gather=0.0, interval=0.0, attempts=3, first_retry=0.0, longest_retry=0.0)


def alert(number: int, kind: str = "fill", level: Level = Level.INFO) -> Alert:
    return Alert(kind, kind, level, number, 1_736_121_600_000 + 1000 * number, f"{kind} {number}")


class Target:
    """Keeps what it gets. `fails` are the errors of the attempts to come; while `gate` is shut, it hangs."""

    def __init__(self, *fails: Exception) -> None:
        self.fails = list(fails)
        self.got: list[Message] = []
        self.tried = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, message: Message) -> None:
        self.tried += 1
        self.gate.wait()
        if self.fails:
            raise self.fails.pop(0)
        self.got.append(message)


def courier(target: Callable[[Message], None], outcomes: list[Outcome], pace: Pace = AT_ONCE) -> Courier:
    made = Courier("phone", SOURCE, target, pace, outcomes.append)
    made.start()
    return made


def test_a_message_is_tried_again_until_it_arrives_and_told_once() -> None:
    target, outcomes = Target(NotDelivered("busy"), NotDelivered("busy")), list[Outcome]()
    made = courier(target, outcomes)
    made.give([alert(1), alert(2)])
    until(lambda: outcomes)
    made.close()
    assert made.is_done(10.0)
    (outcome,) = outcomes
    assert (outcome.state, outcome.attempts, outcome.why) == ("sent", 3, "")
    assert target.got == [outcome.message]
    assert outcome.took <= outcome.waited


def test_what_never_arrives_is_given_up_and_what_follows_is_tried() -> None:
    target, outcomes = Target(*[NotDelivered("busy")] * 3), list[Outcome]()
    made = courier(target, outcomes)
    made.give([alert(1)])
    until(lambda: outcomes)
    made.give([alert(2)])
    made.close()
    assert made.is_done(10.0)
    assert [(each.state, each.attempts, each.why) for each in outcomes] == [("failed", 3, "busy"), ("sent", 1, "")]


def test_an_error_nobody_foresaw_ends_nothing_and_shows_none_of_its_words() -> None:
    target, outcomes = Target(*[ValueError("token abc123")] * 3), list[Outcome]()
    made = courier(target, outcomes)
    made.give([alert(1)])
    made.close()
    assert made.is_done(10.0)
    assert [(each.state, each.why) for each in outcomes] == [("failed", "ValueError")]


def test_a_target_that_hangs_is_left_behind_and_all_it_did_not_take_is_told() -> None:
    target, outcomes = Target(), list[Outcome]()
    target.gate.clear()
    made = courier(target, outcomes)
    made.give([alert(1)])
    until(lambda: target.tried)
    made.give([alert(2)])
    made.close()
    made.abandon(0.0)
    (outcome,) = outcomes
    assert outcome.state == "late"
    assert [each.seq for each in outcome.message.alerts] == [1, 2]
    target.gate.set()
    assert made.is_done(10.0)
    assert len(outcomes) == 1, "nothing more is told of it"


def test_one_that_waits_to_try_again_is_left_behind_with_the_reason() -> None:
    target, outcomes = Target(NotDelivered("no connection"), NotDelivered("no connection")), list[Outcome]()
    made = courier(target, outcomes, Pace(gather=0.0, interval=0.0, attempts=3, first_retry=1e6, longest_retry=1e6))
    made.give([alert(1)])
    until(lambda: target.tried)
    made.close()
    until(lambda: target.tried == 2)
    made.abandon(0.0)
    assert [(each.state, each.why) for each in outcomes] == [("late", "no connection; the session ended")]
    assert made.is_done(10.0)


def test_a_dead_target_delays_no_other() -> None:
    dead, alive, outcomes = Target(), Target(), list[Outcome]()
    dead.gate.clear()
    couriers = [courier(dead, []), courier(alive, outcomes)]
    for each in couriers:
        each.give([alert(1)])
    until(lambda: outcomes)
    assert alive.got
    dead.gate.set()


def test_one_alert_speaks_for_itself_and_several_are_counted() -> None:
    one = Message(SOURCE, (alert(1),))
    assert (one.summary, one.line) == ("fill 1", "fill 1")
    assert one.title == "live_20250106_000000 (sim): fill"
    assert one.body == "2025-01-05 19:00:01 EST  fill 1"
    many = Message(SOURCE, (*(alert(number) for number in range(5)), alert(9, "stop_loss", Level.WARNING)))
    assert many.summary == "5 fills, 1 stop loss"
    assert many.title == "live_20250106_000000 (sim): 5 fills, 1 stop loss"
    assert many.line == "5 fills, 1 stop loss: fill 0 · fill 1 · fill 2 · … 3 more"
    assert many.level is Level.WARNING
    assert len(many.body.splitlines()) == 6


@pytest.mark.parametrize("more", [0, 5])
def test_a_long_message_says_how_many_it_leaves_out(more: int) -> None:
    long = Message(SOURCE, tuple(alert(number) for number in range(SHOWN + 3)), more)
    assert long.body.splitlines()[-1] == f"… and {3 + more} more"
    assert len(long.body.splitlines()) == SHOWN + 1
    assert long.summary == ("23 fills" if not more else "23 fills, 5 more")
