import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv, parquet

from sentio_tui.feeds.base import Feed, FeedError
from sentio_tui.feeds.recorded import RecordedFeed, files_in
from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis

HEADER = "timestamp,symbol,open,high,low,close,volume"
ORIGINAL = "ts_utc,ts_nyt_epoch,open,high,low,close,volume"
T0: Millis = round(datetime(2025, 10, 6, 13, 30, tzinfo=UTC).timestamp() * 1000)
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real bars are not beside the repository")


def stamp(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def line(minute: int, symbol: str = "BTC-USD", close: float = 100.0) -> str:
    return f"{stamp(T0 + minute * MINUTE)},{symbol},100,{close + 1},99,{close},2.5"


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def feed(
    *files: Path,
    symbols: Sequence[str] | None = None,
    date: str | None = None,
    data_symbol: str | None = None,
    calendar: Calendar | None = None,
) -> RecordedFeed:
    return RecordedFeed(files, symbols, date, data_symbol, calendar or AlwaysOpen())


def load(
    *files: Path,
    symbols: Sequence[str] | None = None,
    date: str | None = None,
    data_symbol: str | None = None,
    calendar: Calendar | None = None,
) -> list[Bar]:
    it = feed(*files, symbols=symbols, date=date, data_symbol=data_symbol, calendar=calendar)
    it.load()
    return it.bars


def refusal(*files: Path, data_symbol: str | None = None, calendar: Calendar | None = None) -> str:
    with pytest.raises(FeedError) as error:
        load(*files, data_symbol=data_symbol, calendar=calendar)
    return str(error.value)


def to_parquet(source: Path, target: Path) -> Path:
    parquet.write_table(csv.read_csv(source), target)
    return target


async def collect(source: Feed, skip: int = 0) -> list[list[Bar]]:
    return [[item for item in batch if isinstance(item, Bar)] async for batch in source.batches(skip)]


def test_bars_are_read_as_they_are_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "2025-10-06T13:30:00Z,BTC-USD,1.5,2,1.25,1.75,0", line(3))
    assert load(path) == [
        Bar("BTC-USD", T0, 1.5, 2.0, 1.25, 1.75, 0.0),
        Bar("BTC-USD", T0 + 3 * MINUTE, 100.0, 101.0, 99.0, 100.0, 2.5),
    ]


def test_t09_bars_carry_their_own_minute(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "2013-10-04T09:30:00-04:00,SPY,1,1,1,1,1")
    assert [bar.time for bar in load(path)] == [round(datetime(2013, 10, 4, 13, 30, tzinfo=UTC).timestamp() * 1000)]


def test_opening_reads_nothing_and_batches_come_256_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    source: Feed = feed(path)
    write(path, *(line(minute) for minute in range(600)))
    batches = asyncio.run(collect(source))
    assert (source.name, source.is_live) == ("recorded", False)
    assert [len(batch) for batch in batches] == [256, 256, 88]
    bars = [bar for batch in batches for bar in batch]
    for skip in (0, 1, 256, 599, 600, 700):
        assert [bar for batch in asyncio.run(collect(source, skip)) for bar in batch] == bars[skip:]


def test_t38_symbols_are_joined_by_time_in_configured_order(tmp_path: Path) -> None:
    one = write(tmp_path / "a.csv", *(line(minute, "BTC-USD") for minute in (0, 1, 2, 5)))
    other = write(tmp_path / "b.csv", *(line(minute, "ETH-USD") for minute in (1, 5, 6)))
    bars = load(one, other, symbols=["ETH-USD", "BTC-USD"])
    assert [((bar.time - T0) // MINUTE, bar.symbol[:3]) for bar in bars] == [
        (0, "BTC"),
        (1, "ETH"),
        (1, "BTC"),
        (2, "BTC"),
        (5, "ETH"),
        (5, "BTC"),
        (6, "ETH"),
    ]


def test_only_configured_symbols_are_played_but_all_are_known(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", line(0, "A"), line(0, "B"), line(0, "C"))
    source = feed(path, symbols=["C", "MISSING", "A"])
    source.load()
    assert [bar.symbol for bar in source.bars] == ["C", "A"]
    assert source.symbols_found == ("A", "B", "C")
    with pytest.raises(FeedError, match=r"no bars of MISSING in .*a\.csv; there are A, B, C"):
        load(path, symbols=["MISSING"])


def test_a_symbol_for_files_that_have_their_own_is_refused(tmp_path: Path) -> None:
    named = write(tmp_path / "a.csv", line(0, "A"), line(0, "B"))
    bare = write(tmp_path / "b.csv", "2025-10-06T13:30:00Z,1759757400,1,2,1,2,5", header=ORIGINAL)
    said = refusal(named, data_symbol="A")
    assert "feed.data_symbol (--data-symbol) = A" in said
    assert "feed.symbols (--symbols) chooses" in said
    assert {bar.symbol for bar in load(named, bare, data_symbol="C")} == {"A", "B", "C"}


def test_t03_renaming_a_file_changes_nothing(tmp_path: Path) -> None:
    plain = write(tmp_path / "SPY_day.csv", "2025-10-06T13:30:00Z,1759757400,1,2,1,2,5", header=ORIGINAL)
    binary = to_parquet(plain, tmp_path / "SPY_day.parquet")
    expected = [Bar("QQQ", T0, 1.0, 2.0, 1.0, 2.0, 5.0)]
    for source in (plain, binary):
        for name in ("day_0_data.csv", "QQQ.parquet", "SPY", "x.txt"):
            renamed = source.rename(tmp_path / "renamed")
            renamed = renamed.rename(tmp_path / name)
            assert load(renamed, data_symbol="QQQ") == expected
            assert "no symbol column; say whose bars these are with feed.data_symbol" in refusal(renamed)
            source = renamed


@pytest.mark.parametrize("behind", [0, 4 * 3600])
def test_the_originals_columns(tmp_path: Path, behind: int) -> None:
    lines = [f"2025-10-06T09:{30 + n}:00-04:00,{T0 // 1000 + 60 * n - behind},1,2,1,2,5" for n in range(2)]
    bars = load(write(tmp_path / "a.csv", *lines, header=ORIGINAL), data_symbol="SPY")
    assert [(bar.symbol, bar.time) for bar in bars] == [("SPY", T0), ("SPY", T0 + MINUTE)]


def test_a_folder_is_its_files_of_bars(tmp_path: Path) -> None:
    inside = tmp_path / "bars"
    (inside / "deeper.csv").mkdir(parents=True)
    first, second = write(inside / "b.csv", line(1)), write(inside / "a.CSV", line(0))
    to_parquet(write(tmp_path / "other", line(2)), third := inside / "c.parquet")
    (inside / "notes.txt").write_text("not bars")
    outside = write(tmp_path / "one.dat", line(3))
    assert files_in([outside, inside]) == [outside, second, first, third]
    assert len(load(*files_in([outside, inside]))) == 4
    assert files_in([tmp_path / "nothing.csv"]) == [tmp_path / "nothing.csv"], "told when it is read"
    with pytest.raises(FeedError, match=r"deeper.csv: a folder without CSV or Parquet files"):
        files_in([inside / "deeper.csv"])


def test_a_bar_in_two_files_is_a_duplicate(tmp_path: Path) -> None:
    one = write(tmp_path / "a.csv", line(0), line(1), line(2))
    other = write(tmp_path / "b.csv", line(3), line(4))
    assert len(load(one, other)) == 5
    write(other, line(1), line(4))
    stood = f"{other}, line 2: duplicate bar: BTC-USD 2025-10-06T13:31:00Z is also in {one}, line 3"
    assert refusal(one, other) == stood
    assert "and 0 more" not in refusal(one, one)
    assert refusal(one, one).count("duplicate bar") == 3


@pytest.mark.parametrize(
    ("calendar", "summer", "winter"),
    [
        (ExchangeCalendar("XNYS"), "2025-10-31T15:59:00-04:00", "2025-11-03T09:30:00-05:00"),
        (AlwaysOpen(), "2025-10-31T15:59:00-04:00", "2025-11-03T09:30:00-05:00"),
        (AlwaysOpen(zone="Europe/London"), "2025-10-25T20:59:00+01:00", "2025-11-03T14:30:00Z"),
    ],
)
def test_t10_offsets_that_change_with_the_clocks_are_one_zone(
    tmp_path: Path, calendar: Calendar, summer: str, winter: str
) -> None:
    path = write(tmp_path / "a.csv", f"{summer},SPY,1,1,1,1,1", f"{winter},SPY,1,1,1,1,1")
    source = feed(path, calendar=calendar)
    source.load()
    assert [stamp(bar.time)[11:] for bar in source.bars] == ["19:59:00Z", "14:30:00Z"]
    assert source.begin == source.bars[0].time


def test_a_date_that_is_none_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", line(0))
    with pytest.raises(FeedError, match="date '6 October' is not a day; write it as YYYY-MM-DD"):
        load(path, date="6 October")


def test_an_unknown_date_lists_the_nearest(tmp_path: Path) -> None:
    lines = [line(day * 1_440) for day in (0, 1, 2, 3, 10, 20)]
    path = write(tmp_path / "a.csv", *lines)
    with pytest.raises(FeedError) as error:
        load(path, date="2025-10-11")
    assert str(error.value) == (
        f"recorded market: no bars of 2025-10-11 in {path}; the nearest of 6 available days: "
        "2025-10-06, 2025-10-07, 2025-10-08, 2025-10-09, 2025-10-16"
    )


@pytest.mark.parametrize("day", ["2013-11-28", "2013-11-30"], ids=["Thanksgiving", "Saturday"])
def test_a_holiday_is_called_one_and_the_nearest_days_are_named(tmp_path: Path, day: str) -> None:
    rows = [f"{each}T15:00:00Z,SPY,1,1,1,1,1" for each in ("2013-11-27", "2013-11-29", "2013-12-02")]
    path = write(tmp_path / "a.csv", *rows)
    with pytest.raises(FeedError) as error:
        load(path, date=day, calendar=ExchangeCalendar("XNYS"))
    assert str(error.value) == (
        f"recorded market: no bars of {day}, a day on which XNYS is closed, in {path}; the nearest of 3 available "
        "days: 2013-11-27, 2013-11-29, 2013-12-02"
    )


BARS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["A", "B", "C"]), st.floats(70.0, 100.0)),
    unique_by=lambda each: each[:2],
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(BARS, st.data())
def test_any_split_over_files_loads_to_the_same_bars(
    tmp_path_factory: pytest.TempPathFactory, bars: list[tuple[int, str, float]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("split")
    split = data.draw(st.lists(st.integers(0, 3), min_size=len(bars), max_size=len(bars)))
    files = []
    for number in sorted(set(split)):
        share = sorted(each for each, where in zip(bars, split, strict=True) if where == number)
        lines = [f"{stamp(T0 + m * MINUTE)},{symbol},{c!r},{c!r},{c!r},{c!r},1" for m, symbol, c in share]
        files.append(write(folder / f"{number}.csv", *lines))
        if data.draw(st.booleans()):
            files[-1] = to_parquet(files[-1], folder / f"{number}.parquet")
    expected = [Bar(symbol, T0 + m * MINUTE, c, c, c, c, 1.0) for m, symbol, c in sorted(bars)]
    assert load(*data.draw(st.permutations(files))) == expected


@needs_data
@pytest.mark.parametrize(
    ("pattern", "rows"),
    [("SPY_*", 4_063), ("IBM_*", 877), ("BTC-USD_*", None), ("ETH-USD_*", None), ("LTC-USD_*", None)],
)
def test_the_real_bars_load_whole_and_valid(pattern: str, rows: int | None) -> None:
    (path,) = DATA.glob(pattern)
    bars = load(path)
    assert len(bars) == len(path.read_text().splitlines()) - 1
    assert len(bars) == rows or (rows is None and abs(len(bars) - 2_450) < 60)
    assert [fault(bar, previous) for bar, previous in zip(bars[1:], bars, strict=False) if fault(bar, previous)] == []


@needs_data
def test_real_csv_and_parquet_give_identical_bars(tmp_path: Path) -> None:
    for path in DATA.glob("*.csv"):
        assert load(to_parquet(path, tmp_path / "copy")) == load(path)


@needs_data
def test_t38_bitcoin_and_ether_are_joined_by_time_and_gaps_stay_gaps() -> None:
    files = [*DATA.glob("BTC-USD_*"), *DATA.glob("ETH-USD_*")]
    bars = load(*files, symbols=["ETH-USD", "BTC-USD"])
    assert len(bars) == sum(len(path.read_text().splitlines()) - 1 for path in files)
    keys = [(bar.time, ["ETH-USD", "BTC-USD"].index(bar.symbol)) for bar in bars]
    assert keys == sorted(set(keys))
    for path in files:
        alone = load(path)
        assert [bar for bar in bars if bar.symbol == alone[0].symbol] == alone
        gap, before = max((later.time - earlier.time, earlier.time) for earlier, later in pairwise(alone))
        assert stamp(before).startswith("2018-04-04T16:")
        assert timedelta(hours=7) < timedelta(milliseconds=gap) < timedelta(hours=8)


@needs_data
def test_t37_a_date_is_one_exchange_day() -> None:
    (path,) = DATA.glob("SPY_*")
    nyse = ExchangeCalendar("XNYS")
    days = (4, 7, 8, 9, 10)
    whole = load(path, calendar=nyse)
    together: list[Bar] = []
    for day in days:
        source = feed(path, date=f"2013-10-{day:02}", calendar=nyse)
        source.load()
        assert source.dates == tuple(date(2013, 10, each) for each in days)
        assert {nyse.day_of(bar.time) for bar in source.bars} == {date(2013, 10, day)}
        regular = [bar for bar in source.bars if nyse.is_open(bar.time)]
        assert len(regular) == 390
        assert source.history_before(date(2013, 10, day)) == together
        together += source.bars
    assert together == whole
    with pytest.raises(FeedError, match=r"no bars of 2013-10-06.* days: 2013-10-04, 2013-10-07"):
        load(path, date="2013-10-06", calendar=nyse)


class OneLongDay(AlwaysOpen):
    """A calendar that takes whatever comes for the day it began with."""

    def day_of(self, at: Millis) -> date:
        return date(2025, 10, 6)


def test_t37_many_days_are_not_taken_for_one(tmp_path: Path) -> None:
    minutes = [day * 1_440 + minute for day in range(25) for minute in range(0, 390, 30)]
    path = write(tmp_path / "a.csv", *(line(minute) for minute in minutes))
    with pytest.raises(FeedError, match=r"325 bars of BTC-USD over 582\.0 hours are taken for the one day 2025-10-06"):
        load(path, date="2025-10-06", calendar=OneLongDay())
    assert len(load(path, date="2025-10-06")) == 13


@needs_data
def test_t37_after_hours_belong_to_the_day_that_ends() -> None:
    """20:00 in New York is the next day in UTC; a winter file would show it from 19:00 on."""
    (path,) = DATA.glob("SPY_*")
    bars = load(path, date="2013-10-04", calendar=ExchangeCalendar("XNYS"))
    assert stamp(bars[0].time) >= "2013-10-04T08:00:00Z"
    assert "2013-10-04T23:30:00Z" < stamp(bars[-1].time) < "2013-10-05T00:00:00Z"
