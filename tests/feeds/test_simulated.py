import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.feeds.base import Feed, FeedError
from sentio_tui.feeds.returns import ReturnSource
from sentio_tui.feeds.simulated import SimulatedFeed, SimulatedSymbol, simulated_symbol
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.instruments import AssetClass

START: Millis = round(datetime(2025, 1, 6, tzinfo=UTC).timestamp() * 1000)
BTC, ETH, SOL = (simulated_symbol(name, AssetClass.CRYPTO) for name in ("BTC-USD", "ETH-USD", "SOL-USD"))
SPY, QQQ = (simulated_symbol(name, AssetClass.EQUITY) for name in ("SPY", "QQQ"))
CRYPTO = (BTC, ETH, SOL)


async def collect(feed: Feed, skip: int, most: int | None) -> list[Bar]:
    bars: list[Bar] = []
    async for batch in feed.batches(skip):
        for item in batch:
            assert isinstance(item, Bar)
            bars.append(item)
        if most is not None and len(bars) >= most:
            return bars[:most]
    return bars


def read(feed: Feed, skip: int = 0, most: int | None = None) -> list[Bar]:
    return asyncio.run(collect(feed, skip, most))


def simulate(
    symbols: Sequence[SimulatedSymbol] = CRYPTO, seed: int = 7, days: int = 2, start: Millis = START, batch: int = 256
) -> list[Bar]:
    return read(SimulatedFeed(symbols, seed, start, days, batch=batch))


def closes(bars: Sequence[Bar], symbol: SimulatedSymbol) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([bar.close for bar in bars if bar.symbol == symbol.symbol])


def test_it_is_a_feed_of_history() -> None:
    feed: Feed = SimulatedFeed(CRYPTO, 7, START)
    assert (feed.name, feed.is_live, feed.begin) == ("simulated", False, START)


def test_the_same_settings_give_the_same_bytes() -> None:
    assert msgspec.json.encode(simulate()) == msgspec.json.encode(simulate())
    feed = SimulatedFeed(CRYPTO, 7, START, 2)
    assert read(feed) == read(feed)


def test_another_seed_gives_another_market() -> None:
    assert simulate(seed=8)[0].close != simulate(seed=7)[0].close


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**53), st.integers(1, 5_000), st.integers(0, 2 * 3 * 1_440 + 5))
def test_neither_batching_nor_skipping_changes_a_bar(seed: int, batch: int, skip: int) -> None:
    whole = simulate(seed=seed)
    assert simulate(seed=seed, batch=batch) == whole
    assert read(SimulatedFeed(CRYPTO, seed, START, 2, batch=batch), skip) == whole[skip:]


def test_without_an_end_it_goes_on_where_days_would_end_it() -> None:
    whole = simulate(days=3)
    assert len(whole) == 3 * 3 * 1_440
    assert read(SimulatedFeed(CRYPTO, 7, START), 0, len(whole)) == whole
    assert simulate(days=2) == whole[: 2 * 3 * 1_440]


def test_a_further_symbol_changes_no_other() -> None:
    alone = simulate([ETH])
    assert [bar for bar in simulate([BTC, SOL, ETH]) if bar.symbol == "ETH-USD"] == alone
    assert [bar for bar in simulate([SPY, ETH]) if bar.symbol == "ETH-USD"] == alone


def test_minutes_come_in_order_and_symbols_as_configured() -> None:
    bars = simulate([SOL, BTC, ETH], days=1)
    assert [bar.symbol for bar in bars[:6]] == ["SOL-USD", "BTC-USD", "ETH-USD"] * 2
    assert [bar.time for bar in bars] == [START + minute * MINUTE for minute in range(1_440) for _ in range(3)]


@pytest.mark.parametrize("seed", [1, 7, 99])
def test_every_bar_is_a_valid_one_on_its_tick(seed: int) -> None:
    last: dict[str, Bar] = {}
    for bar in simulate([*CRYPTO, SPY, simulated_symbol("XYZ", AssetClass.EQUITY, 0.05)], seed, days=15):
        assert fault(bar, last.get(bar.symbol)) is None
        assert bar.volume > 0
        tick = 0.05 if bar.symbol == "XYZ" else 0.01
        prices = (bar.open, bar.high, bar.low, bar.close)
        assert [round(round(price / tick) * tick, 2) for price in prices] == list(prices)
        last[bar.symbol] = bar
    assert set(last) == {"BTC-USD", "ETH-USD", "SOL-USD", "SPY", "XYZ"}


def test_equities_trade_in_exchange_hours_only() -> None:
    calendar = ExchangeCalendar("XNYS")
    bars = simulate([SPY, BTC], days=5)
    equity = [bar for bar in bars if bar.symbol == "SPY"]
    assert all(calendar.is_open(bar.time) for bar in equity)
    assert len(equity) == 4 * 390, "2025-01-09 was a day of mourning"
    assert len(bars) - len(equity) == 5 * 1_440


def test_t11_equities_stop_at_13_on_a_half_day() -> None:
    start = round(datetime(2025, 11, 28, tzinfo=UTC).timestamp() * 1000)
    bars = simulate([SPY], days=1, start=start)
    assert len(bars) == 210
    assert bars[-1].time == round(datetime(2025, 11, 28, 17, 59, tzinfo=UTC).timestamp() * 1000)


def test_t10_the_open_moves_with_the_clocks() -> None:
    start = round(datetime(2025, 3, 7, tzinfo=UTC).timestamp() * 1000)
    calendar = ExchangeCalendar("XNYS")
    first: dict[date, Millis] = {}
    for bar in simulate([SPY], days=4, start=start):
        first.setdefault(calendar.day_of(bar.time), bar.time)
    hours = {day.day: datetime.fromtimestamp(at / 1000, UTC).hour for day, at in first.items()}
    assert hours == {7: 14, 10: 13}


def test_a_start_within_a_session_gives_the_rest_of_it() -> None:
    start = round(datetime(2025, 1, 6, 20, 30, tzinfo=UTC).timestamp() * 1000)
    assert len(simulate([SPY], days=1, start=start)) == 30 + 360


def test_levels_and_volatilities_are_realistic() -> None:
    bars = simulate([*CRYPTO, SPY], days=365)
    for symbol, days in ((BTC, 365), (ETH, 365), (SOL, 365), (SPY, 252)):
        series = closes(bars, symbol)
        minutes = 390 if symbol is SPY else 1_440
        annual = float(np.diff(np.log(series[minutes - 1 :: minutes])).std()) * days**0.5
        assert 0.8 < annual / symbol.volatility < 1.2
        assert series.min() / symbol.price > 0.3
        assert series.max() / symbol.price < 3.0
        assert abs(series[0] / symbol.price - 1) < 0.02


def test_symbols_of_a_class_move_together() -> None:
    bars = simulate([*CRYPTO, SPY, QQQ], days=90)
    returns = {symbol.symbol: np.diff(np.log(closes(bars, symbol))) for symbol in (*CRYPTO, SPY, QQQ)}

    def correlation(one: str, other: str) -> float:
        return float(np.corrcoef(returns[one], returns[other])[0, 1])

    assert 0.6 < correlation("BTC-USD", "ETH-USD") < 0.95
    assert 0.5 < correlation("BTC-USD", "SOL-USD") < 0.9
    assert 0.8 < correlation("SPY", "QQQ") < 0.98


def test_volatility_clusters_and_tails_are_fat() -> None:
    returns = np.diff(np.log(closes(simulate([BTC], days=60), BTC)))
    size = np.abs(returns) - np.abs(returns).mean()
    assert float((size[10:] * size[:-10]).mean() / size.var()) > 0.08
    assert abs(float((returns[10:] * returns[:-10]).mean() / returns.var())) < 0.1
    assert float(((returns / returns.std()) ** 4).mean()) > 4.5


def test_volume_follows_the_size_of_the_move() -> None:
    bars = simulate([ETH], days=20)
    moves = np.abs(np.diff(np.log(closes(bars, ETH))))
    assert np.corrcoef(moves, [bar.volume for bar in bars[1:]])[0, 1] > 0.4


def test_equities_have_the_u_of_exchange_hours() -> None:
    bars = simulate([SPY], days=120)
    volume = np.array([bar.volume for bar in bars]).reshape(-1, 390).mean(axis=0)
    moves = np.abs([np.log(bar.high / bar.low) for bar in bars]).reshape(-1, 390).mean(axis=0)
    for shape in (volume, moves):
        noon = shape[150:240].mean()
        assert shape[:20].mean() > 1.3 * noon
        assert shape[-10:].mean() > 1.15 * noon


def test_a_percent_in_eight_bars_is_usual_within_an_hour_or_so() -> None:
    bars = simulate([ETH, SOL], days=60)
    spans = []
    for symbol in (ETH, SOL):
        series = closes(bars, symbol)
        spans.append(np.abs(series[8:] / series[:-8] - 1)[: 59 * 1_440] > 0.01)
    either = spans[0] | spans[1]
    assert either.reshape(-1, 90).any(axis=1).mean() > 0.6


def test_the_default_session_moves_within_its_first_hour() -> None:
    bars = simulate(CRYPTO, seed=7, days=1)[: 3 * 60]
    moves = [np.abs(closes(bars, each)[8:] / closes(bars, each)[:-8] - 1).max() for each in CRYPTO]
    assert max(moves) > 0.01


def test_an_unknown_symbol_gets_its_figures_from_its_name() -> None:
    one = simulated_symbol("DOGE-USD", AssetClass.CRYPTO)
    assert one == simulated_symbol("DOGE-USD", AssetClass.CRYPTO)
    assert one == SimulatedSymbol("DOGE-USD", AssetClass.CRYPTO, one.price, one.volatility, 0.75, 60_000.0, 0.01)
    assert one.price == 197.54, "the same in every process and on every machine"
    assert one.price != simulated_symbol("PEPE-USD", AssetClass.CRYPTO).price


def test_the_scale_keeps_the_variance_of_a_day() -> None:
    days = [ReturnSource(seed, "scale").take(1_440 * 120)[0].reshape(120, 1_440).sum(axis=1) for seed in range(8)]
    assert 0.85 < float(np.concatenate(days).var()) / 1_440 < 1.15


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 400), max_size=8))
def test_a_source_goes_on_exactly_where_it_ended(seed: int, cuts: list[int]) -> None:
    whole, pieces = ReturnSource(seed, "x"), ReturnSource(seed, "x")
    taken = [pieces.take(cut) for cut in cuts]
    returns, volatility = whole.take(sum(cuts))
    assert returns.tolist() == [value for piece, _ in taken for value in piece.tolist()]
    assert volatility.tolist() == [value for _, piece in taken for value in piece.tolist()]


@pytest.mark.parametrize(
    ("symbols", "seed", "start", "days", "why"),
    [
        ([], 7, START, 0, "no symbols; set feed.symbols"),
        ([BTC, ETH, BTC], 7, START, 0, "BTC-USD given more than once"),
        ([BTC], -1, START, 0, "seed -1 is negative"),
        ([BTC], 7, START + 1, 0, "not a whole minute"),
        ([BTC], 7, START, -1, "-1 days"),
        ([msgspec.structs.replace(BTC, symbol="")], 7, START, 0, "a symbol without a name"),
        ([msgspec.structs.replace(BTC, price_step=100.0)], 7, START, 0, "set a smaller price_step"),
        ([msgspec.structs.replace(BTC, price=float("nan"))], 7, START, 0, "set a smaller price_step"),
        ([msgspec.structs.replace(BTC, volatility=9.0)], 7, START, 0, "annual volatility of 9.0"),
        ([msgspec.structs.replace(BTC, loading=1.5)], 7, START, 0, "loading from 0 to 1"),
    ],
)
def test_what_cannot_be_simulated_is_refused(
    symbols: list[SimulatedSymbol], seed: int, start: Millis, days: int, why: str
) -> None:
    with pytest.raises(FeedError, match=why):
        SimulatedFeed(symbols, seed, start, days)


def test_beyond_the_calendar_it_says_so() -> None:
    start = round(datetime(2049, 12, 30, tzinfo=UTC).timestamp() * 1000)
    with pytest.raises(FeedError, match="simulated market: calendar XNYS is known from"):
        simulate([SPY], start=start, days=0)
