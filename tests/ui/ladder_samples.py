"""A frozen snapshot of a session on the ladder, made by the engine from a script: no clock, no unseeded dice."""

import random
from collections.abc import Mapping
from functools import cache
from typing import ClassVar, Final, Self

from msgspec.structs import replace

from sentio_tui.engine.view import Viewer
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Direction, ModelReport, Signal
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.strategies.base import Parameters
from tests.engine.ladders import CALIBRATED, engine, minutes, session

OPEN: Final[Millis] = 1_736_173_800_000
"""2025-01-06T14:30:00Z, the opening in New York."""
BARS: Final = 95

_FEATURES: Final = {
    "rogers_satchell_20": 1.0,
    "deviation_50": 0.872,
    "garman_klass_20": 0.861,
    "rsi_21": 0.717,
    "day_change": 0.642,
    "hour_cos": 0.55,
    "volatility_of_volatility_20": 0.481,
    "sma_100": 0.43,
    "di_spread_14": 0.397,
    "weekday_sin": 0.31,
    "macd_histogram": 0.274,
    "volume_ratio_20": 0.192,
}


class Wandering:
    """A probability that wanders, and thresholds that have moved; the last bars are those of `LAST`."""

    LAST: ClassVar[tuple[float, ...]] = (0.5, 0.61, 0.62, 0.63, 0.571)
    name: ClassVar[str] = "online_ensemble"
    summary: ClassVar[str] = "a script"
    parameters: ClassVar[type[Parameters]] = Parameters
    presets: ClassVar[Mapping[str, Parameters]] = {}

    def __init__(self, bars: int) -> None:
        dice = random.Random(3)
        self._listed = [0.5 + 0.22 * dice.uniform(-1, 1) ** 3 for _ in range(bars - len(self.LAST))]
        self._listed = [*self._listed, *self.LAST]
        self._seen = 0

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        return cls(BARS)

    @property
    def lookback(self) -> int:
        return 1

    def on_bar(self, bar: Bar) -> Signal:
        p = self._listed[self._seen]
        self._seen += 1
        values = {
            "price": bar.close,
            "prediction": (p - 0.5) / 50,
            "confidence": 0.61,
            "base_probability": p - 0.02,
            "bb_amp": 0.02,
            "prob_1": 0.5 + (p - 0.5) / 9,
            "prob_5": 0.5 + (p - 0.5) * 0.8,
            "prob_10": 0.5 - (p - 0.5) / 4,
            "buy": 0.555,
            "sell": 0.445,
        }
        direction = Direction.LONG if p > 0.555 else Direction.SHORT if p < 0.445 else Direction.NEUTRAL
        trigger = "long above a probability of 0.555, short below 0.445"
        return Signal(bar.symbol, bar.time, direction, values, trigger, 0.0, 0, p)

    def model_report(self) -> ModelReport:
        values = {"forgetting": 0.9987, "updates_1": 1_254.0, "updates_5": 1_240.0, "updates_10": 1_220.0}
        return ModelReport(_FEATURES, values)


@cache
def climbing(bars: int = BARS) -> Snapshot:
    """Ninety-five minutes after the opening: two members held for too short to leave, and the probability a rung
    lower."""
    about = session(CALIBRATED)
    book = replace(about.books[0], strategy="online_ensemble", preset="conservative", flat_overnight=True)
    about = replace(
        about,
        name="live_20250106_093000",
        started=OPEN,
        books=(book,),
        feed="simulated",
        clock_zone="America/New_York",
        exchange="XNYS",
        before_close=2 * MINUTE,
    )
    made = engine(Wandering(bars), about, at=OPEN)
    made.open()
    for minute in minutes(bars, random.Random(12), OPEN):
        for bar in minute:
            made.bar(bar, bar.time + MINUTE)
    return Viewer(made.state, 60.0, 2 * MINUTE).snapshot()


@cache
def unstarted() -> Snapshot:
    """The same session before its first bar."""
    return climbing(0)
