"""The kernel that turns a bar into the 126 features of `schema.FEATURES`, in that order.

State is the caller's: `s` (recursive filters and the day's sums) and `history` (the last 512 bars, each written twice
so that every window is one contiguous slice). Windows are summed afresh on every bar, relative to the newest value,
so that nothing drifts and a constant series has exactly its own mean and no deviation. A slot whose history is not
there yet is 0.
"""

from typing import Final

import numpy as np

from sentio_tui.strategies.online_ensemble.jit import Array, Clock, Ohlcv, inline, kernel

Sums = tuple[float, float, float, float]

WIDTH: Final = 128
"""126 slots and two zeros: whole multiples of what a processor adds at once."""
FIRST_BAR_OF_DAY: Final = 2
SETTLED: Final = 60
"""Bars before the slots of windows up to 56 bars are defined."""
SQUASH: Final = 3.0
"""Squashed slots lie between −3 and 3: z / √(1 + z²/9)."""

_LENGTH = 512
HISTORY: Final = (14, 2 * _LENGTH)
_C, _H, _L, _O, _V, _R, _TR, _BP, _PK, _GK, _RS, _CM, _OB, _MF = range(14)

_COUNT, _HEAD, _E5, _E10, _E20, _E50, _E100, _E12, _E26, _SIGNAL, _T1, _T2, _T3 = range(13)
_GAIN, _LOSS, _ATR, _DMP, _DMM, _ADX, _SLOW, _STREAK = 13, 16, 19, 20, 21, 22, 23, 24
_OPEN, _HIGH, _LOW, _PV, _DV, _BARS, _K1, _K2 = range(25, 33)
_SAVED = 40
SCALARS: Final = 2 * _SAVED
"""The second half keeps the scalars as they were, for a bar that has to be undone."""

_EMA = (5.0, 10.0, 20.0, 50.0, 100.0, 12.0, 26.0)
_RSI = (7.0, 14.0, 21.0)
_SPANS = (5, 10, 20, 50, 100, 200)
_PRICE_LAGS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100)
_RETURN_LAGS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 150, 200, 250, 300, 500)


@inline
def _sums(history: Array, at: int, close: float, first: int, last: int, sums: Sums) -> Sums:
    """Σd, Σr, Σr², Σv over the bars `first` to `last - 1` ago, added to `sums`; d = close − newest close."""
    d, r, rr, v = sums
    for k in range(first, last):
        ret = history[_R, at - k]
        d += history[_C, at - k] - close
        r += ret
        rr += ret * ret
        v += history[_V, at - k]
    return d, r, rr, v


@inline
def _sigma(total: float, squares: float, n: int, degrees: int) -> float:
    return float(np.sqrt(max(squares - total * total / n, 0.0) / degrees))


@inline
def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator != 0.0 else 0.0


@inline
def _place(close: float, low: float, high: float) -> float:
    """Where the close is in a range: −1 at the low, 1 at the high, 0 without a range."""
    return _ratio(2.0 * close - high - low, high - low)


@inline
def _extremes(s: Array, history: Array, at: int, x: Array, unit: float) -> None:
    """Slots made of the highest and lowest of the last bars, and of oscillators' windows."""
    c = history[_C, at]
    high, low = history[_H, at], history[_L, at]
    aroon_high, aroon_low, since_high, since_low, fast = high, low, 0, 0, 0.0
    for k in range(1, 28):
        top, bottom = history[_H, at - k], history[_L, at - k]
        high, low = max(high, top), min(low, bottom)
        if k < 26 and top > aroon_high:
            aroon_high, since_high = top, k
        if k < 26 and bottom < aroon_low:
            aroon_low, since_low = bottom, k
        if k == 13:
            fast = _place(c, low, high)
        elif k == 19:
            x[70] = (high - low) / c * unit / np.sqrt(20.0)
    x[39] = fast
    x[40] = (fast + s[_K1] + s[_K2]) / 3.0
    s[_K2], s[_K1] = s[_K1], fast
    x[41] = _place(c, low, high)
    x[50] = (since_low - since_high) / 25.0

    pressure, ranges, weighted, inflow, outflow, path = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(28):
        pressure += history[_BP, at - k]
        ranges += history[_TR, at - k]
        if k < 10:
            path += abs(history[_C, at - k] - history[_C, at - k - 1])
        if k < 14:
            flow = history[_MF, at - k]
            inflow += max(flow, 0.0)
            outflow += max(-flow, 0.0)
        if k == 6:
            weighted += 4.0 * _ratio(pressure, ranges)
        elif k == 13:
            weighted += 2.0 * _ratio(pressure, ranges)
    weighted += _ratio(pressure, ranges)
    x[51] = (100.0 * weighted / 7.0 - 50.0) / 15.0 if ranges > 0.0 else 0.0
    x[53] = _ratio(c - history[_C, at - 10], path)
    x[77] = (100.0 * _ratio(inflow, inflow + outflow) - 50.0) / 20.0 if inflow + outflow > 0.0 else 0.0
    for i, n in enumerate((4, 12, 25)):
        x[45 + i] = (c / history[_C, at - n] - 1.0) * unit / np.sqrt(n)


@inline
def _last_20(history: Array, at: int, x: Array, typical: float, unit: float, w20: Sums) -> None:
    """Slots made of the prices of the last 20 bars."""
    c = history[_C, at]
    dd, ramp, tps, spreads, parkinson, garman_klass, rogers_satchell = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(20):
        d = history[_C, at - k] - c
        dd += d * d
        ramp += (9.5 - k) * d
        tps += (history[_H, at - k] + history[_L, at - k] + history[_C, at - k]) / 3.0 - typical
        spreads += history[_H, at - k] - history[_L, at - k]
        parkinson += history[_PK, at - k]
        garman_klass += history[_GK, at - k]
        rogers_satchell += history[_RS, at - k]
    mean, mean_typical, squares = w20[1] / 20.0, tps / 20.0, w20[2]
    cubes, fourths, lagged, older, falls, ups, absolute, typicals = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(20):
        r = history[_R, at - k]
        e = r - mean
        cubes += e * e * e
        fourths += e * e * e * e
        lagged += e * older
        older = e
        absolute += abs(r)
        falls += r * r if r < 0.0 else 0.0
        ups += 1.0 if r > 0.0 else -1.0 if r < 0.0 else 0.0
        tp = (history[_H, at - k] + history[_L, at - k] + history[_C, at - k]) / 3.0 - typical
        typicals += abs(tp - mean_typical)
    x[14] = 20.0 * (history[_H, at] - history[_L, at]) / spreads - 1.0 if spreads > 0.0 else 0.0
    x[42] = _ratio(-mean_typical, 0.015 * typicals / 20.0) / 100.0
    x[54] = ups / 20.0
    x[63] = np.sqrt(parkinson / 20.0 / (4.0 * np.log(2.0))) * unit
    x[64] = np.sqrt(max(garman_klass, 0.0) / 20.0) * unit
    x[65] = np.sqrt(max(rogers_satchell, 0.0) / 20.0) * unit
    shift = w20[0] / 20.0
    sigma = _sigma(w20[0], dd, 20, 20)
    x[66] = _ratio(-shift, 2.0 * sigma)
    x[67] = 4.0 * sigma / (c + shift) * unit / np.sqrt(20.0)
    x[68] = 2.0 * falls / squares - 1.0 if squares > 0.0 else 0.0
    x[69] = _sigma(absolute, squares, 20, 20) / (absolute / 20.0) if absolute > 0.0 else 0.0
    deviation = _sigma(w20[1], squares, 20, 20)
    if deviation > 1e-9:
        variance = deviation * deviation
        x[83] = cubes / 20.0 / (variance * deviation)
        x[84] = (fourths / 20.0 / (variance * variance) - 3.0) / 2.0
        x[85] = lagged / (20.0 * variance) * np.sqrt(20.0)
    x[88] = ramp / 665.0 / c * unit * np.sqrt(20.0)
    x[89] = _ratio(ramp, np.sqrt(665.0 * 20.0) * sigma)


@inline
def _last_20_volumes(history: Array, at: int, x: Array, unit: float, w20: Sums) -> None:
    """Slots made of the volumes of the last 20 bars. Without any volume they are 0."""
    turnover = w20[3]
    if turnover <= 0.0:
        return
    c, v = history[_C, at], history[_V, at]
    shifts, squares, absolute, products, weighted, moved, obv, money = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(20):
        volume = history[_V, at - k]
        r = history[_R, at - k]
        shifts += volume - v
        squares += (volume - v) * (volume - v)
        absolute += abs(r)
        products += (volume - v) * abs(r)
        weighted += volume * (history[_C, at - k] - c)
        moved += volume * r
        obv += history[_OB, at - k]
        money += history[_CM, at - k]
    deviation, sizes = _sigma(shifts, squares, 20, 20), _sigma(absolute, w20[2], 20, 20)
    if deviation > 1e-9 * turnover:
        x[74] = -shifts / 20.0 / deviation
        x[80] = _ratio((products - shifts * absolute / 20.0) / 20.0, deviation * sizes) if sizes > 1e-9 else 0.0
    x[76] = 3.0 * obv / turnover
    x[78] = 3.0 * money / turnover
    x[79] = moved / turnover * unit * np.sqrt(20.0)
    shift = w20[0] / 20.0
    x[81] = (weighted / turnover - shift) / (c + shift) * unit


@inline
def _last_50(history: Array, at: int, x: Array, unit: float, w50: Sums) -> None:
    c = history[_C, at]
    mean = w50[1] / 50.0
    ranges, dd, below, lagged, fives, older, oldest = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(50):
        ranges += history[_TR, at - k]
        d = history[_C, at - k] - c
        dd += d * d
        below += 1.0 if d < 0.0 else -1.0 if d > 0.0 else 0.0
        e = history[_R, at - k] - mean
        lagged += e * oldest
        oldest, older = older, e
        five = 0.0
        for m in range(5):
            five += history[_R, at - k - m]
        fives += five * five
    x[57] = ranges / 50.0 / c * unit
    x[91] = below / 50.0
    x[87] = _ratio(-w50[0] / 50.0, _sigma(w50[0], dd, 50, 50))
    variance = w50[2] / 50.0 - mean * mean
    if variance > 1e-18:
        x[86] = lagged / (50.0 * variance) * np.sqrt(50.0)
        x[90] = fives / (5.0 * w50[2]) - 1.0


@kernel("Tuple((i8, f8, f8))(f8[::1], f8[:,::1], f8[::1], UniTuple(f8, 5), UniTuple(f8, 3), i8, i8)")
def features(
    s: Array, history: Array, x: Array, bar: Ohlcv, clock: Clock, begins: int, period: int
) -> tuple[int, float, float]:
    """Take one bar (open, high, low, close, volume) in and write its features to `x`.

    `clock` is the minute of the day, the weekday from Sunday = 0 and the day of the month, in the exchange's zone;
    `begins` is 2 on the first bar of a day, 1 after a break within it, else 0; `period` is that of the Bollinger
    band. Returns the first slot that is not finite (126: a sum behind them), or −1, and mean and population standard
    deviation of the closes of the band. With one that is not finite the bar leaves no trace.
    """
    o, h, l, c, v = bar  # noqa: E741  # the field's letters
    s[_SAVED:] = s[:_SAVED]
    count = int(s[_COUNT]) + 1
    head = (int(s[_HEAD]) + 1) & (_LENGTH - 1)
    at = head + _LENGTH
    s[_COUNT], s[_HEAD] = count, head
    pc, ph, pl, po, pv = o, h, l, o, v
    if count > 1:
        pc, ph, pl, po = history[_C, at - 1], history[_H, at - 1], history[_L, at - 1], history[_O, at - 1]
        pv = history[_V, at - 1]

    r = c / (pc if begins == 0 else o) - 1.0
    spread, body, upper, lower = h - l, abs(c - o), h - max(o, c), min(o, c) - l
    typical, before = (h + l + c) / 3.0, (ph + pl + pc) / 3.0
    true_low = min(l, pc)
    true_range = max(h, pc) - true_low
    log_range, log_body = np.log(h / l), np.log(c / o)
    garman_klass = 0.5 * log_range * log_range - (2.0 * np.log(2.0) - 1.0) * log_body * log_body
    rogers_satchell = np.log(h / c) * np.log(h / o) + np.log(l / c) * np.log(l / o)
    clv = _place(c, l, h)
    obv = v if c > pc else -v if c < pc else 0.0
    flow = typical * v if typical > before else -typical * v if typical < before else 0.0
    ranges = (true_range, c - true_low, log_range * log_range, garman_klass, rogers_satchell)
    row = (c, h, l, o, v, r, *ranges, clv * v, obv, flow)
    for i in range(14):
        history[i, head] = row[i]
        history[i, at] = row[i]

    # Filters with a memory of their own: exponential averages start at their first value, Wilder's at 0.
    up, down, rise, fall = max(c - pc, 0.0), max(pc - c, 0.0), h - ph, pl - l
    if count == 1:
        for i in range(7):
            s[_E5 + i] = c
        s[_T1], s[_T2], s[_T3] = c, c, c
        s[_SLOW] = r * r
    for i in range(7):
        s[_E5 + i] += (c - s[_E5 + i]) * (2.0 / (_EMA[i] + 1.0))
    macd = s[_E12] - s[_E26]
    s[_SIGNAL] += (macd - s[_SIGNAL]) * 0.2
    triple = s[_T3]
    s[_T1] += (c - s[_T1]) * 0.125
    s[_T2] += (s[_T1] - s[_T2]) * 0.125
    s[_T3] += (s[_T2] - s[_T3]) * 0.125
    for i in range(3):
        s[_GAIN + i] += (up - s[_GAIN + i]) / _RSI[i]
        s[_LOSS + i] += (down - s[_LOSS + i]) / _RSI[i]
    s[_ATR] += (true_range - s[_ATR]) / 14.0
    s[_DMP] += ((rise if rise > 0.0 and rise > fall else 0.0) - s[_DMP]) / 14.0
    s[_DMM] += ((fall if fall > 0.0 and fall > rise else 0.0) - s[_DMM]) / 14.0
    di_plus, di_minus = 100.0 * _ratio(s[_DMP], s[_ATR]), 100.0 * _ratio(s[_DMM], s[_ATR])
    s[_ADX] += (100.0 * _ratio(abs(di_plus - di_minus), di_plus + di_minus) - s[_ADX]) / 14.0
    s[_SLOW] += (r * r - s[_SLOW]) * (2.0 / 391.0)
    s[_STREAK] = max(s[_STREAK], 0.0) + 1.0 if r > 0.0 else min(s[_STREAK], 0.0) - 1.0 if r < 0.0 else 0.0

    # The day's own figures begin anew at its first bar.
    if begins == FIRST_BAR_OF_DAY:
        s[_OPEN], s[_HIGH], s[_LOW], s[_PV], s[_DV], s[_BARS] = o, h, l, 0.0, 0.0, 0.0
    s[_HIGH], s[_LOW] = max(s[_HIGH], h), min(s[_LOW], l)
    s[_PV], s[_DV], s[_BARS] = s[_PV] + (typical - s[_OPEN]) * v, s[_DV] + v, s[_BARS] + 1.0
    vwap = s[_OPEN] + s[_PV] / s[_DV] if s[_DV] > 0.0 else c
    day_length = np.sqrt(s[_BARS])

    w5 = _sums(history, at, c, 0, 5, (0.0, 0.0, 0.0, 0.0))
    w10 = _sums(history, at, c, 5, 10, w5)
    w20 = _sums(history, at, c, 10, 20, w10)
    w50 = _sums(history, at, c, 20, 50, w20)
    w100 = _sums(history, at, c, 50, 100, w50)
    rms = np.sqrt(w100[2] / min(count, 100))
    unit = 1.0 / rms if rms > 1e-9 else 0.0  # no tick is a billionth of a price
    x[8:] = 0.0

    hour = np.floor(clock[0] / 60.0)
    turns = (hour / 24.0, (clock[0] - 60.0 * hour) / 60.0, clock[1] / 7.0, clock[2] / 31.0)
    for i in range(4):
        x[2 * i] = np.sin(2.0 * np.pi * turns[i])
        x[2 * i + 1] = np.cos(2.0 * np.pi * turns[i])

    x[8], x[9] = spread / c * unit, (c - o) / c * unit
    x[10], x[11] = upper / c * unit, lower / c * unit
    x[12], x[13] = (o / pc - 1.0) * unit, clv
    x[15] = (c / s[_OPEN] - 1.0) * unit / day_length
    x[16], x[17] = (h / ph - 1.0) * unit, (l / pl - 1.0) * unit
    x[18] = np.log((v + 1.0) / (pv + 1.0))

    d200 = w100[0]
    for k in range(100, 200):
        d200 += history[_C, at - k] - c
    shifts = (w5[0] / 5.0, w10[0] / 10.0, w20[0] / 20.0, w50[0] / 50.0, w100[0] / 100.0, d200 / 200.0)
    for i, n in enumerate(_SPANS):
        if count >= max(n, SETTLED):
            x[20 + i] = -shifts[i] / (c + shifts[i]) * unit / np.sqrt(n)
            if i < 5:
                x[26 + i] = (c / s[_E5 + i] - 1.0) * unit / np.sqrt(n)
    x[35] = (c / vwap - 1.0) * unit / day_length

    if count >= SETTLED:
        x[31] = (s[_E5] / s[_E20] - 1.0) * unit / np.sqrt(20.0)
        x[32] = (s[_E10] / s[_E50] - 1.0) * unit / np.sqrt(50.0)
        for i in (2, 3):
            n = _SPANS[i]
            moved = 0.0
            for k in range(5):
                moved += history[_C, at - k] - history[_C, at - k - n]
            x[31 + i] = moved / (n * (c + shifts[i]) - moved) * unit * np.sqrt(n) / 5.0
        for i in range(3):
            x[36 + i] = (100.0 * _ratio(s[_GAIN + i], s[_GAIN + i] + s[_LOSS + i]) - 50.0) / 20.0
        x[43], x[44] = macd / c * unit / 3.0, (macd - s[_SIGNAL]) / c * unit
        x[48], x[49] = (s[_ADX] - 25.0) / 15.0, (di_plus - di_minus) / 25.0
        x[52] = (s[_T3] / triple - 1.0) * unit * 2.0
        x[55], x[56] = s[_STREAK] / 3.0, s[_ATR] / c * unit
        for i, n in enumerate((5, 10, 20, 50)):
            total, squares = ((w5[1], w5[2]), (w10[1], w10[2]), (w20[1], w20[2]), (w50[1], w50[2]))[i]
            x[58 + i] = _sigma(total, squares, n, n - 1) * unit
        x[62] = np.log(rms / np.sqrt(s[_SLOW])) if unit > 0.0 and s[_SLOW] > 0.0 else 0.0
        mean_volume = w20[3] / 20.0
        if mean_volume > 0.0:
            x[19] = body / c * unit * v / mean_volume
            x[71] = v / mean_volume - 1.0
            x[72] = w5[3] / 5.0 / mean_volume - 1.0
            x[75] = obv / mean_volume
        if count >= 100 and w100[3] > 0.0:
            x[73] = mean_volume / (w100[3] / 100.0) - 1.0
            x[82] = np.log(s[_DV] / s[_BARS] / (w100[3] / 100.0)) if s[_DV] > 0.0 else 0.0
        x[92] = _place(c, s[_LOW], s[_HIGH])
        _extremes(s, history, at, x, unit)
        _last_20(history, at, x, typical, unit, w20)
        _last_20_volumes(history, at, x, unit, w20)
        _last_50(history, at, x, unit, w50)

    x[93] = 1.0 if spread > 0.0 and body < 0.1 * spread else 0.0
    x[94] = 1.0 if lower > 2.0 * body and upper < body else 0.0
    x[95] = 1.0 if upper > 2.0 * body and lower < body else 0.0
    x[96] = 1.0 if pc < po and c > o and o <= pc and c >= po else 0.0
    x[97] = 1.0 if pc > po and c < o and o >= pc and c <= po else 0.0
    x[98] = 1.0 if h < ph and l > pl else 0.0
    x[99] = 1.0 if h > ph and l < pl else 0.0
    rows = 0.0
    for k in range(3):
        change = history[_C, at - k] - history[_O, at - k]
        rows += 1.0 if change > 0.0 else -1.0 if change < 0.0 else 0.0
    x[100] = (1.0 if rows == 3.0 else -1.0 if rows == -3.0 else 0.0) if count >= 3 else 0.0

    for i, n in enumerate(_PRICE_LAGS):
        if count > n:
            x[101 + i] = (c / history[_C, at - n] - 1.0) * unit / np.sqrt(n)
    for i, n in enumerate(_RETURN_LAGS):
        if count > n:
            x[111 + i] = history[_R, at - n] * unit

    bad = -1
    for i in range(126 + _SAVED):
        if bad < 0 and not np.isfinite(x[i] if i < 126 else s[i - 126]):
            bad = min(i, 126)
    if bad >= 0:
        s[:_SAVED] = s[_SAVED:]
        return bad, 0.0, 0.0
    for first, last in ((8, 93), (101, 126)):
        for i in range(first, last):
            x[i] /= np.sqrt(1.0 + x[i] * x[i] / (SQUASH * SQUASH))

    n, total, squares = min(period, count), 0.0, 0.0
    for k in range(n):
        d = history[_C, at - k] - c
        total += d
        squares += d * d
    return -1, c + total / n, _sigma(total, squares, n, n)
