"""Each fault of the streams: what a client hears, or does not."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError, web

from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca
from tests.exchange.talking import MSGPACK, Talk, authenticated, connected, listening

BUY = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": "10"}


def keys(exchange: FakeAlpaca) -> dict[str, str]:
    return {"action": "auth", "key": exchange.key, "secret": exchange.secret}


async def is_mute(talk: Talk) -> bool:
    """Whether a ping is answered, and nothing came before."""
    talk.ws._autoping = False
    await talk.ws.ping(b"there?")
    return (await talk.frame()).type is WSMsgType.PONG


async def test_refused_handshakes(exchange: FakeAlpaca) -> None:
    for url in (exchange.stock_stream_url(), exchange.trading_stream_url):
        exchange.faults.add("handshake_http", status=503)
        with pytest.raises(WSServerHandshakeError) as caught:
            async with connected(url):
                pass
        assert caught.value.status == 503
        async with connected(url):
            pass


async def test_silence_instead_of_greeting_and_answer(exchange: FakeAlpaca) -> None:
    exchange.faults.add("mute_greeting")
    async with connected(exchange.stock_stream_url()) as talk:
        assert await is_mute(talk)
    exchange.faults.add("mute_auth", times=2)
    async with connected(exchange.stock_stream_url()) as talk:
        await talk.hear_one()
        await talk.say(keys(exchange))
        assert await is_mute(talk)
    async with connected(exchange.trading_stream_url) as talk:
        await talk.say(keys(exchange))
        assert await is_mute(talk)
    assert exchange.faults.fired == {"mute_greeting": 1, "mute_auth": 2}


@pytest.mark.parametrize("code", [402, 406, 409])
async def test_refused_authentication(exchange: FakeAlpaca, code: int) -> None:
    exchange.faults.add(f"auth_{code}", seconds=95)
    for expected in (code, code, None):
        async with connected(exchange.stock_stream_url()) as talk:
            await talk.hear_one()
            assert (await talk.ask(keys(exchange))).get("code") == expected
            if expected is not None:
                assert await talk.end() == 1000
                exchange.clock.advance(50)


@pytest.mark.parametrize("code", [405, 410, 500])
async def test_refused_subscriptions(exchange: FakeAlpaca, code: int) -> None:
    async with authenticated(exchange) as talk:
        exchange.faults.add("sub_error", code=code)
        assert (await talk.ask({"action": "subscribe", "bars": ["SPY"]}))["code"] == code
        assert (await talk.ask({"action": "subscribe", "quotes": ["SPY"]}))["bars"] == []


async def test_trading_stream_does_not_take_the_keys(exchange: FakeAlpaca) -> None:
    exchange.faults.add("unauthorized")
    async with connected(exchange.trading_stream_url) as talk:
        await talk.say(keys(exchange))
        assert (await talk.hear())["data"]["status"] == "unauthorized"


async def test_slow_client_is_told_and_closed(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange, bars=["SPY"]) as talk:
        exchange.faults.add("slow_client_407_then_close")
        exchange.clock.advance(61)
        assert (await talk.hear_one())["code"] == 407
        assert await talk.end() == 1000


@pytest.mark.parametrize("at", ["between", "frame_middle"])
async def test_broken_connections(exchange: FakeAlpaca, at: str) -> None:
    async with authenticated(exchange, bars=["SPY"]) as talk:
        exchange.faults.add("abort_tcp", at=at)
        exchange.clock.advance(61)
        assert await talk.end() == 1006
    await until(lambda: exchange.sockets_open == 0, "the server sees the end")
    assert exchange.data.slots.take("stocks", exchange.key, object()) is False, "the slot is held"


async def test_closed_connections(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange, bars=["SPY"]) as talk, listening(exchange) as trading:
        exchange.faults.add("close", code=1013, path="/v2/iex")
        exchange.faults.add("close", code=1011, path="/stream")
        exchange.clock.advance(61)
        assert await talk.end() == 1013
        exchange.exchange.submit(BUY)
        exchange.exchange.settle()
        assert await trading.end() == 1011
    await until(lambda: exchange.sockets_open == 0, "the server sees the end")
    assert exchange.data.slots.take("stocks", exchange.key, object())


async def test_cutting_everything(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange) as talk, listening(exchange) as trading:
        exchange.cut()
        assert [await talk.end(), await trading.end()] == [1006, 1006]


async def test_connected_but_mute(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange, bars=["SPY"]) as talk:
        exchange.faults.add("mute_after", after=1)
        exchange.clock.advance(61)
        assert (await talk.hear_one())["T"] == "b"
        exchange.clock.advance(600)
        assert await is_mute(talk)


class Told:
    """Bars of SPY in the minutes of a test, as a client hears them under a fault."""

    def __init__(self, exchange: FakeAlpaca, talk: Talk) -> None:
        self.exchange = exchange
        self.talk = talk

    async def minutes(self, count: int, frames: int) -> list[Any]:
        self.exchange.clock.advance(count * 60 + (1 if self.exchange.clock.now % 60_000 == 0 else 0))
        return [await self.talk.hear() for _ in range(frames)]


@pytest.mark.parametrize(
    ("name", "arguments", "minutes"),
    [
        ("dup", {}, ["30", "30", "31"]),
        ("drop_bars", {"after": 1, "times": 2}, ["30", "33"]),
        ("reorder", {"k": 1}, ["31", "30", "32"]),
        ("reorder", {"k": 2}, ["31", "32", "30"]),
    ],
)
async def test_order_and_number_of_messages(
    exchange: FakeAlpaca, name: str, arguments: Mapping[str, Any], minutes: list[str]
) -> None:
    async with authenticated(exchange, bars=["SPY"]) as talk:
        exchange.faults.add(name, event="b", **arguments)
        heard = await Told(exchange, talk).minutes(4, len(minutes))
    assert [message["t"][14:16] for (message,) in heard] == minutes


async def test_strange_messages(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange, headers=MSGPACK, bars=["SPY"]) as talk:
        told = Told(exchange, talk)
        exchange.faults.add("map_not_array")
        (whole,) = await told.minutes(1, 1)
        assert (whole["T"], set(whole)) == ("b", {"T", "S", "o", "h", "l", "c", "v", "t", "n", "vw"})
        exchange.faults.add("string_ts")
        (((message,),)) = await told.minutes(1, 1)
        assert message["t"] == "2025-07-15T13:31:00Z"
        exchange.faults.add("missing_field", field="vw")
        ((message,),) = await told.minutes(1, 1)
        assert set(whole) - set(message) == {"vw"}
        exchange.faults.add("nan_price")
        ((message,),) = await told.minutes(1, 1)
        assert message["c"] != message["c"]
        exchange.faults.add("unknown_T")
        assert [each["T"] for (each,) in await told.minutes(1, 2)] == ["zz", "b"]
        exchange.faults.add("huge_frame")
        (messages,) = await told.minutes(1, 1)
        assert [each["T"] for each in messages] == ["b", "zz"]
        assert len(messages[1]["padding"]) >= 1 << 20
        exchange.faults.add("burst", n=250)
        assert [len(messages) for messages in await told.minutes(1, 3)] == [100, 100, 50]


async def test_strange_frames(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange, headers=MSGPACK, bars=["SPY"]) as talk:
        exchange.faults.add("json_text")
        exchange.clock.advance(61)
        frame = await talk.frame()
        assert frame.type is WSMsgType.TEXT
        assert json.loads(frame.data)[0]["T"] == "b"
        exchange.faults.add("garbage")
        exchange.clock.advance(60)
        frame = await talk.frame()
        with pytest.raises(msgspec.DecodeError):
            msgspec.msgpack.decode(frame.data)
        exchange.clock.advance(60)
        assert (await talk.hear_one())["T"] == "b"


async def test_a_late_trade_is_in_the_market_too(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange, bars=["SPY"], updatedBars=["SPY"]) as talk:
        exchange.faults.add("late_u", symbol="SPY")
        exchange.clock.advance(90)
        bar, updated = await talk.hear_one(), await talk.hear_one()
    assert (bar["T"], updated["T"], updated["t"]) == ("b", "u", bar["t"])
    stored = exchange.market.known("SPY", exchange.market.begin, exchange.clock.now, "iex")
    assert stored is not None
    assert (stored.h, stored.v) == (updated["h"], updated["v"])
    assert updated["h"] > bar["h"]


@pytest.mark.parametrize(
    ("name", "event", "events"),
    [
        ("data_null", "fill", ["new", None, "fill"]),
        ("unknown_event", "fill", ["new", "teleported", "fill"]),
        ("lost_fill", "", ["new", "canceled"]),
        ("dup_execution", "", ["new", "fill", "fill"]),
        ("unknown_status", "fill", ["new", "fill"]),
        ("submitted_at_null", "fill", ["new", "fill"]),
    ],
)
async def test_strange_events_of_orders(exchange: FakeAlpaca, name: str, event: str, events: list[str | None]) -> None:
    async with listening(exchange) as talk:
        exchange.faults.add(name, event=event)
        exchange.exchange.submit(BUY)
        away = exchange.exchange.submit(BUY | {"symbol": "SH", "type": "limit", "limit_price": "1"})
        exchange.exchange.settle()
        exchange.exchange.cancel(away.id)
        exchange.exchange.settle()
        heard = [(await talk.hear())["data"] for _ in range(len(events) + 1)]
    of_spy = [each for each in heard if each is None or each["order"]["symbol"] == "SPY"]
    told = [None if each is None else each["event"] for each in of_spy]
    assert told == [each for each in events if each != "canceled"]
    last = of_spy[-1]
    if name == "dup_execution":
        assert of_spy[-2] == last
    if name == "unknown_status":
        assert last["order"]["status"] == "teleporting"
    if name == "submitted_at_null":
        assert last["order"]["submitted_at"] is None
    assert exchange.exchange.account.qty("SPY") == 10


@pytest.mark.parametrize(
    ("fault", "order"),
    [("", ["answer", "new", "fill"]), ("fill_before_response", ["new", "fill", "answer"])],
)
async def test_events_come_after_the_answer_unless_told(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch, fault: str, order: list[str]
) -> None:
    seen: list[str] = []
    write = web.Response.write_eof

    async def written(response: web.Response, data: bytes = b"") -> None:
        await write(response, data)
        if "answer" not in seen:
            seen.append("answer")

    monkeypatch.setattr(web.Response, "write_eof", written)
    exchange.exchange.listeners.append(lambda update: seen.append(update.event))
    if fault:
        exchange.faults.add(fault)
    headers = {"APCA-API-KEY-ID": exchange.key, "APCA-API-SECRET-KEY": exchange.secret}
    async with (
        ClientSession() as session,
        session.post(f"{exchange.url}/v2/orders", json=BUY, headers=headers) as response,
    ):
        assert (await response.json())["status"] == "pending_new"
    assert seen == order
