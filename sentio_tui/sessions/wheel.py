"""Who drives a session, and who looks on: of any number of viewers one steers, and another may take the wheel."""

import os
import pwd
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from sentio_tui.model.bars import Millis
from sentio_tui.model.events import Level, Noted

WHEEL: Final = "wheel"
"""The code of a notice to one viewer: what it asked for was refused, and why."""

READ_ONLY: Final = "this screen only watches (--read-only)"


class Seat(Struct, frozen=True):
    """Where a viewer of a session sits: at the wheel, or beside it.

    `driver` names who drives, empty while nobody does; `viewers` counts all who look at the session, 0 where nobody
    can drive at all. `barred` says why this viewer may not drive, `cut_off` why what it shows may be old; both are
    empty when all is well.
    """

    driver: str = ""
    drives: bool = False
    viewers: int = 1
    barred: str = ""
    cut_off: str = ""

    @property
    def refusal(self) -> str:
        """Why a command of this viewer would be refused, in words; empty when it would not."""
        if self.cut_off:
            return self.cut_off
        if self.barred:
            return self.barred
        if self.drives or not self.driver:
            return ""
        return f"{self.driver} drives; take the wheel first"


ALONE: Final = Seat(drives=True)
"""The seat of who has a session to itself."""


class Wheel:
    """Belongs to the session's thread. Viewers have names, each its own."""

    def __init__(self) -> None:
        self.driver = ""
        self._barred: dict[str, str] = {}
        self._listeners: list[Callable[[], None]] = []

    @property
    def viewers(self) -> tuple[str, ...]:
        return tuple(self._barred)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever somebody came, went or took the wheel."""
        self._listeners.append(listener)

    def ignore(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    def join(self, wanted: str, barred: str = "") -> str:
        """A viewer comes; the name it has from now on. It drives unless it is barred, or somebody is here who drives or
        could: a wheel that is free is first of all theirs who watch."""
        is_first = all(self._barred.values())
        name, number = wanted, 1
        while name in self._barred:
            number += 1
            name = f"{wanted} #{number}"
        self._barred[name] = barred
        if not barred and is_first:
            self.driver = name
        self._moved()
        return name

    def leave(self, name: str) -> None:
        """A viewer goes. The wheel it had is free: who watches takes it, or commands. Nobody is made to drive who may
        not be looking."""
        if self._barred.pop(name, None) is not None:
            if self.driver == name:
                self.driver = ""
            self._moved()

    def take(self, name: str) -> str:
        """Let a viewer drive. Why not, or an empty text."""
        barred = self._barred[name]
        if not barred and self.driver != name:
            self.driver = name
            self._moved()
        return barred

    def steer(self, name: str) -> str:
        """Why a command of this viewer is refused, or an empty text. While nobody drives, who commands does."""
        return self.seat(name).refusal or self.take(name)

    def seat(self, name: str) -> Seat:
        return Seat(self.driver, self.driver == name, len(self._barred), self._barred[name])

    def _moved(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def who() -> str:
    """This process as a viewer: the user at its terminal, or the user and the process where there is none."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    for descriptor in (0, 1, 2):
        try:
            return f"{user}@{os.ttyname(descriptor).removeprefix('/dev/')}"
        except OSError:
            continue
    return f"{user}[{os.getpid()}]"


def notice(text: str, at: Millis, level: Level = Level.WARNING) -> Noted:
    """Words for one viewer. They are no part of the session: number 0, in no journal."""
    return Noted(0, at, level, WHEEL, text)
