"""The screen of the feed's health: each symbol's own, and as it is now."""

from msgspec.structs import replace
from textual.widgets import Static

from sentio_tui.model.bars import MINUTE
from sentio_tui.model.events import FeedStatus
from sentio_tui.model.snapshot import FeedHealth, Snapshot, SymbolHealth
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens.cockpit import CockpitScreen
from sentio_tui.ui.screens.feed import FeedScreen
from tests.ui.conftest import MakeCockpit
from tests.ui.driving import ready
from tests.ui.fakes import FakeSession
from tests.ui.samples import busy

DETAIL = "connection limit exceeded [red]"


def partly(seq: int = 0, detail: str = DETAIL) -> Snapshot:
    snapshot = busy()
    symbols = (
        SymbolHealth("SPY", FeedStatus.LIVE, snapshot.at - 2_000, 590.25, 1_204, 0),
        SymbolHealth("SDS", FeedStatus.QUIET, snapshot.at - 3 * MINUTE, 20.5, 700, 0, synthetic=True),
        SymbolHealth("BTC-USD", FeedStatus.DOWN, None, None, 0, 12),
    )
    health = FeedHealth(FeedStatus.LIVE, detail, snapshot.at - 2_000, 1_904, 12, symbols)
    return replace(snapshot, seq=snapshot.seq + seq, feed=health)


def rows(cockpit: Cockpit) -> list[str]:
    assert isinstance(cockpit.screen, FeedScreen)
    return str(cockpit.screen.query_one(".feed--health", Static).render()).splitlines()


async def test_each_symbol_has_a_line_with_its_own_state(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([partly(1), partly(2, "the connection is back")])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("i")
        lines = rows(cockpit)
        assert lines[0].endswith(": live")
        assert lines[1] in (DETAIL, "the connection is back")
        told = {line.split()[0]: line.split()[1:] for line in lines[4:7]}
        assert told["SPY"] == ["live", "2s", "590.25", "1,204"]
        assert told["SDS"] == ["quiet", "3m", "20.50~", "700"]
        assert told["BTC-USD"] == ["down", "—", "—", "0", "12"]
        assert "Down: cut off; nothing is bought." in lines
        await pilot.press("escape")
        assert isinstance(cockpit.screen, CockpitScreen)


async def test_it_follows_the_session_while_it_is_open(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([partly(1)])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("i")
        screen = cockpit.screen
        assert isinstance(screen, FeedScreen)
        screen._newest = lambda: partly(2, "the connection is back")
        screen._show()
        assert "the connection is back" in rows(cockpit)
        screen._newest = lambda: None
        screen._show()
        assert rows(cockpit) == ["There is no session."]
