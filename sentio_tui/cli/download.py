"""`download`: minute bars of Alpaca as files of the recorded feed."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    INTERRUPTED,
    SYMBOLS,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)
from sentio_tui.cli.progress import Progress, progress

if TYPE_CHECKING:
    from sentio_tui.alpaca.keys import Keys
    from sentio_tui.alpaca.lanes import Place
    from sentio_tui.sessions.download import Download, SymbolReport, Wanted
    from sentio_tui.settings import Settings

_EPILOG: Final = """\
Asks Alpaca for minute bars, an exchange day at a time (a UTC day for crypto), and writes a file for each symbol and
month. Only what is missing is asked for: after ctrl+c, or with a later --end, give the same command again. A day that
is not over is left out. Prices are as they were traded, not adjusted for splits. Keys: see `sentio-tui keys --help`.

The standard output has what is there, and what is wrong with it; the rest is told on the standard error. Exit code 0:
done; 1: no keys, or Alpaca did not give it (what came is kept); 2: it cannot be asked for like this; 130: interrupted.

examples:
  sentio-tui download --symbols SPY,QQQ --start 2025-01-02 --end 2025-01-31 --out bars
  sentio-tui download --profile spy --start 2025-01-02 --format parquet --out bars
  sentio-tui download --symbols BTC-USD --feed crypto --start 2025-01-01 --end 2025-01-07 --out coins --json
  sentio-tui run --feed recorded --data bars --symbols SPY --date 2025-01-31 --set feed.warm_up_days=5 --speed 0
"""
_SYMBOLS: Final = SYMBOLS._replace(help="the symbols, with commas; default: those that a session would trade")
_SPARSE: Final = {
    "iex": "iex has the trades of one exchange, a few percent of all: a minute without one there has no bar.",
    "sip": "A minute without a trade has no bar.",
    "crypto": "crypto has the trades of Alpaca's own exchange: a minute without one there may have no bar.",
}
_SHARES_FROM: Final = {"iex": "iex", "sip": "sip", "delayed_sip": "sip"}
"""Which history belongs to a feed of `feed.alpaca.feed`; the others have none of shares."""
_LONG_PAUSE: Final = 2.5
"""Seconds: what is longer is a wait for the limit of requests, not one before another attempt."""
_EMPTY_SHOWN: Final = 5


def _parser() -> Parser:
    parser = Parser("download", "Write minute bars of Alpaca as files of the recorded feed.", _EPILOG)
    add_setting(parser, _SYMBOLS)
    parser.add_argument("--start", metavar="YYYY-MM-DD", type=_day, required=True, help="the first exchange day")
    parser.add_argument("--end", metavar="YYYY-MM-DD", type=_day, help="the last one; default: the last that is over")
    parser.add_argument(
        "--feed",
        choices=("iex", "sip", "crypto"),
        help="where shares come from; default feed.alpaca.feed. Symbols with a dash always come from crypto",
    )
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv", help="csv or parquet; default csv")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder of the files")
    parser.add_argument("--json", action="store_true", help="print the result for other programs")
    add_config_options(parser)
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it as YYYY-MM-DD") from None


def _download(arguments: argparse.Namespace) -> int:
    from sentio_tui.alpaca.keys import KeysError, find_keys
    from sentio_tui.config import ConfigError
    from sentio_tui.journal.atomic import JournalError
    from sentio_tui.sessions.books import family_of
    from sentio_tui.sessions.download import Download, DownloadRefused
    from sentio_tui.sessions.markets import alpaca_plan

    now = time.time_ns() // 1_000_000
    try:
        settings = load(arguments).settings
        plan = alpaca_plan(settings, family_of(settings))
        given = vars(arguments)[_SYMBOLS.key]
        wanted = _wanted(arguments, settings, settings.feed.symbols if given else plan.symbols, now)
        keys = find_keys(plan.place.mode)
        with Download(wanted, now, _tell) as download:
            if arguments.end is not None:
                _tell_unfinished(download)
            code = _complete(download, keys, plan.place)
            if code != DONE:
                _tell(f"{download.days_done} of {download.days} days came and are kept; the same command goes on")
                return code
            reports = download.report()
    except (ConfigError, DownloadRefused) as error:
        return complain(error)
    except (KeysError, JournalError) as error:
        complain(error)
        return FAILED
    if arguments.json:
        _write_json(wanted, reports)
    else:
        _write_table(reports)
    return _judged(reports)


def _wanted(arguments: argparse.Namespace, settings: "Settings", symbols: Sequence[str], now: int) -> "Wanted":
    """Raises DownloadRefused, and ConfigError for an unknown exchange."""
    from sentio_tui.sessions.assemble import instrument
    from sentio_tui.sessions.download import DownloadRefused, Wanted
    from sentio_tui.sessions.markets import hours_of

    today = datetime.fromtimestamp(now / 1000, UTC).date()
    last: date = arguments.end or today
    if arguments.start > last:
        raise DownloadRefused(f"--start {arguments.start} is after {f'--end {last}' if arguments.end else 'today'}")
    shares_from = arguments.feed or _SHARES_FROM.get(settings.feed.alpaca.feed, "")
    shares = [symbol for symbol in symbols if "-" not in symbol]
    if shares and shares_from not in ("iex", "sip"):
        named = shares_from or settings.feed.alpaca.feed
        raise DownloadRefused(f"{named} has no history of {', '.join(shares)}: choose --feed iex or sip")
    if arguments.out.exists() and not arguments.out.is_dir():
        raise DownloadRefused(f"--out {arguments.out} is a file: name a folder")
    hours = hours_of(settings, {symbol: instrument(settings, symbol) for symbol in symbols})
    return Wanted(hours, arguments.start, last, shares_from, arguments.format, arguments.out)


def _tell(text: str) -> None:
    print(f"sentio-tui: {text}", file=sys.stderr, flush=True)


def _tell_unfinished(download: "Download") -> None:
    by_day: dict[date, list[str]] = {}
    for symbol, day in download.unfinished.items():
        by_day.setdefault(day, []).append(symbol)
    for day, symbols in sorted(by_day.items()):
        _tell(f"{day} is not over yet for {', '.join(symbols)}: left out")


def _complete(download: "Download", keys: "Keys", place: "Place") -> int:
    """Ask for all that is missing; the exit code."""
    from sentio_tui.alpaca.http import AlpacaError
    from sentio_tui.journal.atomic import JournalError

    try:
        with progress(download.days, "download", "days") as tell:
            asyncio.run(_fetch(download, keys, place, tell))
    except (AlpacaError, JournalError) as error:
        complain(error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE


async def _fetch(download: "Download", keys: "Keys", place: "Place", tell: Progress) -> None:
    from sentio_tui.alpaca.rest import Rest

    async def pause(seconds: float) -> None:
        if seconds > _LONG_PAUSE:
            _tell(f"the limit of requests a minute is used up: going on in {seconds:.0f} s")
        await asyncio.sleep(seconds)

    rest = Rest(keys, place, sleep=pause)
    try:
        await download.run(rest, tell)
    finally:
        rest.close()


def _judged(reports: "Sequence[SymbolReport]") -> int:
    """What is not as it was asked for, told; the exit code."""
    without = [report for report in reports if report.coverage.empty_days]
    for report in reports:
        if report.left_out:
            _tell(
                f"{report.symbol}: {report.left_out} bars are not to be believed and left out; the first: {report.why}"
            )
        if report.coverage.days and not report.coverage.bars:
            _tell(f"{report.symbol}: {report.source} has no bar of it on any of these days; check its spelling")
    if without:
        _tell("days without bars are asked for again by the next command")
    return DONE if any(report.coverage.bars for report in reports) else FAILED


def _write_table(reports: "Sequence[SymbolReport]") -> None:
    head = ("symbol", "feed", "days", "without bars", "bars", "missing minutes", "out of hours", "duplicates")
    rows = [head, *map(_row, reports)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    for report in reports:
        if days := report.coverage.empty_days:
            more = f" and {len(days) - _EMPTY_SHOWN} more" if len(days) > _EMPTY_SHOWN else ""
            print(f"{report.symbol} without bars: {', '.join(map(str, days[:_EMPTY_SHOWN]))}{more}")
    for source in dict.fromkeys(report.source for report in reports):
        print(_SPARSE[source])


def _row(report: "SymbolReport") -> tuple[str, ...]:
    cover = report.coverage
    missing = "n/a (no bars)"
    if cover.minutes:
        missing = f"{cover.missing_minutes:,} of {cover.minutes:,} ({cover.missing_minutes / cover.minutes:.1%})"
    counts = (cover.days, len(cover.empty_days), cover.bars)
    return (
        report.symbol,
        report.source,
        *(f"{count:,}" for count in counts),
        missing,
        f"{cover.out_of_hours:,}",
        f"{report.duplicates:,}",
    )


def _write_json(wanted: "Wanted", reports: "Sequence[SymbolReport]") -> None:
    import msgspec

    document = {"folder": str(wanted.folder), "format": wanted.format, "symbols": reports}
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


DOWNLOAD: Final = Entry(_parser, _download)
