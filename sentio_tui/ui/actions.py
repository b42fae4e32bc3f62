"""The one table of actions: bindings, key bar, palette, help and the keys in `config.toml` all come from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from sentio_tui.engine.reconciliation import ACCOUNT
from sentio_tui.model.commands import Accept, Command, Flatten, Pause, Start, Stop
from sentio_tui.model.events import Phase
from sentio_tui.ui.monitor import Condition


class Group(StrEnum):
    """The headings of the help screen, in its order."""

    SESSION = "Session"
    REPLAY = "Replay"
    VIEW = "View"
    PANES = "Panes"
    TABLES = "Tables"
    MOVE = "Move"
    HELP = "Help"


@dataclass(frozen=True)
class Action:
    """Something a person can do. `keys` are Textual's key names; single characters are allowed.

    `command` is what the session must accept for it. `rank` orders the key bar, 1 first; the highest are dropped
    where the screen is narrow, and 0 is never shown there (`REPLAY_BAR` is that of a replay).
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: Group
    command: type[Command] | None = None
    rank: int = 0

    @property
    def travels(self) -> bool:
        """Whether it moves through a recording. Taken in a session that runs, it looks back first."""
        return self.group is Group.REPLAY


PANES: Final = ("metrics", "equity", "positions", "trades", "decision", "log")
"""The panes by number, from 1: the ids of their widgets."""

_FOCUS: Final = "focus_"

ACTIONS: Final[tuple[Action, ...]] = (
    Action("start", ("s",), "Start", "Go on after a pause; once a session has ended, start a new one.",
           Group.SESSION, Start, rank=4),
    Action("pause", ("space",), "Pause", "Open nothing new; stops and profit targets go on. Again: resume."
           " In a replay: play, or stand still.",
           Group.SESSION, Pause, rank=3),
    Action("stop", ("x",), "Stop", "Close every position and end the session. Again while closing: take the last"
           " prices now.", Group.SESSION, Stop, rank=5),
    Action("flatten", ("f",), "Flatten", "Cancel open orders, close every position, and pause.",
           Group.SESSION, Flatten, rank=6),
    Action("accept", ("a",), "Accept", "Take the broker's account for the truth where it differs from the session,"
           " after a look at both.", Group.SESSION, Accept, rank=1),
    Action("wheel", ("w",), "Drive", "Take the wheel of a session that several look at: one drives, the others watch.",
           Group.SESSION, rank=3),
    Action("sessions", ("b",), "Sessions", "Browse the sessions on disk: replay, resume, compare or delete one.",
           Group.SESSION, rank=13),
    Action("quit", ("q",), "Quit", "Leave. A session that runs is stopped first, after a question.",
           Group.SESSION, rank=1),
    Action("detach", ("d",), "Detach", "Leave the screen; the session goes on. `sentio-tui attach` comes back to it.",
           Group.SESSION, rank=2),
    Action("bar_back", ("[",), "Bar before", "To the end of the bar before.", Group.REPLAY),
    Action("bar_forward", ("]",), "Next bar", "To the end of the next bar, with all that came of it.", Group.REPLAY),
    Action("trade_back", ("N",), "Trade before", "To the fill before, a buy or a sell.", Group.REPLAY),
    Action("trade_forward", ("n",), "Next trade", "To the next fill, a buy or a sell.", Group.REPLAY),
    Action("slower", ("comma",), "Slower", "Play at the next lower speed, down to 0.25×.", Group.REPLAY),
    Action("faster", ("full_stop",), "Faster", "Play at the next higher speed, up to 1000×.", Group.REPLAY),
    Action("seek", ("S",), "Go to time", "Go to a time: HH:MM or YYYY-MM-DD HH:MM of the exchange's clock.",
           Group.REPLAY),
    Action("to_start", ("home",), "Start of session", "To the first event.", Group.REPLAY),
    Action("to_end", ("end",), "End of session", "To the last event there is.", Group.REPLAY),
    Action("to_drawdown", ("D",), "Deepest drawdown", "To where the equity was deepest under its peak.", Group.REPLAY),
    Action("mark", ("m",), "Mark", "Mark this moment with a note, which is kept beside the session.", Group.REPLAY),
    Action("marks", ("M",), "Marks", "List the marks, to go to one or remove one.", Group.REPLAY),
    Action("mark_back", ("{",), "Mark before", "To the mark before.", Group.REPLAY),
    Action("mark_forward", ("}",), "Next mark", "To the next mark.", Group.REPLAY),
    Action("live", ("L",), "Look back", "Look at what a session has done so far; it goes on meanwhile. Again: back to"
           " now.", Group.REPLAY, rank=13),
    Action("refresh", ("r",), "Refresh", "Read everything again and repaint the screen.", Group.VIEW, rank=12),
    Action("zoom", ("z",), "Zoom", "Give the whole screen to the pane that has the focus, or take it back.",
           Group.VIEW, rank=8),
    Action("feed", ("i",), "Feed", "Show how the feed is: the state of each symbol, the age of its newest bar, how many"
           " bars came and were dropped.", Group.VIEW),
    Action("theme", ("t",), "Theme", "Take the next theme. The palette lists all of them.", Group.VIEW, rank=11),
    Action("leave", ("escape",), "Back", "Leave the zoom.", Group.VIEW),
    *(
        Action(f"{_FOCUS}{pane}", (str(number),), pane.capitalize(), f"Go to the {pane} pane.", Group.PANES)
        for number, pane in enumerate(PANES, 1)
    ),
    Action("next_pane", ("tab",), "Next pane", "Go to the next pane.", Group.PANES),
    Action("previous_pane", ("shift+tab",), "Previous pane", "Go to the pane before.", Group.PANES),
    Action("filter", ("/",), "Filter", "Show only the rows that hold a text (positions, trades, log).",
           Group.TABLES, rank=9),
    Action("sort", ("o",), "Sort", "Sort by the next column (positions, trades, log).", Group.TABLES, rank=10),
    Action("reverse", ("O",), "Reverse", "Turn the order of the rows round (positions, trades, log).", Group.TABLES),
    Action("move_left", ("h",), "Left", "One column to the left; the arrow key does the same.", Group.MOVE),
    Action("move_down", ("j",), "Down", "One row down; the arrow key does the same.", Group.MOVE),
    Action("move_up", ("k",), "Up", "One row up; the arrow key does the same.", Group.MOVE),
    Action("move_right", ("l",), "Right", "One column to the right; the arrow key does the same.", Group.MOVE),
    Action("move_top", ("g",), "Top", "To the first row.", Group.MOVE),
    Action("move_bottom", ("G",), "Bottom", "To the last row.", Group.MOVE),
    Action("help", ("?", "f1"), "Help", "Explain the pane that has the focus, and list all keys.",
           Group.HELP, rank=2),
    Action("palette", (":", "ctrl+p"), "Commands", "Find an action or a theme by its name.", Group.HELP, rank=7),
)  # fmt: skip

BY_ID: Final[Mapping[str, Action]] = {action.id: action for action in ACTIONS}

PAIRS: Final[Mapping[str, tuple[str, str]]] = {
    "bar_forward": ("bar_back", "Bar"),
    "trade_forward": ("trade_back", "Trade"),
    "faster": ("slower", "Speed"),
    "mark_forward": ("mark_back", "Marks"),
}
"""Actions that the key bar shows together with the one that goes the other way, and what it calls the two."""

REPLAY_BAR: Final = (
    "quit", "help", "live", "pause", "bar_forward", "trade_forward", "faster", "seek", "mark", "mark_forward",
    "to_drawdown", "palette", "zoom", "filter", "sort", "theme", "refresh", "sessions", "start", "stop", "flatten",
)  # fmt: skip
"""The key bar of a replay, the most important first."""

ALWAYS_QUIT: Final = ("ctrl+c", "ctrl+q")
"""Keys that quit whatever the configuration says, so that quitting is always in reach."""

SAME_AS: Final[Mapping[str, str]] = {
    "move_left": "left",
    "move_down": "down",
    "move_up": "up",
    "move_right": "right",
    "move_top": "ctrl+home",
    "move_bottom": "ctrl+end",
}
"""The keys that panes know themselves, by the action that stands for them."""

_MODIFIERS: Final = frozenset({"ctrl", "shift", "alt", "super", "meta", "hyper"})


@dataclass(frozen=True)
class KeyTable:
    """Each action's keys after the configuration, by action id, as normalised names ("question_mark").

    `problems` say what of the configuration was not taken, one sentence each.
    """

    keys: Mapping[str, tuple[str, ...]]
    problems: tuple[str, ...] = ()

    def shown(self, action_id: str) -> str:
        """The first key as people write it, for the key bar."""
        return shown_key(self.keys[action_id][0])

    def all_shown(self, action_id: str) -> str:
        return " ".join(shown_key(key) for key in self.keys[action_id])


def resolve_keys(overrides: Mapping[str, str]) -> KeyTable:
    """Lay the configured keys ("f,ctrl+f" by action id) over the defaults.

    An unknown id, a name that is no key, a reserved key and a key that two actions claim leave the defaults of the
    action in force and are told as problems.
    """
    problems: list[str] = []
    wanted: dict[str, tuple[str, ...]] = {}
    for action_id, text in overrides.items():
        if action_id not in BY_ID:
            problems.append(f"keys.{action_id}: no such action{_nearest(action_id)}.")
            continue
        keys, wrong = _parse_keys(text)
        if wrong:
            problems.append(f"keys.{action_id} = {text!r}: {wrong}; the default stays.")
        else:
            wanted[action_id] = keys
    defaults = {action.id: tuple(normal_key(key) for key in action.keys) for action in ACTIONS}
    while True:
        table = {action.id: wanted.get(action.id, defaults[action.id]) for action in ACTIONS}
        clash = _first_clash(table, wanted)
        if clash is None:
            return KeyTable(table, tuple(problems))
        loser, other, key = clash
        problems.append(f"keys.{loser}: {shown_key(key)!r} belongs to {other!r}; the default stays.")
        del wanted[loser]


def unavailable(action: Action, condition: Condition) -> str:
    """Why the action cannot be taken now, in words for a notice; empty when it can."""
    if condition.place is not None:
        return _unavailable_in_the_past(action, condition)
    if action.travels:
        return f"{action.label}: {condition.no_past}." if condition.no_past else ""
    if action.command is None and action.id not in {"wheel", "detach"}:
        return ""
    if action.id == "detach" and not condition.is_ours:
        return ""
    snapshot, seat = condition.snapshot, condition.seat
    if action.id == "start" and (snapshot is None or condition.is_over or snapshot.phase is Phase.ENDED):
        return "" if condition.is_ours else f"{action.label}: this screen only looks at a session; start one elsewhere."
    if snapshot is None:
        return f"{action.label}: no session is running."
    if condition.is_over or snapshot.phase is Phase.ENDED:
        return f"{action.label}: the session has ended."
    if action.id == "detach":
        return ""
    if action.command is None:
        refusal = seat.cut_off or seat.barred or ("you have the wheel already" if seat.drives else "")
        return f"{action.label}: {refusal}." if refusal else ""
    if seat.refusal:
        return f"{action.label}: {seat.refusal}."
    if action.id == "accept" and ACCOUNT not in snapshot.faults:
        return f"{action.label}: the session and its broker's account do not differ."
    accepts = snapshot.accepts
    resumes = action.id == "pause" and snapshot.phase is Phase.PAUSED and Start in accepts
    if action.command in accepts or resumes:
        return ""
    return f"{action.label}: not possible while the session is {snapshot.phase.value}."


def is_idle(action: Action, condition: Condition) -> bool:
    """Whether there is no reason to take the action now, so that it need not stand in the key bar."""
    if action.id == "accept":
        return condition.snapshot is None or ACCOUNT not in condition.snapshot.faults
    return action.id == "wheel" and condition.seat.drives


def replay_bar(condition: Condition) -> list[str]:
    """The actions of the key bar while a recording is shown, the most important first."""
    return [action_id for action_id in REPLAY_BAR if action_id != "live" or condition.looks_back]


def _unavailable_in_the_past(action: Action, condition: Condition) -> str:
    if action.id == "live" and not condition.looks_back:
        return "Live: this is a recording; nothing goes on behind it."
    steers = action.command is not None or action.id in {"wheel", "detach"}
    if not steers or action.id == "pause":
        return ""
    if action.id == "detach" and condition.behind not in {None, Phase.ENDED}:
        return ""
    what = "you are looking back; go back to live first" if condition.looks_back else "this is a recording"
    return f"{action.label}: {what}."


def label(action: Action, condition: Condition) -> str:
    """What the action is called now: pausing a paused session resumes it."""
    snapshot, place = condition.snapshot, condition.place
    if place is not None:
        names = {"pause": "Pause" if place.is_playing else "Play", "live": "Live"}
        return names.get(action.id, action.label)
    if action.id == "pause" and snapshot is not None and snapshot.phase is Phase.PAUSED:
        return "Resume"
    return action.label


def pane_of(action_id: str) -> str | None:
    """The pane an action goes to; None for all others."""
    return action_id.removeprefix(_FOCUS) if action_id.startswith(_FOCUS) else None


def normal_key(text: str) -> str:
    """A key's one name: "?" is "question_mark", "Ctrl+F" is "ctrl+f"."""
    from textual.keys import _character_to_key  # the pinned Textual has no public name for it

    if len(text) == 1:
        return _character_to_key(text)
    *modifiers, key = text.split("+")
    modifiers = [modifier.strip().lower() for modifier in modifiers]
    key = key.strip()
    if len(key) == 1:
        key = _character_to_key(key.lower() if "ctrl" in modifiers else key)
    elif not modifiers or len(key) > 1:
        key = key.lower()
    return "+".join((*modifiers, key))


def shown_key(key: str) -> str:
    """A normalised key as people write it: "question_mark" is "?"."""
    from textual.keys import format_key

    if key.startswith("ctrl+"):
        return "^" + shown_key(key.removeprefix("ctrl+"))
    names = {"escape": "esc", "space": "space", "shift+tab": "⇧tab"}
    return names.get(key) or format_key(key)


def _is_key(key: str) -> bool:
    from textual.keys import Keys, key_to_character

    *modifiers, name = key.split("+")
    if not set(modifiers) <= _MODIFIERS or not name:
        return False
    named = {member.value for member in Keys} | {"space", "enter", "tab", "escape"}
    return len(name) == 1 or name in named or key_to_character(name) is not None


def _parse_keys(text: str) -> tuple[tuple[str, ...], str]:
    """The keys in a configured text, and what is wrong with it."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        return (), "a key is missing (write a comma as 'comma')"
    keys = tuple(dict.fromkeys(normal_key(part) for part in parts))
    for part, key in zip(parts, keys, strict=False):
        if key in ALWAYS_QUIT:
            return (), f"{part!r} is kept for quitting"
    unknown = [part for part in parts if not _is_key(normal_key(part))]
    if unknown:
        return (), f"{unknown[0]!r} is not a key"
    return keys, ""


def _first_clash(
    table: Mapping[str, tuple[str, ...]], wanted: Mapping[str, tuple[str, ...]]
) -> tuple[str, str, str] | None:
    """The configured action that must give way, who it clashes with, and over which key.

    Of two configured actions the later one in the table gives way.
    """
    owners: dict[str, str] = {}
    for action_id, keys in table.items():
        for key in keys:
            owner = owners.setdefault(key, action_id)
            if owner != action_id:
                return (action_id, owner, key) if action_id in wanted else (owner, action_id, key)
    return None


def _nearest(action_id: str) -> str:
    near = get_close_matches(action_id, BY_ID, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
