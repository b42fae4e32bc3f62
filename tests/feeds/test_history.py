"""Which days are over, which of them are missing, and how their bars cover the calendar."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.feeds.history import Request, cleaned, coverage, finished, missing, span
from sentio_tui.market.calendar import DAY, AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar, Millis

NEW_YORK = ExchangeCalendar("XNYS")
UTC_DAYS = AlwaysOpen()
JANUARY = date(2025, 1, 1)
HOURS: dict[str, Calendar] = {"SPY": NEW_YORK, "QQQ": NEW_YORK, "BTC-USD": UTC_DAYS}
SOURCES = {"SPY": "iex", "QQQ": "iex", "BTC-USD": "crypto"}


def at(text: str) -> Millis:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def bar(time: Millis, *, close: float = 100.0, low: float = 99.0) -> Bar:
    return Bar("SPY", time, 100.0, 101.0, low, close, 5.0)


def test_a_day_of_new_york_begins_at_its_midnight_also_when_clocks_change() -> None:
    assert span(NEW_YORK, date(2025, 1, 2)) == (at("2025-01-02T05:00"), at("2025-01-03T05:00"))
    assert span(NEW_YORK, date(2025, 3, 9)) == (at("2025-03-09T05:00"), at("2025-03-10T04:00"))
    assert span(NEW_YORK, date(2025, 11, 2)) == (at("2025-11-02T04:00"), at("2025-11-03T05:00"))
    assert span(UTC_DAYS, date(2025, 1, 2)) == (at("2025-01-02"), at("2025-01-03"))


def test_a_day_is_over_when_its_last_bars_have_come() -> None:
    """The hours after the close count, those of a half day end earlier, and weekends are no days."""
    last = date(2025, 7, 3)  # closes at 13:00
    for now, days in (("2025-07-03T21:15", 1), ("2025-07-03T21:16", 2), ("2025-07-06T12:00", 2)):
        assert len(finished(NEW_YORK, date(2025, 7, 2), date(2025, 7, 6), at(now))) == days
    assert finished(NEW_YORK, last, last, at("2025-07-03T16:00")) == []
    assert finished(UTC_DAYS, last, last, at("2025-07-04T00:15")) == []
    assert finished(UTC_DAYS, last, last, at("2025-07-04T00:16")) == [last]
    assert finished(NEW_YORK, last, last, at("2025-06-01")) == []


def asked(requests: list[Request]) -> list[tuple[str, date]]:
    return [(symbol, request.day) for request in requests for symbol in request.symbols]


days = st.sets(st.integers(1, 28).map(lambda day: date(2025, 1, day)))


@given(
    wanted=st.fixed_dictionaries(dict.fromkeys(HOURS, days)),
    kept=st.dictionaries(st.sampled_from([*HOURS]), days),
    stops=st.lists(st.integers(0, 40), max_size=4),
)
def test_only_what_is_missing_is_asked_for_and_all_of_it_whatever_interrupts(
    wanted: dict[str, set[date]], kept: dict[str, set[date]], stops: list[int]
) -> None:
    have = {symbol: set(known) for symbol, known in kept.items()}
    seen: list[tuple[str, date]] = []
    for stop in [*stops, None]:
        requests = missing(wanted, have, SOURCES, HOURS)[:stop]
        for symbol, day in asked(requests):
            assert day not in have.get(symbol, ())
            have.setdefault(symbol, set()).add(day)
            seen.append((symbol, day))
        assert [request.day for request in requests] == sorted(request.day for request in requests)
    assert sorted(seen) == sorted(
        (symbol, day) for symbol, all_of in wanted.items() for day in all_of - kept.get(symbol, set())
    )
    assert missing(wanted, have, SOURCES, HOURS) == []


def test_a_day_of_all_symbols_of_a_source_is_one_request_of_that_day() -> None:
    day = date(2025, 1, 2)
    coins, shares = sorted(missing({key: {day} for key in HOURS}, {}, SOURCES, HOURS), key=lambda each: each.source)
    assert coins == Request("crypto", day, ("BTC-USD",), at("2025-01-02"), at("2025-01-02T23:59"))
    assert shares == Request("iex", day, ("SPY", "QQQ"), at("2025-01-02T05:00"), at("2025-01-03T04:59"))


def test_many_symbols_are_asked_for_in_several_questions() -> None:
    symbols = [f"S{number}" for number in range(250)]
    hours: dict[str, Calendar] = dict.fromkeys(symbols, NEW_YORK)
    requests = missing({each: {date(2025, 1, 2)} for each in symbols}, {}, dict.fromkeys(symbols, "iex"), hours)
    assert [len(request.symbols) for request in requests] == [100, 100, 50]
    assert sorted(symbol for request in requests for symbol in request.symbols) == sorted(symbols)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([99.5, 100.5, 102.0]))))
def test_each_minute_is_kept_once_as_it_came_last(came: list[tuple[int, float]]) -> None:
    bars = [bar(minute * MINUTE, close=close) for minute, close in came]
    found = cleaned(bars)
    good = [each for each in bars if each.close <= each.high]
    last = {each.time: each for each in good}
    assert found.bars == [last[time] for time in sorted(last)]
    assert found.duplicates == len(good) - len(last)
    assert len(found.faults) == len(bars) - len(good)
    assert all("high is not highest" in why for why in found.faults)


def test_coverage_counts_minutes_of_the_session_and_bars_out_of_it() -> None:
    full, half, empty = date(2025, 7, 2), date(2025, 7, 3), date(2025, 7, 7)
    opens = at("2025-07-02T13:30")
    times = [opens - MINUTE, *range(opens, opens + 390 * MINUTE, MINUTE)]
    times.remove(opens + 5 * MINUTE)
    times += [opens + DAY, opens + DAY + 210 * MINUTE]  # the second is the minute of the half day's close
    found = coverage(times, NEW_YORK, [full, half, empty])
    assert (found.days, found.empty_days, found.bars) == (3, (empty,), len(times))
    assert (found.minutes, found.missing_minutes, found.out_of_hours) == (390 + 210, 1 + 209, 2)


def test_coverage_of_what_never_closes_and_of_other_days() -> None:
    found = coverage([0, MINUTE, DAY], UTC_DAYS, [date(1970, 1, 1)])
    assert (found.bars, found.minutes, found.missing_minutes, found.out_of_hours) == (2, 1440, 1438, 0)
