"""Requests that are refused as Alpaca refuses them, and what of an order may be changed."""

from decimal import Decimal

import msgspec
import pytest

from tests.exchange.exchange import BEGIN, FakeExchange
from tests.exchange.listings import LISTINGS
from tests.exchange.orders import Body, Refusal

MINUTE = 60_000
MARKET: Body = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": "10"}
LIMIT = MARKET | {"type": "limit", "limit_price": "500"}
FAR: Body = {"symbol": "SPY", "side": "sell", "type": "limit", "time_in_force": "gtc", "limit_price": "700"}


def bought(qty: int) -> FakeExchange:
    exchange = FakeExchange()
    exchange.submit(MARKET | {"qty": qty})
    exchange.settle()
    return exchange


@pytest.mark.parametrize(
    ("changes", "status", "code", "words"),
    [
        ({"symbol": "NOPE"}, 422, 42210000, "not found"),
        ({"side": "hold"}, 422, 40010001, "side"),
        ({"qty": None}, 422, 40010001, "qty or notional is required"),
        ({"notional": "10"}, 422, 40010001, "only one of qty or notional"),
        ({"qty": "-1"}, 422, 40010001, "qty must be > 0"),
        ({"qty": "0"}, 422, 40010001, "qty must be > 0"),
        ({"qty": "many"}, 422, 40010001, "invalid qty"),
        ({"qty": "nan"}, 422, 40010001, "qty must be > 0"),
        ({"type": "guess"}, 422, 42210000, "invalid order type"),
        ({"time_in_force": "later"}, 422, 42210000, "time_in_force"),
        ({"type": "limit"}, 422, 40010001, "require a limit price"),
        ({"type": "stop"}, 422, 40010001, "require a stop price"),
        ({"limit_price": "500"}, 422, 40010001, "market orders must not"),
        ({"type": "trailing_stop"}, 422, 40010001, "trail_price or trail_percent"),
        ({"type": "limit", "limit_price": "590.125"}, 422, 42210000, "sub-penny"),
        ({"type": "limit", "limit_price": 0.1 + 0.2}, 422, 42210000, "sub-penny"),
        ({"qty": "0.5", "time_in_force": "gtc"}, 422, 42210000, "DAY"),
        ({"qty": None, "notional": "0.99"}, 403, 40310000, "minimal amount of order 1"),
        ({"symbol": "IBM", "qty": "0.5"}, 403, 40310000, "not fractionable"),
        ({"qty": "0.5", "order_class": "bracket"}, 422, 42210000, "simple"),
        ({"order_class": "bracket"}, 422, 40010001, "take_profit and stop_loss"),
        ({"extended_hours": True}, 422, 42210000, "extended hours"),
        ({"client_order_id": "x" * 129}, 422, 40010001, "128"),
        ({"symbol": "BTC/USD", "qty": "0.1"}, 422, 42210000, "crypto time_in_force"),
        ({"symbol": "BTC/USD", "type": "stop", "stop_price": "1"}, 422, 42210000, "invalid order type"),
        ({"symbol": "BTC/USD", "side": "sell", "time_in_force": "gtc"}, 403, 40310000, "insufficient qty"),
        ({"qty": "1000"}, 403, 40310000, "insufficient buying power"),
        ({"time_in_force": "opg"}, 422, 42210000, "opg"),
    ],
)
def test_refusals(changes: Body, status: int, code: int, words: str) -> None:
    exchange = FakeExchange()
    body = {name: value for name, value in (MARKET | changes).items() if value is not None}
    with pytest.raises(Refusal, match=words) as caught:
        exchange.submit(body)
    assert (caught.value.status, caught.value.body["code"]) == (status, code)
    exchange.settle()
    assert not exchange.orders
    assert exchange.account.cash == 100_000


def test_blocked_accounts_and_assets_that_do_not_trade() -> None:
    listings = [msgspec.structs.replace(each, tradable=each.symbol != "SPY") for each in LISTINGS]
    exchange = FakeExchange(listings=listings)
    with pytest.raises(Refusal, match="not tradable"):
        exchange.submit(MARKET)
    assert exchange.listing("SPY").asset()["tradable"] is False
    exchange.account.blocked = True
    with pytest.raises(Refusal, match="restricted") as caught:
        exchange.submit(MARKET | {"symbol": "SH"})
    assert caught.value.status == 403
    assert exchange.account.body([])["trading_blocked"] is True


def test_client_order_id_is_unique_for_ever() -> None:
    exchange = FakeExchange()
    first = exchange.submit(LIMIT | {"client_order_id": "sentio-1"})
    exchange.cancel(first.id)
    exchange.settle()
    assert first.status == "canceled"
    for again in (LIMIT, MARKET):
        with pytest.raises(Refusal, match="must be unique") as caught:
            exchange.submit(again | {"client_order_id": "sentio-1"})
        assert (caught.value.status, caught.value.body["code"]) == (422, 40010001)
    assert exchange.by_client_id("sentio-1") is first


def test_open_sells_hold_the_shares_and_open_buys_the_money() -> None:
    exchange = bought(100)
    exchange.submit(FAR | {"qty": "80"})
    with pytest.raises(Refusal, match="insufficient qty") as caught:
        exchange.submit(FAR | {"qty": "21"})
    figures = {name: caught.value.body[name] for name in ("available", "existing_qty", "held_for_orders", "symbol")}
    assert figures == {"available": "20", "existing_qty": "100", "held_for_orders": "80", "symbol": "SPY"}
    exchange.submit(FAR | {"qty": "20"})
    exchange = FakeExchange()
    exchange.submit(LIMIT | {"qty": "300"})
    assert exchange.account.buying_power(exchange.orders.values()) == 2 * 100_000 - 300 * 500
    with pytest.raises(Refusal, match="insufficient buying power"):
        exchange.submit(LIMIT | {"qty": "101"})


def test_an_account_without_margin_has_its_cash_alone() -> None:
    exchange = FakeExchange()
    exchange.account.multiplier = 1
    with pytest.raises(Refusal, match="insufficient buying power"):
        exchange.submit(LIMIT | {"qty": "201"})
    exchange.submit(LIMIT | {"qty": "200"})


def test_wash_trades_are_refused_where_they_could_cross() -> None:
    exchange = bought(100)
    exchange.submit(FAR | {"qty": "10"})
    with pytest.raises(Refusal, match="wash trade") as caught:
        exchange.submit(MARKET)
    assert (caught.value.status, caught.value.body["code"]) == (403, 40310000)
    exchange.submit(LIMIT)
    with pytest.raises(Refusal, match="wash trade"):
        exchange.submit(LIMIT | {"limit_price": "700"})
    exchange.submit(MARKET | {"symbol": "SH"})


def test_what_is_over_cannot_be_cancelled() -> None:
    exchange = bought(1)
    (order,) = exchange.orders.values()
    with pytest.raises(Refusal, match='already in "filled"') as caught:
        exchange.cancel(order.id)
    assert caught.value.status == 422
    with pytest.raises(Refusal, match="order not found") as missing:
        exchange.cancel("11111111-2222-4333-8444-555555555555")
    assert (missing.value.status, missing.value.body["code"]) == (404, 40410000)


def test_replacing_makes_a_new_order() -> None:
    exchange = FakeExchange()
    events: list[tuple[str, str]] = []
    exchange.listeners.append(lambda update: events.append((update.event, str(update.order["id"]))))
    old = exchange.submit(LIMIT)
    exchange.settle()
    with pytest.raises(Refusal, match="not changed"):
        exchange.replace(old.id, {"limit_price": "500"})
    new = exchange.replace(old.id, {"limit_price": "510", "qty": "20"})
    assert old.status == "pending_replace"
    exchange.settle()
    assert events == [("new", old.id), ("replaced", old.id), ("new", new.id)]
    assert (old.status, old.replaced_by, new.replaces) == ("replaced", new.id, old.id)
    assert (new.qty, new.limit_price, new.status) == (Decimal(20), Decimal(510), "new")
    with pytest.raises(Refusal, match="not replaceable"):
        exchange.replace(old.id, {"limit_price": "511"})


def test_a_replacement_of_what_was_executed_meanwhile_is_rejected() -> None:
    exchange = FakeExchange()
    events: list[str] = []
    exchange.listeners.append(lambda update: events.append(update.event))
    old = exchange.submit(LIMIT)
    exchange.settle()
    new = exchange.replace(old.id, {"limit_price": "510"})
    exchange.fill(old.id, 10, 500.0)
    exchange.settle()
    assert events == ["new", "fill", "order_replace_rejected", "rejected"]
    assert (old.status, new.status) == ("filled", "rejected")
    assert exchange.account.qty("SPY") == 10


def test_only_a_part_that_is_left_goes_on_in_the_replacement() -> None:
    exchange = FakeExchange()
    old = exchange.submit(LIMIT)
    exchange.settle()
    exchange.fill(old.id, 4, 500.0)
    new = exchange.replace(old.id, {"qty": "15"})
    exchange.settle()
    assert (old.status, old.filled_qty) == ("replaced", Decimal(4))
    assert (new.qty, new.filled_qty) == (Decimal(11), Decimal(0))


def test_closing_positions() -> None:
    exchange = bought(100)
    with pytest.raises(Refusal, match="position does not exist"):
        exchange.close_position("SH")
    quarter = exchange.close_position("SPY", percentage=Decimal(25))
    exchange.settle()
    assert (quarter.side, quarter.filled_qty, exchange.account.qty("SPY")) == ("sell", Decimal(25), Decimal(75))
    exchange.close_position("SPY")
    exchange.settle()
    assert not exchange.account.positions


def test_opening_and_closing_auctions_are_not_taken_shortly_before() -> None:
    exchange = FakeExchange(begin=BEGIN - 10 * MINUTE)
    exchange.submit(MARKET | {"time_in_force": "opg"})
    exchange.clock.advance(8 * 60)
    with pytest.raises(Refusal, match="opg"):
        exchange.submit(MARKET | {"time_in_force": "opg"})
    exchange.submit(MARKET | {"time_in_force": "cls", "symbol": "SH"})
    exchange.clock.advance_to(BEGIN + 385 * MINUTE)
    with pytest.raises(Refusal, match="cls"):
        exchange.submit(MARKET | {"time_in_force": "cls"})
    exchange.clock.advance(6 * 60)
    assert [order.status for order in exchange.orders.values()] == ["filled", "filled"]
    assert [order.filled_at for order in exchange.orders.values()] == [BEGIN, BEGIN + 390 * MINUTE]
