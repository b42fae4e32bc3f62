"""What cannot be put together is said before anything is written."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from sentio_tui.config import ConfigError
from sentio_tui.feeds.base import Feed, FeedError
from sentio_tui.journal.document import read_document
from sentio_tui.journal.reader import read_all
from sentio_tui.market.families import FAMILIES
from sentio_tui.model.bars import Bar
from sentio_tui.model.events import LadderInfo, SessionStarted
from sentio_tui.model.snapshot import MarketEvent
from sentio_tui.sessions.assemble import assemble, closing_patience, plan_of
from sentio_tui.sessions.markets import feed_of
from sentio_tui.sessions.recorder import SessionsFolderError
from sentio_tui.settings import (
    BookSettings,
    FeedSettings,
    LadderSettings,
    MachineSettings,
    Settings,
    SlotsSettings,
    StrategySettings,
)
from sentio_tui.strategies.online_ensemble import OnlineEnsemble
from tests.sessions.places import needs_data, recorded, simulated
from tests.sessions.test_outside_broker import Far


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (StrategySettings(name="momentun"), "momentum"),
        (StrategySettings(preset="agressive"), "aggressive"),
        (StrategySettings(params={"treshold": 0.1}), "threshold"),
        (StrategySettings(params={"threshold": -1.0}), "above 0"),
    ],
)
def test_a_strategy_that_cannot_be_had_names_the_nearest(
    tmp_path: Path, strategy: StrategySettings, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        assemble(Settings(strategy=strategy), tmp_path)
    assert not list(tmp_path.iterdir())


def test_all_problems_of_the_books_are_told_together(tmp_path: Path) -> None:
    books = (BookSettings("a", 0.8), BookSettings("a", 0.8, symbols=("DOGE-USD",)))
    with pytest.raises(ConfigError) as error:
        assemble(Settings(books=books), tmp_path)
    text = str(error.value)
    assert "same name" in text
    assert "add up to 1.6" in text
    assert "DOGE-USD" in text


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    settings = Settings(feed=FeedSettings(kind="recorded", data=(str(tmp_path / "no.csv"),)))
    with pytest.raises(FeedError, match=r"no\.csv"):
        assemble(settings, tmp_path / "sessions")
    assert not (tmp_path / "sessions").exists()


def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder")
    with pytest.raises(SessionsFolderError, match="file"):
        assemble(simulated(), place)


@needs_data
def test_recorded_data_brings_its_own_symbols(tmp_path: Path) -> None:
    session = assemble(recorded("BTC-USD_1min_2018-04-04_2018-04-05.csv"), tmp_path)
    session.start()
    assert session.wait(60.0)
    snapshot = session.snapshot()
    assert snapshot is not None
    assert [health.symbol for health in snapshot.feed.symbols] == ["BTC-USD"]


def test_several_books_share_the_capital(tmp_path: Path) -> None:
    books = (
        BookSettings("fast", 0.5, StrategySettings("momentum", "aggressive")),
        BookSettings("slow", 0.25, StrategySettings("mean_reversion"), symbols=("ETH-USD",)),
    )
    session = assemble(replace(simulated(), books=books), tmp_path)
    session.start()
    assert session.wait(60.0)
    snapshot = session.snapshot()
    assert snapshot is not None
    assert {decided.book for decided in snapshot.decisions} == {"fast", "slow"}
    assert [book.capital for book in snapshot.info.books] == [5_000.0, 2_500.0]


def test_what_no_calendar_knows_is_refused_before_any_file(tmp_path: Path) -> None:
    settings = simulated()
    feed = replace(settings.feed, symbols=("SPY",), start="1960-01-04T14:30:00Z")
    with pytest.raises(FeedError, match=r"feed\.start.*1969"):
        assemble(replace(settings, feed=feed), tmp_path)
    assert not list(tmp_path.iterdir())


def test_recorded_bars_that_no_calendar_knows_are_refused_before_any_file(tmp_path: Path) -> None:
    bars = tmp_path / "bars.csv"
    bars.write_text("timestamp,symbol,open,high,low,close,volume\n2060-01-05T15:00:00Z,SPY,1,1,1,1,1\n")
    settings = Settings(feed=FeedSettings(kind="recorded", data=(str(bars),), symbols=("SPY",)))
    with pytest.raises(FeedError, match=r"SPY.*2049"):
        assemble(settings, tmp_path / "sessions")
    assert not (tmp_path / "sessions").exists()


def test_a_wrong_parameter_is_told_by_its_own_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        assemble(Settings(strategy=StrategySettings(params={"treshold": 0.1})), tmp_path)
    assert error.value.problems[0].key == "strategy.params.treshold"
    books = (BookSettings("a", 0.5), BookSettings("b", 0.5, StrategySettings(preset="wild")))
    with pytest.raises(ConfigError) as error:
        assemble(Settings(books=books), tmp_path)
    assert error.value.problems[0].key == "books[1].strategy.preset"


def test_the_document_repeats_what_all_books_have_in_common(tmp_path: Path) -> None:
    machine = MachineSettings(slots=SlotsSettings(max_positions=2))
    books = (
        BookSettings("a", 0.5, StrategySettings(preset="aggressive"), machine),
        BookSettings("b", 0.2, StrategySettings(preset="balanced"), machine),
    )
    session = assemble(replace(simulated(5.0), books=books), tmp_path)
    session.start()
    assert session.wait(60.0)
    document = read_document(session.document)
    assert document.config is not None
    assert document.config.max_positions == 2
    assert document.config.signal_mode is None
    assert document.metrics.equity == document.initial_capital == 10_000.0


def test_a_warm_up_before_what_the_calendar_knows_is_refused(tmp_path: Path) -> None:
    settings = simulated()
    feed = replace(settings.feed, symbols=("SPY",), start="1969-01-03T14:30:00Z", warm_up_days=3)
    with pytest.raises(FeedError, match=r"warm_up_days.*1969"):
        assemble(replace(settings, feed=feed), tmp_path)


def test_t05_the_first_event_tells_the_ladder_and_the_hours_as_configured(tmp_path: Path) -> None:
    rungs = {"CASH_ONLY": 0.3, "BASE_ONLY": 0.6, "BEAR_1X_ONLY": 0.0}
    ladder = LadderSettings("QQQ", rungs, min_hold_bars=7, profit_target=0.05, stop_loss=0.04, cash_buffer=0.01)
    machine = MachineSettings("ladder", flat_overnight=True, ladder=ladder)
    settings = simulated(3.0)
    feed = replace(settings.feed, start="2025-01-06T14:30:00Z")
    session = assemble(replace(settings, machine=machine, feed=feed), tmp_path)
    session.start()
    assert session.wait(60.0)
    (journal,) = tmp_path.glob("live_*.jsonl")
    started = read_all(journal).events[0]
    assert isinstance(started, SessionStarted)
    (book,) = started.info.books
    assert book.flat_overnight
    assert book.ladder == LadderInfo(
        FAMILIES["QQQ"], {"BASE_ONLY": 0.6, "CASH_ONLY": 0.3, "BEAR_1X_ONLY": 0.0}, None, None, 7, 0.05, 0.04, 0.01
    )
    assert (started.info.exchange, started.info.before_close) == ("XNYS", 120_000)
    snapshot = session.snapshot()
    assert snapshot is not None
    assert [rung.bound for rung in snapshot.ladders[0].rungs] == [0.6, 0.3, 0.0]
    assert snapshot.clock is not None
    assert snapshot.clock.next is MarketEvent.LIQUIDATION


def test_a_market_that_never_closes_has_no_clock_on_the_screen(tmp_path: Path) -> None:
    session = assemble(simulated(3.0), tmp_path)
    session.start()
    assert session.wait(60.0)
    snapshot = session.snapshot()
    assert snapshot is not None
    assert (snapshot.ladders, snapshot.clock) == ((), None)


@pytest.mark.parametrize("name", ["SPY", "SPY-SPXS", "QQQ"])
def test_t01_what_is_followed_drives_and_is_traded_comes_from_the_family(name: str) -> None:
    """The original followed QQQ's family and waited for SPY: a day without a trade."""
    others = ("IBM", "BTC-USD")
    ladder = MachineSettings("ladder", flat_overnight=True, ladder=LadderSettings(family=name))
    settings = Settings(feed=FeedSettings(symbols=others), strategy=StrategySettings("online_ensemble"), machine=ladder)
    plan = plan_of(settings)
    family = FAMILIES[name]
    assert plan.settings.feed.symbols == family.symbols
    assert tuple(plan.instruments) == tuple(plan.hours) == family.symbols
    (info,), (book,) = plan.infos, plan.books
    assert (info.symbols, info.driving) == (family.symbols, (family.base,))
    assert tuple(book.strategies) == (family.base,)
    feed = feed_of(plan.settings, plan.instruments, plan.hours, plan.family)
    assert {bar.symbol for bar in asyncio.run(first_minute(feed))} == set(family.symbols)


async def first_minute(feed: Feed) -> list[Bar]:
    async for batch in feed.batches():
        bars = [item for item in batch if isinstance(item, Bar)]
        if bars:
            return [bar for bar in bars if bar.time == bars[0].time]
    return []


def test_t05_thresholds_of_the_configuration_reach_the_strategy_and_the_ladder() -> None:
    strategy = StrategySettings("online_ensemble", params={"buy": 0.6, "sell": 0.4})
    plan = plan_of(Settings(strategy=strategy, machine=MachineSettings("ladder", flat_overnight=True)))
    (info,), (book,) = plan.infos, plan.books
    assert info.ladder is not None
    assert (info.ladder.buy, info.ladder.sell) == (0.6, 0.4)
    made = book.strategies["SPY"]
    assert isinstance(made, OnlineEnsemble)
    assert made.thresholds == (0.6, 0.4)


def test_a_broker_elsewhere_is_given_the_time_to_answer_before_a_session_ends() -> None:
    far = Far()
    assert closing_patience(5.0, None) == 5.0
    assert closing_patience(5.0, far) == 30.0
    assert closing_patience(120.0, far) == 120.0
