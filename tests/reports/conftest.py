"""Sessions to report on: recorded ones, run once for all tests of a module."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sentio_tui.journal.catalogue import SessionState
from sentio_tui.reports.study import Study
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.recording import read_events
from sentio_tui.settings import (
    BookSettings,
    CostSettings,
    FeedSettings,
    LadderSettings,
    MachineSettings,
    SessionSettings,
    Settings,
    StrategySettings,
)
from tests.sessions.places import DATA, simulated

SPY = "SPY_1min_2013-10-04_2013-10-10.csv"


def ran(settings: Settings, folder: Path) -> str:
    """Run a session to its end; its name."""
    session = assemble(settings, folder)
    session.start()
    assert session.wait(120.0)
    assert not session.failure
    return session.name


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sessions."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="session")
def crypto(kept: Path) -> str:
    """Days of a simulated crypto market, with enough trades to be a sample."""
    return ran(simulated(6_000.0), kept)


@pytest.fixture(scope="session")
def several(kept: Path) -> str:
    """Two books side by side."""
    base = simulated(240.0)
    books = (
        BookSettings("trend", 0.5, base.strategy, symbols=("BTC-USD", "ETH-USD")),
        BookSettings("back", 0.4, StrategySettings("mean_reversion", "aggressive"), symbols=("SOL-USD", "ETH-USD")),
    )
    return ran(Settings(session=base.session, feed=base.feed, broker=base.broker, costs=base.costs, books=books), kept)


@pytest.fixture(scope="session")
def ladder(kept: Path) -> str:
    """A real day of SPY on the ladder of a family, funds made from the base."""
    if not DATA.is_dir():
        pytest.skip("the folder of real bars is not beside the checkout")
    return ran(
        Settings(
            session=SessionSettings(capital=100_000.0),
            feed=FeedSettings(
                kind="recorded", speed=0.0, data=(str(DATA / SPY),), date="2013-10-10", warm_up_days=3, symbols=("SPY",)
            ),
            strategy=StrategySettings("online_ensemble"),
            machine=MachineSettings(kind="ladder", flat_overnight=True, ladder=LadderSettings()),
            costs=(CostSettings("equity", sec_rate=0.00002),),
        ),
        kept,
    )


@pytest.fixture(scope="session")
def quiet(kept: Path) -> str:
    """A session in which nothing traded."""
    return ran(simulated(5.0), kept)


@pytest.fixture(scope="session")
def study(kept: Path) -> Callable[..., Study]:
    """The study of a session by name."""

    def read(name: str, state: SessionState = SessionState.ENDED) -> Study:
        events, loss = read_events(kept / f"{name}.jsonl")
        return Study(events, state, loss)

    return read
