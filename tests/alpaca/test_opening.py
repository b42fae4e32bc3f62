"""Opening an account for a session: what it begins with, and what keeps it from beginning."""

import json
from collections.abc import Callable

import pytest
import requests

from sentio_tui.alpaca.answers import Account, Position
from sentio_tui.alpaca.keys import KEY_ID, SECRET, Keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.opening import NotOpened, Opened, check, look
from sentio_tui.alpaca.preflight import Plan
from tests.exchange.server import FakeAlpaca, ThreadedAlpaca


def place(alpaca: FakeAlpaca) -> Place:
    return Place("paper", alpaca.url, alpaca.url)


@pytest.fixture
def alpaca(threaded_exchange: ThreadedAlpaca, monkeypatch: pytest.MonkeyPatch) -> FakeAlpaca:
    made = threaded_exchange.alpaca
    monkeypatch.setenv(KEY_ID, made.key)
    monkeypatch.setenv(SECRET, made.secret)
    return made


def buy(alpaca: FakeAlpaca, symbol: str, quantity: int) -> None:
    headers = {"APCA-API-KEY-ID": alpaca.key, "APCA-API-SECRET-KEY": alpaca.secret}
    body = {"symbol": symbol, "qty": str(quantity), "side": "buy", "type": "market", "time_in_force": "day"}
    answer = requests.post(f"{alpaca.url}/v2/orders", data=json.dumps(body), headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text


def opened(cash: float, *held: Position) -> Opened:
    return Opened(Keys("PKTESTTESTTEST", "secret"), Place(), Account("id-1", "ACTIVE", cash, 5e6, 9e6), held)


def test_capital_is_cash_and_what_is_held_of_the_sessions_symbols_never_what_could_be_borrowed() -> None:
    account = opened(
        1_000.0,
        Position("SPY", 2.0, 500.0, market_value=1_100.0),
        Position("BTC-USD", 0.5, 40_000.0, "crypto"),
        Position("MSFT", 7.0, 400.0, market_value=2_800.0),
    )
    assert account.capital(("SPY", "BTC-USD", "QQQ")) == 1_000.0 + 1_100.0 + 20_000.0
    assert account.capital(("QQQ",)) == 1_000.0


def test_the_mark_of_an_account_is_always_the_same_and_tells_nothing_of_it() -> None:
    account = opened(1.0)
    assert account.mark == opened(2.0).mark
    assert "id-1" not in account.mark
    other = Opened(account.keys, Place("live"), account.account, ())
    assert other.mark != account.mark


def test_an_account_is_opened_with_what_it_holds(alpaca: FakeAlpaca) -> None:
    buy(alpaca, "SPY", 3)
    account = look(place(alpaca))
    assert [(held.symbol, held.qty) for held in account.positions] == [("SPY", 3.0)]
    assert account.capital(("SPY",)) == pytest.approx(100_000.0, rel=1e-3)
    assert account.number == account.account.account_number
    assert account.number
    assert alpaca.secret not in repr(account)


def test_without_keys_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ID, "PKHALF")
    monkeypatch.delenv(SECRET, raising=False)
    with pytest.raises(NotOpened, match="sentio-tui doctor"):
        look(Place())


def test_keys_that_are_refused_are_not_shown(alpaca: FakeAlpaca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "another-secret-than-that")
    with pytest.raises(NotOpened) as caught:
        look(place(alpaca))
    assert "401" in str(caught.value)
    assert "another-secret-than-that" not in str(caught.value)


@pytest.mark.parametrize(
    ("symbols", "clock", "says"),
    [
        (("SPY", "NOPE"), 0, "symbols: NOPE is unknown to Alpaca"),
        (("SPY",), 120_000, "clock: this machine's clock is 120.0 s ahead"),
    ],
)
def test_what_failed_is_told_with_what_to_do(
    alpaca: FakeAlpaca, symbols: tuple[str, ...], clock: int, says: str
) -> None:
    plan = Plan(symbols, place(alpaca), "iex", alpaca.ws_url)
    now: Callable[[], int] = lambda: alpaca.clock.now + clock  # noqa: E731  # a clock beside the exchange's
    with pytest.raises(NotOpened) as caught:
        check(plan, Keys(alpaca.key, alpaca.secret), now)
    first, *lines = str(caught.value).splitlines()
    assert first == "Alpaca cannot be traded with now:"
    assert any(line.startswith(says) for line in lines), lines


def test_what_is_not_well_but_forbids_nothing_is_given_back(alpaca: FakeAlpaca) -> None:
    plan = Plan(("SPY",), place(alpaca), "iex", alpaca.ws_url)
    (warning,) = check(plan, Keys(alpaca.key, alpaca.secret), lambda: alpaca.clock.now + 5_000)
    assert warning.name == "clock"
