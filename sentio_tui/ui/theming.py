"""Themes: read from TOML files, checked, turned into Textual themes with the variables the panes draw with."""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from textual.color import Color, ColorParseError
from textual.theme import Theme

if TYPE_CHECKING:
    from textual.app import App

DEFAULT: Final = "sentio-dark"
MONO: Final = "sentio-mono"
LAST_RESORT: Final = "textual-dark"
"""Built into Textual: there even when no theme file can be read."""

_BASE: Final = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "success",
    "warning",
    "error",
)
_SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "base": {key: key for key in _BASE},
    "trade": {key: key for key in ("gain", "loss", "flat", "stale", "muted", "accent-line")},
    "mode": {key: f"mode-{key}" for key in ("sim", "replay", "paper", "live", "text")},
    "chart": {key: f"chart-{key}" for key in ("equity", "drawdown", "axis")},
    "pane": {key: f"pane-{key}" for key in ("border", "focus")},
}
"""Sections of a theme file, their keys, and the CSS variable each key becomes. Every key must be there."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_NO_COLOUR: Final = "default"
"""In a theme file: the terminal's own colour. A theme has it everywhere or nowhere."""

Result = TypeVar("Result")
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class ChartColours:
    """What plotext draws with; None is the terminal's own colour."""

    equity: Rgb | None
    drawdown: Rgb | None
    axis: Rgb | None
    background: Rgb | None


def chart_colours(app: "App[Result]") -> ChartColours:
    """The chart's colours under the theme that is in force."""
    return ChartColours(
        colour_of(app, "chart-equity"),
        colour_of(app, "chart-drawdown"),
        colour_of(app, "chart-axis"),
        colour_of(app, "background"),
    )


def colour_of(app: "App[Result]", variable: str) -> Rgb | None:
    """A variable of the theme in force as plotext takes it; None is the terminal's own colour."""
    try:
        colour = Color.parse(app.theme_variables[variable])
    except (KeyError, ColorParseError):
        return None
    return None if colour.ansi is not None else colour.rgb


def variable_defaults(theme: Theme) -> dict[str, str]:
    """Every variable of ours, made of a theme's base colours: for the themes that come with Textual."""
    ansi = theme.ansi
    plain = "ansi_default" if ansi else (theme.foreground or ("#e0e0e0" if theme.dark else "#1e1e1e"))
    gain = theme.success or ("ansi_green" if ansi else "#4ebf71")
    loss = theme.error or ("ansi_red" if ansi else "#d6546f")
    warning = theme.warning or theme.primary
    muted = "ansi_bright_black" if ansi else Color.parse(plain).with_alpha(0.6).hex
    quiet = "ansi_bright_black" if ansi else Color.parse(plain).with_alpha(0.25).hex
    return {
        "gain": gain,
        "loss": loss,
        "flat": plain,
        "stale": warning,
        "muted": muted,
        "accent-line": theme.accent or theme.primary,
        "mode-sim": theme.secondary or theme.primary,
        "mode-replay": theme.accent or theme.primary,
        "mode-paper": theme.primary,
        "mode-live": loss,
        "mode-text": "ansi_black" if ansi else "#101010" if theme.dark else "#ffffff",
        "chart-equity": theme.primary,
        "chart-drawdown": loss,
        "chart-axis": muted,
        "pane-border": quiet,
        "pane-focus": theme.primary,
        "badge-style": "bold",
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
    }


@dataclass(frozen=True)
class ThemeProblem:
    """A theme file that was not taken, and everything that is wrong with it."""

    path: Path
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path.name}: " + "; ".join(self.problems)


def parse_theme(text: str, stem: str) -> tuple[Theme | None, tuple[str, ...]]:
    """A theme out of the text of a file whose name without suffix is `stem`, or all that is wrong with it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, (f"not TOML: {error}",)
    problems: list[str] = []
    name, dark = document.pop("name", None), document.pop("dark", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        problems.append("name: must be given, in small letters, digits and dashes")
    elif name != stem:
        problems.append(f"name: {name!r} differs from the file's, {stem!r}")
    if not isinstance(dark, bool):
        problems.append("dark: must be given, true or false")
    problems += [f"{key}: unknown{_nearest(key, _SECTIONS)}" for key in document if key not in _SECTIONS]
    colours: dict[str, str] = {}
    for section, keys in _SECTIONS.items():
        table = document.get(section)
        if not isinstance(table, dict):
            problems.append(f"[{section}]: missing")
            continue
        problems += [f"{section}.{key}: unknown{_nearest(key, keys)}" for key in table if key not in keys]
        for key, variable in keys.items():
            colour = _colour(table.get(key))
            if colour is None:
                problems.append(f"{section}.{key}: " + _wrong(table.get(key)))
            else:
                colours[variable] = colour
    plain = [variable for variable, colour in colours.items() if colour == "ansi_default"]
    if plain and len(plain) < len(colours):
        problems.append(f"{plain[0]}: 'default' is for themes without any colour; use it everywhere or nowhere")
    if problems or not isinstance(name, str) or not isinstance(dark, bool):
        return None, tuple(problems)
    return _build(name, dark, colours), ()


def _colour(value: object) -> str | None:
    """A colour as Textual writes it; None when it is none."""
    if not isinstance(value, str):
        return None
    if value == _NO_COLOUR:
        return "ansi_default"
    try:
        colour = Color.parse(value)
    except ColorParseError:
        return None
    return None if colour.ansi is not None else colour.hex


def _wrong(value: object) -> str:
    return "missing" if value is None else f"{value!r} is not a colour (write #rrggbb)"


def _build(name: str, dark: bool, colours: Mapping[str, str]) -> Theme:
    base = {key: colours[key] for key in _BASE}
    variables = {variable: colour for variable, colour in colours.items() if variable not in base}
    if colours["background"] == "ansi_default":
        return _without_colour(name, dark, base, variables)
    variables |= {
        "badge-style": "bold",
        "block-cursor-background": base["panel"],
        "block-cursor-foreground": base["foreground"],
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": base["surface"],
        "block-cursor-blurred-foreground": base["foreground"],
        "block-hover-background": base["panel"],
        "border": variables["pane-focus"],
        "border-blurred": variables["pane-border"],
        "scrollbar": variables["pane-border"],
        "scrollbar-hover": variables["muted"],
        "scrollbar-active": base["primary"],
        "scrollbar-background": base["background"],
        "scrollbar-background-hover": base["background"],
        "scrollbar-background-active": base["background"],
        "scrollbar-corner-color": base["background"],
        "input-cursor-background": base["foreground"],
        "input-selection-background": f"{base['primary']} 40%",
    }
    return _theme(name, dark, base, variables)


def _theme(name: str, dark: bool, base: Mapping[str, str], variables: Mapping[str, str]) -> Theme:
    return Theme(
        name=name,
        primary=base["primary"],
        secondary=base["secondary"],
        warning=base["warning"],
        error=base["error"],
        success=base["success"],
        accent=base["accent"],
        foreground=base["foreground"],
        background=base["background"],
        surface=base["surface"],
        panel=base["panel"],
        dark=dark,
        variables=dict(variables),
    )


def _without_colour(name: str, dark: bool, base: Mapping[str, str], variables: Mapping[str, str]) -> Theme:
    """The terminal's own two colours everywhere; what colour tells elsewhere is told by bold and reverse."""
    bare = _theme(name, dark, base, {})
    bare.ansi = True
    generated = bare.to_color_system().generate()
    bare.variables = {
        **{key: "ansi_default" for key, value in generated.items() if value.startswith("ansi_")},
        **{key: "ansi_default" for key, value in generated.items() if value.endswith("50%")},
        **variables,
        "badge-style": "bold reverse",
        "block-cursor-text-style": "reverse",
        "block-cursor-blurred-text-style": "bold",
        "block-hover-background": "ansi_default",
        "button-focus-text-style": "bold reverse",
        "input-cursor-text-style": "reverse",
        "link-background-hover": "ansi_default",
    }
    return bare


def _nearest(key: str, known: Iterable[str]) -> str:
    near = get_close_matches(key, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


@dataclass(frozen=True)
class Reload:
    """What a look at the folders brought: themes that are new or changed, and files that cannot be taken."""

    themes: tuple[Theme, ...] = ()
    problems: tuple[ThemeProblem, ...] = ()


class ThemeFiles:
    """The theme files of some folders. Of two files with one name, the one in the earlier folder counts.

    `stamp` tells one state of a file from another; it may raise OSError.
    """

    def __init__(self, folders: Sequence[Path], stamp: Callable[[Path], tuple[int, int]] = _stamp) -> None:
        self._folders = tuple(folders)
        self._stamp = stamp
        self._seen: dict[str, tuple[Path, tuple[int, int]]] = {}

    def poll(self) -> Reload:
        """Read what is new or changed since the last call; the first call reads everything.

        A file that vanished leaves its theme as it was, unless a later folder has one of the same name.
        """
        themes: list[Theme] = []
        problems: list[ThemeProblem] = []
        for stem, path in self._files().items():
            try:
                state = (path, self._stamp(path))
                if self._seen.get(stem) == state:
                    continue
                self._seen[stem] = state
                theme, wrong = parse_theme(path.read_text(encoding="utf-8"), stem)
            except OSError as error:
                if stem not in self._seen:
                    problems.append(ThemeProblem(path, (f"cannot be read: {error.strerror or error}",)))
                continue
            except UnicodeDecodeError:
                theme, wrong = None, ("not UTF-8 text",)
            if theme is None:
                problems.append(ThemeProblem(path, wrong))
            else:
                themes.append(theme)
        return Reload(tuple(themes), tuple(problems))

    def _files(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for folder in self._folders:
            try:
                names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".toml"))
            except OSError:
                continue
            for name in names:
                files.setdefault(name.removesuffix(".toml"), folder / name)
        return files
