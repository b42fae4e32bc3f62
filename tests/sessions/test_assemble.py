"""What cannot be put together is said before anything is written."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from sentio_tui.config import ConfigError
from sentio_tui.feeds.base import FeedError
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.recorder import SessionsFolderError
from sentio_tui.settings import BookSettings, FeedSettings, Settings, StrategySettings
from tests.sessions.places import needs_data, recorded, simulated


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
