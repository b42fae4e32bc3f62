"""Costs to the cent, by date, and the largest quantity cash can pay."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentio_tui.brokers.costs import Cost, CostSchedule, CostsUnknown
from sentio_tui.model.bars import Millis
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Side


def day(text: str) -> Millis:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


BTC = Instrument("BTC-USD", AssetClass.CRYPTO, 0.0001, 0.01)
SPY = Instrument("SPY", AssetClass.EQUITY, 1.0, 0.01)
CRYPTO = Cost(AssetClass.CRYPTO, commission_rate=0.006)
OLD = Cost(AssetClass.EQUITY, day("2024-01-01"), sec_rate=0.0000278, taf_per_share=0.000166, taf_maximum=8.30)
NEW = Cost(AssetClass.EQUITY, day("2025-05-14"), sec_rate=0.0, taf_per_share=0.000166, taf_maximum=8.30)
SCHEDULE = CostSchedule([NEW, CRYPTO, OLD])


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_crypto_pays_on_both_sides(side: Side) -> None:
    # 0.25 x 40,040.00 = 10,010.00, of which 0.6 % is 60.06.
    assert SCHEDULE.commission(BTC, side, 0.25, 40_040.0, day("2025-06-01")) == pytest.approx(60.06, abs=1e-9)


@pytest.mark.parametrize(
    ("side", "at", "cents"),
    [
        # 1,000 x 500 = 500,000; SEC 0.0000278 of it is 13.90, TAF 1,000 x 0.000166 = 0.166.
        (Side.SELL, "2025-05-13T23:59:59", 14.066),
        (Side.SELL, "2025-05-14", 0.166),
        (Side.SELL, "2026-01-01", 0.166),
        (Side.BUY, "2025-05-13", 0.0),
    ],
)
def test_regulatory_fees_are_dated_and_on_sells_only(side: Side, at: str, cents: float) -> None:
    assert SCHEDULE.commission(SPY, side, 1000.0, 500.0, day(at)) == pytest.approx(cents, abs=1e-9)


def test_per_share_commission_is_on_both_sides() -> None:
    schedule = CostSchedule([Cost(AssetClass.EQUITY, commission_per_share=0.005)])
    assert schedule.commission(SPY, Side.BUY, 200.0, 50.0, 0) == pytest.approx(1.0)
    assert schedule.commission(SPY, Side.SELL, 200.0, 50.0, 0) == pytest.approx(1.0)


def test_the_taf_of_one_execution_stops_at_its_maximum() -> None:
    # 60,000 x 0.000166 = 9.96, above 8.30.
    assert SCHEDULE.commission(SPY, Side.SELL, 60_000.0, 10.0, day("2026-01-01")) == pytest.approx(8.30)


def test_a_maximum_of_zero_is_no_limit() -> None:
    schedule = CostSchedule([Cost(AssetClass.EQUITY, taf_per_share=0.001)])
    assert schedule.commission(SPY, Side.SELL, 100_000.0, 10.0, 0) == pytest.approx(100.0)


@given(parts=st.lists(st.integers(1, 40_000), min_size=1, max_size=12), later=st.integers(0, 12))
def test_the_parts_of_an_order_share_the_taf_maximum(parts: list[int], later: int) -> None:
    lower = Cost(AssetClass.EQUITY, 10, taf_per_share=0.0001, taf_maximum=8.30)
    schedule = CostSchedule([Cost(AssetClass.EQUITY, 0, taf_per_share=0.000166, taf_maximum=8.30), lower])
    paid = 0.0
    for index, part in enumerate(parts):
        at = 10 if index >= later else 0
        fee = schedule.taf(SPY, Side.SELL, float(part), at, paid)
        assert schedule.commission(SPY, Side.SELL, float(part), 10.0, at, paid) == pytest.approx(fee)
        paid += fee
    assert paid <= 8.30 + 1e-12
    if later >= len(parts):
        assert paid == pytest.approx(min(8.30, sum(parts) * 0.000166))


def test_a_class_without_entries_is_free_but_a_date_before_the_first_is_unknown() -> None:
    assert CostSchedule([CRYPTO]).commission(SPY, Side.SELL, 10.0, 10.0, 0) == 0.0
    with pytest.raises(CostsUnknown, match=r"equity on 2023-12-31.*2024-01-01.*earlier entry"):
        SCHEDULE.commission(SPY, Side.SELL, 10.0, 10.0, day("2023-12-31"))
    with pytest.raises(CostsUnknown):
        SCHEDULE.affordable(SPY, 1000.0, 10.0, day("2023-12-31"))


def test_the_schedule_refuses_what_contradicts_itself() -> None:
    with pytest.raises(ValueError, match="two cost entries for equity since 2024-01-01"):
        CostSchedule([OLD, OLD])
    with pytest.raises(ValueError, match="commission_rate of the crypto costs"):
        CostSchedule([Cost(AssetClass.CRYPTO, commission_rate=1.0)])
    with pytest.raises(ValueError, match="taf_maximum"):
        CostSchedule([Cost(AssetClass.EQUITY, taf_maximum=-1.0)])
    with pytest.raises(ValueError, match="sec_rate"):
        CostSchedule([Cost(AssetClass.EQUITY, sec_rate=float("nan"))])


def test_affordable_is_exact_at_the_boundary() -> None:
    shares = Instrument("X", AssetClass.CRYPTO, 1.0, 0.01)
    # Ten at 100 cost 1,000 and 6 commission.
    assert SCHEDULE.affordable(shares, 1006.0, 100.0, 0) == 10.0
    assert SCHEDULE.affordable(shares, 1005.99, 100.0, 0) == 9.0
    assert SCHEDULE.affordable(shares, 100.59, 100.0, 0) == 0.0
    assert SCHEDULE.affordable(shares, 0.0, 100.0, 0) == 0.0
    assert SCHEDULE.affordable(shares, -5.0, 100.0, 0) == 0.0


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_affordable_needs_a_price(price: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        SCHEDULE.affordable(BTC, 100.0, price, 0)


@given(
    cash=st.floats(0, 1e9),
    price=st.floats(1e-6, 1e6),
    step=st.sampled_from([1.0, 0.01, 0.0001, 1e-8, 0.03, 5.0]),
    rate=st.floats(0, 0.1),
    per_share=st.floats(0, 1),
)
@example(cash=1e9, price=1e-6, step=1e-8, rate=0.006, per_share=0.0)
@example(cash=301.8, price=100.0, step=1.0, rate=0.006, per_share=0.0)
def test_affordable_is_the_largest_quantity_that_fits(
    cash: float, price: float, step: float, rate: float, per_share: float
) -> None:
    instrument = Instrument("X", AssetClass.CRYPTO, step, 0.01)
    schedule = CostSchedule([Cost(AssetClass.CRYPTO, commission_rate=rate, commission_per_share=per_share)])

    def cost(quantity: float) -> float:
        return quantity * price + schedule.commission(instrument, Side.BUY, quantity, price, 0)

    quantity = schedule.affordable(instrument, cash, price, 0)
    assert quantity >= 0.0
    assert cash - cost(quantity) >= 0.0
    if quantity / step < 2**50:
        assert cost(quantity + step) > cash * (1 - 1e-12)


@given(low=st.floats(0, 1e6), high=st.floats(0, 1e6), price=st.floats(0.01, 1e5))
def test_affordable_grows_with_cash(low: float, high: float, price: float) -> None:
    low, high = sorted((low, high))
    assert SCHEDULE.affordable(BTC, low, price, 0) <= SCHEDULE.affordable(BTC, high, price, 0)
