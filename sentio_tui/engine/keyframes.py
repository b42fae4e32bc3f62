"""Copies of a state: whole and independent, or as keyframes that share what only grows.

Copying goes by the kind of a value, not by the name of a field, so no field can be forgotten: what changes in place is
copied, what cannot change is shared, and a kind that is not known raises TypeError. Lists of a state hold facts: their
items never change and nothing is taken out.
"""

from collections import deque
from collections.abc import Callable, Iterable
from copy import copy as copy_of
from datetime import date
from typing import Final, cast
from zoneinfo import ZoneInfo

from msgspec import Struct

from sentio_tui.engine.curve import EquityCurve
from sentio_tui.engine.ledger import Account
from sentio_tui.engine.state import State

_CONSTANT: Final = (int, float, str, type(None), date, ZoneInfo)
_OPEN: Final = (State, Account, EquityCurve)
"""Classes whose every field is copied in its turn."""

Lists = Callable[[list[object]], object]
"""What becomes of a list."""


class Prefix(Struct, frozen=True):
    """The first items of a list that goes on growing."""

    items: list[object]
    length: int


class Keyframe:
    """A state of a moment in little room. The state it was taken from may go on only by `apply`."""

    __slots__ = ("_frozen", "seq")

    def __init__(self, state: State) -> None:
        self.seq = state.seq
        self._frozen = cast(State, _copy(state, lambda items: Prefix(items, len(items)), {}))

    def state(self) -> State:
        """The state as it was: a new one each time, equal to the fold of the first `seq` events."""
        state = cast(State, _copy(self._frozen, lambda items: items, {}))
        state.curve.reopen()
        return state


def copied(state: State) -> State:
    """A state that goes its own way from here, equal to this one."""
    return cast(State, _copy(state, lambda items: items[:], {}))


def _copy(value: object, lists: Lists, done: dict[int, object]) -> object:
    """`done` holds the copies made so far by the original's id: what stands in two places still is one thing."""
    kind = type(value)
    if isinstance(value, _CONSTANT):
        return value
    if kind is Prefix:
        return lists(cast(Prefix, value).items[: cast(Prefix, value).length])
    if isinstance(value, Struct):
        return value if value.__struct_config__.frozen else _once(value, value.__struct_fields__, lists, done)
    if kind is list:
        return lists(cast(list[object], value))
    if kind is dict:
        return {key: _copy(item, lists, done) for key, item in cast(dict[object, object], value).items()}
    if kind is deque:
        facts = cast(deque[object], value)
        return deque(facts, facts.maxlen)
    if kind is tuple:
        return tuple(_copy(item, lists, done) for item in cast(tuple[object, ...], value))
    if isinstance(value, _OPEN):
        return _once(value, getattr(value, "__slots__", None) or vars(value), lists, done)
    raise TypeError(f"a state with a {kind.__name__} in it cannot be copied: engine/keyframes.py knows none")


def _once(value: object, fields: Iterable[str], lists: Lists, done: dict[int, object]) -> object:
    if id(value) not in done:
        made = done[id(value)] = copy_of(value) if isinstance(value, Struct) else object.__new__(type(value))
        for name in fields:
            try:
                setattr(made, name, _copy(getattr(value, name), lists, done))
            except TypeError as error:
                raise TypeError(f"{type(value).__name__}.{name}: {error}") from error
    return done[id(value)]
