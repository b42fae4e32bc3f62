"""What alerts cost a session at full speed: handing its turns over, and a thread beside it that follows every event."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import market
from benchmarks.disk import folder
from benchmarks.table import Result, Size, alternate, median_ratio
from sentio_tui.alerts.service import Alerts
from sentio_tui.model.events import AnyEvent
from sentio_tui.sessions.assemble import assemble
from sentio_tui.settings import AlertRuleSettings, AlertSettings, MailSettings

RULES: Final = AlertSettings(
    rules={
        "fills": AlertRuleSettings("fill", ("screen",)),
        "drawdown": AlertRuleSettings("drawdown", ("screen",), 0.01, 3600.0),
        "day": AlertRuleSettings("daily_loss", ("screen",), 0.01, 3600.0),
    }
)


def alerts(size: Size) -> Sequence[Result]:
    """A simulated session with its journal, without alerts and with them, in processor time of all its threads."""
    minutes = max(size.bars // 10, 30)
    alone, beside = alternate(size.rounds, lambda: _session(minutes, False), lambda: _session(minutes, True))
    handed = median(_handing(size.bars) for _ in range(size.rounds))
    more = median_ratio(beside, alone) - 1.0
    return [
        Result("alerts: handing a turn over", f"{handed * 1e9:,.0f} ns"),
        Result("  a whole session with journal, processor time", f"{median(beside) * 1e6:.1f} µs a bar ({more:+.0%})"),
    ]


def _session(minutes: int, has_alerts: bool) -> float:
    """Seconds of a bar. Raises RuntimeError where the session breaks off."""
    with folder() as name:
        session = assemble(market.session_settings(minutes), Path(name))
        if has_alerts:
            watching = Alerts(session, RULES, MailSettings())
            session.listen(watching.take)
            session.serve(watching)
        begun = time.process_time()
        session.start()
        session.wait()
        took = time.process_time() - begun
        if session.failure:
            raise RuntimeError(f"the session broke off: {session.failure}")
        snapshot = session.snapshot()
        return took / (snapshot.feed.bars if snapshot is not None else 1)


def _handing(count: int) -> float:
    """Seconds to hand one turn over while nobody looks."""
    with folder() as name:
        session = assemble(market.session_settings(30), Path(name))
        watching = Alerts(session, RULES, MailSettings())
        turn: list[AnyEvent] = list(market.crossover().open())
        begun = time.process_time()
        for _ in range(count):
            watching.take(turn)
        took = (time.process_time() - begun) / count
        session.start()
        session.close()
        return took
