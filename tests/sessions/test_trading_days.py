"""Golden days: a book that is flat overnight in weeks of daylight saving, on half days and around holidays."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentio_tui import cli
from sentio_tui.feeds.bar_writer import FILE_FORMATS
from sentio_tui.journal.reader import read_all
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import AnyEvent, Decided, OrderFilled, OrderSubmitted, SessionEnded
from sentio_tui.model.orders import Side
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.verify import verify
from sentio_tui.settings import (
    BrokerSettings,
    FeedSettings,
    LadderSettings,
    MachineSettings,
    SessionSettings,
    Settings,
    StrategySettings,
)
from tests.sessions.days import Run, market_of, run
from tests.sessions.places import DATA, needs_data

NEW_YORK = ZoneInfo("America/New_York")
EDT, EST = "EDT", "EST"


def always_in(feed: FeedSettings) -> Settings:
    """A ladder of one rung: it holds the base whenever it may, so that every end of day has something to sell."""
    return Settings(
        session=SessionSettings(capital=100_000.0),
        feed=feed,
        strategy=StrategySettings("online_ensemble", params={"warm_up_bars": 20}),
        machine=MachineSettings(
            "ladder", True, ladder=LadderSettings("SPY", {"BASE_ONLY": 0.0}, profit_target=0.0, stop_loss=0.0)
        ),
        broker=BrokerSettings(slippage=0.0001),
    )


@cache
def days_from(start: str, count: int) -> Run:
    """The simulated market of some calendar days from 09:30 in New York."""
    opening = datetime.fromisoformat(f"{start}T09:30").replace(tzinfo=NEW_YORK).astimezone(UTC)
    settings = always_in(FeedSettings(speed=0.0, start=opening.isoformat(), days=count, seed=3))
    return run(settings, market_of(settings))


def clock(at: Millis) -> str:
    return f"{datetime.fromtimestamp(at / 1000, NEW_YORK):%H:%M}"


def sides(events: Sequence[AnyEvent]) -> list[tuple[str, str, str]]:
    orders = [event.order for event in events if isinstance(event, OrderSubmitted)]
    return [(order.side.value, clock(order.time), order.reason) for order in orders]


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        # Clocks go forward on Sunday, 2025-03-09, and back on Sunday, 2025-11-02.
        ("2025-03-06", 7, {"2025-03-06": EST, "2025-03-07": EST, "2025-03-10": EDT, "2025-03-11": EDT}),
        ("2025-10-30", 7, {"2025-10-30": EDT, "2025-10-31": EDT, "2025-11-03": EST, "2025-11-04": EST}),
    ],
    ids=["forward", "back"],
)
def test_t10_weeks_of_daylight_saving_keep_the_hours_of_the_exchange(
    start: str, count: int, expected: dict[str, str]
) -> None:
    made = days_from(start, count)
    for day, zone in expected.items():
        _is_golden(made, date.fromisoformat(day), "15:58", 390, zone, first=day == start)
    offsets = {day: made.bars[date.fromisoformat(day)][0].time % 86_400_000 // MINUTE for day in expected}
    assert offsets == {day: (14 if zone is EST else 13) * 60 + 30 for day, zone in expected.items()}


@pytest.mark.parametrize(
    ("start", "count", "days", "holidays"),
    [
        ("2013-11-27", 3, {"2013-11-27": False, "2013-11-29": True}, ["2013-11-28"]),
        ("2013-12-23", 4, {"2013-12-23": False, "2013-12-24": True, "2013-12-26": False}, ["2013-12-25"]),
        ("2025-11-26", 3, {"2025-11-26": False, "2025-11-28": True}, ["2025-11-27"]),
    ],
    ids=["2013-11-29", "2013-12-24", "2025-11-28"],
)
def test_t11_half_days_are_sold_out_by_thirteen_hours_and_holidays_are_none(
    start: str, count: int, days: dict[str, bool], holidays: list[str]
) -> None:
    made = days_from(start, count)
    for day, is_half in days.items():
        window, bars = ("12:58", 210) if is_half else ("15:58", 390)
        _is_golden(made, date.fromisoformat(day), window, bars, EST, first=day == start)
    assert not [day for day in holidays if date.fromisoformat(day) in made.bars]


def _is_golden(made: Run, day: date, window: str, bars: int, zone: str, *, first: bool) -> None:
    """One round trip: in as soon as it may, out at the window's start, nothing held at the close."""
    events = made.events[day]
    decided = [event for event in events if isinstance(event, Decided)]
    assert len(decided) == bars == len([bar for bar in made.bars[day] if bar.symbol == "SPY"])
    assert clock(decided[0].signal.time) == "09:30"
    # The first day warms up: thirty bars, of which the last one gives the first signal.
    assert sides(events) == [
        ("buy", "10:00" if first else "09:31", decided[29 if first else 0].detail),
        ("sell", window, f"EOD_CLOSE ({window} {zone})"),
    ]
    assert made.held(day) == {}
    sold = next(event.fill for event in events if isinstance(event, OrderFilled) and event.fill.side is Side.SELL)
    assert clock(sold.time) == window
    after = [event for event in decided if clock(event.at) >= window]
    # Those of 15:57 to 15:59, known a minute later: the last one when the exchange has closed.
    assert after[0].reason in {Reason.NO_CHANGE, Reason.END_OF_DAY}
    assert {event.reason for event in after[1:]} <= {Reason.ORDER_PENDING, Reason.END_OF_DAY, Reason.OUTSIDE_HOURS}
    assert len(after) == 3


SPY = DATA / "SPY_1min_2013-10-04_2013-10-10.csv"


@cache
def real(begin: str, end: str) -> Run:
    """Real bars of two days between two times of the first one, and all of the second."""
    settings = always_in(FeedSettings(kind="recorded", speed=0.0, data=(str(SPY),)))
    bars = [
        bar
        for bar in market_of(settings)
        if f"2013-10-09 {begin}" <= stamp(bar.time) < f"2013-10-09 {end}" or stamp(bar.time) >= "2013-10-10"
    ]
    return run(settings, bars)


def stamp(at: Millis) -> str:
    return f"{datetime.fromtimestamp(at / 1000, NEW_YORK):%Y-%m-%d %H:%M}"


@needs_data
@pytest.mark.parametrize(("begin", "end"), [("04:00", "09:30"), ("16:00", "20:00")], ids=["before", "after"])
def test_t02_a_start_outside_hours_waits_for_the_open(begin: str, end: str) -> None:
    made = real(begin, end)
    first, second = date(2013, 10, 9), date(2013, 10, 10)
    decided = [event for event in made.events[first] if isinstance(event, Decided)]
    assert decided
    assert {event.reason for event in decided} == {Reason.OUTSIDE_HOURS}
    assert sides(made.events[first]) == []
    # Nothing was learned outside hours, so the warm-up begins with the open.
    assert [order[:2] for order in sides(made.events[second])] == [("buy", "10:00"), ("sell", "15:58")]
    assert made.held(second) == {}
    late = [event for event in made.events[second] if isinstance(event, Decided) and clock(event.at) > "16:00"]
    assert late
    assert {event.reason for event in late} == {Reason.OUTSIDE_HOURS}


def test_what_is_sold_with_the_last_bar_of_a_recording_is_sold_at_the_close(tmp_path: Path) -> None:
    """The data end with the exchange's close, and nothing traded in the last two minutes: the sales of the end of the
    day take the last price there was, and are not made again as those of a session's end."""
    opening = round(datetime(2025, 1, 6, 14, 30, tzinfo=UTC).timestamp() * 1000)
    bars = [
        Bar("SPY", opening + minute * MINUTE, 100.0, 100.1, 99.9, 100.0, 5_000.0 if minute < 388 else 0.0)
        for minute in range(390)
    ]
    data = tmp_path / "bars.csv"
    data.write_bytes(FILE_FORMATS["csv"](bars))
    session = assemble(always_in(FeedSettings("recorded", speed=0.0, data=(str(data),))), tmp_path / "sessions")
    session.start()
    assert session.wait(60.0)
    events = read_all(session.journal).events
    assert sides(events)[-1] == ("sell", "15:58", "EOD_CLOSE (15:58 EST)")
    sold = [event for event in events if isinstance(event, OrderFilled)][-1]
    assert (clock(sold.at), sold.fill.side) == ("16:00", Side.SELL)
    assert isinstance(events[-1], SessionEnded)
    assert events[-1].why == "the data ended"
    assert verify(session.journal).is_proved


@needs_data
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--date", "2013-10-05"), "no bars of 2013-10-05, a day on which XNYS is closed"),
        (("--date", "2013-10-11"), "the nearest of 5 available days: 2013-10-04, 2013-10-07, 2013-10-08"),
        (("--data-symbol", "SPY"), "feed.data_symbol (--data-symbol) = SPY is of files without a symbol column"),
        (("--set", "instruments.SPY.exchange=XNSY"), "unknown exchange 'XNSY'; the nearest are XNYS"),
        (("--set", "funds.SPXL.start_price=0.001"), "--set funds.SPXL.start_price: funds.SPXL.start_price: 0.001 must"),
    ],
)
def test_what_cannot_be_is_said_with_exit_code_two(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: Sequence[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    data = ["--feed", "recorded", "--data", str(SPY), "--sessions-dir", str(tmp_path / "sessions")]
    assert cli.main(["run", "--profile", "spy", *data, *options]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "sessions").exists()
