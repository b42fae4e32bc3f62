from collections.abc import Callable

import pytest

from sentio_tui.feeds.pacing import Pacer
from sentio_tui.model.bars import MINUTE


class FakeClock:
    """A wall clock that only moves when told, and sleeps that always end late."""

    def __init__(self, late: float = 0.0) -> None:
        self.now = 1_000.0
        self.late = late
        self.sleeps = 0
        self.on_sleep: Callable[[], None] = lambda: None

    def wall(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.sleeps += 1
        self.now += seconds + self.late
        self.on_sleep()


async def test_no_drift_over_ten_thousand_bars() -> None:
    clock = FakeClock(late=0.004)
    pacer = Pacer(60.0, clock.wall, clock.sleep)
    for index in range(10_000):
        await pacer.wait_for(index * MINUTE)
        clock.now += 0.02  # what the consumer does with a bar
        assert 0.0 <= clock.now - 0.02 - (1_000.0 + index) <= 0.005
    assert clock.sleeps >= 9_999


async def test_being_late_once_does_not_make_the_next_late() -> None:
    clock = FakeClock()
    pacer = Pacer(60.0, clock.wall, clock.sleep)
    await pacer.wait_for(0)
    clock.now += 3.5
    due = []
    for index in range(1, 6):
        await pacer.wait_for(index * MINUTE)
        due.append(clock.now - 1_000.0)
    assert due == pytest.approx([3.5, 3.5, 3.5, 4.0, 5.0], abs=1e-5)


async def test_speed_zero_never_waits() -> None:
    clock = FakeClock()
    pacer = Pacer(0.0, clock.wall, clock.sleep)
    for index in range(100):
        await pacer.wait_for(index * MINUTE)
    assert clock.sleeps == 0


async def test_a_night_is_jumped_and_the_next_minute_is_paced_again() -> None:
    clock = FakeClock()
    pacer = Pacer(1.0, clock.wall, clock.sleep)
    await pacer.wait_for(0)
    await pacer.wait_for(MINUTE)
    assert clock.now == pytest.approx(1_060.0, abs=1e-5)
    night = MINUTE + 1_050 * MINUTE
    await pacer.wait_for(night)
    assert clock.now == pytest.approx(1_060.0, abs=1e-5)
    await pacer.wait_for(night + MINUTE)
    assert clock.now == pytest.approx(1_120.0, abs=1e-5)


async def test_a_gap_within_the_limit_is_waited_for() -> None:
    clock = FakeClock()
    pacer = Pacer(60.0, clock.wall, clock.sleep, skip_gaps_over=10 * MINUTE)
    await pacer.wait_for(0)
    await pacer.wait_for(10 * MINUTE)
    assert clock.now == pytest.approx(1_010.0, abs=1e-5)
    await pacer.wait_for(21 * MINUTE)
    assert clock.now == pytest.approx(1_010.0, abs=1e-5)


async def test_a_new_speed_goes_on_from_the_market_time_it_is() -> None:
    clock = FakeClock()
    pacer = Pacer(60.0, clock.wall, clock.sleep)
    await pacer.wait_for(0)
    await pacer.wait_for(10 * MINUTE)
    pacer.set_speed(600.0)
    await pacer.wait_for(20 * MINUTE)
    assert clock.now == pytest.approx(1_011.0, abs=1e-5)
    pacer.set_speed(0.0)
    await pacer.wait_for(30 * MINUTE)
    assert clock.now == pytest.approx(1_011.0, abs=1e-5)
    pacer.set_speed(60.0)
    await pacer.wait_for(31 * MINUTE)
    assert clock.now == pytest.approx(1_012.0, abs=1e-5)


async def test_a_wait_under_way_takes_up_a_new_speed() -> None:
    clock = FakeClock()
    pacer = Pacer(1.0, clock.wall, clock.sleep)
    await pacer.wait_for(0)

    def hurry() -> None:
        if clock.now >= 1_030.0 and pacer.speed == 1.0:
            pacer.set_speed(60.0)

    clock.on_sleep = hurry
    await pacer.wait_for(MINUTE)
    assert clock.now == pytest.approx(1_030.5, abs=0.11)


async def test_market_time_runs_between_bars_and_never_ahead_of_them() -> None:
    clock = FakeClock()
    pacer = Pacer(60.0, clock.wall, clock.sleep)
    assert pacer.market_time() is None
    await pacer.wait_for(100 * MINUTE)
    assert pacer.market_time() == 100 * MINUTE
    clock.now += 5.0
    assert pacer.market_time() == 100 * MINUTE


@pytest.mark.parametrize("speed", [-1.0, float("nan")])
def test_a_negative_speed_is_refused(speed: float) -> None:
    clock = FakeClock()
    with pytest.raises(ValueError, match="0 or more"):
        Pacer(speed, clock.wall, clock.sleep)
    pacer = Pacer(1.0, clock.wall, clock.sleep)
    with pytest.raises(ValueError, match="0 or more"):
        pacer.set_speed(speed)
