"""What a person is told: one alert, and a message that holds those of one moment."""

from collections import Counter
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from sentio_tui.model.bars import Millis
from sentio_tui.model.events import Level
from sentio_tui.plain import clean

SHOWN: Final = 20
"""Alerts of a message that are told one by one; the rest is counted."""

FEW: Final = 3
"""Alerts that are told one by one where there is one line."""

LONGEST: Final = 500
"""Characters of an alert's text."""

NAMES: Final = {
    "fill": ("fill", "fills"),
    "reject": ("reject", "rejects"),
    "stop_loss": ("stop loss", "stop losses"),
    "drawdown": ("drawdown", "drawdowns"),
    "daily_loss": ("daily loss", "daily losses"),
    "feed_stale": ("stale feed", "stale feeds"),
    "fault": ("fault", "faults"),
    "account": ("account difference", "account differences"),
    "strategy_error": ("strategy error", "strategy errors"),
    "risk_halted": ("risk limit", "risk limits"),
    "order_unknown": ("unknown order", "unknown orders"),
    "end_of_day": ("end of day", "ends of day"),
    "session_ended": ("session ended", "sessions ended"),
    "test": ("test", "tests"),
}
"""What a kind is called, one of it and several."""


class Alert(Struct, frozen=True):
    """`rule` fired with event `seq` of a session, at market time `at`. `kind` is what the rule is on. `text` is one
    line and may hold text from outside. `targets` are the names of those to be told."""

    rule: str
    kind: str
    level: Level
    seq: int
    at: Millis
    text: str
    targets: tuple[str, ...] = ()


class Source(Struct, frozen=True):
    """Which session speaks: its name, its mode ("sim", "live", ...), and the zone of its exchange."""

    session: str
    mode: str
    zone: str

    def clock(self, at: Millis) -> str:
        """A market time as people of the exchange read it."""
        return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M:%S %Z}"


class Message(Struct, frozen=True):
    """The alerts that go to one target together. `more` counts those that found no place."""

    source: Source
    alerts: tuple[Alert, ...]
    more: int = 0

    @property
    def summary(self) -> str:
        """What they are: "3 fills, 1 stop loss"; the text itself where it is one."""
        if len(self.alerts) == 1 and not self.more:
            return self.alerts[0].text
        counted = Counter(alert.kind for alert in self.alerts)
        parts = [f"{count} {NAMES[kind][count > 1]}" for kind, count in counted.items()]
        return ", ".join([*parts, f"{self.more} more"] if self.more else parts)

    @property
    def line(self) -> str:
        """All of it on one line, for where there is no room: the first few in words, the rest counted."""
        if len(self.alerts) == 1 and not self.more:
            return self.alerts[0].text
        told = " · ".join(alert.text for alert in self.alerts[:FEW])
        rest = len(self.alerts) - FEW + self.more
        return f"{self.summary}: {told}" + (f" · … {rest} more" if rest > 0 else "")

    @property
    def title(self) -> str:
        """The session and what it tells, in a line."""
        kinds = self.summary if len(self.alerts) > 1 or self.more else NAMES[self.alerts[0].kind][0]
        return f"{self.source.session} ({self.source.mode}): {kinds}"

    @property
    def body(self) -> str:
        """A line for each alert, with its market time."""
        lines = [f"{self.source.clock(alert.at)}  {alert.text}" for alert in self.alerts[:SHOWN]]
        rest = len(self.alerts) - SHOWN + self.more if len(self.alerts) > SHOWN else self.more
        return "\n".join([*lines, f"… and {rest} more"] if rest else lines)

    @property
    def level(self) -> Level:
        """The gravest of them."""
        return max((alert.level for alert in self.alerts), key=_GRAVITY.index)


_GRAVITY: Final = (Level.DEBUG, Level.INFO, Level.WARNING, Level.ALARM)


def one_line(text: str) -> str:
    """Text from outside on one line, harmless and not too long."""
    plain = clean(text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
