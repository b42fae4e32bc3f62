"""The 126 features by name, in the order the kernel writes them.

Words in the formulas: o, h, l, c, v are the bar's open, high, low, close and volume, c[k] the close k bars ago. r is
the bar's return, c / c[1] − 1, on the first bar after a break c / o − 1. u is the root mean square of r over the last
100 bars (of all while there are fewer): the unit of moves. Counted are bars of the session, the day before included.
"""

from hashlib import sha256
from typing import Final

from msgspec import Struct


class Feature(Struct, frozen=True):
    """One slot. It is 0 until there are `bars` bars. `squashed` slots are z / √(1 + z²/9) of the formula's z."""

    name: str
    group: str
    formula: str
    bars: int
    squashed: bool


GROUPS: Final = {
    "time": 8,
    "price action": 12,
    "moving averages": 16,
    "momentum": 20,
    "volatility": 15,
    "volume": 12,
    "statistical": 10,
    "patterns": 8,
    "price lags": 10,
    "return lags": 15,
}
"""The groups in their order, and how many slots each has."""

VERSION: Final = 1
"""Raised when a formula changes and its name does not."""

_SETTLED = 60
_PRICE_LAGS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100)
_RETURN_LAGS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 150, 200, 250, 300, 500)

_SLOTS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "time": tuple(
        (f"{name}_{function}", f"{function}(2π · {turn}), in the exchange's zone", 1)
        for name, turn in (
            ("hour", "hour / 24"),
            ("minute", "minute / 60"),
            ("weekday", "weekday / 7, Sunday = 0"),
            ("monthday", "day of the month / 31"),
        )
        for function in ("sin", "cos")
    ),
    "price action": (
        ("range", "(h − l) / c / u", 1),
        ("body", "(c − o) / c / u", 1),
        ("upper_shadow", "(h − max(o, c)) / c / u", 1),
        ("lower_shadow", "(min(o, c) − l) / c / u", 1),
        ("gap", "(o / c[1] − 1) / u, overnight included", 2),
        ("close_in_range", "(2c − h − l) / (h − l)", 1),
        ("range_to_mean", "(h − l) / mean₂₀(h − l) − 1", _SETTLED),
        ("day_change", "(c / day's open − 1) / u / √(bars of the day)", 1),
        ("high_change", "(h / h[1] − 1) / u", 2),
        ("low_change", "(l / l[1] − 1) / u", 2),
        ("volume_change", "ln((v + 1) / (v[1] + 1))", 2),
        ("effort", "|c − o| / c / u · v / mean₂₀(v)", _SETTLED),
    ),
    "moving averages": (
        *((f"sma_{n}", f"(c / SMA{n} − 1) / u / √{n}", max(n, _SETTLED)) for n in (5, 10, 20, 50, 100, 200)),
        *((f"ema_{n}", f"(c / EMA{n} − 1) / u / √{n}", max(n, _SETTLED)) for n in (5, 10, 20, 50, 100)),
        ("ema_5_20", "(EMA5 / EMA20 − 1) / u / √20", _SETTLED),
        ("ema_10_50", "(EMA10 / EMA50 − 1) / u / √50", _SETTLED),
        ("sma_20_slope", "(SMA20 / SMA20[5] − 1) / u · √20 / 5", _SETTLED),
        ("sma_50_slope", "(SMA50 / SMA50[5] − 1) / u · √50 / 5", _SETTLED),
        ("vwap", "(c / VWAP of the day − 1) / u / √(bars of the day)", 1),
    ),
    "momentum": (
        *((f"rsi_{n}", f"(RSI{n} − 50) / 20, Wilder", _SETTLED) for n in (7, 14, 21)),
        ("stochastic_14", "fast %K of 14 bars, −1 at the lowest, 1 at the highest", _SETTLED),
        ("stochastic_14_mean", "mean of the last three stochastic_14", _SETTLED),
        ("williams_28", "Williams %R of 28 bars, −1 at the lowest, 1 at the highest", _SETTLED),
        ("cci_20", "CCI20 / 100", _SETTLED),
        ("macd", "MACD(12, 26) / c / u / 3", _SETTLED),
        ("macd_histogram", "(MACD − EMA9 of it) / c / u", _SETTLED),
        *((f"roc_{n}", f"(c / c[{n}] − 1) / u / √{n}", _SETTLED) for n in (4, 12, 25)),
        ("adx_14", "(ADX14 − 25) / 15", _SETTLED),
        ("di_spread_14", "(+DI14 − −DI14) / 25", _SETTLED),
        ("aroon_25", "Aroon oscillator of 25 bars / 100", _SETTLED),
        ("ultimate", "(ultimate oscillator(7, 14, 28) − 50) / 15", _SETTLED),
        ("trix_15", "2 · (change of the triple EMA15) / u", _SETTLED),
        ("efficiency_10", "(c − c[10]) / Σ₁₀|c − c[1]|", _SETTLED),
        ("up_share_20", "mean₂₀(sign r)", _SETTLED),
        ("streak", "bars in a row up (or down, negative) / 3", _SETTLED),
    ),
    "volatility": (
        ("atr_14", "ATR14 / c / u, Wilder", _SETTLED),
        ("true_range_50", "mean₅₀(true range) / c / u", _SETTLED),
        *((f"deviation_{n}", f"sample deviation of r over {n} bars / u", _SETTLED) for n in (5, 10, 20, 50)),
        ("volatility_trend", "ln(u / √EMA390(r²))", _SETTLED),
        ("parkinson_20", "√(mean₂₀(ln²(h/l)) / (4 ln 2)) / u", _SETTLED),
        ("garman_klass_20", "√mean₂₀(½ ln²(h/l) − (2 ln 2 − 1) ln²(c/o)) / u", _SETTLED),
        ("rogers_satchell_20", "√mean₂₀(ln(h/c) ln(h/o) + ln(l/c) ln(l/o)) / u", _SETTLED),
        ("band_position_20", "(c − SMA20) / 2σ₂₀(c)", _SETTLED),
        ("band_width_20", "4σ₂₀(c) / SMA20 / u / √20", _SETTLED),
        ("downside_20", "2 · Σ₂₀(r² of falls) / Σ₂₀(r²) − 1", _SETTLED),
        ("volatility_of_volatility_20", "σ₂₀(|r|) / mean₂₀(|r|)", _SETTLED),
        ("channel_20", "(highest h − lowest l of 20 bars) / c / u / √20", _SETTLED),
    ),
    "volume": (
        ("volume_20", "v / mean₂₀(v) − 1", _SETTLED),
        ("volume_5_20", "mean₅(v) / mean₂₀(v) − 1", _SETTLED),
        ("volume_20_100", "mean₂₀(v) / mean₁₀₀(v) − 1", 100),
        ("volume_score_20", "(v − mean₂₀(v)) / σ₂₀(v)", _SETTLED),
        ("signed_volume", "sign(c − c[1]) · v / mean₂₀(v)", _SETTLED),
        ("obv_20", "3 · Σ₂₀(sign(c − c[1]) · v) / Σ₂₀(v)", _SETTLED),
        ("mfi_14", "(MFI14 − 50) / 20", _SETTLED),
        ("money_flow_20", "3 · Σ₂₀(close_in_range · v) / Σ₂₀(v)", _SETTLED),
        ("volume_return_20", "Σ₂₀(v · r) / Σ₂₀(v) / u · √20", _SETTLED),
        ("volume_move_correlation_20", "correlation of v and |r| over 20 bars", _SETTLED),
        ("vwma_20", "(volume-weighted mean₂₀(c) / SMA20 − 1) / u", _SETTLED),
        ("day_volume", "ln(mean v of the day / mean₁₀₀(v))", 100),
    ),
    "statistical": (
        ("skewness_20", "skewness of r over 20 bars", _SETTLED),
        ("kurtosis_20", "excess kurtosis of r over 20 bars / 2", _SETTLED),
        ("autocorrelation_1", "autocorrelation of r at lag 1 over 20 bars · √20", _SETTLED),
        ("autocorrelation_2", "autocorrelation of r at lag 2 over 50 bars · √50", _SETTLED),
        ("score_50", "(c − SMA50) / σ₅₀(c)", _SETTLED),
        ("slope_20", "regression slope of c over 20 bars / c / u · √20", _SETTLED),
        ("trend_fit_20", "correlation of c with time over 20 bars", _SETTLED),
        ("variance_ratio_50", "Σ₅₀((sum of five r)²) / (5 Σ₅₀(r²)) − 1", _SETTLED),
        ("rank_50", "share of the last 50 closes below c minus share above", _SETTLED),
        ("day_position", "(2c − day's high − day's low) / (day's high − day's low)", _SETTLED),
    ),
    "patterns": (
        ("doji", "1 if |c − o| < 0.1 (h − l)", 1),
        ("hammer", "1 if lower shadow > 2 · body and upper shadow < body", 1),
        ("shooting_star", "1 if upper shadow > 2 · body and lower shadow < body", 1),
        ("bullish_engulfing", "1 if a rising body covers the falling one before it", 2),
        ("bearish_engulfing", "1 if a falling body covers the rising one before it", 2),
        ("inside_bar", "1 if h < h[1] and l > l[1]", 2),
        ("outside_bar", "1 if h > h[1] and l < l[1]", 2),
        ("three_in_a_row", "1 after three rising bodies, −1 after three falling ones", 3),
    ),
    "price lags": tuple((f"price_lag_{n}", f"(c / c[{n}] − 1) / u / √{n}", n + 1) for n in _PRICE_LAGS),
    "return lags": tuple((f"return_lag_{n}", f"r[{n}] / u", n + 1) for n in _RETURN_LAGS),
}

FEATURES: Final = tuple(
    Feature(name, group, formula, bars, group not in ("time", "patterns"))
    for group in GROUPS
    for name, formula, bars in _SLOTS[group]
)
NAMES: Final = tuple(feature.name for feature in FEATURES)

HASH: Final = sha256("\n".join((*NAMES, f"version {VERSION}")).encode()).hexdigest()
"""Tells whether coefficients were learned on these features in this order."""
