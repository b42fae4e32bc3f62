"""The themes there are, and which of them is in force: files come and go while the program runs."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App

from sentio_tui.ui import theming

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit


class ThemeShelf:
    """Keeps the application's themes in step with the theme files. Without colours there is one theme."""

    def __init__(self, app: "Cockpit", files: theming.ThemeFiles, wanted: str) -> None:
        self._app = app
        self._files = files
        self._wanted = theming.MONO if app.no_color else wanted
        self._told_missing = False

    def names(self) -> list[str]:
        """Ours first, then those that come with Textual."""
        return [*sorted(self._ours), *sorted(set(self._app.available_themes) - self._ours)]

    @property
    def _ours(self) -> set[str]:
        return {name for name, theme in self._app.available_themes.items() if "chart-equity" in theme.variables}

    def setter(self, name: str) -> Callable[[], None]:
        return partial(self.choose, name)

    def reload(self) -> None:
        """Take in theme files that are new or changed; the theme in force is applied again when its file changed."""
        app = self._app
        before = app.available_themes
        for problem in self.read():
            app.tell(problem, "warning", seconds=10)
        wanted = self.nearest()
        if wanted != app.theme:
            app.theme = wanted
        elif before.get(wanted) is not app.available_themes[wanted]:
            app.mutate_reactive(App.theme)

    def read(self) -> list[str]:
        """Register what is new in the theme files; what is wrong with them, in words."""
        found = self._files.poll()
        for theme in found.themes:
            self._app.register_theme(theme)
        troubles = [f"Theme file not taken: {problem}" for problem in found.problems]
        if self._wanted not in self._app.available_themes and not self._told_missing:
            self._told_missing = True
            troubles.append(f"There is no theme {self._wanted!r}; {self.nearest()} is used.")
        return troubles

    def nearest(self) -> str:
        """The theme that was asked for, or the nearest thing to it that there is."""
        there = self._app.available_themes
        return next(name for name in (self._wanted, theming.DEFAULT, theming.LAST_RESORT) if name in there)

    def next(self) -> None:
        names = sorted(self._ours) or self.names()
        at = names.index(self._app.theme) if self._app.theme in names else -1
        self.choose(names[(at + 1) % len(names)])

    def choose(self, name: str) -> None:
        if self._app.no_color:
            self._app.tell("NO_COLOR is set: the theme without colour stays.")
            return
        self._wanted = name
        self._app.theme = self.nearest()
        self._app.tell(f"Theme: {self._app.theme}", seconds=2)
