"""The 126 features once more, slowly: whole arrays, windows recomputed, TA-Lib where it has the indicator."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import talib
from numpy.lib.stride_tricks import sliding_window_view

from sentio_tui.model.bars import Bar
from tests.strategies.online_ensemble.market import Array


def windows(values: Array, n: int) -> Array:
    """The last n values of every bar, the newest last; NaN before there are enough."""
    padded = np.concatenate([np.full(n - 1, np.nan), values])
    return sliding_window_view(padded, n)


def back(values: Array, k: int) -> Array:
    return np.concatenate([np.full(k, np.nan), values])[: len(values)]


def mean(values: Array, n: int) -> Array:
    means: Array = windows(values, n).mean(axis=1)
    return means


def total(values: Array, n: int) -> Array:
    sums: Array = windows(values, n).sum(axis=1)
    return sums


def ema(values: Array, n: int) -> Array:
    return pd.Series(values).ewm(span=n, adjust=False).mean().to_numpy()


def batch(bars: Sequence[Bar], zone: str) -> dict[str, Array]:
    """Every feature of every bar, squashed where it is."""
    o, h, l, c, v = (  # noqa: E741
        np.array([getattr(bar, key) for bar in bars]) for key in ("open", "high", "low", "close", "volume")
    )
    local = [datetime.fromtimestamp(bar.time / 1000, ZoneInfo(zone)) for bar in bars]
    day = np.array([moment.toordinal() for moment in local])
    first = np.concatenate([[True], day[1:] != day[:-1]])
    turns = {
        "hour": [moment.hour / 24 for moment in local],
        "minute": [moment.minute / 60 for moment in local],
        "weekday": [moment.isoweekday() % 7 / 7 for moment in local],
        "monthday": [moment.day / 31 for moment in local],
    }
    plain: dict[str, Array] = {}
    for name, turn in turns.items():
        plain[f"{name}_sin"] = np.sin(2 * np.pi * np.array(turn))
        plain[f"{name}_cos"] = np.cos(2 * np.pi * np.array(turn))

    pc, ph, pl, po = back(c, 1), back(h, 1), back(l, 1), back(o, 1)
    r = np.where(first, c / o, c / pc) - 1
    u = np.sqrt(mean(r * r, 100))
    body, spread = np.abs(c - o), h - l
    upper, lower = h - np.maximum(o, c), np.minimum(o, c) - l
    days = pd.DataFrame({"day": day, "h": h, "l": l, "v": v, "pv": (h + l + c) / 3 * v, "one": 1.0})
    group = days.groupby("day")
    opened = pd.Series(np.where(first, o, np.nan)).ffill().to_numpy()
    age = group["one"].cumsum().to_numpy()
    vwap = (group["pv"].cumsum() / group["v"].cumsum()).to_numpy()
    day_high, day_low = group["h"].cummax().to_numpy(), group["l"].cummin().to_numpy()
    in_range = (2 * c - h - l) / spread
    z: dict[str, Array] = {
        "range": spread / c / u,
        "body": (c - o) / c / u,
        "upper_shadow": upper / c / u,
        "lower_shadow": lower / c / u,
        "gap": (o / pc - 1) / u,
        "close_in_range": in_range,
        "range_to_mean": spread / mean(spread, 20) - 1,
        "day_change": (c / opened - 1) / u / np.sqrt(age),
        "high_change": (h / ph - 1) / u,
        "low_change": (l / pl - 1) / u,
        "volume_change": np.log((v + 1) / (back(v, 1) + 1)),
        "effort": body / c / u * v / mean(v, 20),
        "vwap": (c / vwap - 1) / u / np.sqrt(age),
    }
    for n in (5, 10, 20, 50, 100, 200):
        z[f"sma_{n}"] = (c / talib.SMA(c, n) - 1) / u / np.sqrt(n)
    for n in (5, 10, 20, 50, 100):
        z[f"ema_{n}"] = (c / talib.EMA(c, n) - 1) / u / np.sqrt(n)
    z["ema_5_20"] = (talib.EMA(c, 5) / talib.EMA(c, 20) - 1) / u / np.sqrt(20)
    z["ema_10_50"] = (talib.EMA(c, 10) / talib.EMA(c, 50) - 1) / u / np.sqrt(50)
    for n in (20, 50):
        sma = mean(c, n)
        z[f"sma_{n}_slope"] = (sma / back(sma, 5) - 1) / u * np.sqrt(n) / 5

    for n in (7, 14, 21):
        z[f"rsi_{n}"] = (talib.RSI(c, n) - 50) / 20
    fast_k, fast_d = talib.STOCHF(h, l, c, 14, 3)
    z["stochastic_14"] = fast_k / 50 - 1
    z["stochastic_14_mean"] = fast_d / 50 - 1
    z["williams_28"] = talib.WILLR(h, l, c, 28) / 50 + 1
    z["cci_20"] = talib.CCI(h, l, c, 20) / 100
    macd, _, histogram = talib.MACD(c, 12, 26, 9)
    z["macd"] = macd / c / u / 3
    z["macd_histogram"] = histogram / c / u
    for n in (4, 12, 25):
        z[f"roc_{n}"] = talib.ROCP(c, n) / u / np.sqrt(n)
    z["adx_14"] = (talib.ADX(h, l, c, 14) - 25) / 15
    z["di_spread_14"] = (talib.PLUS_DI(h, l, c, 14) - talib.MINUS_DI(h, l, c, 14)) / 25
    z["aroon_25"] = talib.AROONOSC(h, l, 25) / 100
    z["ultimate"] = (talib.ULTOSC(h, l, c, 7, 14, 28) - 50) / 15
    z["trix_15"] = talib.TRIX(c, 15) / 100 * 2 / u
    z["efficiency_10"] = (c - back(c, 10)) / total(np.abs(c - pc), 10)
    z["up_share_20"] = mean(np.sign(r), 20)
    z["streak"] = streaks(r) / 3

    true_range = np.maximum(h, pc) - np.minimum(l, pc)
    z["atr_14"] = talib.ATR(h, l, c, 14) / c / u
    z["true_range_50"] = mean(true_range, 50) / c / u
    for n in (5, 10, 20, 50):
        z[f"deviation_{n}"] = windows(r, n).std(axis=1, ddof=1) / u
    z["volatility_trend"] = np.log(u / np.sqrt(ema(r * r, 390)))
    log_range = np.log(h / l)
    z["parkinson_20"] = np.sqrt(mean(log_range**2, 20) / (4 * np.log(2))) / u
    garman_klass = 0.5 * log_range**2 - (2 * np.log(2) - 1) * np.log(c / o) ** 2
    z["garman_klass_20"] = np.sqrt(mean(garman_klass, 20)) / u
    rogers_satchell = np.log(h / c) * np.log(h / o) + np.log(l / c) * np.log(l / o)
    z["rogers_satchell_20"] = np.sqrt(mean(rogers_satchell, 20)) / u
    sma20, sigma20 = mean(c, 20), windows(c, 20).std(axis=1)
    z["band_position_20"] = (c - sma20) / (2 * sigma20)
    z["band_width_20"] = 4 * sigma20 / sma20 / u / np.sqrt(20)
    z["downside_20"] = 2 * total(np.where(r < 0, r * r, 0), 20) / total(r * r, 20) - 1
    z["volatility_of_volatility_20"] = windows(np.abs(r), 20).std(axis=1) / mean(np.abs(r), 20)
    z["channel_20"] = (talib.MAX(h, 20) - talib.MIN(l, 20)) / c / u / np.sqrt(20)

    direction = np.sign(np.nan_to_num(c - pc))
    z["volume_20"] = v / mean(v, 20) - 1
    z["volume_5_20"] = mean(v, 5) / mean(v, 20) - 1
    z["volume_20_100"] = mean(v, 20) / mean(v, 100) - 1
    z["volume_score_20"] = (v - mean(v, 20)) / windows(v, 20).std(axis=1)
    z["signed_volume"] = direction * v / mean(v, 20)
    obv = talib.OBV(c, v)
    z["obv_20"] = 3 * (obv - back(obv, 20)) / total(v, 20)
    z["mfi_14"] = (talib.MFI(h, l, c, v, 14) - 50) / 20
    z["money_flow_20"] = 3 * total(in_range * v, 20) / total(v, 20)
    z["volume_return_20"] = total(v * r, 20) / total(v, 20) / u * np.sqrt(20)
    z["volume_move_correlation_20"] = correlation(windows(v, 20), windows(np.abs(r), 20))
    z["vwma_20"] = (total(v * c, 20) / total(v, 20) / sma20 - 1) / u
    z["day_volume"] = np.log(group["v"].cumsum().to_numpy() / age / mean(v, 100))

    w20, w50 = windows(r, 20), windows(r, 50)
    e20, e50 = w20 - w20.mean(axis=1, keepdims=True), w50 - w50.mean(axis=1, keepdims=True)
    variance = (e20**2).mean(axis=1)
    z["skewness_20"] = (e20**3).mean(axis=1) / variance**1.5
    z["kurtosis_20"] = ((e20**4).mean(axis=1) / variance**2 - 3) / 2
    z["autocorrelation_1"] = (e20[:, 1:] * e20[:, :-1]).sum(axis=1) / (e20**2).sum(axis=1) * np.sqrt(20)
    z["autocorrelation_2"] = (e50[:, 2:] * e50[:, :-2]).sum(axis=1) / (e50**2).sum(axis=1) * np.sqrt(50)
    z["score_50"] = (c - mean(c, 50)) / windows(c, 50).std(axis=1)
    z["slope_20"] = talib.LINEARREG_SLOPE(c, 20) / c / u * np.sqrt(20)
    z["trend_fit_20"] = correlation(windows(c, 20), np.broadcast_to(np.arange(20.0), (len(c), 20)))
    z["variance_ratio_50"] = total(total(r, 5) ** 2, 50) / (5 * total(r * r, 50)) - 1
    w50c = windows(c, 50)
    z["rank_50"] = np.sign(c[:, None] - w50c).mean(axis=1)
    z["day_position"] = (2 * c - day_high - day_low) / (day_high - day_low)

    for k in (1, 2, 3, 5, 10, 15, 20, 30, 50, 100):
        z[f"price_lag_{k}"] = (c / back(c, k) - 1) / u / np.sqrt(k)
    for k in (1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 150, 200, 250, 300, 500):
        z[f"return_lag_{k}"] = back(r, k) / u
    plain |= {name: values / np.sqrt(1 + values**2 / 9) for name, values in z.items()}

    rising, falling = c > o, c < o
    plain["doji"] = np.where((spread > 0) & (body < 0.1 * spread), 1.0, 0.0)
    plain["hammer"] = np.where((lower > 2 * body) & (upper < body), 1.0, 0.0)
    plain["shooting_star"] = np.where((upper > 2 * body) & (lower < body), 1.0, 0.0)
    plain["bullish_engulfing"] = np.where((pc < po) & rising & (o <= pc) & (c >= po), 1.0, 0.0)
    plain["bearish_engulfing"] = np.where((pc > po) & falling & (o >= pc) & (c <= po), 1.0, 0.0)
    plain["inside_bar"] = np.where((h < ph) & (l > pl), 1.0, 0.0)
    plain["outside_bar"] = np.where((h > ph) & (l < pl), 1.0, 0.0)
    three = total(np.sign(c - o), 3)
    plain["three_in_a_row"] = np.where(three == 3, 1.0, np.where(three == -3, -1.0, 0.0))
    return plain


def correlation(a: Array, b: Array) -> Array:
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    products: Array = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return products


def streaks(r: Array) -> Array:
    out = np.zeros(len(r))
    for i, value in enumerate(r):
        before = out[i - 1] if i else 0.0
        out[i] = 0.0 if value == 0 else before + np.sign(value) if before * value > 0 else np.sign(value)
    return out
