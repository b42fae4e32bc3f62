"""The Alpaca broker through the real alpaca-py, against the local exchange."""

import pytest

from sentio_tui.brokers.base import AccountWord, BrokerFault, OutsideBroker
from sentio_tui.brokers.silent import SilentBroker
from sentio_tui.model.events import (
    Held,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from sentio_tui.model.orders import Side
from tests.brokers.alpaca_desk import Desk, connected, executed, posts
from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca


def test_it_is_a_broker_in_another_place(exchange: FakeAlpaca) -> None:
    assert isinstance(Desk(exchange).broker, OutsideBroker)
    assert isinstance(SilentBroker(), OutsideBroker)


async def test_an_order_is_accepted_and_filled_and_the_account_follows(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=3.0)
        await desk.until_filled(order)
        account = await desk.until_told(2)
    kinds = [type(each) for each in desk.news]
    assert kinds == [AccountWord, BrokerFault, OrderAccepted, OrderFilled, AccountWord]
    assert not desk.faults()
    (fill,) = desk.fills(order)
    (execution,) = exchange.exchange.account.executions
    assert (fill.id, fill.quantity, fill.price) == (execution.id, 3.0, float(execution.price))
    assert (fill.book, fill.side, fill.remaining, fill.commission) == ("main", Side.BUY, 0.0, 0.0)
    assert account.cash == pytest.approx(float(exchange.exchange.account.cash), abs=0.005)
    assert account.positions == (Held("SPY", 3.0, fill.price),)
    assert posts(exchange) == 1
    assert exchange.sockets_open == 0


async def test_an_order_leaves_only_when_it_is_on_disk_and_shares_are_ordered_for_the_day(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        held = desk.order(quantity=1.0, released=False)
        other = desk.order("SH", quantity=1.0, released=False)
        await desk.until_told(2)
        assert posts(exchange) == 0
        desk.broker.release()
        await desk.until_filled(held)
        await desk.until_filled(other)
    assert posts(exchange) == 2
    assert {each.time_in_force for each in exchange.exchange.orders.values()} == {"day"}
    assert [each.order_id for each in desk.of(OrderAccepted)] == [held.id, other.id]


async def test_the_same_order_given_twice_is_one_order(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=1.0)
        desk.broker.submit(order, order.time)
        desk.broker.release()
        await desk.until_filled(order)
        desk.broker.submit(order, order.time)
        desk.broker.release()
        await desk.until_told(2)
    assert posts(exchange) == 1
    assert len(exchange.exchange.orders) == 1


async def test_money_becomes_whole_shares_at_the_last_price_with_half_a_percent_of_room(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        blind = desk.order(notional=10_000.0)
        assert await desk.until_ended(blind) == OrderRejected(
            0, exchange.clock.now, blind.id, "there is no price of SPY yet"
        )
        desk.price("SPY", 600.0)
        order = desk.order(notional=10_000.0)
        await desk.until_filled(order)
        poor = desk.order(notional=602.0)
        end = await desk.until_ended(poor)
    assert desk.filled(order) == 16.0 == 10_000.0 // (600.0 * 1.005)
    assert isinstance(end, OrderRejected)
    assert end.why == "602.00 buys no 1 SPY at 600 with half a percent of room"
    assert posts(exchange) == 1


async def test_coins_are_ordered_in_their_steps_until_cancelled_and_known_by_our_symbol(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        desk.price("BTC-USD", 97_000.0)
        order = desk.order("BTC-USD", notional=5_000.0)
        await desk.until_filled(order)
        account = await desk.until_told(2)
        sold = desk.order("BTC-USD", Side.SELL, desk.filled(order))
        await desk.until_filled(sold)
    assert desk.filled(order) == 0.051289
    assert desk.theirs(order).time_in_force == "gtc"
    assert [held.symbol for held in account.positions] == ["BTC-USD"]
    assert executed(exchange, "BTC/USD") == 0


async def test_parts_are_told_as_they_come_and_add_up(exchange: FakeAlpaca) -> None:
    exchange.exchange.script("SPY", 2, 3, 5)
    async with connected(exchange) as desk:
        order = desk.order(quantity=10.0)
        await desk.until_filled(order, 2.0)
        await desk.advance(60)
        await desk.until_filled(order)
    assert [(fill.quantity, fill.remaining) for fill in desk.fills(order)] == [(2.0, 8.0), (3.0, 5.0), (5.0, 0.0)]
    assert len({fill.id for fill in desk.fills(order)}) == 3
    assert not desk.ends(order)


async def test_a_cancel_ends_what_is_left_of_an_order(exchange: FakeAlpaca) -> None:
    exchange.exchange.script("SPY", 4)
    async with connected(exchange) as desk:
        order = desk.order(quantity=10.0)
        await desk.until_filled(order, 4.0)
        desk.cancel(order)
        end = await desk.until_ended(order)
    assert isinstance(end, OrderCancelled)
    assert end.why == "cancelled on request"
    assert desk.filled(order) == 4.0


async def test_an_order_cancelled_before_it_has_left_never_does(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=10.0, released=False)
        desk.cancel(order)
        end = await desk.until_ended(order)
        await desk.until_told(2)
    assert isinstance(end, OrderCancelled)
    assert end.why == "cancelled before it was sent"
    assert posts(exchange) == 0


async def test_a_cancel_while_the_order_is_on_its_way_follows_it(exchange: FakeAlpaca) -> None:
    exchange.faults.add("delay", path="/v2/orders", method="POST", seconds=5)
    async with connected(exchange) as desk:
        order = desk.order(quantity=1.0, limit=1.0)
        await until(lambda: exchange.faults.fired["delay"], "it is on its way")
        desk.cancel(order)
        await desk.advance(5)
        end = await desk.until_ended(order)
    assert isinstance(end, OrderCancelled)
    assert desk.theirs(order).status == "canceled"


async def test_a_cancel_that_comes_too_late_is_looked_up_and_the_fill_told(exchange: FakeAlpaca) -> None:
    exchange.faults.add("lost_fill", times=None)
    async with connected(exchange) as desk:
        order = desk.order(quantity=1.0)
        await until(lambda: desk.is_there(order) and desk.theirs(order).status == "filled", "it fills")
        await desk.until_accepted(order)
        desk.cancel(order)
        await desk.until_filled(order)
    assert desk.filled(order) == 1.0
    assert not desk.ends(order)
    assert ("DELETE", f"/v2/orders/{desk.theirs(order).id}") in exchange.requests


async def test_a_cancel_that_is_refused_later_is_told_and_the_order_stays(exchange: FakeAlpaca) -> None:
    exchange.faults.add("order_cancel_rejected")
    async with connected(exchange) as desk:
        order = desk.order(quantity=1.0, limit=1.0)
        await desk.until_accepted(order)
        desk.cancel(order)
        await until(lambda: desk.words("cancel_refused"), "the refusal is told")
        assert not desk.ends(order)
        desk.cancel(order)
        await desk.until_ended(order)


async def test_a_sell_waits_until_the_cancelled_buy_of_its_symbol_has_gone(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together they would be a wash trade, which Alpaca refuses: a position could then not be closed."""
    market = exchange.exchange

    def slowly(identity: str) -> None:
        """The venue takes its time, as a real one does."""
        order = market.order(identity)
        order.status = "pending_cancel"
        exchange.clock.after(2, lambda: market.venue_cancels(order))

    monkeypatch.setattr(market, "cancel", slowly)
    market.script("SPY", 4)
    async with connected(exchange) as desk:
        bought = desk.order(quantity=10.0)
        await desk.until_filled(bought, 4.0)
        desk.broker.cancel(bought.id, exchange.clock.now)
        sold = desk.order(side=Side.SELL, quantity=4.0)
        await until(lambda: desk.theirs(bought).status == "pending_cancel", "the cancel is on its way")
        await desk.advance(1)
        assert posts(exchange) == 1
        await desk.until_filled(sold)
    assert not desk.ends(sold)
    assert executed(exchange, "SPY") == 0


async def test_an_order_of_the_day_expires_at_the_close(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=1.0, limit=1.0)
        await desk.until_accepted(order)
        await desk.advance(6.5 * 3600)
        assert isinstance(await desk.until_ended(order), OrderExpired)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("insufficient_qty", "Alpaca refuses: insufficient qty available for order (requested: 1, available: 0)"),
        (
            "wash",
            "Alpaca refuses: it could trade with an open order of this account on the other side (wash trade)",
        ),
        ("403", "Alpaca refuses: forbidden."),
    ],
)
async def test_a_refusal_is_told_in_plain_words(exchange: FakeAlpaca, fault: str, words: str) -> None:
    exchange.faults.add(fault, method="POST" if fault.isdigit() else "")
    async with connected(exchange) as desk:
        order = desk.order(quantity=1.0)
        end = await desk.until_ended(order)
    assert end == OrderRejected(0, end.at if isinstance(end, OrderRejected) else 0, order.id, words)
    assert posts(exchange) == 1
    assert not desk.of(OrderAccepted)


async def test_too_little_buying_power_is_told_with_both_figures(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=1_000.0)
        end = await desk.until_ended(order)
    assert isinstance(end, OrderRejected)
    assert end.why.startswith("Alpaca refuses: it needs 6")
    assert end.why.endswith("of buying power, 200000 is there")
    assert posts(exchange) == 1


async def test_t08_a_buy_for_all_the_cash_becomes_smaller_where_alpaca_wants_more_room(exchange: FakeAlpaca) -> None:
    """An account without margin must have a few percent more than a market order costs."""
    exchange.exchange.account.multiplier = 1
    price = float(exchange.exchange.price("SPY"))
    async with connected(exchange) as desk:
        desk.price("SPY", price)
        order = desk.order(notional=100_000.0)
        await desk.until_filled(order)
    wanted = 100_000.0 // (price * 1.005)
    assert wanted * 0.97 <= desk.filled(order) < wanted
    assert posts(exchange) == 2
    assert len(exchange.exchange.orders) == 1


async def test_an_order_that_the_venue_rejects_afterwards_is_rejected(exchange: FakeAlpaca) -> None:
    exchange.faults.add("reject_async")
    async with connected(exchange) as desk:
        order = desk.order(quantity=1.0)
        end = await desk.until_ended(order)
    assert isinstance(end, OrderRejected)
    assert end.why == "Alpaca had taken it, the exchange rejected it"


async def test_an_order_that_somebody_else_cancels_says_so(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=1.0, limit=1.0)
        await desk.until_accepted(order)
        exchange.exchange.cancel(desk.theirs(order).id)
        exchange.exchange.settle()
        end = await desk.until_ended(order)
    assert isinstance(end, OrderCancelled)
    assert end.why == "cancelled at Alpaca, not by this session"


async def test_at_the_end_sells_that_were_released_still_leave_and_buys_do_not(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        bought = desk.order(quantity=3.0)
        await desk.until_filled(bought)
        sold = desk.order(side=Side.SELL, quantity=3.0)
        more = desk.order("SH", quantity=1.0)
    assert desk.theirs(sold).status == "filled"
    assert not desk.is_there(more)
    assert exchange.sockets_open == 0
    assert OrderFilled not in {type(each) for each in desk.ends(sold)}
