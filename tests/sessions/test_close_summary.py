"""The text on what each exchange day of a session came to."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.reader import read_all
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.commands import Stop
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent, BarReceived, Decided, OrderFilled
from sentio_tui.sessions import close_summary
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.close_summary import CloseSummaries
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.resume import resume
from sentio_tui.sessions.summary import Terms
from sentio_tui.settings import (
    FeedSettings,
    LadderSettings,
    MachineSettings,
    SessionSettings,
    Settings,
    StrategySettings,
)
from tests.engine.scripts import COIN, START, bar, engine
from tests.sessions.places import simulated

NEW_YORK = ZoneInfo("America/New_York")


def ladder(days: int = 3, duration: float = 0.0) -> Settings:
    """The learning ensemble on a leveraged family, soon warm, over some days."""
    return Settings(
        session=SessionSettings(capital=100_000.0, duration=duration),
        feed=FeedSettings(speed=0.0, start="2025-01-06T14:30:00Z", days=days, seed=3),
        strategy=StrategySettings("online_ensemble", params={"warm_up_bars": 60, "buy": 0.52, "sell": 0.48}),
        machine=MachineSettings("ladder", flat_overnight=True, ladder=LadderSettings(min_hold_bars=1)),
    )


def finished(session: LiveSession) -> LiveSession:
    session.start()
    assert session.wait(60.0)
    assert session.failure == ""
    return session


def summary_of(session: LiveSession) -> Path:
    return session.journal.with_name(session.name.replace("live_", "trading_summary_") + ".txt")


class Whole:
    """A session over three days that ran without a break."""

    def __init__(self) -> None:
        self._place = TemporaryDirectory()
        session = finished(assemble(ladder(), Path(self._place.name)))
        self.journal = session.journal
        self.name = session.name
        self.events = read_all(session.journal).events
        self.text = summary_of(session).read_text()
        self.metrics = json.loads(session.document.read_text())["metrics"]


@cache
def whole() -> Whole:
    return Whole()


def days_of(text: str) -> dict[str, list[str]]:
    """The lines of each part, by its title's date."""
    parts = [part.splitlines() for part in text.split("\n\n")[1:-1]]
    return {re.search(r"\d{4}-\d\d-\d\d", part[0])[0]: part for part in parts}  # type: ignore[index]  # each has one


def rows_under(lines: list[str], title: str) -> dict[str, int]:
    """The indented rows below a title, the count in front."""
    rows = {}
    for line in lines[lines.index(title) + 1 :]:
        if not line.startswith("    "):
            break
        count, name = line.split(maxsplit=1)
        rows[name] = int(count)
    return rows


def figure(lines: list[str], name: str) -> float:
    (line,) = [line for line in lines if line.startswith(f"{name}: ")]
    return float(line.removeprefix(f"{name}: ").split()[0])


def day_of(event: AnyEvent) -> str:
    return f"{datetime.fromtimestamp((event.at - 1) / 1000, UTC).astimezone(NEW_YORK):%Y-%m-%d}"


def test_t02_each_day_has_what_its_own_events_say() -> None:
    text, events = whole().text, whole().events
    days = days_of(text)
    assert list(days) == ["2025-01-06", "2025-01-07", "2025-01-08"]
    for day, lines in days.items():
        here = [event for event in events if day_of(event) == day]
        assert lines[0] == f"=== Market Closed: {day} 16:00:00 EST ==="
        bars = Counter(event.bar.symbol for event in here if isinstance(event, BarReceived))
        assert rows_under(lines, "Bars Received:") == dict(bars) == dict.fromkeys(("SDS", "SH", "SPXL", "SPY"), 390)
        decided = [event for event in here if isinstance(event, Decided)]
        assert any(row.startswith("    390 signals (") for row in lines)
        idle = Counter(event.reason.text for event in decided if not event.reason.trades)
        assert rows_under(lines, "Reasons for Not Trading:") == dict(idle)
        fills = [event.fill for event in here if isinstance(event, OrderFilled)]
        assert fills
        buys = sum(fill.side.value == "buy" for fill in fills)
        assert f"    {len(fills)} trades ({buys} buys, {len(fills) - buys} sells)" in lines
        assert lines[-1] == "Positions Held: none"


def test_profit_and_loss_of_the_days_add_up_and_the_last_figures_are_the_documents() -> None:
    days = list(days_of(whole().text).values())
    metrics = whole().metrics
    assert sum(figure(lines, "P&L of the Day") for lines in days) == pytest.approx(metrics["total_pnl"], abs=0.02)
    assert figure(days[-1], "P&L of the Session") == pytest.approx(metrics["total_pnl"], abs=0.01)
    assert figure(days[-1], "Equity") == pytest.approx(metrics["equity"], abs=0.01)
    assert figure(days[-1], "MRD") == pytest.approx(metrics["mrd"], abs=1e-4)
    assert figure(days[-1], "MRB") == pytest.approx(metrics["mrb"], abs=1e-4)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.99])
def test_a_session_that_broke_off_ends_with_the_same_text(share: float, tmp_path: Path) -> None:
    lines = whole().journal.read_bytes().splitlines(keepends=True)
    (tmp_path / whole().journal.name).write_bytes(b"".join(lines[: int(len(lines) * share)]))
    session = finished(resume(tmp_path, whole().name))
    assert summary_of(session).read_text() == whole().text


def test_a_text_that_is_there_already_is_replaced_not_added_to(tmp_path: Path) -> None:
    shutil.copy(whole().journal, tmp_path)
    journal = tmp_path / whole().journal.name
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-200]))
    (tmp_path / f"trading_summary_{whole().name.removeprefix('live_')}.txt").write_text("before")
    session = finished(resume(tmp_path, whole().name))
    assert summary_of(session).read_text() == whole().text


def test_a_session_that_ends_within_the_day_says_so(tmp_path: Path) -> None:
    text = summary_of(finished(assemble(ladder(duration=45.0), tmp_path))).read_text()
    (lines,) = days_of(text).values()
    assert lines[0] == "=== Session Ended: 2025-01-06 10:15:00 EST (the configured duration is over) ==="
    assert rows_under(lines, "Bars Received:") == dict.fromkeys(("SDS", "SH", "SPXL", "SPY"), 45)
    assert "    0 trades" in lines
    assert "    0 round trips closed" in lines
    assert "MRB: n/a (no whole block of 390 minutes)" in lines


@pytest.mark.parametrize(
    "settings",
    [simulated(30.0), replace(ladder(days=1), session=SessionSettings(close_summary=False))],
    ids=["crypto has no close", "switched off"],
)
def test_no_text_is_written(settings: Settings, tmp_path: Path) -> None:
    finished(assemble(settings, tmp_path))
    assert list(tmp_path.glob("trading_summary_*")) == []


# The moments at which it is due, with one symbol in New York's hours.

CLOSE = 21 * 60
"""16:00 in New York, in minutes after `START`, a Monday."""


class Told:
    """An engine with its summaries, event by event."""

    def __init__(self, folder: Path) -> None:
        self.made = engine({COIN: [Direction.LONG]}, calendar=ExchangeCalendar())
        self.closes = CloseSummaries(self.made.state, ExchangeCalendar(), folder / "summary.txt")
        self.closes.take(self.made.open())

    def bars(self, minutes: Iterable[int]) -> None:
        for minute in minutes:
            self.closes.take(self.made.bar(bar(minute, 100.0), START + (minute + 1) * MINUTE))


def test_the_close_is_told_with_the_first_event_after_it_and_completed_with_the_next_day(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.bars(range(CLOSE - 10, CLOSE))
    assert not told.closes.is_due
    told.bars([CLOSE])
    assert told.closes.is_due
    (lines,) = days_of(told.closes.text()).values()
    assert lines[0] == "=== Market Closed: 2025-01-06 16:00:00 EST ==="
    assert rows_under(lines, "Bars Received:") == {COIN: 11}
    assert figure(lines, "Equity") < 10_000.0
    assert lines[-1].endswith(COIN)
    assert not told.closes.is_due
    told.bars(range(CLOSE + 1, CLOSE + 20))
    assert not told.closes.is_due
    told.bars([CLOSE + 24 * 60 - 30])
    assert told.closes.is_due
    days = days_of(told.closes.text())
    assert list(days) == ["2025-01-06"]
    assert rows_under(days["2025-01-06"], "Bars Received:") == {COIN: 30}
    told.bars([CLOSE + 24 * 60])
    assert rows_under(days_of(told.closes.text())["2025-01-07"], "Bars Received:") == {COIN: 2}


def test_a_start_after_the_close_reports_what_came_not_at_once(tmp_path: Path) -> None:
    """The original's monitor, started after 16:00, reported at once."""
    told = Told(tmp_path)
    told.bars(range(CLOSE + 30, CLOSE + 40))
    assert not told.closes.is_due
    told.bars([CLOSE + 24 * 60 - 30])
    (lines,) = days_of(told.closes.text()).values()
    assert rows_under(lines, "Bars Received:") == {COIN: 10}
    assert rows_under(lines, "Reasons for Not Trading:") == {"outside hours": 10}


def test_a_day_without_a_session_says_so(tmp_path: Path) -> None:
    """Five days after a Monday is a Saturday."""
    told = Told(tmp_path)
    told.bars([CLOSE + 5 * 24 * 60 - 120, CLOSE + 7 * 24 * 60])
    assert "=== Exchange Closed All Day: 2025-01-11 ===" in told.closes.text()


def test_a_session_without_a_bar_has_zeros_and_what_is_unknown_says_why(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.closes.take(told.made.command(Stop(), "test", START + 15 * 60 * MINUTE))
    (lines,) = days_of(told.closes.text()).values()
    assert lines[0] == "=== Session Ended: 2025-01-06 10:00:00 EST (by test) ==="
    assert "    0 bars" in lines
    assert "    0 signals" in lines
    assert "MRD: n/a (no days)" in lines
    assert figure(lines, "P&L of the Session") == 0.0


async def test_a_disk_that_fails_is_told_and_the_text_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Recorder.create(tmp_path, START)
    one = engine({COIN: []}, calendar=ExchangeCalendar())
    made.attach(one.state, Terms("", {}, 0.2, 5, 0.0, 0.0, None, 0.0), ExchangeCalendar())
    made.take(one.open())
    for minute in (CLOSE - 1, CLOSE):
        made.take(one.bar(bar(minute, 100.0), START + (minute + 1) * MINUTE))
    path = tmp_path / f"trading_summary_{made.name.removeprefix('live_')}.txt"

    def full(path: Path, parts: Iterable[bytes | bytearray]) -> None:
        raise JournalError(path, OSError(28, "No space left on device"))

    with monkeypatch.context() as patch:
        patch.setattr(close_summary, "replace_file", full)
        assert "No space left" in await made.flush()
    assert not path.exists()
    assert await made.flush() == ""
    assert "Market Closed" in path.read_text()
    assert await made.finish() == ""
