"""The Alpaca broker when things go wrong on the way: every order once, every fill once, and all of it told."""

import asyncio

import pytest

from sentio_tui.alpaca import http
from sentio_tui.brokers.base import AccountWord
from sentio_tui.model.events import OrderAccepted, OrderCancelled, OrderRejected
from sentio_tui.model.orders import Side
from tests.brokers.alpaca_desk import Desk, connected, executed, posts
from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca

SECOND = 1_000


def agree(desk: Desk) -> None:
    """What was told is what the exchange executed, and each execution once."""
    signs = {Side.BUY: 1.0, Side.SELL: -1.0}
    for symbol in ("SPY", "SH"):
        told = sum(signs[fill.side] * fill.quantity for fill in desk.fills() if fill.symbol == symbol)
        assert told == float(executed(desk.exchange, symbol))
    spent = sum(signs[fill.side] * fill.value for fill in desk.fills())
    assert spent == pytest.approx(100_000.0 - float(desk.exchange.exchange.account.cash), abs=0.01)
    assert len({fill.id for fill in desk.fills()}) == len(desk.fills())


@pytest.mark.parametrize("fault", ["504_after_accept", "abort_after_accept", "bad_json", "truncated"])
async def test_t16_an_accepted_order_whose_answer_is_lost_is_one_order_and_one_fill(
    exchange: FakeAlpaca, fault: str
) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add(fault, path="/v2/orders", method="POST")
        order = desk.order(quantity=3.0)
        await desk.pass_time(lambda: desk.filled(order) == 3.0, "it fills")
        await desk.until_told(2)
        agree(desk)
    assert exchange.faults.fired[fault] == 1
    assert posts(exchange) == 1
    assert len(exchange.exchange.orders) == 1
    assert len(desk.of(OrderAccepted)) == 1


@pytest.mark.parametrize("fault", ["abort_before", "500", "502"])
async def test_t16_an_order_that_did_not_arrive_is_sent_once_more_and_is_one_order(
    exchange: FakeAlpaca, fault: str
) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add(fault, path="/v2/orders", method="POST", body="html")
        order = desk.order(quantity=3.0)
        await desk.pass_time(lambda: desk.filled(order) == 3.0, "it fills")
        agree(desk)
    assert posts(exchange) == 2
    assert len(exchange.exchange.orders) == 1


async def test_t16_while_the_outcome_is_unknown_it_is_told_and_nothing_is_sent_again(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("504_after_accept", path="/v2/orders", method="POST")
        outage = exchange.faults.add("503", times=None, method="GET")
        exchange.faults.add("lost_fill", times=None)
        exchange.faults.add("mute_after", path="/stream", times=None)
        order = desk.order(quantity=3.0)
        await desk.pass_time(lambda: desk.words("order_unknown"), "it is told that nobody knows")
        assert not desk.of(OrderAccepted)
        assert not desk.ends(order)
        accounts = len(desk.of(AccountWord))
        await desk.pass_time(lambda: desk.faults(), "it is told that Alpaca does not answer")
        assert posts(exchange) == 1
        exchange.faults.remove(outage)
        await desk.pass_time(lambda: desk.filled(order) == 3.0, "it is found")
        assert len(desk.of(AccountWord)) == accounts, "no account was told while an order was unknown"
        await desk.pass_time(lambda: desk.faults()[-1] == "", "Alpaca answers again")
        await desk.until_told(accounts + 1)
        agree(desk)
    assert posts(exchange) == 1
    assert desk.faults()[0].startswith("Alpaca cannot be asked (")
    assert len(desk.faults()) == 2


async def test_an_order_that_never_arrived_is_given_up_after_a_minute(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("502", path="/v2/orders", method="POST", times=None)
        order = desk.order(quantity=3.0)
        began = exchange.clock.now
        accounts = len(desk.of(AccountWord))
        await desk.pass_time(lambda: desk.ends(order), "it is given up")
        assert len(desk.of(AccountWord)) == accounts, "no account is told while an order is unknown"
    (end,) = desk.ends(order)
    assert isinstance(end, OrderRejected)
    assert end.why == "it never arrived at Alpaca"
    assert exchange.clock.now - began >= 60 * SECOND
    assert posts(exchange) == 2
    assert not exchange.exchange.orders


async def test_an_order_that_was_given_up_and_arrives_all_the_same_is_cancelled(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("502", path="/v2/orders", method="POST", times=2)
        order = desk.order(quantity=3.0, limit=1.0)
        await desk.pass_time(lambda: desk.ends(order), "it is given up")
        # Nobody knows that it cannot: a gateway that keeps requests and lets them go later.
        placed = desk.broker._line.orders.by_order(order.id)
        assert placed is not None
        assert placed.request is not None
        exchange.exchange.submit(placed.request.body())
        exchange.exchange.settle()
        await desk.pass_time(lambda: desk.theirs(order).status == "canceled", "it is cancelled")
    assert len(desk.ends(order)) == 1
    assert "is at Alpaca after all; it is cancelled" in desk.words("stray_order")[0]


async def test_t17_an_order_waits_for_the_limit_to_be_renewed_and_others_and_the_loop_go_on(
    exchange: FakeAlpaca,
) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("429", path="/v2/orders", method="POST", reset_in=42)
        limited = desk.order(quantity=1.0)
        await until(lambda: desk.words("order_waits"), "it is told that it waits")
        began = exchange.clock.now
        other = desk.order("SH", quantity=1.0)
        await desk.until_filled(other)
        assert not desk.fills(limited)
        await desk.pass_time(lambda: desk.fills(limited), "it is sent")
        agree(desk)
    assert 41 * SECOND <= exchange.clock.now - began <= 46 * SECOND
    (said,) = desk.words("order_waits")
    assert said in {f"order {limited.id} waits {seconds} s: too many requests" for seconds in (41, 42)}


async def test_t17_an_order_that_waits_can_be_cancelled(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("429", path="/v2/orders", method="POST", reset_in=42)
        order = desk.order(quantity=1.0)
        await until(lambda: desk.words("order_waits"), "it waits")
        desk.cancel(order)
        end = await desk.until_ended(order)
    assert isinstance(end, OrderCancelled)
    assert not exchange.exchange.orders


async def test_an_order_that_waited_too_long_is_not_sent_into_another_market(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("429", path="/v2/orders", method="POST", reset_in=60, times=None)
        order = desk.order(quantity=1.0)
        await desk.pass_time(lambda: desk.ends(order), "it is given up")
    (end,) = desk.ends(order)
    assert isinstance(end, OrderRejected)
    assert "s for Alpaca, too long" in end.why
    assert not exchange.exchange.orders


async def test_t18_an_order_does_not_wait_for_a_stalled_read(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (1.0, 60.0))
    async with connected(exchange) as desk:
        stalled = exchange.faults.add("stall", times=None, path="/v2/account")
        await desk.pass_time(lambda: exchange.faults.fired["stall"], "the look at the account stalls")
        order = desk.order(quantity=1.0)
        await desk.until_filled(order)
        resting = desk.order(quantity=1.0, limit=1.0)
        await desk.until_accepted(resting)
        desk.cancel(resting)
        await desk.until_ended(resting)
        exchange.faults.remove(stalled)
        await exchange.go_down()


@pytest.mark.parametrize(
    "fault", ["data_null", "unknown_event", "unknown_status", "submitted_at_null", "dup_execution"]
)
async def test_t19_odd_messages_of_the_stream_lose_no_fill_and_count_none_twice(
    exchange: FakeAlpaca, fault: str
) -> None:
    exchange.exchange.script("SPY", 2, 3, 5)
    async with connected(exchange) as desk:
        exchange.faults.add(fault, times=None)
        order = desk.order(quantity=10.0)
        await desk.until_filled(order, 2.0)
        await desk.pass_time(lambda: desk.filled(order) == 10.0, "all of it fills")
        await desk.until_told(2)
        agree(desk)
    assert exchange.faults.fired[fault]
    assert [fill.quantity for fill in desk.fills(order)] == [2.0, 3.0, 5.0]
    assert not desk.ends(order)


async def test_t20_a_lost_fill_is_made_up_for_by_a_poll_within_a_minute(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("lost_fill", times=None)
        order = desk.order(quantity=3.0)
        await until(lambda: desk.is_there(order) and desk.theirs(order).status == "filled", "it fills")
        began = exchange.clock.now
        assert not desk.fills(order)
        await desk.pass_time(lambda: desk.fills(order), "the fill is told")
        agree(desk)
    assert exchange.clock.now - began <= 60 * SECOND
    (fill,) = desk.fills(order)
    (execution,) = exchange.exchange.account.executions
    assert (fill.quantity, fill.price, fill.remaining) == (3.0, float(execution.price), 0.0)


async def test_t20_what_was_lost_is_in_the_next_fill_that_is_heard_at_the_average(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=10.0, limit=1.0)
        await desk.until_accepted(order)
        exchange.faults.add("lost_fill", times=2)
        for quantity, price in ((2.0, 590.0), (3.0, 591.0), (5.0, 592.0)):
            exchange.exchange.fill(desk.theirs(order).id, quantity, price)
        await desk.until_filled(order)
        agree(desk)
    (fill,) = desk.fills(order)
    assert (fill.quantity, fill.remaining) == (10.0, 0.0)
    assert fill.price == pytest.approx(591.3)


async def test_t20_what_a_poll_has_told_is_not_told_again_by_later_events(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=10.0, limit=1.0)
        await desk.until_accepted(order)
        exchange.faults.add("lost_fill", times=2)
        for quantity, price in ((2.0, 590.0), (3.0, 591.0)):
            exchange.exchange.fill(desk.theirs(order).id, quantity, price)
        await desk.pass_time(lambda: desk.fills(order), "a poll tells")
        exchange.exchange.fill(desk.theirs(order).id, 5.0, 592.0)
        await desk.until_filled(order)
        agree(desk)
    first, last = desk.fills(order)
    assert (first.quantity, last.quantity, last.price) == (5.0, 5.0, 592.0)
    assert first.price == pytest.approx(590.6)
    assert last.id == exchange.exchange.account.executions[-1].id


async def test_t22_a_fill_that_is_told_before_the_answer_to_its_order_counts_once(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("fill_before_response")
        exchange.faults.add("delay", path="/v2/orders:by", seconds=1)
        order = desk.order(quantity=3.0)
        await desk.until_filled(order)
        await desk.until_told(2)
        agree(desk)
    assert exchange.faults.fired["fill_before_response"] == 1
    assert len(desk.of(OrderAccepted)) == 1
    assert len(desk.fills(order)) == 1
    assert not desk.ends(order)


async def test_t22_and_so_when_the_answer_never_comes(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("fill_before_response")
        exchange.faults.add("504_after_accept", path="/v2/orders", method="POST")
        order = desk.order(quantity=3.0)
        await desk.until_filled(order)
        await desk.until_told(2)
        agree(desk)
    assert posts(exchange) == 1
    assert not desk.words("order_unknown")


async def test_half_of_an_order_and_its_cancel_by_the_venue(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.faults.add("partial_then_cancel")
        order = desk.order(quantity=10.0)
        end = await desk.until_ended(order)
        agree(desk)
    assert isinstance(end, OrderCancelled)
    assert desk.filled(order) == 5.0


async def test_while_the_stream_is_down_polls_tell_of_fills_and_it_is_said_once(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=3.0, limit=1.0)
        await desk.until_accepted(order)
        down = exchange.faults.add("handshake_http", path="/stream", status=503, times=None)
        exchange.cut()
        await until(lambda: exchange.faults.fired["handshake_http"] > 2, "it is tried again and again")
        await desk.advance(8)
        exchange.exchange.fill(desk.theirs(order).id, 2.0, 590.0)
        began = exchange.clock.now
        await desk.pass_time(lambda: desk.fills(order), "the fill is told")
        assert exchange.clock.now - began <= 10 * SECOND
        (said,) = desk.words("stream")
        assert said.startswith("the trading stream is down: ")
        assert said.endswith("; orders are looked up every 5 s")
        accounts = len(desk.of(AccountWord))
        exchange.faults.remove(down)
        await until(lambda: len(desk.words("stream")) == 2, "it is back")
        await desk.pass_time(lambda: len(desk.of(AccountWord)) > accounts, "the account is compared")
        exchange.exchange.fill(desk.theirs(order).id, 1.0, 590.0)
        await desk.until_filled(order)
        agree(desk)
    assert desk.words("stream")[1] == "the trading stream is back; orders and account are compared"


async def test_a_fill_between_two_connections_is_told_at_the_second(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=3.0, limit=1.0)
        await desk.until_accepted(order)
        listens = len(exchange.trading.sockets)
        exchange.cut()
        exchange.exchange.fill(desk.theirs(order).id, 3.0, 590.0)
        await desk.until_filled(order)
        assert listens == 1
        agree(desk)


async def test_keys_that_are_refused_are_told_and_not_tried_again(exchange: FakeAlpaca) -> None:
    exchange.faults.add("unauthorized", path="/stream", times=None)
    async with connected(exchange) as desk:
        await until(lambda: desk.faults(), "it is told")
    (fault,) = set(desk.faults())
    assert fault.startswith("the trading stream ends: auth failed: the keys are refused")
    assert exchange.faults.fired["unauthorized"] == 1


async def test_keys_that_are_refused_while_it_trades_are_a_fault(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange._keys.clear()
        await desk.pass_time(lambda: desk.faults(), "it is told")
    assert desk.faults() == ["Alpaca refuses to be asked (unauthorized); check the keys with `sentio-tui doctor`"]


async def test_an_account_that_is_blocked_is_a_fault_until_it_is_not(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        exchange.exchange.account.blocked = True
        await desk.pass_time(lambda: desk.faults(), "it is told")
        exchange.exchange.account.blocked = False
        await desk.pass_time(lambda: len(desk.faults()) == 2, "it is over")
    assert desk.faults() == ["the account is blocked from trading", ""]


async def test_before_the_account_is_known_nothing_leaves(exchange: FakeAlpaca) -> None:
    desk = Desk(exchange)
    outage = exchange.faults.add("503", times=None, path="/v2/account")
    task = asyncio.create_task(desk.broker.run(desk.news.append))
    order = desk.order(quantity=1.0)
    await desk.pass_time(lambda: desk.faults(), "it is told that Alpaca does not answer")
    assert posts(exchange) == 0
    exchange.faults.remove(outage)
    await desk.pass_time(lambda: desk.fills(order), "it is sent")
    news = [type(each) for each in desk.news]
    assert news.index(AccountWord) < news.index(OrderAccepted)
    task.cancel()
    await asyncio.wait({task})
    desk.rest.close()


async def test_a_server_that_goes_down_and_comes_back_costs_nothing(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=10.0, limit=1.0)
        await desk.until_accepted(order)
        await exchange.go_down()
        exchange.exchange.fill(desk.theirs(order).id, 4.0, 590.0)
        late = desk.order("SH", quantity=1.0)
        await desk.pass_time(lambda: desk.faults(), "it is told")
        await exchange.listen()
        await desk.pass_time(lambda: desk.filled(order) == 4.0 and desk.faults()[-1] == "", "it is made up for")
        await desk.pass_time(lambda: desk.fills(late) or desk.ends(late), "the late one is decided")
        await desk.until_told(2)
        agree(desk)


async def test_a_broker_whose_listener_breaks_says_so_to_who_runs_it(exchange: FakeAlpaca) -> None:
    """A defect of ours must end the session with its words, not be taken for trouble on the line."""
    desk = Desk(exchange)

    def broken(news: object) -> None:
        raise ZeroDivisionError("a defect")

    with pytest.raises(ZeroDivisionError, match="a defect"):
        async with asyncio.timeout(20):
            await desk.broker.run(broken)
    desk.rest.close()
    assert exchange.sockets_open == 0
