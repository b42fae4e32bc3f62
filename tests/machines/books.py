"""A book as the ladder sees it, and what the ladder makes of it, for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hypothesis import strategies as st

from sentio_tui.machines.base import Holding
from sentio_tui.machines.ladder import DEFAULT_RUNGS, Ladder, LadderMachine
from sentio_tui.market.families import SPY
from sentio_tui.model.bars import Bar
from sentio_tui.model.decisions import Direction, Signal, Verdict

USUAL: Final = Ladder(DEFAULT_RUNGS, SPY)
probabilities: Final = st.floats(0.0, 1.0)


@dataclass
class Book:
    """A book as a machine sees it: bought at `entries`, priced at `prices`."""

    quantities: Mapping[str, float] = field(default_factory=dict)
    cash: float = 100_000.0
    entry: float = 100.0
    prices: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(SPY.symbols, 100.0))
    bars_held: Mapping[str, int] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    selling: bool = False

    @property
    def equity(self) -> float:
        return self.cash + sum(quantity * self.prices[symbol] for symbol, quantity in self.quantities.items())

    @property
    def positions(self) -> int:
        return len(self.quantities)

    def holding(self, symbol: str) -> Holding | None:
        if symbol not in self.quantities:
            return None
        return Holding(symbol, self.quantities[symbol], self.entry, 0, self.bars_held.get(symbol, 9))

    def price(self, symbol: str) -> float | None:
        return self.prices.get(symbol)

    def has_open_order(self, symbol: str) -> bool:
        return symbol in self.pending

    def is_selling(self) -> bool:
        return self.selling


def holding(*symbols: str, **changes: object) -> Book:
    """A book all in these symbols, in equal parts."""
    quantities = {symbol: 1_000.0 / len(symbols) for symbol in symbols}
    return Book(quantities, cash=0.0, **changes)  # type: ignore[arg-type]  # fields of their own type, by name


def signal(probability: float | None, missing: int = 0, **values: float) -> Signal:
    return Signal("SPY", 0, Direction.NEUTRAL, values, missing=missing, probability=probability)


BAR: Final = Bar("SPY", 0, 100.0, 100.0, 100.0, 100.0, 1.0)


def decide(probability: float | None, book: Book, machine: LadderMachine | None = None) -> Verdict:
    return (machine or LadderMachine(USUAL)).decide(signal(probability), BAR, book)
