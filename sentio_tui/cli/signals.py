"""`signals`: what a strategy says of every bar of a data set, without trading."""

import argparse
import sys
from collections.abc import Iterator
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
from sentio_tui.cli.progress import Progress, progress

if TYPE_CHECKING:
    from sentio_tui.sessions.signals import DataSet

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
        with progress(len(data.bars), data.symbol, "bars") as tell:
            if arguments.out == "-":
                for chunk in _chunks(data, tell):
                    sys.stdout.buffer.write(chunk)
                sys.stdout.flush()
            else:
                replace_file(out, _chunks(data, tell))
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


def _chunks(data: "DataSet", tell: Progress) -> Iterator[bytes]:
    import msgspec

    encoder = msgspec.json.Encoder()
    rows = data.rows()
    done = 0
    while part := list(islice(rows, CHUNK)):
        yield encoder.encode_lines(part)
        done += len(part)
        tell(done)


SIGNALS: Final = Entry(_parser, _signals)
