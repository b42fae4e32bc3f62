"""The files a page is made of: those of this package, plotly's script out of its own, and the themes as a style sheet.

They are read once, into a table by name; what a browser asks for is looked up there and never joined to a path.
"""

import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from sentio_tui.style_sheets import SheetTheme, style_sheet

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


def assets(themes: Sequence[SheetTheme]) -> dict[str, Asset]:
    """All of them by name."""
    table = dict(_packaged())
    table[PLOTLY] = Asset(PLOTLY, files("plotly") / "package_data" / PLOTLY)
    table[THEMES] = Asset(THEMES, style_sheet(themes).encode())
    return table


def _packaged() -> Iterable[tuple[str, Asset]]:
    folder = files("sentio_tui.web") / "static"
    if folder.is_dir():
        for file in folder.iterdir():
            if Path(file.name).suffix in _TYPES:
                yield file.name, Asset(file.name, file)
