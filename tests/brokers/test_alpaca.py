"""The Alpaca broker through the real alpaca-py, against the local exchange."""

import pytest

from sentio_tui.brokers.base import AccountWord
from sentio_tui.model.events import Held, OrderAccepted, OrderFilled
from sentio_tui.model.orders import Side
from tests.brokers.alpaca_desk import connected, posts
from tests.exchange.server import FakeAlpaca


async def test_an_order_is_accepted_and_filled_and_the_account_follows(exchange: FakeAlpaca) -> None:
    async with connected(exchange) as desk:
        order = desk.order(quantity=3.0)
        await desk.until_filled(order)
        exchange.clock.advance(3)
        account = await desk.until_told(2)
    kinds = [type(each) for each in desk.news]
    assert kinds == [AccountWord, OrderAccepted, OrderFilled, AccountWord]
    (fill,) = desk.fills(order)
    (execution,) = exchange.exchange.account.executions
    assert (fill.id, fill.quantity, fill.price) == (execution.id, 3.0, float(execution.price))
    assert (fill.book, fill.side, fill.remaining, fill.commission) == ("main", Side.BUY, 0.0, 0.0)
    assert account.cash == pytest.approx(float(exchange.exchange.account.cash), abs=0.005)
    assert account.positions == (Held("SPY", 3.0, fill.price),)
    assert posts(exchange) == 1
    assert exchange.sockets_open == 0
