"""Bars for the tests of the online ensemble: whole sessions of an exchange, made to measure or recorded."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Signal
from sentio_tui.strategies.online_ensemble import OnlineEnsemble, OnlineEnsembleParameters

DATA = Path(__file__).parents[4] / "shared" / "data"
SYMBOL = "SPY"
START = datetime.fromisoformat("2024-01-02T00:00:00+00:00")
MIDNIGHT = int(START.timestamp()) * 1000

Array = NDArray[np.float64]


def session_minutes(days: int, first: date = date(2024, 1, 2), exchange: str = "XNYS") -> list[list[int]]:
    """The start of every minute of the next sessions, one list a day."""
    calendar = ExchangeCalendar(exchange)
    sessions = calendar.sessions_between(first, date(first.year + 1, first.month, first.day))[:days]
    out = []
    for day in sessions:
        hours = calendar.session(day)
        assert hours is not None
        out.append([time for time in range(*hours, MINUTE) if calendar.is_open(time)])
    return out


def bars_of(times: Sequence[int], closes: Sequence[float], seed: int = 0) -> list[Bar]:
    """Bars with these closes. Opens are near the close before, highs and lows around both, volumes lively."""
    rng = np.random.default_rng(seed)
    wick = np.abs(rng.normal(0, 2e-4, (len(times), 2)))
    jump = rng.normal(0, 5e-5, len(times))
    volumes = np.round(rng.lognormal(9, 0.7, len(times)))
    out = []
    before = closes[0]
    for i, (time, close) in enumerate(zip(times, closes, strict=True)):
        opening = before * (1 + jump[i])
        high, low = max(opening, close) * (1 + wick[i, 0]), min(opening, close) * (1 - wick[i, 1])
        out.append(Bar(SYMBOL, time, float(opening), float(high), float(low), float(close), float(volumes[i])))
        before = close
    return out


def walk(count: int, seed: int, phi: float = 0.0, sigma: float = 5e-4) -> list[float]:
    """Closes whose returns follow r = phi · r before + noise; without phi nothing can be known of them."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, sigma, count)
    returns = np.zeros(count)
    for i in range(1, count):
        returns[i] = phi * returns[i - 1] + noise[i]
    closes: list[float] = (170.0 * np.cumprod(1 + returns)).tolist()
    return closes


def trading_days(days: int, seed: int = 1, phi: float = 0.0) -> list[Bar]:
    """Full sessions of New York, one bar a minute."""
    times = [time for day in session_minutes(days) for time in day]
    return bars_of(times, walk(len(times), seed, phi), seed)


def around_the_clock(count: int, seed: int = 1, phi: float = 0.0, start: int = MIDNIGHT) -> list[Bar]:
    """Bars without a pause, for the exchange 24/7."""
    return bars_of([start + i * MINUTE for i in range(count)], walk(count, seed, phi), seed)


def recorded() -> list[Bar]:
    """Five days of SPY, 04:00 to 20:00."""
    path = DATA / "SPY_1min_2013-10-04_2013-10-10.csv"
    if not path.exists():
        pytest.skip(f"real bars are not here: {path}")
    with path.open() as lines:
        rows = list(csv.DictReader(lines))
    return [
        Bar(
            SYMBOL,
            int(datetime.fromisoformat(row["timestamp"]).timestamp()) * 1000,
            float(row["open"]),
            float(row["high"]),
            float(row["low"]),
            float(row["close"]),
            float(row["volume"]),
        )
        for row in rows
    ]


def ensemble(**overrides: float | int | str | bool) -> OnlineEnsemble:
    """One that warms up fast and never sleeps, unless told otherwise."""
    values: dict[str, float | int | str | bool] = {"warm_up_bars": 100, "exchange": "24/7", **overrides}
    return OnlineEnsemble.create(SYMBOL, OnlineEnsembleParameters(**values))  # type: ignore[arg-type]  # by name


def run(strategy: OnlineEnsemble, bars: Iterable[Bar]) -> list[Signal]:
    return [strategy.on_bar(bar) for bar in bars]
