"""What holds for the paper broker whatever happens: random orders against random and against real bars."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from sentio_tui.brokers.account import cash_flow
from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.matching import FillModel, NextOpen, SameClose, slipped
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.brokers.steps import steps_of
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import (
    Answer,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Fill, Order, OrderType, Side, TimeInForce

INSTRUMENTS = {
    "BTC-USD": Instrument("BTC-USD", AssetClass.CRYPTO, 0.0001, 0.01),
    "ETH-USD": Instrument("ETH-USD", AssetClass.CRYPTO, 0.001, 0.01),
    "SPY": Instrument("SPY", AssetClass.EQUITY, 1.0, 0.01),
}
SYMBOLS = tuple(INSTRUMENTS)
BOOKS = ("a", "b")
CASH = {"a": 10_000.0, "b": 777.77}
TAF_MAXIMUM = 0.05
COSTS = CostSchedule(
    [
        Cost(AssetClass.CRYPTO, commission_rate=0.006),
        Cost(AssetClass.EQUITY, 0, 0.0, 0.005, 0.0000278, 0.01, TAF_MAXIMUM),
    ]
)
DATA = Path(__file__).parents[2].parent / "shared" / "data"
COLUMNS = ("open", "high", "low", "close", "volume")
HOUR = 60 * MINUTE


def end_of_hour(instrument: Instrument, at: Millis) -> Millis:
    return (at // HOUR + 1) * HOUR


class Move(Struct, frozen=True):
    """One step of a script: a bar if `bar` is set, else an order, or a cancel of an order before."""

    bar: bool
    symbol: int
    book: int = 0
    minutes: int = 1
    gap: float = 0.0
    up: float = 0.0
    down: float = 0.0
    close: float = 0.5
    volume: float = 1e6
    backfilled: bool = False
    cancel: int = -1
    buy: bool = True
    kind: OrderType = OrderType.MARKET
    notional: bool = False
    size: float = 0.5
    limit: float = 0.0
    stop: float = 0.0
    trail: float = 0.02
    day: bool = False


_BARS = st.builds(
    Move,
    bar=st.just(True),
    symbol=st.integers(0, 2),
    minutes=st.sampled_from([0, 1, 1, 2, 40]),
    gap=st.floats(-0.25, 0.30),
    up=st.floats(0, 0.1),
    down=st.floats(0, 0.1),
    close=st.floats(0, 1),
    volume=st.sampled_from([0.0, 11.0, 70.0, 1e6]),
    backfilled=st.sampled_from([False, False, False, True]),
)
_ORDERS = st.builds(
    Move,
    bar=st.just(False),
    symbol=st.integers(0, 2),
    book=st.integers(0, 1),
    buy=st.booleans(),
    kind=st.sampled_from(list(OrderType)),
    notional=st.booleans(),
    size=st.floats(0.01, 1.1),
    limit=st.floats(-0.05, 0.05),
    stop=st.floats(-0.05, 0.05),
    trail=st.floats(0.001, 0.2),
    day=st.booleans(),
)
_CANCELS = st.builds(Move, bar=st.just(False), symbol=st.just(0), cancel=st.integers(3, 40))
SCRIPTS = st.lists(st.one_of(_BARS, _BARS, _ORDERS, _CANCELS), min_size=10, max_size=60)
_OPENING = [
    *(Move(bar=True, symbol=symbol, minutes=0) for symbol in range(3)),
    *(Move(bar=False, symbol=symbol, book=symbol % 2, notional=True, size=0.3) for symbol in range(3)),
    *(Move(bar=True, symbol=symbol, minutes=int(symbol == 0)) for symbol in range(3)),
]
"""Every script begins with a price of each symbol and something held, so that most of what follows can fill."""


class Auditor:
    """Drives a broker and checks every answer against its own books."""

    def __init__(self, model: FillModel, slippage: float, participation: float) -> None:
        self.broker = PaperBroker(
            CASH, INSTRUMENTS, COSTS, expires=end_of_hour, slippage=slippage, participation=participation, fill=model
        )
        self.slippage = slippage
        self.participation = participation
        self.cash = dict(CASH)
        self.held: dict[tuple[str, str], int] = defaultdict(int)
        self.orders: dict[str, Order] = {}
        self.open: set[str] = set()
        self.filled: dict[str, list[Fill]] = defaultdict(list)
        self.given_on: dict[str, Millis] = {}
        self.last: dict[str, Bar] = {}
        self.taken: dict[tuple[str, Millis], int] = defaultdict(int)
        self.log: list[Answer] = []

    def bar(self, bar: Bar) -> None:
        self.broker.on_bar(bar, bar.time + MINUTE)
        self.last[bar.symbol] = bar
        answers = self.collect(bar)
        assert not (bar.backfilled and answers)

    def submit(self, order: Order, at: Millis) -> None:
        self.orders[order.id] = order
        self.given_on[order.id] = max((bar.time for bar in self.last.values()), default=-1)
        self.broker.submit(order, at)
        answers = self.collect(None)
        assert isinstance(answers[0], OrderAccepted | OrderRejected)
        self.broker.submit(order, at)
        assert self.broker.answers() == ()

    def cancel(self, order_id: str, at: Millis) -> None:
        was_open = order_id in self.open
        self.broker.cancel(order_id, at)
        assert len(self.collect(None)) == was_open

    def finish(self, at: Millis) -> None:
        self.broker.end_of_data(at)
        for answer in self.collect(None, ended=True):
            assert not isinstance(answer, OrderExpired) or self.orders[answer.order_id].type is not OrderType.MARKET
        assert not self.open
        assert self.broker.open_orders == ()

    def collect(self, bar: Bar | None, ended: bool = False) -> list[Answer]:
        answers = list(self.broker.answers())
        self.log += answers
        for answer in answers:
            assert answer.seq == 0
            match answer:
                case OrderAccepted(order_id=name):
                    assert name not in self.open
                    self.open.add(name)
                case OrderRejected(order_id=name, why=why):
                    assert name not in self.open
                    assert why
                case OrderFilled(fill=fill):
                    self.check_fill(fill, bar, ended)
                case OrderCancelled(order_id=name) | OrderExpired(order_id=name):
                    self.open.remove(name)
        self.check_books()
        return answers

    def check_books(self) -> None:
        for book in BOOKS:
            assert self.cash[book] >= 0.0
            assert self.broker.cash(book) == self.cash[book]
            for symbol, instrument in INSTRUMENTS.items():
                count = self.held[book, symbol]
                assert count >= 0
                assert self.broker.quantity(book, symbol) == steps_of(instrument.quantity_step).value(count)

    def check_fill(self, fill: Fill, bar: Bar | None, ended: bool) -> None:
        order = self.orders[fill.order_id]
        parts = self.filled[order.id]
        assert order.id in self.open
        assert (fill.book, fill.symbol, fill.side) == (order.book, order.symbol, order.side)
        parts.append(fill)
        assert fill.id == f"{order.id}/{len(parts)}"
        steps = steps_of(INSTRUMENTS[fill.symbol].quantity_step)
        count = steps.count(fill.quantity)
        assert count
        self.cash[fill.book] += cash_flow(fill)
        self.held[fill.book, fill.symbol] += count if fill.side is Side.BUY else -count
        self.check_size(order, parts)
        self.check_costs(parts)
        self.check_price(order, fill, bar)
        if bar is not None:
            assert fill.time == bar.time > self.given_on[order.id]
        if not ended:
            source = bar or self.last[fill.symbol]
            key = (source.symbol, source.time)
            self.taken[key] += count
            assert steps.value(self.taken[key]) <= self.participation * source.volume * (1 + 1e-9)
        if not fill.remaining:
            self.open.remove(order.id)

    def check_size(self, order: Order, parts: list[Fill]) -> None:
        if order.quantity is not None:
            total = sum(part.quantity for part in parts)
            assert total + parts[-1].remaining == pytest.approx(order.quantity, abs=1e-9)
        else:
            assert order.notional is not None
            assert sum(-cash_flow(part) for part in parts) <= order.notional * (1 + 1e-12)

    def check_costs(self, parts: list[Fill]) -> None:
        instrument, side = INSTRUMENTS[parts[0].symbol], parts[0].side
        paid = 0.0
        for part in parts:
            assert part.commission == COSTS.commission(instrument, side, part.quantity, part.price, part.time, paid)
            paid += COSTS.taf(instrument, side, part.quantity, part.time, paid)
        assert paid <= TAF_MAXIMUM + 1e-12

    def check_price(self, order: Order, fill: Fill, bar: Bar | None) -> None:
        instrument = INSTRUMENTS[fill.symbol]
        sign = 1 if fill.side is Side.BUY else -1
        if order.limit_price is not None:
            assert bar is not None
            # A millionth of a tick is a rounding error.
            assert sign * fill.price <= sign * order.limit_price + 1e-8
            assert bar.low <= fill.price <= bar.high
            return
        if bar is None:
            assert fill.price == slipped(fill.side, self.last[fill.symbol].close, self.slippage, instrument)
            return
        at_open = slipped(fill.side, bar.open, self.slippage, instrument)
        if order.type is OrderType.MARKET:
            assert fill.price == at_open
            return
        # A stop never does better than the open, nor, with slippage, worse than the worst price of the bar.
        worst = slipped(fill.side, bar.high if fill.side is Side.BUY else bar.low, self.slippage, instrument)
        assert sign * at_open <= sign * fill.price <= sign * worst


def play(script: list[Move], model: FillModel, slippage: float, participation: float) -> Auditor:
    auditor = Auditor(model, slippage, participation)
    minute = 0
    prices = {"BTC-USD": 700.0, "ETH-USD": 40.0, "SPY": 100.0}
    times: dict[str, int] = {}
    for number, move in enumerate([*_OPENING, *script]):
        symbol = SYMBOLS[move.symbol]
        if move.bar:
            minute += move.minutes
            if times.get(symbol, -1) >= minute:
                minute += 1
            times[symbol] = minute
            bar = _bar(move, symbol, minute, prices[symbol])
            prices[symbol] = bar.close
            auditor.bar(bar)
        elif move.cancel >= 0:
            auditor.cancel(f"o{move.cancel}", minute * MINUTE)
        else:
            auditor.submit(_order(move, f"o{number}", symbol, auditor, prices[symbol]), (minute + 1) * MINUTE)
        auditor.broker.on_time(minute * MINUTE)
        auditor.collect(None)
    auditor.finish((minute + 1) * MINUTE)
    return auditor


def _bar(move: Move, symbol: str, minute: int, price: float) -> Bar:
    opened = min(max(price * (1 + move.gap), 1.0), 1e5)
    high, low = opened * (1 + move.up), opened * (1 - move.down)
    close = min(max(low + (high - low) * move.close, low), high)
    return Bar(symbol, minute * MINUTE, opened, high, low, close, move.volume, backfilled=move.backfilled)


def _order(move: Move, name: str, symbol: str, auditor: Auditor, price: float) -> Order:
    book = BOOKS[move.book]
    steps = steps_of(INSTRUMENTS[symbol].quantity_step)
    cash = auditor.cash[book]
    notional = move.notional and move.buy
    held = steps.value(auditor.held[book, symbol])
    size = cash / price if move.buy else held
    return Order(
        id=name,
        book=book,
        symbol=symbol,
        side=Side.BUY if move.buy else Side.SELL,
        time=0,
        reason="test",
        quantity=None if notional else steps.value(max(1, steps.down(size * move.size))),
        notional=cash * move.size if notional else None,
        type=move.kind,
        limit_price=price * (1 + move.limit) if move.kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
        stop_price=price * (1 + move.stop) if move.kind in (OrderType.STOP, OrderType.STOP_LIMIT) else None,
        trail=move.trail if move.kind is OrderType.TRAILING_STOP else None,
        time_in_force=TimeInForce.DAY if move.day else TimeInForce.GTC,
    )


@settings(max_examples=200, deadline=None)
@given(
    script=SCRIPTS,
    model=st.sampled_from([NextOpen(), SameClose()]),
    slippage=st.sampled_from([0.0, 0.001, 0.02]),
    participation=st.sampled_from([0.1, 1.0]),
)
def test_t22_cash_and_holdings_follow_from_the_fills_and_are_never_negative(
    script: list[Move], model: FillModel, slippage: float, participation: float
) -> None:
    first = play(script, model, slippage, participation)
    assert play(script, model, slippage, participation).log == first.log


@settings(deadline=None)
@given(
    cash=st.floats(1, 1e6),
    share=st.floats(0.01, 1),
    gap=st.floats(-0.3, 0.3),
    slippage=st.floats(0, 0.05),
    symbol=st.sampled_from(SYMBOLS),
)
def test_t08_a_notional_buy_is_taken_and_leaves_less_than_a_step(
    cash: float, share: float, gap: float, slippage: float, symbol: str
) -> None:
    instrument = INSTRUMENTS[symbol]
    broker = PaperBroker(cash, INSTRUMENTS, COSTS, expires=end_of_hour, slippage=slippage)
    broker.on_bar(Bar(symbol, 0, 50, 50, 50, 50, 1e9), MINUTE)
    broker.submit(Order("o", "a", symbol, Side.BUY, MINUTE, "test", notional=cash * share), MINUTE)
    opened = 50 * (1 + gap)
    broker.on_bar(Bar(symbol, MINUTE, opened, opened, opened, opened, 1e9), 2 * MINUTE)
    price = slipped(Side.BUY, opened, slippage, instrument)
    step = instrument.quantity_step
    smallest = step * price + COSTS.commission(instrument, Side.BUY, step, price, 0)
    answers = broker.answers()
    assert not broker.open_orders
    assert 0.0 <= broker.cash("a") <= cash
    if isinstance(answers[-1], OrderFilled):
        assert broker.cash("a") - cash * (1 - share) < smallest + 1e-6
    else:
        # Only a notional below one step at the price then or now is turned away.
        before = slipped(Side.BUY, 50.0, slippage, instrument)
        needed = step * before + COSTS.commission(instrument, Side.BUY, step, before, 0)
        assert cash * share < max(smallest, needed) + 1e-6


def _real_bars() -> Iterator[Bar]:
    bars: list[Bar] = []
    for symbol in ("BTC-USD", "ETH-USD"):
        with (DATA / f"{symbol}_1min_2018-04-04_2018-04-05.csv").open() as file:
            for row in csv.DictReader(file):
                time = int(datetime.fromisoformat(row["timestamp"]).timestamp()) * 1000
                opened, high, low, close, volume = (float(row[key]) for key in COLUMNS)
                bars.append(Bar(symbol, time, opened, high, low, close, volume))
    return iter(sorted(bars, key=lambda bar: (bar.time, bar.symbol)))


@pytest.mark.parametrize("model", [NextOpen(), SameClose()])
@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data with real bars beside the repository")
def test_random_orders_on_real_bars(model: FillModel) -> None:
    random = Random(7)
    auditor = Auditor(model, 0.001, 0.1)
    count = 0
    at = 0
    for bar in _real_bars():
        auditor.bar(bar)
        at = bar.time + MINUTE
        if random.random() < 0.4:
            count += 1
            move = Move(
                bar=False,
                symbol=0,
                book=random.randrange(2),
                buy=random.random() < 0.5,
                kind=random.choice(list(OrderType)),
                notional=random.random() < 0.5,
                size=random.uniform(0.05, 0.9),
                limit=random.uniform(-0.002, 0.002),
                stop=random.uniform(-0.002, 0.002),
                trail=random.uniform(0.0005, 0.003),
                day=random.random() < 0.5,
            )
            auditor.submit(_order(move, f"o{count}", bar.symbol, auditor, bar.close), at)
        if random.random() < 0.05:
            auditor.cancel(f"o{random.randint(1, count or 1)}", at)
    auditor.finish(at)
    kinds = {auditor.orders[name].type for name, parts in auditor.filled.items() if parts}
    assert kinds == set(OrderType)
    assert sum(len(parts) for parts in auditor.filled.values()) > 300
    assert any(len(parts) > 1 for parts in auditor.filled.values())
    assert {type(answer) for answer in auditor.log} == set(get_args(Answer))
