"""A session whose symbols, reasons and messages try to be more than text."""

from sentio_tui.journal.catalogue import SessionState
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Direction, Reason, Signal
from sentio_tui.model.events import (
    AnyEvent,
    BarReceived,
    BookInfo,
    Decided,
    FaultReported,
    Mode,
    OrderFilled,
    OrderSubmitted,
    SessionEnded,
    SessionInfo,
    SessionStarted,
)
from sentio_tui.model.orders import Fill, Order, Side
from sentio_tui.reports.study import Study
from tests.engine.scripts import START

SCRIPT = "</script><script>window.broken=1</script>"
SYMBOL = '<img src=x onerror="window.broken=1">'
FORMULA = '=HYPERLINK("https://evil.example.org","click")'
LINK = "[free money](https://evil.example.org) <b>|</b> `x` # \x1b[31mred\x1b[0m @everyone"
TEMPLATE = "%{y} <a href='https://evil.example.org'>%{x}</a>"
ANCHOR = "<a href='//e.org'>x</a>"
REASONS = (ANCHOR, SCRIPT, FORMULA, LINK, TEMPLATE, "@SUM(A1)", "+1", "-1+1", "\t=1", "\u202eevil", "＝1+1")
WORDS = (SCRIPT, LINK, FORMULA)


def events() -> list[AnyEvent]:
    """One bar a minute; a buy and a sale for each of the reasons."""
    book = BookInfo(LINK, TEMPLATE, SCRIPT, "slots", (SYMBOL,), (SYMBOL,), 10_000.0, {SCRIPT: FORMULA})
    info = SessionInfo(
        name="live_20250106_000000",
        mode=Mode.SIM,
        started=START,
        capital=10_000.0,
        books=(book,),
        symbols=(SYMBOL,),
        feed=SCRIPT,
        broker=LINK,
        clock_zone="UTC",
        periods=365,
        settings={"feed": {"data": [SCRIPT]}, "mail": {"host": "secret.example.org"}},
        versions={SCRIPT: LINK},
        data={SCRIPT: FORMULA},
    )
    made: list[AnyEvent] = [SessionStarted(1, START, info)]

    def add(kind: type[AnyEvent], *values: object) -> None:
        made.append(kind(len(made) + 1, START + len(made) * MINUTE, *values))  # type: ignore[arg-type]  # a test's own

    for number, reason in enumerate(REASONS):
        at = START + len(made) * MINUTE
        add(BarReceived, Bar(SYMBOL, at, 100.0, 110.0, 90.0, 100.0 + number, 1.0))
        add(Decided, LINK, SYMBOL, Reason.NEUTRAL, Signal(SYMBOL, at, Direction.NEUTRAL, {}), SCRIPT)
        for side in Side:
            order_id = f"{FORMULA}{number}{side}"
            add(OrderSubmitted, Order(order_id, LINK, SYMBOL, side, at, reason, quantity=1.0))
            add(OrderFilled, Fill(order_id, order_id, LINK, SYMBOL, side, 1.0, 100.0 + number, 0.1, at))
    add(FaultReported, SCRIPT, LINK)
    add(SessionEnded, SCRIPT)
    return made


def study() -> Study:
    return Study(events(), SessionState.ENDED, SCRIPT)
