"""The hardened streams of the real alpaca-py against the local exchange."""

import asyncio
from collections.abc import Mapping
from functools import partial

import pytest
from websockets.utils import accept_key

from sentio_tui.alpaca.answers import read_bar, read_update
from sentio_tui.alpaca.keys import Keys
from sentio_tui.alpaca.streams import SOCKET, Stream, StreamState, stock_stream
from tests.alpaca.places import Heard, coins, orders, rest, running, stocks
from tests.alpaca.test_rest import market_order
from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca

LONG = (60.0, 60.0)
"""Backoff that a test does not wait for."""


async def test_stocks_crypto_and_orders_are_heard_on_one_loop(exchange: FakeAlpaca) -> None:
    shares, crypto, trades = Heard(), Heard(), Heard()
    async with (
        running(stocks(exchange, shares), bars=["SPY"], updatedBars=["SPY"]),
        running(coins(exchange, crypto), bars=["BTC-USD"]),
        running(orders(exchange, trades)),
        rest(exchange) as client,
    ):
        await until(lambda: exchange.subscribed == 3, "three streams listen")
        await client.submit(market_order("sentio-1"))
        exchange.clock.advance(61)
        await until(lambda: shares.messages and crypto.messages and len(trades.messages) == 2, "one of each")
    bar = read_bar(shares.messages[0], "SPY", backfilled=False)
    assert bar.time % 60_000 == 0
    assert bar.low <= bar.close <= bar.high
    assert crypto.messages[0]["S"] == "BTC/USD"
    updates = [read_update(message) for message in trades.messages]
    assert [update.event for update in updates] == ["new", "fill"]
    assert updates[1].order.client_order_id == "sentio-1"
    assert shares.states() == [StreamState.CONNECTED, StreamState.SUBSCRIBED]
    assert exchange.sockets_open == 0


@pytest.mark.parametrize(("fault", "code", "words"), [("auth_402", 402, "keys"), ("auth_409", 409, "plan")])
async def test_t05_what_no_retry_heals_ends_the_stream_with_its_reason(
    exchange: FakeAlpaca, fault: str, code: int, words: str
) -> None:
    exchange.faults.add(fault, times=None)
    heard = Heard()
    async with running(stocks(exchange, heard), bars=["SPY"]) as task:
        await until(task.done, "the stream ends by itself")
    assert heard.states() == [StreamState.FATAL]
    assert heard.words[0].code == code
    assert words in heard.words[0].detail
    assert exchange.faults.fired[fault] == 1
    await until(lambda: exchange.sockets_open == 0, "the socket is closed")


async def test_t05_refused_keys_end_the_trading_stream(exchange: FakeAlpaca) -> None:
    exchange.faults.add("unauthorized", times=None)
    heard = Heard()
    async with running(orders(exchange, heard)) as task:
        await until(task.done, "the stream ends by itself")
    assert heard.states() == [StreamState.FATAL]
    assert "keys" in heard.words[0].detail
    await until(lambda: exchange.sockets_open == 0, "the socket is closed")


async def test_t06_a_taken_connection_is_tried_until_it_is_free(exchange: FakeAlpaca) -> None:
    first = Heard()
    async with running(stocks(exchange, first), bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
        exchange.cut()
        await until(lambda: first.count(StreamState.LOST) >= 3, "the slot of the broken connection is held")
        assert first.last(StreamState.LOST).code == 406
        assert "another process" in first.last(StreamState.LOST).detail
        exchange.clock.advance(95)
        await until(lambda: first.last(StreamState.SUBSCRIBED).generation == 2, "the slot is free again")
        before = len(first.messages)
        exchange.clock.advance(61)
        await until(lambda: len(first.messages) > before, "bars again")
    assert StreamState.FATAL not in first.states()


@pytest.mark.parametrize("fault", ["mute_greeting", "mute_auth"])
async def test_t07_a_mute_server_is_given_up_in_time_and_tried_again(exchange: FakeAlpaca, fault: str) -> None:
    exchange.faults.add(fault)
    heard = Heard()
    async with running(stocks(exchange, heard, greeting=0.2), bars=["SPY"]):
        await until(lambda: StreamState.SUBSCRIBED in heard.states(), "a later attempt")
    *given_up, connected, subscribed = heard.states()
    assert (connected, subscribed) == (StreamState.CONNECTED, StreamState.SUBSCRIBED)
    # A busy machine may not answer the next attempt in time either.
    assert set(given_up) == {StreamState.LOST}
    assert "no greeting within 0.2 s" in heard.words[0].detail


async def test_t11_a_socket_whose_pings_are_not_answered_is_given_up(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SOCKET["ping_timeout"] <= 20, "half-open sockets are noticed within half a minute"
    monkeypatch.setitem(SOCKET, "ping_interval", 0.05)
    monkeypatch.setitem(SOCKET, "ping_timeout", 0.2)
    exchange.faults.add("no_pong", times=None)
    heard = Heard()
    async with running(stocks(exchange, heard), bars=["SPY"]):
        await until(lambda: StreamState.LOST in heard.states(), "no pong")
        exchange.faults.clear()
        exchange.clock.advance(95)
        await until(lambda: heard.last(StreamState.SUBSCRIBED).generation >= 2, "a new connection")


async def test_t12_a_handler_that_raises_loses_its_message_alone(exchange: FakeAlpaca) -> None:
    heard = Heard()

    def take(message: Mapping[str, object]) -> None:
        heard.messages.append(message)
        if len(heard.messages) == 2:
            raise RuntimeError("of ours")

    async with running(stocks(exchange, heard, on_message=take), bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
        exchange.faults.add("burst", n=100)
        exchange.clock.advance(61)
        await until(lambda: len(heard.messages) >= 100, "all of the frame")
    assert heard.count(StreamState.TROUBLE) == 1
    assert "RuntimeError: of ours" in heard.last(StreamState.TROUBLE).detail
    assert StreamState.LOST not in heard.states()


@pytest.mark.parametrize("fault", ["garbage", "map_not_array"])
async def test_a_frame_that_cannot_be_read_is_told_and_the_next_one_is_heard(exchange: FakeAlpaca, fault: str) -> None:
    heard = Heard()
    async with running(stocks(exchange, heard), bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
        exchange.faults.add(fault)
        exchange.clock.advance(61)
        await until(lambda: StreamState.TROUBLE in heard.states(), "a lost frame is told")
        exchange.clock.advance(61)
        await until(lambda: heard.messages, "the next bar")
    assert StreamState.LOST not in heard.states()


@pytest.mark.parametrize("fault", ["json_text", "string_ts", "unknown_T", "dup"])
async def test_an_odd_message_is_handed_on_as_it_came(exchange: FakeAlpaca, fault: str) -> None:
    heard = Heard()
    async with running(stocks(exchange, heard), bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
        exchange.faults.add(fault)
        exchange.clock.advance(61)
        await until(lambda: "b" in heard.kinds(), "the bar")
    bars = [read_bar(message, "SPY", backfilled=False) for message in heard.messages if message["T"] == "b"]
    assert bars[0].time % 60_000 == 0
    assert set(heard.states()) == {StreamState.CONNECTED, StreamState.SUBSCRIBED}


async def test_t13_symbols_are_added_and_dropped_on_the_running_loop(exchange: FakeAlpaca) -> None:
    heard = Heard()
    stream = stocks(exchange, heard)
    async with running(stream, bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
        (socket,) = exchange.data.sockets
        await stream.set_subs({"bars": ["QQQ"], "updatedBars": ["QQQ"]})
        await until(lambda: socket.wanted["bars"] == {"QQQ"}, "one symbol instead of the other")
        assert socket.wanted["updatedBars"] == {"QQQ"}
        await stream.set_subs({})
        await until(lambda: not any(socket.wanted.values()), "nothing is wanted")
        await stream.set_subs({"bars": ["SPY"]})
        await until(lambda: socket.wanted["bars"] == {"SPY"}, "one again")
        exchange.cut()
        await until(lambda: exchange.sockets_open == 0, "it is cut")
        exchange.clock.advance(95)
        await until(lambda: stream.generation >= 2 and exchange.subscribed == 1, "a new connection")
        (socket,) = exchange.data.sockets
        assert socket.wanted["bars"] == {"SPY"}
    with pytest.raises(ValueError, match="no channel of a stream: bras"):
        await stream.set_subs({"bras": ["SPY"]})


@pytest.mark.parametrize("code", [405, 410, 500])
async def test_a_refused_subscription_is_told_with_what_to_do(exchange: FakeAlpaca, code: int) -> None:
    exchange.faults.add("sub_error", code=code)
    heard = Heard()
    async with running(stocks(exchange, heard), bars=["SPY"]):
        await until(lambda: StreamState.REFUSED in heard.states(), "it is told")
    word = heard.last(StreamState.REFUSED)
    assert word.code == code
    assert ": " in word.detail


async def test_t14_it_stops_at_once_while_it_listens(exchange: FakeAlpaca) -> None:
    heard = Heard()
    async with running(stocks(exchange, heard), bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
    assert exchange.sockets_open == 0
    assert StreamState.LOST not in heard.states()


@pytest.mark.parametrize("fault", ["mute_greeting", "mute_auth"])
async def test_t14_it_stops_at_once_while_it_waits_for_a_greeting(exchange: FakeAlpaca, fault: str) -> None:
    exchange.faults.add(fault, times=None)
    heard = Heard()
    async with running(stocks(exchange, heard), bars=["SPY"]):
        await until(lambda: exchange.faults.fired[fault] == 1, "it waits")
    await until(lambda: exchange.sockets_open == 0, "the socket is closed")


async def test_t14_it_stops_at_once_while_it_waits_to_try_again(exchange: FakeAlpaca) -> None:
    exchange.faults.add("auth_406", times=None)
    heard = Heard()
    async with running(stocks(exchange, heard, backoff=LONG), bars=["SPY"]):
        await until(lambda: StreamState.LOST in heard.states(), "it waits a minute")
    assert exchange.sockets_open == 0


async def test_t14_it_stops_before_anything_is_wanted_and_before_it_runs(exchange: FakeAlpaca) -> None:
    idle = stocks(exchange, Heard())
    async with running(idle):
        await asyncio.sleep(0)
    emptied = stocks(exchange, Heard())
    await emptied.set_subs({"bars": ["SPY"]})
    await emptied.set_subs({})
    async with running(emptied) as task:
        await asyncio.sleep(0)
        assert not task.done()
    late = stocks(exchange, Heard())
    await late.set_subs({"bars": ["SPY"]})
    await late.astop()
    await late.run_async()
    assert exchange.sockets_open == 0
    assert not exchange.requests


async def test_t14_the_trading_stream_stops_at_once_in_every_state(exchange: FakeAlpaca) -> None:
    async with running(orders(exchange, Heard())):
        await until(lambda: exchange.subscribed == 1, "it listens")
    exchange.faults.add("mute_auth", times=None)
    async with running(orders(exchange, Heard())):
        await until(lambda: exchange.faults.fired["mute_auth"] == 1, "it waits")
    exchange.faults.clear()
    exchange.faults.add("handshake_http", times=None, status=429)
    heard = Heard()
    async with running(orders(exchange, heard, backoff=LONG)):
        await until(lambda: StreamState.LOST in heard.states(), "it waits a minute")
    await until(lambda: exchange.sockets_open == 0, "no socket")


SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
)


@pytest.mark.parametrize("answers", [False, True], ids=["handshake", "goodbye"])
async def test_t14_it_stops_though_the_server_answers_nothing_any_more(answers: bool) -> None:
    """Bare, legacy websockets waits four times its patience for the end of such a connection."""
    asked, over = asyncio.Event(), asyncio.Event()

    async def frozen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if answers:
            key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
            writer.write(SWITCHING % accept_key(key.decode()).encode())
            await writer.drain()
        asked.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(frozen, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    heard = Heard()
    stream = stock_stream(Keys("PKID", "secret"), "iex", heard.messages.append, heard.words.append, url=url)
    await stream.set_subs({"bars": ["SPY"]})
    task = asyncio.create_task(stream.run_async())
    await asked.wait()
    async with asyncio.timeout(2.0):
        await stream.astop()
        await task
    over.set()
    server.close()
    await server.wait_closed()


async def test_t15_a_cancelled_stream_leaves_no_socket(exchange: FakeAlpaca) -> None:
    shares, trades = stocks(exchange, Heard()), orders(exchange, Heard())
    await shares.set_subs({"bars": ["SPY"]})
    tasks = [asyncio.create_task(shares.run_async()), asyncio.create_task(trades.run_async())]
    await until(lambda: exchange.subscribed == 2, "both listen")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await until(lambda: exchange.sockets_open == 0, "both are closed")
    again = Heard()
    async with running(stocks(exchange, again), bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "its place is free at once")
    assert StreamState.LOST not in again.states()


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refused_handshake_is_told_and_tried_again(exchange: FakeAlpaca, status: int) -> None:
    exchange.faults.add("handshake_http", status=status)
    heard = Heard()
    async with running(stocks(exchange, heard), bars=["SPY"]):
        await until(lambda: StreamState.SUBSCRIBED in heard.states(), "a later attempt")
    assert heard.states()[0] is StreamState.LOST
    assert str(status) in heard.words[0].detail


def _is_on(stream: Stream, number: int, exchange: FakeAlpaca) -> bool:
    return stream.generation == number and exchange.subscribed > 0


def _has_lost(heard: Heard, times: int) -> bool:
    return heard.count(StreamState.LOST) == times


async def test_every_connection_is_announced_with_its_number(exchange: FakeAlpaca) -> None:
    heard = Heard()
    stream = stocks(exchange, heard)
    async with running(stream, bars=["SPY"]):
        for number in (1, 2, 3):
            await until(partial(_is_on, stream, number, exchange), "connected")
            exchange.clock.advance(61)
            exchange.faults.add("close", code=1001)
            exchange.clock.advance(61)
            await until(partial(_has_lost, heard, number), "closed")
    numbers = [word.generation for word in heard.words if word.state is StreamState.CONNECTED]
    assert numbers[:3] == [1, 2, 3]


async def test_reconnecting_a_mute_socket_opens_another(exchange: FakeAlpaca) -> None:
    heard = Heard()
    stream = stocks(exchange, heard)
    async with running(stream, bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
        exchange.faults.add("mute_after")
        exchange.clock.advance(120)
        await stream.reconnect()
        await until(lambda: stream.generation == 2 and exchange.subscribed == 1, "another connection")
        exchange.clock.advance(61)
        await until(lambda: heard.messages, "bars again")


@pytest.mark.parametrize("fault", ["unknown_status", "submitted_at_null", "unknown_event"])
async def test_t19_odd_fills_reach_us(exchange: FakeAlpaca, fault: str) -> None:
    exchange.faults.add(fault, event="fill")
    heard = Heard()
    async with running(orders(exchange, heard)), rest(exchange) as client:
        await until(lambda: exchange.subscribed == 1, "it listens")
        await client.submit(market_order("sentio-1"))
        await until(lambda: any(message.get("event") == "fill" for message in heard.messages), "the fill")
    fills = [update for update in map(read_update, heard.messages) if update.event == "fill"]
    assert fills[0].qty == 3
    assert fills[0].execution_id
    assert fills[0].order.filled_qty == 3
    assert StreamState.TROUBLE not in heard.states()


async def test_t19_an_update_without_data_is_told_and_the_fill_behind_it_is_heard(exchange: FakeAlpaca) -> None:
    exchange.faults.add("data_null", event="fill")
    heard = Heard()
    async with running(orders(exchange, heard)), rest(exchange) as client:
        await until(lambda: exchange.subscribed == 1, "it listens")
        await client.submit(market_order("sentio-1"))
        await until(lambda: any(message.get("event") == "fill" for message in heard.messages), "the fill")
    assert heard.count(StreamState.TROUBLE) == 1
