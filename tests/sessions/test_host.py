"""What a host refuses, and that no viewer, slow, dead or mad, is in the way of the session."""

import asyncio
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from sentio_tui.journal.reader import read_all
from sentio_tui.model.commands import Pause
from sentio_tui.model.events import Level, Noted
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions import wire
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.attached import NotAttached, glance
from sentio_tui.sessions.host import VIEWERS, Host
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.outbox import FRAMES, KEPT, WAITING, Outbox
from sentio_tui.sessions.running import Running
from tests.sessions.places import simulated
from tests.sessions.serving import PATIENCE, Stage, Told, endless, stage, until


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path / "sessions") as made:
        yield made


def hello(who: str = "raw", after: int | None = None) -> bytes:
    return wire.encode(wire.Hello(wire.PROTOCOL, "0.1", who, read_only=False, after=after))


def talk(found: Running, speak: Callable[[ClientConnection], Awaitable[None]]) -> None:
    """Say what a viewer of ours never would."""

    async def run() -> None:
        async with unix_connect(
            found.socket, uri="ws://x/", compression=None, max_size=wire.FROM_HOST, close_timeout=1.0
        ) as connection:
            async with asyncio.timeout(PATIENCE):
                await speak(connection)

    asyncio.run(run())


async def heard(connection: ClientConnection) -> wire.FromHost:
    return wire.from_host(await connection.recv())


async def refusal(connection: ClientConnection) -> str:
    """Why the host sends this viewer away; what it says before that is passed over."""
    while True:
        message = await heard(connection)
        if isinstance(message, wire.Refused):
            with pytest.raises(ConnectionClosed):
                await connection.recv()
            return message.why


def goes_on(session: LiveSession) -> bool:
    """Whether the session takes in what comes."""
    seen: list[int] = []
    session._call(lambda: seen.append(session.newest().seq))
    until(lambda: seen)
    later: list[int] = []

    def has_moved() -> bool:
        session._call(lambda: later.append(session.newest().seq))
        return bool(later) and later[-1] > seen[0]

    until(has_moved)
    return not session.is_over


def test_another_version_is_refused_with_words_that_say_what_to_do(served: Stage) -> None:
    session = served.run()

    async def speak(connection: ClientConnection) -> None:
        await connection.send(wire.encode(wire.Hello(wire.PROTOCOL + 1, "9.9", "raw", read_only=False)))
        assert "Attach with the version that runs the session" in await refusal(connection)

    talk(served.found(), speak)
    assert goes_on(session)


def test_a_viewer_of_another_version_says_so(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    served.run()
    found, real = served.found(), wire.encode
    older = wire.Hello(wire.PROTOCOL - 1, "0.0.1", "x", read_only=False)
    monkeypatch.setattr(wire, "encode", lambda message: real(older if isinstance(message, wire.Hello) else message))
    with pytest.raises(NotAttached, match=r"you have sentio-tui 0\.0\.1 \(protocol 0\)"):
        served.attach(found=found)


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        ([b"\xc1garbage"], "cannot be read"),
        ([wire.encode(wire.TakeWheel(1))], "cannot be read"),
        ([hello(), hello()], "a second introduction"),
        ([hello(), b""], "cannot be read"),
        ([hello(), "text"], "all of ours are binary"),
    ],
    ids=["garbage", "no introduction", "two introductions", "nothing", "text"],
)
def test_who_does_not_keep_to_the_protocol_is_told_and_sent_away(
    served: Stage, frames: list[bytes | str], why: str
) -> None:
    session = served.run()

    async def speak(connection: ClientConnection) -> None:
        for frame in frames:
            await connection.send(frame)
        assert why in await refusal(connection)

    talk(served.found(), speak)
    until(lambda: session.wheel.viewers == ())
    assert goes_on(session)


def test_a_frame_that_is_too_long_closes_the_line(served: Stage) -> None:
    session = served.run()

    async def speak(connection: ClientConnection) -> None:
        await connection.send(hello())
        await connection.send(b"x" * (wire.FROM_VIEWER + 1))
        with pytest.raises(ConnectionClosedError, match="1009"):
            await refusal(connection)

    talk(served.found(), speak)
    until(lambda: session.wheel.viewers == ())
    assert goes_on(session)


def test_who_says_nothing_is_sent_away(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentio_tui.sessions.host.INTRODUCTION", 0.2)
    session = served.run()

    async def speak(connection: ClientConnection) -> None:
        assert "no word for 0.2 s" in await refusal(connection)

    talk(served.found(), speak)
    assert goes_on(session)


def test_bytes_that_are_no_web_socket_do_no_harm(served: Stage) -> None:
    session = served.run()
    found = served.found()
    for data in (b"", b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n", os.urandom(100_000)):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(found.socket)
            try:
                raw.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                continue
    assert goes_on(session)
    served.attach()


def test_there_is_an_end_to_viewers(served: Stage) -> None:
    session = served.run()
    for number in range(VIEWERS):
        served.attach(f"viewer {number}")
    assert len(session.wheel.viewers) == VIEWERS
    with pytest.raises(NotAttached, match=f"{VIEWERS} viewers look at this session already"):
        served.attach("one more")


def test_another_user_is_refused_by_the_kernel_s_word(tmp_path: Path) -> None:
    with stage(tmp_path / "sessions") as served:
        session = assemble(endless(), served.folder)
        session.serve(Host(session, [served.sockets], owner=os.getuid() + 1))
        session.start()
        try:
            with pytest.raises(NotAttached, match=f"belongs to user {os.getuid() + 1}, and you are user {os.getuid()}"):
                glance(served.found())
        finally:
            session.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_is_refused_even_where_the_folder_lets_one_through(served: Stage) -> None:
    served.run()
    path = Path(served.found().socket)
    for open_to_all in (path, *path.parents[:2]):
        open_to_all.chmod(0o777)
    ask = f"""\
        import os, socket
        os.setgid(65534); os.setuid(65534)
        raw = socket.socket(socket.AF_UNIX); raw.connect({str(path)!r})
        raw.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n")
        print(raw.makefile("rb").read().decode())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(ask)], capture_output=True, text=True, check=True)
    assert "403 Forbidden" in done.stdout
    assert "This session belongs to user 0, and you are user 65534." in done.stdout


def test_what_keeps_it_from_serving_is_told_and_the_session_trades(tmp_path: Path) -> None:
    wrong = Path("/dev/null")
    session = assemble(endless(), tmp_path / "sessions")
    session.serve(Host(session, [wrong]))
    session.start()
    told = Told(session)
    until(lambda: told.notices())
    assert told.notices() == [f"Nobody can attach to this session: {wrong} cannot be used: File exists"]
    assert goes_on(session)
    session.close()
    assert not any(isinstance(event, Noted) and event.code == "wheel" for event in read_all(session.journal).events)


def test_a_socket_of_a_dead_process_is_removed_and_that_is_said(served: Stage) -> None:
    served.sockets.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(served.sockets / "live_20250106_140000-00000000.sock"))
    session = served.run()
    told = Told(session)
    until(lambda: told.notices())
    assert "Removed what dead processes had left" in told.notices()[0]
    assert "live_20250106_140000-00000000.sock" in told.notices()[0]
    assert len(list(served.sockets.iterdir())) == 1


def test_one_that_never_reads_holds_nobody_up_and_costs_a_bounded_memory(served: Stage) -> None:
    session = served.run(simulated(minutes=0.0, speed=0.0))
    found = served.found()

    async def speak(connection: ClientConnection) -> None:
        await connection.send(hello("stuck"))
        connection.transport.pause_reading()
        attached = await asyncio.to_thread(served.attach, "ann@pts/1")
        seen = attached.snapshot()
        assert seen is not None

        def moved() -> bool:
            now = attached.snapshot()
            return now is not None and now.seq > seen.seq + 20_000

        await asyncio.to_thread(until, moved)
        assert "stuck" in session.wheel.viewers
        connection.transport.abort()

    talk(found, speak)
    until(lambda: "stuck" not in session.wheel.viewers)


class Stuck:
    """A connection whose other side does not read."""

    def __init__(self) -> None:
        self.sent: list[wire.FromHost] = []
        self.reads = asyncio.Event()
        self.aborted = asyncio.Event()
        self.is_closed = False

    async def send(self, frame: bytes) -> None:
        await self.reads.wait()
        self.sent.append(wire.from_host(frame))

    async def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.aborted.set()


def note(number: int) -> wire.Happened:
    return wire.Happened((Noted(number, 0, Level.ALARM, "code", f"note {number}"),))


async def test_of_snapshots_the_newest_is_sent_and_of_events_all() -> None:
    line = Stuck()
    box = Outbox(line, line.abort)
    sending = asyncio.create_task(box.send())
    for number in range(1, 51):
        box.tell(wire.encode(note(number)), 1)
        box.show(wire.encode(wire.Reply(number, "stands for a snapshot")))
    line.reads.set()
    box.finish(wire.encode(wire.Over("")))
    await sending
    assert line.sent == [
        *(note(number) for number in range(1, 51)),
        wire.Reply(50, "stands for a snapshot"),
        wire.Over(""),
    ]
    assert line.is_closed


@pytest.mark.parametrize("frames", [FRAMES + 1, WAITING // 500 + 1])
async def test_who_falls_behind_is_cut_with_a_reason_and_may_come_back(frames: int) -> None:
    line = Stuck()
    box = Outbox(line, line.abort)
    sending = asyncio.create_task(box.send())
    await asyncio.sleep(0)
    for number in range(frames):
        box.tell(wire.encode(note(number)), 1 if frames > FRAMES else 500)
    box.tell(wire.encode(note(0)), 1)
    line.reads.set()
    async with asyncio.timeout(PATIENCE):
        await sending
    last = line.sent[-1]
    assert isinstance(last, wire.Refused)
    assert last.again
    assert "events were waiting for this screen" in last.why
    assert len(line.sent) <= 2


async def test_who_does_not_even_read_the_reason_is_cut_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentio_tui.sessions.outbox.FAREWELL", 0.01)
    line = Stuck()
    box = Outbox(line, line.abort)
    sending = asyncio.create_task(box.send())
    box.tell(wire.encode(note(1)), 1)
    box.cut("slow")
    async with asyncio.timeout(PATIENCE):
        await line.aborted.wait()
    sending.cancel()


def test_commands_of_a_viewer_reach_the_engine_in_their_order_and_are_answered(served: Stage) -> None:
    session = served.run()

    async def speak(connection: ClientConnection) -> None:
        await connection.send(hello())
        for number in range(5):
            await connection.send(wire.encode(wire.Order(number, Pause())))
        replies: list[wire.Reply] = []
        while len(replies) < 5:
            if isinstance(message := await heard(connection), wire.Reply):
                replies.append(message)
        assert replies == [wire.Reply(number, "") for number in range(5)]

    talk(served.found(), speak)
    assert goes_on(session)


def test_as_many_events_are_kept_as_may_wait() -> None:
    assert KEPT < WAITING


def test_a_session_that_cannot_be_shown_is_said_to_be_so_and_ends_in_order(served: Stage) -> None:
    session = served.run()
    ann = served.attach()
    told = Told(session)

    def broken() -> Snapshot:
        raise ArithmeticError("no figure")

    session.newest = broken  # type: ignore[method-assign]  # what a mistake in a figure would do
    until(lambda: ann.is_over)
    assert ann.failure == "the session cannot be shown any more: no figure"
    assert told.notices() == ["Viewers were cut off: the session cannot be shown any more: no figure"]
    session.close()
    assert session.failure == ""
