"""The rules of faults, and each fault of REST: what the client sees, and what the exchange has done all the same."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from tests.exchange.clock import FakeClock
from tests.exchange.conditions import until
from tests.exchange.faults import KNOWN, STORM, Faults, Storm
from tests.exchange.server import FakeAlpaca

BUY = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": "10"}
LIMIT = BUY | {"type": "limit", "limit_price": "500"}


def test_a_rule_waits_for_its_occasion_and_is_used_up() -> None:
    clock = FakeClock(0)
    faults = Faults(clock)
    faults.add("dup", event="b", symbol="SPY", after=1, times=2)
    taken = [faults.take("dup", event=event, symbol="SPY") for event in ("t", "b", "b", "b", "b")]
    assert [rule is not None for rule in taken] == [False, False, True, True, False]
    assert (faults.fired["dup"], faults.waiting) == (2, ())


def test_standing_rules_and_rules_for_a_time() -> None:
    clock = FakeClock(0)
    faults = Faults(clock)
    standing, timed = faults.add("500", times=None, path="/v2/orders"), faults.add("auth_406", seconds=95)
    assert all(faults.take("500", path="/v2/orders/1") is standing for _ in range(3))
    assert faults.take("500", path="/v2/account") is None
    clock.advance(94)
    assert faults.take("auth_406") is timed
    clock.advance(1)
    assert faults.take("auth_406") is None
    faults.remove(standing)
    assert faults.take("500", path="/v2/orders") is None


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown fault 'earthquake'; there are refuse_tcp"):
        Faults(FakeClock(0)).add("earthquake")
    assert len(KNOWN) == 58


def test_a_storm_is_the_same_for_a_seed_and_ends() -> None:
    raised = []
    for seed in (1, 1, 2):
        clock = FakeClock(0)
        faults = Faults(clock)
        storm = Storm(clock, faults, seed, every=60)
        clock.advance(3600)
        raised.append([rule.name for rule in faults.waiting])
        assert storm.raised.total() == len(faults.waiting)
        storm.stop()
        clock.advance(3600)
        assert faults.waiting == ()
    assert raised[0] == raised[1] != raised[2]
    assert 30 < len(raised[0]) < 100
    assert set(raised[0]) < set(STORM) <= set(KNOWN)


async def request(exchange: FakeAlpaca, method: str, path: str, body: object = None) -> tuple[int, Any, dict[str, str]]:
    keys = {"APCA-API-KEY-ID": exchange.key, "APCA-API-SECRET-KEY": exchange.secret}
    async with (
        ClientSession() as session,
        session.request(method, exchange.url + path, json=body, headers=keys, allow_redirects=False) as response,
    ):
        text = await response.text()
        kind = response.headers.get("Content-Type", "")
        return response.status, await response.json() if text and "json" in kind else text, dict(response.headers)


def orders(exchange: FakeAlpaca) -> list[str]:
    return [order.status for order in exchange.exchange.orders.values()]


@pytest.mark.parametrize(
    ("name", "arguments", "status", "told"),
    [
        ("500", {}, 500, {"code": 50_000_000, "message": "internal server error occurred"}),
        ("502", {"body": "html"}, 502, "<html><h1>502</h1></html>"),
        ("503", {"body": "json"}, 503, {"code": 50_300_000, "message": "internal server error occurred"}),
        ("403", {}, 403, {"message": "forbidden."}),
        ("429", {"reset_in": 7}, 429, {"message": "too many requests."}),
        ("302", {}, 302, ""),
    ],
)
async def test_failures_before_anything_is_done(
    exchange: FakeAlpaca, name: str, arguments: dict[str, Any], status: int, told: object
) -> None:
    exchange.faults.add(name, method="POST", **arguments)
    assert (await request(exchange, "GET", "/v2/account"))[0] == 200
    answer = await request(exchange, "POST", "/v2/orders", BUY)
    assert answer[:2] == (status, told)
    assert orders(exchange) == []
    if name == "429":
        assert answer[2]["X-RateLimit-Reset"] == str(exchange.clock.now // 1000 + 7)
        assert answer[2]["X-RateLimit-Remaining"] == "0"
    if name == "302":
        assert answer[2]["Location"].startswith(exchange.url)


@pytest.mark.parametrize("name", ["abort_before", "refuse_tcp"])
async def test_connection_that_breaks_before_anything_is_done(exchange: FakeAlpaca, name: str) -> None:
    exchange.faults.add(name, path="/v2/orders")
    with pytest.raises(ClientError):
        await request(exchange, "POST", "/v2/orders", BUY)
    assert orders(exchange) == []
    assert exchange.faults.fired == {name: 1}


@pytest.mark.parametrize("name", ["abort_after_accept", "truncated"])
async def test_connection_that_breaks_when_all_is_done(exchange: FakeAlpaca, name: str) -> None:
    exchange.faults.add(name, path="/v2/orders")
    with pytest.raises(ClientError):
        await request(exchange, "POST", "/v2/orders", BUY)
    assert orders(exchange) == ["filled"]


async def test_504_when_all_is_done(exchange: FakeAlpaca) -> None:
    exchange.faults.add("504_after_accept", path="/v2/orders")
    assert (await request(exchange, "POST", "/v2/orders", BUY))[0] == 504
    assert orders(exchange) == ["filled"]


async def test_an_answer_that_is_no_json(exchange: FakeAlpaca) -> None:
    exchange.faults.add("bad_json", path="/v2/orders")
    with pytest.raises(ValueError, match="Unterminated"):
        await request(exchange, "POST", "/v2/orders", BUY)
    assert orders(exchange) == ["filled"]


async def test_delay_is_of_the_exchange_s_time(exchange: FakeAlpaca) -> None:
    exchange.faults.add("delay", seconds=30, path="/v2/account")
    slow = asyncio.create_task(request(exchange, "GET", "/v2/account"))
    assert (await request(exchange, "GET", "/v2/clock"))[0] == 200
    await until(lambda: exchange.faults.fired["delay"], "the request is there")
    exchange.clock.advance(29)
    assert (await request(exchange, "GET", "/v2/clock"))[0] == 200
    assert not slow.done()
    exchange.clock.advance(1)
    assert (await slow)[0] == 200


async def test_a_stalled_request_holds_up_no_other(exchange: FakeAlpaca) -> None:
    exchange.faults.add("stall", path="/v2/account")
    stalled = asyncio.create_task(request(exchange, "GET", "/v2/account"))
    await until(lambda: exchange.faults.fired["stall"], "the request is there")
    exchange.clock.advance(3600)
    assert (await request(exchange, "GET", "/v2/account"))[0] == 200
    assert not stalled.done()
    stalled.cancel()


@pytest.mark.parametrize("name", ["insufficient_bp", "insufficient_qty", "wash"])
async def test_refusals_by_the_account(exchange: FakeAlpaca, name: str) -> None:
    exchange.faults.add(name, symbol="SPY")
    assert (await request(exchange, "POST", "/v2/orders", BUY | {"symbol": "SH"}))[0] == 200
    status, body, _ = await request(exchange, "POST", "/v2/orders", BUY)
    assert (status, body["code"]) == (403, 40310000)
    word = {"insufficient_bp": "buying power", "insufficient_qty": "insufficient qty", "wash": "wash trade"}[name]
    assert word in body["message"]
    assert len(orders(exchange)) == 1


async def test_an_accepted_order_may_be_rejected_later(exchange: FakeAlpaca) -> None:
    exchange.faults.add("reject_async")
    status, body, _ = await request(exchange, "POST", "/v2/orders", BUY)
    assert (status, body["status"]) == (200, "pending_new")
    assert orders(exchange) == ["rejected"]


async def test_half_executes_and_the_venue_cancels_the_rest(exchange: FakeAlpaca) -> None:
    exchange.faults.add("partial_then_cancel")
    await request(exchange, "POST", "/v2/orders", BUY)
    assert orders(exchange) == ["canceled"]
    assert exchange.exchange.account.qty("SPY") == 5


async def test_a_cancel_may_come_too_late(exchange: FakeAlpaca) -> None:
    _, body, _ = await request(exchange, "POST", "/v2/orders", LIMIT)
    exchange.faults.add("order_cancel_rejected")
    assert (await request(exchange, "DELETE", f"/v2/orders/{body['id']}"))[0] == 204
    assert orders(exchange) == ["new"]
    assert (await request(exchange, "DELETE", f"/v2/orders/{body['id']}"))[0] == 204
    assert orders(exchange) == ["canceled"]


async def test_an_order_may_execute_while_it_is_replaced(exchange: FakeAlpaca) -> None:
    _, body, _ = await request(exchange, "POST", "/v2/orders", LIMIT)
    exchange.faults.add("fill_during_replace")
    assert (await request(exchange, "PATCH", f"/v2/orders/{body['id']}", {"limit_price": "501"}))[0] == 200
    assert orders(exchange) == ["filled", "rejected"]


async def test_faults_of_history(exchange: FakeAlpaca) -> None:
    exchange.clock.advance(600)
    path = "/v2/stocks/bars?symbols=SPY&timeframe=1Min&feed=iex&limit=4"
    exchange.faults.add("page_fail", after=1)
    status, page, _ = await request(exchange, "GET", path)
    assert (status, len(page["bars"]["SPY"])) == (200, 4)
    assert (await request(exchange, "GET", f"{path}&page_token={page['next_page_token']}"))[0] == 500
    assert (await request(exchange, "GET", f"{path}&page_token={page['next_page_token']}"))[0] == 200
    exchange.faults.add("empty_bars")
    assert (await request(exchange, "GET", path))[1] == {"bars": {}, "next_page_token": None}


async def test_unknown_statuses_and_another_clock(exchange: FakeAlpaca) -> None:
    await request(exchange, "POST", "/v2/orders", LIMIT)
    exchange.faults.add("unknown_enum")
    assert [order["status"] for order in (await request(exchange, "GET", "/v2/orders"))[1]] == ["teleporting"]
    exchange.faults.add("clock_skew", seconds=-20)
    assert (await request(exchange, "GET", "/v2/clock"))[1]["timestamp"] == "2025-07-15T09:29:40-04:00"
    assert (await request(exchange, "GET", "/v2/clock"))[1]["timestamp"] == "2025-07-15T09:30:00-04:00"


async def test_no_new_connections_for_a_while(exchange: FakeAlpaca) -> None:
    port = exchange.port
    await exchange.refuse()
    with pytest.raises(ClientError):
        await request(exchange, "GET", "/v2/account")
    await exchange.listen()
    assert exchange.port == port
    assert (await request(exchange, "GET", "/v2/account"))[0] == 200
