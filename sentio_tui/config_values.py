"""Values of the configuration against the types of `Settings`: every misfit found, each with its place.

msgspec judges each single value; it stops at the first misfit, so the walk over tables and lists is done here.
"""

import difflib
import functools
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from types import UnionType
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec
import tomli
from msgspec import Meta, Struct

from sentio_tui.toml_lines import KeyPath, join_key


class Problem(Struct, frozen=True):
    """One thing that is wrong. `where` is a file with its line, a variable or an option; empty where the finder does
    not know it. `key` is the dotted key; empty for a file as a whole."""

    where: str
    key: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.text) if part)


class Text(str):
    """A value that came as text, from the environment or an option: read as TOML where the setting is no text."""

    __slots__ = ()


class Leaf(NamedTuple):
    """A value and where it came from."""

    value: object
    where: str


Node: TypeAlias = Leaf | dict[str, "Node"] | list["Node"]
"""A part of a layer: a value, a table, or a list of tables."""

Hint = object
"""A type as annotated, with its bounds."""


class Reader:
    """Turns one layer's plain values into nodes. What does not fit is appended to `problems`.

    `where` names the place of a key. Relative paths are joined to `base`; without one they stay as they are.
    """

    def __init__(self, problems: list[Problem], where: Callable[[KeyPath], str], base: Path | None) -> None:
        self._problems = problems
        self._where = where
        self._base = base

    def read(self, value: object, hint: Hint, path: KeyPath) -> Node:
        """A misfit is reported and kept, so that it does not count as missing; an unknown key is dropped."""
        if isinstance(value, Text):
            value = _from_text(value, hint)
        if isinstance(hint, type) and issubclass(hint, Struct):
            return self._table(value, hint, path)
        if get_origin(hint) is dict:
            return self._free_table(value, hint, path)
        item = _item_hint(hint)
        if item is None:
            return Leaf(self._single(value, hint, path), self._where(path))
        if not isinstance(value, list | tuple):
            return self._misfit(value, hint, path)
        if isinstance(item, type) and issubclass(item, Struct):
            return [self.read(entry, item, (*path, index)) for index, entry in enumerate(value)]
        items = tuple(self._single(entry, item, (*path, index)) for index, entry in enumerate(value))
        return Leaf(items, self._where(path))

    def _table(self, value: object, hint: type[Struct], path: KeyPath) -> Node:
        if not isinstance(value, Mapping):
            return self._misfit(value, hint, path)
        hints = _hints(hint)
        table: dict[str, Node] = {}
        for name, item in value.items():
            if name in hints:
                table[name] = self.read(item, hints[name], (*path, name))
            else:
                self._report((*path, name), f"unknown key{_suggestion(name, hint, path)}")
        return table

    def _free_table(self, value: object, hint: Hint, path: KeyPath) -> Node:
        if not isinstance(value, Mapping):
            return self._misfit(value, hint, path)
        return {name: self.read(item, get_args(hint)[1], (*path, name)) for name, item in value.items()}

    def _single(self, value: object, hint: Hint, path: KeyPath) -> object:
        fitting = _fit(value, hint)
        if fitting is _MISFIT:
            return self._misfit(value, hint, path).value
        if isinstance(fitting, str) and not _is_unicode(fitting):
            return self._misfit(value, hint, path, "; it holds bytes that are no UTF-8").value
        plain = _setting(path)
        if (check := _CHECKS.get(plain)) and (wrong := check(str(fitting))):
            self._report(path, wrong)
        if plain in _PATHS and fitting:
            expanded = os.path.expanduser(str(fitting))
            return str(self._base / expanded) if self._base else expanded
        return fitting

    def _misfit(self, value: object, hint: Hint, path: KeyPath, advice: str = "") -> Leaf:
        if isinstance(value, str) and not advice:
            advice = near(value, _choices(hint))
        elif isinstance(value, date | time):
            advice = " (write dates and times in quotes)"
        self._report(path, f"{_shown(value)} is not allowed; it must be {describe(hint)}{advice}")
        return Leaf(value, self._where(path))

    def _report(self, path: KeyPath, text: str) -> None:
        self._problems.append(Problem(self._where(path), join_key(path), text))


def missing(node: Node, hint: Hint, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """The keys that have no default and are not there, with what they must be."""
    if isinstance(hint, type) and issubclass(hint, Struct) and isinstance(node, dict):
        hints = _hints(hint)
        for field in msgspec.structs.fields(hint):
            if field.name in node:
                yield from missing(node[field.name], hints[field.name], (*path, field.name))
            elif field.required:
                yield (*path, field.name), describe(hints[field.name])
    elif get_origin(hint) is dict and isinstance(node, dict):
        for name, entry in node.items():
            yield from missing(entry, get_args(hint)[1], (*path, name))
    elif isinstance(node, list):
        for index, entry in enumerate(node):
            yield from missing(entry, _item_hint(hint), (*path, index))


def plain(node: Node) -> object:
    """The values alone."""
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, list):
        return [plain(item) for item in node]
    return {key: plain(item) for key, item in node.items()}


def flatten(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Every single value of a struct, in the order of its fields; an empty table or list counts as a value."""
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from flatten(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from flatten(item, (*path, name))
    elif isinstance(value, tuple) and value and isinstance(value[0], Struct):
        for index, item in enumerate(value):
            yield from flatten(item, (*path, index))
    else:
        yield path, value


def sources(node: Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every key that has a value, with where it came from."""
    if isinstance(node, Leaf):
        yield path, node.where
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from sources(item, (*path, index))
    else:
        for name, item in node.items():
            yield from sources(item, (*path, name))


@functools.cache
def known_keys(hint: type[Struct]) -> tuple[str, ...]:
    """All dotted keys of a struct; tables of free names and lists of tables count as one key."""
    keys: list[str] = []
    for name, field in _hints(hint).items():
        if isinstance(field, type) and issubclass(field, Struct):
            keys.extend(f"{name}.{key}" for key in known_keys(field))
        else:
            keys.append(name)
    return tuple(keys)


def near(name: str, candidates: Iterable[str]) -> str:
    """`; did you mean "x"?`, or nothing where no candidate is near."""
    found = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    return f'; did you mean "{found[0]}"?' if found else ""


def describe(hint: Hint) -> str:
    """What a setting must be, in words."""
    base, metas = _unwrap(hint)
    if get_origin(base) is Literal:
        return "one of " + ", ".join(map(str, get_args(base)))
    if isinstance(base, type) and issubclass(base, Struct):
        return "a table"
    if get_origin(base) is dict:
        return "a table"
    if (item := _item_hint(base)) is not None:
        return "a list of tables" if isinstance(item, type) and issubclass(item, Struct) else "a list of texts"
    if get_origin(base) in (Union, UnionType):
        return "a finite number, text, true or false"
    words = {int: "a whole number", float: "a finite number", bool: "true or false", str: "text"}
    text = words.get(base, str(base)) if isinstance(base, type) else str(base)
    bounds = [bound for meta in metas for bound in _bounds(meta)]
    return text + (" " + " and ".join(bounds) if bounds else "")


def _bounds(meta: Meta) -> Iterator[str]:
    if meta.gt is not None:
        yield f"above {meta.gt:,}"
    if meta.ge is not None:
        yield f"of at least {meta.ge:,}"
    if meta.lt is not None:
        yield f"below {meta.lt:,}"
    if meta.le is not None:
        yield f"of at most {meta.le:,}"
    if meta.min_length is not None:
        yield f"of at least {meta.min_length} character{'s' if meta.min_length > 1 else ''}"
    if meta.max_length is not None:
        yield f"of at most {meta.max_length} characters"
    if meta.pattern is not None:
        yield f"that matches {meta.pattern}"


_MISFIT: Final = object()


def _fit(value: object, hint: Hint) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return _MISFIT
    try:
        return msgspec.convert(value, hint)
    except (msgspec.ValidationError, OverflowError):
        return _MISFIT


def _from_text(text: Text, hint: Hint) -> object:
    """The first reading of a text that fits: TOML, the bare text, a list with commas."""
    try:
        read = tomli.loads(f"value = {text}")
        parsed = read["value"] if len(read) == 1 else str(text)
    except tomli.TOMLDecodeError:
        parsed = str(text)
    if _item_hint(hint) is not None:
        if isinstance(parsed, list):
            return parsed
        return [part.strip() for part in text.split(",")] if text.strip() else []
    if isinstance(parsed, dict) or _fit(parsed, hint) is not _MISFIT or _fit(str(text), hint) is _MISFIT:
        return parsed
    return str(text)


def _item_hint(hint: Hint) -> Hint | None:
    return get_args(hint)[0] if get_origin(hint) is tuple else None


def _unwrap(hint: Hint) -> tuple[Hint, list[Meta]]:
    if get_origin(hint) is Annotated:
        base, *notes = get_args(hint)
        return base, [note for note in notes if isinstance(note, Meta)]
    return hint, []


def _choices(hint: Hint) -> Sequence[str]:
    base, _ = _unwrap(hint)
    return [str(choice) for choice in get_args(base)] if get_origin(base) is Literal else []


@functools.cache
def _hints(hint: type[Struct]) -> dict[str, Hint]:
    hints = get_type_hints(hint, include_extras=True)
    return {name: hints[name] for name in hint.__struct_fields__}


def _suggestion(name: str, hint: type[Struct], path: KeyPath) -> str:
    elsewhere = [key for key in known_keys(hint) if key.endswith(f".{name}")]
    if elsewhere:
        return f'; did you mean "{join_key((*path, *elsewhere[0].split(".")))}"?'
    names = hint.__struct_fields__
    if found := near(name, names):
        return found
    return f"; known here: {', '.join(names)}"


def _is_unicode(text: str) -> bool:
    """False for what the system gave us as text although its bytes are none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = msgspec.json.encode(value.encode(errors="backslashreplace").decode()).decode()
    elif isinstance(value, Mapping):
        text = "a table"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(_shown(item) for item in value) + "]"
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _setting(path: KeyPath) -> str:
    """The dotted key without indices, without the profile it stands in, and without the fund's symbol."""
    names = [part for part in path if isinstance(part, str)]
    if names[0] == "profiles":
        del names[:2]
    if len(names) > 1 and names[0] == "funds":
        del names[1]
    return ".".join(names)


def _check_day(text: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            date.fromisoformat(text)
        except ValueError:
            return f'"{text}" is no day of the calendar'
        return ""
    return f'"{text}" is not a day, YYYY-MM-DD'


def _check_optional_day(text: str) -> str:
    return _check_day(text) if text else ""


def _check_moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return f'"{text}" is not a time in ISO 8601, such as 2025-01-06T00:00:00Z'
    return "" if moment.tzinfo else f'"{text}" has no offset; write 2025-01-06T00:00:00Z or +00:00 at its end'


_CHECKS: Final[Mapping[str, Callable[[str], str]]] = {
    "feed.date": _check_optional_day,
    "feed.start": _check_moment,
    "costs.since": _check_day,
    "funds.rates.since": _check_day,
}
_PATHS: Final = frozenset({"feed.data", "ui.themes_dir", "sessions_dir"})
