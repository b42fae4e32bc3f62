"""Serving the dashboard until somebody ends it."""

import asyncio
import ipaddress
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EADDRINUSE
from typing import Final

import uvicorn

from sentio_tui.web.app import Options, application
from sentio_tui.web.guard import SHORTEST, is_loopback
from sentio_tui.web.messages import FROM_PAGE

CONNECTIONS: Final = 200
"""At one time; more are answered with 503."""

NICE: Final = 5
"""How far a server beside a session steps back behind it where both want the processor."""

FAREWELL: Final = 2
"""Seconds for answers that are on their way when the server ends."""

_TOKEN: Final = re.compile(r"[!-~]+")


class NotServed(Exception):
    """The dashboard cannot be served; says why, for a person."""


def checked_token(host: str, token: str, variable: str) -> str:
    """The token a server on this address asks for; empty for none. Raises NotServed."""
    if not token:
        if is_loopback(host):
            return ""
        raise NotServed(
            f"{host} is reached from other machines, so the dashboard needs a token there: set the environment variable"
            f" {variable} to {SHORTEST} or more characters (for example of `openssl rand -hex 16`)"
        )
    if len(token) < SHORTEST or _TOKEN.fullmatch(token) is None:
        raise NotServed(
            f"the token in {variable} must have {SHORTEST} or more characters, all printable ASCII without spaces"
        )
    return token


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises NotServed."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except OverflowError as error:
        raise NotServed(f"there is no port {port}") from error
    except OSError as error:
        # What the library says names the address once more.
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        hint = " (perhaps another dashboard has it)" if error.errno == EADDRINUSE else ""
        raise NotServed(f"{host}:{port} cannot be listened on: {why}{hint}") from error


def address_of(listening: socket.socket, host: str) -> str:
    """What a person opens in a browser. Where it listens on every address, with the name of this machine."""
    address, port = listening.getsockname()[:2]
    name = socket.gethostname() if ipaddress.ip_address(address).is_unspecified else host.strip("[]")
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"


class Server(uvicorn.Server):
    """A server on a socket that listens already. `begun` is called when it answers."""

    def __init__(self, options: Options, begun: Callable[[], None]) -> None:
        config = uvicorn.Config(
            application(options),
            ws="websockets-sansio",
            ws_max_size=FROM_PAGE,
            ws_per_message_deflate=False,
            http="h11",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=FAREWELL,
        )
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._begun()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are caught outside: the library's way would kill the process once more with each, after its end."""
        yield


def serve(options: Options, listening: socket.socket, begun: Callable[[], None], *, with_parent: bool = False) -> None:
    """Serve until SIGINT or SIGTERM, or, `with_parent`, until the standard input ends. On the main thread."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    asyncio.run(_run(Server(options, begun), listening, with_parent=with_parent))


async def _run(server: Server, listening: socket.socket, *, with_parent: bool) -> None:
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    if with_parent:
        os.nice(NICE)
        loop.add_reader(sys.stdin.fileno(), _read, loop, end)
    await server.serve(sockets=[listening])


def _read(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Nothing is ever written there; it ends with the process that holds the other end."""
    if not os.read(sys.stdin.fileno(), 1024):
        loop.remove_reader(sys.stdin.fileno())
        end()
