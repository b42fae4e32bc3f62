"""Where a key goes. Textual hands it from queue to queue, and keys that came together overtake what the first of them
opens; here each is taken to its end before the next is looked at."""

import time
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual import events
from textual.dom import DOMNode

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit


@runtime_checkable
class Guarded(Protocol):
    """A screen that does not hear every key, so that none typed before it could be read does something."""

    def hears(self, key: str, age: float) -> bool:
        """Whether a key counts that arrived `age` seconds ago."""
        ...


class Key(events.Key, bubble=False):
    """Handed on by the keyboard itself. The name decides which handlers take it."""


class Paste(events.Paste, bubble=False):
    """Handed on by the keyboard itself. The name decides which handlers take it."""


class Keyboard:
    """Brings keys and pasted text to whoever has the focus, one after the other. To be used on the app's own task."""

    def __init__(self, cockpit: "Cockpit") -> None:
        self._cockpit = cockpit

    async def press(self, key: str, character: str | None = None, age: float = 0.0) -> None:
        """Take a key as Textual would: priority bindings, then handlers from the focus up, then bindings."""
        cockpit = self._cockpit
        cockpit.app_focus = True
        await self._until_ready()
        if isinstance(cockpit.screen, Guarded) and not cockpit.screen.hears(key, age):
            return
        # Textual has no public way to run a binding, and its own way to them is the detour through the queues.
        if await cockpit._check_bindings(key, priority=True):
            return
        if not await self._hand_up(Key(key, character)):
            await cockpit._check_bindings(key)

    async def take(self, event: events.Key | events.Paste) -> None:
        """Take what came from the terminal. Pasted text is never keys: without an input it does nothing."""
        if isinstance(event, events.Key):
            await self.press(event.key, event.character, time.monotonic() - event.time)
            return
        await self._until_ready()
        if not await self._hand_up(Paste(event.text)):
            self._cockpit.tell("Pasted text does nothing here: it is never taken as keys.")

    async def _until_ready(self) -> None:
        """A screen that was only just opened has its widgets and its focus before it is given a key."""
        screen = self._cockpit.screen
        if not screen.is_mounted:
            await screen._mounted_event.wait()
            screen._update_auto_focus()

    async def _hand_up(self, event: events.Key | events.Paste) -> bool:
        """Give an event to the focus and then to all that it stands in, until one of them stops it; whether one did."""
        cockpit = self._cockpit
        nodes: list[DOMNode] = (cockpit.focused or cockpit.screen).ancestors_with_self
        for node in nodes:
            if node is cockpit:
                break
            await node.on_event(event)
            if event._stop_propagation:
                return True
        return False
