"""Both kinds of websockets: encodings, the conversation, who gets what, and which connections count."""

import json
from typing import Any

import msgspec
import pytest
from aiohttp import WSMsgType

from sentio_tui.model.bars import MINUTE
from tests.exchange.conditions import until
from tests.exchange.exchange import BEGIN
from tests.exchange.server import FakeAlpaca
from tests.exchange.sockets import UNCLEAN
from tests.exchange.talking import MSGPACK, Talk, authenticated, connected, listening


async def test_json_unless_the_upgrade_asks_for_msgpack(exchange: FakeAlpaca) -> None:
    async with connected(exchange.stock_stream_url()) as talk:
        frame = await talk.frame()
        assert (frame.type, frame.data) == (WSMsgType.TEXT, '[{"T":"success","msg":"connected"}]')
        assert talk.ws.compress, "permessage-deflate was agreed on"
    async with connected(exchange.stock_stream_url(), MSGPACK) as talk:
        frame = await talk.frame()
        assert frame.type is WSMsgType.BINARY
        assert msgspec.msgpack.decode(frame.data) == [{"T": "success", "msg": "connected"}]


async def test_kind_comes_first_and_times_are_of_the_encoding(exchange: FakeAlpaca) -> None:
    spy = ["SPY"]
    async with authenticated(exchange, bars=spy, quotes=spy, trades=spy) as talk:
        exchange.clock.advance(61)
        kinds = {}
        for _ in range(9):
            (message,) = await talk.hear()
            assert next(iter(message)) == "T"
            kinds[message["T"]] = message
    assert kinds["b"]["t"] == "2025-07-15T13:30:00Z"
    assert kinds["q"]["t"] == kinds["t"]["t"] == "2025-07-15T13:30:59.500456789Z"
    assert isinstance(kinds["b"]["v"], int)
    async with authenticated(exchange, headers=MSGPACK, trades=spy) as talk:
        exchange.clock.advance(60)
        (trade,) = msgspec.msgpack.decode((await talk.frame()).data)
        assert next(iter(trade)) == "T"
        assert trade["t"].timestamp() == pytest.approx(BEGIN / 1000 + 80.166456)


async def test_whole_second_times_have_the_short_form(exchange: FakeAlpaca) -> None:
    raw = []
    async with authenticated(exchange, headers=MSGPACK, bars=["SPY"]) as talk:
        exchange.clock.advance(61)
        raw = (await talk.frame()).data
    assert b"\xd6\xff" + (BEGIN // 1000).to_bytes(4, "big") in raw


async def test_subscriptions_add_up_and_are_told_whole(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange) as talk:
        first = await talk.ask({"action": "subscribe", "trades": ["SPY"], "bars": ["*"]})
        assert (first["trades"], first["bars"], first["quotes"]) == (["SPY"], ["*"], [])
        assert first["corrections"] == first["cancelErrors"] == ["SPY"]
        second = await talk.ask({"action": "subscribe", "trades": ["SH", "SPY"], "statuses": ["*"]})
        assert (second["trades"], second["bars"], second["statuses"]) == (["SH", "SPY"], ["*"], ["*"])
        third = await talk.ask({"action": "unsubscribe", "bars": ["*"], "trades": ["SPY"]})
        assert (third["trades"], third["bars"]) == (["SH"], [])
    async with authenticated(exchange, exchange.crypto_stream_url) as talk:
        coins = await talk.ask({"action": "subscribe", "orderbooks": ["BTC/USD"]})
        assert set(coins) == {"T", "trades", "quotes", "bars", "updatedBars", "dailyBars", "orderbooks"}


async def test_only_what_was_asked_for_comes(exchange: FakeAlpaca) -> None:
    exchange.faults.add("late_u", symbol="SPY")
    async with authenticated(exchange, bars=["SPY"], updatedBars=["*"], dailyBars=["SPY"]) as talk:
        exchange.clock.advance(61)
        bar, day = await talk.hear_one(), await talk.hear_one()
        assert [(each["T"], each["S"]) for each in (bar, day)] == [("b", "SPY"), ("d", "SPY")]
        assert day["t"] == bar["t"]
        exchange.clock.advance(29)
        heard = await talk.hear_one()
        while heard["S"] != "SPY":
            assert heard["T"] == "u"
            heard = await talk.hear_one()
        assert (heard["T"], heard["t"]) == ("u", bar["t"])
        assert heard["h"] == pytest.approx(bar["h"] + 0.01)
        exchange.clock.advance(60)
        heard = await talk.hear_one()
        while heard["T"] != "d":
            heard = await talk.hear_one()
        assert (heard["t"], heard["o"]) == (bar["t"], bar["o"])


async def test_test_feed_and_crypto_have_their_own_symbols(exchange: FakeAlpaca) -> None:
    for url, symbol in ((exchange.stock_stream_url("test"), "FAKEPACA"), (exchange.crypto_stream_url, "BTC/USD")):
        async with authenticated(exchange, url, bars=["SPY", symbol]) as talk:
            exchange.clock.advance(120)
            assert (await talk.hear_one())["S"] == symbol


async def test_delayed_sip_comes_a_quarter_of_an_hour_late(exchange: FakeAlpaca) -> None:
    exchange.market.silence("SPY", BEGIN - 30 * MINUTE, BEGIN)
    exchange.market.put("SPY", BEGIN - 10 * MINUTE, 590.0)
    async with authenticated(exchange, exchange.stock_stream_url("delayed_sip"), bars=["SPY"]) as talk:
        exchange.clock.advance(15 * 60 + 61)
        assert (await talk.hear_one())["t"] == "2025-07-15T13:20:00Z", "before the connection, not told yet"
        assert (await talk.hear_one())["t"] == "2025-07-15T13:30:00Z"


async def test_authentication_by_headers(exchange: FakeAlpaca) -> None:
    keys = {"APCA-API-KEY-ID": exchange.key, "APCA-API-SECRET-KEY": exchange.secret}
    async with connected(exchange.stock_stream_url(), keys) as talk:
        assert [(await talk.hear_one())["msg"] for _ in range(2)] == ["connected", "authenticated"]
        assert (await talk.ask({"action": "auth", "key": exchange.key, "secret": exchange.secret}))["code"] == 403


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"action": "dance"}, 400),
        ({"action": "subscribe", "bars": "SPY"}, 400),
        ({"action": "subscribe", "gossip": ["SPY"]}, 400),
        ({"action": "subscribe", "orderbooks": ["SPY"]}, 410),
        ({"action": "subscribe", "trades": [f"S{number}" for number in range(31)]}, 405),
    ],
)
async def test_wrong_requests_change_nothing(exchange: FakeAlpaca, said: dict[str, Any], code: int) -> None:
    async with authenticated(exchange, bars=["SPY"]) as talk:
        answer = await talk.ask(said)
        assert (answer["T"], answer["code"]) == ("error", code)
        kept = await talk.ask({"action": "subscribe", "bars": []})
        assert (kept["bars"], kept["trades"]) == (["SPY"], [])


async def test_bars_of_any_number_of_symbols_are_allowed(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange) as talk:
        many = [f"S{number}" for number in range(500)]
        assert len((await talk.ask({"action": "subscribe", "bars": many}))["bars"]) == 500


async def test_nobody_is_let_in_without_the_right_keys_in_time(exchange: FakeAlpaca) -> None:
    async with connected(exchange.stock_stream_url()) as talk:
        await talk.hear_one()
        assert (await talk.ask({"action": "subscribe", "bars": ["SPY"]}))["code"] == 401
        assert (await talk.ask({"action": "auth", "key": exchange.key, "secret": "wrong"}))["code"] == 402
        assert await talk.end() == 1000
    async with connected(exchange.stock_stream_url()) as talk:
        await talk.hear_one()
        exchange.clock.advance(10)
        assert (await talk.hear_one())["code"] == 404
        assert await talk.end() == 1000
    async with connected(exchange.stock_stream_url("sip")) as talk:
        await talk.hear_one()
        assert (await talk.ask({"action": "auth", "key": exchange.key, "secret": exchange.secret}))["code"] == 409


async def refused(exchange: FakeAlpaca) -> int:
    async with connected(exchange.stock_stream_url()) as talk:
        await talk.hear_one()
        answer = await talk.ask({"action": "auth", "key": exchange.key, "secret": exchange.secret})
        return int(answer.get("code", 0))


async def test_one_connection_counts_and_a_broken_one_for_a_while(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange) as talk:
        assert await refused(exchange) == 406
        async with authenticated(exchange, exchange.crypto_stream_url):
            assert exchange.sockets_open >= 2, "another endpoint has a slot of its own"
        await talk.ws.close()
    await until(lambda: exchange.sockets_open == 0, "the closed connections are gone")
    async with authenticated(exchange) as talk:
        talk.abort()
        await until(lambda: exchange.sockets_open == 0, "the broken connection is gone")
    assert await refused(exchange) == 406
    exchange.clock.advance(UNCLEAN - 1)
    assert await refused(exchange) == 406
    exchange.clock.advance(1)
    assert await refused(exchange) == 0


async def test_trading_stream_is_json_in_binary_frames(exchange: FakeAlpaca) -> None:
    async with connected(exchange.trading_stream_url) as talk:
        await talk.say({"action": "listen", "data": {"streams": ["trade_updates"]}})
        answer = await talk.frame()
        assert answer.type is WSMsgType.BINARY
        assert json.loads(answer.data)["data"] == {"status": "unauthorized", "action": "listen"}
        await talk.say({"action": "authenticate", "data": {"key_id": exchange.key, "secret_key": "wrong"}})
        assert (await talk.hear())["data"]["status"] == "unauthorized"
        await talk.say({"action": "auth", "key": exchange.key, "secret": exchange.secret})
        assert (await talk.hear())["data"]["status"] == "authorized"


async def test_orders_are_told_after_listening_and_not_again(exchange: FakeAlpaca) -> None:
    def buy() -> None:
        exchange.exchange.submit(
            {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": "10"}
        )
        exchange.exchange.settle()

    async with listening(exchange) as talk:
        exchange.exchange.script("SPY", 4, 6)
        buy()
        exchange.clock.advance(1)
        heard = [await talk.hear() for _ in range(3)]
        assert {each["stream"] for each in heard} == {"trade_updates"}
        events = [each["data"] for each in heard]
    assert [event["event"] for event in events] == ["new", "partial_fill", "fill"]
    assert [event.get("qty") for event in events] == [None, "4", "6"]
    assert [event["order"]["filled_qty"] for event in events] == ["0", "4", "10"]
    assert events[1]["execution_id"] != events[2]["execution_id"]
    assert "execution_id" not in events[0]
    buy()
    async with listening(exchange) as talk:
        buy()
        assert (await talk.hear())["data"]["event"] == "new"
        assert (await talk.hear())["data"]["position_qty"] == "30"


async def test_pings_are_answered(exchange: FakeAlpaca) -> None:
    async with authenticated(exchange) as talk:
        assert await pong(talk)
        exchange.faults.add("no_pong")
        assert not await pong(talk)
        assert await pong(talk)


async def pong(talk: Talk) -> bool:
    """Whether a ping is answered before what is said after it."""
    talk.ws._autoping = False
    await talk.ws.ping(b"there?")
    await talk.say({"action": "subscribe", "bars": []})
    first = await talk.frame()
    if first.type is WSMsgType.PONG:
        await talk.frame()
    return first.type is WSMsgType.PONG
