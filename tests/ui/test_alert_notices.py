"""How the screen passes alerts on: a notice, the bell, the desktop; and that nothing from outside steers a terminal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.model.events import Level, Mode, Noted
from sentio_tui.sessions.base import ALERT, BELL, DESKTOP
from sentio_tui.ui.monitor import Monitor, News
from sentio_tui.ui.terminal import NOTICE, desktop_notice
from tests.ui.conftest import MakeCockpit
from tests.ui.driving import notices, ready, until
from tests.ui.fakes import FakeSession
from tests.ui.samples import busy


def noted(code: str, text: str, level: Level = Level.INFO) -> Noted:
    return Noted(0, 0, level, code, text)


def pulled(*events: Noted) -> News:
    monitor = Monitor(Mode.SIM)
    monitor.follow(FakeSession([busy()], events))
    news = monitor.pull()
    assert monitor.condition.alarms == sum(note.level is Level.ALARM for note in busy().notes)
    return news


@pytest.mark.parametrize(
    ("level", "severity"), [(Level.INFO, "information"), (Level.WARNING, "warning"), (Level.ALARM, "error")]
)
def test_an_alert_is_a_notice_of_its_gravity_and_no_alarm_of_the_session(level: Level, severity: str) -> None:
    news = pulled(noted(ALERT, "3 fills", level))
    assert [(toast.text, toast.severity) for toast in news.toasts] == [("3 fills", severity)]
    assert not news.rings
    assert news.desktop == ()


def test_bell_and_desktop_are_no_notices() -> None:
    news = pulled(noted(BELL, "x"), noted(DESKTOP, "title\nbody", Level.ALARM), noted(BELL, "y", Level.ALARM))
    assert news.toasts == ()
    assert news.rings
    assert news.desktop == ("title\nbody",)
    assert not pulled(noted(DESKTOP, "title\nbody")).rings


async def test_a_notice_is_shown_without_what_is_no_text(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()], [noted(ALERT, "[bold]a\x1b[31m b\nc")])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await until(pilot, lambda: notices(cockpit))
        assert notices(cockpit) == ["[bold]a b c"]


BOTH = "live_x (sim): 2 fills\nTrade: BUY; SELL"


@pytest.mark.parametrize(
    ("form", "environ", "wanted"),
    [
        ("osc9", {}, "\x1b]9;sentio-tui: live_x (sim): 2 fills: Trade: BUY; SELL\x1b\\"),
        ("auto", {"TERM": "xterm-kitty"}, "\x1b]9;sentio-tui: live_x (sim): 2 fills: Trade: BUY; SELL\x1b\\"),
        ("osc777", {}, "\x1b]777;notify;live_x (sim): 2 fills;Trade: BUY, SELL\x1b\\"),
        ("auto", {"TERM": "foot"}, "\x1b]777;notify;live_x (sim): 2 fills;Trade: BUY, SELL\x1b\\"),
        ("auto", {"VTE_VERSION": "1"}, "\x1b]777;notify;live_x (sim): 2 fills;Trade: BUY, SELL\x1b\\"),
        (
            "osc777",
            {"TMUX": "x"},
            "\x1bPtmux;\x1b\x1b]777;notify;live_x (sim): 2 fills;Trade: BUY, SELL\x1b\x1b\\\x1b\\",
        ),
    ],
)
def test_a_terminal_is_asked_in_its_own_way(form: str, environ: dict[str, str], wanted: str) -> None:
    assert desktop_notice(BOTH, form, environ) == wanted  # type: ignore[arg-type]  # a literal, from the table


FRAME = {
    "osc9": re.compile(r"\x1b\]9;sentio-tui: ([^\x00-\x1f\x7f-\x9f]*)\x1b\\"),
    "osc777": re.compile(r"\x1b\]777;notify;([^\x00-\x1f\x7f-\x9f;]*;[^\x00-\x1f\x7f-\x9f;]*)\x1b\\"),
}


@given(st.text(max_size=2000), st.sampled_from(["osc9", "osc777"]))
def test_nothing_from_outside_ends_or_begins_a_sequence(text: str, form: str) -> None:
    found = FRAME[form].fullmatch(desktop_notice(text, form, {}))  # type: ignore[arg-type]  # as above
    assert found is not None
    assert len(found[1]) <= 2 * NOTICE + 2
