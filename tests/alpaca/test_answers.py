"""Reading what Alpaca says, and writing what it takes."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.alpaca.answers import (
    Account,
    BadAnswer,
    BrokerOrder,
    NewOrder,
    Position,
    instant,
    iso_time,
    our_symbol,
    price,
    read,
    read_all,
    read_bar,
    read_update,
    their_symbol,
)
from sentio_tui.model.bars import Bar

ORDER = {"id": "1", "client_order_id": "sentio-1", "symbol": "SPY", "side": "buy", "status": "held", "qty": "3"}


@pytest.mark.parametrize(
    ("theirs", "kind", "ours"),
    [
        ("SPY", "us_equity", "SPY"),
        ("BRK.B", "us_equity", "BRK.B"),
        ("BTC/USD", "crypto", "BTC-USD"),
        ("BTCUSD", "crypto", "BTC-USD"),
        ("ETHBTC", "crypto", "ETH-BTC"),
        ("BTCUSDT", "crypto", "BTC-USDT"),
    ],
)
def test_symbols_of_crypto_are_read_in_both_spellings(theirs: str, kind: str, ours: str) -> None:
    assert our_symbol(theirs, kind) == ours
    assert our_symbol(their_symbol(ours), kind) == ours


def test_an_order_with_values_nobody_knows_is_read() -> None:
    order = read(ORDER | {"status": "teleporting", "filled_avg_price": None, "order_class": "", "new": {}}, BrokerOrder)
    assert order.qty == 3
    assert order.filled_avg_price is None
    assert not order.is_done


def test_an_account_without_the_fields_of_day_trading_is_read() -> None:
    account = read({"id": "1", "status": "ACTIVE", "cash": "1", "equity": "2.5", "buying_power": "4"}, Account)
    assert (account.cash, account.equity, account.buying_power) == (1.0, 2.5, 4.0)


def test_a_strange_answer_names_its_field() -> None:
    with pytest.raises(BadAnswer, match=r"not BrokerOrder.*side"):
        read({name: value for name, value in ORDER.items() if name != "side"}, BrokerOrder)
    with pytest.raises(BadAnswer, match="not a list of Position"):
        read_all({"message": "no"}, Position)
    with pytest.raises(BadAnswer, match="without data"):
        read_update(None)


def test_an_update_in_crypto_has_our_symbol() -> None:
    raw = {"event": "fill", "price": "97000.5", "qty": "0.001", "execution_id": "e"}
    update = read_update(raw | {"order": ORDER | {"symbol": "BTC/USD", "asset_class": "crypto"}})
    assert update.order.symbol == "BTC-USD"
    assert (update.price, update.qty) == (97000.5, 0.001)


@pytest.mark.parametrize(
    "time",
    [
        "2025-01-06T14:30:00Z",
        "2025-01-06T14:30:00.000456789Z",
        "2025-01-06T09:30:00-05:00",
        datetime(2025, 1, 6, 14, 30, tzinfo=UTC),
        msgspec.msgpack.decode(msgspec.msgpack.encode(datetime(2025, 1, 6, 14, 30, tzinfo=UTC))),
    ],
)
def test_times_are_read_as_they_come(time: object) -> None:
    bar = read_bar({"o": 1, "h": 3, "l": 0.5, "c": 2, "v": 10, "t": time}, "SPY", backfilled=True)
    assert bar == Bar("SPY", 1736173800000, 1.0, 3.0, 0.5, 2.0, 10.0, backfilled=True)


@pytest.mark.parametrize("bad", [{"c": None}, {"t": "soon"}, {"t": 5}, {"v": "x"}])
def test_a_bar_that_is_none_is_told(bad: dict[str, object]) -> None:
    whole = {"o": 1, "h": 3, "l": 0.5, "c": 2, "v": 10, "t": "2025-01-06T14:30:00Z"}
    with pytest.raises(BadAnswer, match="not a bar of SPY"):
        read_bar(whole | bad, "SPY", backfilled=False)


@given(st.integers(0, 4_102_444_800_000))
def test_times_come_back_as_they_were_written(at: int) -> None:
    assert instant(iso_time(at)) == at


@given(st.floats(0.0001, 1_000_000))
def test_prices_never_have_more_digits_than_alpaca_takes(value: float) -> None:
    quantised = price(value)
    assert abs(quantised - Decimal(str(value))) <= (Decimal("0.005") if value >= 1 else Decimal("0.00005"))
    exponent = quantised.as_tuple().exponent
    assert isinstance(exponent, int)
    assert -exponent == (2 if Decimal(str(value)) >= 1 else 4)


def test_an_order_is_written_without_binary_dust() -> None:
    order = NewOrder("sentio-1", "BTC-USD", "sell", qty=Decimal("1E-8"), type="limit", limit_price=price(0.1 + 0.2))
    assert order.body() == {
        "client_order_id": "sentio-1",
        "symbol": "BTC/USD",
        "side": "sell",
        "type": "limit",
        "time_in_force": "day",
        "qty": "0.00000001",
        "limit_price": "0.3000",
    }


@pytest.mark.parametrize("amounts", [(None, None), (Decimal(1), Decimal(1))])
def test_an_order_has_a_quantity_or_a_notional(amounts: tuple[Decimal | None, Decimal | None]) -> None:
    quantity, notional = amounts
    with pytest.raises(ValueError, match="either a quantity or a notional"):
        NewOrder("sentio-1", "SPY", "buy", qty=quantity, notional=notional).body()
