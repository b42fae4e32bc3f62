"""What waits for a target: nothing is lost or sent twice, messages keep their distance, failures are tried again."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from sentio_tui.alerts.alert import Alert
from sentio_tui.alerts.lane import KEPT, Lane, Pace, Parcel
from sentio_tui.model.events import Level

PACE = Pace(gather=1.0, interval=10.0, attempts=4, first_retry=2.0, longest_retry=5.0)


def alert(number: int) -> Alert:
    return Alert("fills", "fill", Level.INFO, number, 1000 * number, f"fill {number}")


def taken(lane: Lane, now: float) -> Parcel:
    parcel = lane.take(now)
    assert parcel is not None
    return parcel


def numbers(alerts: Sequence[Alert]) -> list[int]:
    return [each.seq for each in alerts]


def test_a_burst_shares_one_message() -> None:
    lane = Lane(PACE)
    lane.offer(alert(1), 5.0)
    lane.offer(alert(2), 5.5)
    assert lane.due == 6.0
    assert lane.take(5.9) is None
    assert numbers(taken(lane, 6.0).alerts) == [1, 2]
    assert lane.due is None, "one at a time"
    lane.sent()
    assert lane.is_empty
    assert lane.due is None


def test_what_comes_while_one_is_under_way_waits_for_the_next() -> None:
    lane = Lane(PACE)
    lane.offer(alert(1), 0.0)
    taken(lane, 1.0)
    lane.offer(alert(2), 1.5)
    lane.offer(alert(3), 9.0)
    lane.sent()
    assert lane.due == 11.0
    assert numbers(taken(lane, 11.0).alerts) == [2, 3]


def test_a_message_that_fails_is_tried_again_later_and_later_and_then_given_up() -> None:
    lane = Lane(PACE)
    lane.offer(alert(1), 0.0)
    now, waits = 1.0, []
    while True:
        assert numbers(taken(lane, now).alerts) == [1]
        if lane.failed(now, for_good=False):
            break
        assert lane.due is not None
        waits.append(lane.due - now)
        now = lane.due
    assert waits == [2.0, 4.0, 5.0]
    assert lane.is_empty


def test_what_can_do_no_good_is_not_tried_again() -> None:
    lane = Lane(PACE)
    lane.offer(alert(1), 0.0)
    taken(lane, 1.0)
    assert lane.failed(1.0, for_good=True)
    assert lane.is_empty


def test_a_closing_lane_waits_for_nothing_but_its_retries() -> None:
    lane = Lane(PACE)
    lane.offer(alert(1), 0.0)
    lane.close()
    taken(lane, 0.0)
    assert not lane.failed(0.5, for_good=False)
    assert lane.due == 2.5
    lane.offer(alert(2), 0.6)
    taken(lane, 2.5)
    lane.sent()
    assert numbers(taken(lane, 2.6).alerts) == [2], "the least time between two messages counts no more"


def test_closing_tries_at_once_what_waits_to_be_tried_again() -> None:
    lane = Lane(PACE)
    lane.offer(alert(1), 0.0)
    taken(lane, 1.0)
    lane.failed(1.0, for_good=False)
    lane.close()
    assert taken(lane, 1.1).tries == 2


def test_more_than_may_wait_is_counted() -> None:
    lane = Lane(PACE)
    for number in range(KEPT + 7):
        lane.offer(alert(number), 0.0)
    assert len(lane.left().alerts) == KEPT
    assert lane.left().more == 7
    parcel = taken(lane, 1.0)
    assert numbers(parcel.alerts) == list(range(KEPT))
    assert parcel.more == 7


class Step(Struct, frozen=True):
    """So many seconds later, so many new alerts; and how the attempt under way, if there is one, ends."""

    after: float
    alerts: int
    end: str


STEPS = st.lists(
    st.builds(
        Step, st.floats(0.0, 30.0), st.integers(0, 3), st.sampled_from(["not yet", "sent", "failed", "for good"])
    ),
    max_size=60,
)


@given(STEPS, st.builds(Pace, st.floats(0.0, 3.0), st.floats(0.0, 20.0), st.integers(1, 5)))
def test_every_alert_goes_out_once_in_order_or_is_given_up_whole(steps: list[Step], pace: Pace) -> None:
    """And two messages keep their distance, whatever comes when and whatever fails."""
    lane = Lane(pace)
    now, count, is_out = 0.0, 0, False
    messages: list[tuple[float, list[int]]] = []
    done: list[int] = []
    for step in [*steps, *[Step(1000.0, 0, "sent")] * 2]:
        now += step.after
        for _ in range(step.alerts):
            lane.offer(alert(count), now)
            count += 1
        if is_out and step.end != "not yet":
            is_out = False
            if step.end == "sent":
                lane.sent()
                done += messages[-1][1]
            elif lane.failed(now, for_good=step.end == "for good"):
                done += messages[-1][1]
        parcel = lane.take(now)
        if parcel is not None:
            is_out = True
            assert parcel.tries <= pace.attempts
            if parcel.tries == 1:
                messages.append((now, numbers(parcel.alerts)))
            assert numbers(parcel.alerts) == messages[-1][1], "a retry is the same message"
    if is_out:
        lane.sent()
        done += messages[-1][1]
    assert [number for _, message in messages for number in message] == list(range(count))
    assert done == list(range(count))
    assert all(later - earlier >= pace.interval - 1e-6 for (earlier, _), (later, _) in pairwise(messages))
    assert lane.is_empty
