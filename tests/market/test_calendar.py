from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar, exchange_of, for_asset, leading
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.instruments import AssetClass


def utc(text: str) -> Millis:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="module")
def nyse() -> ExchangeCalendar:
    return ExchangeCalendar("XNYS")


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2025-10-06", "2025-10-06T13:30", "2025-10-06T20:00"),  # daylight saving, EDT
        ("2025-01-06", "2025-01-06T14:30", "2025-01-06T21:00"),  # winter, EST
        ("2025-03-07", "2025-03-07T14:30", "2025-03-07T21:00"),  # the last day before the clocks go forward
        ("2025-03-10", "2025-03-10T13:30", "2025-03-10T20:00"),
        ("2025-10-31", "2025-10-31T13:30", "2025-10-31T20:00"),  # the last day before they go back
        ("2025-11-03", "2025-11-03T14:30", "2025-11-03T21:00"),
    ],
)
def test_t10_hours_follow_daylight_saving(nyse: ExchangeCalendar, day: str, opens: str, closes: str) -> None:
    hours = nyse.session(date.fromisoformat(day))
    assert hours == (utc(opens), utc(closes))
    assert [nyse.is_open(hours[0] + shift) for shift in (-1, 0)] == [False, True]
    assert [nyse.is_open(hours[1] + shift) for shift in (-1, 0)] == [True, False]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2025-07-01T03:59", "2025-06-30"),  # EDT: midnight is 04:00 UTC
        ("2025-07-01T04:00", "2025-07-01"),
        ("2025-01-07T04:59", "2025-01-06"),  # EST: midnight is 05:00 UTC
        ("2025-01-07T05:00", "2025-01-07"),
        ("2025-03-09T04:59", "2025-03-08"),  # the day the clocks go forward has 23 hours
        ("2025-03-09T05:00", "2025-03-09"),
        ("2025-03-10T03:59", "2025-03-09"),
        ("2025-03-10T04:00", "2025-03-10"),
        ("2025-11-02T03:59", "2025-11-01"),  # the day they go back has 25
        ("2025-11-03T04:59", "2025-11-02"),
        ("2025-11-03T05:00", "2025-11-03"),
        ("2025-10-09T00:30", "2025-10-08"),  # after hours in New York, the next day in UTC
    ],
)
def test_t10_a_day_is_the_exchanges_own(nyse: ExchangeCalendar, at: str, day: str) -> None:
    assert nyse.day_of(utc(at)) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "day",
    ["2025-07-03", "2025-11-28", "2025-12-24", "2026-11-27", "2026-12-24", "2027-11-26"],
)
def test_t11_half_days_close_at_13(nyse: ExchangeCalendar, day: str) -> None:
    hours = nyse.session(date.fromisoformat(day))
    assert hours is not None
    opens, closes = hours
    assert closes - opens == 210 * MINUTE
    assert nyse.next_close(opens) == closes
    assert not nyse.is_open(closes)


def test_t11_the_day_after_thanksgiving_2025(nyse: ExchangeCalendar) -> None:
    assert nyse.session(date(2025, 11, 27)) is None
    assert nyse.session(date(2025, 11, 28)) == (utc("2025-11-28T14:30"), utc("2025-11-28T18:00"))
    assert nyse.next_open(utc("2025-11-26T21:00")) == utc("2025-11-28T14:30")
    assert nyse.next_close(utc("2025-11-28T17:59")) == utc("2025-11-28T18:00")
    assert nyse.next_close(utc("2025-11-28T18:00")) == utc("2025-12-01T21:00")


def test_holidays_weekends_and_the_closure_of_2025_01_09(nyse: ExchangeCalendar) -> None:
    closed = ["2025-01-01", "2025-01-09", "2025-01-20", "2025-04-18", "2025-06-19", "2025-07-04", "2025-12-25"]
    closed += ["2025-10-04", "2025-10-05", "2026-07-03", "2027-12-24"]
    assert [day for day in closed if nyse.session(date.fromisoformat(day)) is not None] == []
    assert nyse.sessions_between(date(2025, 1, 8), date(2025, 1, 13)) == [
        date(2025, 1, 8),
        date(2025, 1, 10),
        date(2025, 1, 13),
    ]
    assert len(nyse.sessions_between(date(2025, 1, 1), date(2025, 12, 31))) == 250


def test_the_real_days_of_the_recorded_data_are_sessions(nyse: ExchangeCalendar) -> None:
    days = nyse.sessions_between(date(2013, 10, 4), date(2013, 10, 10))
    assert [day.day for day in days] == [4, 7, 8, 9, 10]


def test_unknown_is_not_closed(nyse: ExchangeCalendar) -> None:
    for ask in (nyse.is_open, nyse.next_open, nyse.next_close):
        with pytest.raises(ValueError, match="XNYS is known from 1969-01-01 to 2049-12-31"):
            ask(utc("2050-02-01T15:00"))
    with pytest.raises(ValueError, match="known from"):
        nyse.is_open(utc("1960-02-01T15:00"))
    with pytest.raises(ValueError, match="known from"):
        nyse.session(date(2050, 1, 3))
    with pytest.raises(ValueError, match="known from"):
        nyse.sessions_between(date(1960, 1, 1), date(1970, 1, 1))


def test_an_unknown_exchange_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"unknown exchange 'XNYZ'; the nearest are .*XNYS"):
        ExchangeCalendar("XNYZ")


def test_zones_and_periods(nyse: ExchangeCalendar) -> None:
    assert (nyse.zone, nyse.periods) == ("America/New_York", 252)
    assert ExchangeCalendar("NYSE").session(date(2025, 10, 6)) == nyse.session(date(2025, 10, 6))
    crypto = for_asset(AssetClass.CRYPTO)
    assert (crypto.zone, crypto.periods) == ("UTC", 365)
    equity = for_asset(AssetClass.EQUITY, "XLON")
    assert equity.zone == "Europe/London"
    assert isinstance(for_asset(AssetClass.EQUITY, "24/7"), AlwaysOpen)
    assert for_asset(AssetClass.CRYPTO, "XNYS").zone == "America/New_York"
    assert exchange_of(AssetClass.EQUITY) == "XNYS"


def test_days_are_those_of_the_first_market_that_closes(nyse: ExchangeCalendar) -> None:
    crypto, london = AlwaysOpen(), for_asset(AssetClass.EQUITY, "XLON")
    assert leading([crypto, nyse, london]) is nyse
    assert leading([london, nyse]) is london
    assert leading([crypto]) is crypto
    with pytest.raises(ValueError, match="no market"):
        leading([])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:exchange_calendars")
def test_a_lunch_break_is_closed_but_ends_no_session() -> None:
    hong_kong = ExchangeCalendar("XHKG")
    opens, closes = utc("2025-10-06T01:30"), utc("2025-10-06T08:00")
    assert hong_kong.session(date(2025, 10, 6)) == (opens, closes)
    noon = utc("2025-10-06T04:30")
    assert not hong_kong.is_open(noon)
    assert hong_kong.next_open(noon) == utc("2025-10-06T05:00")
    assert hong_kong.next_close(noon) == closes


def test_a_session_that_opens_the_evening_before_belongs_to_its_own_day() -> None:
    chicago = ExchangeCalendar("CMES")
    hours = chicago.session(date(2025, 10, 7))
    assert hours is not None
    assert hours[0] == utc("2025-10-06T22:00")
    assert chicago.day_of(hours[0]) == date(2025, 10, 7)
    assert chicago.day_of(hours[0] - MINUTE) == date(2025, 10, 6)


def test_crypto_never_closes_and_its_day_is_utcs() -> None:
    crypto: Calendar = AlwaysOpen(zone="Asia/Seoul")
    midnight = utc("2018-04-05T00:00")
    assert crypto.zone == "Asia/Seoul"
    assert crypto.is_open(midnight - 1)
    assert crypto.day_of(midnight - 1) == date(2018, 4, 4)
    assert crypto.day_of(midnight) == date(2018, 4, 5)
    assert crypto.session(date(2018, 4, 5)) == (midnight, midnight + 1_440 * MINUTE)
    assert crypto.next_close(midnight - 1) == midnight == crypto.next_open(midnight - 1)
    assert crypto.next_close(midnight) == midnight + 1_440 * MINUTE
    assert crypto.sessions_between(date(2018, 4, 4), date(2018, 4, 6)) == [date(2018, 4, day) for day in (4, 5, 6)]
    assert list(crypto.sessions_between(date(2018, 4, 4), date(2018, 4, 3))) == []


SPAN = st.integers(utc("1990-01-02T00:00") // MINUTE, utc("2040-12-30T00:00") // MINUTE).map(lambda at: at * MINUTE)


@given(SPAN)
def test_the_answers_agree_with_each_other(at: Millis) -> None:
    nyse = ExchangeCalendar("XNYS")
    hours = nyse.session(nyse.day_of(at))
    assert nyse.is_open(at) == (hours is not None and hours[0] <= at < hours[1])
    opens, closes = nyse.next_open(at), nyse.next_close(at)
    assert at < opens
    assert at < closes
    assert (closes < opens) == nyse.is_open(at)
    assert nyse.is_open(opens)
    assert not nyse.is_open(closes)
    assert not nyse.is_open(opens - 1)
    assert nyse.is_open(closes - 1)
