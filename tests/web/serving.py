"""A real server on a free port of this machine, and how tests speak with it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import msgspec
from websockets.sync.client import ClientConnection, connect

from sentio_tui import paths
from sentio_tui.settings import Settings
from sentio_tui.web.app import Options
from sentio_tui.web.messages import FromServer
from sentio_tui.web.server import Server, listen
from tests.web.page import Page

PATIENCE = 60.0


class Answer:
    """Status, headers and body of a response."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


class Served:
    """A server that runs."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One question. Underscores of header names stand for dashes."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def watch(self, file: str = "", **headers: str) -> ClientConnection:
        """A websocket, as a page opens it."""
        query = f"?file={file}" if file else ""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return connect(
            f"ws://127.0.0.1:{self.port}/api/events{query}",
            additional_headers=named,
            compression=None,
            max_size=None,
            open_timeout=PATIENCE,
        )


@contextmanager
def served(folder: Path, *, session: str = "", token: str = "", is_local: bool = True) -> Iterator[Served]:
    """Serve a folder of sessions."""
    listening = listen("127.0.0.1", 0)
    begun = threading.Event()
    options = Options(
        folder, session, token, is_local=is_local, theme="sentio-dark", theme_dirs=paths.theme_dirs(Settings())
    )
    server = Server(options, begun.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), name="server")
    thread.start()
    try:
        assert begun.wait(PATIENCE)
        yield Served(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listening.close()
        assert not thread.is_alive()


class Reader:
    """Reads what a page is told, and keeps what it would show."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.page = Page()
        self.told: list[str] = []
        """The kinds of the messages, in order."""

    def next(self) -> Any:
        """The next message that is no beat."""
        while True:
            data = self.socket.recv(timeout=PATIENCE)
            message = msgspec.json.decode(data)
            msgspec.json.decode(data, type=FromServer)
            self.page.take(data)
            self.told.append(message["type"])
            if message["type"] != "beat":
                return message

    def until(self, kind: str, file: str = "") -> Any:
        """The next message of that kind (and session)."""
        while True:
            message = self.next()
            if message["type"] == kind and (not file or message["file"] == file):
                return message

    def until_seq(self, seq: int) -> None:
        """Until the page shows this event."""
        while not self.page.shown or self.page.shown["status"]["seq"] < seq:
            self.next()

    def until_standing(self, standing: str) -> None:
        while not self.page.shown or self.page.shown["status"]["standing"] != standing:
            self.next()

    def say(self, **message: str) -> None:
        self.socket.send(json.dumps(message))
