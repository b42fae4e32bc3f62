"""The files a page is made of: those of this package, plotly's script out of its own, and the themes as a style sheet.

They are read once, into a table by name; what a browser asks for is looked up there and never joined to a path.
"""

import gzip
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from sentio_tui.web.messages import Theme

PAGE: Final = "index.html"
PLOTLY: Final = "plotly.min.js"
THEMES: Final = "theme.css"

_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_WORTH: Final = 10_000
"""Bytes from which on packing a file is worth it."""


class Asset:
    """One file. It is read when it is asked for first: plotly's script has five megabytes."""

    def __init__(self, name: str, source: Traversable | bytes) -> None:
        self.type = _TYPES[Path(name).suffix]
        self._source = source

    @cached_property
    def data(self) -> bytes:
        return self._source if isinstance(self._source, bytes) else self._source.read_bytes()

    @cached_property
    def packed(self) -> bytes:
        """Compressed for browsers that take it; empty where that is not worth it."""
        return gzip.compress(self.data, 6, mtime=0) if len(self.data) >= _WORTH else b""

    @cached_property
    def tag(self) -> str:
        """Tells one version from another."""
        return f'"{hashlib.sha256(self.data).hexdigest()[:20]}"'


class Themes:
    """The themes of some folders that a browser can show. Of two with one name the one in the earlier folder counts."""

    def __init__(self, folders: Sequence[Path], first: str = "") -> None:
        """`first` goes before the others of its kind."""
        found: dict[str, tuple[Theme, str]] = {}
        for folder in folders:
            for path in sorted(folder.glob("*.toml")):
                if path.stem not in found and (read := _read(path)) is not None:
                    found[path.stem] = read
        order = sorted(found.values(), key=lambda each: (each[0].name != first, not _is_usual(each[0]), each[0].name))
        self.names = tuple(theme for theme, _ in order)
        self._rules = {theme.name: rule for theme, rule in order}

    @property
    def style(self) -> str:
        """A style sheet. Without a choice the first dark theme is in force, or the first light one as is preferred."""
        lines = []
        dark = next((theme.name for theme in self.names if theme.is_dark), None)
        light = next((theme.name for theme in self.names if not theme.is_dark), None)
        plain = ":root:not([data-theme])"
        if dark is not None:
            lines.append(f"{plain} {{ {self._rules[dark]} }}")
        if light is not None:
            media = "@media (prefers-color-scheme: light) " if dark is not None else ""
            rule = f"{plain} {{ {self._rules[light]} }}"
            lines.append(f"{media}{{ {rule} }}" if media else rule)
        lines += [f':root[data-theme="{name}"] {{ {rule} }}' for name, rule in self._rules.items()]
        return "\n".join(lines) + "\n"


def assets(themes: Themes) -> dict[str, Asset]:
    """All of them by name."""
    table = dict(_packaged())
    table[PLOTLY] = Asset(PLOTLY, files("plotly") / "package_data" / PLOTLY)
    table[THEMES] = Asset(THEMES, themes.style.encode())
    return table


def _packaged() -> Iterable[tuple[str, Asset]]:
    folder = files("sentio_tui.web") / "static"
    if folder.is_dir():
        for file in folder.iterdir():
            if Path(file.name).suffix in _TYPES:
                yield file.name, Asset(file.name, file)


def _is_usual(theme: Theme) -> bool:
    return theme.name in {"sentio-dark", "sentio-light"}


def _read(path: Path) -> tuple[Theme, str] | None:
    """A theme and its rule. None for one a browser cannot show: a broken file (the cockpit tells what is wrong), or one
    that has no colours of its own."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    name, is_dark = document.get("name"), document.get("dark")
    if name != path.stem or not _NAME.fullmatch(path.stem) or not isinstance(is_dark, bool):
        return None
    rules = [f"color-scheme: {'dark' if is_dark else 'light'};"]
    for section, table in document.items():
        if isinstance(table, dict):
            for key, colour in table.items():
                variable = f"{section}-{key}"
                if not isinstance(colour, str) or not _COLOUR.fullmatch(colour) or not _NAME.fullmatch(variable):
                    return None
                rules.append(f"--{variable}: {colour};")
    return Theme(path.stem, is_dark), " ".join(rules)
