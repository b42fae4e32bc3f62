"""Sessions that are served on a real socket, and how tests look at them and wait."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sentio_tui.model.events import AnyEvent, Noted
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.attached import AttachedSession
from sentio_tui.sessions.host import Host
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.running import Running, choose
from sentio_tui.sessions.wheel import WHEEL
from sentio_tui.settings import Settings
from tests.sessions.places import simulated

PATIENCE = 60.0


def until(condition: Callable[[], object], what: str = "it") -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} never came true"
        time.sleep(0.005)


def endless() -> Settings:
    """A market that trades a bar about every 0.1 s and never ends by itself."""
    return simulated(minutes=0.0, speed=600.0)


class Stage:
    """A folder of sessions, a place for sockets, and what runs there. The place has a short name: the path of a socket
    must be short."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder = folder
        self.sockets = sockets
        self._attached: list[AttachedSession] = []
        self._live: list[LiveSession] = []
        self.hosts: list[Host] = []

    def run(self, settings: Settings | None = None) -> LiveSession:
        """A session that is served, started."""
        return self.start(assemble(settings or endless(), self.folder))

    def start(self, session: LiveSession) -> LiveSession:
        """Serve a session and start it."""
        host = Host(session, [self.sockets])
        session.serve(host)
        session.start()
        self._live.append(session)
        self.hosts.append(host)
        return session

    def cut(self, name: str, why: str) -> None:
        """Let the newest host cut a viewer off."""
        self._live[-1]._call(self.hosts[-1]._viewers[name].cut, why)

    def found(self) -> Running:
        return choose(self.folder, None)

    def attach(
        self,
        who: str = "ann@pts/1",
        *,
        read_only: bool = False,
        found: Running | None = None,
        patience: float = PATIENCE,
    ) -> AttachedSession:
        attached = AttachedSession(found or self.found(), who, read_only=read_only, patience=patience)
        attached.attach()
        self._attached.append(attached)
        return attached

    def close(self) -> None:
        for attached in self._attached:
            attached.close()
        for session in self._live:
            session.close()


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    with TemporaryDirectory(prefix="sentio-") as sockets:
        made = Stage(folder, Path(sockets) / "s")
        try:
            yield made
        finally:
            made.close()


class Told:
    """Collects what a session tells a viewer."""

    def __init__(self, session: LiveSession | AttachedSession) -> None:
        self._session = session
        self.events: list[AnyEvent] = []

    def pull(self) -> list[AnyEvent]:
        self.events.extend(self._session.drain())
        return self.events

    def notices(self) -> list[str]:
        return [event.text for event in self.pull() if isinstance(event, Noted) and event.code == WHEEL]
