"""Online ensemble: learns while it trades how the next one, five and ten minutes follow from 126 features."""

from collections.abc import Callable, Mapping
from math import isfinite, sqrt
from typing import ClassVar, Final, Self

from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import ModelReport, Signal
from sentio_tui.strategies.base import Parameters
from sentio_tui.strategies.online_ensemble.decision import Thresholds, amplifier, band_position, base_probability
from sentio_tui.strategies.online_ensemble.hours import Hours
from sentio_tui.strategies.online_ensemble.model import Model, compile_kernels, load_kernels
from sentio_tui.strategies.online_ensemble.parameters import HORIZONS, OnlineEnsembleParameters, check
from sentio_tui.strategies.online_ensemble.schema import NAMES
from sentio_tui.strategies.window import LONG, NEUTRAL, SHORT, expect

STUCK: Final = 20
"""Bars with the same probability after which the model is held to be broken."""


class OnlineEnsemble:
    """Long above the `buy` threshold, short below `sell`, of the probability of a rise.

    It learns from the bars of the exchange's session alone; another bar gets a NEUTRAL signal with the value
    `outside_hours`. `distance` is from the probability to the nearest threshold, in probability.
    """

    name: ClassVar[str] = "online_ensemble"
    summary: ClassVar[str] = "Learns on every bar what the next 1, 5 and 10 minutes bring, and goes with it."
    parameters: ClassVar[type[Parameters]] = OnlineEnsembleParameters
    presets: ClassVar[Mapping[str, Parameters]] = {
        "conservative": OnlineEnsembleParameters(),
        "balanced": OnlineEnsembleParameters(buy=0.53, sell=0.47),
        "aggressive": OnlineEnsembleParameters(buy=0.52, sell=0.48, amplification=0.15),
    }

    def __init__(self, symbol: str, parameters: OnlineEnsembleParameters) -> None:
        self._symbol = symbol
        self._warm_up_updates = parameters.warm_up_updates
        self._lookback = max(
            parameters.warm_up_bars, parameters.warm_up_updates + HORIZONS[-1], parameters.bollinger_period
        )
        self._weights = parameters.weights
        self._deviations = parameters.bollinger_deviations
        self._probability = base_probability(parameters)
        self._amplify = amplifier(parameters)
        self._thresholds = Thresholds(parameters)
        self._hours = Hours(parameters.exchange)
        self._model = Model(parameters)
        self._begins = 0
        """What the next bar that can be learned from begins: 2 a day, 1 a stretch of trading, 0 neither."""
        self._bars = 0
        self._run = 0
        """Bars since the stretch of trading began."""
        self._missing = self._lookback
        self._last = 0.0
        """The last probability, and how many bars in a row have had it."""
        self._same = 0
        self._stuck = ""
        self._broken = ""
        self._explain()

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        """Compiles the kernels where `compile_kernels` has not. Raises ValueError for weights that do not add up to
        one, thresholds too close, an adaptive λ outside its bounds, and an unknown exchange."""
        own = expect(parameters, OnlineEnsembleParameters)
        check(own)
        return cls(symbol, own)

    @classmethod
    def is_prepared(cls) -> bool:
        return not load_kernels()

    @classmethod
    def prepare(cls, progress: Callable[[str], None]) -> None:
        compile_kernels(progress)

    @property
    def lookback(self) -> int:
        return self._lookback

    @property
    def fault(self) -> str:
        """What keeps the model from being trusted now; empty when nothing does."""
        return self._broken or self._stuck

    @property
    def thresholds(self) -> tuple[float, float]:
        """`buy` and `sell` as calibrated."""
        return self._thresholds.buy, self._thresholds.sell

    @property
    def updates(self) -> dict[int, int]:
        """Labels learned from, by horizon in minutes."""
        return dict(zip(HORIZONS, self._model.updates, strict=True))

    @property
    def model(self) -> Model:
        return self._model

    def feature_importance(self) -> list[tuple[str, float]]:
        """Features by importance, the largest first and 1: |coefficient| / (1 + √variance), the horizons weighted.

        All are 0 before the first label.
        """
        model = self._model
        sizes = sum(weight * abs(row) for weight, row in zip(self._weights, model.coefficients, strict=True))
        values = (sizes / (1.0 + model.variances**0.5)).tolist()
        top = max(values) or 1.0
        return sorted(((name, value / top) for name, value in zip(NAMES, values, strict=True)), key=lambda row: -row[1])

    def model_report(self) -> ModelReport:
        """The features that count, and where the learner stands."""
        model = self._model
        values = {
            "forgetting": model.forgetting,
            "regularisation": model.regularisation,
            **{f"updates_{horizon}": float(count) for horizon, count in self.updates.items()},
            "resets": float(model.resets),
        }
        return ModelReport({name: value for name, value in self.feature_importance() if value > 0.0}, values)

    def on_trade(self, pnl: float) -> None:
        """A round trip that followed from these signals has closed, `pnl` net of costs."""
        self._thresholds.record(pnl)

    def on_bar(self, bar: Bar) -> Signal:
        time, close = bar.time, bar.close
        hours = self._hours
        if not hours.start <= time < hours.end:
            begins = hours.enter(time)
            if begins == 0:
                return self._outside(bar)
            self._begins = max(begins, self._begins)
        begins = self._begins
        model = self._model
        bad, mean, sigma = model.see((bar.open, bar.high, bar.low, close, bar.volume), hours.clock(time), begins)
        if bad >= 0:
            return self._unusable(bar, bad)
        one, five, ten, spread, volatility_1, volatility_5, volatility_10 = model.step(
            time // MINUTE, close, begins, hours.end // MINUTE
        )
        self._begins = 0
        self._bars += 1
        self._run = 1 if begins else self._run + 1
        if self._missing:
            self._missing = self._still_missing()
            if self._missing:
                self._broken = ""
                return self._warming_up(bar)

        weight_1, weight_5, weight_10 = self._weights
        prediction = weight_1 * one + weight_5 * five + weight_10 * ten
        if not isfinite(prediction):
            return self._unpredicted(bar)
        self._broken = ""
        base = self._probability(prediction)
        position = band_position(close, mean, self._deviations * sigma)
        p = self._amplify(base, position)
        if p != self._last:
            self._last, self._same, self._stuck = p, 1, ""
        else:
            self._same += 1
            if self._same >= STUCK:
                self._stuck = "the model is not predicting"
        thresholds = self._thresholds
        if thresholds.bar():
            self._explain()
        buy, sell = thresholds.buy, thresholds.sell
        if p > buy:
            direction, distance = LONG, 0.0
        elif p < sell:
            direction, distance = SHORT, 0.0
        else:
            direction, distance = NEUTRAL, min(buy - p, p - sell)
        values = {
            "price": close,
            "prediction": prediction,
            "confidence": 1.0 / (1.0 + sqrt(spread)),
            "base_probability": base,
            "bb_amp": p - base,
            "bb_position": position,
            "prob_1": self._probability(one),
            "prob_5": self._probability(five),
            "prob_10": self._probability(ten),
            "buy": buy,
            "sell": sell,
            "volatility": weight_1 * volatility_1 + weight_5 * volatility_5 + weight_10 * volatility_10,
        }
        return Signal(self._symbol, time, direction, values, self._trigger, distance, 0, p)

    def _explain(self) -> None:
        buy, sell = self.thresholds
        self._trigger = f"long above a probability of {buy:.3f}, short below {sell:.3f}"

    def _still_missing(self) -> int:
        """Bars until the first signal, as long as the session goes on without gaps."""
        bars = self._lookback - self._bars
        for horizon, updates in zip(HORIZONS, self._model.updates, strict=True):
            labels = self._warm_up_updates - updates
            if labels > 0:
                bars = max(bars, labels + max(0, horizon - self._run))
        return max(bars, 0)

    def _warming_up(self, bar: Bar) -> Signal:
        one, five, ten = self._model.updates
        values = {
            "price": bar.close,
            "bars": float(self._bars),
            "updates_1": float(one),
            "updates_5": float(five),
            "updates_10": float(ten),
        }
        trigger = f"{self._trigger}, once {self._lookback} bars are learned"
        return Signal(self._symbol, bar.time, NEUTRAL, values, trigger, missing=self._missing)

    def _outside(self, bar: Bar) -> Signal:
        values = {"price": bar.close, "outside_hours": 1.0}
        trigger = f"outside the hours of {self._hours.exchange}"
        return Signal(self._symbol, bar.time, NEUTRAL, values, trigger, missing=self._missing)

    def _unusable(self, bar: Bar, slot: int) -> Signal:
        feature = NAMES[slot] if slot < len(NAMES) else "a running sum"
        self._broken = f"the feature {feature} is not finite: the bar is not learned from"
        values = {"price": bar.close, "bad_slot": float(slot)}
        return Signal(self._symbol, bar.time, NEUTRAL, values, self._broken, missing=self._missing)

    def _unpredicted(self, bar: Bar) -> Signal:
        self._broken = "the prediction is not finite"
        return Signal(self._symbol, bar.time, NEUTRAL, {"price": bar.close}, self._broken)
