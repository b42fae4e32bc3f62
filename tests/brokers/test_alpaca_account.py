"""The account at Alpaca: told only when every fill in it has been, and what is not ours is shown and left alone."""

import pytest

from sentio_tui.alpaca.answers import Position
from sentio_tui.brokers.alpaca_requests import client_id, session_mark
from sentio_tui.brokers.base import AccountWord
from sentio_tui.brokers.silent import SilentBroker
from sentio_tui.engine.ledger import OpenOrder
from sentio_tui.model.bars import Bar
from sentio_tui.model.events import Held, OrderAccepted, OrderRejected
from sentio_tui.model.orders import Order, OrderStatus, Side
from tests.brokers.alpaca_desk import SESSION, Desk, connected, posts, running
from tests.brokers.test_alpaca_faults import agree
from tests.exchange.conditions import until
from tests.exchange.orders import Body
from tests.exchange.server import FakeAlpaca


def foreign(symbol: str = "SPY", qty: str = "5", **more: str) -> Body:
    """An order of somebody else's."""
    return {"symbol": symbol, "qty": qty, "side": "buy", "type": "market", "time_in_force": "day", **more}


def place(exchange: FakeAlpaca, body: Body) -> str:
    order = exchange.exchange.submit(body)
    exchange.exchange.settle()
    return order.id


async def test_the_account_is_told_at_the_start_every_three_minutes_and_when_connected(
    exchange: FakeAlpaca,
) -> None:
    async with connected(exchange) as desk:
        began = exchange.clock.now
        await desk.until_told(2)
        assert 180_000 <= exchange.clock.now - began <= 215_000
        again = exchange.clock.now
        exchange.cut()
        await desk.until_told(3)
        assert exchange.clock.now - again < 10_000
    assert desk.of(AccountWord) == [AccountWord(100_000.0, ())] * 3


async def test_the_account_is_told_only_when_every_fill_in_it_is(exchange: FakeAlpaca) -> None:
    """A fill that comes between two reads makes the account be read again."""
    async with connected(exchange) as desk:
        order = desk.order(quantity=10.0, limit=1.0)
        await desk.until_accepted(order)
        exchange.faults.add("delay", path="/v2/positions", seconds=1)
        await desk.pass_time(lambda: exchange.faults.fired["delay"] == 1, "the account is read")
        exchange.exchange.fill(desk.theirs(order).id, 4.0, 590.0)
        await desk.until_told(2)
        news = [each for each in desk.news if isinstance(each, AccountWord)]
        agree(desk)
    assert news[-1] == AccountWord(97_640.0, (Held("SPY", 4.0, 590.0),))
    assert sum(path == "/v2/positions" for _, path in exchange.requests) >= 3


async def test_positions_that_follow_a_fill_late_are_read_again(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody promises that orders and positions change at one moment."""
    async with connected(exchange) as desk:
        real = desk.rest.positions
        late = [()]

        async def positions() -> tuple[Position, ...]:
            return late.pop() if late else await real()

        monkeypatch.setattr(desk.rest, "positions", positions)
        order = desk.order(quantity=3.0)
        await desk.until_filled(order)
        word = await desk.until_told(2)
    assert [held.quantity for held in word.positions] == [3.0]


async def test_what_is_not_ours_is_shown_once_each_and_left_alone(exchange: FakeAlpaca) -> None:
    place(exchange, foreign("AAPL"))
    resting = place(exchange, foreign("SPY", type="limit", limit_price="1.00"))
    other = place(exchange, foreign("QQQ", client_order_id=client_id("another", "x"), type="limit", limit_price="1.00"))
    async with connected(exchange) as desk:
        await desk.until_told(2)
        place(exchange, foreign("SPY", "2"))
        word = await desk.until_told(4)
    orders = sorted(desk.words("foreign_order"))
    assert len(orders) == 2
    assert orders[0].startswith("an open order of another session of this program: buy 5 QQQ limit @ 1 (sentio-")
    assert orders[1].startswith("an open order of somebody else: buy 5 SPY limit @ 1 (")
    assert desk.words("foreign_position") == [
        "the account also holds 5 AAPL, which this session does not trade; it is left alone"
    ]
    fills = desk.words("foreign_fill")
    assert any(text.startswith("a fill that is not this session's: buy 2 SPY @ ") for text in fills)
    assert len(fills) == len(set(fills))
    assert {held.symbol: held.quantity for held in word.positions} == {"AAPL": 5.0, "SPY": 2.0}
    assert exchange.exchange.orders[resting].is_open
    assert exchange.exchange.orders[other].is_open
    assert not [request for request in exchange.requests if request[0] in ("DELETE", "POST", "PATCH")]


async def test_an_order_of_this_session_that_its_journal_does_not_have_is_shown(exchange: FakeAlpaca) -> None:
    place(exchange, foreign("SPY", client_order_id=f"{session_mark(SESSION)}lost", type="limit", limit_price="1.00"))
    async with connected(exchange) as desk:
        assert desk.words("foreign_order")[0].startswith("an open order of this session that its journal does not have")


def intent(desk: Desk, *, released: bool = True, quantity: float = 10.0) -> OpenOrder:
    """An order of an earlier process, as the session's state has it."""
    order = desk.order(quantity=quantity, limit=1.0, released=released)
    return OpenOrder(order, OrderStatus.SUBMITTED)


async def test_t21_a_new_process_takes_over_the_orders_of_the_one_that_died(exchange: FakeAlpaca) -> None:
    first = Desk(exchange)
    async with running(first):
        known = intent(first)
        await first.until_accepted(known.order)
        identity = first.theirs(known.order).id
        exchange.exchange.fill(identity, 2.0, 590.0)
        await first.until_filled(known.order, 2.0)
    exchange.exchange.fill(identity, 3.0, 591.0)
    second = Desk(exchange)
    (fill,) = first.fills()
    known.filled, known.broker_id = 2.0, identity
    second.broker.adopt([known], [fill])
    async with running(second):
        await second.until_filled(known.order, 3.0)
        word = second.of(AccountWord)[0]
        exchange.exchange.fill(identity, 5.0, 592.0)
        await second.until_filled(known.order)
    assert [(each.quantity, each.price, each.remaining) for each in second.fills()] == [
        (3.0, 591.0, 5.0),
        (5.0, 592.0, 0.0),
    ]
    assert second.news.index(word) > 0, "the fill in between is told before the account"
    assert word.positions[0].quantity == 5.0
    assert not second.of(OrderAccepted)
    assert posts(exchange) == 1


async def test_t21_what_the_process_before_has_filled_is_not_taken_for_somebody_else_s(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as first:
        await first.until_filled(first.order(quantity=3.0))
    exchange.clock.advance(10)
    async with connected(exchange) as second:
        await second.until_told(2)
    assert not second.words("foreign_fill")


async def test_t21_an_order_that_was_on_disk_and_never_sent_is_rejected_and_not_sent(exchange: FakeAlpaca) -> None:
    desk = Desk(exchange)
    known = intent(desk, released=False)
    exchange.clock.advance(120)
    desk.broker.adopt([known])
    async with running(desk):
        pass
    (end,) = desk.ends(known.order)
    assert isinstance(end, OrderRejected)
    assert end.why == "it never arrived at Alpaca"
    assert desk.news.index(end) < desk.news.index(desk.of(AccountWord)[0])
    assert posts(exchange) == 0


async def test_t21_one_that_was_just_sent_may_still_arrive_and_is_waited_for(exchange: FakeAlpaca) -> None:
    first = Desk(exchange)
    known = intent(first, released=False)
    placed = first.broker._line.orders.by_order(known.order.id)
    assert placed is not None
    assert placed.request is not None
    second = Desk(exchange)
    second.broker.adopt([known])
    exchange.clock.after(30, lambda: place(exchange, placed.request.body() if placed.request else {}))

    async with running(second, wait=False):
        await second.pass_time(lambda: second.of(OrderAccepted), "it is found")
        await second.pass_time(lambda: second.of(AccountWord), "then the account is told")
    assert not second.ends(known.order)
    assert posts(exchange) == 0


async def test_t21_a_cancel_that_never_left_is_made_up_for(exchange: FakeAlpaca) -> None:
    first = Desk(exchange)
    async with running(first):
        known = intent(first)
        await first.until_accepted(known.order)
    silent, second = SilentBroker(), Desk(exchange)
    silent.on_bar(Bar("SH", 0, 600.0, 600.0, 600.0, 600.0, 1.0), 0)
    silent.submit(known.order, 0)
    silent.cancel(known.order.id, 0)
    silent.hand_over(second.broker, [known])
    async with running(second):
        await second.until_ended(known.order)
        # Prices from before the break count, and what comes now goes to the successor.
        silent.submit(Order("another", "main", "SH", Side.BUY, 0, "test", notional=1_000.0), 0)
        silent.release()
        await until(lambda: second.fills(), "the next order fills")
    assert first.theirs(known.order).status == "canceled"
    assert posts(exchange) == 2


async def test_a_silent_broker_has_nothing_to_be_connected_to() -> None:
    silent = SilentBroker()
    assert silent.answers() == ()
    silent.release()
    with pytest.raises(RuntimeError, match="no account"):
        await silent.run(print)
