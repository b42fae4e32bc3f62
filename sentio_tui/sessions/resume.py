"""Going on with a session that broke off, exactly where it did."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path

import msgspec
from msgspec.structs import replace

from sentio_tui.brokers.silent import SilentBroker
from sentio_tui.config import ConfigError
from sentio_tui.engine.words import words
from sentio_tui.feeds.base import Feed
from sentio_tui.journal.catalogue import SessionState, find, listing
from sentio_tui.journal.lock import LockHeld, SessionLock
from sentio_tui.journal.names import PACKED_JOURNAL, iso, journal_path, session_lock_path
from sentio_tui.journal.reader import JournalDamaged, head, read_all, repair
from sentio_tui.model.bars import Bar
from sentio_tui.model.events import AnyEvent, BarDropped, BarReceived, SessionInfo, SessionStarted
from sentio_tui.sessions.assemble import Plan, outside, plan_of, session_of
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.markets import feed_of
from sentio_tui.sessions.permit import NONE, Permit
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.rerun import Difference, rerun
from sentio_tui.sessions.versions import changes, data_of, versions_of
from sentio_tui.settings import Settings


class NotResumed(Exception):
    """The session cannot go on: says why, and what can be done instead."""


def interrupted(folder: Path) -> str:
    """The name of the only interrupted session there is. Raises NotResumed for none or several, OSError."""
    found = listing(folder)
    names = [each.name for each in found if each.state is SessionState.INTERRUPTED]
    if len(names) == 1:
        return names[0]
    if names:
        raise NotResumed(f"{folder}: {len(names)} sessions were interrupted, name one of {', '.join(names)}")
    running = ", ".join(each.name for each in found if each.state is SessionState.RUNNING)
    there = f"; {running} runs, and `sentio-tui attach` looks at it" if running else ""
    raise NotResumed(f"{folder}: no session was interrupted{there}")


def settings_of(folder: Path, name: str) -> Settings:
    """The configuration a session was started with. Raises UnknownSession, NotResumed, OSError."""
    path = Path(find(folder, name).path)
    try:
        return recorded_settings(head(path).info)
    except JournalDamaged as error:
        raise NotResumed(str(error)) from None


def resume(folder: Path, name: str, speed: float | None = None, permit: Permit = NONE) -> LiveSession:
    """The session, ready to start where it broke off; `speed` replaces the recorded one of a history. A torn end is cut
    off. One that trades an account at Alpaca needs all of `permit` again.

    Raises UnknownSession, NotResumed where it cannot go on, FeedError where its data cannot be read any more,
    NotPermitted, NotOpened where Alpaca cannot be traded with, JournalError where it cannot be written, OSError.
    """
    listed = find(folder, name)
    if listed.state is SessionState.ENDED:
        raise NotResumed(f"{name} has ended; look at it with `sentio-tui replay {name}`")
    if listed.path.endswith(PACKED_JOURNAL):
        raise NotResumed(f"{listed.path}: unpack it first (gunzip), then resume it")
    now = time.time_ns() // 1_000_000
    lock = SessionLock(session_lock_path(folder, name), name, now)
    try:
        lock.acquire()
    except LockHeld as error:
        raise NotResumed(str(error)) from None
    try:
        return _resumed(folder, name, now, speed, lock, permit)
    except BaseException:  # whatever it is, the lock would hold the session until the process ends
        lock.release()
        raise


def _resumed(folder: Path, name: str, now: int, speed: float | None, lock: SessionLock, permit: Permit) -> LiveSession:
    path = journal_path(folder, name)
    try:
        content = read_all(path)
    except FileNotFoundError:
        raise NotResumed(f"{path}: there is no journal to go on with") from None
    except JournalDamaged as error:
        raise NotResumed(f"{error} Look at those with `sentio-tui replay {name}`.") from None
    events = content.events
    if not events or not isinstance(events[0], SessionStarted):
        raise NotResumed(f"{path}: it broke off before its first event; there is nothing to go on with")
    started = events[0]
    plan = plan_for(started.info)
    silent = SilentBroker()
    engine = plan.engine(started.info, started.at, silent)
    again = rerun(engine, events)
    versions = versions_of([book.strategy for book in plan.infos])
    if again.difference is not None:
        raise NotResumed(
            f"{name} cannot go on: {in_words(again.difference, changes(started.info.versions, versions))}. "
            f"Look at it with `sentio-tui replay {name}`."
        )
    if speed is not None and plan.settings.feed.kind != "alpaca":
        plan = replace(plan, settings=replace(plan.settings, feed=replace(plan.settings.feed, speed=speed)))
    with ExitStack() as undone:
        held = outside(plan, now, permit, goes_on=True)
        if held is not None:
            undone.callback(held.release)
            if held.mark != started.info.account:
                raise NotResumed(f"{name} traded another account than the one your keys open ({held.opened.number})")
        since = {symbol: bar.time for symbol, bar in engine.state.bars.items()}
        feed = feed_of(plan.settings, plan.instruments, plan.hours, plan.family, since)
        _expect_same(feed, events)
        changed = tuple(changes(started.info.versions | started.info.data, versions | data_of(started.info.data)))
        if content.torn:
            repair(path)
        recorder = Recorder.resume(folder, name, len(events), lock)

        def opening() -> Sequence[AnyEvent]:
            at = max(now, engine.state.at) if feed.is_live else engine.state.at
            return [*again.rest, *engine.resume(now, versions, content.torn or "", changed, at)]

        session = session_of(plan, engine, feed, recorder, opening, again.position, events, held=held, silent=silent)
        undone.pop_all()
    return session


def _expect_same(feed: Feed, events: Sequence[AnyEvent]) -> None:
    """The next bar is found by counting: a feed of history that gives others than it gave would go on elsewhere, and
    trade on. Raises NotResumed with the first bar that differs, FeedError."""
    known = [event.bar for event in events if isinstance(event, BarReceived | BarDropped)]
    if not known or feed.is_live:
        return
    for number, (bar, now) in enumerate(zip_longest(known, asyncio.run(_first(feed, len(known)))), 1):
        # A figure that is no number equals nothing, itself included.
        if bar != now and repr(bar) != repr(now):
            raise NotResumed(
                f"the data are not those of this session any more: bar {number:,} was {_shown(bar)}, now it is "
                f"{'missing' if now is None else _shown(now)}. Put them back as they were; "
                "`sentio-tui replay` shows what the session did"
            )


async def _first(feed: Feed, count: int) -> list[Bar]:
    """The first bars of a feed, as many as there are."""
    bars: list[Bar] = []
    async for batch in feed.batches():
        bars += [item for item in batch if isinstance(item, Bar)]
        if len(bars) >= count:
            break
    return bars[:count]


def _shown(bar: Bar) -> str:
    return f"{bar.symbol} {iso(bar.time)} O:{bar.open} H:{bar.high} L:{bar.low} C:{bar.close} V:{bar.volume}"


def plan_for(info: SessionInfo) -> Plan:
    """What a recorded session was made of. Raises NotResumed where this version cannot make it any more."""
    settings = recorded_settings(info)
    try:
        return plan_of(settings)
    except ConfigError as error:
        raise _foreign(info, error) from None


def recorded_settings(info: SessionInfo) -> Settings:
    """The configuration in a journal's first event. Raises NotResumed where this version cannot read it."""
    try:
        return msgspec.convert(info.settings, Settings)
    except msgspec.ValidationError as error:
        raise _foreign(info, error) from None


def _foreign(info: SessionInfo, error: Exception) -> NotResumed:
    made_by = info.versions.get("sentio-tui", "an unknown version")
    return NotResumed(f"{info.name}: its configuration is that of {made_by}, which this version cannot use: {error}")


def in_words(difference: Difference, changed: Sequence[str]) -> str:
    """The first difference, and what may explain it."""
    made = difference.made
    recorded = difference.recorded
    now = f"now {_told(made)}" if made is not None else "now nothing"
    why = f"; {', '.join(changed)}" if changed else "; no version has changed"
    return f"event {recorded.seq} differs (recorded {_told(recorded)}, {now}{why})"


def _told(event: AnyEvent) -> str:
    return words(event, None) or f"{type(event).__name__} {event}"
