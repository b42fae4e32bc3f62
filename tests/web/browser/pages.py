"""Pages of the dashboard in a browser: opened, watched for what they must not do, and asked what they show."""

import re
from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

try:
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Request,
        WebSocketRoute,
        expect,
    )
except ModuleNotFoundError:  # the tests that import this are skipped with it
    pytest.skip("playwright is not installed", allow_module_level=True)

from sentio_tui.web.answers import encode
from sentio_tui.web.messages import FromServer, Hello, Watch
from tests.web.browser.scenes import hello as greeting

__all__ = ["DESK", "PHONE", "Opened", "Pages", "expect"]

PATIENCE = 60_000
"""Milliseconds for anything to come about, on a busy machine."""

LOOK = 20
"""Milliseconds between two looks at something that is not on the page."""

DESK, PHONE = (1600, 1000), (360, 740)

GREETING = greeting()

Said = Callable[[str], list[FromServer]]
"""What a page hears that asks for a session of that name (empty for the newest), but for `hello`."""

expect.set_options(timeout=PATIENCE)


class Opened:
    """A page that is open. `problems` are errors in its console, those of its scripts, and what its policy forbade;
    `elsewhere` are requests that left the server."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.problems: list[str] = []
        self.elsewhere: list[str] = []
        self._origin = urlsplit(address).netloc
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._requested)
        page.on("websocket", lambda socket: self._went_to(socket.url))
        page.goto(address)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "trace"):
            self.problems.append(message.text)

    def _requested(self, request: Request) -> None:
        self._went_to(request.url)

    def _went_to(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._origin:
            self.elsewhere.append(url)

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def is_linked(self, link: str = "connected") -> None:
        expect(self.find("body")).to_have_attribute("data-link", link)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the page does elsewhere."""
        _wait(self.page, condition)

    def is_sound(self) -> None:
        """Nothing went wrong and nothing went elsewhere."""
        assert self.problems == []
        assert self.elsewhere == []

    def card(self, name: str) -> Locator:
        return self.find(f'[data-card="{name}"] .value')

    def tab(self, name: str) -> Locator:
        """Bring a table into view."""
        self.find(f"#tab-{name}").click()
        return self.rows(name)

    def count(self, name: str) -> Locator:
        return self.find(f"#tab-{name} .count")

    def rows(self, name: str) -> Locator:
        """The rows of a table that are drawn."""
        return self.find(f"#table-{name} tbody tr[aria-rowindex]")

    def column(self, name: str, label: str) -> list[str]:
        """The texts of a column in the rows that are drawn."""
        heads = self.find(f"#table-{name} thead th").all_inner_texts()
        place = [head.strip(" ▴▾") for head in heads].index(label) + 1
        return self.find(f"#table-{name} tbody tr[aria-rowindex] td:nth-child({place})").all_inner_texts()

    def sort(self, name: str, label: str) -> Locator:
        """Press the header of a column; the header."""
        head = self.find(f"#table-{name} thead th").filter(has_text=re.compile(rf"^{re.escape(label)}\s*[▴▾]?$"))
        head.get_by_role("button").click()
        return head

    def is_narrow_enough(self) -> None:
        """Nothing is to be scrolled sideways but what scrolls in itself."""
        wide, room = self.page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= room

    def drawn(self, chart: str) -> Locator:
        """The line of a chart."""
        return self.find(f"#{chart}-chart .scatterlayer .trace path.js-line")


class Script:
    """What the page is told, in the place of a server. `asked` are the sessions it asked for, in order;
    `attempts` counts its connections, those that were refused too."""

    def __init__(self, page: Page, said: Said, hello: Hello) -> None:
        self._page = page
        self._said = said
        self._hello = hello
        self._socket: WebSocketRoute | None = None
        self.asked: list[str] = []
        self.attempts = 0
        self.is_up = True
        page.route_web_socket(re.compile("/api/events"), self._opened)

    def _opened(self, socket: WebSocketRoute) -> None:
        self.attempts += 1
        if not self.is_up:
            socket.close(code=1012)
            return
        self._socket = socket
        socket.on_message(self._heard)
        self.say(self._hello)
        self._answer(socket.url.partition("?file=")[2])

    def _heard(self, text: str | bytes) -> None:
        self._answer(msgspec.json.decode(text, type=Watch).file)

    def _answer(self, file: str) -> None:
        self.asked.append(file)
        self.say(*self._said(file))

    def say(self, *messages: FromServer) -> None:
        """Said as soon as there is a connection."""
        _wait(self._page, lambda: self._socket is not None)
        assert self._socket is not None
        for message in messages:
            self._socket.send(encode(message).decode())

    def has_seen(self, attempts: int) -> bool:
        return self.attempts >= attempts

    def close(self) -> None:
        """Lose the connection, and take no other until `is_up` again."""
        assert self._socket is not None
        self.is_up = False
        self._socket.close(code=1012)


class Pages:
    """Opens pages, each in a profile of its own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def open(self, address: str, size: tuple[int, int] = DESK, **options: Any) -> Opened:
        """Options are those of a browser's profile."""
        return Opened(self._blank(size, options), address)

    def play(
        self, address: str, said: Said, size: tuple[int, int] = DESK, hello: Hello = GREETING, **options: Any
    ) -> tuple[Opened, Script]:
        """A page that hears what a test says in the place of the server. Its clock can be put forward."""
        page = self._blank(size, options)
        page.clock.install()
        script = Script(page, said, hello)
        return Opened(page, address), script

    def _blank(self, size: tuple[int, int], options: dict[str, Any]) -> Page:
        width, height = size
        context = self._browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        return context.new_page()

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def _wait(page: Page, condition: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE / 1000
    while not condition():
        assert monotonic() < deadline, condition
        page.wait_for_timeout(LOOK)
