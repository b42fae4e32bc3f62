"""Alerts in a replay: what would have fired is shown when the replay comes to it, and nothing is sent."""

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from sentio_tui.alerts.alert import Alert, Message, Source
from sentio_tui.alerts.watching import alerts_of
from sentio_tui.model.events import AnyEvent, Noted
from sentio_tui.sessions.base import ALERT
from sentio_tui.sessions.recorded import RecordedSession
from sentio_tui.settings import AlertRuleSettings


class WouldHaveFired:
    """Implements `sessions.recorded.Reminder`."""

    def __init__(self, source: Source, alerts: Sequence[Alert]) -> None:
        """`alerts` in the order of their events."""
        self._source = source
        self._alerts = alerts
        self._events = [alert.seq for alert in alerts]

    def __call__(self, after: int, upto: int) -> Sequence[AnyEvent]:
        found = self._alerts[bisect_right(self._events, after) : bisect_right(self._events, upto)]
        if not found:
            return ()
        message = Message(self._source, tuple(found))
        return (Noted(0, found[-1].at, message.level, ALERT, f"Would have fired: {message.line}"),)


def remind(session: RecordedSession, rules: Mapping[str, AlertRuleSettings]) -> threading.Thread | None:
    """Let a replay tell what these rules would have. They are looked at on a thread of its own, which is returned: in a
    long session that takes a moment, and nobody waits for it. None where no rule has a target."""
    if not any(rule.targets for rule in rules.values()):
        return None

    def look() -> None:
        session.remind(WouldHaveFired(*alerts_of(session.events, rules)))

    thread = threading.Thread(target=look, name="alerts of a replay", daemon=True)
    thread.start()
    return thread
