"""Follows the journal of a session, whether it ended last month or is being written, and keeps what pages are shown."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, time
from typing import Final

from msgspec import Struct

from sentio_tui.engine.state import State
from sentio_tui.engine.view import Viewer
from sentio_tui.journal.catalogue import find
from sentio_tui.journal.growing import GrowingJournal
from sentio_tui.journal.names import DOCUMENT
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AnyEvent, BarReceived, Mode, OrderFilled, Phase, SessionStarted
from sentio_tui.sessions.recorded import viewer_of
from sentio_tui.sessions.running import run_of
from sentio_tui.web.answers import Metrics, document_of, encode, metrics_of
from sentio_tui.web.charts import PriceChart
from sentio_tui.web.messages import Update
from sentio_tui.web.parts import Parts, parts_of
from sentio_tui.web.picture import Seen, Tables, place_of
from sentio_tui.web.pieces import Standing

SLICE: Final = 0.05
"""Seconds of reading and folding at one go, so that the sockets of the process are served in between."""

CLOCK: Final = 1_000
"""Milliseconds between two pictures of a market of now of which nothing is written: what it last said grows older, also
where the session's process hangs."""

_OF_NOW: Final = frozenset({Mode.PAPER, Mode.LIVE})


class CannotFollow(Exception):
    """The session cannot be shown; says why, for a person."""


class Frame(Struct, frozen=True):
    """A message, encoded, and what a page has that got it. Without `data` there is nothing new."""

    data: bytes
    seen: Seen


class Follower:
    """One session of a folder. Its methods take time and are for one thread at a time."""

    def __init__(self, folder: Path, name: str, wall: Callable[[], float] = time) -> None:
        """`wall` is the wall clock in seconds since 1970."""
        self.name = name
        self._wall = wall
        self._folder = folder
        self._path = folder
        """Of the journal, once it is open."""
        self._journal: GrowingJournal | None = None
        self._tables: Tables | None = None
        self._viewer: Viewer | None = None
        self._contradiction = ""
        self._parts: Parts | None = None
        self._seen: Seen | None = None
        """What a page has that was told everything. It is one object for all pages, so that they share what comes."""
        self._whole: Frame | None = None
        self._updates: dict[int, tuple[Seen, Frame]] = {}
        """By the identity of what a page had. Both are of the newest parts."""
        self.is_read = False
        """Whether the journal was once read to its end."""
        self.share = 0.0
        """How much of it has been read, 0.0 to 1.0."""

    @property
    def seq(self) -> int:
        """The number of the last event that is shown; 0 before the first."""
        return 0 if self._parts is None else self._parts.status.seq

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def advance(self, seconds: float = SLICE) -> bool:
        """Read on for so long at the most; whether there is more to read right now.

        Raises UnknownSession, CannotFollow where there is no journal, or not one event of it can be read, OSError.
        """
        journal = self._opened()
        until = monotonic() + seconds
        while not self._contradiction and (events := journal.read()):
            self._fold(events)
            if monotonic() >= until:
                self.share = journal.share
                return True
        self.share = 1.0
        self.is_read = True
        if self._tables is None:
            raise CannotFollow(
                self._contradiction or journal.problem or journal.torn or "its journal has no events yet"
            )
        self._picture(journal)
        return False

    def whole(self) -> Frame:
        """All of it. Raises CannotFollow before it was read."""
        tables, parts, now = self._shown()
        if self._whole is None:
            self._whole = Frame(encode(tables.whole(parts)), now)
        return self._whole

    def update(self, seen: Seen) -> Frame:
        """What a page does not have; all of it where the journal is another one than the page was told of. Raises
        CannotFollow before it was read."""
        tables, parts, now = self._shown()
        if seen.tables is not tables:
            return self.whole()
        known = self._updates.get(id(seen))
        if known is None:
            update = tables.update(parts, seen)
            is_empty = update == Update(file=update.file)
            known = seen, Frame(b"" if is_empty else encode(update), now)
            self._updates[id(seen)] = known
        return known[1]

    def document(self) -> bytes:
        """The summary document of this moment. Raises CannotFollow before it was read, ValueError, OSError."""
        tables, _, _ = self._shown()
        return document_of(tables.state, self._path)

    def metrics(self) -> Metrics:
        """Its figures. Raises CannotFollow before it was read."""
        tables, parts, _ = self._shown()
        return metrics_of(tables.state, parts.status.standing)

    def _shown(self) -> tuple[Tables, Parts, Seen]:
        if self._tables is None or self._parts is None or self._seen is None:
            raise CannotFollow("its journal is being read")
        return self._tables, self._parts, self._seen

    def _opened(self) -> GrowingJournal:
        journal = self._journal
        if journal is not None and not journal.is_current:
            # Removed, packed, or cut by who goes on with it: what stands there now counts.
            journal.close()
            self._journal = self._tables = self._viewer = self._parts = None
            self._contradiction = ""
            self.is_read = False
            journal = None
        if journal is None:
            path = Path(find(self._folder, self.name).path)
            if path.name == self.name + DOCUMENT:
                raise CannotFollow("only the summary of this session is there; without its journal it cannot be shown")
            self._journal = journal = GrowingJournal(path)
            self._path = path
        return journal

    def _fold(self, events: Sequence[AnyEvent]) -> None:
        rest = iter(events)
        tables = self._tables or self._begun(next(rest))
        if tables is None:
            return
        state, prices, places = tables.state, tables.prices, tables.places
        try:
            for event in rest:
                state.apply(event)
                kind = type(event)
                if kind is BarReceived and isinstance(event, BarReceived):
                    chart = prices.get(event.bar.symbol)
                    if chart is not None and not event.bar.backfilled:
                        chart.take(event.bar)
                elif kind is OrderFilled:
                    places.append(place_of(state, prices, state.executions[-1]))
        except (ValueError, LookupError) as error:
            why = f"nothing is known of {error}" if isinstance(error, LookupError) else error
            self._contradiction = f"event {state.seq + 1:,} of the journal contradicts those before it: {why}"
        tables.curve.follow(state.curve)

    def _begun(self, first: AnyEvent) -> Tables | None:
        if not isinstance(first, SessionStarted):
            self._contradiction = "its journal does not begin with the start of a session"
            return None
        try:
            state = State(first)
        except (ValueError, LookupError) as error:
            self._contradiction = f"its journal does not begin as one does: {error}"
            return None
        driving = dict.fromkeys(symbol for book in state.info.books for symbol in book.driving)
        self._tables = Tables(state, {symbol: PriceChart(len(driving)) for symbol in driving})
        self._viewer = viewer_of(state)
        return self._tables

    def _picture(self, journal: GrowingJournal) -> None:
        """Keep the parts as they are until one of them changes."""
        tables, viewer = self._tables, self._viewer
        assert tables is not None
        assert viewer is not None
        state, before = tables.state, self._parts
        standing = self._standing(state)
        problem = self._contradiction or journal.problem or (journal.torn if standing != "running" else "")
        at = self._at(state, standing)
        if before is not None:
            told = before.status
            if (told.seq, told.standing, told.problem, told.at) == (state.seq, standing, problem, at):
                return
        self._parts = parts_of(state, viewer.snapshot(at), standing, problem)
        self._seen = tables.seen(self._parts)
        self._whole = None
        self._updates.clear()

    def _at(self, state: State, standing: Standing) -> Millis:
        """Market time of the picture: that of the newest event, or now where the market is one of now."""
        if standing != "running" or state.info.mode not in _OF_NOW or state.phase is Phase.ENDED:
            return state.at
        now = int(self._wall() * 1000)
        return max(state.at, now - now % CLOCK)

    def _standing(self, state: State) -> Standing:
        running = None
        with suppress(OSError):  # a lock that cannot be read is held by nobody we could name
            running = run_of(self._folder, self.name)
        if running is not None:
            return "running"
        return "ended" if state.phase is Phase.ENDED else "interrupted"
