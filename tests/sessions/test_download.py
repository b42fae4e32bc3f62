"""Downloads from the local exchange through the real alpaca-py: what is there in the end, whatever happened."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from sentio_tui.alpaca import http
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.rest import Rest
from sentio_tui.feeds.bar_writer import FileFormat
from sentio_tui.feeds.recorded import RecordedFeed, files_in
from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.model.bars import Bar
from sentio_tui.sessions.download import LOCK, Download, DownloadRefused, SymbolReport, Wanted
from tests.alpaca.places import Pauses, keys_of, place_of, rest
from tests.exchange.conditions import LONGEST
from tests.exchange.server import FakeAlpaca

NEW_YORK = ExchangeCalendar("XNYS")
HOURS: dict[str, Calendar] = {"SPY": NEW_YORK, "SPXS": NEW_YORK, "BTC-USD": AlwaysOpen()}
FIRST, LAST = date(2025, 7, 8), date(2025, 7, 14)
"""Five exchange days, seven of UTC. The exchange's clock stands at the open of the day after."""
BARS = "/v2/stocks/bars"


@pytest.fixture
def wanted(tmp_path: Path) -> Callable[..., Wanted]:
    def make(
        *symbols: str,
        first: date = FIRST,
        last: date = LAST,
        feed: str = "iex",
        kind: FileFormat = "csv",
        folder: str = "bars",
    ) -> Wanted:
        hours = {symbol: HOURS[symbol] for symbol in symbols or HOURS}
        return Wanted(hours, first, last, feed, kind, tmp_path / folder)

    return make


async def fetched(exchange: FakeAlpaca, wanted: Wanted, warned: list[str] | None = None) -> list[SymbolReport]:
    told = [] if warned is None else warned
    with Download(wanted, exchange.clock.now, told.append) as download:
        async with rest(exchange) as client:
            await download.run(client, lambda _: None)
        return download.report()


def requests(exchange: FakeAlpaca) -> int:
    return sum("/bars" in path for _, path in exchange.requests)


def read(folder: Path, calendar: Calendar = NEW_YORK) -> list[Bar]:
    feed = RecordedFeed(files_in([folder]), None, None, None, calendar)
    feed.load()
    return feed.bars


def truth(exchange: FakeAlpaca, symbol: str, tape: str, begin: int, end: int) -> list[tuple[int, float, float]]:
    found = exchange.market.bars(symbol.replace("-", "/"), begin, end, exchange.clock.now, tape)
    return [(at, bar.c, bar.v) for at, bar in found]


async def expect_all(exchange: FakeAlpaca, wanted: Wanted) -> None:
    """Every bar of the market is in the files, once, and no other."""
    bars = read(wanted.folder)
    assert {bar.symbol for bar in bars} == {*wanted.hours}
    for symbol, calendar in wanted.hours.items():
        ours = [bar for bar in bars if bar.symbol == symbol]
        days = [calendar.day_of(bar.time) for bar in ours]
        assert sorted({*days}) == [*calendar.sessions_between(wanted.first, wanted.last)]
        tape = "iex" if "-" in symbol else wanted.shares_from
        all_of = truth(exchange, symbol, tape, ours[0].time - 86_400_000, exchange.clock.now)
        expected = [row for row in all_of if wanted.first <= calendar.day_of(row[0]) <= wanted.last]
        assert [(bar.time, bar.close, bar.volume) for bar in ours] == expected


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("feed", ["iex", "sip"])
async def test_all_bars_of_the_market_are_in_the_files(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted], kind: FileFormat, feed: str
) -> None:
    asked = wanted(kind=kind, feed=feed)
    reports = await fetched(exchange, asked)
    await expect_all(exchange, asked)
    assert requests(exchange) == 5 + 7
    assert sorted(path.name for path in asked.folder.iterdir()) == [
        f"BTC-USD_crypto_2025-07.{kind}",
        f"SPXS_{feed}_2025-07.{kind}",
        f"SPY_{feed}_2025-07.{kind}",
    ]
    spy, spxs, coin = (report.coverage for report in reports)
    assert (spy.days, spxs.days, coin.days) == (5, 5, 7)
    assert spy.minutes == spxs.minutes == 5 * 390
    assert coin.minutes == 7 * 1440
    assert spy.missing_minutes < spxs.missing_minutes
    assert spy.bars == spy.minutes - spy.missing_minutes + spy.out_of_hours


async def test_what_is_there_is_not_asked_for_again(exchange: FakeAlpaca, wanted: Callable[..., Wanted]) -> None:
    await fetched(exchange, wanted("SPY", last=date(2025, 7, 9)))
    before = {path: path.read_bytes() for path in wanted().folder.iterdir()}
    count = requests(exchange)
    await fetched(exchange, wanted("SPY", last=date(2025, 7, 9)))
    assert requests(exchange) == count
    assert {path: path.read_bytes() for path in wanted().folder.iterdir()} == before
    await fetched(exchange, wanted("SPY", "SPXS", first=date(2025, 7, 7)))
    asked = [path for _, path in exchange.requests[count:]]
    both = [path for path in asked if "symbols=SPY%2CSPXS" in path or "symbols=SPY,SPXS" in path]
    assert len(asked) == 6
    assert len(both) == 4, "two days of SPY were there"
    await expect_all(exchange, wanted("SPY", "SPXS", first=date(2025, 7, 7)))


async def test_files_are_by_months(exchange: FakeAlpaca, wanted: Callable[..., Wanted]) -> None:
    asked = wanted("SPY", first=date(2025, 6, 27), last=date(2025, 7, 1))
    await fetched(exchange, asked)
    assert sorted(path.name for path in asked.folder.iterdir()) == ["SPY_iex_2025-06.csv", "SPY_iex_2025-07.csv"]
    await fetched(exchange, wanted("SPY", first=date(2025, 6, 26), last=date(2025, 7, 2)))
    await expect_all(exchange, wanted("SPY", first=date(2025, 6, 26), last=date(2025, 7, 2)))


@pytest.mark.parametrize(
    "fault", ["page_fail", "429", "500", "502", "truncated", "bad_json", "abort_before", "504_after_accept"]
)
async def test_trouble_that_passes_leaves_no_hole(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentio_tui.alpaca.rest._BARS_A_PAGE", 300)
    exchange.faults.add(fault, path=BARS, after=3, times=2)
    asked = wanted("SPY", "SPXS")
    await fetched(exchange, asked)
    assert exchange.faults.fired[fault] == 2
    await expect_all(exchange, asked)


@pytest.mark.parametrize(
    ("fault", "words"),
    [("page_fail", "Alpaca has trouble"), ("403", "the plan includes this data"), ("stall", "no answer in time")],
)
async def test_trouble_that_stays_keeps_the_days_before_and_the_next_command_goes_on(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted], fault: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (1.0, 0.3))
    exchange.faults.add(fault, path=BARS, after=2, times=None)
    asked = wanted("SPY")
    with pytest.raises(AlpacaError, match=words):
        await fetched(exchange, asked)
    assert len({NEW_YORK.day_of(bar.time) for bar in read(asked.folder)}) == 2
    exchange.faults.clear()
    count = requests(exchange)
    await fetched(exchange, asked)
    assert requests(exchange) == count + 3
    await expect_all(exchange, asked)


async def test_an_interrupted_download_goes_on_where_it_was(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted]
) -> None:
    asked = wanted("SPY", "BTC-USD")
    told: list[int] = []
    with Download(asked, exchange.clock.now, print) as download:
        async with rest(exchange) as client:
            came = asyncio.Event()

            def tell(done: int) -> None:
                told.append(done)
                if done == 3:
                    came.set()

            task = asyncio.create_task(download.run(client, tell))
            async with asyncio.timeout(LONGEST):
                await came.wait()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert download.days == 7
        left = download.days - download.days_done
    assert told == sorted(told)
    assert not [path for path in asked.folder.iterdir() if path.suffix == ".tmp"]
    with Download(asked, exchange.clock.now, print) as download:
        assert left - 1 <= download.days <= left
    await fetched(exchange, asked)
    await expect_all(exchange, asked)


async def test_a_day_without_bars_is_told_and_asked_for_again(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted]
) -> None:
    exchange.faults.add("empty_bars", path=BARS, after=1, times=1)
    (report,) = await fetched(exchange, wanted("SPY"))
    assert report.coverage.empty_days == (date(2025, 7, 9),)
    assert report.coverage.minutes == 4 * 390
    count = requests(exchange)
    (report,) = await fetched(exchange, wanted("SPY"))
    assert requests(exchange) == count + 1
    assert report.coverage.empty_days == ()
    await expect_all(exchange, wanted("SPY"))


async def test_a_day_that_is_not_over_is_left_out_until_it_is(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted]
) -> None:
    today = date(2025, 7, 15)
    asked = wanted("SPY", last=date(2025, 12, 31))
    exchange.clock.advance(6.4 * 3600)
    with Download(asked, exchange.clock.now, print) as download:
        assert download.unfinished == {"SPY": today}
        assert download.requests[-1].day == LAST
    exchange.clock.advance(5 * 3600)
    with Download(asked, exchange.clock.now, print) as download:
        assert download.unfinished == {}
        assert download.requests[-1].day == today


async def test_minutes_that_come_twice_are_counted_and_kept_once(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Rest.minute_bars

    async def twice(self: Rest, *given: object, **named: object) -> dict[str, list[Bar]]:
        found = await real(self, *given, **named)  # type: ignore[arg-type]  # as they came
        for symbol, bars in found.items():
            first = bars[0].time
            bars += [*bars[:3], Bar(symbol, first, 5.0, 4.0, 3.0, 5.0, 1.0)]
            bars.append(Bar(symbol, first - 20 * 86_400_000, 5.0, 5.0, 5.0, 5.0, 1.0))  # of a day nobody asked for
        return found

    monkeypatch.setattr(Rest, "minute_bars", twice)
    (report,) = await fetched(exchange, wanted("SPY"))
    assert report.duplicates == 5 * 3
    assert report.left_out == 5
    assert "high is not highest" in report.why
    await expect_all(exchange, wanted("SPY"))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
async def test_a_damaged_file_is_told_once_and_its_days_are_asked_for_again(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted], kind: FileFormat
) -> None:
    asked = wanted("SPY", kind=kind)
    await fetched(exchange, asked)
    (path,) = asked.folder.iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    leftover = path.with_name(f".{path.name}.1.0.tmp")
    leftover.write_bytes(b"half")
    warned: list[str] = []
    await fetched(exchange, asked, warned)
    (warning,) = warned
    assert str(path) in warning
    assert "asked for again" in warning
    assert not leftover.exists()
    await expect_all(exchange, asked)


async def test_files_of_another_feed_or_format_are_not_mixed(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted]
) -> None:
    """The recorded feed would find every bar twice."""
    await fetched(exchange, wanted("SPY", last=FIRST))
    for asked in (wanted("SPY", feed="sip"), wanted("SPY", kind="parquet")):
        with (
            pytest.raises(DownloadRefused, match=r"iex csv files of SPY.*choose another folder"),
            Download(asked, exchange.clock.now, print),
        ):
            pass
    await fetched(exchange, wanted("SPXS", feed="sip", last=FIRST))


async def test_two_downloads_do_not_write_into_one_folder(exchange: FakeAlpaca, wanted: Callable[..., Wanted]) -> None:
    with (
        Download(wanted("SPY"), exchange.clock.now, print),
        pytest.raises(DownloadRefused, match="another download writes into"),
        Download(wanted("SPXS"), exchange.clock.now, print),
    ):
        pass
    assert not (wanted().folder / LOCK).exists()


@pytest.mark.parametrize("symbol", ["spy", "../SPY", "BTC/USD", "", "_", "A B"])
def test_what_is_no_symbol_is_refused(wanted: Callable[..., Wanted], symbol: str) -> None:
    asked = Wanted({symbol: NEW_YORK}, FIRST, LAST, "iex", "csv", wanted().folder)
    with pytest.raises(DownloadRefused, match="no symbol"):
        Download(asked, 0, print)
    assert not asked.folder.exists()


async def test_t17_a_used_up_limit_is_waited_for_though_our_clock_is_ahead(
    exchange: FakeAlpaca, wanted: Callable[..., Wanted]
) -> None:
    pauses = Pauses(exchange)
    exchange.rates["data"].limit = 3
    asked = wanted("SPY")
    client = Rest(keys_of(exchange), place_of(exchange), now=lambda: exchange.clock.now + 2_000, sleep=pauses)
    with Download(asked, exchange.clock.now, print) as download:
        await download.run(client, lambda _: None)
    client.close()
    assert max(pauses.seconds) > 50
    await expect_all(exchange, asked)
