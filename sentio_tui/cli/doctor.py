"""`doctor`: whether this machine and the account are fit to trade, and what to do where they are not."""

import argparse
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TextIO

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSIONS_DIR,
    SYMBOLS,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)

if TYPE_CHECKING:
    from sentio_tui.alpaca.preflight import Check, Plan

_EPILOG: Final = """\
Looks at Python and the packages, the terminal, the folders, the disk, locks and sockets. With keys (see
`sentio-tui keys --help`) also at Alpaca: the account, clocks, symbols, the data feed, the history for a warm-up, and
whether another process uses the keys. Nothing is changed. --smoke tries a paper account: the test feed, and an order at
half the price, which is cancelled.

Exit code 0: all is well, or there are warnings alone; 1: something failed.

examples:
  sentio-tui doctor
  sentio-tui doctor --profile spy --set broker.alpaca.mode=live
  sentio-tui doctor --smoke --json
"""
_NAME: Final = 16
"""Columns of a check's name."""
_SIGNS: Final = {"ok": "✓", "warning": "!", "failed": "✗"}


def _parser() -> Parser:
    parser = Parser("doctor", "Check this machine, and the account at Alpaca.", _EPILOG)
    parser.add_argument("--json", action="store_true", help="print a list for other programs")
    parser.add_argument("--smoke", action="store_true", help="also try a paper account, with an order")
    add_config_options(parser)
    for setting in (SYMBOLS, SESSIONS_DIR):
        add_setting(parser, setting)
    return parser


def _doctor(arguments: argparse.Namespace) -> int:
    from sentio_tui import paths
    from sentio_tui.alpaca.preflight import has_failed
    from sentio_tui.cli import checkup
    from sentio_tui.config import ConfigError
    from sentio_tui.sessions.books import family_of
    from sentio_tui.sessions.markets import alpaca_plan

    try:
        settings = load(arguments).settings
        plan = alpaca_plan(settings, family_of(settings))
    except ConfigError as error:
        return complain(error)
    show = _Lines(sys.stdout)
    checks: list[Check] = []

    def tell(found: "Sequence[Check]") -> None:
        checks.extend(found)
        if not arguments.json:
            show.checks(found)

    for check in checkup.machine(paths.sessions_dir(settings), os.environ):
        tell([check])
    tell(_at_alpaca(plan, smoke=arguments.smoke))
    if arguments.json:
        _write_json(checks, sys.stdout)
    else:
        show.summary(checks)
    return FAILED if has_failed(checks) else DONE


def _at_alpaca(plan: "Plan", *, smoke: bool) -> "Sequence[Check]":
    """Without keys there is nothing to ask; that is a warning, unless a smoke test was asked for."""
    import asyncio

    from sentio_tui.alpaca import preflight
    from sentio_tui.alpaca.keys import KeysError, find_keys

    try:
        keys = find_keys(plan.place.mode)
    except KeysError as error:
        say = preflight.failed if smoke else preflight.warning
        return [say("keys", str(error), "Without keys only the simulated and recorded feeds trade.")]
    checks = asyncio.run(preflight.preflight(plan, keys=keys))
    if not smoke or preflight.has_failed(checks):
        return checks
    from sentio_tui.alpaca.smoke import smoke as tried

    return [*checks, *asyncio.run(tried(plan, keys=keys))]


class _Lines:
    """A paragraph a check, and what to do below it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._width = max(shutil.get_terminal_size().columns, _NAME + 22) if out.isatty() else 10_000

    def checks(self, checks: "Sequence[Check]") -> None:
        for check in checks:
            self._write(f"{_SIGNS[check.outcome.value]} {check.name:<{_NAME}} ", check.found)
            if check.advice:
                self._write(" " * (_NAME + 3), f"→ {check.advice}")
        self._out.flush()

    def _write(self, head: str, text: str) -> None:
        indent = " " * (_NAME + 3)
        lines = textwrap.wrap(text, self._width - 1, initial_indent=head, subsequent_indent=indent) or [head.rstrip()]
        self._out.write("\n".join(lines) + "\n")

    def summary(self, checks: "Sequence[Check]") -> None:
        counts = {kind: sum(check.outcome.value == kind for check in checks) for kind in _SIGNS}
        self._out.write(", ".join(f"{number} {kind}" for kind, number in counts.items()) + "\n")


def _write_json(checks: "Sequence[Check]", out: TextIO) -> None:
    import msgspec

    out.write(msgspec.json.format(msgspec.json.encode(checks), indent=2).decode() + "\n")


DOCTOR: Final = Entry(_parser, _doctor)
