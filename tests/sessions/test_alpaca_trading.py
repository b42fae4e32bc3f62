"""The whole engine on the local exchange, through the Alpaca broker."""

from decimal import Decimal
from functools import partial

import pytest

from sentio_tui.engine.execution import BUY_WITHIN
from sentio_tui.engine.reconciliation import ACCOUNT
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.commands import Accept, Flatten
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import AccountAdopted, AccountReported, Decided, FaultReported, Noted, OrderRejected
from tests.brokers.alpaca_desk import Desk, executed
from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca
from tests.sessions.floor import Floor, Rotation, engine_of, trading

LONG, SHORT, HOLD = Direction.LONG, Direction.SHORT, Direction.NEUTRAL


def rotation(exchange: FakeAlpaca) -> Floor:
    """SPY for two minutes, then all of it into SH. Without margin: only what the sale brings in can be spent."""
    exchange.exchange.account.multiplier = 1
    desk = Desk(exchange)
    script = [LONG, HOLD, SHORT]
    return Floor(desk, engine_of(desk.broker, {"SPY": script}, exchange.clock.now, Rotation("SH"), ["SPY", "SH"]))


def agree(floor: Floor) -> None:
    """The books and the account are the same."""
    account = floor.exchange.exchange.account
    state = floor.engine.state
    held = {symbol: position.quantity for symbol, position in state.accounts["main"].positions.items()}
    assert held == {symbol.replace("/", "-"): float(each.qty) for symbol, each in account.positions.items()}
    assert state.cash == pytest.approx(float(account.cash), abs=0.01)


async def test_t27_buys_leave_only_when_the_last_part_of_the_sells_before_them_has_filled(exchange: FakeAlpaca) -> None:
    async with trading(rotation(exchange)) as floor:
        await floor.minute()
        await until(lambda: not floor.engine.state.orders, "SPY is bought")
        held = executed(exchange, "SPY")
        exchange.exchange.script("SPY", 50, 40, float(held) - 90)
        await floor.minute()
        await floor.minute(settle=False)
        await until(lambda: executed(exchange, "SPY") == held - 50, "a part is sold")
        await until(lambda: floor.engine.state.accounts["main"].positions["SPY"].quantity == float(held) - 50, "told")
        assert not [each for each in exchange.exchange.orders.values() if each.symbol == "SH"]
        await floor.minute(settle=False)
        await until(lambda: executed(exchange, "SH"), "SH is bought")
        await until(lambda: not floor.engine.state.orders, "and all is told")
        agree(floor)
    executions = exchange.exchange.account.executions
    assert [each.symbol for each in executions] == ["SPY", "SPY", "SPY", "SPY", "SH"]
    assert not floor.of(OrderRejected)
    assert float(exchange.exchange.account.cash) >= 0


async def test_t27_where_the_sells_do_not_fill_in_time_no_buy_is_made(exchange: FakeAlpaca) -> None:
    async with trading(rotation(exchange)) as floor:
        await floor.minute()
        await until(lambda: not floor.engine.state.orders, "SPY is bought")
        exchange.exchange.script("SPY", 50)
        for _ in range(BUY_WITHIN // MINUTE + 4):
            await floor.minute(settle=False)
        assert [note.text for note in floor.of(Noted) if note.code == "buys_given_up"] == [
            "main: sells did not fill in time, stays in cash"
        ]
        assert not [each for each in exchange.exchange.orders.values() if each.symbol == "SH"]
        agree(floor)


async def test_t25_after_its_own_fills_there_is_never_a_difference(exchange: FakeAlpaca) -> None:
    desk = Desk(exchange)
    scripts = {"SPY": [LONG, HOLD, SHORT] * 4, "SH": [HOLD, LONG, SHORT] * 4, "BTC-USD": [LONG, SHORT, HOLD] * 4}
    async with trading(Floor(desk, engine_of(desk.broker, scripts, exchange.clock.now))) as floor:
        for _ in range(12):
            told = len(floor.of(AccountReported))
            await floor.minute()
            await until(lambda: not floor.engine.state.orders, "orders end")
            agree(floor)
            await desk.pass_time(partial(lambda told: len(floor.of(AccountReported)) > told, told), "it is compared")
    assert len(exchange.exchange.account.executions) > 20
    assert not floor.of(FaultReported)
    assert not floor.of(AccountAdopted)


async def test_t25_the_fee_that_is_taken_from_coins_is_no_difference_and_all_that_is_left_can_be_sold(
    exchange: FakeAlpaca,
) -> None:
    exchange.exchange.account.coin_fee = Decimal("0.0025")
    desk = Desk(exchange)
    async with trading(Floor(desk, engine_of(desk.broker, {"BTC-USD": [LONG, SHORT]}, exchange.clock.now))) as floor:
        await floor.minute()
        await desk.pass_time(lambda: floor.of(AccountAdopted), "the fee is taken over")
        agree(floor)
        (adopted,) = floor.of(AccountAdopted)
        assert adopted.why == "costs that the broker charged"
        await floor.minute()
        await until(lambda: not floor.engine.state.orders, "it is sold")
        agree(floor)
    assert not floor.of(OrderRejected)
    assert not floor.of(FaultReported)
    assert not floor.engine.state.accounts["main"].positions
    bought, sold = exchange.exchange.account.executions
    assert sold.qty == bought.qty - round(bought.qty * Decimal("0.0025"), 9)


async def test_t25_coins_are_sold_whole_even_before_anybody_knew_of_their_fee(exchange: FakeAlpaca) -> None:
    """The sale is refused for the fee that is missing; then the account is told, and what there is is sold."""
    exchange.exchange.account.coin_fee = Decimal("0.0025")
    desk = Desk(exchange)
    async with trading(Floor(desk, engine_of(desk.broker, {"BTC-USD": [LONG]}, exchange.clock.now))) as floor:
        await floor.minute()
        await until(lambda: floor.engine.state.accounts["main"].positions, "coins are bought")
        assert not floor.of(AccountAdopted)
        floor.take(floor.engine.command(Flatten(), "test", exchange.clock.now))
        await desk.pass_time(lambda: not floor.engine.state.orders, "they are sold")
        agree(floor)
    assert executed(exchange, "BTC/USD") > 0  # more was bought than sold: the difference is the fee
    assert not exchange.exchange.account.positions
    assert len(floor.of(AccountAdopted)) == 1
    assert not floor.of(OrderRejected)
    assert not floor.of(FaultReported)
    (trade,) = floor.engine.state.trades
    assert trade.pnl == pytest.approx(floor.engine.state.equity - 100_000.0, abs=0.01)
    assert trade.pnl < -0.0025 * 19_000


async def test_t25_a_foreign_sale_stops_trading_and_shows_both_sides_until_it_is_accepted(exchange: FakeAlpaca) -> None:
    desk = Desk(exchange)
    async with trading(
        Floor(
            desk,
            engine_of(
                desk.broker, {"SPY": [LONG, *[HOLD] * 6], "SH": [HOLD, HOLD, LONG, HOLD, LONG]}, exchange.clock.now
            ),
        )
    ) as floor:
        await floor.minute()
        await until(lambda: not floor.engine.state.orders, "SPY is bought")
        await desk.pass_time(lambda: len(floor.of(AccountReported)) > 1, "the account is compared")
        assert not floor.engine.state.faults
        exchange.exchange.submit(
            {"symbol": "SPY", "qty": "10", "side": "sell", "type": "market", "time_in_force": "day"}
        )
        exchange.exchange.settle()
        state = floor.engine.state
        await desk.pass_time(lambda: state.faults, "the difference is seen")
        held = state.accounts["main"].positions["SPY"].quantity
        assert state.faults[ACCOUNT].startswith(f"SPY: {held:g} here, {held - 10:g} in the account; cash: ")
        assert any("a fill that is not this session's: sell 10 SPY" in each for each in desk.words("foreign_fill"))
        orders = len(exchange.exchange.orders)
        for _ in range(2):
            await floor.minute()
        halted = [each for each in floor.of(Decided) if each.reason is Reason.HALTED]
        assert halted
        assert len(exchange.exchange.orders) == orders
        floor.take(floor.engine.command(Accept(state.faults[ACCOUNT]), "test", exchange.clock.now))
        assert not state.faults
        agree(floor)
        for _ in range(3):
            await floor.minute()
        await until(lambda: executed(exchange, "SH"), "trading goes on")


async def test_a_book_is_flat_at_once_whatever_is_under_way(exchange: FakeAlpaca) -> None:
    """Flatten while half of a buy has filled: the rest is cancelled, and what there is is sold."""
    desk = Desk(exchange)
    exchange.exchange.script("SPY", 7)
    async with trading(Floor(desk, engine_of(desk.broker, {"SPY": [LONG]}, exchange.clock.now))) as floor:
        await floor.minute()
        await until(lambda: floor.engine.state.accounts["main"].positions, "a part is bought")
        floor.take(floor.engine.command(Flatten(), "test", exchange.clock.now))
        await until(lambda: not floor.engine.state.orders, "nothing is open")
        agree(floor)
    assert executed(exchange, "SPY") == 0
    assert not floor.of(OrderRejected)
