"""The slots machine: its table of rules, its sizing, and what it must never do."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.machines.base import Holding
from sentio_tui.machines.slots import Sizing, Slots
from sentio_tui.model.bars import Bar
from sentio_tui.model.decisions import Direction, Reason, Signal, Verdict

SYMBOL = "BTC-USD"


@dataclass
class Book:
    """A book as a machine sees it."""

    cash: float = 10_000.0
    equity: float = 10_000.0
    positions: int = 0
    held: Holding | None = None
    pending: bool = False
    asked: list[str] = field(default_factory=list)

    def holding(self, symbol: str) -> Holding | None:
        self.asked.append(symbol)
        return self.held

    def price(self, symbol: str) -> float | None:
        return None

    def has_open_order(self, symbol: str) -> bool:
        self.asked.append(symbol)
        return self.pending

    def is_selling(self) -> bool:
        return False


def slots(
    max_positions: int = 5,
    position_size: float = 0.2,
    sizing: Sizing = "equity",
    stop_loss: float = 0.05,
    take_profit: float = 0.10,
) -> Slots:
    return Slots(max_positions, position_size, sizing, stop_loss, take_profit)


def held(entry: float = 100.0) -> Holding:
    return Holding(SYMBOL, 2.0, entry, 0, 3)


def bar(close: float = 100.0) -> Bar:
    return Bar(SYMBOL, 0, close, close, close, close, 1.0)


def signal(direction: Direction = Direction.NEUTRAL, missing: int = 0) -> Signal:
    return Signal(SYMBOL, 0, direction, {}, missing=missing)


LONG, SHORT, NEUTRAL = signal(Direction.LONG), signal(Direction.SHORT), signal()
WARMING = signal(missing=7)


@pytest.mark.parametrize(
    ("said", "close", "book", "reason", "state"),
    [
        (NEUTRAL, 100.0, Book(), Reason.NEUTRAL, "FLAT"),
        (NEUTRAL, 100.0, Book(held=held()), Reason.NEUTRAL, "LONG"),
        (LONG, 100.0, Book(), Reason.ENTER, "FLAT"),
        (LONG, 100.0, Book(positions=4), Reason.ENTER, "FLAT"),
        (LONG, 100.0, Book(positions=5), Reason.MAX_POSITIONS, "FLAT"),
        (LONG, 100.0, Book(held=held(), positions=5), Reason.ALREADY_HELD, "LONG"),
        (LONG, 100.0, Book(cash=0.0), Reason.NO_CASH, "FLAT"),
        (LONG, 100.0, Book(cash=0.009), Reason.NO_CASH, "FLAT"),
        (LONG, 100.0, Book(cash=-5.0, equity=-5.0), Reason.NO_CASH, "FLAT"),
        (LONG, 100.0, Book(pending=True), Reason.ORDER_PENDING, "FLAT"),
        (SHORT, 100.0, Book(held=held()), Reason.EXIT, "LONG"),
        (SHORT, 100.0, Book(held=held(), pending=True), Reason.ORDER_PENDING, "LONG"),
        (SHORT, 100.0, Book(), Reason.NOTHING_HELD, "FLAT"),
        (WARMING, 100.0, Book(), Reason.WARMING_UP, "FLAT"),
        (WARMING, 100.0, Book(held=held()), Reason.WARMING_UP, "LONG"),
        (WARMING, 100.0, Book(pending=True), Reason.ORDER_PENDING, "FLAT"),
        (WARMING, 95.0, Book(held=held()), Reason.STOP_LOSS, "LONG"),
        (LONG, 94.88, Book(held=held()), Reason.STOP_LOSS, "LONG"),
        (SHORT, 94.88, Book(held=held(), pending=True), Reason.STOP_LOSS, "LONG"),
        (NEUTRAL, 95.01, Book(held=held()), Reason.NEUTRAL, "LONG"),
        (NEUTRAL, 110.3, Book(held=held()), Reason.TAKE_PROFIT, "LONG"),
        (NEUTRAL, 109.99, Book(held=held()), Reason.NEUTRAL, "LONG"),
    ],
)
def test_the_first_rule_that_applies_decides(
    said: Signal, close: float, book: Book, reason: Reason, state: str
) -> None:
    verdict = slots().decide(said, bar(close), book)
    assert (verdict.reason, verdict.state) == (reason, state)
    assert set(book.asked) == {SYMBOL}


@pytest.mark.parametrize(
    ("close", "detail"),
    [(94.88, "Stop Loss (-5.12 %)"), (95.0, "Stop Loss (-5.00 %)"), (110.3, "Take Profit (+10.30 %)")],
)
def test_a_stop_or_profit_sells_everything_and_says_by_how_much(close: float, detail: str) -> None:
    verdict = slots().decide(NEUTRAL, bar(close), Book(held=held()))
    assert verdict.detail == detail
    assert [(t.symbol, t.weight, t.notional) for t in verdict.targets] == [(SYMBOL, 0.0, None)]


def test_zero_switches_stop_and_profit_off() -> None:
    machine = slots(stop_loss=0.0, take_profit=0.0)
    for close in (0.01, 50.0, 100.0, 1e6):
        assert machine.decide(NEUTRAL, bar(close), Book(held=held())).reason is Reason.NEUTRAL


def test_t12_warming_up_is_its_own_reason_and_says_what_is_missing() -> None:
    verdict = slots().decide(WARMING, bar(), Book())
    assert (verdict.reason, verdict.detail) == (Reason.WARMING_UP, "7 more bars needed")
    assert slots().decide(signal(missing=1), bar(), Book()).detail == "1 more bar needed"


def entries(sizing: Sizing, count: int) -> list[float]:
    """What entries in a row spend, each filled at once and without costs."""
    machine, cash, spent = slots(max_positions=count, sizing=sizing), 10_000.0, []
    for positions in range(count):
        verdict = machine.decide(LONG, bar(), Book(cash=cash, equity=10_000.0, positions=positions))
        notional = verdict.targets[0].notional
        assert notional is not None
        spent.append(round(notional, 2))
        cash -= notional
    return spent


def test_t50_a_share_of_cash_shrinks_with_each_entry_and_a_share_of_equity_does_not() -> None:
    assert entries("cash", 5) == [2000.0, 1600.0, 1280.0, 1024.0, 819.2]
    assert entries("equity", 5) == [2000.0] * 5
    assert Slots.__doc__ is not None
    for figure in ("2,000", "1,600", "1,280", "1,024", "819.20"):
        assert figure in Slots.__doc__


def test_equity_sizing_takes_the_cash_that_is_left_where_the_share_is_more() -> None:
    verdict = slots().decide(LONG, bar(), Book(cash=1_500.0, equity=10_000.0, positions=4))
    assert verdict.targets[0].notional == 1_500.0


@pytest.mark.parametrize(
    ("change", "said", "close", "book"),
    [
        ({"max_positions": 2}, LONG, 100.0, Book(positions=2)),
        ({"position_size": 0.5}, LONG, 100.0, Book()),
        ({"sizing": "cash"}, LONG, 100.0, Book(cash=5_000.0)),
        ({"stop_loss": 0.02}, NEUTRAL, 97.0, Book(held=held())),
        ({"take_profit": 0.02}, NEUTRAL, 103.0, Book(held=held())),
    ],
)
def test_t05_every_setting_changes_what_is_decided(
    change: dict[str, Any], said: Signal, close: float, book: Book
) -> None:
    assert slots().decide(said, bar(close), book) != slots(**change).decide(said, bar(close), book)


@pytest.mark.parametrize(
    "bad",
    [
        {"max_positions": 0},
        {"position_size": 0.0},
        {"position_size": 1.1},
        {"position_size": float("nan")},
        {"sizing": "margin"},
        {"stop_loss": -0.1},
        {"stop_loss": 1.5},
        {"take_profit": -0.1},
        {"take_profit": float("nan")},
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        slots(**bad)


money = st.floats(min_value=-1e9, max_value=1e9)
sizings: st.SearchStrategy[Sizing] = st.sampled_from(("cash", "equity"))
shares = st.floats(min_value=0.001, max_value=1.0)


@settings(deadline=None)
@given(sizing=sizings, share=shares, equity=money, cash=money, more=st.floats(min_value=0, max_value=1e9))
def test_sizing_is_monotone_and_never_above_the_cash(
    sizing: Sizing, share: float, equity: float, cash: float, more: float
) -> None:
    machine = slots(sizing=sizing, position_size=share)
    notional = machine.notional(equity, cash)
    assert 0.0 <= notional <= max(cash, 0.0)
    assert machine.notional(equity + more, cash) >= notional
    assert machine.notional(equity, cash + more) >= notional
    assert slots(sizing=sizing, position_size=min(1.0, share * 1.5)).notional(equity, cash) >= notional


books = st.builds(
    Book,
    cash=money,
    equity=money,
    positions=st.integers(0, 10),
    held=st.one_of(st.none(), st.builds(held, st.floats(min_value=1e-6, max_value=1e6))),
    pending=st.booleans(),
)
signals = st.builds(signal, st.sampled_from(Direction), st.integers(0, 3))
closes = st.floats(min_value=1e-6, max_value=1e6)


@settings(deadline=None)
@given(said=signals, close=closes, book=books, sizing=sizings, stop=st.sampled_from((0.0, 0.05)))
def test_every_bar_gets_one_verdict_whose_targets_fit_its_reason(
    said: Signal, close: float, book: Book, sizing: Sizing, stop: float
) -> None:
    machine = slots(sizing=sizing, stop_loss=stop)
    verdict = machine.decide(said, bar(close), book)
    assert isinstance(verdict, Verdict)
    assert verdict == machine.decide(said, bar(close), book)
    assert verdict.state == ("LONG" if book.held else "FLAT")
    assert verdict.reason.trades == bool(verdict.targets)
    for target in verdict.targets:
        assert (target.weight is None) != (target.notional is None)
        if target.notional is not None:
            assert verdict.reason is Reason.ENTER
            assert book.held is None
            assert 0.01 <= target.notional <= book.cash
        else:
            assert target.weight == 0.0
            assert book.held is not None


@settings(deadline=None)
@given(close=closes, book=books)
def test_t06_the_more_bullish_signal_never_ends_in_less(close: float, book: Book) -> None:
    """Total and monotone: what is held after a short, a neutral and a long signal does not fall."""

    def after(direction: Direction) -> float:
        targets = slots().decide(signal(direction), bar(close), book).targets
        if not targets:
            return 1.0 if book.held else 0.0
        return 0.0 if targets[0].weight == 0.0 else 1.0

    assert after(Direction.SHORT) <= after(Direction.NEUTRAL) <= after(Direction.LONG)
