"""Charts that grow: what a page puts together row by row is what it would be told at once, and nothing that stuck out
is lost."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.engine.curve import EquityCurve
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.web.charts import FEWEST, NOTHING, CurveChart, Mark, PriceChart
from sentio_tui.web.pieces import Candles, Curve

START = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp() * 1000)
CAPITAL = 10_000.0

steps = st.lists(
    st.tuples(st.integers(0, 5), st.floats(1.0, 50_000.0, allow_nan=False), st.booleans()), min_size=1, max_size=200
)
"""Minutes to the next point, its equity, and whether somebody looks then."""


class _Page:
    """Keeps the rows as the messages say."""

    def __init__(self) -> None:
        self.curve: list[tuple[int, float, float]] = []
        self.candles: list[tuple[int, float, float, float, float]] = []

    def take_curve(self, told: Curve) -> None:
        self.curve[told.since :] = zip(told.time, told.equity, told.drawdown, strict=True)

    def take_candles(self, told: Candles) -> None:
        self.candles[told.since :] = zip(told.time, told.open, told.high, told.low, told.close, strict=True)


@given(steps=steps)
def test_curve_put_together_from_updates_is_the_curve_at_once(steps: list[tuple[int, float, bool]]) -> None:
    curve, chart, page, mark = EquityCurve(CAPITAL, "UTC"), CurveChart(CAPITAL, stretches=8), _Page(), NOTHING
    at = START
    for minutes, equity, looks in steps:
        at += minutes * MINUTE
        curve.mark(at, equity, held=False)
        if looks:
            chart.follow(curve)
            page.take_curve(chart.since(mark))
            mark = chart.mark()
    chart.follow(curve)
    page.take_curve(chart.since(mark))
    fresh = _Page()
    fresh.take_curve(chart.since(NOTHING))
    assert page.curve == fresh.curve
    times = [row[0] for row in page.curve]
    assert times == sorted(times)
    assert page.curve[-1][:2] == (curve.times[-1], curve.equity[-1])
    assert max(row[1] for row in page.curve) == max(curve.equity)
    assert min(row[1] for row in page.curve) == min(curve.equity)
    assert -min(row[2] for row in page.curve) == max(curve.now()[1], 0.0)
    assert len(page.curve) <= 3 * 8 + 1


def test_curve_that_is_short_has_every_point() -> None:
    curve, chart = EquityCurve(CAPITAL, "UTC"), CurveChart(CAPITAL)
    for number in range(1_000):
        curve.mark(START + number * MINUTE, CAPITAL + number % 7, held=False)
    chart.follow(curve)
    assert chart.since(NOTHING).equity == curve.equity


@given(steps=steps)
def test_candles_put_together_from_updates_are_those_at_once(steps: list[tuple[int, float, bool]]) -> None:
    chart, page, mark = PriceChart(symbols=1_000), _Page(), NOTHING
    at, bars = START, []
    for minutes, price, looks in steps * 2:
        at += (minutes + 1) * MINUTE
        bars.append(Bar("X", at, price, price * 1.5, price * 0.5, price * 1.1, 1.0))
        chart.take(bars[-1])
        if looks:
            page.take_candles(chart.since(mark))
            mark = chart.mark()
    page.take_candles(chart.since(mark))
    fresh = _Page()
    fresh.take_candles(chart.since(NOTHING))
    assert page.candles == fresh.candles
    assert len(page.candles) <= FEWEST
    assert (page.candles[0][1], page.candles[-1][4]) == (bars[0].open, bars[-1].close)
    assert max(row[2] for row in page.candles) == max(bar.high for bar in bars)
    assert min(row[3] for row in page.candles) == min(bar.low for bar in bars)


def test_candles_of_few_bars_are_the_bars() -> None:
    chart = PriceChart()
    bars = [Bar("X", START + number * MINUTE, 1.0 + number, 3.0 + number, 0.5, 2.0, 1.0) for number in range(500)]
    for bar in bars:
        chart.take(bar)
    told = chart.since(NOTHING)
    assert told.minutes == 1
    assert told.time == [bar.time for bar in bars]
    assert told.open == [bar.open for bar in bars]
    assert chart.mark() == Mark(0, 499, 500)


def test_deepest_drawdown_stays_though_an_earlier_low_is_lower() -> None:
    curve, chart = EquityCurve(CAPITAL, "UTC"), CurveChart(CAPITAL, stretches=2)
    equity = [*[10_000.0] * 4, 9_500.0, 20_000.0, 15_000.0, 20_000.0, *[20_000.0] * 40]
    for number, value in enumerate(equity):
        curve.mark(START + number * MINUTE, value, held=False)
        chart.follow(curve)
    told = chart.since(NOTHING)
    assert len(told.time) <= 7
    assert (min(told.equity), max(told.equity), min(told.drawdown)) == (9_500.0, 20_000.0, -0.25)
