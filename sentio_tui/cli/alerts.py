"""`alerts`: the rules and targets in force, a test of each target, and what would have fired in a session."""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSIONS_DIR,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)

if TYPE_CHECKING:
    from sentio_tui.alerts.alert import Message
    from sentio_tui.settings import AlertRuleSettings, AlertSettings, AlertTargetSettings, MailSettings, Settings

_EPILOG: Final = """\
list     rules and targets in force; secrets are masked, and what is missing in the environment is named
test     send a test to each target, or to the one that --target names
replay   what the rules in force would have told of a session on disk; nothing is sent

[alerts] in config.toml has the rules and targets; docs/alerts.md explains them.

examples:
  sentio-tui alerts list
  sentio-tui alerts test --target phone
  sentio-tui alerts replay live_20250106_143000 --set alerts.rules.drawdown.threshold=0.03

exit codes: 0 done, 1 a target could not be reached or a session not be read, 2 wrong usage or configuration
"""


def _parser() -> Parser:
    parser = Parser("alerts", "Who is told of what happens in a session, and whether it arrives.", _EPILOG)
    parser.add_argument("action", choices=("list", "test", "replay"), help="list, test or replay")
    parser.add_argument(
        "session", metavar="SESSION", nargs="?", help="replay: its name, as `sentio-tui sessions` has it"
    )
    parser.add_argument("--target", metavar="NAME", help="test: this target alone")
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    return parser


def _alerts(arguments: argparse.Namespace) -> int:
    from sentio_tui.config import ConfigError

    action = arguments.action
    if (action == "replay") != (arguments.session is not None):
        return complain("alerts replay needs a SESSION" if action == "replay" else f"alerts {action} takes no SESSION")
    if arguments.target is not None and action != "test":
        return complain(f"--target is of `alerts test`, not of `alerts {action}`")
    try:
        loaded = load(arguments)
    except ConfigError as error:
        return complain(error)
    alerts = loaded.settings.alerts
    if action == "list":
        return _list(loaded.settings)
    if action == "test":
        return _test(loaded.settings, arguments.target)
    from sentio_tui import paths

    return _replay(alerts, paths.sessions_dir(loaded.settings), arguments.session)


# What is in force.


def _list(settings: "Settings") -> int:
    from sentio_tui.cli.listings import table
    from sentio_tui.config_alerts import SCREENS

    alerts = settings.alerts
    used = {target for rule in alerts.rules.values() for target in rule.targets}
    rules = [("rule", "on", "threshold", "quiet", "targets")]
    rules += [
        (name, rule.on, _threshold(rule), f"{rule.quiet:g} s" if rule.quiet else "-", ", ".join(rule.targets) or "off")
        for name, rule in alerts.rules.items()
    ]
    targets = [("target", "kind", "at most", "used", "address")]
    targets += [(name, "screen", "every 2 s", _yes(name in used), _SCREENS[name]) for name in SCREENS]
    targets += [
        (name, target.kind, f"every {target.interval:g} s", _yes(name in used), _address(name, target, settings.mail))
        for name, target in alerts.targets.items()
    ]
    table(rules, sys.stdout)
    print()
    table(targets, sys.stdout)
    return DONE


_SCREENS: Final = {
    "screen": "a notice on every screen that looks at the session",
    "bell": "their terminals' bell",
    "desktop": "the desktop their terminals stand on",
}


def _yes(is_used: bool) -> str:
    return "yes" if is_used else "no"


def _threshold(rule: "AlertRuleSettings") -> str:
    if rule.on == "feed_stale":
        return f"{rule.threshold:g} s"
    return f"{rule.threshold:.2%}" if rule.threshold else "-"


def _address(name: str, target: "AlertTargetSettings", mail: "MailSettings") -> str:
    from sentio_tui.alerts.addresses import NoAddress, address_of
    from sentio_tui.alerts.targets import missing

    if target.kind == "command":
        return " ".join(target.command)
    if target.kind == "mail":
        told = missing(name, target, mail)
        return f"MISSING: {told}" if told else f"{', '.join(target.to)} (through {mail.host})"
    try:
        address = address_of(name, target)
    except NoAddress as error:
        return f"MISSING: {error}"
    return f"{address} ({address.source})"


# A test of each target.


class _Tried(NamedTuple):
    """How a target was reached: `why` is empty where it was."""

    name: str
    why: str
    took: float


def _test(settings: "Settings", only: str | None) -> int:
    from sentio_tui.config_alerts import SCREENS
    from sentio_tui.config_values import near

    alerts = settings.alerts
    known = [*SCREENS, *alerts.targets]
    if only is not None and only not in known:
        return complain(f'there is no target "{only}"{near(only, known)}; known: {", ".join(known)}')
    used = {target for rule in alerts.rules.values() for target in rule.targets}
    wanted = [only] if only is not None else [name for name in known if name in used or name in alerts.targets]
    for name in wanted:
        if name in SCREENS:
            print(f"{name}: {_on_screen(name, alerts)}")
    outside = [name for name in wanted if name in alerts.targets]
    if not wanted:
        print("No target is configured, and no rule tells a screen anything. [alerts] in config.toml has both.")
    with ThreadPoolExecutor(max_workers=max(1, len(outside))) as pool:
        has_failed = False
        for tried in pool.map(lambda name: _tried(name, alerts.targets[name], settings.mail), outside):
            print(
                f"{tried.name}: " + (f"FAILED: {tried.why}" if tried.why else f"sent in {tried.took:.1f} s"), flush=True
            )
            has_failed = has_failed or bool(tried.why)
    return FAILED if has_failed else DONE


def _tried(name: str, target: "AlertTargetSettings", mail: "MailSettings") -> _Tried:
    from sentio_tui.alerts.addresses import NoAddress
    from sentio_tui.alerts.courier import NotDelivered
    from sentio_tui.alerts.targets import deliverer

    begun = time.monotonic()
    try:
        deliverer(name, target, mail)(_test_message())
    except (NoAddress, NotDelivered) as error:
        return _Tried(name, str(error), 0.0)
    return _Tried(name, "", time.monotonic() - begun)


def _test_message() -> "Message":
    from sentio_tui.alerts.alert import Alert, Message, Source
    from sentio_tui.model.events import Level

    now = time.time_ns() // 1_000_000
    test = Alert("test", "test", Level.INFO, 0, now, "A test of sentio-tui: alerts arrive here.")
    return Message(Source("sentio-tui", "test", "UTC"), (test,))


def _on_screen(name: str, alerts: "AlertSettings") -> str:
    """Ring, or ask for a notification, where the output is a terminal; what was done, in words."""
    if name == "screen":
        return "shown in the cockpit; there is nothing to test here"
    if not sys.stdout.isatty():
        return "not tried: the output is no terminal"
    import os

    from sentio_tui.ui.terminal import desktop_notice

    message = _test_message()
    sys.stdout.write("\a" if name == "bell" else desktop_notice(f"test\n{message.line}", alerts.desktop, os.environ))
    sys.stdout.flush()
    return "rung" if name == "bell" else "the terminal was asked; whether it shows anything is its own business"


# What would have fired.


def _replay(alerts: "AlertSettings", folder: Path, name: str) -> int:
    from sentio_tui.alerts.watching import alerts_of
    from sentio_tui.journal.catalogue import UnknownSession, find
    from sentio_tui.journal.reader import JournalDamaged, read_all

    try:
        path = Path(find(folder, name).path)
    except UnknownSession as error:
        return complain(error)
    try:
        content = read_all(path)
        events, torn = content.events, content.torn
    except JournalDamaged as error:
        events, torn = error.good.events, str(error)
    except OSError as error:
        complain(error)
        return FAILED
    try:
        source, found = alerts_of(events, alerts.rules)
    except (ValueError, LookupError) as error:
        complain(f"{path}: {error}")
        return FAILED
    _rows([(source.clock(each.at), each.rule, ", ".join(each.targets), each.text) for each in found])
    if not found:
        active = sum(bool(rule.targets) for rule in alerts.rules.values())
        print(f"Nothing would have fired: {active} rules with targets, {len(events):,} events.")
    if torn:
        print(f"sentio-tui: {torn}", file=sys.stderr)
    return DONE


def _rows(rows: Sequence[tuple[str, ...]]) -> None:
    from sentio_tui.cli.listings import table

    if rows:
        table([("would have fired at", "rule", "to", "alert"), *rows], sys.stdout)


ALERTS: Final = Entry(_parser, _alerts)
