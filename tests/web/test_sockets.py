"""The websocket of a page: what it is told from the first message to the last, whatever the session and the page do."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from socket import SHUT_RDWR
from typing import cast

import pytest
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import session_lock_path
from sentio_tui.journal.reader import repair
from sentio_tui.web import follower, sockets
from sentio_tui.web import hub as hubs
from sentio_tui.web.hub import Channel, Hub
from sentio_tui.web.messages import FROM_PAGE, RATE, VERSION
from tests.sessions.serving import endless, stage, until
from tests.web.page import Page
from tests.web.recordings import Growing
from tests.web.serving import PATIENCE, Reader, Served, served


@pytest.fixture
def growing(tmp_path: Path) -> Growing:
    return Growing(tmp_path)


@pytest.fixture
def server(growing: Growing) -> Iterator[Served]:
    with served(growing.path.parent) as made:
        yield made


def test_page_is_told_everything_and_then_what_is_new(server: Served, growing: Growing) -> None:
    growing.write(400)
    with server.watch() as socket:
        reader = Reader(socket)
        hello = reader.next()
        assert (hello["type"], hello["version"]) == ("hello", VERSION)
        assert {"name": "sentio-dark", "is_dark": True} in hello["themes"]
        assert reader.next()["type"] == "sessions"
        reader.until("session", growing.name)
        growing.write_until_fills(8)
        while len(reader.page.shown["fills"]["number"]) < 8:
            assert reader.next()["type"] in ("update", "sessions")
        growing.write()
        reader.until_seq(growing.count)
        reader.until_standing("ended")
    with server.watch(growing.name) as socket:
        fresh = Reader(socket)
        fresh.until("session")
    assert fresh.page.shown == reader.page.shown


def test_nothing_new_is_no_message_but_a_beat(
    server: Served, growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "BEAT", 1.5 / RATE)  # between two looks at the journal
    growing.write()
    with server.watch() as socket:
        Reader(socket).until("session")
        assert [socket.recv(timeout=PATIENCE) for _ in range(3)] == ['{"type":"beat"}'] * 3


def test_page_chooses_another_session_and_one_there_is_not(server: Served, growing: Growing, tmp_path: Path) -> None:
    growing.write()
    other = tmp_path / "live_20250106_143000.jsonl"
    other.write_bytes(b"{}\n")
    with server.watch(growing.name) as socket:
        reader = Reader(socket)
        reader.until("session", growing.name)
        reader.say(type="watch", file=other.stem)
        assert "damaged at line 1" in reader.until("problem", other.stem)["text"]
        reader.say(type="watch", file="live_20250106_143001")
        assert "no session" in reader.until("problem", "live_20250106_143001")["text"]
        reader.say(type="watch", file="")
        reader.until("session", growing.name)


def test_first_session_is_shown_when_it_comes(tmp_path: Path) -> None:
    with served(tmp_path / "new") as server, server.watch() as socket:
        reader = Reader(socket)
        assert reader.until("problem")["file"] == ""
        (tmp_path / "new").mkdir()
        growing = Growing(tmp_path / "new")
        growing.write(50)
        reader.until("session", growing.name)


def test_session_that_is_watched_ends_and_one_that_breaks_off_says_so(server: Served, growing: Growing) -> None:
    growing.write(300)
    with server.watch(growing.name) as socket:
        reader = Reader(socket)
        with SessionLock(session_lock_path(growing.path.parent, growing.name), growing.name, 0):
            reader.until_standing("running")
        reader.until_standing("interrupted")
        assert reader.page.shown["status"]["phase"] == "running"


def test_session_that_is_resumed_goes_on_on_the_page(server: Served, growing: Growing) -> None:
    growing.write(300)
    growing.tear()
    with server.watch(growing.name) as socket:
        reader = Reader(socket)
        reader.until("session")
        assert "not whole" in reader.page.shown["status"]["problem"]
        repair(growing.path)
        growing.write()
        reader.until_seq(growing.count)
        assert reader.page.shown["status"]["problem"] == ""
        assert "problem" not in reader.told


def test_session_that_runs_is_shown_with_its_fills_and_its_end(tmp_path: Path) -> None:
    with stage(tmp_path) as here, served(tmp_path) as server:
        live = here.run(endless())
        with server.watch() as socket:
            reader = Reader(socket)
            reader.until("session", live.name)
            assert reader.page.shown["status"]["standing"] == "running"
            reader.until_seq(50)
            live.close()
            reader.until_standing("ended")
            assert reader.page.shown["status"]["phase"] == "ended"
            assert reader.page.shown["positions"] == []


def test_ten_pages_see_the_same_and_go_away_without_a_trace(server: Served, growing: Growing) -> None:
    growing.write(300)
    with ExitStack() as pages:
        readers = [Reader(pages.enter_context(server.watch(growing.name))) for _ in range(10)]
        for reader in readers:
            reader.until("session")
        growing.write()
        for reader in readers:
            reader.until_seq(growing.count)
            reader.until_standing("ended")
        assert all(reader.page.shown == readers[0].page.shown for reader in readers)
        for reader in readers[5:]:
            reader.socket.socket.shutdown(SHUT_RDWR)  # as a machine that is switched off
    with server.watch(growing.name) as socket:
        Reader(socket).until("session")


def test_more_pages_than_are_served_are_sent_away(
    server: Served, growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PAGES", 2)
    growing.write(50)
    with server.watch() as first, server.watch() as second:
        Reader(first).until("session")
        Reader(second).until("session")
        with server.watch() as third:
            assert _close_code(third) == 1013
    until(lambda: _is_served(server), "a place was free again")


def _close_code(socket: ClientConnection) -> int | None:
    """What the server closes with, after whatever it still says."""
    try:
        while True:
            socket.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


def _is_served(server: Served) -> bool:
    with server.watch() as socket:
        try:
            Reader(socket).until("session")
        except ConnectionClosed:
            return False
    return True


def test_more_sessions_than_are_followed_are_refused_in_words(
    tmp_path: Path, growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "MOST", 1)
    growing.write()
    other = tmp_path / "live_20250106_143000.jsonl"
    other.write_bytes(growing.path.read_bytes())
    with served(tmp_path) as server, server.watch(growing.name) as first:
        Reader(first).until("session")
        with server.watch(other.stem) as second:
            assert "1 sessions are watched already" in Reader(second).until("problem")["text"]
        assert server.ask(f"/api/metrics?file={other.stem}").status == 503


def test_session_on_which_the_dashboard_fails_is_not_shown_as_it_was(
    server: Served, growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing.write(300)
    with server.watch(growing.name) as socket:
        reader = Reader(socket)
        reader.until("session")
        monkeypatch.setattr(follower, "parts_of", _failing)
        growing.write(50)
        assert "failed on this session: KeyError: 'unheard of'" in reader.until("problem", growing.name)["text"]
    refused = server.ask(f"/api/metrics?file={growing.name}")
    assert (refused.status, "failed on this session" in refused.json["error"]) == (503, True)


def test_folder_on_which_the_dashboard_fails_is_told(
    server: Served, growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing.write(300)
    with server.watch(growing.name) as socket:
        reader = Reader(socket)
        reader.until("session")
        monkeypatch.setattr(hubs, "listing", _failing)
        assert "KeyError" in reader.until("sessions")["problem"]


def _failing(*_: object) -> None:
    raise KeyError("unheard of")


class _SlowPage:
    """A page that takes one message at a time, when it is let."""

    def __init__(self, file: str) -> None:
        self.query_params = {"file": file}
        self.page = Page()
        self.waiting = 0
        """Messages offered and not taken."""
        self.offered = 0
        self._let = asyncio.Semaphore(0)
        self._took = asyncio.Event()

    async def accept(self) -> None: ...

    async def receive(self) -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError("it waits for ever")

    async def send_text(self, text: str) -> None:
        self.waiting += 1
        self.offered += 1
        await self._let.acquire()
        self.waiting -= 1
        self.page.take(text)
        self._took.set()

    async def take(self) -> None:
        """Take the next message."""
        self._took.clear()
        self._let.release()
        async with asyncio.timeout(PATIENCE):
            await self._took.wait()


class _Turns:
    """Waits for a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._woken = asyncio.Event()
        channel.watchers.add(self)

    def wake(self) -> None:
        self._woken.set()

    async def until_seq(self, seq: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self._channel.follower.seq < seq:
                self._woken.clear()
                await self._woken.wait()


async def test_slow_page_gets_what_it_missed_in_one_message(growing: Growing) -> None:
    """Nothing is kept for a page that does not read: there is one message on its way, and the next one has it all."""
    growing.write(300)
    page = _SlowPage(growing.name)
    async with Hub(growing.path.parent) as hub:
        serving = asyncio.create_task(sockets.serve(cast(WebSocket, page), hub, ()))
        while not page.page.shown:
            await page.take()
        async with hub.channel(growing.name) as channel:
            turns = _Turns(channel)
            for seq in (500, 700, 900, 1_100):
                growing.write(200)
                await turns.until_seq(seq)
                assert page.waiting <= 1
            growing.write()
            await turns.until_seq(growing.count)
        while page.page.shown["status"]["seq"] <= 500:  # what was on its way, and perhaps the list of sessions
            assert page.waiting <= 1
            await page.take()
        assert page.page.shown["status"]["seq"] == growing.count
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@pytest.mark.parametrize("last", ["nothing", "hello", "session"])
async def test_page_that_takes_nothing_any_more_is_given_up(
    growing: Growing, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    growing.write(300)
    page = _SlowPage(growing.name)
    async with Hub(growing.path.parent) as hub:
        serving = asyncio.create_task(sockets.serve(cast(WebSocket, page), hub, ()))
        while last == "session" and not page.page.shown:
            await page.take()
        if last == "hello":
            await page.take()
        monkeypatch.setattr(sockets, "PATIENCE", 0.05)
        before = page.offered - page.waiting
        growing.write(100)
        async with asyncio.timeout(PATIENCE):
            await serving
        assert hub.viewers == 0
        assert page.offered == before + 1  # nothing comes behind a message that was given up


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("x" * (FROM_PAGE + 1), 1009),
        (b"\x00\x01", 1003),
        ("", 1008),
        ("null", 1008),
        ("{", 1008),
        ('{"type":"watch"}', 1008),
        ('{"type":"watch","file":7}', 1008),
        ('{"type":"watch","file":"a","b":1}', 1008),
        ('{"type":"stop"}', 1008),
        ('{"type":"command","command":"flatten"}', 1008),
        ('{"type":"watch","file":"\ud800"}'.encode("utf-8", "surrogatepass"), 1003),
    ],
)
def test_page_that_says_anything_else_is_closed(server: Served, growing: Growing, said: str | bytes, code: int) -> None:
    growing.write(50)
    with server.watch() as socket:
        socket.send(said)
        assert _close_code(socket) == code
    with server.watch() as socket:
        Reader(socket).until("session")


def test_server_that_ends_says_so(growing: Growing) -> None:
    growing.write(50)
    with ExitStack() as closing:
        with served(growing.path.parent) as server:
            socket = closing.enter_context(server.watch())
            Reader(socket).until("session")
        assert _close_code(socket) == 1012
