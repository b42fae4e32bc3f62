"""Reports beside a session that runs: at each close, at the end, and never in its way."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from sentio_tui import cli
from sentio_tui.journal.names import journal_path
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.events import AnyEvent, Level, SessionStarted, TimerFired
from sentio_tui.reports.closes import ClosingReports, Job, Outcome, Process
from sentio_tui.settings import MailSettings
from tests.engine.scripts import COIN, bar, engine, info, run
from tests.posted import post_office

NAME = "live_20250106_000000"
NEW_YORK = ExchangeCalendar("XNYS")


def close(day: int) -> Millis:
    """Of the so-many-th day of January 2025."""
    return NEW_YORK.next_close(1_735_689_600_000 + (day - 1) * 86_400_000)


class Fake:
    """A session as far as the service knows it: a journal's first event, a listener, and what it was told."""

    def __init__(self, folder: Path, exchange: str, at: Millis) -> None:
        self.journal = journal_path(folder, NAME)
        self.told: list[str] = []
        self.levels: list[Level] = []
        self._at = at
        self._hear: Callable[[Sequence[AnyEvent]], None] | None = None
        started = SessionStarted(1, at, replace(info(name=NAME), exchange=exchange))
        with closing(JournalWriter(self.journal)) as writer:
            writer.append([started])
        self._first = started

    def listen(self, listener: Callable[[Sequence[AnyEvent]], None]) -> None:
        self._hear = listener
        listener([self._first])

    def tell(self, text: str, level: Level = Level.WARNING) -> None:
        self.told.append(text)
        self.levels.append(level)

    def pass_time(self, at: Millis) -> None:
        assert self._hear is not None
        self._hear([TimerFired(2, at, "watch")])


class Slow:
    """Makes a report when it is let to, and says how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.stopped = 0
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)

    def maker(self, job: Job) -> "Slow":
        return self

    def make(self, patience: float | None = None) -> Outcome:
        self.asked += 1
        self.begun.release()
        assert self.go.wait(30.0)
        return Outcome((f"report {self.asked}",))

    def stop(self) -> None:
        self.stopped += 1
        self.go.set()


def job(folder: Path, *formats: str, mail: MailSettings | None = None, email_to: tuple[str, ...] = ()) -> Job:
    return Job(str(folder), NAME, formats or ("md",), (), "", mail or MailSettings(), email_to)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(30.0):
        while not happened():  # noqa: ASYNC110  # what is waited for happens on a thread
            await asyncio.sleep(0.005)


async def test_a_close_is_reported_a_minute_later_and_so_is_the_end(tmp_path: Path) -> None:
    session, slow = Fake(tmp_path, "XNYS", close(6) - 60 * MINUTE), Slow()
    slow.go.set()
    async with ClosingReports(session, job(tmp_path), slow.maker):
        for minutes in (-30, -1, 0):
            session.pass_time(close(6) + minutes * MINUTE)
        await asyncio.sleep(0)
        assert slow.asked == 0
        session.pass_time(close(6) + MINUTE)
        await until(lambda: session.told == ["Report: report 1"])
        session.pass_time(close(6) + 100 * MINUTE)
        session.pass_time(close(7) - MINUTE)
        await asyncio.sleep(0)
        assert slow.asked == 1
        session.pass_time(close(7) + MINUTE)
        await until(lambda: slow.asked == 2)
    assert session.told[-1] == "Report: report 3"


async def test_closes_that_come_while_one_is_made_share_the_next(tmp_path: Path) -> None:
    session, slow = Fake(tmp_path, "XNYS", close(6) - MINUTE), Slow()
    async with ClosingReports(session, job(tmp_path), slow.maker):
        session.pass_time(close(6) + MINUTE)
        await asyncio.to_thread(slow.begun.acquire)
        for day in (7, 8, 10):
            session.pass_time(close(day) + MINUTE)
        slow.go.set()
        await until(lambda: slow.asked == 2)
        await until(lambda: len(session.told) == 2)
    assert slow.asked == 3


async def test_the_end_does_not_wait_for_a_report_that_is_old_by_then(tmp_path: Path) -> None:
    session, slow = Fake(tmp_path, "XNYS", close(6) - MINUTE), Slow()
    async with ClosingReports(session, job(tmp_path), slow.maker):
        session.pass_time(close(6) + MINUTE)
        await asyncio.to_thread(slow.begun.acquire)
    assert slow.stopped == 1
    assert slow.asked == 2


async def test_a_resumed_session_goes_on_from_where_it_stands(tmp_path: Path) -> None:
    session, slow = Fake(tmp_path, "XNYS", close(6) + 10 * MINUTE), Slow()
    slow.go.set()
    async with ClosingReports(session, job(tmp_path), slow.maker):
        session.pass_time(close(6) + 11 * MINUTE)
        await asyncio.sleep(0)
        assert slow.asked == 0
        session.pass_time(close(7) + MINUTE)
        await until(lambda: slow.asked == 1)


@pytest.mark.parametrize("exchange", ["", "24/7"])
async def test_a_market_that_never_closes_has_its_end_alone(tmp_path: Path, exchange: str) -> None:
    session, slow = Fake(tmp_path, exchange, 0), Slow()
    slow.go.set()
    async with ClosingReports(session, job(tmp_path), slow.maker):
        session.pass_time(10 * 86_400_000)
        await asyncio.sleep(0)
    assert slow.asked == 1


async def test_an_exchange_nobody_knows_is_told_and_the_end_reported(tmp_path: Path) -> None:
    session, slow = Fake(tmp_path, "XXXX", 0), Slow()
    slow.go.set()
    async with ClosingReports(session, job(tmp_path), slow.maker):
        pass
    assert "No reports at the market's closes" in session.told[0]
    assert session.told[1:] == ["Report: report 1"]


async def test_a_process_makes_the_reports_out_of_the_journal(tmp_path: Path) -> None:
    with closing(JournalWriter(journal_path(tmp_path, NAME))) as writer:
        writer.append(run(engine({COIN: []}), [bar(minute, 100.0) for minute in range(5)]))
    made = await asyncio.to_thread(Process(job(tmp_path, "json", "md")).make, 60.0)
    assert made == Outcome((str(tmp_path / f"{NAME}.report.json"), str(tmp_path / f"{NAME}.report.md")))
    assert json.loads((tmp_path / f"{NAME}.report.json").read_text())["sessions"][0]["bars"] == 5


async def test_what_fails_is_told_and_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await asyncio.to_thread(Process(job(tmp_path)).make, 60.0)
    assert not made.written
    assert f"no session '{NAME}'" in made.problem
    too_slow = await asyncio.to_thread(Process(job(tmp_path)).make, 0.0)
    assert "longer than 0 seconds" in too_slow.problem
    stopped = Process(job(tmp_path))
    stopped.stop()
    assert stopped.make() == Outcome()
    monkeypatch.setattr(sys, "executable", os.fspath(tmp_path / "nothing"))
    assert Process(job(tmp_path)).make().problem == "No such file or directory"


async def test_reports_are_mailed_and_one_that_cannot_be_is_told_at_the_start(tmp_path: Path) -> None:
    with post_office() as (mail, desk):
        session = Fake(tmp_path, "", 0)
        async with ClosingReports(session, job(tmp_path, "csv", mail=mail, email_to=("a@example.org",))):
            pass
    (post,) = desk.posts
    assert [each.get_filename() for each in post.message.iter_attachments()] == [f"{NAME}.report.csv"]
    assert session.told == [f"Report: {tmp_path / f'{NAME}.report.csv'}"]
    assert session.levels == [Level.INFO]
    (tmp_path / "other").mkdir()
    session, slow = Fake(tmp_path / "other", "", 0), Slow()
    slow.go.set()
    async with ClosingReports(session, job(tmp_path, email_to=("a@example.org",)), slow.maker):
        assert session.told == ["Reports will not be mailed: no mail can be sent: mail.host names no server"]
        assert session.levels == [Level.WARNING]


def test_a_session_without_a_screen_waits_for_its_report_and_says_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--duration", "5", "--speed", "0", "--sessions-dir", str(tmp_path), "--set", "report.at_close=md,csv"]
    assert cli.main(["run", *options]) == 0
    (path,) = tmp_path.glob("*.report.md")
    assert f"Report: {path}" in capsys.readouterr().out
    assert "ended: the configured duration is over" in path.read_text()
    assert len(list(tmp_path.glob("*.report.csv"))) == 1
