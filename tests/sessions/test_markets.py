"""The market of a session as configured: exchanges, funds, the order of a family's bars."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from sentio_tui.config import ConfigError, Loaded, Problem
from sentio_tui.feeds.bar_writer import FILE_FORMATS
from sentio_tui.feeds.base import Feed, FeedError, FeedItem, FeedWord
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.sessions.assemble import assemble, instrument
from sentio_tui.sessions.books import books_of, family_of
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.markets import feed_of, hours_of, on_exchanges, with_symbols
from sentio_tui.settings import (
    FeedSettings,
    InstrumentSettings,
    MachineSettings,
    Settings,
    StrategySettings,
    StressSettings,
)
from tests.places import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def market(settings: Settings) -> Feed:
    family = family_of(settings)
    settings = with_symbols(settings, family)
    known = on_exchanges({symbol: instrument(settings, symbol) for symbol in settings.feed.symbols}, family)
    return feed_of(settings, known, hours_of(settings, known), family)


def first_bars(feed: Feed, count: int) -> list[Bar]:
    async def collect() -> list[Bar]:
        bars: list[Bar] = []
        async for batch in feed.batches():
            bars += [item for item in batch if isinstance(item, Bar)]
            if len(bars) >= count:
                break
        return bars[:count]

    return asyncio.run(collect())


def problems(loaded: Loaded, folder: Path) -> Sequence[Problem]:
    with pytest.raises(ConfigError) as caught:
        assemble(loaded.settings, folder)
    assert not folder.exists()
    return caught.value.located(loaded.provenance).problems


def started(loaded: Loaded) -> dict[str, Bar]:
    """The first bar of each symbol."""
    settings = replace(loaded.settings, feed=replace(loaded.settings.feed, warm_up_days=0))
    return {bar.symbol: bar for bar in reversed(first_bars(market(settings), 4))}


def test_the_packaged_terms_are_those_of_the_original(place: Place) -> None:
    assert {symbol: started(place.load(profile="spy"))[symbol].open for symbol in ("SPXL", "SH", "SDS")} == {
        "SPXL": 100.0,
        "SH": 50.0,
        "SDS": 50.0,
    }
    funds = place.load().settings.funds
    assert {symbol: fund.start_price for symbol, fund in funds.items()} == {
        "SPXL": 100.0,
        "SH": 50.0,
        "SDS": 50.0,
        "TQQQ": 50.0,
        "PSQ": 50.0,
        "SQQQ": 20.0,
    }
    assert funds["TQQQ"].rates[0].expense == 0.0086
    assert {symbol for symbol, fund in funds.items() if fund.rates[0].financing == 0.02} == {"SH", "PSQ"}


def test_terms_of_a_fund_are_those_configured(place: Place) -> None:
    place.project("[funds.SPXL]\nstart_price = 215\n[funds.SH]\nstart_price = 0\n")
    first = started(place.load(profile="spy"))
    assert first["SPXL"].open == 215.0
    assert first["SH"].open == first["SPY"].open
    assert first["SDS"].open == 50.0


def test_dated_rates_are_charged_from_their_day_on(place: Place) -> None:
    def opening_of_the_second_day() -> float:
        loaded = place.load({"feed.start": "2025-01-06T14:30:00Z"}, profile="spy")
        settings = replace(loaded.settings, feed=replace(loaded.settings.feed, warm_up_days=0, days=2))
        bars = [bar for bar in first_bars(market(settings), 4 * 391) if bar.symbol == "SPXL"]
        return bars[390].open

    before = opening_of_the_second_day()
    place.project(
        "[[funds.SPXL.rates]]\nsince='2025-01-01'\nexpense=0.0095\nfinancing=0.05\n"
        "[[funds.SPXL.rates]]\nsince='2025-01-07'\nexpense=0.5\nfinancing=0.0\n"
    )
    after = opening_of_the_second_day()
    assert after / before == pytest.approx((1 - 0.5 / 365) / (1 - 0.0595 / 365), abs=3e-6)


@pytest.mark.parametrize(
    ("text", "key", "line", "says"),
    [
        ("[funds.SPXLL]\nstart_price = 3.0", "funds.SPXLL", 2, 'did you mean "SPXL"'),
        ("[funds.SPY]\nstart_price = 3.0", "funds.SPY", 2, "in no family"),
        ("[funds.SH]\nstart_price = 0.01", "funds.SH.start_price", 2, "above 0.01"),
        (
            "[[funds.SH.rates]]\nsince = '2020-01-01'\n[[funds.SH.rates]]\nsince = '2020-01-01'",
            "funds.SH.rates[1].since",
            4,
            "a second entry since 2020-01-01",
        ),
        (
            "[[funds.SH.rates]]\nsince = '2025-01-03'",
            "funds.SH.rates",
            2,
            "the first entry is since 2025-01-03, but the market begins on 2024-12-31",
        ),
        ("[instruments.SPY]\nexchange = 'XNSY'", "instruments.SPY.exchange", 2, "the nearest are XNYS"),
        ("[instruments.IBM]\nexchange = 'xlon'", "instruments.IBM.exchange", 2, "XLON"),
        ("[strategy.params]\nexchange = 'XNSY'", "strategy.params", 2, "the nearest are XNYS"),
    ],
)
def test_t39_what_cannot_be_is_refused_with_its_place(
    place: Place, tmp_path: Path, text: str, key: str, line: int, says: str
) -> None:
    place.project(text + "\n")
    (problem,) = problems(place.load(profile="spy"), tmp_path / "sessions")
    assert problem.key == key
    assert says in problem.text
    assert problem.where == f"config.toml:{line} (project)"


def items_of(feed: Feed, skip: int = 0) -> list[FeedItem]:
    async def collect() -> list[FeedItem]:
        return [item async for batch in feed.batches(skip) for item in batch]

    return asyncio.run(collect())


def test_t38_a_whole_market_is_read_on_exactly_after_any_number_of_bars(place: Place) -> None:
    """Under stress, with one member of its own, thin, and two that are made: what a resumed session relies on."""
    lines = ["timestamp,symbol,open,high,low,close,volume"]
    for minute in range(30):
        stamp = f"2013-10-10T14:{minute:02}:00Z"
        lines.append(f"{stamp},SPY,{100 + minute},{101 + minute},{99 + minute},{100 + minute},1000")
        if minute % 4 != 2 and not 8 < minute < 18:
            lines.append(f"{stamp},SH,50,51,49,50,1000")
    (place.cwd / "family.csv").write_text("\n".join(lines) + "\n")
    place.project("[feed.stress]\ngap_probability = 0.2\nvolatility_multiplier = 1.5\n")
    options = {"feed.kind": "recorded", "feed.data": [str(place.cwd / "family.csv")], "feed.warm_up_days": 0}
    feed = market(place.load(options, profile="spy").settings)
    whole = items_of(feed)
    bars = [index for index, item in enumerate(whole) if isinstance(item, Bar)]
    assert any(isinstance(item, Bar) and item.symbol == "SH" and item.synthetic for item in whole)
    assert {type(item) for item in whole} == {Bar, FeedWord}
    for skip in range(1, len(bars) + 2):
        assert items_of(feed, skip) == (whole[bars[skip - 1] + 1 :] if skip <= len(bars) else [])


def test_a_users_own_funds_have_terms_too(place: Place) -> None:
    place.project(
        "[families.small]\nbase='IWM'\nbull='TNA'\nbear='RWM'\nbear_leveraged='TZA'\n"
        "leverage={TNA=3.0, RWM=-1.0, TZA=-3.0}\n[funds.TNA]\nstart_price = 40\n"
    )
    first = started(place.load({"machine.ladder.family": "small"}, profile="spy"))
    assert first["TNA"].open == 40.0
    assert first["TZA"].open == first["IWM"].open


@pytest.mark.parametrize(
    ("rows", "place_of", "words"),
    [
        (
            "[machine.ladder.rungs]\nBASE_ONLY = 0.6\nCASH_ONLY = 0.4\n",
            "machine.ladder.rungs",
            "not total: nothing below 0.4",
        ),
        (
            "[families.small]\nbase = 'IWM'\nbull = 'TNA'\nbear = 'RWM'\nbear_leveraged = 'TZA'\n"
            "leverage = { TNA = 3.0, RWM = 0.0, TZA = -3.0 }\n[machine.ladder]\nfamily = 'small'\n",
            "families.small",
            "gives RWM the leverage 0",
        ),
    ],
)
def test_a_wrong_ladder_or_family_is_told_with_the_place_of_its_own_rows(
    place: Place, rows: str, place_of: str, words: str
) -> None:
    place.project(rows)
    (problem,) = problems(place.load(profile="spy"), place.cwd / "sessions")
    assert problem.key == place_of
    assert problem.where.startswith("config.toml:2")
    assert words in problem.text


@pytest.mark.parametrize(
    ("stress", "words"),
    [
        ({"crash_at": "15:00"}, "a crash needs both crash_at and crash_fraction"),
        ({"crash_at": "20:30", "crash_fraction": 0.1}, "not open at 20:30 America/New_York"),
    ],
)
def test_a_crash_that_cannot_come_is_refused_before_the_session(
    place: Place, stress: dict[str, object], words: str
) -> None:
    settings = place.load({f"feed.stress.{key}": value for key, value in stress.items()}, profile="spy").settings
    with pytest.raises(FeedError, match=words):
        market(settings)


@pytest.mark.parametrize(("days", "crash_at", "comes"), [(1, "12:00", True), (1, "15:00", False), (4, "15:00", True)])
def test_a_crash_after_the_close_of_a_half_day_is_refused_where_no_day_follows(
    tmp_path: Path, days: int, crash_at: str, comes: bool
) -> None:
    """2025-11-28 closes at 13:00; the next session is on the Monday after it."""
    half = round(datetime(2025, 11, 28, 14, 30, tzinfo=UTC).timestamp() * 1000)
    monday = half + 3 * 86_400_000
    times = [*range(half, half + 210 * MINUTE, MINUTE)]
    times += range(monday, monday + 390 * MINUTE if days > 3 else monday, MINUTE)
    data = tmp_path / "bars.csv"
    data.write_bytes(FILE_FORMATS["csv"]([Bar("SPY", at, 100.0, 100.0, 100.0, 100.0, 1.0) for at in times]))
    recorded = FeedSettings("recorded", data=(str(data),), symbols=())
    simulated = FeedSettings(symbols=("SPY",), start="2025-11-28T14:30:00Z", days=days)
    for feed in (recorded, simulated):
        settings = Settings(feed=replace(feed, stress=StressSettings(crash_at=crash_at, crash_fraction=0.2)))
        if comes:
            bars = first_bars(market(settings), 10_000)
            assert bars[-1].close < 0.9 * bars[0].open
        else:
            with pytest.raises(FeedError, match=r"the data end on 2025-11-.*before there can be a crash at 15:00"):
                market(settings)


def minutes_of(bars: Sequence[Bar], symbol: str) -> list[str]:
    return [f"{datetime.fromtimestamp(bar.time / 1000, UTC):%H:%M}" for bar in bars if bar.symbol == symbol]


def test_each_symbol_keeps_the_hours_of_its_exchange() -> None:
    settings = Settings(
        feed=FeedSettings(symbols=("VOD", "IBM", "BTC-USD"), start="2025-01-06T00:00:00Z", days=1),
        instruments={"VOD": InstrumentSettings("equity", exchange="XLON")},
    )
    bars = first_bars(market(settings), 10_000)
    london, new_york, coin = (minutes_of(bars, symbol) for symbol in settings.feed.symbols)
    assert (london[0], london[-1], len(london)) == ("08:00", "16:29", 510)
    assert (new_york[0], new_york[-1], len(new_york)) == ("14:30", "20:59", 390)
    assert len(coin) == 1440
    alone = replace(settings, feed=replace(settings.feed, symbols=("IBM",)))
    assert first_bars(market(alone), 390) == [bar for bar in bars if bar.symbol == "IBM"]


def test_members_keep_the_hours_of_their_base_unless_they_have_their_own(place: Place) -> None:
    place.project("[instruments.SPY]\nexchange='XLON'\n[instruments.SDS]\nasset_class='equity'\nexchange='XNYS'\n")
    settings = place.load(profile="spy").settings
    family = family_of(settings)
    known = on_exchanges({symbol: instrument(settings, symbol) for symbol in settings.feed.symbols}, family)
    zones = {symbol: calendar.zone for symbol, calendar in hours_of(settings, known).items()}
    assert zones == {
        "SPY": "Europe/London",
        "SPXL": "Europe/London",
        "SH": "Europe/London",
        "SDS": "America/New_York",
    }


def hours_learned_in(settings: Settings, symbol: str) -> int:
    """Bars of a day round the clock that the strategy takes for those of its exchange."""
    known = {each: instrument(settings, each) for each in settings.feed.symbols}
    (book,), _ = books_of(settings, known)
    strategy = book.strategies[symbol]
    start = 1_736_121_600_000
    signals = [strategy.on_bar(Bar(symbol, start + minute * 60_000, 1, 1, 1, 1, 1)) for minute in range(1440)]
    return sum("outside_hours" not in signal.values for signal in signals)


def test_a_strategy_learns_in_the_hours_of_the_symbol_that_drives_it() -> None:
    settings = Settings(
        feed=FeedSettings(symbols=("VOD", "IBM", "BTC-USD")),
        strategy=StrategySettings("online_ensemble"),
        instruments={"VOD": InstrumentSettings("equity", exchange="XLON")},
    )
    assert [hours_learned_in(settings, symbol) for symbol in settings.feed.symbols] == [510, 390, 1440]
    told = replace(settings, strategy=StrategySettings("online_ensemble", params={"exchange": "XNYS"}))
    assert [hours_learned_in(told, symbol) for symbol in told.feed.symbols] == [390, 390, 390]


def test_flat_overnight_is_refused_where_no_market_closes(tmp_path: Path) -> None:
    machine = MachineSettings(flat_overnight=True)
    with pytest.raises(
        ConfigError, match=r"machine\.flat_overnight: has no effect: the market of BTC-USD never closes"
    ):
        assemble(Settings(feed=FeedSettings(symbols=("BTC-USD",)), machine=machine), tmp_path)
    assemble(Settings(feed=FeedSettings(symbols=("BTC-USD", "IBM")), machine=machine), tmp_path)


def made(settings: Settings, folder: Path) -> LiveSession:
    return assemble(replace(settings, feed=replace(settings.feed, days=1, speed=0.0)), folder)


def test_a_mixed_session_shows_the_time_of_the_market_that_closes(tmp_path: Path) -> None:
    settings = Settings(feed=FeedSettings(symbols=("BTC-USD", "IBM")))
    session = made(settings, tmp_path)
    assert session.zone == "America/New_York"
    info = session._engine.state.info
    assert info.periods == 365, "its equity has a close on every day"
    assert made(Settings(feed=FeedSettings(symbols=("BTC-USD",))), tmp_path / "2").zone == "UTC"
