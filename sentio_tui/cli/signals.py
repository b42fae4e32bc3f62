"""`signals`: what a strategy says of every bar of a data set, without trading."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSION_SETTINGS,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)

if TYPE_CHECKING:
    from sentio_tui.sessions.signals import DataSet

TELL_EVERY: Final = 5.0
"""Seconds between two lines on the progress where there is no terminal."""

CHUNK: Final = 256
"""Signals written at once, and between two looks at the clock."""

_EPILOG: Final = """\
Writes one JSON line for each bar of the driving symbol, with the fields of the signals_ log of `sentio-tui export`.
The strategy sees every bar of the files, once and in order; what it needs to warm up is the first of them.

examples:
  sentio-tui signals --data spy.csv --strategy online_ensemble --out spy_signals.jsonl
  sentio-tui signals --data bars.csv --symbol BTC-USD --strategy momentum --preset balanced \\
      --set strategy.params.window_minutes=5 --out - | grep LONG
"""

_FLAGS: Final = ("--data", "--data-symbol", "--strategy", "--preset")

Progress = Callable[[int], None]
"""Told how many bars are done."""


def _parser() -> Parser:
    parser = Parser("signals", "Write what a strategy says of every bar of a data set, without trading.", _EPILOG)
    parser.set_defaults(**{"feed.kind": "recorded"})
    for setting in SESSION_SETTINGS:
        if setting.flag in _FLAGS:
            add_setting(parser, setting)
    parser.add_argument(
        "--symbol",
        metavar="SYMBOL",
        help="the driving symbol; without it the base of the profile's family, or the only one of the data",
    )
    parser.add_argument("--out", metavar="FILE", required=True, help="the file to write; - is the standard output")
    add_config_options(parser)
    return parser


def _signals(arguments: argparse.Namespace) -> int:
    from sentio_tui.config import ConfigError
    from sentio_tui.feeds.base import FeedError
    from sentio_tui.journal.atomic import JournalError, replace_file
    from sentio_tui.sessions.preparing import prepare
    from sentio_tui.sessions.signals import SignalsFailed, data_set

    out = Path(arguments.out)
    try:
        loaded = load(arguments)
    except ConfigError as error:
        return complain(error)
    if arguments.out != "-" and (out.is_dir() or not out.parent.is_dir()):
        return complain(f"--out {out}: {'is a folder; name a file in it' if out.is_dir() else 'no such folder'}")
    try:
        print("sentio-tui: reading the bars and preparing the strategy", file=sys.stderr)
        prepare(loaded.settings, lambda step: print(f"sentio-tui: {step}", file=sys.stderr, flush=True))
        data = data_set(loaded.settings, arguments.symbol)
        with _progress(len(data.bars), data.symbol) as progress:
            if arguments.out == "-":
                for chunk in _chunks(data, progress):
                    sys.stdout.buffer.write(chunk)
                sys.stdout.flush()
            else:
                replace_file(out, _chunks(data, progress))
    except ConfigError as error:
        return complain(error.located(loaded.provenance))
    except FeedError as error:
        return complain(error)
    except (SignalsFailed, JournalError) as error:
        complain(error)
        return FAILED
    if data.dropped:
        count = "1 bar" if data.dropped == 1 else f"{data.dropped} bars"
        verb = "is" if data.dropped == 1 else "are"
        print(f"sentio-tui: {count} of {data.symbol} {verb} not to be believed and left out", file=sys.stderr)
    place = "" if arguments.out == "-" else f" in {out}"
    print(f"sentio-tui: {len(data.bars)} signals of {data.strategy.name} on {data.symbol}{place}", file=sys.stderr)
    return DONE


def _chunks(data: "DataSet", progress: Progress) -> Iterator[bytes]:
    import msgspec

    encoder = msgspec.json.Encoder()
    rows = data.rows()
    done = 0
    while part := list(islice(rows, CHUNK)):
        yield encoder.encode_lines(part)
        done += len(part)
        progress(done)


@contextmanager
def _progress(total: int, what: str) -> Iterator[Progress]:
    """On the standard error: a bar where that is a terminal, else a line every few seconds."""
    if not sys.stderr.isatty():
        yield _Lines(total, what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Lines:
    def __init__(self, total: int, what: str) -> None:
        self._total = total
        self._what = what
        self._told = time.monotonic()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_EVERY:
            self._told = now
            print(f"sentio-tui: {self._what}: {done} of {self._total} bars", file=sys.stderr, flush=True)


SIGNALS: Final = Entry(_parser, _signals)
