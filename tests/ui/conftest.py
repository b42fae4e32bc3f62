"""What all tests of the screen share: the repository's themes, a quiet environment, and a cockpit on fakes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sentio_tui.settings import Settings, UiSettings
from sentio_tui.ui.app import Cockpit
from tests.ui.fakes import FakeClock, FakeSession, fake_panes

THEMES = Path(__file__).parents[2] / "themes"

MakeCockpit = Callable[..., Cockpit]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colour settings of the machine, and nothing that moves by itself."""
    for name in ("NO_COLOR", "COLORTERM", "TEXTUAL_THEME", "TEXTUAL_FILTERS", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr("textual.widgets.Input._toggle_cursor", lambda _input: None)


@pytest.fixture
def themes() -> Path:
    return THEMES


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_cockpit(clock: FakeClock) -> MakeCockpit:
    def make(session: FakeSession, settings: Settings | None = None, theme: str = "sentio-dark") -> Cockpit:
        """A cockpit on stand-in panes, whose launch gives `session`."""
        chosen = settings or Settings(ui=UiSettings(theme=theme))
        return Cockpit(lambda: session, chosen, [THEMES], clock=clock, panes=fake_panes)

    return make
