"""Trading through Alpaca in a pseudo-terminal, against the local exchange in a process of its own."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import (
    FaultReported,
    FeedReported,
    FeedStatus,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    SessionEnded,
)
from sentio_tui.sessions.verify import verify
from tests.e2e.conftest import WIDE, Desk, answer, shows, wait_until
from tests.e2e.screen import Size
from tests.e2e.terminal import Terminal
from tests.exchange.cockpit import CONFIG, exchange
from tests.exchange.server import KEY, SECRET

A_BAR: Final = 180.0
"""Seconds in which a bar of the present comes for certain, on a busy machine too."""
HELD: Final = 200.0
"""The same for a connection that broke off: the exchange keeps its place for 90 seconds."""

DEBUGGING: Final = """
import logging
logging.basicConfig(level=logging.DEBUG, filename={path!r})
"""


class Market:
    """An exchange that runs, and what is asked of it from outside."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with build_opener(ProxyHandler({})).open(Request(f"{self.address}/_exchange/{path}", data)) as answered:
            return json.load(answered)

    def options(self, *settings: str) -> list[str]:
        places = (
            f'broker.alpaca.url="{self.address}"',
            f'feed.alpaca.data_url="{self.address}"',
            f'feed.alpaca.stream_url="{self.address.replace("http", "ws")}"',
        )
        return ["--config", str(CONFIG), *[part for each in (*places, *settings) for part in ("--set", each)]]


@pytest.fixture
def market() -> Iterator[Market]:
    with exchange(7) as address:
        yield Market(address)


def open_at(
    desk: Desk, market: Market, *options: str, size: Size = WIDE, secret: str = SECRET, modules: str = ""
) -> Terminal:
    """The cockpit on the exchange. `modules` is a folder of further Python modules."""
    return desk.open(
        *market.options(),
        *options,
        size=size,
        APCA_API_KEY_ID=KEY,
        APCA_API_SECRET_KEY=secret,
        PYTHONPATH=modules,
    )


def says(*words: str) -> Callable[[Terminal], bool]:
    """Whether the status line says one of these of the whole feed, and of no symbol that it is worse off."""
    return lambda screen: any(re.search(rf"{word} (│|· last bar \w+ ago │)", screen.lines[0]) for word in words)


def stop_and_quit(terminal: Terminal) -> None:
    terminal.press("x")
    if "3 Positions" in terminal.text and "no open positions" not in terminal.pane("3 Positions"):
        answer(terminal, "and end the session?", "y")
    terminal.wait_for("■ ended")
    terminal.press("q")
    assert terminal.wait_exit() == 0


@pytest.mark.slow
def test_t15_t23_a_session_trades_is_cut_off_recovers_and_leaves_no_socket_and_no_secret(
    desk: Desk, market: Market
) -> None:
    log = desk.home / "debug.log"
    (desk.home / "sitecustomize.py").write_text(DEBUGGING.format(path=str(log)), encoding="utf-8")
    # Whatever moves up is bought: a minute in which nothing does hardly exists.
    eager = ("--set", "strategy.params.threshold=0.00001", "--set", "feed.stale_after=45")
    terminal = open_at(desk, market, *eager, modules=str(desk.home))
    terminal.wait_for("● running")
    assert " PAPER " in terminal.text
    terminal.wait_for(shows("4 Trades", "▲ buy"), A_BAR)
    terminal.wait_for("feed live")
    market.call("cut", {})
    terminal.wait_for(says("feed down", "feed stale"))
    terminal.wait_for(says("feed live"), HELD)
    stop_and_quit(terminal)
    state = market.call("state")
    assert state["sockets_open"] == 0
    assert state["positions"] == {}, "closed before the end"
    _is_sound(desk, state)
    _tells_no_secret(desk, terminal, log)


def _is_sound(desk: Desk, state: Any) -> None:
    """One session on disk, which follows from its inputs, and every order of it once at the exchange."""
    (path,) = desk.sessions.glob("*.jsonl")
    events = read_all(path).events
    assert isinstance(events[-1], SessionEnded)
    said = {event.status for event in events if isinstance(event, FeedReported)}
    assert {FeedStatus.LIVE, FeedStatus.DOWN, FeedStatus.GAP} <= said
    ours = [event.order for event in events if isinstance(event, OrderSubmitted)]
    theirs = [order["client_order_id"] for order in state["orders"]]
    refused = sum(isinstance(event, OrderRejected) for event in events)
    assert len(theirs) == len(set(theirs)) == len(ours) - refused
    assert sum(isinstance(event, OrderFilled) for event in events) == len(state["fills"])
    assert not [event for event in events if isinstance(event, FaultReported) and event.part == "account"]
    verdict = verify(path)
    assert verdict.is_proved, verdict.difference
    (document,) = desk.documents()
    assert (document.mode, document.broker) == ("paper", "alpaca paper")


def _tells_no_secret(desk: Desk, terminal: Terminal, log: Path) -> None:
    """Neither in what the run wrote, at the level DEBUG of every library, nor on the screen."""
    assert "asyncio" in log.read_text(encoding="utf-8"), "the log is kept, at DEBUG"
    written = {path: path.read_bytes() for path in [*desk.home.rglob("*"), *desk.sessions.rglob("*")] if path.is_file()}
    assert len(written) >= 3
    for path, content in written.items():
        assert SECRET.encode() not in content, path
    assert SECRET.encode() not in terminal.output
    for path in desk.sessions.iterdir():
        assert KEY.encode() not in path.read_bytes(), "the key id is shown masked, where it is"


def test_what_is_wrong_with_an_account_is_said_on_the_first_screen_and_nothing_is_written(
    desk: Desk, market: Market
) -> None:
    terminal = open_at(desk, market, secret="another-secret-that-opens-nothing")
    terminal.wait_for("The session could not be started")
    terminal.wait_for("not started")
    assert "401" in terminal.text
    terminal.press_until("enter", lambda screen: "Close" not in screen.text)
    terminal.press("q")
    assert terminal.wait_exit() == 2
    assert not desk.sessions.exists()
    assert b"another-secret-that-opens-nothing" not in terminal.output


def test_real_money_is_confirmed_by_the_accounts_number_and_has_a_badge_of_its_own(
    desk: Desk, market: Market, size: Size
) -> None:
    terminal = open_at(desk, market, "--set", "broker.alpaca.mode=live", "--live", size=size)
    terminal.wait_for("This session trades with your money.")
    assert " LIVE " in terminal.text
    assert not desk.sessions.exists(), "nothing begins before it is confirmed"
    found = re.search(r"Account (\S+):", terminal.text)
    assert found
    end = found[1][-4:]
    terminal.press("LIVE")
    terminal.press("enter")
    terminal.wait_for(f"That is not {end}")
    for _ in "LIVE":
        terminal.press("\x7f")
    terminal.press(end)
    terminal.press("enter")
    terminal.wait_for("● running")
    assert " LIVE " in terminal.text
    shown = desk.pipe(command="status")
    assert " LIVE running" in shown.stdout
    stop_and_quit(terminal)
    wait_until(lambda: market.call("state")["sockets_open"] == 0)
