"""Questions that must not be answered by accident, messages, and the wait while a session closes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from sentio_tui.ui.formatting import clean

GUARD: Final = 0.15
"""Seconds a dialog is deaf after it opened, so that keys typed before it was seen answer nothing."""

HELD: Final = 0.7
"""Seconds within which the same key again counts as held down: longer than any keyboard's delay before repeating."""

CANCEL: Final = "cancel"

Clock = Callable[[], float]
"""Seconds on a clock that only goes forward."""


@dataclass(frozen=True)
class Choice:
    """An answer: what `Dialog` returns for it, its key, and what stands on its button."""

    value: str
    key: str
    label: str


NO: Final = Choice(CANCEL, "n", "Cancel")


class HeldKey:
    """Tells a key that is pressed again from one that is held down."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = float("-inf")

    def repeats(self) -> bool:
        """Call it at each press: whether the press is only the keyboard repeating the last one."""
        last, self._last = self._last, self._clock()
        return self._last - last < HELD


class Dialog(ModalScreen[str]):
    """Asks, and returns the chosen value; leaving it is the value "cancel", which has the focus at first.

    The text is never markup. The key that opens a dialog answers none, so a held key cannot confirm.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,ctrl+c,ctrl+q", "choose('cancel')", "Cancel", show=False),
        Binding("left,up,h,k", "app.focus_previous", show=False),
        Binding("right,down,l,j", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, text: str, choices: Sequence[Choice], clock: Clock, severe: str = "") -> None:
        """`severe`: the theme's name of the colour the frame takes ("error"); empty is the usual one."""
        super().__init__(classes=f"-{severe}" if severe else None)
        self._title = title
        self._text = text
        self._choices = tuple(choices)
        self._clock = clock
        self._opened = clock()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f" {clean(self._title)} ").markup
            yield Static(plain(self._text), classes="dialog--text")
            with Horizontal(classes="dialog--choices"):
                for choice in self._choices:
                    yield Button(_face(choice), id=f"choice-{choice.value}", compact=True)

    def on_mount(self) -> None:
        self._opened = self._clock()
        self.set_focus(self.query(Button).last(), scroll_visible=False)

    def hears(self, key: str, age: float) -> bool:
        return self._clock() - age - self._opened >= GUARD

    def action_choose(self, value: str) -> None:
        if self._clock() - self._opened >= GUARD:
            self.dismiss(value)

    def on_key(self, event: events.Key) -> None:
        for choice in self._choices:
            if event.key == choice.key:
                event.stop()
                self.action_choose(choice.value)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_choose((event.button.id or "").removeprefix("choice-"))


def plain(text: str) -> Content:
    """Text from outside, its lines kept."""
    return Content("\n".join(clean(line) for line in text.splitlines()))


def _face(choice: Choice) -> Content:
    return Content.assemble(" ", (choice.key, "bold underline"), f"  {choice.label} ")


def question(title: str, text: str, yes: Choice, clock: Clock) -> Dialog:
    """A dialog that does one thing or nothing."""
    return Dialog(title, text, (yes, NO), clock, severe="warning")


def message(title: str, text: str, clock: Clock) -> Dialog:
    """A dialog that only tells."""
    return Dialog(title, text, (Choice(CANCEL, "enter", "Close"),), clock, severe="error")


class Closing(ModalScreen[None]):
    """Shown while the session is stopped in order. `x` once more takes the last prices at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,ctrl+c", "hurry", "Take the last prices", show=False),
    ]

    def __init__(self, text: str, hurry: Callable[[], None], clock: Clock) -> None:
        super().__init__()
        self._text = text
        self._hurry = hurry
        self._clock = clock
        self._opened = clock()
        self._held = HeldKey(clock)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = " Closing "
            yield Static(plain(self._text), classes="dialog--text", id="closing-text")
            yield Static(
                Content.assemble(("x", "bold underline"), "  take the last prices now"), classes="dialog--hint"
            )

    def on_mount(self) -> None:
        self._opened = self._clock()

    def hears(self, key: str, age: float) -> bool:
        return self._clock() - age - self._opened >= GUARD

    def show(self, text: str) -> None:
        """Tell what it waits for now."""
        if text != self._text:
            self._text = text
            if self.is_mounted:
                self.query_one("#closing-text", Static).update(plain(text))

    def action_hurry(self) -> None:
        if not self._held.repeats():
            self._hurry()
