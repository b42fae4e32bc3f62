"""Opening a session at Alpaca: keys, the account behind them, and the checks without which nothing starts."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from sentio_tui.alpaca.answers import Account, Position
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.keys import Keys, KeysError, find_keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.preflight import Check, Outcome, Plan, preflight
from sentio_tui.alpaca.rest import Rest
from sentio_tui.alpaca.streams import prepare
from sentio_tui.model.bars import Millis

Clock = Callable[[], Millis]


class NotOpened(Exception):
    """A session must not start at Alpaca: says why, and what to do."""


class Opened(Struct, frozen=True):
    """An account that answers to the keys, and all of its positions. Symbols are ours."""

    keys: Keys
    place: Place
    account: Account
    positions: tuple[Position, ...]

    @property
    def number(self) -> str:
        """As Alpaca shows it to people."""
        return self.account.account_number or self.account.id

    @property
    def mark(self) -> str:
        """Names the account without telling its number; always the same, whichever keys open it."""
        return f"alpaca-{self.place.mode}-{hashlib.sha256(self.account.id.encode()).hexdigest()[:12]}"

    def capital(self, symbols: Sequence[str]) -> float:
        """What a session of these symbols has: the cash, and what is held of them. Buying power is none of it: that is
        borrowed."""
        return self.account.cash + sum(_worth(held) for held in self.positions if held.symbol in symbols)


def _worth(held: Position) -> float:
    return held.market_value if held.market_value is not None else held.qty * held.avg_entry_price


def _wall() -> Millis:
    return time.time_ns() // 1_000_000


def look(place: Place, now: Clock = _wall) -> Opened:
    """The account that the keys of the environment or the keyring open. Blocks for a bounded time. Raises NotOpened."""
    try:
        keys = find_keys(place.mode)
    except KeysError as error:
        raise NotOpened(f"{error}. `sentio-tui doctor` checks all of it.") from None
    try:
        account, positions = asyncio.run(_look(keys, place, now))
    except AlpacaError as error:
        raise NotOpened(f"{error}. `sentio-tui doctor` checks all of it.") from None
    return Opened(keys, place, account, positions)


async def _look(keys: Keys, place: Place, now: Clock) -> tuple[Account, tuple[Position, ...]]:
    await asyncio.to_thread(prepare)
    rest = Rest(keys, place, now=now)
    try:
        return await rest.account(), await rest.positions()
    finally:
        rest.close()


def check(plan: Plan, keys: Keys, now: Clock = _wall) -> tuple[Check, ...]:
    """The checks of a session; what is not well but does not forbid it. Blocks for a bounded time. Raises NotOpened
    with all failures."""
    checks = asyncio.run(preflight(plan, keys=keys, now=now))
    wrong = [each for each in checks if each.outcome is Outcome.FAILED]
    if wrong:
        raise NotOpened("\n".join(["Alpaca cannot be traded with now:", *map(told, wrong)]))
    return tuple(each for each in checks if each.outcome is Outcome.WARNING)


def told(each: Check) -> str:
    """A check in one line."""
    return f"{each.name}: {each.found}. {each.advice}".rstrip()
