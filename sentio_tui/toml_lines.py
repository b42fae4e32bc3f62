"""Where each key of a TOML text stands. tomli keeps no positions, and a problem should name its line."""

import re

import tomli

KeyPath = tuple[str | int, ...]
"""Table and key names from the root; a number is an index into an array of tables."""

_PART = r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_BLANK = re.compile(r"(?:\s|\#[^\n]*)*")
_HEADER = re.compile(rf"\[(\[?)[ \t]*({_KEY})[ \t]*\]+")
_ASSIGNMENT = re.compile(rf"({_KEY})[ \t]*=")
_VALUE_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|\#[^\n]*|[\[{]|[\]}]|\n|[^\[\]{}\n\"'#]+",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Line numbers, from 1, of every table header and key. `text` must be valid TOML.

    Keys inside inline tables and arrays are not listed: the key that holds them is.
    """
    lines: dict[KeyPath, int] = {}
    entries: dict[KeyPath, int] = {}
    table: KeyPath = ()
    line, position = 1, 0

    def note(path: KeyPath) -> None:
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], line)

    while True:
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        line = text.count("\n", 0, position) + 1
        if header := _HEADER.match(text, position):
            parts = _parts(header[2])
            if header[1]:
                array = (*_resolve(parts[:-1], entries), parts[-1])
                entries[array] = entries.get(array, -1) + 1
                table = (*array, entries[array])
            else:
                table = _resolve(parts, entries)
            note(table)
            position = header.end()
        elif assignment := _ASSIGNMENT.match(text, position):
            note((*table, *_parts(assignment[1])))
            position = _after_value(text, assignment.end())
        else:
            return lines


def line_of(path: KeyPath, lines: dict[KeyPath, int]) -> int | None:
    """The line of a key, or of the nearest key that holds it."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)


def split_key(dotted: str) -> tuple[str, ...]:
    """The parts of a dotted key as TOML reads it (`a."b.c"`). Raises ValueError where it is none."""
    if not re.fullmatch(_KEY, dotted):
        raise ValueError(f"{dotted!r} is not a dotted key")
    return _parts(dotted)


def join_key(path: KeyPath) -> str:
    """`("costs", 0, "since")` as `costs[0].since`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        name = (
            part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else '"' + part.replace("\\", r"\\").replace('"', r"\"") + '"'
        )
        text += f".{name}" if text else name
    return text


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(
        str(tomli.loads(f"part = {part}")["part"]) if part[0] in "\"'" else part for part in re.findall(_PART, dotted)
    )


def _resolve(parts: tuple[str, ...], entries: dict[KeyPath, int]) -> KeyPath:
    """A header's path, with the current entry of each array of tables on the way."""
    path: KeyPath = ()
    for part in parts:
        path = (*path, part)
        if path in entries:
            path = (*path, entries[path])
    return path


def _after_value(text: str, position: int) -> int:
    depth = 0
    while token := _VALUE_TOKEN.match(text, position):
        position = token.end()
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and depth == 0:
            break
    return position
