"""The hardened REST calls of the real alpaca-py against the local exchange."""

import asyncio
from decimal import Decimal

import pytest

from sentio_tui.alpaca import http, lanes
from sentio_tui.alpaca.answers import NewOrder
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.keys import Keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.rest import Rest
from tests.alpaca.places import Pauses, keys_of, place_of, rest
from tests.exchange.conditions import LONGEST, until
from tests.exchange.server import FakeAlpaca

MINUTE = 60_000


def market_order(identity: str, quantity: str = "3") -> NewOrder:
    return NewOrder(identity, "SPY", "buy", qty=Decimal(quantity))


def posts(exchange: FakeAlpaca) -> int:
    return sum(method == "POST" for method, _ in exchange.requests)


async def test_every_call_is_answered(exchange: FakeAlpaca) -> None:
    async with rest(exchange) as client:
        account = await client.account()
        assert (account.status, account.currency) == ("ACTIVE", "USD")
        assert account.cash == account.equity > 0
        placed = await client.submit(market_order("sentio-1"))
        assert placed.qty == 3
        await until(lambda: exchange.exchange.by_client_id("sentio-1").status == "filled", "it fills")
        resting = await client.submit(
            NewOrder("sentio-2", "QQQ", "buy", qty=Decimal(1), type="limit", limit_price=Decimal("1.00"))
        )
        coin = await client.submit(NewOrder("sentio-3", "BTC-USD", "buy", notional=Decimal(100), time_in_force="gtc"))
        assert coin.symbol == "BTC-USD"
        assert [order.client_order_id for order in await client.open_orders()] == ["sentio-2"]
        assert len(await client.orders_since(0)) == 3
        held = {position.symbol: position for position in await client.positions()}
        assert held.keys() == {"SPY", "BTC-USD"}
        assert held["SPY"].qty == 3
        fills = await client.executions(0)
        assert [fill.order_id for fill in fills] == [placed.id, coin.id]
        assert fills[0].price == held["SPY"].avg_entry_price
        found = await client.order("sentio-2")
        assert found is not None
        assert found.id == resting.id
        assert await client.order("sentio-9") is None
        await client.cancel(resting.id)
        await until(lambda: exchange.exchange.by_client_id("sentio-2").status == "canceled", "it is cancelled")
        assert (await client.clock()).is_open
        days = await client.calendar("2025-01-01", "2025-01-10")
        assert [day.date for day in days[:2]] == ["2025-01-02", "2025-01-03"]
        assert "SPY" in {asset.symbol for asset in await client.assets()}
        assert (await client.asset("BTC-USD")).tradable
        assert client.rates is not None
        assert client.rates.limit == 200


async def test_bars_of_several_days_come_in_pieces_and_equal_the_market(exchange: FakeAlpaca) -> None:
    end = exchange.clock.now - MINUTE
    start = end - 3 * 24 * 60 * MINUTE
    pages: list[int] = []
    async with rest(exchange) as client:
        found = await client.minute_bars(["SPY", "QQQ"], start, end, on_page=lambda page: pages.append(len(page)))
        coins = await client.minute_bars(["BTC-USD"], end - 10 * MINUTE, end, "crypto")
    assert len(pages) >= 3
    for symbol, bars in found.items():
        truth = exchange.market.bars(symbol, start, end, exchange.clock.now, "iex")
        assert [bar.time for bar in bars] == [at for at, _ in truth]
        assert [bar.close for bar in bars] == [bar.c for _, bar in truth]
        assert all(bar.backfilled for bar in bars)
    assert found["SPY"]
    assert coins["BTC-USD"]


async def test_a_page_that_fails_is_asked_again_and_the_others_are_not(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentio_tui.alpaca.rest._BARS_A_PAGE", 50)
    end = exchange.clock.now - MINUTE
    exchange.faults.add("503", path="/v2/stocks/bars", after=1, body="html")
    async with rest(exchange) as client:
        found = await client.minute_bars(["SPY"], end - 24 * 60 * MINUTE, end, "iex")
    times = [bar.time for bar in found["SPY"]]
    assert len(times) > 100
    assert times == sorted(set(times))
    assert exchange.faults.fired["503"] == 1


@pytest.mark.parametrize("fault", ["504_after_accept", "abort_after_accept", "bad_json", "truncated"])
async def test_t16_an_accepted_order_whose_answer_is_lost_is_one_order(exchange: FakeAlpaca, fault: str) -> None:
    exchange.faults.add(fault, path="/v2/orders", method="POST")
    async with rest(exchange) as client:
        order = await client.submit(market_order("sentio-1"))
    assert exchange.faults.fired[fault] == 1
    assert order.client_order_id == "sentio-1"
    assert len(exchange.exchange.orders) == 1
    assert posts(exchange) == 1


@pytest.mark.parametrize("fault", ["abort_before", "500", "502", "302"])
async def test_t16_an_order_that_did_not_arrive_is_sent_once_more_with_the_same_id(
    exchange: FakeAlpaca, fault: str
) -> None:
    exchange.faults.add(fault, path="/v2/orders", method="POST", body="html")
    pauses = Pauses(exchange)
    async with rest(exchange, pauses) as client:
        order = await client.submit(market_order("sentio-1"))
    assert order.client_order_id == "sentio-1"
    assert len(exchange.exchange.orders) == 1
    assert posts(exchange) == 2
    assert pauses.seconds == [0.5, 1.0, 2.0, 4.0]


async def test_t16_an_outcome_that_cannot_be_asked_for_stays_unknown_and_nothing_is_sent_again(
    exchange: FakeAlpaca,
) -> None:
    exchange.faults.add("504_after_accept", path="/v2/orders", method="POST")
    exchange.faults.add("503", times=None, method="GET")
    async with rest(exchange) as client:
        with pytest.raises(AlpacaError, match="not known whether it arrived") as caught:
            await client.submit(market_order("sentio-1"))
    assert caught.value.unknown
    assert posts(exchange) == 1


async def test_t16_an_id_that_is_taken_means_that_the_order_is_there(exchange: FakeAlpaca) -> None:
    async with rest(exchange) as client:
        first = await client.submit(market_order("sentio-1"))
        second = await client.submit(market_order("sentio-1"))
    assert first.id == second.id
    assert len(exchange.exchange.orders) == 1


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("insufficient_bp", 403, "insufficient buying power"),
        ("wash", 403, "wash trade"),
        ("403", 403, "forbidden"),
        ("429", 429, "too many requests"),
    ],
)
async def test_a_refused_order_is_final(exchange: FakeAlpaca, fault: str, status: int, words: str) -> None:
    exchange.faults.add(fault, path="/v2/orders" if fault.isdigit() else "")
    async with rest(exchange) as client:
        with pytest.raises(AlpacaError, match=words) as caught:
            await client.submit(market_order("sentio-1"))
    assert caught.value.status == status
    assert not caught.value.unknown
    assert caught.value.is_wash_trade == (fault == "wash")
    assert posts(exchange) == 1
    assert not exchange.exchange.orders


async def test_an_order_that_never_left_is_no_unknown_one() -> None:
    client = Rest(Keys("PKID", "secret"), Place("paper", "http://127.0.0.1:1", "http://127.0.0.1:1"))
    with pytest.raises(AlpacaError, match="no connection") as caught:
        await client.submit(market_order("sentio-1"))
    client.close()
    assert not caught.value.unknown
    assert caught.value.status == 0


async def test_t17_a_read_waits_for_the_limit_to_be_renewed(exchange: FakeAlpaca) -> None:
    exchange.faults.add("429", path="/v2/account", reset_in=42)
    pauses = Pauses(exchange)
    async with rest(exchange, pauses) as client:
        await client.account()
    assert sum(pauses.seconds) == pytest.approx(42, abs=1.0)
    assert exchange.faults.fired["429"] == 1


async def test_t17_a_read_is_not_even_sent_while_the_limit_is_used_up(exchange: FakeAlpaca) -> None:
    exchange.rates["trading"].limit = 2
    pauses = Pauses(exchange)
    async with rest(exchange, pauses) as client:
        for _ in range(5):
            await client.account()
    assert len([request for request in exchange.requests if request[1] == "/v2/account"]) == 5
    assert len(pauses.seconds) == 2


async def test_t17_reads_leave_off_when_orders_have_used_the_limit_up(exchange: FakeAlpaca) -> None:
    pauses = Pauses(exchange)
    async with rest(exchange, pauses) as client:
        await client.account()
        exchange.rates["trading"].limit = 2
        await client.submit(market_order("sentio-1"))
        await client.account()
    assert len(pauses.seconds) == 1
    assert len(exchange.requests) == 3


async def test_t17_while_a_read_waits_orders_and_the_loop_go_on(exchange: FakeAlpaca) -> None:
    exchange.faults.add("429", path="/v2/account", reset_in=42)
    gate = asyncio.Event()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await gate.wait()

    client = Rest(keys_of(exchange), place_of(exchange), now=lambda: exchange.clock.now, sleep=sleep)
    reading = asyncio.create_task(client.account())
    await until(lambda: waits, "the read waits")
    await client.submit(market_order("sentio-1"))
    assert not reading.done()
    gate.set()
    await reading
    client.close()


async def test_t18_a_stalled_read_ends_in_time(exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (1.0, 0.3))
    exchange.faults.add("stall", times=None, path="/v2/positions")
    async with rest(exchange) as client:
        with pytest.raises(AlpacaError, match="no answer in time") as caught:
            await client.positions()
    assert not caught.value.unknown


async def test_t18_a_cancel_does_not_wait_for_a_stalled_read(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (1.0, 60.0))
    exchange.faults.add("stall", times=None, path="/v2/positions")
    async with rest(exchange) as client:
        resting = await client.submit(
            NewOrder("sentio-1", "SPY", "buy", qty=Decimal(1), type="limit", limit_price=Decimal("1.00"))
        )
        stalled = asyncio.create_task(client.positions())
        await until(lambda: exchange.faults.fired["stall"] == 1, "it stalls")
        async with asyncio.timeout(LONGEST):
            await client.cancel(resting.id)
        await exchange.stop()
        with pytest.raises(AlpacaError):
            await stalled


async def test_t18_a_thread_that_hangs_is_left_and_the_lane_goes_on(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (5.0, 4.0))
    async with rest(exchange) as client:
        await client.account()
        monkeypatch.setattr(lanes, "CALL_SECONDS", 1.5)
        exchange.faults.add("stall", times=1, path="/v2/account")
        assert (await client.account()).status == "ACTIVE"
    assert exchange.faults.fired["stall"] == 1


@pytest.mark.parametrize("fault", ["500", "503"])
async def test_an_answer_in_html_is_told_in_words(exchange: FakeAlpaca, fault: str) -> None:
    exchange.faults.add(fault, times=None, path="/v2/clock", body="html")
    async with rest(exchange) as client:
        with pytest.raises(AlpacaError) as caught:
            await client.clock()
    text = str(caught.value)
    assert text.startswith(f"ask for the exchange's clock: {fault}: an answer that is no JSON")
    assert f"GET {exchange.url}/v2/clock" in text
    assert "try again" in text


async def test_wrong_keys_are_told_and_not_shown(exchange: FakeAlpaca) -> None:
    client = Rest(Keys("PKNOBODYKNOWSTHIS", "nor-this-secret"), place_of(exchange))
    with pytest.raises(AlpacaError, match=r"unauthorized.*Check the keys") as caught:
        await client.account()
    client.close()
    assert "nor-this-secret" not in repr(caught.value) + str(caught.value) + str(caught.value.__dict__)


async def test_orders_with_values_nobody_knows_are_read(exchange: FakeAlpaca) -> None:
    async with rest(exchange) as client:
        await client.submit(
            NewOrder("sentio-1", "SPY", "buy", qty=Decimal(1), type="limit", limit_price=Decimal("1.00"))
        )
        exchange.faults.add("unknown_enum")
        (order,) = await client.open_orders()
    assert order.status == "teleporting"
    assert not order.is_done
