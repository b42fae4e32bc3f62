"""Proving a journal: the engine, run again on the recorded inputs, makes the same events, or it is said where not."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from sentio_tui.journal.reader import JournalDamaged, read_all
from sentio_tui.model.events import Phase, SessionStarted
from sentio_tui.sessions.rerun import rerun
from sentio_tui.sessions.resume import NotResumed, in_words, plan_for
from sentio_tui.sessions.versions import changes, versions_of


class Verdict(Struct, frozen=True):
    """What came of running a session again. `identical` counts the events that are the same, of `events` in all.

    `difference` tells the first that is not, empty when all are. `torn` and `damage` tell what of the file could not be
    read: then only the whole events before it were run again. `ended` is whether the session came to its end;
    `changed` are the versions that are not those of the session.
    """

    session: str
    events: int
    identical: int
    difference: str
    torn: str
    damage: str
    ended: bool
    changed: Sequence[str]

    @property
    def is_proved(self) -> bool:
        """Everything that was recorded is the same, and nothing of the file was unreadable."""
        return not self.difference and not self.damage


def verify(path: Path) -> Verdict:
    """Run a journal's engine again. Raises NotResumed where nothing of it can be run, OSError."""
    damage = ""
    try:
        content = read_all(path)
    except JournalDamaged as error:
        content, damage = error.good, str(error)
    events = content.events
    if not events or not isinstance(events[0], SessionStarted):
        raise NotResumed(damage or f"{path}: it has no whole event; there is nothing to verify")
    info = events[0].info
    plan = plan_for(info)
    engine = plan.engine(info, events[0].at)
    again = rerun(engine, events)
    changed = changes(info.versions, versions_of([book.strategy for book in plan.infos]))
    return Verdict(
        session=info.name,
        events=len(events),
        identical=again.same,
        difference="" if again.difference is None else in_words(again.difference, changed),
        torn=content.torn or "",
        damage=damage,
        ended=engine.state.phase is Phase.ENDED and not again.rest,
        changed=changed,
    )
