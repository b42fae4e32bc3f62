"""What a session's numbers depend on, besides its inputs: versions of programs, and fingerprints of the code itself."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import file_digest, sha256
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import sentio_tui
from sentio_tui.strategies import registry

SCHEMA: Final = "1"
"""Version of the journal's events. A new field with a default, or a new event, does not change it."""

_ROOMS: Final = ("model", "market", "machines", "brokers", "engine")
"""The rooms whose code decides what follows from an input; strategies have fingerprints of their own."""

_PRINT: Final = 16
"""Characters of a fingerprint."""

_LIBRARIES: Final = ("msgspec", "numpy", "numba", "exchange_calendars")


def versions_of(strategies: Iterable[str]) -> dict[str, str]:
    """The versions in force, for a session with these strategies. A fingerprint is the start of a SHA-256 over the
    source files. Raises StrategyError for an unknown strategy."""
    root = Path(sentio_tui.__file__).parent
    rooms = [path for room in _ROOMS for path in (root / room).rglob("*.py")]
    return {
        "sentio-tui": sentio_tui.__version__,
        "schema": SCHEMA,
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{name: _version(name) for name in _LIBRARIES},
        "engine": _fingerprint(tuple(sorted(rooms))),
        **{f"strategy {name}": _strategy(name) for name in dict.fromkeys(strategies)},
    }


def data_of(files: Iterable[str]) -> dict[str, str]:
    """Fingerprints of data files, by their paths. Raises OSError."""
    prints = {}
    for name in files:
        with Path(name).expanduser().open("rb") as file:
            prints[name] = file_digest(file, "sha256").hexdigest()[:_PRINT]
    return prints


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """What differs between two sets of versions, one in words each."""
    names = [*then, *(name for name in now if name not in then)]
    return [
        f"{name} was {then.get(name, 'unknown')}, is {now.get(name, 'unknown')}"
        for name in names
        if then.get(name) != now.get(name)
    ]


def _strategy(name: str) -> str:
    """All files of the package a strategy lives in; the file alone for one that shares its folder with others."""
    module = import_module(registry.find(name).__module__)
    file = Path(module.__file__ or "")
    is_alone = module.__package__ not in {"", None, "sentio_tui.strategies"}
    files = file.parent.rglob("*.py") if is_alone else [file]
    return _fingerprint(tuple(sorted(path for path in files if path.is_file())))


@lru_cache(maxsize=16)
def _fingerprint(files: tuple[Path, ...]) -> str:
    digest = sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:_PRINT]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
