"""Alerts of real sessions: the engine is not held up, what fires live is what the journal tells, the end waits so long
and no longer, and no secret stands in any file."""

import asyncio
import errno
import json
import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import keyring
import pytest

from sentio_tui.alerts.alert import Alert
from sentio_tui.alerts.service import Alerts, around
from sentio_tui.alerts.watching import alerts_of
from sentio_tui.journal import document_writer
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.names import alerts_path, journal_path
from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import AnyEvent, Level, Noted, OrderFilled
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.base import ALERT, BELL, DESKTOP
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.resume import resume
from sentio_tui.settings import AlertRuleSettings, AlertSettings, AlertTargetSettings, MailSettings, Settings
from tests.alerts.receiving import Receiver
from tests.alerts.reels import every, rule, stopped_out
from tests.engine.scripts import of
from tests.sessions.places import simulated
from tests.sessions.reels import write
from tests.sessions.serving import Told, stage, until

SECRET = "token-4f9a8b7c"
HOOK = AlertTargetSettings("webhook", url_env="HOOK_URL", interval=0.0, timeout=30.0)


def settings(
    rules: dict[str, AlertRuleSettings], patience: float = 60.0, **targets: AlertTargetSettings
) -> AlertSettings:
    return AlertSettings(patience=patience, targets=targets or {"hook": HOOK}, rules=rules)


def accompanied(session: LiveSession, configured: AlertSettings) -> LiveSession:
    alerts = Alerts(session, configured, MailSettings())
    session.listen(alerts.take)
    session.serve(alerts)
    return session


def finished(session: LiveSession) -> list[AnyEvent]:
    session.start()
    assert session.wait(60.0)
    assert session.failure == ""
    return read_all(session.journal).events


def record(session: LiveSession) -> list[dict[str, object]]:
    path = alerts_path(session.journal.parent, session.name)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def hooked(hook: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    monkeypatch.setenv("HOOK_URL", f"{hook.url}/{SECRET}")
    return hook


def plain(alerts: Sequence[Alert]) -> list[tuple[str, int, int, str]]:
    return [(alert.rule, alert.seq, alert.at, alert.text) for alert in alerts]


def test_what_fires_live_is_what_the_journal_tells(hooked: Receiver, tmp_path: Path) -> None:
    rules = every()
    session = accompanied(assemble(simulated(600.0), tmp_path), settings(rules))
    events = finished(session)
    posted = [(each["rule"], each["seq"], each["at"], each["text"]) for each in hooked.alerts()]
    assert posted == plain(alerts_of(events, rules)[1])
    assert {"fill", "daily_loss", "drawdown", "session_ended"} <= {each[0] for each in posted}


def test_everything_sent_is_recorded_and_no_secret_is_anywhere(hooked: Receiver, tmp_path: Path) -> None:
    session = accompanied(
        assemble(simulated(200.0), tmp_path), settings({"fills": rule("fill"), "end": rule("session_ended")})
    )
    events = finished(session)
    rows = record(session)
    assert {row["state"] for row in rows} == {"sent"}
    told = [alert for row in rows for alert in row["alerts"]]  # type: ignore[attr-defined]  # rows of JSON
    assert [alert["seq"] for alert in told] == [event.seq for event in of(events, OrderFilled)] + [events[-1].seq]
    assert set(rows[0]) == {"target", "state", "time", "waited", "took", "attempts", "why", "more", "alerts"}
    for path in tmp_path.iterdir():
        assert SECRET not in path.read_text(encoding="utf-8"), path.name


def test_a_session_without_targets_has_no_alerts_around_it(tmp_path: Path) -> None:
    session = assemble(simulated(), tmp_path)
    assert around(session, Settings(alerts=AlertSettings(rules={"fills": AlertRuleSettings("fill")}))) is None
    assert around(session, Settings(alerts=settings({"fills": rule("fill")}))) is not None
    session.start()
    session.close()


def test_a_variable_that_is_missing_is_a_warning_and_the_rest_goes_on(
    hooked: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHONE_URL", raising=False)
    phone = AlertTargetSettings("apprise", url_env="PHONE_URL", interval=0.0)
    configured = settings({"end": rule("session_ended", 0.0, 0.0, "hook", "phone")}, hook=HOOK, phone=phone)
    session = accompanied(assemble(simulated(60.0), tmp_path), configured)
    heard: list[AnyEvent] = []
    session.listen(heard.extend)
    finished(session)
    why = "the variable PHONE_URL is not set; it has to hold the address of phone"
    assert [note.text for note in of(heard, Noted) if not note.seq] == [f"Alerts do not reach phone: {why}"]
    assert len(hooked.posts) == 1
    assert {(row["target"], row["state"], row["why"]) for row in record(session)} == {
        ("hook", "sent", ""),
        ("phone", "failed", why),
    }


def test_a_keyring_that_hangs_holds_nobody_up(
    hooked: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def hang(service: str, entry: str) -> str:
        asked.set()
        answered.wait()
        return hooked.url

    monkeypatch.setattr(keyring, "get_password", hang)
    kept = AlertTargetSettings("webhook", url_keyring="kept", interval=0.0)
    rules = {"fills": rule("fill", 0.0, 0.0, "hook", "kept")}
    session = accompanied(assemble(simulated(0.0, speed=6000.0), tmp_path), settings(rules, 1.0, hook=HOOK, kept=kept))
    session.start()
    until(asked.is_set)
    until(lambda: len(hooked.posts) > 2)
    session.close()
    assert {(row["target"], row["state"]) for row in record(session)} == {("hook", "sent"), ("kept", "late")}
    answered.set()


def test_a_session_that_is_not_all_on_disk_is_told(
    hooked: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, parts: object) -> None:
        raise JournalError(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr(document_writer, "replace_file", full)
    session = accompanied(assemble(simulated(60.0), tmp_path), settings({"end": rule("session_ended")}))
    session.start()
    assert session.wait(60.0)
    texts = [each["text"] for each in hooked.alerts()]
    assert texts[0].startswith("Session ended: the configured duration is over; equity ")
    assert texts[1].startswith("The session has ended, but not all of the session is on disk: ")


def test_a_target_that_fails_is_told_once_and_when_it_works_again(hooked: Receiver, tmp_path: Path) -> None:
    hooked.answers = [404, 404]
    session = accompanied(assemble(simulated(0.0, speed=6000.0), tmp_path), settings({"fills": rule("fill")}))
    heard: list[AnyEvent] = []
    session.listen(heard.extend)
    session.start()

    def told() -> list[str]:
        return [note.text for note in of(heard, Noted) if not note.seq]

    until(lambda: "Alerts reach hook again" in told())
    session.close()
    first, again = [text for text in told() if "hook" in text and "Waiting" not in text]
    assert first.startswith("Alerts do not reach hook: it answers 404; ")
    assert again == "Alerts reach hook again"
    assert [row["state"] for row in record(session)][:3] == ["failed", "failed", "sent"]


def test_the_end_goes_out_when_a_session_is_interrupted(hooked: Receiver, tmp_path: Path) -> None:
    session = accompanied(assemble(simulated(0.0, speed=600.0), tmp_path), settings({"end": rule("session_ended")}))
    session.start()
    session.close()
    ((_, post),) = hooked.posts
    assert post["text"].startswith("Session ended: by exit; equity ")


def test_the_end_waits_for_a_dead_target_only_so_long_and_says_so(hooked: Receiver, tmp_path: Path) -> None:
    hooked.gate.clear()
    session = accompanied(assemble(simulated(60.0), tmp_path), settings({"end": rule("session_ended")}, patience=2.0))
    heard: list[AnyEvent] = []
    session.listen(heard.extend)
    finished(session)
    texts = [note.text for note in of(heard, Noted) if not note.seq]
    assert texts == [
        "Waiting up to 2 s for the last alerts to hook",
        "Alerts do not reach hook: the session ended before it was done; 1 alert lost",
    ]
    assert [row["state"] for row in record(session)] == ["late"]


def test_a_session_that_breaks_off_is_told(hooked: Receiver, tmp_path: Path) -> None:
    session = assemble(simulated(0.0, speed=600.0), tmp_path)
    accompanied(session, settings({"end": rule("session_ended")}))

    def broken(events: Sequence[AnyEvent]) -> None:
        if of(events, OrderFilled):
            raise MemoryError("no more")

    session.listen(broken)
    session.start()
    assert session.wait(60.0)
    assert session.failure == "MemoryError: no more"
    ((_, post),) = hooked.posts
    assert (post["text"], post["level"]) == ("The session broke off: MemoryError: no more", "alarm")


def test_a_resumed_session_tells_nothing_of_before_and_knows_its_figures(hooked: Receiver, tmp_path: Path) -> None:
    whole = assemble(simulated(300.0), tmp_path / "whole")
    events = finished(whole)
    cut = of(events, OrderFilled)[5].seq
    (tmp_path / "cut").mkdir()
    name = whole.name
    write(journal_path(tmp_path / "cut", name), events[:cut])
    rules = {"fills": rule("fill"), "drawdown": rule("drawdown", 0.01), "end": rule("session_ended")}
    session = accompanied(resume(tmp_path / "cut", name), settings(rules))
    again = finished(session)
    posted = [(each["rule"], each["seq"], each["at"], each["text"]) for each in hooked.alerts()]
    assert posted == [each for each in plain(alerts_of(again, rules)[1]) if each[1] > cut]
    assert {each[0] for each in posted} == {"fills", "end"}, "the drawdown was told before"


class Quiet:
    """Stands in for a session that somebody else runs."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.name = journal.stem
        self.failure = ""
        self.said: list[str] = []
        self.shown: list[Noted] = []

    def say(self, text: str, level: Level = Level.WARNING) -> None:
        self.said.append(text)

    def show(self, notices: Sequence[Noted]) -> None:
        self.shown.extend(notices)


def follow(session: Quiet, configured: AlertSettings, turns: Sequence[Sequence[AnyEvent]], limit: int = 1000) -> None:
    """Everything at once, before anybody looks at it."""

    async def enter() -> None:
        alerts = Alerts(session, configured, MailSettings(), turns=limit)
        for turn in turns:
            alerts.take(turn)
        async with alerts:
            pass

    asyncio.run(enter())


def test_what_found_no_room_in_the_queue_is_read_from_the_journal(hooked: Receiver, tmp_path: Path) -> None:
    events = finished(assemble(simulated(300.0), tmp_path))
    (journal,) = tmp_path.glob("*.jsonl")
    session = Quiet(journal)
    rules = {"fills": rule("fill")}
    turns = [[event] for event in events]
    follow(session, settings(rules), turns, limit=7)
    fills = [event.seq for event in of(events, OrderFilled)]
    assert [each["seq"] for each in hooked.alerts()] == fills
    hooked.posts.clear()
    alerts = Alerts(session, settings(rules), MailSettings(), turns=7)
    alerts.take(turns[0])

    async def behind() -> None:
        async with alerts:
            await asyncio.to_thread(until, lambda: alerts._watch is not None)
            for turn in turns[1:]:  # faster than anybody can look
                alerts.take(turn)

    asyncio.run(behind())
    assert [each["seq"] for each in hooked.alerts()] == fills
    assert session.said == []


def test_events_that_are_nowhere_end_the_alerts_with_a_word(hooked: Receiver, tmp_path: Path) -> None:
    session = Quiet(write(tmp_path / "live_20250106_000000.jsonl", stopped_out()[:4]))
    follow(session, settings(every()), [stopped_out()[8:]])
    (said,) = session.said
    assert said.startswith("Alerts have stopped: ValueError: ")
    assert "events 1 to 8 are not there" in said


def test_a_record_that_cannot_be_written_is_told_once_and_alerts_go_on(hooked: Receiver, tmp_path: Path) -> None:
    session = Quiet(write(tmp_path / "live_20250106_000000.jsonl", stopped_out()))
    alerts_path(tmp_path, session.name).mkdir()
    follow(session, settings({"fills": rule("fill"), "stop": rule("stop_loss")}), [stopped_out()])
    (said,) = session.said
    assert "live_20250106_000000.alerts.jsonl: cannot be written: Is a directory" in said
    assert len(hooked.alerts()) == 3


def test_screens_are_told_what_they_do_not_tell_by_themselves(tmp_path: Path) -> None:
    session = Quiet(tmp_path / "live_20250106_000000.jsonl")
    rules = {
        "fills": rule("fill", 0.0, 0.0, "screen", "desktop"),
        "failed": rule("strategy_error", 0.0, 0.0, "screen", "bell"),
    }
    events = stopped_out()
    failed = Noted(len(events) + 1, events[-1].at, Level.ALARM, "strategy_failed", "it failed")
    follow(session, settings(rules), [[*events, failed]])
    shown = {note.code: note for note in session.shown}
    assert set(shown) == {ALERT, BELL, DESKTOP}
    assert all(note.seq == 0 for note in session.shown)
    assert shown[ALERT].text.startswith("2 fills: BUY ")
    assert "it failed" not in shown[ALERT].text
    assert shown[BELL].text == "Strategy: it failed"
    title, _, body = shown[DESKTOP].text.partition("\n")
    assert title == "live_test (sim): 2 fills"
    assert body == shown[ALERT].text
    assert list(tmp_path.iterdir()) == [], "what goes to screens is not recorded"


def has_rung(told: Told) -> bool:
    return {ALERT, BELL} <= {note.code for note in of(told.pull(), Noted)}


def test_every_screen_hears_of_it_here_and_over_the_socket(tmp_path: Path) -> None:
    with stage(tmp_path) as theatre:
        session = assemble(simulated(0.0, speed=600.0), tmp_path)
        rules = {"fills": rule("fill", 0.0, 0.0, "screen", "bell")}
        theatre.start(accompanied(session, settings(rules)))
        session.snapshot()
        ann = theatre.attach()
        here, there = Told(session), Told(ann)
        for told in (here, there):
            until(partial(has_rung, told))
        text = next(note.text for note in of(there.events, Noted) if note.code == ALERT)
        assert "BUY " in text
        seen = ann._told
        assert seen is not None
        assert seen > 0, "a notice has no number, and takes none away"


def test_a_screen_that_comes_back_is_told_no_notice_again(tmp_path: Path) -> None:
    with stage(tmp_path) as theatre:
        session = theatre.run()
        ann = theatre.attach("ann")
        until(lambda: ann.seat.viewers == 1)
        session.show([Noted(0, 0, Level.INFO, ALERT, "the first")])
        told = Told(ann)
        until(lambda: any(note.text == "the first" for note in of(told.pull(), Noted)))
        theatre.cut("ann", "for a test")
        until(lambda: ann.seat.cut_off)
        until(lambda: not ann.seat.cut_off and ann.seat.viewers == 1)
        session.show([Noted(0, 0, Level.INFO, ALERT, "the second")])
        until(lambda: any(note.text == "the second" for note in of(told.pull(), Noted)))
        assert sum(note.text == "the first" for note in of(told.events, Noted)) == 1


def test_a_notice_takes_no_place_among_the_events_a_host_keeps(tmp_path: Path) -> None:
    """What it has forgotten is told by numbers, and a notice has none."""
    with stage(tmp_path) as theatre:
        theatre.run()
        theatre.hosts[-1]._hear(Noted(0, 0, Level.INFO, ALERT, "an alert"))
        assert all(event.seq for event in theatre.hosts[-1]._events)


def test_nobody_looks_nobody_is_told(tmp_path: Path) -> None:
    session = assemble(simulated(60.0), tmp_path)
    accompanied(session, settings({"fills": rule("fill", 0.0, 0.0, "screen", "bell", "desktop")}))
    finished(session)
    assert [event for event in session.drain() if isinstance(event, Noted)] == []


def test_while_nobody_looks_the_queue_stays_small(tmp_path: Path) -> None:
    alerts = Alerts(Quiet(tmp_path / "live_20250106_000000.jsonl"), settings(every()), MailSettings(), turns=3)
    for event in stopped_out() * 10:
        alerts.take([event])
    assert len(alerts._turns) == 3
