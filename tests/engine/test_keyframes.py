"""Copies of a state are equal to it, share nothing that changes, and leave no field out."""

from collections.abc import Iterator
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from sentio_tui.engine.curve import EquityCurve
from sentio_tui.engine.keyframes import Keyframe, copied
from sentio_tui.engine.ledger import Account
from sentio_tui.engine.state import State, fold
from sentio_tui.model.decisions import Direction
from tests.engine.courses import DIRECTIONS, Input, build, drive, inputs


def plain(value: object) -> object:
    """A state as nested values that can be compared, every field in it."""
    if isinstance(value, State | Account | EquityCurve):
        return {name: plain(getattr(value, name)) for name in fields(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def fields(value: object) -> list[str]:
    return list(getattr(value, "__slots__", None) or vars(value))


def changeable(value: object) -> Iterator[int]:
    """The ids of everything in a state that may change in place, facts and what is in them left out."""
    if value is None or isinstance(value, str | int | float | Enum):
        return
    if isinstance(value, Struct) and value.__struct_config__.frozen:
        return
    if isinstance(value, dict):
        yield id(value)
        for item in value.values():
            yield from changeable(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from changeable(item)
    elif hasattr(value, "__iter__"):
        yield id(value)
        for item in value:
            yield from changeable(item)
    elif isinstance(value, Struct):
        yield id(value)
        for name in value.__struct_fields__:
            yield from changeable(getattr(value, name))
    elif type(value).__module__.startswith("sentio_tui."):
        yield id(value)
        for name in fields(value):
            yield from changeable(getattr(value, name))


@settings(deadline=None)
@given(DIRECTIONS, DIRECTIONS, inputs(), st.data())
def test_a_copy_is_the_fold_and_goes_on_as_the_fold_does(
    first: list[Direction], second: list[Direction], given_inputs: list[Input], data: st.DataObject
) -> None:
    events = drive(build(first, second), given_inputs)
    at = data.draw(st.integers(1, len(events)))
    master = fold(events[:at])
    keyframe, copy = Keyframe(master), copied(master)
    expected = plain(fold(events[:at]))
    assert plain(copy) == plain(keyframe.state()) == expected
    for event in events[at:]:
        master.apply(event)
    whole = plain(fold(events))
    thawed = keyframe.state()
    assert plain(thawed) == plain(copy) == expected
    for event in events[at:]:
        thawed.apply(event)
        copy.apply(event)
    assert plain(thawed) == plain(copy) == plain(master) == whole
    assert plain(keyframe.state()) == expected


@settings(deadline=None)
@given(DIRECTIONS, DIRECTIONS, inputs())
def test_a_copy_shares_nothing_that_changes(
    first: list[Direction], second: list[Direction], given_inputs: list[Input]
) -> None:
    state = fold(drive(build(first, second), given_inputs))
    keyframe = Keyframe(state)
    made = [set(changeable(one)) for one in (state, copied(state), keyframe.state(), keyframe.state())]
    assert len(set().union(*made)) == sum(map(len, made))


def test_the_books_of_a_copy_are_its_accounts() -> None:
    state = fold(drive(build([], []), []))
    copy = copied(state)
    assert all(one is other for one, other in zip(copy._books, copy.accounts.values(), strict=True))


def test_a_field_nobody_knows_how_to_copy_is_named() -> None:
    state = fold(drive(build([], []), []))
    vars(state)["novelty"] = {1, 2}
    with pytest.raises(TypeError, match=r"State\.novelty: a state with a set in it"):
        copied(state)
    with pytest.raises(TypeError, match=r"State\.novelty"):
        Keyframe(state)


def test_a_keyframe_holds_no_list_of_its_own() -> None:
    """What only grows is shared: the room a keyframe takes does not depend on how long the session has run."""
    state = fold(drive(build([], []), []))
    frozen = Keyframe(state)._frozen
    for name in ("executions", "trades"):
        assert getattr(frozen, name).items is getattr(state, name)
    for name in ("times", "equity", "days"):
        assert getattr(frozen.curve, name).items is getattr(state.curve, name)
