"""What `sentio-tui sessions`, `strategies` and `config` print."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

import msgspec

from sentio_tui import paths
from sentio_tui.config import Loaded, values
from sentio_tui.journal.catalogue import Listed, listing
from sentio_tui.model.events import Mode
from sentio_tui.strategies import registry


class UnreadableFolder(Exception):
    """The folder of the sessions cannot be listed."""


ORDERS: Final[Mapping[str, Callable[[Listed], tuple[bool, float | str]]]] = {
    "started": lambda each: _last(each.started, -1),
    "name": lambda each: (False, each.name),
    "state": lambda each: (False, each.state.value),
    "strategy": lambda each: (each.strategy is None, each.strategy or ""),
    "return": lambda each: _last(each.return_fraction, -1),
    "drawdown": lambda each: _last(each.max_drawdown, -1),
    "trades": lambda each: _last(each.closed_trades, -1),
}
"""What the sessions can be sorted by: texts from A to Z, times from the newest, figures from the highest."""


def sessions_table(folder: Path, listed: Sequence[Listed], out: TextIO) -> None:
    if not listed:
        out.write(f"No sessions in {folder}\n")
        return
    header = (
        "session", "state", "mode", "strategy", "started (UTC)", "ended (UTC)", "return", "max drawdown", "fills",
        "trades", "problem",
    )  # fmt: skip
    table([header, *map(_session_row, listed)], out)


def sessions_json(listed: Sequence[Listed], out: TextIO) -> None:
    _json(listed, out)


def strategies_table(out: TextIO) -> Mapping[str, str]:
    """Returns why registered strategies cannot be used, by name."""
    for name, cls in registry.available().items():
        out.write(f"{name}: {cls.summary}\n")
        rows = [("  parameter", "type", *cls.presets, "description")]
        for row in registry.describe(cls):
            presets = (str(row.values[preset]) for preset in cls.presets)
            rows.append((f"  {row.name}", f"{row.type} {row.bounds}".strip(), *presets, row.description))
        table(rows, out)
        out.write("\n")
    return registry.failures()


def strategies_json(out: TextIO) -> Mapping[str, str]:
    """Returns why registered strategies cannot be used, by name."""
    rows = [
        {"name": name, "summary": cls.summary, "parameters": registry.describe(cls)}
        for name, cls in registry.available().items()
    ]
    _json(rows, out)
    return registry.failures()


def configuration(loaded: Loaded, out: TextIO) -> Sequence[str]:
    """Every value with where it came from, and every action with its keys. Returns what is wrong with `[keys]`."""
    from sentio_tui.ui.actions import ACTIONS, resolve_keys

    out.write(f"# Profile: {loaded.profile or 'none'}\n")
    for file in loaded.files:
        out.write(f"# Read: {file}\n")
    rows = [
        (key, f"= {msgspec.json.encode(value).decode()}", f"# {loaded.provenance[key]}")
        for key, value in values(loaded.settings).items()
    ]
    table(rows, out)
    keys = resolve_keys(loaded.settings.keys)
    out.write("\n# The keys in force, by action. [keys] changes them.\n")
    table([(f"keys.{act.id}", f'= "{",".join(keys.keys[act.id])}"', f"# {act.help}") for act in ACTIONS], out)
    return keys.problems


def sessions_of(loaded: Loaded) -> tuple[Path, Sequence[Listed]]:
    """The folder, and what is in it. No folder is no sessions, unless somebody named it (T-39).

    Raises UnreadableFolder.
    """
    folder = paths.sessions_dir(loaded.settings)
    where = loaded.provenance["sessions_dir"]
    if where != "default" and not folder.is_dir():
        raise UnreadableFolder(f"{folder}: no such folder (from {where})")
    try:
        return folder, listing(folder)
    except OSError as error:
        raise UnreadableFolder(f"{folder}: cannot be read: {error.strerror or error}") from error


def _session_row(listed: Listed) -> tuple[str, ...]:
    return (
        listed.name,
        listed.state,
        _or_unknown(listed.mode.upper() if listed.mode == Mode.LIVE else listed.mode),
        _or_unknown(listed.strategy),
        _moment(listed.started),
        _moment(listed.ended),
        "n/a" if listed.return_fraction is None else f"{listed.return_fraction:+.2%}",
        "n/a" if listed.max_drawdown is None else f"{listed.max_drawdown:.2%}",
        _or_unknown(listed.fills),
        _or_unknown(listed.closed_trades),
        listed.problem,
    )


def _last(value: float | None, sign: int) -> tuple[bool, float]:
    """Sorts what is not known behind everything else."""
    return value is None, sign * (value or 0.0)


def _moment(at: int | None) -> str:
    return "n/a" if at is None else f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}"


def _or_unknown(value: object) -> str:
    return "n/a" if value is None else str(value)


def _json(value: object, out: TextIO) -> None:
    out.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def table(rows: Sequence[Sequence[str]], out: TextIO) -> None:
    """Columns of one width; the last one is free. Text from files goes out without control characters."""
    clean = [
        ["".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cell) for cell in row] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    for row in clean:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.write("  ".join(cells).rstrip() + "\n")
