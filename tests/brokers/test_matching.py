"""Tables: at which price an order of each type meets a bar."""

import pytest

from sentio_tui.brokers.account import Account
from sentio_tui.brokers.matching import (
    NextOpen,
    SameClose,
    Working,
    estimated_price,
    limit_on_tick,
    match_bar,
    slipped,
)
from sentio_tui.model.bars import Bar
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Order, OrderType, Side

X = Instrument("X", AssetClass.EQUITY, 1.0, 0.01)
BUY, SELL = Side.BUY, Side.SELL
SLIP = 0.001
Prices = tuple[float, float, float, float]


def bar(prices: Prices) -> Bar:
    opened, high, low, close = prices
    return Bar("X", 60_000, opened, high, low, close, 1000.0)


def working(
    side: Side,
    kind: OrderType,
    limit: float | None = None,
    stop: float | None = None,
    trail: float | None = None,
    best: float = 100.0,
) -> Working:
    order = Order(
        "o", "b", "X", side, 0, "test", quantity=10.0, type=kind, limit_price=limit, stop_price=stop, trail=trail
    )
    return Working(order, X, Account(1e6), kind, 0, None, 100.0, best, limit=limit or 0.0, left=10)


@pytest.mark.parametrize(("side", "price"), [(BUY, 100.10), (SELL, 99.90)])
def test_market_takes_the_open_with_slippage(side: Side, price: float) -> None:
    assert match_bar(working(side, OrderType.MARKET), bar((100, 105, 95, 103)), SLIP) == price


@pytest.mark.parametrize(
    ("side", "limit", "prices", "expected"),
    [
        (BUY, 99.0, (100, 101, 99.01, 100), None),
        (BUY, 99.0, (100, 101, 99.0, 100), 99.0),
        (BUY, 99.0, (100, 101, 98.0, 100), 99.0),
        (BUY, 99.0, (98.5, 101, 98.0, 100), 98.5),
        (BUY, 99.0, (99.0, 101, 98.0, 100), 99.0),
        (SELL, 101.0, (100, 100.99, 99, 100), None),
        (SELL, 101.0, (100, 101.0, 99, 100), 101.0),
        (SELL, 101.0, (100, 102, 99, 100), 101.0),
        (SELL, 101.0, (101.5, 102, 99, 100), 101.5),
    ],
)
def test_limit(side: Side, limit: float, prices: Prices, expected: float | None) -> None:
    assert match_bar(working(side, OrderType.LIMIT, limit=limit), bar(prices), SLIP) == expected


def test_a_limit_fill_stays_inside_a_bar_that_is_off_the_tick() -> None:
    prices: Prices = (98.504, 98.504, 98.504, 98.504)
    assert match_bar(working(BUY, OrderType.LIMIT, limit=99.0), bar(prices), SLIP) == 98.504
    assert match_bar(working(SELL, OrderType.LIMIT, limit=98.0), bar(prices), SLIP) == 98.504


@pytest.mark.parametrize(
    ("side", "stop", "prices", "expected"),
    [
        (BUY, 102.0, (100, 101.99, 99, 101), None),
        # 102 x 1.001 = 102.102, up to the cent.
        (BUY, 102.0, (100, 102.0, 99, 101), 102.11),
        (BUY, 102.0, (105, 106, 104, 105), 105.11),
        (SELL, 98.0, (100, 101, 98.01, 99), None),
        # 98 x 0.999 = 97.902, down to the cent.
        (SELL, 98.0, (100, 101, 98.0, 99), 97.90),
        (SELL, 98.0, (95, 96, 94, 95), 94.90),
        (SELL, 98.0, (98, 99, 97, 98), 97.90),
    ],
)
def test_stop(side: Side, stop: float, prices: Prices, expected: float | None) -> None:
    order = working(side, OrderType.STOP, stop=stop)
    assert match_bar(order, bar(prices), SLIP) == expected
    assert order.acts_as is (OrderType.STOP if expected is None else OrderType.MARKET)


@pytest.mark.parametrize(
    ("side", "stop", "limit", "prices", "expected", "acts_as"),
    [
        # Not reached.
        (BUY, 102.0, 103.0, (100, 101, 99, 100), None, OrderType.STOP_LIMIT),
        # Reached inside the bar, close within the limit: the worst price the limit and the bar allow.
        (BUY, 102.0, 103.0, (100, 104, 99, 102.5), 103.0, OrderType.LIMIT),
        (BUY, 102.0, 103.0, (100, 102.5, 99, 102.2), 102.5, OrderType.LIMIT),
        # Reached inside the bar, close beyond the limit: the low of 99 may have come first.
        (BUY, 102.0, 103.0, (100, 104, 99, 103.5), None, OrderType.LIMIT),
        # Opens beyond the stop: all of the bar counts.
        (BUY, 102.0, 103.0, (102.5, 106, 102, 105), 102.5, OrderType.LIMIT),
        (BUY, 102.0, 103.0, (104, 106, 103, 105), 103.0, OrderType.LIMIT),
        (BUY, 102.0, 103.0, (104, 106, 103.5, 105), None, OrderType.LIMIT),
        (SELL, 98.0, 97.0, (100, 101, 99, 100), None, OrderType.STOP_LIMIT),
        (SELL, 98.0, 97.0, (100, 101, 96, 97.5), 97.0, OrderType.LIMIT),
        (SELL, 98.0, 97.0, (100, 101, 97.5, 97.8), 97.5, OrderType.LIMIT),
        (SELL, 98.0, 97.0, (100, 101, 96, 96.5), None, OrderType.LIMIT),
        (SELL, 98.0, 97.0, (97.5, 98, 94, 95), 97.5, OrderType.LIMIT),
        (SELL, 98.0, 97.0, (96, 97, 94, 95), 97.0, OrderType.LIMIT),
        (SELL, 98.0, 97.0, (96, 96.5, 94, 95), None, OrderType.LIMIT),
    ],
)
def test_stop_limit(
    side: Side, stop: float, limit: float, prices: Prices, expected: float | None, acts_as: OrderType
) -> None:
    order = working(side, OrderType.STOP_LIMIT, limit=limit, stop=stop)
    assert match_bar(order, bar(prices), SLIP) == expected
    assert order.acts_as is acts_as


def test_a_triggered_stop_limit_waits_as_a_limit() -> None:
    order = working(BUY, OrderType.STOP_LIMIT, limit=103.0, stop=102.0)
    assert match_bar(order, bar((100, 104, 99, 103.5)), SLIP) is None
    assert match_bar(order, bar((103.5, 104, 102.9, 103.5)), SLIP) == 103.0


def test_trailing_stop_of_a_sell() -> None:
    order = working(SELL, OrderType.TRAILING_STOP, trail=0.05)
    # The stop is 95; a high of 110 moves it to 104.50 only afterwards.
    assert match_bar(order, bar((100, 110, 96, 109)), SLIP) is None
    assert order.best == 110
    # 110 x 0.95 = 104.50; with slippage 104.3955, down to the cent.
    assert match_bar(order, bar((109, 109, 104.5, 105)), SLIP) == 104.39
    assert order.acts_as is OrderType.MARKET


def test_trailing_stop_of_a_buy() -> None:
    order = working(BUY, OrderType.TRAILING_STOP, trail=0.05)
    assert match_bar(order, bar((100, 104, 90, 91)), SLIP) is None
    assert order.best == 90
    # 90 x 1.05 = 94.50; with slippage 94.5945, up to the cent.
    assert match_bar(order, bar((91, 94.5, 91, 94)), SLIP) == 94.60


def test_a_trailing_stop_that_gaps_takes_the_open() -> None:
    order = working(SELL, OrderType.TRAILING_STOP, trail=0.05)
    assert match_bar(order, bar((80, 81, 79, 80)), SLIP) == 79.92


def test_the_open_moves_a_trailing_stop_at_once() -> None:
    order = working(SELL, OrderType.TRAILING_STOP, trail=0.05)
    # Best is the open of 120, the stop 114.
    assert match_bar(order, bar((120, 121, 113, 115)), SLIP) == 113.88


def test_prices_are_rounded_against_the_trader() -> None:
    assert slipped(BUY, 100.001, 0.0, X) == 100.01
    assert slipped(SELL, 100.009, 0.0, X) == 100.0
    assert slipped(SELL, 0.004, 0.0, X) == 0.004
    assert limit_on_tick(BUY, 99.999, X) == 99.99
    assert limit_on_tick(SELL, 99.991, X) == 100.0


@pytest.mark.parametrize(
    ("kind", "limit", "stop", "trail", "price"),
    [
        (OrderType.MARKET, None, None, None, 100.10),
        (OrderType.LIMIT, 99.0, None, None, 99.0),
        (OrderType.STOP, None, 110.0, None, 110.11),
        (OrderType.STOP, None, 90.0, None, 100.10),
        (OrderType.STOP_LIMIT, 112.0, 110.0, None, 112.0),
        (OrderType.TRAILING_STOP, None, None, 0.05, 105.11),
    ],
)
def test_what_a_buy_is_expected_to_pay(
    kind: OrderType, limit: float | None, stop: float | None, trail: float | None, price: float
) -> None:
    order = working(BUY, kind, limit, stop, trail).order
    assert estimated_price(order, limit or 0.0, bar((99, 101, 98, 100)), SLIP, X) == price


def test_fill_models() -> None:
    last = bar((99, 101, 98, 100))
    backfilled = Bar("X", 60_000, 99, 101, 98, 100, 10.0, backfilled=True)
    assert NextOpen().at_once(last) is None
    assert SameClose().at_once(last) == 100
    assert SameClose().at_once(backfilled) is None
