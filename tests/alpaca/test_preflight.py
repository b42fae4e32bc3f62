"""The checks before an Alpaca session, and the smoke test of a paper account, against the local exchange."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from sentio_tui.alpaca import preflight as checks_of
from sentio_tui.alpaca import smoke as smoke_test
from sentio_tui.alpaca.keys import KEY_ID, SECRET, Keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.preflight import Check, Outcome, Plan, has_failed, preflight
from sentio_tui.alpaca.smoke import smoke
from tests.alpaca.places import Heard, keys_of, place_of, running, stocks
from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca


def plan(exchange: FakeAlpaca, *symbols: str, days: int = 0, feed: checks_of.DataFeed = "iex") -> Plan:
    return Plan(symbols or ("SPY", "SDS"), place_of(exchange), feed, exchange.ws_url, days)


async def looked(exchange: FakeAlpaca, wanted: Plan, keys: Keys | None = None) -> tuple[Check, ...]:
    return await preflight(wanted, keys=keys or keys_of(exchange), now=lambda: exchange.clock.now)


def outcomes(checks: Sequence[Check], name: str) -> list[Outcome]:
    return [check.outcome for check in checks if check.name == name]


def only(checks: Sequence[Check], outcome: Outcome) -> Check:
    (found,) = [check for check in checks if check.outcome is outcome]
    return found


async def test_a_sound_account_passes_and_nothing_stays_open(exchange: FakeAlpaca) -> None:
    checks = await looked(exchange, plan(exchange, "SPY", "SDS", "BTC-USD", days=3))
    assert {check.outcome for check in checks} == {Outcome.OK}, checks
    assert [check.name for check in checks] == [
        "keys", "account", "clock", "symbols", "symbols", "symbols", "feed iex", "feed crypto", "history", "history",
    ]  # fmt: skip
    assert not has_failed(checks)
    await until(lambda: exchange.sockets_open == 0, "its sockets are closed")
    assert all(method == "GET" for method, _ in exchange.requests)


async def test_wrong_keys_fail_and_the_rest_is_not_asked(exchange: FakeAlpaca) -> None:
    checks = await looked(exchange, plan(exchange), Keys("PKWRONGWRONG1234", "wrong-secret"))
    assert only(checks, Outcome.FAILED).name == "account"
    assert [check.name for check in checks] == ["keys", "account"]
    assert "wrong-secret" not in str(checks)


async def test_no_keys_are_told_with_what_to_do(exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ID, "PKHALF")
    monkeypatch.delenv(SECRET, raising=False)
    (check,) = await preflight(plan(exchange))
    assert check.outcome is Outcome.FAILED
    assert SECRET in check.found


async def test_keys_of_the_other_mode_are_a_warning(exchange: FakeAlpaca) -> None:
    live = Plan(("SPY",), Place("live", exchange.url, exchange.url), "iex", exchange.ws_url)
    checks = await looked(exchange, live)
    assert "look like those of a paper account" in only(checks, Outcome.WARNING).found


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("status", "ONBOARDING", "is ONBOARDING"),
        ("trading_blocked", True, "blocked"),
        ("account_blocked", True, "blocked"),
    ],
)
async def test_an_account_that_may_not_trade_fails(
    exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch, field: str, value: object, says: str
) -> None:
    body = exchange.exchange.account.body
    monkeypatch.setattr(exchange.exchange.account, "body", lambda orders: body(orders) | {field: value})
    checks = await looked(exchange, plan(exchange))
    assert says in only(checks, Outcome.FAILED).found


@pytest.mark.parametrize(
    ("seconds", "outcome", "says"),
    [(1, Outcome.OK, "1.0 s behind"), (10, Outcome.WARNING, "10.0 s behind"), (-60, Outcome.FAILED, "60.0 s ahead")],
)
async def test_a_wrong_clock_is_told(exchange: FakeAlpaca, seconds: int, outcome: Outcome, says: str) -> None:
    exchange.faults.add("clock_skew", times=None, path="/v2/clock", seconds=seconds)
    checks = await looked(exchange, plan(exchange))
    assert outcomes(checks, "clock") == [outcome]
    assert says in next(check.found for check in checks if check.name == "clock")


async def test_symbols_that_cannot_be_traded_fail_and_whole_shares_warn(exchange: FakeAlpaca) -> None:
    checks = await looked(exchange, plan(exchange, "SPY", "IBM", "NOSUCH"))
    assert outcomes(checks, "symbols") == [Outcome.OK, Outcome.WARNING, Outcome.FAILED]
    assert "NOSUCH is unknown" in only(checks, Outcome.FAILED).found


async def test_t05_a_feed_that_the_plan_does_not_include_fails(exchange: FakeAlpaca) -> None:
    checks = await looked(exchange, plan(exchange, feed="sip"))
    assert outcomes(checks, "feed sip") == [Outcome.FAILED]
    assert "feed.alpaca.feed" in next(check.found for check in checks if check.name == "feed sip")


async def test_another_process_on_the_same_keys_fails(exchange: FakeAlpaca) -> None:
    async with running(stocks(exchange, Heard()), bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
        checks = await looked(exchange, plan(exchange))
    found = only(checks, Outcome.FAILED)
    assert found.name == "feed iex"
    assert "taken" in found.found
    assert "Stop the other process" in found.advice


async def test_a_session_that_goes_on_is_only_warned_of_a_taken_connection(exchange: FakeAlpaca) -> None:
    async with running(stocks(exchange, Heard()), bars=["SPY"]):
        await until(lambda: exchange.subscribed == 1, "it listens")
        checks = await looked(exchange, replace(plan(exchange), goes_on=True))
    assert not has_failed(checks)
    found = next(check for check in checks if check.outcome is Outcome.WARNING and check.name == "feed iex")
    assert "maybe still by the process that broke off" in found.found


async def test_t07_a_mute_stream_fails_in_time(exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_of, "STREAM_SECONDS", 0.2)
    exchange.faults.add("mute_greeting", times=None)
    checks = await looked(exchange, plan(exchange))
    assert "no answer within" in only(checks, Outcome.FAILED).found


@pytest.mark.parametrize(("days", "outcome"), [(0, Outcome.WARNING), (5, Outcome.FAILED)])
async def test_history_that_is_not_there_fails_where_it_is_needed(
    exchange: FakeAlpaca, days: int, outcome: Outcome
) -> None:
    exchange.faults.add("empty_bars", times=None)
    checks = await looked(exchange, plan(exchange, days=days))
    assert outcomes(checks, "history") == [outcome]


async def test_shares_on_the_crypto_feed_fail(exchange: FakeAlpaca) -> None:
    checks = await looked(exchange, plan(exchange, "SPY", feed="crypto"))
    assert "crypto feed has no SPY" in only(checks, Outcome.FAILED).found


@asynccontextmanager
async def time_goes_on(exchange: FakeAlpaca) -> AsyncIterator[None]:
    """A second of the exchange's time each time the loop has nothing better to do."""

    async def tick() -> None:
        while True:
            exchange.clock.advance(1)
            await asyncio.sleep(0.005)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()


async def test_smoke_tries_the_streams_and_an_order_and_leaves_nothing(exchange: FakeAlpaca) -> None:
    async with time_goes_on(exchange):
        checks = await smoke(plan(exchange), keys=keys_of(exchange), now=lambda: exchange.clock.now)
    assert {check.outcome for check in checks} == {Outcome.OK}, checks
    assert [check.name for check in checks] == [
        "test feed", "trading stream", "order", "no second order", "look-up", "cancel", "events",
    ]  # fmt: skip
    (order,) = exchange.exchange.orders.values()
    assert order.status == "canceled"
    await until(lambda: exchange.sockets_open == 0, "its sockets are closed")


async def test_smoke_cancels_its_order_whatever_happens(exchange: FakeAlpaca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke_test, "EVENT_SECONDS", 1.0)
    exchange.faults.add("403", times=None, path="/v2/orders:by_client_order_id")
    async with time_goes_on(exchange):
        checks = await smoke(plan(exchange), keys=keys_of(exchange), now=lambda: exchange.clock.now)
    assert has_failed(checks)
    assert all(not order.is_open for order in exchange.exchange.orders.values())


async def test_smoke_never_touches_a_live_account(exchange: FakeAlpaca) -> None:
    live = Plan(("SPY",), Place("live", exchange.url, exchange.url), "iex", exchange.ws_url)
    assert has_failed(await smoke(live, keys=keys_of(exchange)))
    assert not exchange.requests
