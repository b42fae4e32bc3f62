"""REST answers: against Alpaca's published description, and what the headers and errors say."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.exchange.exchange import BEGIN
from tests.exchange.published import DATA, TRADING, check, unknown_fields
from tests.exchange.server import FakeAlpaca

MINUTE = 60_000
BUY = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": "10"}
LIMIT = BUY | {"type": "limit", "limit_price": "500"}
ORDER = "/v2/orders/{order_id}"


class Caller:
    """Requests as any HTTP client makes them, with the keys."""

    def __init__(self, exchange: FakeAlpaca, session: ClientSession) -> None:
        self.exchange = exchange
        self._session = session
        self.keys = {"APCA-API-KEY-ID": exchange.key, "APCA-API-SECRET-KEY": exchange.secret}
        self.headers: Mapping[str, str] = {}

    async def __call__(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        options.setdefault("headers", self.keys)
        async with self._session.request(method, self.exchange.url + path, **options) as response:
            self.headers = dict(response.headers)
            text = await response.text()
            assert response.status == status, f"{method} {path}: {response.status} {text}"
            return await response.json(content_type=None) if text else None


@pytest.fixture
async def call(exchange: FakeAlpaca) -> AsyncIterator[Caller]:
    async with ClientSession() as session:
        yield Caller(exchange, session)


async def test_account_is_as_published(call: Caller) -> None:
    body = await call("GET", "/v2/account")
    check(body, TRADING, "/v2/account")
    assert unknown_fields(body, TRADING, "Account") == {"effective_buying_power", "position_market_value"}
    assert not {"pattern_day_trader", "daytrade_count", "daytrading_buying_power"} & set(body)
    assert (body["cash"], body["equity"], body["buying_power"]) == ("100000", "100000", "200000")
    configuration = await call("GET", "/v2/account/configurations")
    check(configuration, TRADING, "/v2/account/configurations")
    changed = await call("PATCH", "/v2/account/configurations", json={"no_shorting": True})
    assert changed == configuration | {"no_shorting": True}


async def test_orders_are_as_published(call: Caller) -> None:
    accepted = await call("POST", "/v2/orders", json=BUY | {"client_order_id": "sentio-1"})
    check(accepted, TRADING, "/v2/orders", "post")
    assert unknown_fields(accepted, TRADING, "Order") == {"source", "subtag"}
    assert (accepted["status"], accepted["filled_qty"], accepted["qty"]) == ("pending_new", "0", "10")
    assert accepted["created_at"].endswith("456789Z")
    found = await call("GET", f"/v2/orders/{accepted['id']}")
    check(found, TRADING, ORDER)
    assert found["status"] == "filled"
    assert found == await call("GET", "/v2/orders:by_client_order_id?client_order_id=sentio-1")
    resting = await call("POST", "/v2/orders", json=LIMIT)
    replaced = await call("PATCH", f"/v2/orders/{resting['id']}", json={"limit_price": "501"})
    check(replaced, TRADING, ORDER, "patch")
    assert replaced["replaces"] == resting["id"]
    everything = await call("GET", "/v2/orders?status=all&limit=500&nested=True")
    check(everything, TRADING, "/v2/orders")
    assert [order["status"] for order in everything] == ["new", "replaced", "filled"]
    assert [order["id"] for order in await call("GET", "/v2/orders")] == [replaced["id"]]
    assert await call("DELETE", f"/v2/orders/{replaced['id']}", 204) is None
    assert (await call("GET", f"/v2/orders/{replaced['id']}"))["status"] == "canceled"


async def test_orders_are_filtered(call: Caller) -> None:
    for symbol in ("SPY", "SH", "SPY"):
        await call("POST", "/v2/orders", json=LIMIT | {"symbol": symbol, "limit_price": "1"})
        call.exchange.clock.advance(60)
    after = datetime.fromtimestamp(BEGIN / 1000 + 30, UTC).isoformat().replace("+00:00", "Z")
    assert [order["symbol"] for order in await call("GET", "/v2/orders?direction=asc")] == ["SPY", "SH", "SPY"]
    assert [order["symbol"] for order in await call("GET", f"/v2/orders?after={after}")] == ["SPY", "SH"]
    assert [order["symbol"] for order in await call("GET", f"/v2/orders?until={after}")] == ["SPY"]
    second = (await call("GET", "/v2/orders"))[1]["submitted_at"]
    assert len(await call("GET", f"/v2/orders?after={second}")) == 1, "after that, not at it"
    assert len(await call("GET", f"/v2/orders?until={second}")) == 1
    assert len(await call("GET", "/v2/orders?symbols=SH,QQQ")) == 1
    assert len(await call("GET", "/v2/orders?limit=2")) == 2
    assert not await call("GET", "/v2/orders?side=sell")
    assert not await call("GET", "/v2/orders?status=closed")
    await call("GET", "/v2/orders?limit=501", 422)


async def test_bracket_is_nested_when_asked(call: Caller) -> None:
    legs = {"take_profit": {"limit_price": "700"}, "stop_loss": {"stop_price": "500"}}
    body = await call("POST", "/v2/orders", json=BUY | {"order_class": "bracket"} | legs)
    check(body, TRADING, "/v2/orders", "post")
    assert [leg["status"] for leg in body["legs"]] == ["held", "held"]
    nested = await call("GET", "/v2/orders?status=all&nested=true")
    flat = await call("GET", "/v2/orders?status=all&nested=false")
    assert (len(nested), len(flat)) == (1, 3)
    assert [leg["status"] for leg in nested[0]["legs"]] == ["new", "new"]


async def test_positions_are_as_published(call: Caller) -> None:
    for symbol, tif, qty in (("SPY", "day", "10"), ("BTC/USD", "gtc", "0.5")):
        await call("POST", "/v2/orders", json=BUY | {"symbol": symbol, "time_in_force": tif, "qty": qty})
    positions = await call("GET", "/v2/positions")
    check(positions[1:], TRADING, "/v2/positions")
    assert [position["symbol"] for position in positions] == ["BTCUSD", "SPY"]
    assert await call("GET", "/v2/positions/BTCUSD") == await call("GET", "/v2/positions/BTC/USD")
    one = await call("GET", "/v2/positions/SPY")
    check(one, TRADING, "/v2/positions/{symbol_or_asset_id}")
    assert (one["qty"], one["qty_available"], one["side"]) == ("10", "10", "long")
    closing = await call("DELETE", "/v2/positions/SPY?qty=4")
    check(closing, TRADING, "/v2/positions/{symbol_or_asset_id}", "delete")
    assert (await call("GET", "/v2/positions/SPY"))["qty"] == "6"
    missing = await call("GET", "/v2/positions/SH", 404)
    assert missing == {"code": 40410000, "message": "position does not exist"}


async def test_everything_is_closed_and_cancelled(call: Caller) -> None:
    await call("POST", "/v2/orders", json=BUY)
    await call("POST", "/v2/orders", json=LIMIT | {"side": "sell", "limit_price": "700"})
    cancelled = await call("DELETE", "/v2/orders", 207)
    check(cancelled, TRADING, "/v2/orders", "delete", "207")
    assert [each["status"] for each in cancelled] == [200]
    await call("POST", "/v2/orders", json=LIMIT | {"side": "sell", "limit_price": "700"})
    refused = await call("DELETE", "/v2/positions", 207)
    assert [each["status"] for each in refused] == [403], "the shares are held by an order"
    closed = await call("DELETE", "/v2/positions?cancel_orders=True", 207)
    check(closed, TRADING, "/v2/positions", "delete", "207")
    assert [each["status"] for each in closed] == [200]
    assert await call("GET", "/v2/positions") == []


async def test_fills_are_listed_page_by_page(call: Caller) -> None:
    call.exchange.exchange.script("SPY", 1, 2, 3)
    await call("POST", "/v2/orders", json=BUY)
    call.exchange.clock.advance(60)
    fills = await call("GET", "/v2/account/activities/FILL")
    check(fills, TRADING, "/v2/account/activities/{activity_type}")
    assert [fill["qty"] for fill in fills] == ["3", "2", "1"]
    assert [(fill["cum_qty"], fill["leaves_qty"]) for fill in fills] == [("6", "4"), ("3", "7"), ("1", "9")]
    first = await call("GET", "/v2/account/activities/FILL?page_size=2&direction=asc")
    rest = await call("GET", f"/v2/account/activities/FILL?direction=asc&page_token={first[-1]['id']}")
    assert [*first, *rest] == fills[::-1]
    assert await call("GET", "/v2/account/activities/DIV") == []


async def test_clock_and_calendar_are_as_published(call: Caller) -> None:
    clock = await call("GET", "/v2/clock")
    check(clock, TRADING, "/v2/clock")
    assert clock["timestamp"] == "2025-07-15T09:30:00-04:00"
    assert (clock["is_open"], clock["next_close"]) == (True, "2025-07-15T16:00:00-04:00")
    days = await call("GET", "/v2/calendar?start=2025-07-01&end=2025-07-07")
    check(days, TRADING, "/v2/calendar")
    assert [(day["date"], day["close"], day["session_close"]) for day in days] == [
        ("2025-07-01", "16:00", "2000"),
        ("2025-07-02", "16:00", "2000"),
        ("2025-07-03", "13:00", "1700"),
        ("2025-07-07", "16:00", "2000"),
    ]


async def test_assets_and_portfolio_are_as_published(call: Caller) -> None:
    assets = await call("GET", "/v2/assets?asset_class=us_equity")
    check(assets, TRADING, "/v2/assets")
    assert {asset["symbol"] for asset in assets} >= {"SPY", "SPXL", "SH", "SDS", "QQQ", "TQQQ", "PSQ", "SQQQ"}
    ibm = await call("GET", "/v2/assets/IBM")
    check(ibm, TRADING, "/v2/assets/{symbol_or_asset_id}")
    assert not ibm["fractionable"]
    assert (await call("GET", "/v2/assets/BTC/USD"))["symbol"] == "BTC/USD"
    assert (await call("GET", "/v2/assets/NOPE", 404))["code"] == 40410000
    check(await call("GET", "/v2/account/portfolio/history"), TRADING, "/v2/account/portfolio/history")


@pytest.mark.parametrize(
    ("path", "described"),
    [
        ("/v2/stocks/bars?symbols=SPY,SDS&timeframe=1Min&feed=iex", "/v2/stocks/bars"),
        ("/v2/stocks/bars?symbols=SPY&timeframe=1Day&feed=iex&start=2025-07-01", "/v2/stocks/bars"),
        ("/v2/stocks/bars/latest?symbols=SPY,SDS&feed=iex", "/v2/stocks/bars/latest"),
        ("/v2/stocks/quotes/latest?symbols=SPY,SDS", "/v2/stocks/quotes/latest"),
        ("/v2/stocks/trades/latest?symbols=SPY,SDS", "/v2/stocks/trades/latest"),
        ("/v2/stocks/snapshots?symbols=SPY,SDS&feed=iex", "/v2/stocks/snapshots"),
        ("/v1beta3/crypto/us/bars?symbols=BTC/USD&timeframe=5Min", "/v1beta3/crypto/{loc}/bars"),
        ("/v1beta3/crypto/us/latest/bars?symbols=BTC/USD", "/v1beta3/crypto/{loc}/latest/bars"),
        ("/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD", "/v1beta3/crypto/{loc}/latest/quotes"),
        ("/v1beta3/crypto/us/latest/trades?symbols=BTC/USD", "/v1beta3/crypto/{loc}/latest/trades"),
        ("/v1beta3/crypto/us/snapshots?symbols=BTC/USD", "/v1beta3/crypto/{loc}/snapshots"),
    ],
)
async def test_market_data_is_as_published(call: Caller, path: str, described: str) -> None:
    call.exchange.clock.advance(10 * 60)
    body = await call("GET", path)
    assert body
    check(body, DATA, described)


async def test_bars_come_in_pages_over_all_symbols(call: Caller) -> None:
    call.exchange.clock.advance(3600)
    query = "/v2/stocks/bars?symbols=SPY,SDS,NOPE&timeframe=1Min&feed=iex&start=2025-07-15T13:30:00Z"
    whole = (await call("GET", query))["bars"]
    assert list(whole) == ["SDS", "SPY"]
    pages: dict[str, list[Any]] = {}
    token: str | None = ""
    sizes = []
    while token is not None:
        page = await call("GET", f"{query}&limit=13" + (f"&page_token={token}" if token else ""))
        for symbol, bars in page["bars"].items():
            pages.setdefault(symbol, []).extend(bars)
        sizes.append(sum(map(len, page["bars"].values())))
        token = page["next_page_token"]
    assert pages == whole
    assert set(sizes[:-1]) == {13}


async def test_bars_are_bounded_by_time_both_ends_included(call: Caller) -> None:
    call.exchange.clock.advance(3600)
    query = "/v2/stocks/bars?symbols=SPY&timeframe=1Min&feed=iex"
    bars = (await call("GET", f"{query}&start=2025-07-15T13:31:00Z&end=2025-07-15T13:33:00Z"))["bars"]["SPY"]
    assert [bar["t"][11:16] for bar in bars] == ["13:31", "13:32", "13:33"]
    backwards = (await call("GET", f"{query}&start=2025-07-15T13:31:00Z&end=2025-07-15T13:33:00Z&sort=desc"))["bars"]
    assert backwards["SPY"] == bars[::-1]
    assert await call("GET", f"{query}&start=2025-07-13T00:00:00Z&end=2025-07-13T20:00:00Z") == {
        "bars": {},
        "next_page_token": None,
    }
    for wrong in ("timeframe=1Parsec", "timeframe=1Min&feed=odd", "timeframe=1Min&feed=iex&page_token=eA=="):
        await call("GET", f"/v2/stocks/bars?symbols=SPY&{wrong}", 400)


async def test_longer_bars_are_made_of_the_minutes(call: Caller) -> None:
    call.exchange.clock.advance(3600)
    begin = "feed=iex&start=2025-07-15T13:30:00Z&end=2025-07-15T13:34:00Z"
    minutes = (await call("GET", f"/v2/stocks/bars?symbols=SPY&timeframe=1Min&{begin}"))["bars"]["SPY"]
    (five,) = (await call("GET", f"/v2/stocks/bars?symbols=SPY&timeframe=5Min&{begin}"))["bars"]["SPY"]
    assert five["t"] == "2025-07-15T13:30:00Z"
    assert (five["o"], five["c"]) == (minutes[0]["o"], minutes[-1]["c"])
    assert (five["h"], five["l"]) == (max(bar["h"] for bar in minutes), min(bar["l"] for bar in minutes))
    assert five["v"] == sum(bar["v"] for bar in minutes)


async def test_new_sip_data_takes_a_subscription(call: Caller) -> None:
    call.exchange.clock.advance(3600)
    query = "/v2/stocks/bars?symbols=SPY&timeframe=1Min&start=2025-07-15T13:30:00Z"
    last = (await call("GET", query))["bars"]["SPY"][-1]["t"]
    assert last == "2025-07-15T14:15:00Z"
    refused = await call("GET", f"{query}&end=2025-07-15T14:25:00Z", 403)
    assert refused == {"message": "subscription does not permit querying recent SIP data"}
    call.exchange.data.has_sip = True
    assert (await call("GET", query))["bars"]["SPY"][-1]["t"] == "2025-07-15T14:28:00Z"


async def test_keys_are_asked_for(call: Caller) -> None:
    for keys in ({}, {"APCA-API-KEY-ID": call.exchange.key}, call.keys | {"APCA-API-SECRET-KEY": "x"}):
        for path in ("/v2/account", "/v2/stocks/bars?symbols=SPY&timeframe=1Min"):
            assert await call("GET", path, 401, headers=keys) == {"message": "unauthorized."}


async def test_errors_have_the_bodies_of_the_api(call: Caller) -> None:
    await call("POST", "/v2/orders", json=BUY | {"client_order_id": "sentio-1"})
    again = await call("POST", "/v2/orders", 422, json=BUY | {"client_order_id": "sentio-1"})
    assert again == {"code": 40010001, "message": "client_order_id must be unique"}
    poor = await call("POST", "/v2/orders", 403, json=BUY | {"qty": "10000"})
    assert (poor["code"], poor["message"]) == (40310000, "insufficient buying power")
    assert float(poor["cost_basis"]) > float(poor["buying_power"]) > 0
    assert (await call("GET", "/v2/orders/no-uuid", 422))["code"] == 40010001
    assert (await call("GET", "/v2/orders:by_client_order_id?client_order_id=x", 404))["code"] == 40410000
    assert (await call("POST", "/v2/orders", 422, data=b"[]"))["code"] == 40010001
    await call("GET", "/v2/elsewhere", 404)


async def test_rate_is_counted_on_each_answer_by_the_exchange_s_time(call: Caller) -> None:
    call.exchange.rates["trading"].limit = 3
    for left in ("2", "1", "0"):
        await call("GET", "/v2/account")
        assert (call.headers["X-RateLimit-Limit"], call.headers["X-RateLimit-Remaining"]) == ("3", left)
    assert call.headers["X-RateLimit-Reset"] == str(BEGIN // 1000 + 60)
    assert await call("GET", "/v2/account", 429) == {"message": "too many requests."}
    await call("GET", "/v2/stocks/trades/latest?symbols=SPY")
    call.exchange.clock.advance(timedelta(minutes=1).total_seconds())
    await call("GET", "/v2/account")
    assert call.headers["Date"] == "Tue, 15 Jul 2025 13:31:00 GMT"
