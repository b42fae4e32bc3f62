"""What a person permits a session before it begins, and how that person is told and asked meanwhile.

Real money is traded only where the configuration and the command line both say so, and a person has confirmed which
account it is.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from sentio_tui.model.events import Mode
from sentio_tui.settings import Settings


class NotPermitted(Exception):
    """A session must not start with, or without, the permission for real money: says what is missing."""


class LiveAccount(Struct, frozen=True):
    """An account with real money, as a person knows it. `equity` is in `currency`."""

    number: str
    equity: float
    currency: str


def _unasked(account: LiveAccount) -> str:
    return f"nobody has confirmed that account {account.number} may be traded"


class Permit(Struct, frozen=True):
    """`live`: the command line permits real money (`--live`). `tell` hears what is being done, `warn` what is not well
    but forbids nothing. `against` asks about a live account, on the thread that makes the session, and gives why it is
    not to be traded; empty where it is."""

    live: bool = False
    tell: Callable[[str], object] = str
    warn: Callable[[str], object] = str
    against: Callable[[LiveAccount], str] = _unasked


NONE: Final = Permit()
"""Nobody is there who could permit real money."""


def expect_permitted(settings: Settings, live: bool) -> None:
    """Raises NotPermitted for a session of these settings that must not start with or without `--live`."""
    is_live = settings.mode is Mode.LIVE
    if is_live and not live:
        raise NotPermitted(
            'broker.alpaca.mode = "live" trades an account with real money, which needs --live on the command line too:'
            " give it, or set the mode to paper."
        )
    if live and not is_live:
        raise NotPermitted(
            '--live permits real money, but nothing would be traded with it: it also needs feed.kind = "alpaca",'
            ' broker.kind = "alpaca" and broker.alpaca.mode = "live" in the configuration.'
        )
