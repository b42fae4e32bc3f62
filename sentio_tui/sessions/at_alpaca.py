"""What a session has at Alpaca: checks before it begins, the account it alone trades, and the broker that trades it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from sentio_tui import paths
from sentio_tui.alpaca.opening import NotOpened, Opened, check, look, told
from sentio_tui.alpaca.preflight import Plan
from sentio_tui.alpaca.rest import Rest
from sentio_tui.brokers.alpaca import AlpacaBroker
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.lock import LockHeld, SessionLock
from sentio_tui.journal.names import account_lock_path
from sentio_tui.model.bars import Millis
from sentio_tui.model.instruments import Instrument
from sentio_tui.sessions.permit import LiveAccount, Permit

STARTING = "that is just starting"
"""What an account's lock calls a session that has no name yet."""


class HeldAccount:
    """An account that this process trades alone until `release` (T-23)."""

    def __init__(self, opened: Opened, lock: SessionLock) -> None:
        self.opened = opened
        self._lock = lock
        self._rest: Rest | None = None

    @property
    def mark(self) -> str:
        """Names the account in a journal, without its number."""
        return self.opened.mark

    def capital(self, symbols: Iterable[str]) -> float:
        """What a session of these symbols begins with. Raises NotOpened where that is nothing."""
        capital = self.opened.capital(tuple(symbols))
        if capital > 0.0:
            return capital
        raise NotOpened(f"account {self.opened.number} has nothing to trade with: {capital:,.2f} in cash and holdings")

    def broker(self, instruments: Mapping[str, Instrument], session: str) -> AlpacaBroker:
        """The broker of the session of that name, which the lock now names too. Raises OSError."""
        self._lock.rename(session)
        opened = self.opened
        self._rest = Rest(opened.keys, opened.place)
        return AlpacaBroker(self._rest, opened.keys, opened.place, instruments, session)

    def release(self) -> None:
        """Let others trade it. Calls that are under way are left to their timeouts."""
        if self._rest is not None:
            self._rest.close()
        with suppress(OSError):  # whoever comes next is told what is wrong with the file
            self._lock.release()


def hold(plan: Plan, started: Millis, permit: Permit) -> HeldAccount:
    """Look at the account, keep it from every other process, check all of it, and let a person confirm a live one.

    Blocks for a bounded time, and for as long as a person takes. Raises NotOpened.
    """
    permit.tell("asking Alpaca for the account")
    opened = look(plan.place)
    lock = _locked(opened, started)
    try:
        _examine(plan, opened, permit)
        if plan.place.mode == "live":
            permit.tell("waiting for the account to be confirmed")
            account = LiveAccount(opened.number, opened.account.equity, opened.account.currency)
            if why := permit.against(account):
                raise NotOpened(why)
    except BaseException:  # whatever it is, the lock would hold the account until the process ends
        lock.release()
        raise
    return HeldAccount(opened, lock)


def look_at(plan: Plan, permit: Permit) -> None:
    """The same for a session that only takes its bars there. Raises NotOpened."""
    permit.tell("asking Alpaca for the account")
    _examine(plan, look(plan.place), permit)


def _examine(plan: Plan, opened: Opened, permit: Permit) -> None:
    """What is not well is told. Raises NotOpened."""
    permit.tell("checking the account, symbols and feeds at Alpaca")
    for warning in check(plan, opened.keys):
        permit.warn(told(warning))


def _locked(opened: Opened, started: Millis) -> SessionLock:
    folder = paths.accounts_dir()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = SessionLock(account_lock_path(folder, opened.mark), STARTING, started)
        lock.acquire()
    except LockHeld as error:
        raise NotOpened(f"account {opened.number} is traded already: {error}") from None
    except (JournalError, OSError) as error:
        raise NotOpened(f"it cannot be noted that account {opened.number} is traded: {error}") from None
    return lock
