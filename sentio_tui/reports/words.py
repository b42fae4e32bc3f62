"""How reports put values into words: figures by their unit, times on the exchange's clock, and the sample behind."""

import math
import unicodedata
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sentio_tui.engine.figures import Basis, Unit
from sentio_tui.engine.metrics import signals
from sentio_tui.journal.catalogue import SessionState
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.plain import clean
from sentio_tui.reports.study import Study

_UNKNOWN: Final = "n/a"


def shown(unit: Unit, value: Figure) -> str:
    """A figure as people read it; "n/a (why)" for one that is not known."""
    if isinstance(value, Unknown):
        return f"{_UNKNOWN} ({value.why})"
    if not math.isfinite(value):
        return f"{_UNKNOWN} (not a finite number)"
    match unit:
        case Unit.MONEY:
            return _signless_zero(f"{value:,.2f}")
        case Unit.CHANGE:
            return _signless_zero(f"{value:+,.2f}")
        case Unit.RETURN:
            return _signless_zero(f"{100.0 * value:+,.2f}%")
        case Unit.FALL:
            return _signless_zero(f"{-100.0 * value:,.2f}%")
        case Unit.SHARE:
            return f"{100.0 * value:.1f}%"
        case Unit.RATIO:
            return _signless_zero(f"{value:,.2f}")
        case Unit.COUNT:
            return f"{value:,.0f}"


def _signless_zero(text: str) -> str:
    return text if text.strip("+-0.,%") else text.lstrip("+-")


def price(value: float) -> str:
    """At the precision of usual ticks: cents from 1 on, more digits below."""
    size = abs(value)
    return f"{value:,.2f}" if size >= 1.0 or size == 0.0 else f"{value:.6g}"


def quantity(value: float) -> str:
    """With as many decimals as it has, eight at the most."""
    text = f"{value:,.8f}"
    return text.rstrip("0").rstrip(".")


def count(number: int, what: str) -> str:
    """ "1 trade", "2 trades"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def sample(study: Study, basis: Basis) -> str:
    """What a figure of this basis stands on: "98 trades"; empty where it is no statistic."""
    match basis:
        case Basis.ACCOUNT:
            return ""
        case Basis.MINUTES:
            return count(len(study.state.curve.times), "minute")
        case Basis.FILLS:
            return count(len(study.state.executions), "fill")
        case Basis.TRADES:
            return count(len(study.trades), "trade")
        case Basis.DAYS:
            return count(len(study.daily), "day")
        case Basis.SIGNALS:
            return count(signals(study.state), "signal")


class Clock:
    """Times on one exchange's clock."""

    def __init__(self, zone: str) -> None:
        self.name: Final = zone
        self._zone = ZoneInfo(zone)

    def _local(self, at: Millis) -> datetime:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone)

    def minute(self, at: Millis) -> str:
        """ "2025-01-06 09:30"."""
        return f"{self._local(at):%Y-%m-%d %H:%M}"

    def plain(self, at: Millis) -> str:
        """As charts take it: "2025-01-06 09:30:00", without an offset."""
        return f"{self._local(at):%Y-%m-%d %H:%M:%S}"

    def iso(self, at: Millis) -> str:
        return self._local(at).isoformat(timespec="milliseconds" if at % 1000 else "seconds")


def status(study: Study, clock: Clock) -> str:
    """How far the session had come: a report of one that runs says up to when."""
    until = f"up to {clock.minute(study.state.at)} {clock.name}"
    match study.status:
        case SessionState.RUNNING:
            return f"still running: {until}"
        case SessionState.ENDED:
            return f"ended: {clean(study.state.why)}" if study.state.why else "ended"
        case _:
            return f"interrupted: {until}"


def warnings(study: Study) -> list[str]:
    """What a reader must know before the figures."""
    told = []
    if study.status is SessionState.RUNNING:
        told.append("The session was still running. All figures are as of its last event on disk.")
    elif study.status is not SessionState.ENDED:
        told.append("The session broke off: it did not end in order, and positions may still be open.")
    if study.loss:
        told.append(f"The journal could not be read to its end: {clean(study.loss)}.")
    if study.resumed:
        changed = [clean(each) for event in study.resumed for each in event.changed]
        told.append(
            f"The session was resumed {'once' if len(study.resumed) == 1 else f'{len(study.resumed)} times'}"
            + (f", with changes: {'; '.join(changed)}." if changed else ".")
        )
    if study.adoptions:
        told.append("A book took over what the broker's account held: part of the profit or loss is no trade's.")
    stale = [position.symbol for position in study.snapshot.positions if position.stale]
    if stale:
        told.append(f"Positions stand at old prices: {', '.join(map(clean, stale))}.")
    if study.snapshot.faults:
        told.append("Faults stood at the end: " + "; ".join(clean(text) for text in study.snapshot.faults.values()))
    return told


def books(study: Study) -> str:
    """What traded what: "momentum (conservative) on BTC-USD, ETH-USD"."""
    return "; ".join(
        f"{clean(book.strategy)}{f' ({book.preset})' if book.preset else ''} on {', '.join(map(clean, book.symbols))}"
        for book in study.info.books
    )


def span(study: Study, clock: Clock) -> str:
    """The market time a session covers."""
    first = study.state.first
    if first is None:
        return "no bar came in"
    minutes = max(0, study.state.at - first) // MINUTE
    return f"{clock.minute(first)} to {clock.minute(study.state.at)} {clock.name} ({length(minutes)})"


def length(minutes: int) -> str:
    """ "10 d", "6 h 30 min"."""
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = [f"{value} {unit}" for value, unit in ((days, "d"), (hours, "h"), (left, "min")) if value]
    return " ".join(parts) or "0 min"


def width(text: str) -> int:
    """The cells of a text in a terminal."""
    return sum(
        2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text if not unicodedata.combining(each)
    )


def cut(text: str, cells: int) -> str:
    """At most so many cells; what is cut off is told by an ellipsis."""
    if width(text) <= cells:
        return text
    while text and width(text) > cells - 1:
        text = text[:-1]
    return text.rstrip() + "…"
