"""What a strategy is: bars in, a signal out."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol, Self, runtime_checkable

from msgspec import Struct

from sentio_tui.model.bars import Bar
from sentio_tui.model.decisions import ModelReport, Signal


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The base of a strategy's parameters: one typed field each, with bounds and a description in `Meta`."""


class Strategy(Protocol):
    """One instance serves one symbol of one book and sees its bars in order of time, each exactly once.

    A strategy is pure: it reads no clock, no file, no network and no unseeded random number, so the same bars give
    the same signals. It may keep what state it likes.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    """One line for lists and help."""
    parameters: ClassVar[type[Parameters]]
    presets: ClassVar[Mapping[str, Parameters]]
    """By name; "conservative", "balanced" and "aggressive" are always there, the first is the default."""

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        """A fresh instance. Raises ValueError where parameters contradict each other, naming them."""
        ...

    @property
    def lookback(self) -> int:
        """The number of bars it needs before its first signal; follows from the parameters."""
        ...

    def on_bar(self, bar: Bar) -> Signal:
        """Take one bar in and say what it means. Called for every valid bar, also while trading is paused."""
        ...


@runtime_checkable
class LearnsFromTrades(Protocol):
    """A strategy that wants to know how its book's trades ended."""

    def on_trade(self, pnl: float) -> None:
        """A round trip of the book has closed with this profit or loss, in money, net of the costs of both sides."""
        ...


@runtime_checkable
class KnowsItsFault(Protocol):
    """A strategy that can tell when its numbers are not to be trusted."""

    @property
    def fault(self) -> str:
        """What is wrong, in words for a person; empty when nothing is."""
        ...


@runtime_checkable
class ReportsItsModel(Protocol):
    """A strategy that can tell what its model has learned. It is asked now and then, after a bar, and what it says is
    kept with the session."""

    def model_report(self) -> ModelReport: ...


@runtime_checkable
class NeedsPreparing(Protocol):
    """A kind of strategy with a part that is made once on a machine and kept there, which may take many seconds."""

    @classmethod
    def is_prepared(cls) -> bool:
        """Whether nothing is left to be made that could be kept. Loads what there is; may take a second."""
        ...

    @classmethod
    def prepare(cls, progress: Callable[[str], None]) -> None:
        """Make and load what is missing. `progress` gets a line, in words for a person, before each step."""
        ...
