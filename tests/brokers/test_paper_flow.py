"""The paper broker over time: repeated ids, partial fills, expiry, the end of the data."""

from collections.abc import Callable

import pytest

from sentio_tui.brokers.matching import SameClose
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.events import (
    Answer,
    OrderAccepted,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from sentio_tui.model.orders import Fill, OrderType
from tests.brokers.desk import BUY, DAY, FREE, INSTRUMENTS, SELL, feed, fills, hold, order, paper


@pytest.mark.parametrize("again", ["while open", "when filled", "when rejected"])
def test_t23_a_second_submit_of_an_id_is_passed_over(again: str) -> None:
    broker = paper()
    feed(broker, 0, 100)
    broker.submit(order("o", quantity=1_000 if again == "when rejected" else 1), MINUTE)
    if again == "when filled":
        feed(broker, 1, 100)
    before = broker.answers()
    cash = broker.cash("a")
    broker.submit(order("o", quantity=2), 2 * MINUTE)
    assert broker.answers() == ()
    feed(broker, 2, 100)
    assert broker.cash("a") == (cash - 100 if again == "while open" else cash)
    assert before


def test_t23_fill_ids_follow_from_the_order() -> None:
    broker = paper()
    feed(broker, 0, 100)
    broker.submit(order("s-1", quantity=25), MINUTE)
    for minute in range(1, 4):
        feed(broker, minute, 100, volume=10)
    assert [(fill.id, fill.quantity, fill.remaining) for fill in fills(broker.answers())] == [
        ("s-1/1", 10.0, 15.0),
        ("s-1/2", 10.0, 5.0),
        ("s-1/3", 5.0, 0.0),
    ]


def test_orders_share_the_volume_in_order_of_arrival() -> None:
    broker = paper(participation=0.1)
    feed(broker, 0, 100)
    broker.submit(order("first", quantity=15), MINUTE)
    broker.submit(order("second", quantity=15, book="b"), MINUTE)
    feed(broker, 1, 100, volume=209)
    assert [(fill.order_id, fill.quantity) for fill in fills(broker.answers())] == [("first", 15.0), ("second", 5.0)]
    feed(broker, 2, 100, volume=30)
    feed(broker, 3, 100, volume=200)
    assert [fill.quantity for fill in fills(broker.answers())] == [3.0, 7.0]


@pytest.mark.parametrize("participation", [0.5, 1.0])
def test_a_bar_without_volume_fills_nothing(participation: float) -> None:
    broker = paper(participation=participation)
    feed(broker, 0, 100)
    broker.submit(order("o", quantity=1), MINUTE)
    broker.answers()
    feed(broker, 1, 100, volume=0)
    assert broker.answers() == ()
    feed(broker, 2, 101)
    assert [fill.price for fill in fills(broker.answers())] == [101.0]


def test_a_stop_that_triggered_without_volume_goes_on_as_a_market_order() -> None:
    broker = paper()
    hold(broker, 10)
    broker.submit(order("stop", SELL, 10, kind=OrderType.STOP, stop=95), 2 * MINUTE)
    feed(broker, 2, (99, 99, 94, 98), volume=4)
    feed(broker, 3, 97)
    assert [(fill.quantity, fill.price) for fill in fills(broker.answers())] == [(4.0, 95.0), (6.0, 97.0)]


def test_a_limit_that_filled_in_part_keeps_its_limit() -> None:
    broker = paper()
    feed(broker, 0, 100)
    broker.submit(order("o", quantity=10, kind=OrderType.LIMIT, limit=99), MINUTE)
    feed(broker, 1, (100, 100, 99, 100), volume=4)
    feed(broker, 2, 100)
    feed(broker, 3, 98)
    assert [(fill.quantity, fill.price) for fill in fills(broker.answers())] == [(4.0, 99.0), (6.0, 98.0)]


def test_backfilled_bars_match_nothing_and_synthetic_ones_do() -> None:
    broker = paper()
    feed(broker, 5, 100)
    broker.submit(order("o", quantity=1), 6 * MINUTE)
    broker.answers()
    feed(broker, 4, 50, backfilled=True)
    feed(broker, 6, 60, backfilled=True)
    assert broker.answers() == ()
    feed(broker, 7, 70, synthetic=True)
    assert [fill.price for fill in fills(broker.answers())] == [70.0]


def test_a_backfilled_bar_gives_a_price_but_no_older_one() -> None:
    broker = paper()
    feed(broker, 5, 100, backfilled=True)
    feed(broker, 4, 10, backfilled=True)
    broker.submit(order("o", quantity=1), 6 * MINUTE)
    broker.end_of_data(7 * MINUTE)
    assert [fill.price for fill in fills(broker.answers())] == [100.0]


def test_day_orders_expire_at_the_first_bar_of_the_next_day() -> None:
    broker = paper()
    last = DAY // MINUTE - 1
    feed(broker, last - 1, 100)
    feed(broker, last - 1, 50, "SH")
    broker.submit(order("day", quantity=1, kind=OrderType.LIMIT, limit=90, day=True), last * MINUTE)
    broker.submit(order("gtc", quantity=1, kind=OrderType.LIMIT, limit=90), last * MINUTE)
    broker.answers()
    feed(broker, last, 91)
    assert broker.answers() == ()
    # A bar of another symbol tells the time as well; the expiry comes before the match.
    feed(broker, last + 1, 50, "SH")
    assert broker.answers() == [OrderExpired(seq=0, at=DAY + MINUTE, order_id="day")]
    feed(broker, last + 1, 90)
    assert [fill.order_id for fill in fills(broker.answers())] == ["gtc"]


def test_the_last_bar_of_the_day_still_fills_a_day_order() -> None:
    broker = paper()
    last = DAY // MINUTE - 1
    feed(broker, last - 1, 100)
    broker.submit(order("day", quantity=1, kind=OrderType.LIMIT, limit=90, day=True), last * MINUTE)
    feed(broker, last, 90)
    assert len(fills(broker.answers())) == 1


def test_day_orders_expire_by_the_clock_alone() -> None:
    broker = paper()
    feed(broker, 0, 100)
    broker.submit(order("day", quantity=1, kind=OrderType.LIMIT, limit=90, day=True), MINUTE)
    broker.answers()
    broker.on_time(DAY - 1)
    assert broker.answers() == ()
    broker.on_time(DAY)
    broker.on_time(DAY)
    assert broker.answers() == [OrderExpired(seq=0, at=DAY, order_id="day")]
    broker.submit(order("all", notional=10_000), DAY)
    assert isinstance(broker.answers()[0], OrderAccepted)


def test_cancel_of_what_is_done_or_unknown_says_nothing() -> None:
    broker = paper()
    hold(broker, 1)
    broker.cancel("entry", 9)
    broker.cancel("never", 9)
    assert broker.answers() == ()


def test_end_of_data_closes_at_the_last_price() -> None:
    broker = paper(slippage=0.001)
    hold(broker, 20)
    broker.submit(order("stop", SELL, 10, kind=OrderType.STOP, stop=95), 2 * MINUTE)
    feed(broker, 2, (96, 96, 94, 95), volume=4)
    broker.submit(order("limit", quantity=1, kind=OrderType.LIMIT, limit=50), 3 * MINUTE)
    broker.submit(order("out", SELL, 10), 3 * MINUTE)
    broker.answers()
    broker.end_of_data(10 * MINUTE)
    stop, limit, out = broker.answers()
    assert isinstance(stop, OrderFilled)
    assert isinstance(out, OrderFilled)
    # The close of 95 at the end of its minute, 94.905 down to the cent; the volume no longer matters.
    assert (stop.fill.quantity, stop.fill.price, stop.fill.time) == (6.0, 94.90, 3 * MINUTE)
    assert (out.at, out.fill.quantity, out.fill.price) == (10 * MINUTE, 10.0, 94.90)
    assert limit == OrderExpired(seq=0, at=10 * MINUTE, order_id="limit")
    assert broker.quantity("a", "SPY") == 0.0
    broker.end_of_data(11 * MINUTE)
    assert broker.answers() == ()


def test_same_close_answers_at_once() -> None:
    broker = paper(slippage=0.001, fill=SameClose())
    feed(broker, 0, (99, 101, 98, 100))
    broker.submit(order("o", quantity=10), MINUTE)
    expected = Fill("o/1", "o", "a", "SPY", BUY, 10.0, 100.10, 0.0, MINUTE)
    assert broker.answers() == [
        OrderAccepted(seq=0, at=MINUTE, order_id="o"),
        OrderFilled(seq=0, at=MINUTE, fill=expected),
    ]


def test_same_close_shares_the_volume_of_the_bar_with_what_it_matched() -> None:
    broker = paper(fill=SameClose())
    feed(broker, 0, 100)
    broker.submit(order("limit", quantity=6, kind=OrderType.LIMIT, limit=99), MINUTE)
    feed(broker, 1, (99, 100, 99, 100), volume=10)
    broker.submit(order("o", quantity=6), 2 * MINUTE)
    broker.submit(order("p", quantity=1), 2 * MINUTE)
    assert [(fill.order_id, fill.quantity) for fill in fills(broker.answers())] == [("limit", 6.0), ("o", 4.0)]
    feed(broker, 2, 101)
    assert [(fill.order_id, fill.price) for fill in fills(broker.answers())] == [("o", 101.0), ("p", 101.0)]


def test_same_close_does_not_take_a_backfilled_close() -> None:
    broker = paper(fill=SameClose())
    feed(broker, 0, 100, backfilled=True)
    broker.submit(order("o", quantity=1), MINUTE)
    assert len(broker.answers()) == 1
    feed(broker, 1, 103)
    assert [fill.price for fill in fills(broker.answers())] == [103.0]


def test_a_holding_given_back_as_a_sum_of_floats_can_be_sold() -> None:
    broker = paper()
    feed(broker, 0, 100, "BTC-USD")
    held = 0.0
    for index, quantity in enumerate((0.1, 0.2, 0.7)):
        broker.submit(order(f"in{index}", quantity=quantity, symbol="BTC-USD"), MINUTE)
        held += quantity
    feed(broker, 1, 100, "BTC-USD")
    broker.submit(order("out", SELL, held + 1e-15, symbol="BTC-USD"), 2 * MINUTE)
    feed(broker, 2, 100, "BTC-USD")
    assert broker.quantity("a", "BTC-USD") == 0.0


@pytest.mark.parametrize(
    "build",
    [
        lambda: paper(cash=-1.0),
        lambda: paper(cash=float("nan")),
        lambda: paper(slippage=1.0),
        lambda: paper(slippage=-0.1),
        lambda: paper(participation=0.0),
        lambda: paper(participation=1.1),
    ],
)
def test_figures_out_of_range_are_refused(build: Callable[[], PaperBroker]) -> None:
    with pytest.raises(ValueError, match="must be"):
        build()


def test_answers_are_handed_over_once_and_in_order() -> None:
    broker = paper()
    feed(broker, 0, 100)
    broker.submit(order("o", quantity=1), MINUTE)
    broker.submit(order("p", quantity=0), MINUTE)
    collected: list[Answer] = list(broker.answers())
    assert [type(answer) for answer in collected] == [OrderAccepted, OrderRejected]
    assert broker.answers() == ()


@pytest.mark.parametrize("fill", [None, SameClose()], ids=["next open", "same close"])
def test_outside_the_exchange_s_hours_an_order_waits(fill: SameClose | None) -> None:
    broker = PaperBroker(
        10_000.0,
        INSTRUMENTS,
        FREE,
        expires=lambda instrument, at: DAY,
        fill=fill,
        is_open=lambda instrument, at: at >= 10 * MINUTE,
    )
    feed(broker, 0, 100)
    broker.submit(order("o", quantity=1), MINUTE)
    feed(broker, 1, 90)
    assert not fills(broker.answers())
    feed(broker, 10, 110)
    assert [each.price for each in fills(broker.answers())] == [110.0]
