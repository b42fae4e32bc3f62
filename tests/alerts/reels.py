"""Events of sessions that alerts are about, and short ways to ask for what they lead to."""

from collections.abc import Iterable, Sequence

from sentio_tui.alerts.alert import Alert
from sentio_tui.alerts.watching import alerts_of
from sentio_tui.engine.engine import Engine
from sentio_tui.machines.slots import Slots
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent, FeedStatus
from sentio_tui.settings import AlertRuleSettings
from tests.engine.scripts import COIN, OTHER, START, bar, engine, run

L, N, S = Direction.LONG, Direction.NEUTRAL, Direction.SHORT

KINDS = (
    "fill", "reject", "stop_loss", "drawdown", "daily_loss", "feed_stale", "fault", "account", "strategy_error",
    "risk_halted", "order_unknown", "end_of_day", "session_ended",
)  # fmt: skip


def rule(on: str, threshold: float = 0.0, quiet: float = 0.0, *targets: str) -> AlertRuleSettings:
    return AlertRuleSettings(on, targets or ("hook",), threshold, quiet)  # type: ignore[arg-type]  # any kind, for tests


def every() -> dict[str, AlertRuleSettings]:
    """A rule for each kind."""
    limits = {"drawdown": 0.02, "daily_loss": 0.01, "feed_stale": 60.0}
    return {kind: rule(kind, limits.get(kind, 0.0)) for kind in KINDS}


def alerts(events: Iterable[AnyEvent], on: str, threshold: float = 0.0, quiet: float = 0.0) -> list[Alert]:
    """What one rule makes of the events."""
    return alerts_of(events, {"it": rule(on, threshold, quiet)})[1]


def whole() -> Engine:
    """All the money in one symbol, no costs: equity moves with the price. Buys at the second bar's open."""
    script = {COIN: [L], OTHER: []}
    return engine(script, slots=Slots(1, 1.0, "equity", 0.0, 0.0), commission=0.0, slippage=0.0)


def worth(prices: Sequence[float], step: int = 1) -> list[AnyEvent]:
    """A session that is worth 100 times each of these prices, from the second on, `step` minutes apart."""
    return run(whole(), [bar(number * step, price, open=price) for number, price in enumerate(prices)])


def stopped_out() -> list[AnyEvent]:
    """Buys, falls by six percent, and is stopped out."""
    bars = [bar(minute, price) for minute, price in enumerate([100.0, 100.0, 94.0, 94.0])]
    return run(engine({COIN: [L]}), bars)


def fallen_silent() -> tuple[Engine, list[AnyEvent]]:
    """Two symbols; the second has its last bar in minute 1. The engine, and the events up to minute 9."""
    made = engine({COIN: [], OTHER: []})
    bars: list[Bar] = []
    for minute in range(10):
        bars.append(bar(minute, 100.0))
        if minute < 2:
            bars.append(bar(minute, 50.0, OTHER))
    return made, run(made, bars)


def lost(made: Engine, status: FeedStatus, minute: int) -> list[AnyEvent]:
    """The feed says what it is, so many minutes after the start."""
    return made.feed(status, "cut", "", START + minute * MINUTE)
