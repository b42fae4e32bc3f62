"""The paper broker and one order: its answers, its costs, and why it is rejected."""

import pytest

from sentio_tui.brokers.base import Broker
from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.events import (
    OrderAccepted,
    OrderFilled,
)
from sentio_tui.model.instruments import AssetClass
from sentio_tui.model.orders import Fill, Order, OrderType
from tests.brokers.desk import BUY, COSTS, DAY, SELL, feed, fills, hold, order, paper, rejection


def test_it_is_a_broker() -> None:
    broker: Broker = paper()
    assert broker.name == "paper"
    assert broker.answers() == ()


def test_a_market_order_fills_at_the_next_open_never_on_its_own_bar() -> None:
    broker = paper(slippage=0.001)
    feed(broker, 0, (99, 101, 98, 100))
    broker.submit(order("o1", quantity=10), MINUTE)
    assert broker.answers() == [OrderAccepted(seq=0, at=MINUTE, order_id="o1")]
    feed(broker, 1, (102, 103, 101, 102.5))
    expected = Fill("o1/1", "o1", "a", "SPY", BUY, 10.0, 102.11, 0.0, MINUTE)
    assert broker.answers() == [OrderFilled(seq=0, at=2 * MINUTE, fill=expected)]
    assert broker.answers() == ()
    assert broker.cash("a") == pytest.approx(10_000 - 1021.10)
    assert broker.quantity("a", "SPY") == 10.0
    assert broker.open_orders == ()


def test_an_order_on_another_symbol_waits_for_a_bar_that_began_after_the_signal() -> None:
    broker = paper()
    feed(broker, 0, 50, "SH")
    feed(broker, 1, 100, "SPY")
    broker.submit(order("o1", quantity=1, symbol="SH"), 2 * MINUTE)
    broker.answers()
    # The same minute of SH comes after that of SPY, but its open was before SPY's close.
    feed(broker, 1, 40, "SH")
    assert broker.answers() == ()
    feed(broker, 2, 60, "SH")
    assert [fill.price for fill in fills(broker.answers())] == [60.0]


def test_crypto_costs_to_the_cent() -> None:
    broker = paper(costs=COSTS, slippage=0.001)
    feed(broker, 0, 40_000, "BTC-USD")
    broker.submit(order("in", notional=2_000, symbol="BTC-USD"), MINUTE)
    feed(broker, 1, 40_000, "BTC-USD")
    # At 40,040.00 with 0.6 % a coin costs 40,280.24; 2,000 buy 0.0496 for 1,985.984 and 11.915904.
    (bought,) = fills(broker.answers())
    assert (bought.quantity, bought.price) == (0.0496, 40_040.0)
    assert bought.commission == pytest.approx(11.915904)
    assert broker.cash("a") == pytest.approx(8_002.100096)
    broker.submit(order("out", SELL, 0.0496, symbol="BTC-USD"), 2 * MINUTE)
    feed(broker, 2, 41_000, "BTC-USD")
    # At 40,959.00: 2,031.5664 less 12.1893984.
    (sold,) = fills(broker.answers())
    assert (sold.price, sold.remaining) == (40_959.0, 0.0)
    assert sold.commission == pytest.approx(12.1893984)
    assert broker.cash("a") == pytest.approx(10_021.4770976)
    assert broker.quantity("a", "BTC-USD") == 0.0


def test_equity_costs_of_partial_sells_share_the_taf_maximum() -> None:
    broker = paper(cash=1_000_000, costs=COSTS)
    hold(broker, 80_000, 10.0)
    broker.submit(order("out", SELL, 80_000), 2 * MINUTE)
    for minute in (2, 3, 4):
        feed(broker, minute, 10.0, volume=30_000)
    # SEC 0.0000278 of 300,000, 300,000 and 200,000; TAF 4.98, then 3.32 up to 8.30, then nothing.
    commissions = [fill.commission for fill in fills(broker.answers())]
    assert commissions == pytest.approx([8.34 + 4.98, 8.34 + 3.32, 5.56])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (order("o", quantity=1, symbol="DOGE"), "unknown symbol DOGE"),
        (order("o", quantity=1, symbol="SH"), "no price of SH yet"),
        (order("o", quantity=1, book="c"), "unknown book c"),
        (order("o"), "neither a quantity nor a notional"),
        (order("o", quantity=1, notional=100), "a quantity and a notional"),
        (order("o", quantity=0), "bad quantity: 0"),
        (order("o", quantity=-1), "bad quantity: -1"),
        (order("o", quantity=float("nan")), "bad quantity: nan"),
        (order("o", quantity=float("inf")), "bad quantity: inf"),
        (order("o", quantity=0.5), "0.5 is not a multiple of 1"),
        (order("o", quantity=1e-9), "is not a multiple of 1"),
        (order("o", SELL, notional=100), "a sell needs a quantity"),
        (order("o", notional=0), "bad notional: 0"),
        (order("o", notional=float("nan")), "bad notional: nan"),
        (order("o", notional=50), "50.00 does not buy 1 SPY at 100"),
        (order("o", notional=10_000.01), "may spend 10,000.01, 10,000.00 is free"),
        (order("o", quantity=101), "101 SPY needs 10,100.00, 10,000.00 is free"),
        (order("o", SELL, quantity=1), "1 SPY to sell, 0 held"),
        (order("o", quantity=1, kind=OrderType.LIMIT), "no limit price: a limit order needs one"),
        (order("o", quantity=1, kind=OrderType.LIMIT, limit=0), "bad limit price: 0"),
        (order("o", quantity=1, kind=OrderType.LIMIT, limit=float("nan")), "bad limit price: nan"),
        (order("o", quantity=1, kind=OrderType.LIMIT, limit=0.001), "below the price step 0.01"),
        (order("o", quantity=1, kind=OrderType.LIMIT, limit=9, stop=9), "bad stop price: a limit order takes none"),
        (order("o", quantity=1, kind=OrderType.STOP), "no stop price: a stop order needs one"),
        (order("o", quantity=1, kind=OrderType.STOP, stop=-1), "bad stop price: -1"),
        (order("o", quantity=1, kind=OrderType.STOP_LIMIT, limit=9), "no stop price: a stop limit order needs one"),
        (order("o", quantity=1, kind=OrderType.STOP_LIMIT, stop=9), "no limit price: a stop limit order needs one"),
        (order("o", quantity=1, kind=OrderType.TRAILING_STOP), "no trail: a trailing stop order needs one"),
        (order("o", quantity=1, kind=OrderType.TRAILING_STOP, trail=0), "bad trail: 0"),
        (order("o", quantity=1, kind=OrderType.TRAILING_STOP, trail=1.0), "must be below 1"),
        (order("o", quantity=1, limit=9), "bad limit price: a market order takes none"),
    ],
)
def test_rejections_say_why(given: Order, why: str) -> None:
    broker = paper()
    feed(broker, 0, 100)
    assert why in rejection(broker, given)
    feed(broker, 1, 100)
    assert broker.answers() == ()
    assert broker.cash("a") == 10_000


def test_a_price_below_the_tick_is_refused() -> None:
    broker = paper()
    feed(broker, 0, 0.004)
    assert "0.004, is below its price step 0.01" in rejection(broker, order("o", quantity=1))


def test_an_order_before_the_first_entry_of_the_costs_is_refused() -> None:
    broker = paper(costs=CostSchedule([Cost(AssetClass.EQUITY, since=DAY)]))
    feed(broker, 0, 100)
    assert "no costs are known for equity on 1970-01-01" in rejection(broker, order("o", quantity=1))
    assert broker.open_orders == ()
