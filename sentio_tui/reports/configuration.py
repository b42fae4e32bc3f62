"""What a session was made of, in words: facts about it, and its settings by their keys."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sentio_tui.reports.study import Study
from sentio_tui.reports.words import Clock, span

_ASIDE: Final = frozenset({"alerts", "keys", "mail", "report", "sessions_dir", "ui", "web"})
"""Sections on how a session is watched, not on how it trades. They hold addresses, which are no reader's business."""


def facts(study: Study) -> list[tuple[str, str]]:
    """What kind of session it was."""
    info = study.info
    return [
        ("Mode", info.mode.value),
        ("Feed", info.feed),
        ("Broker", info.broker),
        ("Symbols", ", ".join(info.symbols)),
        ("Exchange", info.exchange or "not known"),
        ("Clock", info.clock_zone),
        ("Market time", span(study, Clock(info.clock_zone))),
        ("Started", f"{Clock('UTC').minute(info.started)} UTC"),
        ("Capital", f"{info.capital:,.2f}"),
        ("Trading days a year", str(info.periods)),
        ("Events", f"{study.state.seq:,}"),
    ]


def of_trading(settings: Mapping[str, object]) -> dict[str, object]:
    """The sections of the effective configuration that say how a session trades."""
    return {key: value for key, value in settings.items() if key not in _ASIDE}


def told_settings(settings: Mapping[str, object]) -> dict[str, str]:
    """The effective configuration as keys and values; what stands in tables and lists by dots and numbers."""
    return dict(_flat("", of_trading(settings)))


def _flat(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), each)
    elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
        for number, each in enumerate(value, 1):
            yield from _flat(f"{path}.{number}", each)
    else:
        yield path, word(value)


def word(value: object) -> str:
    """A value of the configuration as people read it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(word, value)) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping) or value == "":
        return "none"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def differing(studies: Sequence[Study]) -> list[tuple[str, list[str]]]:
    """Every setting, parameter, version and file that is not the same in all sessions, with the value in each; "—"
    where a session has none."""
    tables = [_all(study) for study in studies]
    keys = dict.fromkeys(key for each in tables for key in each)
    rows = [(key, [each.get(key, "—") for each in tables]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]


def _all(study: Study) -> dict[str, str]:
    info = study.info
    made = {name: value for name, value in facts(study) if name not in {"Started", "Events"}}
    made |= told_settings(info.settings)
    for book in info.books:
        made |= {f"book {book.name}: {name}": word(value) for name, value in book.parameters.items()}
    made |= {f"data {path}": mark for path, mark in info.data.items()}
    return made | {f"version of {name}": version for name, version in info.versions.items()}
