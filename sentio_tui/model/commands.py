"""Everything a person may ask of a session."""

from msgspec import Struct


class Command(Struct, frozen=True, tag_field="command", gc=False):
    """The base of all commands."""


class Start(Command, frozen=True, tag="start"):
    """Begin trading, or go on after a pause."""


class Pause(Command, frozen=True, tag="pause"):
    """Open nothing new. Stops, profit targets and learning go on."""


class Stop(Command, frozen=True, tag="stop"):
    """Close every position and end the session. Given again while closing: take the last price and end now."""


class Leave(Command, frozen=True, tag="leave"):
    """End the session and keep the positions as they are."""


class Flatten(Command, frozen=True, tag="flatten"):
    """Cancel open orders, close every position, and pause."""


class Cancel(Command, frozen=True, tag="cancel"):
    """Cancel one open order."""

    order_id: str


class Accept(Command, frozen=True, tag="accept"):
    """Take the broker's account for the truth, where it differs from ours.

    `shown` is the difference as the person saw it, in the words of the fault; empty accepts whatever there is now. One
    that is another by now is not accepted.
    """

    shown: str = ""


AnyCommand = Start | Pause | Stop | Leave | Flatten | Cancel | Accept
