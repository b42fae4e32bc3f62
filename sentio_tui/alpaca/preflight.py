"""Whether a session can trade with Alpaca now: what the cockpit asks before one starts, and the doctor at any time."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Final, Literal

from msgspec import Struct

from sentio_tui.alpaca.answers import BadAnswer, instant, iso_time
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.keys import Keys, KeysError, find_keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.rest import Rest
from sentio_tui.alpaca.streams import (
    Message,
    StockFeed,
    Stream,
    StreamState,
    StreamWord,
    crypto_stream,
    prepare,
    stock_stream,
)
from sentio_tui.model.bars import MINUTE, Bar, Millis

DataFeed = Literal[StockFeed, "crypto"]

DAY: Final = 86_400_000
SKEW_WARNED: Final = 2.0
SKEW_REFUSED: Final = 30.0
"""Seconds this machine's clock may be wrong. Bars and fills are told by it."""
SIP_DELAY: Final = 16 * MINUTE
"""A plan without live SIP may ask for what is older."""
STREAM_SECONDS: Final = 20.0
ONCE: Final = (1.0, 1.0)
"""Backoff of a stream that is only tried."""


class Outcome(Enum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Check(Struct, frozen=True):
    """One thing that was looked at: what was found, and what to do where it is not well."""

    name: str
    outcome: Outcome
    found: str
    advice: str = ""


class Plan(Struct, frozen=True):
    """What a session is going to do at Alpaca. `symbols` are ours, those with a dash are crypto.

    `stream_url` is the host of the data streams, empty for Alpaca's; `warm_up_days` are exchange days of minute bars
    before the first. One that `goes_on` may find its connections taken by the process before it, for about 90 seconds.
    """

    symbols: tuple[str, ...]
    place: Place = Place()
    data_feed: DataFeed = "iex"
    stream_url: str = ""
    warm_up_days: int = 0
    goes_on: bool = False

    @property
    def coins(self) -> list[str]:
        return [symbol for symbol in self.symbols if "-" in symbol]

    @property
    def shares(self) -> list[str]:
        return [symbol for symbol in self.symbols if "-" not in symbol]


def ok(name: str, found: str) -> Check:
    return Check(name, Outcome.OK, found)


def warning(name: str, found: str, advice: str) -> Check:
    return Check(name, Outcome.WARNING, found, advice)


def failed(name: str, found: str, advice: str) -> Check:
    return Check(name, Outcome.FAILED, found, advice)


def has_failed(checks: Sequence[Check]) -> bool:
    return any(check.outcome is Outcome.FAILED for check in checks)


async def preflight(
    plan: Plan,
    *,
    keys: Keys | None = None,
    now: Callable[[], Millis] = lambda: time.time_ns() // 1_000_000,
) -> tuple[Check, ...]:
    """All checks of an Alpaca session, in order; later ones are left out where an earlier failure makes them
    meaningless. Takes a bounded time and raises nothing for what is wrong there. A session must not start where
    `has_failed` says so.

    It takes the data stream's place for a moment: no stream of this account may be open in the process that asks.
    `keys` are found in the environment or the keyring where none are given.
    """
    mode = plan.place.mode
    try:
        keys = keys or find_keys(mode)
    except KeysError as error:
        return (failed("keys", str(error), "Make keys at https://app.alpaca.markets and set them."),)
    await asyncio.to_thread(prepare)
    rest = Rest(keys, plan.place, now=now)
    try:
        first = [_looks(keys, plan), await _told("account", _account(rest, mode))]
        if has_failed(first):
            return tuple(first)
        rest_of = [_told("clock", _clock(rest, now)), *(_told("symbols", _symbol(rest, each)) for each in plan.symbols)]
        checks = [*first, *[await each for each in rest_of]]
        checks += await _streams(keys, plan)
        checks += [await _told("history", each) for each in _histories(rest, plan, now)]
        return tuple(checks)
    finally:
        rest.close()


async def _told(name: str, check: Awaitable[Check]) -> Check:
    """The check, or that it could not be made."""
    try:
        return await check
    except AlpacaError as error:
        return failed(name, error.told, error.advice)
    except BadAnswer as error:
        return failed(name, f"Alpaca's answer is strange: {error}", "See whether a newer version of sentio-tui is out.")


def _looks(keys: Keys, plan: Plan) -> Check:
    mode = plan.place.mode
    found = f"{keys.masked} {keys.source}".strip()
    other = {"PK": "paper", "AK": "live"}.get(keys.key_id[:2], mode)
    if other != mode:
        return warning("keys", f"{found}, which look like those of a {other} account", f"Use those of your {mode} one.")
    return ok("keys", found)


async def _account(rest: Rest, mode: str) -> Check:
    account = await rest.account()
    where = f"{mode} account {account.account_number or account.id}"
    if account.blocked:
        return failed("account", f"{where} {account.blocked}", "Look at your account at https://app.alpaca.markets.")
    money = f"{account.equity:,.2f} {account.currency} equity, {account.buying_power:,.2f} to spend"
    return ok("account", f"{where}: {money}")


async def _clock(rest: Rest, now: Callable[[], Millis]) -> Check:
    before = now()
    clock = await rest.clock()
    there = _instant(clock.timestamp)
    skew = (there - (before + now()) / 2) / 1000
    state = "open" if clock.is_open else f"closed until {clock.next_open}"
    found = f"this machine's clock is {abs(skew):.1f} s {'behind' if skew > 0 else 'ahead'}; the exchange is {state}"
    if abs(skew) > SKEW_REFUSED:
        return failed("clock", found, "Set it right (`timedatectl set-ntp true`): bars would count as old or as new.")
    if abs(skew) > SKEW_WARNED:
        return warning("clock", found, "Set it right (`timedatectl set-ntp true`).")
    return ok("clock", found)


def _instant(text: str) -> Millis:
    try:
        return instant(text)
    except ValueError as error:
        raise BadAnswer(f"a time: {error}") from None


async def _symbol(rest: Rest, symbol: str) -> Check:
    if symbol == "FAKEPACA":
        return ok("symbols", f"{symbol} is the test feed's own, and cannot be traded")
    try:
        asset = await rest.asset(symbol)
    except AlpacaError as error:
        if not error.is_not_found:
            raise
        return failed("symbols", f"{symbol} is unknown to Alpaca", "Check its spelling (feed.symbols).")
    if asset.status != "active" or not asset.tradable:
        return failed("symbols", f"{symbol} cannot be traded at Alpaca", "Trade another symbol (feed.symbols).")
    if not asset.fractionable:
        return warning("symbols", f"{symbol} is traded in whole shares only", "Its orders are rounded down.")
    return ok("symbols", f"{symbol} can be traded, in fractions too")


async def _streams(keys: Keys, plan: Plan) -> list[Check]:
    if plan.shares and plan.data_feed == "crypto":
        found = f"the crypto feed has no {', '.join(plan.shares)}"
        return [failed("feed crypto", found, "Choose iex or sip (feed.alpaca.feed).")]
    taken = _taken_by_the_one_before if plan.goes_on else _taken
    checks = []
    if plan.shares and plan.data_feed != "crypto":
        feed = plan.data_feed
        name = f"feed {feed}"

        def shares(on_message: Callable[[Message], object], on_word: Callable[[StreamWord], object]) -> Stream:
            return stock_stream(keys, feed, on_message, on_word, url=plan.stream_url, backoff=ONCE)

        checks.append(await _stream(name, plan.shares, shares, taken))
    if plan.coins:

        def coins(on_message: Callable[[Message], object], on_word: Callable[[StreamWord], object]) -> Stream:
            return crypto_stream(keys, on_message, on_word, url=plan.stream_url, backoff=ONCE)

        checks.append(await _stream("feed crypto", plan.coins, coins, taken))
    return checks


async def _stream(
    name: str,
    symbols: Sequence[str],
    make: Callable[[Callable[[Message], object], Callable[[StreamWord], object]], Stream],
    taken: Callable[[str], Check],
) -> Check:
    """Whether it connects, takes the keys and gives the symbols' bars."""
    first: asyncio.Future[StreamWord] = asyncio.get_running_loop().create_future()

    def hear(word: StreamWord) -> None:
        if word.state is not StreamState.CONNECTED and not first.done():
            first.set_result(word)

    stream = make(lambda _: None, hear)
    await stream.set_subs({"bars": symbols})
    task = asyncio.create_task(stream.run_async())
    try:
        async with asyncio.timeout(STREAM_SECONDS):
            word = await first
    except TimeoutError:
        word = StreamWord(StreamState.LOST, 0, f"no answer within {STREAM_SECONDS:.0f} s")
    finally:
        await stream.astop()
        await asyncio.wait({task})
    if word.state is StreamState.SUBSCRIBED:
        return ok(name, f"minute bars of {', '.join(symbols)} are streamed")
    if word.code == 406:
        return taken(name)
    return failed(name, word.detail, "Check the network." if word.state is StreamState.LOST else "Change that first.")


def _taken(name: str) -> Check:
    found = "the account's one connection to this feed is taken"
    return failed(name, found, "Stop the other process with these keys; after a broken connection wait 90 seconds.")


def _taken_by_the_one_before(name: str) -> Check:
    found = "the account's one connection to this feed is taken, maybe still by the process that broke off"
    return warning(name, found, "It is tried again until it is free; that takes about 90 seconds.")


def _histories(rest: Rest, plan: Plan, now: Callable[[], Millis]) -> list[Awaitable[Check]]:
    feed = plan.data_feed if plan.data_feed != "delayed_sip" else "sip"
    found: list[Awaitable[Check]] = []
    if plan.shares and feed not in ("test", "crypto"):
        found.append(_history(rest, plan.shares, feed, plan.warm_up_days, now()))
    if plan.coins:
        found.append(_coins_history(rest, plan.coins, plan.warm_up_days, now()))
    return found


async def _history(rest: Rest, symbols: Sequence[str], feed: str, days: int, now: Millis) -> Check:
    """The first exchange day that is needed, so that a whole warm-up is not fetched twice."""
    wanted = max(days, 1)
    begin = now - (math.ceil(wanted * 7 / 5) + 7) * DAY
    past = [day.date for day in await rest.calendar(iso_time(begin)[:10], iso_time(now - DAY)[:10])]
    if len(past) < wanted:
        return failed("history", f"the calendar has {len(past)} of {wanted} days", "Lower feed.warm_up_days.")
    first = past[-wanted]
    start = instant(f"{first}T00:00:00Z")
    end = min(start + DAY + DAY // 4, now - SIP_DELAY)  # New York's day ends five hours after that of UTC
    return _found(await rest.minute_bars(symbols, start, end, feed), f"{feed} bars of {first}", days)


async def _coins_history(rest: Rest, symbols: Sequence[str], days: int, now: Millis) -> Check:
    start = now - max(days, 1) * DAY
    bars = await rest.minute_bars(symbols, start, start + DAY // 4, "crypto")
    return _found(bars, f"bars from {iso_time(start)[:10]} on", days)


def _found(bars: Mapping[str, Sequence[Bar]], what: str, days: int) -> Check:
    counts = ", ".join(f"{symbol} {len(found)}" for symbol, found in bars.items())
    empty = [symbol for symbol, found in bars.items() if not found]
    if not empty:
        return ok("history", f"{what}: {counts}")
    text = f"{what}: none of {', '.join(empty)}"
    if days and len(empty) == len(bars):
        return failed("history", text, "Choose another feed (feed.alpaca.feed), or lower feed.warm_up_days.")
    return warning("history", text, "There is nothing to learn from before the first bar.")
