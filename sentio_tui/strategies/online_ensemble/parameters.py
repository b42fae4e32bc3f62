"""What can be set of the online ensemble, and its presets."""

from typing import Annotated, Final

from msgspec import Meta

from sentio_tui.strategies.base import Parameters

HORIZONS: Final = (1, 5, 10)
"""Minutes ahead; fixed."""
MIN_BUY: Final = 0.51
MAX_BUY: Final = 0.70
MIN_SELL: Final = 0.30
MAX_SELL: Final = 0.49
SEPARATION: Final = 0.04
"""The least distance between the thresholds."""

Weight = Annotated[float, Meta(ge=0, le=1)]
Forgetting = Annotated[float, Meta(ge=0.9, le=1)]


class OnlineEnsembleParameters(Parameters, frozen=True):
    weight_1: Annotated[Weight, Meta(description="weight of the 1-minute horizon; the three add up to 1")] = 0.3
    weight_5: Annotated[Weight, Meta(description="weight of the 5-minute horizon; the three add up to 1")] = 0.5
    weight_10: Annotated[Weight, Meta(description="weight of the 10-minute horizon; the three add up to 1")] = 0.2
    forgetting: Annotated[Forgetting, Meta(description="forgetting factor λ, per bar")] = 0.995
    adaptive_forgetting: Annotated[bool, Meta(description="let λ follow the volatility of the 1-minute labels")] = True
    forgetting_min: Annotated[Forgetting, Meta(description="lower bound of an adaptive λ")] = 0.990
    forgetting_max: Annotated[Forgetting, Meta(description="upper bound of an adaptive λ")] = 0.999
    initial_variance: Annotated[
        float, Meta(ge=1e-6, le=1e6, description="variance of each coefficient at the start")
    ] = 100.0
    variance_limit: Annotated[
        float, Meta(ge=1, le=1e6, description="variance at which a coefficient is held, times the initial one")
    ] = 10.0
    regularisation: Annotated[
        float, Meta(ge=0, le=100, description="added to the denominator of the gain; larger learns slower")
    ] = 0.01
    warm_up_bars: Annotated[int, Meta(ge=1, le=100_000, description="bars in hours before the first signal")] = 960
    warm_up_updates: Annotated[
        int, Meta(ge=1, le=100_000, description="labels each horizon needs before the first signal")
    ] = 20
    probability_span: Annotated[
        float, Meta(gt=0, le=0.5, description="largest distance of the base probability from one half")
    ] = 0.4
    probability_gain: Annotated[
        float, Meta(gt=0, le=100_000, description="steepness: p = 1/2 + span · tanh(gain · predicted return)")
    ] = 50.0
    buy: Annotated[float, Meta(ge=MIN_BUY, le=MAX_BUY, description="long above this probability")] = 0.55
    sell: Annotated[float, Meta(ge=MIN_SELL, le=MAX_SELL, description="short below this probability")] = 0.45
    bollinger_period: Annotated[int, Meta(ge=2, le=200, description="closes of the Bollinger band, bars")] = 20
    bollinger_deviations: Annotated[
        float, Meta(gt=0, le=10, description="half width of the band, population standard deviations")
    ] = 2.0
    bollinger_proximity: Annotated[
        float, Meta(gt=0, le=0.5, description="zone at each edge that amplifies, share of the band")
    ] = 0.30
    amplification: Annotated[
        float,
        Meta(ge=0, le=0.3, description="largest addition in the zone, probability; half as much again at the edge"),
    ] = 0.10
    calibration: Annotated[bool, Meta(description="move the thresholds by the win rate of closed trades")] = True
    calibration_window: Annotated[int, Meta(ge=1, le=100_000, description="bars from one calibration to the next")] = (
        200
    )
    calibration_target: Annotated[
        float, Meta(gt=0, lt=0.95, description="win rate below which thresholds widen; 0.05 above it they narrow")
    ] = 0.60
    calibration_step: Annotated[
        float, Meta(gt=0, le=0.1, description="move of each threshold in a calibration, probability")
    ] = 0.005
    calibration_trades: Annotated[int, Meta(ge=1, le=500, description="closed trades a calibration needs")] = 50
    exchange: Annotated[
        str, Meta(max_length=32, description="hours to learn in: an exchange, or 24/7; empty is the symbol's own")
    ] = ""

    @property
    def weights(self) -> tuple[float, float, float]:
        return self.weight_1, self.weight_5, self.weight_10


def check(parameters: OnlineEnsembleParameters) -> None:
    """Raises ValueError, naming every contradiction."""
    p = parameters
    problems = []
    if abs(sum(p.weights) - 1.0) > 1e-9:
        problems.append(
            f"weight_1 + weight_5 + weight_10 = {p.weight_1:g} + {p.weight_5:g} + {p.weight_10:g} "
            f"= {sum(p.weights):.10g} must be 1"
        )
    if p.buy - p.sell < SEPARATION - 1e-9:
        problems.append(f"buy = {p.buy:g} must be at least {SEPARATION:g} above sell = {p.sell:g}")
    if p.adaptive_forgetting and not p.forgetting_min <= p.forgetting <= p.forgetting_max:
        problems.append(
            f"forgetting = {p.forgetting:g} must be from forgetting_min = {p.forgetting_min:g} to "
            f"forgetting_max = {p.forgetting_max:g}, or adaptive_forgetting off"
        )
    if problems:
        raise ValueError("; ".join(problems))
