"""The theme files as style sheets, for what is shown in a browser: the same colours as on the screen."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_USUAL: Final = frozenset({"sentio-dark", "sentio-light"})


class SheetTheme(NamedTuple):
    """A theme. `rule` declares its colours as variables, by section and key: `--trade-gain: #12753f;`."""

    name: str
    is_dark: bool
    rule: str


def sheet_themes(folders: Sequence[Path], first: str = "") -> list[SheetTheme]:
    """The themes of some folders that a browser can show: `first`, the usual ones, the others.

    Of two with one name the one in the earlier folder counts. A broken file is passed over (the cockpit tells what is
    wrong with it), and so is one without colours of its own.
    """
    found: dict[str, SheetTheme] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            if path.stem not in found and (theme := _read(path)) is not None:
                found[path.stem] = theme
    return sorted(found.values(), key=lambda each: (each.name != first, each.name not in _USUAL, each.name))


def style_sheet(themes: Iterable[SheetTheme]) -> str:
    """A theme is in force where `data-theme` of the root element is its name; without one, the first dark one, or the
    first light one for who prefers that. On paper it is the first light one."""
    listed = list(themes)
    dark = next((each.rule for each in listed if each.is_dark), None)
    light = next((each.rule for each in listed if not each.is_dark), None)
    plain = ":root:not([data-theme])"
    lines = []
    if dark is not None:
        lines.append(f"{plain} {{ {dark} }}")
    if light is not None:
        rule = f"{plain} {{ {light} }}"
        lines.append(rule if dark is None else f"@media (prefers-color-scheme: light) {{ {rule} }}")
    lines += [f':root[data-theme="{each.name}"] {{ {each.rule} }}' for each in listed]
    if light is not None:
        lines.append(f"@media print {{ :root, :root[data-theme], {plain} {{ {light} }} }}")
    return "\n".join(lines) + "\n"


def _read(path: Path) -> SheetTheme | None:
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
    return SheetTheme(path.stem, is_dark, " ".join(rules))
