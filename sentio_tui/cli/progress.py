"""How far a command has come, on the standard error: a bar where that is a terminal, else a line every few seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

TELL_EVERY: Final = 5.0
"""Seconds between two lines on the progress where there is no terminal."""

Progress = Callable[[int], None]
"""Told how many are done."""


@contextmanager
def progress(total: int, what: str, unit: str) -> Iterator[Progress]:
    """`unit` is the word for what is counted, in the plural."""
    if not sys.stderr.isatty():
        yield _Lines(total, what, unit)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Lines:
    def __init__(self, total: int, what: str, unit: str) -> None:
        self._total = total
        self._what = what
        self._unit = unit
        self._told = time.monotonic()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_EVERY:
            self._told = now
            print(f"sentio-tui: {self._what}: {done} of {self._total} {self._unit}", file=sys.stderr, flush=True)
