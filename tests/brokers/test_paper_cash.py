"""The paper broker and money: what is set aside, what a gap does, and who may spend what."""

import pytest

from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.events import (
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
)
from sentio_tui.model.instruments import AssetClass
from sentio_tui.model.orders import OrderType
from tests.brokers.desk import (
    COSTS,
    FREE,
    INSTRUMENTS,
    SELL,
    end_of_day,
    feed,
    fills,
    hold,
    order,
    paper,
    rejection,
)


def test_slippage_and_costs_count_in_the_check_of_cash() -> None:
    broker = paper(cash=1_006.0, costs=COSTS, slippage=0.001)
    feed(broker, 0, 1_000, "BTC-USD")
    # 1 coin costs 1,001.00 and 6.006.
    assert "needs 1,007.01" in rejection(broker, order("o", quantity=1, symbol="BTC-USD"))


def test_open_buys_set_their_cash_aside() -> None:
    broker = paper()
    feed(broker, 0, 100)
    broker.submit(order("limit", quantity=60, kind=OrderType.LIMIT, limit=90), MINUTE)
    broker.submit(order("cash", notional=4_000), MINUTE)
    broker.answers()
    # 60 at 90 and 4,000 are set aside.
    assert "600.00 is free" in rejection(broker, order("more", quantity=7))
    broker.cancel("limit", MINUTE)
    assert broker.answers() == [OrderCancelled(seq=0, at=MINUTE, order_id="limit", why="cancelled on request")]
    broker.submit(order("again", quantity=60), MINUTE)
    assert isinstance(broker.answers()[0], OrderAccepted)


def test_t27_a_buy_cannot_spend_the_cash_of_a_sell_that_has_not_filled() -> None:
    broker = paper(cash=1_000)
    hold(broker, 10)
    broker.submit(order("out", SELL, 10), 2 * MINUTE)
    assert isinstance(broker.answers()[0], OrderAccepted)
    assert "0.00 is free" in rejection(broker, order("in", notional=1_000))
    feed(broker, 2, 100)
    broker.submit(order("in again", notional=1_000), 3 * MINUTE)
    assert [type(answer) for answer in broker.answers()] == [OrderFilled, OrderAccepted]


def test_open_sells_claim_the_holding() -> None:
    broker = paper()
    hold(broker, 10)
    broker.submit(order("stop", SELL, 6, kind=OrderType.STOP, stop=90), 2 * MINUTE)
    broker.answers()
    assert "5 SPY to sell, 4 held" in rejection(broker, order("more", SELL, 5))
    broker.cancel("stop", 2 * MINUTE)
    broker.submit(order("all", SELL, 10), 2 * MINUTE)
    assert isinstance(broker.answers()[-1], OrderAccepted)


def test_books_have_accounts_of_their_own() -> None:
    broker = paper()
    hold(broker, 10)
    assert (broker.cash("a"), broker.cash("b")) == (9_000, 10_000)
    assert "0 held" in rejection(broker, order("o", SELL, 1, book="b"))
    with pytest.raises(KeyError):
        broker.cash("c")


def test_a_single_figure_of_cash_is_one_account() -> None:
    broker = PaperBroker(500.0, INSTRUMENTS, FREE, expires=end_of_day)
    feed(broker, 0, 100)
    broker.submit(order("o", quantity=5, book="any"), MINUTE)
    feed(broker, 1, 100)
    assert broker.cash("any") == broker.cash("other") == 0.0


@pytest.mark.parametrize("gap", [100.0, 103.17, 130.0])
def test_t08_a_buy_sized_from_cash_is_never_rejected_for_its_costs(gap: float) -> None:
    broker = paper(cash=1_000, costs=COSTS, slippage=0.001)
    feed(broker, 0, 100, "BTC-USD")
    broker.submit(order("all", notional=1_000, symbol="BTC-USD"), MINUTE)
    feed(broker, 1, gap, "BTC-USD")
    accepted, filled = broker.answers()
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(filled, OrderFilled)
    assert filled.fill.remaining == 0.0
    # What is left does not buy one more step.
    assert 0.0 <= broker.cash("a") < gap * 1.001 * 1.006 * 0.0001 + 0.01


def test_t08_a_notional_that_is_a_rounding_error_above_the_cash_is_taken() -> None:
    broker = paper(cash=1_000)
    feed(broker, 0, 100)
    broker.submit(order("all", notional=1_000.0000000001), MINUTE)
    feed(broker, 1, 100)
    assert broker.cash("a") == 0.0


def test_a_notional_carries_on_until_the_rest_is_below_a_step() -> None:
    broker = paper(costs=COSTS)
    feed(broker, 0, 100, "BTC-USD")
    broker.submit(order("o", notional=1_006, symbol="BTC-USD"), MINUTE)
    feed(broker, 1, 100, "BTC-USD", volume=4)
    feed(broker, 2, 110, "BTC-USD", volume=100)
    first, second = fills(broker.answers())
    assert (first.quantity, first.remaining) == (4.0, 6.0)
    # 1,006 less 400 and 2.40 are 603.60; at 110.66 a coin that is 5.4545.
    assert (second.quantity, second.remaining) == (5.4545, 0.0)
    assert broker.open_orders == ()
    assert broker.cash("a") >= 10_000 - 1_006


def test_a_notional_whose_rest_became_too_small_is_cancelled() -> None:
    broker = paper()
    feed(broker, 0, 100)
    broker.submit(order("o", notional=350), MINUTE)
    feed(broker, 1, 100, volume=2)
    feed(broker, 2, 160)
    *_, filled, cancelled = broker.answers()
    assert isinstance(filled, OrderFilled)
    assert filled.fill.remaining == 1.0
    assert isinstance(cancelled, OrderCancelled)
    assert cancelled.why == "150.00 does not buy 1 SPY at 160 with costs"
    broker.submit(order("rest", notional=9_800), 3 * MINUTE)
    assert isinstance(broker.answers()[0], OrderAccepted)


def test_a_quantity_that_a_gap_made_too_dear_fills_what_the_cash_carries() -> None:
    broker = paper(cash=1_000)
    feed(broker, 0, 100)
    broker.submit(order("o", quantity=10), MINUTE)
    feed(broker, 1, 130)
    _, filled, cancelled = broker.answers()
    assert isinstance(filled, OrderFilled)
    assert (filled.fill.quantity, filled.fill.remaining) == (7.0, 3.0)
    assert cancelled == OrderCancelled(
        seq=0, at=2 * MINUTE, order_id="o", why="the cash does not carry the remaining 3 SPY at 130"
    )
    assert broker.cash("a") == 90


def test_a_gap_does_not_take_the_cash_of_another_order() -> None:
    broker = paper(cash=2_000)
    feed(broker, 0, 100)
    broker.submit(order("limit", notional=1_000, kind=OrderType.LIMIT, limit=50), MINUTE)
    broker.submit(order("gap", quantity=10), MINUTE)
    feed(broker, 1, 130)
    feed(broker, 2, 50)
    assert [(fill.order_id, fill.quantity) for fill in fills(broker.answers())] == [("gap", 7.0), ("limit", 20.0)]


def test_a_sell_whose_costs_nothing_covers_is_cancelled() -> None:
    broker = paper(cash=1_010, costs=CostSchedule([Cost(AssetClass.EQUITY, commission_per_share=1.0)]))
    hold(broker, 10)
    broker.submit(order("out", SELL, 10), 2 * MINUTE)
    feed(broker, 2, 0.5)
    assert broker.cash("a") == 0.0
    cancelled = broker.answers()[-1]
    assert isinstance(cancelled, OrderCancelled)
    assert "do not cover the costs" in cancelled.why
    assert broker.quantity("a", "SPY") == 10


def test_what_a_notional_has_not_spent_yet_is_all_that_stays_aside() -> None:
    broker = paper()
    feed(broker, 0, 100)
    broker.submit(order("o", notional=1_000), MINUTE)
    feed(broker, 1, 100, volume=4)
    broker.answers()
    # 10,000 less 400 spent less 600 aside.
    assert "9,000.00 is free" in rejection(broker, order("more", notional=9_001))
    broker.submit(order("all", notional=9_000), 2 * MINUTE)
    assert isinstance(broker.answers()[0], OrderAccepted)


def test_the_rest_of_an_order_that_became_dear_leaves_the_others_their_cash() -> None:
    broker = paper(cash=2_000)
    feed(broker, 0, 100)
    broker.submit(order("limit", notional=1_000, kind=OrderType.LIMIT, limit=50), MINUTE)
    broker.submit(order("gap", quantity=10), MINUTE)
    feed(broker, 1, 130, volume=5)
    feed(broker, 2, 50)
    # 650 spent leave 350 for the other five; the 1,000 are whole.
    assert [(fill.order_id, fill.quantity) for fill in fills(broker.answers())] == [
        ("gap", 5.0),
        ("limit", 20.0),
        ("gap", 5.0),
    ]
