"""What contradicts itself in `[alerts]`: each value is allowed, but not all of them together."""

import re
from collections.abc import Iterator
from typing import Final

from sentio_tui.config_values import Problem, near
from sentio_tui.settings import AlertRuleSettings, AlertSettings, AlertTargetSettings, MailSettings
from sentio_tui.toml_lines import join_key

SCREENS: Final = ("screen", "bell", "desktop")
"""Targets that are always there: a notice on every screen that looks on, its bell, and the desktop behind it."""

_FRACTIONS: Final = frozenset({"drawdown", "daily_loss"})
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_MAIL: Final = re.compile(r"[!-?A-~]+@[!-?A-~]+", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def contradictions(alerts: AlertSettings, mail: MailSettings) -> Iterator[Problem]:
    """Everything that is wrong with targets and rules, each with its key."""
    for name, target in alerts.targets.items():
        for key, text in _target(name, target, mail):
            yield _problem("targets", name, key, text)
    known = [*SCREENS, *alerts.targets]
    for name, rule in alerts.rules.items():
        for key, text in _rule(name, rule, known):
            yield _problem("rules", name, key, text)


def _problem(table: str, name: str, key: str, text: str) -> Problem:
    return Problem("", join_key(("alerts", table, name, key) if key else ("alerts", table, name)), text)


def _target(name: str, target: AlertTargetSettings, mail: MailSettings) -> Iterator[tuple[str, str]]:
    if name in SCREENS:
        yield "", f'"{name}" is a target that is always there; choose another name'
    yield from _named(name)
    kind = target.kind
    given = {
        "url_env": bool(target.url_env),
        "url_keyring": bool(target.url_keyring),
        "command": bool(target.command),
        "to": bool(target.to),
    }
    for key, is_given in given.items():
        if is_given and key not in _KEYS[kind]:
            yield key, f"is of no use to a target of kind {kind}"
    count = sum(given[key] for key in _KEYS[kind])
    if count != 1:
        yield "", f"needs {_NEEDS[kind]}" + (", not both" if count else "")
    if kind == "mail":
        yield from _mail(target, mail)
    elif kind != "command":
        yield from _address(target)


_KEYS: Final = {
    "mail": ("to",),
    "command": ("command",),
    "webhook": ("url_env", "url_keyring"),
    "apprise": ("url_env", "url_keyring"),
}
"""The keys of which each kind of target needs one."""

_NEEDS: Final = {
    "mail": 'to, a list of addresses such as ["me@example.org"]',
    "command": 'command, a program with its arguments, such as ["logger", "-t", "sentio-tui"]',
    "webhook": "either url_env or url_keyring",
    "apprise": "either url_env or url_keyring",
}


def _mail(target: AlertTargetSettings, mail: MailSettings) -> Iterator[tuple[str, str]]:
    for address in target.to:
        if not _MAIL.fullmatch(address):
            yield "to", f'"{address}" is no mail address such as me@example.org'
    if not (mail.host and mail.sender):
        yield "", f"goes through a mail server, and mail.{'sender' if mail.host else 'host'} is empty"


def _address(target: AlertTargetSettings) -> Iterator[tuple[str, str]]:
    for key, value in (("url_env", target.url_env), ("url_keyring", target.url_keyring)):
        if "://" in value:
            yield key, "names where the address is kept; the address itself, which holds a secret, stands in no file"
    if target.url_env and "://" not in target.url_env:
        if not _VARIABLE.fullmatch(target.url_env):
            yield "url_env", f'"{target.url_env}" is no name of a variable'
        elif target.url_env.upper().startswith("SENTIO_"):
            yield "url_env", "variables that begin with SENTIO_ are settings; choose another name"


def _rule(name: str, rule: AlertRuleSettings, known: list[str]) -> Iterator[tuple[str, str]]:
    yield from _named(name)
    for target in dict.fromkeys(rule.targets):
        if target not in known:
            yield "targets", f'there is no target "{target}"{near(target, known)}; known: {", ".join(known)}'
        elif rule.targets.count(target) > 1:
            yield "targets", f'"{target}" stands there more than once'
    if rule.on in _FRACTIONS:
        if not rule.threshold:
            yield "", f"{rule.on} needs a threshold, a fraction such as 0.05"
        elif rule.threshold >= 1.0:
            yield "threshold", f"{rule.threshold:g} is no fraction of equity; it must be below 1, such as 0.05"
    elif rule.threshold and rule.on != "feed_stale":
        yield "threshold", f"{rule.on} has none"


def _named(name: str) -> Iterator[tuple[str, str]]:
    if not _NAME.fullmatch(name):
        yield "", 'a name has 1 to 32 letters, digits, "-" and "_"'
