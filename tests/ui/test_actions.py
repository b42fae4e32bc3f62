"""The action table, and how configured keys are laid over it."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.model.commands import Command, Pause, Start, Stop
from sentio_tui.model.events import Mode, Phase
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.base import Place
from sentio_tui.sessions.wheel import ALONE, Seat
from sentio_tui.ui.actions import (
    ACTIONS,
    ALWAYS_QUIT,
    BY_ID,
    PAIRS,
    PANES,
    REPLAY_BAR,
    label,
    normal_key,
    pane_of,
    replay_bar,
    resolve_keys,
    shown_key,
    unavailable,
)
from sentio_tui.ui.monitor import Condition
from tests.ui.samples import busy, ended


def test_the_defaults_stand_as_they_are_and_never_clash() -> None:
    table = resolve_keys({})
    assert not table.problems
    assert set(table.keys) == {action.id for action in ACTIONS}
    keys = Counter(key for keys in table.keys.values() for key in keys)
    assert max(keys.values()) == 1
    assert not set(keys) & set(ALWAYS_QUIT)
    assert len(BY_ID) == len(ACTIONS)


def test_the_keys_the_issue_names_are_there() -> None:
    keys = resolve_keys({}).keys
    assert keys["quit"] == ("q",)
    assert keys["help"] == ("question_mark", "f1")
    assert keys["palette"] == ("colon", "ctrl+p")
    assert [keys[f"focus_{pane}"] for pane in PANES] == [(str(number),) for number in range(1, 7)]
    assert pane_of("focus_log") == "log"
    assert pane_of("flatten") is None


def test_a_configured_key_takes_the_place_of_the_defaults() -> None:
    table = resolve_keys({"flatten": "F, Ctrl+F", "help": "f2"})
    assert not table.problems
    assert table.keys["flatten"] == ("F", "ctrl+f")
    assert table.keys["help"] == ("f2",)
    assert table.all_shown("flatten") == "F ^f"


def test_two_actions_may_swap_their_keys() -> None:
    table = resolve_keys({"flatten": "x", "stop": "f"})
    assert not table.problems
    assert (table.keys["flatten"], table.keys["stop"]) == (("x",), ("f",))


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"flaten": "f"}, "keys.flaten: no such action (did you mean 'flatten'?)."),
        ({"flatten": "ctlr+f"}, "'ctlr+f' is not a key"),
        ({"flatten": "nosuchkey"}, "'nosuchkey' is not a key"),
        ({"flatten": ""}, "a key is missing"),
        ({"flatten": "f,"}, "a key is missing"),
        ({"flatten": "ctrl+c"}, "'ctrl+c' is kept for quitting"),
        ({"flatten": "b,ctrl+q"}, "'ctrl+q' is kept for quitting"),
        ({"flatten": "s"}, "keys.flatten: 's' belongs to 'start'; the default stays."),
    ],
)
def test_what_cannot_be_taken_is_told_and_leaves_the_default(overrides: dict[str, str], says: str) -> None:
    table = resolve_keys(overrides)
    assert len(table.problems) == 1
    assert says in table.problems[0]
    assert table.keys == resolve_keys({}).keys


def test_giving_way_to_a_clash_may_bring_on_another() -> None:
    # Flatten may not have "s", so it keeps "f", which stop was to get.
    table = resolve_keys({"flatten": "s", "stop": "f"})
    assert len(table.problems) == 2
    assert table.keys == resolve_keys({}).keys


_SOME_KEYS = st.sampled_from(["a", "f", "x", "q", "s", "ctrl+c", "ctrl+f", "?", "/", "tab", "f5", "", "nope", "G,g"])


@given(st.dictionaries(st.sampled_from([*BY_ID, "nothing"]), _SOME_KEYS))
def test_whatever_is_configured_no_key_does_two_things(overrides: dict[str, str]) -> None:
    table = resolve_keys(overrides)
    keys = [key for keys in table.keys.values() for key in keys]
    assert len(keys) == len(set(keys))
    assert all(table.keys[action.id] for action in ACTIONS)
    assert not set(keys) & set(ALWAYS_QUIT)


@pytest.mark.parametrize(
    ("text", "name", "shown"),
    [
        ("?", "question_mark", "?"),
        ("/", "slash", "/"),
        ("G", "G", "G"),
        ("F5", "f5", "f5"),
        ("Ctrl+P", "ctrl+p", "^p"),
        ("escape", "escape", "esc"),
        ("space", "space", "space"),
        ("shift+tab", "shift+tab", "⇧tab"),
    ],
)
def test_keys_have_one_name_and_one_face(text: str, name: str, shown: str) -> None:
    assert normal_key(text) == name
    assert shown_key(name) == shown


def now(
    snapshot: Snapshot | None,
    *,
    is_over: bool = False,
    is_ours: bool = True,
    seat: Seat = ALONE,
    place: Place | None = None,
    looks_back: bool = False,
    behind: Phase | None = None,
    no_past: str = "",
) -> Condition:
    """What there is to take an action in."""
    return Condition(
        snapshot,
        Mode.SIM,
        launching=False,
        is_over=is_over,
        why="",
        failure="",
        alarms=0,
        seat=seat,
        is_ours=is_ours,
        place=place,
        looks_back=looks_back,
        behind=behind,
        no_past=no_past,
    )


def test_what_the_session_does_not_accept_is_refused_in_words() -> None:
    running, flatten = busy(), BY_ID["flatten"]
    assert not unavailable(flatten, now(running))
    none: frozenset[type[Command]] = frozenset()
    assert "not possible while the session is running" in unavailable(flatten, now(replace(running, accepts=none)))
    assert "no session" in unavailable(flatten, now(None))
    assert "has ended" in unavailable(flatten, now(running, is_over=True))


def test_start_is_there_for_a_pause_and_for_a_new_session() -> None:
    start = BY_ID["start"]
    assert unavailable(start, now(busy()))
    assert not unavailable(start, now(busy(), is_over=True))
    assert not unavailable(start, now(None))
    paused = replace(busy(), phase=Phase.PAUSED, accepts=frozenset({Start, Stop}))
    assert not unavailable(start, now(paused))


def test_who_only_looks_at_a_session_starts_no_other() -> None:
    assert "only looks at a session" in unavailable(BY_ID["start"], now(ended(), is_over=True, is_ours=False))


def test_pausing_a_paused_session_resumes_it() -> None:
    pause, paused = BY_ID["pause"], replace(busy(), phase=Phase.PAUSED, accepts=frozenset({Start, Stop}))
    assert label(pause, now(paused)) == "Resume"
    assert label(pause, now(busy())) == "Pause"
    assert not unavailable(pause, now(paused))
    assert not unavailable(pause, now(replace(busy(), accepts=frozenset({Pause}))))


@pytest.mark.parametrize(
    ("seat", "command", "wheel"),
    [
        (Seat("ann@pts/1", drives=True), "", "you have the wheel already"),
        (Seat("bob@pts/2", viewers=2), "Pause: bob@pts/2 drives; take the wheel first.", ""),
        (Seat("", viewers=2), "", ""),
        (Seat("bob@pts/2", viewers=2, barred="this screen only watches"), "only watches", "only watches"),
        (Seat("ann@pts/1", drives=True, cut_off="no answer"), "no answer", "no answer"),
    ],
)
def test_who_does_not_drive_is_told_so(seat: Seat, command: str, wheel: str) -> None:
    assert_told(unavailable(BY_ID["pause"], now(busy(), seat=seat)), command)
    assert_told(unavailable(BY_ID["wheel"], now(busy(), seat=seat)), wheel)
    assert not unavailable(BY_ID["zoom"], now(busy(), seat=seat))


def assert_told(words: str, told: str) -> None:
    assert told in words if told else not words


PAST = Place(event=12, events=100, bar=3, bars=25, at=0, is_playing=False, speed=60.0)


def test_a_recording_takes_no_command_but_moves() -> None:
    past = now(busy(), place=PAST)
    refused = {action.id for action in ACTIONS if unavailable(action, past)}
    assert refused == {"start", "stop", "flatten", "accept", "wheel", "detach", "live"}
    assert unavailable(BY_ID["stop"], past) == "Stop: this is a recording."
    assert label(BY_ID["pause"], past) == "Play"
    assert label(BY_ID["pause"], now(busy(), place=replace(PAST, is_playing=True))) == "Pause"


def test_who_looks_back_steers_nothing_but_may_leave() -> None:
    past = now(busy(), place=PAST, looks_back=True, behind=Phase.RUNNING)
    refused = {action.id for action in ACTIONS if unavailable(action, past)}
    assert refused == {"start", "stop", "flatten", "accept", "wheel"}
    assert "go back to live first" in unavailable(BY_ID["flatten"], past)
    assert label(BY_ID["live"], past) == "Live"
    over = now(busy(), place=PAST, looks_back=True, behind=Phase.ENDED)
    assert unavailable(BY_ID["detach"], over)


def test_a_session_is_looked_back_at_where_its_journal_is_here() -> None:
    travels = [action for action in ACTIONS if action.travels]
    assert not any(unavailable(action, now(busy(), no_past="")) for action in travels)
    told = [unavailable(action, now(busy(), no_past="its journal is elsewhere")) for action in travels]
    assert all(text.endswith(": its journal is elsewhere.") for text in told)


def test_the_key_bar_of_a_replay_names_actions_there_are() -> None:
    pairs = [*PAIRS, *(back for back, _ in PAIRS.values())]
    assert set(REPLAY_BAR) | set(pairs) <= set(BY_ID)
    assert "live" not in replay_bar(now(busy(), place=PAST))
    assert "live" in replay_bar(now(busy(), place=PAST, looks_back=True))
