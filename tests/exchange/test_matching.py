"""When and at what price orders execute, what is told in which order, and that no money is made or lost by it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchange.exchange import BEGIN, FakeExchange, Update
from tests.exchange.orders import TERMINAL, Body, Order, Refusal

MINUTE = 60_000
CLOSE = BEGIN + 390 * MINUTE
BUY: Body = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": "10"}
SELL = BUY | {"side": "sell"}


class Desk:
    """An exchange where SPY moves only as told, from 600, with all events written down."""

    def __init__(self, begin: int = BEGIN) -> None:
        self.exchange = FakeExchange(begin=begin)
        self.exchange.market.silence("SPY", BEGIN - 90 * MINUTE, CLOSE + 60 * MINUTE)
        self.events: list[Update] = []
        self.exchange.listeners.append(self.events.append)
        self.price(600.0)

    def price(self, price: float) -> None:
        self.exchange.ticker.set_price("SPY", price)

    def order(self, body: Body, **changes: object) -> Order:
        order = self.exchange.submit(body | changes)
        self.exchange.settle()
        return order

    def told(self, order: Order) -> list[str]:
        return [update.event for update in self.events if update.order["id"] == order.id]

    def holding(self, qty: int = 100) -> "Desk":
        self.order(BUY, qty=str(qty))
        return self


def test_market_orders_execute_at_the_quote_after_the_answer() -> None:
    desk = Desk()
    order = desk.exchange.submit(BUY)
    assert (order.status, desk.events) == ("pending_new", [])
    desk.exchange.settle()
    assert desk.told(order) == ["new", "fill"]
    assert order.average == Decimal("600.03")
    sold = desk.order(SELL)
    assert sold.average == Decimal("599.97")
    data = desk.events[-1].data()
    assert (data["price"], data["qty"], data["position_qty"]) == ("599.97", "10", "0")
    assert data["execution_id"]


def test_slippage_is_against_the_order_and_not_beyond_its_limit() -> None:
    desk = Desk()
    desk.exchange.slippage = Decimal("0.001")
    assert desk.order(BUY).average == Decimal("600.63")
    assert desk.order(BUY, type="limit", limit_price="600.10").average == Decimal("600.1")


def test_limits_wait_for_their_price() -> None:
    desk = Desk().holding()
    buy = desk.order(BUY, type="limit", limit_price="590")
    desk.price(590.0)
    assert buy.status == "new"
    desk.price(589.9)
    assert buy.average == Decimal("589.93")
    sell = desk.order(SELL, type="limit", limit_price="610")
    desk.price(611.0)
    assert sell.average == Decimal("610.97")


def test_stops_are_triggered_by_the_last_trade() -> None:
    desk = Desk().holding()
    stop = desk.order(SELL, type="stop", stop_price="595")
    limited = desk.order(SELL, type="stop_limit", stop_price="595", limit_price="594.99")
    desk.price(595.01)
    assert (stop.status, limited.status) == ("new", "new")
    desk.price(594.0)
    assert (stop.average, limited.status) == (Decimal("593.97"), "new")
    desk.price(595.5)
    assert limited.average == Decimal("595.47"), "once triggered it stays so"


def test_trailing_stops_follow_the_best_price() -> None:
    desk = Desk().holding()
    order = desk.order(SELL, type="trailing_stop", trail_percent="1")
    for price in (605.0, 610.0, 606.0, 604.5):
        desk.price(price)
    assert (order.hwm, order.stop_price, order.status) == (Decimal(610), Decimal("603.9"), "new")
    desk.price(603.0)
    assert order.status == "filled"


def test_scripts_make_partial_fills_and_leave_the_rest() -> None:
    desk = Desk()
    desk.exchange.script("SPY", 3, 4)
    order = desk.order(BUY)
    assert (order.status, order.filled_qty) == ("partially_filled", Decimal(3))
    desk.price(602.0)
    desk.price(603.0)
    assert (order.status, order.filled_qty) == ("partially_filled", Decimal(7))
    assert order.average == Decimal("601.172857")
    desk.exchange.cancel(order.id)
    desk.exchange.settle()
    assert desk.told(order) == ["new", "partial_fill", "partial_fill", "canceled"]
    assert [update.data().get("position_qty") for update in desk.events] == [None, "3", "7", None]
    assert desk.exchange.account.qty("SPY") == 7


def test_volume_bounds_what_executes() -> None:
    desk = Desk()
    desk.exchange.volume_share = Decimal("0.1")
    order = desk.order(BUY, qty="35")
    assert order.filled_qty == 30, "a tenth of the 300 at the quote"
    desk.exchange.market.put("SPY", BEGIN, 600.0, 120.0)
    desk.exchange.clock.advance(30)
    assert order.filled_qty == 35, "and three of each trade of 30"


def test_immediate_orders_do_not_wait() -> None:
    desk = Desk()
    away = desk.order(BUY, type="limit", limit_price="590", time_in_force="ioc")
    assert desk.told(away) == ["new", "canceled"]
    desk.exchange.script("SPY", 4)
    part = desk.order(BUY, time_in_force="ioc")
    assert (desk.told(part), part.filled_qty) == (["new", "partial_fill", "canceled"], Decimal(4))
    desk.exchange.script("SPY", 4)
    killed = desk.order(BUY, time_in_force="fok")
    assert (desk.told(killed), killed.filled_qty) == (["new", "canceled"], Decimal(0))
    assert desk.order(BUY, time_in_force="fok").status == "filled"


def test_day_orders_expire_at_the_close() -> None:
    desk = Desk()
    order = desk.order(BUY, type="limit", limit_price="500")
    kept = desk.order(BUY, type="limit", limit_price="500", time_in_force="gtc")
    desk.exchange.clock.advance_to(CLOSE - 1)
    assert order.status == "new"
    desk.exchange.clock.advance_to(CLOSE)
    assert (order.status, order.expired_at, kept.status) == ("expired", CLOSE, "new")
    assert desk.told(order) == ["new", "expired"]


def test_orders_out_of_hours_wait_for_the_open() -> None:
    desk = Desk(BEGIN - 60 * MINUTE)
    order = desk.order(BUY)
    assert (order.status, desk.events) == ("accepted", [])
    extended = desk.order(BUY, type="limit", limit_price="601", extended_hours=True)
    assert desk.told(extended) == ["new", "fill"]
    desk.exchange.clock.advance_to(BEGIN)
    assert desk.told(order) == ["new", "fill"]


def test_brackets_protect_what_was_bought() -> None:
    desk = Desk()
    legs = {"take_profit": {"limit_price": "620"}, "stop_loss": {"stop_price": "580"}}
    entry = desk.order(BUY, type="limit", limit_price="598", order_class="bracket", **legs)
    profit, loss = entry.legs
    assert (profit.status, loss.status) == ("held", "held")
    desk.price(597.0)
    assert (entry.status, profit.status, loss.status) == ("filled", "new", "new")
    desk.price(579.0)
    assert (profit.status, loss.status) == ("canceled", "filled")
    assert not desk.exchange.account.positions
    assert [leg["id"] for leg in _legs(entry)] == [profit.id, loss.id]


def test_one_exit_cancels_the_other() -> None:
    desk = Desk().holding(10)
    pair = {"order_class": "oco", "type": "limit", "limit_price": "620", "take_profit": {"limit_price": "620"}}
    order = desk.order(SELL, **pair, stop_loss={"stop_price": "580"})
    (stop,) = order.legs
    assert (order.status, stop.status) == ("new", "new")
    desk.price(621.0)
    assert (order.status, stop.status) == ("filled", "canceled")
    assert not desk.exchange.account.positions


def test_cancelling_an_entry_cancels_its_legs() -> None:
    desk = Desk()
    entry = desk.order(BUY, type="limit", limit_price="500", order_class="oto", stop_loss={"stop_price": "480"})
    desk.exchange.cancel(entry.id)
    desk.exchange.settle()
    assert (entry.status, entry.legs[0].status) == ("canceled", "canceled")


def test_while_holding_only_what_is_told_executes() -> None:
    desk = Desk()
    desk.exchange.holding = True
    order = desk.order(BUY)
    desk.price(601.0)
    assert order.status == "new"
    desk.exchange.fill(order.id, 10, 600.5)
    assert (order.status, order.average) == ("filled", Decimal("600.5"))


def test_nothing_executes_in_a_halt() -> None:
    desk = Desk()
    desk.exchange.halted.add("SPY")
    order = desk.order(BUY)
    desk.price(601.0)
    assert desk.told(order) == ["new"]
    desk.exchange.halted.clear()
    desk.price(601.0)
    assert desk.told(order) == ["new", "fill"]


def test_money_orders_buy_fractions() -> None:
    desk = Desk()
    body = {name: value for name, value in BUY.items() if name != "qty"}
    order = desk.order(body, notional="1000")
    assert order.status == "filled"
    assert order.body()["qty"] is None
    assert order.filled_value == pytest.approx(Decimal(1000), abs=Decimal("0.0001"))


def test_selling_what_one_has_not_is_a_short_position() -> None:
    desk = Desk()
    desk.order(SELL)
    body = desk.exchange.account.position_body("SPY", Decimal(600), [])
    assert (body["side"], body["qty"], body["market_value"]) == ("short", "-10", "-6000")
    desk.price(590.0)
    assert desk.exchange.account.position_body("SPY", Decimal(600), [])["unrealized_pl"] == "99.7"
    desk.order(BUY)
    assert desk.exchange.account.cash == Decimal(100_000) + 10 * (Decimal("599.97") - Decimal("590.03"))


def test_the_day_s_profit_begins_at_the_last_close() -> None:
    desk = Desk().holding(10)
    desk.price(610.0)
    desk.exchange.clock.advance_to(CLOSE + 60 * MINUTE)
    assert desk.exchange.account.last_equity == 100_000
    desk.exchange.clock.advance_to(BEGIN + 1_440 * MINUTE)
    assert desk.exchange.account.last_equity == 100_000 + 10 * (610 - Decimal("600.03"))
    desk.price(612.0)
    body = desk.exchange.account.position_body("SPY", Decimal(610), [])
    assert (body["unrealized_intraday_pl"], body["unrealized_pl"]) == ("20", "119.7")


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(["market", "limit", "stop"]),
        st.integers(1, 120),
        st.floats(580.0, 620.0),
        st.lists(st.integers(1, 60), max_size=2),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(_STEPS)
def test_no_money_and_no_share_appears_from_nowhere(steps: list[tuple[str, str, int, float, list[int], bool]]) -> None:
    desk = Desk()
    for side, kind, qty, price, script, cancelled in steps:
        if script:
            desk.exchange.script("SPY", *script)
        figures = {"limit": {"limit_price": str(round(price, 2))}, "stop": {"stop_price": str(round(price, 2))}}
        try:
            order = desk.order(BUY, side=side, type=kind, qty=str(qty), **figures.get(kind, {}))
        except Refusal:
            continue
        desk.price(round(price, 2))
        if cancelled and order.is_open:
            desk.exchange.cancel(order.id)
            desk.exchange.settle()
    executions = desk.exchange.account.executions
    signed = [(each.qty if each.side == "buy" else -each.qty, each.price) for each in executions]
    assert desk.exchange.account.cash == 100_000 - sum((qty * price for qty, price in signed), Decimal(0))
    assert desk.exchange.account.qty("SPY") == sum((qty for qty, _ in signed), Decimal(0))
    for order in desk.exchange.orders.values():
        mine = [each for each in executions if each.order == order.id]
        assert order.filled_qty == sum((each.qty for each in mine), Decimal(0))
        assert order.qty is not None
        assert order.filled_qty <= order.qty
        told = desk.told(order)
        assert told[0] == "new"
        assert len(told) == 1 + len(mine) + (order.status == "canceled")
        if order.status in TERMINAL:
            assert told[-1] == {"filled": "fill", "canceled": "canceled"}[order.status]


def _legs(order: Order) -> list[Body]:
    legs = order.body()["legs"]
    assert isinstance(legs, list)
    return legs
