"""The list of sessions: what it shows, what its keys do, and what it never does."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from sentio_tui.journal import catalogue
from sentio_tui.journal.catalogue import Listed
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import document_path, journal_path, session_lock_path
from sentio_tui.settings import Settings, UiSettings
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens import library as library_screen
from sentio_tui.ui.screens.compare import CompareScreen
from sentio_tui.ui.screens.dialogs import Dialog
from sentio_tui.ui.screens.library import SessionsScreen
from tests.ui.conftest import THEMES
from tests.ui.driving import notices, ready, until
from tests.ui.fakes import FakeClock, FakeSession, fake_panes
from tests.ui.samples import busy
from tests.ui.shelf import BROKEN_OFF, DAMAGED, LOSES, NAMES, WINS, events, stock, write
from tests.ui.widgets.stage import text_of


@pytest.fixture(autouse=True)
def _one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is looked at when a test says so."""
    monkeypatch.setattr(library_screen, "LOOK_EVERY", 3_600.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stock(tmp_path / "sessions")


def cockpit(folder: Path, session: FakeSession | None = None, clock: FakeClock | None = None) -> Cockpit:
    """One that shows the list first where there is no `session`."""

    def launch() -> FakeSession:
        assert session is not None
        return session

    return Cockpit(
        launch,
        Settings(ui=UiSettings(theme="sentio-dark"), sessions_dir=str(folder)),
        [THEMES],
        opening=None if session is not None else lambda made: made.library.browse_first(),
        clock=clock or FakeClock(),
        panes=fake_panes,
    )


async def listed(pilot: Pilot[int], count: int | None = None) -> SessionsScreen:
    """Wait until the list is on the screen and has been read."""
    await until(pilot, lambda: isinstance(pilot.app.screen, SessionsScreen))
    screen = pilot.app.screen
    assert isinstance(screen, SessionsScreen)
    await until(pilot, lambda: screen._has_looked and not screen._is_looking)
    if count is not None:
        await until(pilot, lambda: len(screen.pane.table.rows) == count)
    return screen


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def names(screen: SessionsScreen) -> list[str]:
    return [row.key for row in screen.pane.table.rows]


def told(screen: SessionsScreen) -> str:
    return "\n".join(line.text for line in screen.details.lines)


async def test_the_list_names_every_session_and_what_is_wrong_with_it(folder: Path) -> None:
    async with cockpit(folder).run_test(size=(160, 48)) as pilot:
        screen = await listed(pilot, 4)
        assert names(screen) == list(NAMES)
        lines = text_of(screen.pane.table)
        assert lines[1].split()[:4] == [WINS, "■", "ended", "sim"]
        assert "▲ +" in lines[1]
        assert "2025-01-09 00:00" in lines[1]
        assert "▼ -" in lines[2]
        assert "‖ interrupted" in lines[3]
        assert lines[4].split()[:3] == [DAMAGED, "✖", "unreadable"]
        await pilot.press("G")
        await until(pilot, lambda: "the summary cannot be read" in told(screen))
        assert "no JSON: Input data was truncated" in told(screen).replace("\n", " ")
        await pilot.press("k")
        await until(pilot, lambda: "r goes on with it" in told(screen))


async def test_the_details_follow_the_cursor_and_the_filter(folder: Path) -> None:
    async with cockpit(folder).run_test(size=(100, 30)) as pilot:
        screen = await listed(pilot, 4)
        assert WINS in told(screen)
        await pilot.press("j")
        await until(pilot, lambda: LOSES in told(screen))
        await pilot.press("slash", *"interr")
        await until(pilot, lambda: names(screen) == [BROKEN_OFF])
        await until(pilot, lambda: BROKEN_OFF in told(screen))
        await pilot.press("escape")
        await until(pilot, lambda: len(names(screen)) == 4)


async def test_the_columns_sort(folder: Path) -> None:
    async with cockpit(folder).run_test(size=(160, 48)) as pilot:
        screen = await listed(pilot, 4)
        screen.pane.table.sort_by("return")
        assert names(screen) == [WINS, BROKEN_OFF, LOSES, DAMAGED]
        await pilot.press("O")
        assert names(screen) == [DAMAGED, LOSES, BROKEN_OFF, WINS]
        screen.pane.table.sort_by("started")
        assert names(screen) == [DAMAGED, BROKEN_OFF, LOSES, WINS]


async def test_an_empty_folder_and_one_that_cannot_be_read_are_said_in_words(tmp_path: Path) -> None:
    async with cockpit(tmp_path / "nothing").run_test(size=(80, 24)) as pilot:
        screen = await listed(pilot)
        assert "no sessions yet" in text_of(screen.pane.table)[1]
        await pilot.press("enter", "r", "d", "space", "c")
        assert notices(screen.cockpit).count("No session is selected.") == 4
    (tmp_path / "file").write_text("")
    async with cockpit(tmp_path / "file").run_test(size=(80, 24)) as pilot:
        screen = await listed(pilot)
        assert "cannot be read: Not a directory" in told(screen).replace("\n", " ")


async def test_summaries_that_are_missing_are_made_anew_but_never_of_a_session_that_runs(folder: Path) -> None:
    running = "live_20250110_143000"
    for name in (running, "live_20250111_143000"):
        write(folder, name, events(name, 0.1, 30, ended=False), 0, summary=False)
    with SessionLock(session_lock_path(folder, running), running, 0):
        async with cockpit(folder).run_test(size=(160, 48)) as pilot:
            screen = await listed(pilot, 6)
            assert document_path(folder, "live_20250111_143000").exists()
            assert not document_path(folder, running).exists()
            lines = text_of(screen.pane.table)
            assert "▲ +" in lines[1]
            assert "● running" in lines[2]
            assert "n/a" in lines[2]


async def test_a_summary_that_cannot_be_made_is_told_and_tried_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def fails(place: Path, name: str) -> str:
        tried.append(name)
        raise ValueError("event 7 contradicts event 6")

    monkeypatch.setattr("sentio_tui.sessions.rebuild.rebuild", fails)
    document_path(folder, WINS).unlink()
    async with cockpit(folder).run_test(size=(160, 48)) as pilot:
        screen = await listed(pilot, 4)
        assert "event 7 contradicts event 6" in told(screen)
        assert "the summary is missing" in told(screen)
        screen._look_again()
        await listed(pilot)
        assert tried == [WINS]


class Gate:
    """In the place of `listing`: waits until it is let through."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked = threading.Event()

    def __call__(self, folder: Path) -> Sequence[Listed]:
        self.asked.set()
        assert self.open.wait(60.0)
        return catalogue.listing(folder)


async def test_t26_keys_answer_while_the_disk_does_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setattr(library_screen, "listing", gate)
    try:
        async with cockpit(folder).run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: isinstance(pilot.app.screen, SessionsScreen) and gate.asked.is_set())
            screen = pilot.app.screen
            assert isinstance(screen, SessionsScreen)
            assert "Looking…" in told(screen)
            await pilot.press("slash", "x")
            assert pilot.app.screen.query_one(Input).value == "x"
            gate.open.set()
            await pilot.press("escape")
            await listed(pilot, 4)
    finally:
        gate.open.set()


async def test_deleting_asks_by_name_and_takes_all_files_of_that_one(folder: Path) -> None:
    clock = FakeClock()
    async with cockpit(folder, clock=clock).run_test(size=(100, 30)) as pilot:
        screen = await listed(pilot, 4)
        before = files(folder)
        await pilot.press("j", "d")
        assert isinstance(pilot.app.screen, Dialog)
        assert f"Delete {LOSES} for good" in pilot.app.screen._text
        clock.pass_by(1)
        await pilot.press("n")
        assert files(folder) == before
        await pilot.press("d")
        clock.pass_by(1)
        await pilot.press("y")
        await until(pilot, lambda: names(screen) == [WINS, BROKEN_OFF, DAMAGED])
        assert files(folder) == before - {f"{LOSES}.jsonl", f"{LOSES}.json"}
        assert any(f"{LOSES} is deleted" in notice for notice in notices(screen.cockpit))


async def test_a_session_that_runs_is_not_deleted(folder: Path) -> None:
    clock = FakeClock()
    with SessionLock(session_lock_path(folder, WINS), WINS, 0):
        async with cockpit(folder, clock=clock).run_test(size=(100, 30)) as pilot:
            screen = await listed(pilot, 4)
            await pilot.press("d")
            assert pilot.app.screen is screen
            assert f"Delete: {WINS} runs. Stop it first." in notices(screen.cockpit)
    assert journal_path(folder, WINS).exists()


async def test_one_that_began_to_run_after_the_look_is_not_deleted_either(folder: Path) -> None:
    clock = FakeClock()
    async with cockpit(folder, clock=clock).run_test(size=(100, 30)) as pilot:
        screen = await listed(pilot, 4)
        await pilot.press("d")
        with SessionLock(session_lock_path(folder, WINS), WINS, 0):
            clock.pass_by(1)
            await pilot.press("y")
            await until(pilot, lambda: any("was not deleted" in notice for notice in notices(screen.cockpit)))
            assert journal_path(folder, WINS).exists()


async def test_two_are_marked_and_compared_and_a_third_takes_the_place_of_the_first(folder: Path) -> None:
    async with cockpit(folder).run_test(size=(160, 48)) as pilot:
        screen = await listed(pilot, 4)
        await pilot.press("c")
        assert any("Mark two sessions" in notice for notice in notices(screen.cockpit))
        await pilot.press("space", "j", "space", "j", "space")
        assert list(screen._chosen) == [LOSES, BROKEN_OFF]
        assert [line.lstrip().startswith("✓") for line in text_of(screen.pane.table)[1:5]] == [False, True, True, False]
        await pilot.press("space")
        assert list(screen._chosen) == [LOSES]
        await pilot.press("k", "k", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        compare = pilot.app.screen
        assert isinstance(compare, CompareScreen)
        assert compare._names == (LOSES, WINS)
        await pilot.press("escape")
        assert pilot.app.screen is screen


async def test_back_needs_a_session_to_go_back_to(folder: Path) -> None:
    async with cockpit(folder).run_test(size=(100, 30)) as pilot:
        screen = await listed(pilot, 4)
        await pilot.press("escape")
        assert pilot.app.screen is screen
        assert any("No session is open" in notice for notice in notices(screen.cockpit))
        await pilot.press("q")
    assert pilot.app.return_value == 0


async def test_b_goes_from_the_cockpit_to_the_list_and_back(folder: Path) -> None:
    session = FakeSession([busy()])
    async with cockpit(folder, session).run_test(size=(100, 30)) as pilot:
        home = await ready(pilot, session)
        for key in ("b", "escape"):
            await pilot.press("b")
            await listed(pilot, 4)
            await pilot.press(key)
            await until(pilot, lambda: pilot.app.screen is home)
        assert session.closed == 0


@pytest.mark.parametrize("key", ["enter", "r"])
async def test_a_session_that_trades_here_is_not_ended_for_another(folder: Path, key: str) -> None:
    session = FakeSession([busy()])
    clock = FakeClock()
    async with cockpit(folder, session, clock).run_test(size=(100, 30)) as pilot:
        await ready(pilot, session)
        await pilot.press("b")
        screen = await listed(pilot, 4)
        await pilot.press("j", "j", key)
        dialog = pilot.app.screen
        assert isinstance(dialog, Dialog)
        assert "fake runs here" in dialog._text
        assert f"sentio-tui replay {BROKEN_OFF}" in dialog._text
        clock.pass_by(1)
        await pilot.press("escape")
        assert pilot.app.screen is screen
        assert (session.closed, session.commands) == (0, [])
        await pilot.press("s")
        assert any("Start: fake runs" in notice for notice in notices(screen.cockpit))


async def test_from_the_list_a_session_that_trades_here_is_left_to_go_on(folder: Path) -> None:
    """In the list `d` deletes; in the dialog it detaches."""
    clock, session = FakeClock(), FakeSession([busy()])
    app = cockpit(folder, session, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await pilot.press("b")
        await listed(pilot, 4)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        clock.pass_by(1)
        await pilot.press("d")
        await until(pilot, lambda: app.goes_on)
    assert session.commands == []
    assert files(folder) >= {f"{name}.jsonl" for name in (WINS, LOSES)}


Opened = Callable[[Path, str], FakeSession]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> FakeSession:
    """What is opened, whatever is asked for."""
    session = FakeSession([busy()])
    session.ends_with_screen = False
    monkeypatch.setattr("sentio_tui.ui.library.Library._replayed", lambda self, name: session)
    monkeypatch.setattr("sentio_tui.ui.library.Library._resumed", lambda self, name: session)
    return session


@pytest.mark.parametrize("keys", [("enter",), ("j", "j", "r")], ids=str)
async def test_an_opened_session_takes_the_screen_and_the_list_goes(
    folder: Path, opened: FakeSession, keys: tuple[str, ...]
) -> None:
    made = cockpit(folder)
    async with made.run_test(size=(100, 30)) as pilot:
        await listed(pilot, 4)
        await pilot.press(*keys)
        await until(pilot, lambda: made.monitor.session is opened)
        await until(pilot, lambda: len(made.screen_stack) == 1)
        await pilot.press("b")
        await listed(pilot, 4)
        await pilot.press("enter")
        await until(pilot, lambda: opened.closed == 1)


async def test_only_an_interrupted_session_is_resumed(folder: Path, opened: FakeSession) -> None:
    async with cockpit(folder).run_test(size=(100, 30)) as pilot:
        screen = await listed(pilot, 4)
        await pilot.press("r")
        assert any("was not interrupted, it is ended" in notice for notice in notices(screen.cockpit))
        assert screen.cockpit.session is None


async def test_a_screen_that_only_looks_starts_and_resumes_nothing(
    folder: Path, opened: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cockpit, "can_trade", False)
    made = cockpit(folder)
    async with made.run_test(size=(100, 30)) as pilot:
        screen = await listed(pilot, 4)
        await pilot.press("j", "j", "r", "s")
        told = notices(screen.cockpit)
        assert any(f"`sentio-tui resume {BROKEN_OFF}`" in notice for notice in told)
        assert sum("opened to look only" in notice for notice in told) == 2
        assert made.session is None


async def test_what_cannot_be_opened_is_told_and_what_was_there_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(library: object, name: str) -> FakeSession:
        raise ValueError(f"{name} has no journal")

    monkeypatch.setattr("sentio_tui.ui.library.Library._replayed", fails)
    session = FakeSession([busy()])
    session.is_over = True
    made = cockpit(folder, session)
    async with made.run_test(size=(100, 30)) as pilot:
        await ready(pilot, session)
        await pilot.press("b")
        screen = await listed(pilot, 4)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        dialog = pilot.app.screen
        assert isinstance(dialog, Dialog)
        assert f"{WINS} has no journal" in dialog._text
        assert made.session is session
        assert (made.monitor.session, session.closed) == (session, 0)
        assert made.screen_stack[1] is screen


async def test_a_new_session_starts_from_the_list(folder: Path) -> None:
    session = FakeSession([busy()])
    session.is_over = True
    made = cockpit(folder, session)
    async with made.run_test(size=(100, 30)) as pilot:
        await ready(pilot, session)
        await pilot.press("b")
        await listed(pilot, 4)
        await pilot.press("s")
        await until(pilot, lambda: session.closed == 1)
        assert len(made.screen_stack) == 1


async def test_help_tells_of_the_list(folder: Path) -> None:
    async with cockpit(folder).run_test(size=(100, 40)) as pilot:
        await listed(pilot, 4)
        await pilot.press("question_mark")
        text = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
        assert "The sessions on disk, the newest first" in text
        assert "Flatten" not in text
