"""The command palette: every action that can be taken now, and every theme."""

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from textual import on
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape
from textual.widgets import Input

from sentio_tui.ui.actions import ACTIONS, Group, label, unavailable

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit


class Palette(CommandPalette):
    """Textual's own, deaf to enter while the list is not yet the one of the text: its first entry is another's."""

    def __init__(self) -> None:
        super().__init__(providers=[CockpitCommands], placeholder="Find an action or a theme…")
        self._searched = ""

    def hears(self, key: str, age: float) -> bool:
        return key != "enter" or self._is_settled

    @on(Input.Changed)
    def _searching(self, event: Input.Changed) -> None:
        self._searched = event.value

    @property
    def _is_settled(self) -> bool:
        searches = any(worker.node is self and not worker.is_finished for worker in self.workers)
        return self._searched == self.query_one(Input).value and not searches


class CockpitCommands(Provider):
    """What the palette offers. Moving keys are left out: they mean nothing to a palette."""

    async def discover(self) -> Hits:
        for name, about, run in self._entries():
            yield DiscoveryHit(name, run, help=about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, about, run in self._entries():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, text=name, help=about)

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], Awaitable[None] | None]]]:
        cockpit = _cockpit(self)
        monitor = cockpit.monitor
        for action in ACTIONS:
            hidden = action.group is Group.MOVE or action.id in {"palette", "leave"}
            if hidden or unavailable(action, monitor.condition):
                continue
            keys = cockpit.key_table.all_shown(action.id)
            # The palette reads the help as markup, and a key may be a bracket.
            yield label(action, monitor.condition), escape(f"{action.help}  {keys}"), cockpit.actor(action.id)
        for name in cockpit.themes.names():
            now = " It is the present one." if name == cockpit.theme else ""
            yield f"Theme: {name}", f"Take the theme {name}.{now}", cockpit.themes.setter(name)


def _cockpit(provider: Provider) -> "Cockpit":
    from sentio_tui.ui.app import Cockpit

    app = provider.app
    if not isinstance(app, Cockpit):
        raise TypeError(f"the palette of {type(app).__name__} is not a cockpit's")
    return app
