"""What only Alpaca itself can answer, tried with a paper account: its test feed, and an order that does not fill."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

from sentio_tui.alpaca.answers import BrokerOrder, NewOrder, TradeUpdate, price, read_update
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.keys import Keys, KeysError, find_keys
from sentio_tui.alpaca.preflight import DAY, SIP_DELAY, Check, Plan, failed, ok, warning
from sentio_tui.alpaca.rest import Rest
from sentio_tui.alpaca.streams import (
    Message,
    StreamState,
    StreamWord,
    prepare,
    stock_stream,
    trading_stream,
)
from sentio_tui.model.bars import Millis

TEST_SYMBOL: Final = "FAKEPACA"
MESSAGE_SECONDS: Final = 90.0
"""The test feed has a bar a minute."""
EVENT_SECONDS: Final = 20.0
LIMIT: Final = Decimal("0.5")
"""Of the symbol's last price: a buy that will not fill."""
FALLBACK_SYMBOL: Final = "SPY"
DAYS: Final = 4
"""Longer than any weekend with a holiday."""
Until = Callable[[Callable[[], bool]], Awaitable[bool]]
"""Waits until it is so; False where it was not in time."""

_DEFECT: Final = "Tell it to the makers of sentio-tui, with this report."
_NETWORK: Final = "Check the network, and run `sentio-tui doctor`."


async def smoke(
    plan: Plan,
    *,
    keys: Keys | None = None,
    now: Callable[[], Millis] = lambda: time.time_ns() // 1_000_000,
) -> tuple[Check, ...]:
    """Try the streams and an order on a paper account: a day's limit buy of one share at half of its price, cancelled
    at the end. Takes up to two minutes."""
    if plan.place.mode != "paper":
        return (failed("smoke", "it places an order, so it runs on a paper account only", "Use mode = paper."),)
    try:
        keys = keys or find_keys("paper")
    except KeysError as error:
        return (failed("keys", str(error), "Make keys at https://app.alpaca.markets and set them."),)
    await asyncio.to_thread(prepare)
    return (await _test_feed(keys, plan), *await _orders(keys, plan, now))


async def _test_feed(keys: Keys, plan: Plan) -> Check:
    messages: list[Message] = []
    words: list[StreamWord] = []
    news = asyncio.Event()

    def hear(message: Message) -> None:
        messages.append(message)
        news.set()

    def note(word: StreamWord) -> None:
        words.append(word)
        if word.state in (StreamState.FATAL, StreamState.REFUSED):
            news.set()

    stream = stock_stream(keys, "test", hear, note, url=plan.stream_url)
    await stream.set_subs({channel: [TEST_SYMBOL] for channel in ("bars", "trades", "quotes")})
    task = asyncio.create_task(stream.run_async())
    try:
        async with asyncio.timeout(MESSAGE_SECONDS):
            await news.wait()
    except TimeoutError:
        pass
    finally:
        await stream.astop()
        await asyncio.wait({task})
    if messages:
        return ok("test feed", f"it streams {TEST_SYMBOL}: {messages[0].get('T')} came first")
    told = "; ".join(word.detail for word in words if word.detail) or f"nothing came in {MESSAGE_SECONDS:.0f} s"
    return failed("test feed", told, _NETWORK)


async def _orders(keys: Keys, plan: Plan, now: Callable[[], Millis]) -> list[Check]:
    updates: list[TradeUpdate] = []
    words: list[StreamWord] = []
    changed = asyncio.Event()

    def hear(message: Message) -> None:
        updates.append(read_update(message))
        changed.set()

    def note(word: StreamWord) -> None:
        words.append(word)
        changed.set()

    async def until(condition: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(EVENT_SECONDS):
                while not condition():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            return False
        return True

    rest = Rest(keys, plan.place, now=now)
    stream = trading_stream(keys, plan.place, hear, note)
    task = asyncio.create_task(stream.run_async())
    try:
        if not await until(lambda: any(word.state is StreamState.SUBSCRIBED for word in words)):
            told = "; ".join(word.detail for word in words if word.detail) or "it does not answer"
            return [failed("trading stream", told, _NETWORK)]
        checks = [ok("trading stream", "it listens")]
        return checks + await _one_order(rest, plan, now(), updates, until)
    finally:
        await stream.astop()
        await asyncio.wait({task})
        rest.close()


async def _one_order(rest: Rest, plan: Plan, now: Millis, updates: list[TradeUpdate], until: Until) -> list[Check]:
    symbol = next(iter(plan.shares), FALLBACK_SYMBOL)
    identity = f"sentio-smoke-{secrets.token_hex(8)}"
    placed: BrokerOrder | None = None
    checks: list[Check] = []
    try:
        limit = price(float(LIMIT) * await _last_price(rest, symbol, now))
        order = NewOrder(identity, symbol, "buy", qty=Decimal(1), type="limit", limit_price=limit)
        placed = await rest.submit(order)
        checks.append(ok("order", f"{symbol} 1 @ {limit} was taken: {placed.status}"))
        again = await rest.submit(order)
        same = again.id == placed.id
        there = f"the same order sent twice is {'one order' if same else 'two orders'}"
        checks.append(ok("no second order", there) if same else failed("no second order", there, _DEFECT))
        found = await rest.order(identity)
        if found is None:
            checks.append(failed("look-up", "the order is not found by its client order id", _DEFECT))
        else:
            checks.append(ok("look-up", f"it is found by its client order id: {found.status}"))
    except AlpacaError as error:
        look = f"Look for order {identity} at https://app.alpaca.markets, and cancel it."
        checks.append(failed("order", error.told, look if error.unknown else error.advice))
    finally:
        if placed is not None:
            checks.append(await _cancelled(rest, placed, updates, until))
    events = [update.event for update in updates if update.order.client_order_id == identity]
    if events:
        checks.append(ok("events", f"the trading stream told {', '.join(events)}"))
    else:
        checks.append(warning("events", "the trading stream told nothing of the order", _DEFECT))
    return checks


async def _cancelled(rest: Rest, placed: BrokerOrder, updates: list[TradeUpdate], until: Until) -> Check:
    """Whatever happened before: the order must not stay."""
    advice = f"Cancel order {placed.client_order_id} at https://app.alpaca.markets."
    try:
        await rest.cancel(placed.id)
        told = await until(lambda: any(each.order.id == placed.id and each.order.is_done for each in updates))
        if told:
            return ok("cancel", f"it ended as {updates[-1].order.status}")
        found = await rest.order(placed.client_order_id)
    except AlpacaError as error:
        return failed("cancel", str(error), advice)
    if found is not None and found.is_done:
        return warning("cancel", f"it ended as {found.status}, and the trading stream did not tell", _DEFECT)
    return failed("cancel", "it did not end", advice)


async def _last_price(rest: Rest, symbol: str, now: Millis) -> float:
    """Of the last days on IEX. Raises AlpacaError."""
    bars = await rest.minute_bars([symbol], now - DAYS * DAY, now - SIP_DELAY, "iex")
    if not bars[symbol]:
        raise AlpacaError("ask for a price", "GET /stocks/bars", f"IEX has no bar of {symbol} in {DAYS} days")
    return bars[symbol][-1].close
