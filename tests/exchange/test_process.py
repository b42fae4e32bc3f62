"""The exchange as a process of its own, on a thread of its own, and what may be told to it from outside."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from aiohttp import ClientError, ClientSession
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import MarketOrderRequest

from sentio_tui.model.bars import MINUTE
from tests.exchange.__main__ import main
from tests.exchange.clients import trading_client
from tests.exchange.exchange import BEGIN, FakeExchange
from tests.exchange.server import KEY, SECRET, FakeAlpaca, ThreadedAlpaca
from tests.exchange.talking import listening

ROOT = Path(__file__).parents[2]
NIGHT = BEGIN + 12 * 60 * MINUTE


def call(url: str, body: object = None, method: str | None = None) -> Any:
    request = Request(url, None if body is None else json.dumps(body).encode(), method=method)
    with build_opener(ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def heading(output: IO[str]) -> str:
    """What the process prints before it waits."""
    lines: list[str] = []
    while not lines or not lines[-1].startswith("Ctrl-C"):
        line = output.readline()
        assert line, f"it ended after {lines}"
        lines.append(line)
    return "".join(lines)


@pytest.fixture
def process() -> Iterator["subprocess.Popen[str]"]:
    command = [
        sys.executable,
        "-m",
        "tests.exchange",
        "--port",
        "0",
        "--start",
        "2025-07-15T13:30:00Z",
        "--speed",
        "600",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


def test_a_process_that_says_where_it_is_and_ends_when_told(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    told = heading(process.stdout)
    assert f"export APCA_API_KEY_ID={KEY}" in told
    assert f"export APCA_API_SECRET_KEY={SECRET}" in told
    found = re.search(r"url +(http://127\.0\.0\.1:\d+)\n", told)
    assert found, told
    control = found[1] + "/_exchange"
    first = call(f"{control}/state")
    while call(f"{control}/state")["time"] == first["time"]:
        pass
    assert call(f"{control}/faults", {"name": "close", "arguments": {"code": 1011}})["faults"] == ["close"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


def test_a_port_that_is_taken_is_said_in_words(
    threaded_exchange: ThreadedAlpaca, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", str(threaded_exchange.alpaca.port)]) == 2
    assert "choose another --port" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--speed", "0"], ["--start", "soon"], ["--hours", "XLON"]])
def test_wrong_options_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_a_blocking_client_and_a_thread(threaded_exchange: ThreadedAlpaca) -> None:
    alpaca = threaded_exchange.alpaca
    client: Any = trading_client(alpaca)
    order = MarketOrderRequest(symbol="SPY", qty=3, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    accepted = client.submit_order(order)
    threaded_exchange.call(lambda: alpaca.clock.advance(60))
    assert client.get_order_by_id(accepted.id).status.value == "filled"
    assert client.get_clock().timestamp.minute == 31


def test_control_from_another_process(threaded_exchange: ThreadedAlpaca) -> None:
    control = threaded_exchange.alpaca.url + "/_exchange"
    assert call(f"{control}/advance", {"seconds": 90})["time"] == "2025-07-15T13:31:30Z"
    call(f"{control}/price", {"symbol": "SPY", "price": 650})
    assert threaded_exchange.call(lambda: float(threaded_exchange.alpaca.exchange.price("SPY"))) == 650
    call(f"{control}/faults", {"name": "500", "times": None, "path": "/v2/orders"})
    assert call(f"{control}/faults", method="DELETE")["faults"] == []
    state = call(f"{control}/state")
    assert (state["cash"], state["positions"], state["orders"], state["sockets_open"]) == ("100000", {}, [], 0)
    for path, body in (("faults", {"name": "flood"}), ("advance", {}), ("price", {"symbol": "NOPE"}), ("faults", [])):
        with pytest.raises(HTTPError) as caught:
            call(f"{control}/{path}", body)
        assert caught.value.code == 400


async def test_time_that_is_kept_goes_on_by_itself(exchange: FakeAlpaca) -> None:
    exchange.keep_time(3600.0)
    await exchange.clock.wait(60)
    assert exchange.clock.now >= BEGIN + 60_000


async def test_an_exchange_that_is_down_for_a_while(exchange: FakeAlpaca) -> None:
    async with ClientSession() as session, listening(exchange) as talk:
        keys = {"APCA-API-KEY-ID": exchange.key, "APCA-API-SECRET-KEY": exchange.secret}
        async with session.get(f"{exchange.url}/v2/clock", headers=keys) as answer:
            assert answer.status == 200
        with pytest.raises(ClientError):
            await session.post(f"{exchange.url}/_exchange/down", json={"seconds": 20})
        assert await talk.end() == 1006
        with pytest.raises(ClientError):
            await session.get(f"{exchange.url}/v2/clock", headers=keys)
        exchange.clock.advance(20)
        await exchange.listening.wait()
        async with session.get(f"{exchange.url}/v2/clock", headers=keys) as answer:
            assert answer.status == 200


def test_a_market_that_never_closes_trades_at_night() -> None:
    exchange = FakeExchange(begin=NIGHT, hours="24/7")
    bars: list[object] = []
    exchange.ticker.on_bar.append(bars.append)
    order = exchange.submit({"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": 1})
    exchange.settle()
    exchange.clock.advance(600)
    assert order.status == "filled"
    assert len(exchange.market.bars("SPY", NIGHT, NIGHT + 600_000, exchange.clock.now)) >= 8
    assert bars
