"""One state of each order, whoever tells of it, in whatever order."""

import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.alpaca.answers import BrokerOrder, TradeUpdate
from sentio_tui.brokers import alpaca_orders
from sentio_tui.brokers.alpaca_orders import Orders, Placed, Stage
from sentio_tui.brokers.alpaca_requests import client_id, request
from sentio_tui.model.events import (
    Answer,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from sentio_tui.model.orders import Order, Side
from tests.brokers.alpaca_desk import INSTRUMENTS

QUANTITY = 12.0


def placed(identity: str = "sentio-x") -> Placed:
    order = Order("live_test:main:SPY:buy:1", "main", "SPY", Side.BUY, 0, "test", quantity=QUANTITY)
    instrument = INSTRUMENTS["SPY"]
    return Placed(order, instrument, identity, request(order, instrument, identity, None), Stage.SENT, 0)


def course(parts: list[tuple[int, float]], end: str) -> list[TradeUpdate]:
    """All that the trading stream tells of one order, in order."""
    order = BrokerOrder("their-id", "sentio-x", "SPY", "buy", "new", qty=QUANTITY)
    told = [TradeUpdate("new", order)]
    total = value = 0.0
    for number, (quantity, price) in enumerate(parts):
        total, value = total + quantity, value + quantity * price
        status = "filled" if total == QUANTITY else "partially_filled"
        order = replace(order, status=status, filled_qty=total, filled_avg_price=round(value / total, 6))
        told.append(TradeUpdate("fill" if status == "filled" else "partial_fill", order, f"e{number}", price, quantity))
    if total < QUANTITY:
        told.append(TradeUpdate(end, replace(order, status=end)))
    return told


def fills(answers: list[Answer]) -> list[OrderFilled]:
    return [each for each in answers if isinstance(each, OrderFilled)]


PARTS = st.lists(
    st.tuples(st.integers(1, 5), st.floats(1.0, 900.0).map(lambda price: round(price, 2))), max_size=6
).filter(lambda parts: sum(quantity for quantity, _ in parts) <= QUANTITY)


@given(parts=PARTS, end=st.sampled_from(["canceled", "expired"]), seed=st.integers(0, 2**16), data=st.data())
def test_lost_doubled_and_disordered_words_end_in_the_same_holdings(
    parts: list[tuple[int, float]], end: str, seed: int, data: st.DataObject
) -> None:
    """Whatever is lost, comes twice or late, from the stream or as a plain look-up: once the newest word is there, all
    that was executed has been told once, for the money it cost, and the order has ended once."""
    told = course(parts, end)
    dice = random.Random(seed)
    heard = [each for each in told for _ in range(dice.choice([0, 1, 1, 2]))]
    dice.shuffle(heard)
    state, answers = placed(), list[Answer]()
    for update in [*heard, told[-1]]:
        plain = dice.random() < 0.5
        answers += state.take(update.order, 1, None if plain else update)
    total = sum(quantity for quantity, _ in parts)
    cost = sum(quantity * price for quantity, price in parts)
    assert sum(each.fill.quantity for each in fills(answers)) == total
    assert abs(sum(each.fill.value for each in fills(answers)) - cost) < 1e-3
    assert all(each.fill.price > 0 for each in fills(answers))
    assert len({each.fill.id for each in fills(answers)}) == len(fills(answers))
    assert sum(isinstance(each, OrderAccepted) for each in answers) == 1
    ends = [each for each in answers if isinstance(each, OrderCancelled | OrderExpired | OrderRejected)]
    whole = [each for each in fills(answers) if each.fill.remaining == 0.0]
    assert len(ends) + len(whole) == (1 if told[-1].order.is_done else 0)
    assert state.is_open is not told[-1].order.is_done


def test_a_fill_without_a_price_is_not_told_before_the_price_is_known() -> None:
    state = placed()
    unpriced = BrokerOrder("id", "sentio-x", "SPY", "buy", "filled", qty=QUANTITY, filled_qty=QUANTITY)
    assert fills(state.take(unpriced, 1)) == []
    assert state.is_open
    nonsense = TradeUpdate("fill", unpriced, "e1", float("nan"), QUANTITY)
    assert fills(state.take(unpriced, 1, nonsense)) == []
    answers = state.take(replace(unpriced, filled_avg_price=590.0), 2)
    assert [(each.fill.quantity, each.fill.price) for each in fills(answers)] == [(QUANTITY, 590.0)]
    assert not state.is_open


def test_what_executes_after_the_end_that_was_told_is_told_all_the_same() -> None:
    state = placed()
    end = BrokerOrder("id", "sentio-x", "SPY", "buy", "canceled", qty=QUANTITY, filled_qty=2.0, filled_avg_price=10.0)
    assert [type(each) for each in state.take(end, 1)] == [OrderAccepted, OrderFilled, OrderCancelled]
    late = state.take(replace(end, filled_qty=5.0), 2)
    assert [each.fill.quantity for each in fills(late)] == [3.0]
    assert len(late) == 1


def test_an_order_that_alpaca_counts_as_filled_with_less_than_was_ordered_ends() -> None:
    state = placed()
    part = BrokerOrder(
        "id", "sentio-x", "SPY", "buy", "partially_filled", qty=QUANTITY, filled_qty=5.0, filled_avg_price=10.0
    )
    state.take(part, 1)
    (end,) = state.take(replace(part, status="filled"), 2)
    assert isinstance(end, OrderCancelled)
    assert end.why == "Alpaca counts it as filled"


def test_the_time_of_a_fill_is_that_of_the_exchange_and_else_now() -> None:
    state = placed()
    order = BrokerOrder("id", "sentio-x", "SPY", "buy", "filled", qty=2.0, filled_qty=1.0, filled_avg_price=10.0)
    update = TradeUpdate("fill", order, "e1", 10.0, 1.0, timestamp="2025-07-15T13:30:00.123456789Z")
    (first,) = fills(state.take(order, 7, update))
    assert first.fill.time == 1_752_586_200_123
    (second,) = fills(state.take(replace(order, filled_qty=2.0, updated_at="soon"), 8))
    assert second.fill.time == 8


def test_orders_that_have_ended_are_forgotten_in_time_and_open_ones_never() -> None:
    orders = Orders()
    resting = placed("open")
    orders.add(resting)
    for number in range(3 * alpaca_orders.DONE_KEPT):
        each = placed(f"done-{number}")
        each.order = replace(each.order, id=f"order-{number}")
        each.stage = Stage.DONE
        orders.add(each)
    assert alpaca_orders.DONE_KEPT < len(list(orders)) <= 2 * alpaca_orders.DONE_KEPT + 1
    assert orders.open() == [resting]
    assert orders.by_identity("done-0") is None
    assert orders.by_identity(f"done-{3 * alpaca_orders.DONE_KEPT - 1}") is not None


@given(session=st.text(max_size=60), order=st.text(max_size=200))
def test_t23_a_client_order_id_is_always_the_same_short_and_plain(session: str, order: str) -> None:
    identity = client_id(session, order)
    assert identity == client_id(session, order)
    assert identity.startswith("sentio-")
    assert len(identity) <= 48
    assert identity.isascii()
    assert identity != client_id(session, order + "#2")
    assert identity != client_id(session + "x", order)


def test_the_quantity_of_a_sell_is_what_is_held_to_nine_decimals() -> None:
    order = Order("o", "main", "BTC-USD", Side.SELL, 0, "test", quantity=0.0498750124999)
    sent = request(order, INSTRUMENTS["BTC-USD"], "sentio-x", None)
    assert sent.qty == Decimal("0.049875012")
    assert sent.body()["qty"] == "0.049875012"
