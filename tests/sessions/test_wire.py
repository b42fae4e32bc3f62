"""The messages of the socket: what is sent comes out the same, and no bytes break who reads them."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.model.commands import Cancel, Flatten, Leave, Pause, Start, Stop
from sentio_tui.model.events import Level, Noted
from sentio_tui.sessions import wire
from sentio_tui.sessions.base import Unmissed
from sentio_tui.sessions.wheel import Seat
from tests.ui.samples import busy, empty, ended

HELLO = wire.Hello(wire.PROTOCOL, "0.1", "ann@pts/1", read_only=False, after=7)


@pytest.mark.parametrize(
    "message",
    [
        HELLO,
        wire.Query(wire.PROTOCOL, "0.1"),
        wire.TakeWheel(1),
        *(wire.Order(2, command) for command in (Start(), Pause(), Stop(), Leave(), Flatten(), Cancel("order/1"))),
    ],
    ids=repr,
)
def test_what_a_viewer_says_arrives_as_it_was(message: wire.FromViewer) -> None:
    assert wire.from_viewer(wire.encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        wire.Shown(busy()),
        wire.Shown(empty()),
        wire.Shown(ended()),
        wire.Welcome("0.1", "live_20250106_140000", 1, 42, "/home/ann/live.jsonl", 9),
        wire.Seated(Seat("bob", viewers=2, barred="no"), ("bob", "ann")),
        wire.Happened((Noted(3, 1, Level.ALARM, "code", "text"),)),
        wire.Reply(4, "bob drives"),
        wire.Refused("why", again=True),
        wire.Over(""),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_a_host_says_arrives_as_it_was(message: wire.FromHost) -> None:
    assert wire.from_host(wire.encode(message)) == message


def read_or_refuse(data: bytes) -> None:
    """Anything but a refusal as `WireError` fails the test."""
    for read in (wire.from_viewer, wire.from_host, wire.opening):
        with suppress(wire.WireError):
            read(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    read_or_refuse(data)


_FRAMES = [wire.encode(message) for message in (HELLO, wire.Order(1, Cancel("id")), wire.Shown(busy()), wire.Over("x"))]


@given(st.sampled_from(_FRAMES), st.data())
def test_a_spoilt_frame_is_a_message_or_refused(frame: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(frame)
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(spoilt)))
    read_or_refuse(bytes(spoilt))
    read_or_refuse(bytes(spoilt[:end]))


@given(st.integers(0, 5000))
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(wire.WireError):
        wire.from_host(b"\x91" * depth)


def test_text_is_no_frame() -> None:
    with pytest.raises(wire.WireError, match="binary"):
        wire.from_viewer("hello")


def test_a_field_too_many_is_refused() -> None:
    frame = msgspec.msgpack.encode({**msgspec.to_builtins(HELLO), "more": 1})
    with pytest.raises(wire.WireError, match="more"):
        wire.from_viewer(frame)


def test_another_version_is_refused_with_what_to_do_whatever_else_it_says() -> None:
    future = {"message": "hello", "protocol": wire.PROTOCOL + 1, "version": "9.9", "passport": [1, 2, 3]}
    with pytest.raises(wire.OtherVersion) as caught:
        wire.opening(msgspec.msgpack.encode(future))
    assert "sentio-tui 9.9" in str(caught.value)
    assert "Attach with the version that runs the session" in str(caught.value)


def test_only_an_introduction_is_a_beginning() -> None:
    assert wire.opening(wire.encode(HELLO)) == HELLO
    with pytest.raises(wire.WireError):
        wire.opening(wire.encode(wire.TakeWheel(1)))


def test_a_frame_that_is_too_long_is_not_made() -> None:
    with pytest.raises(wire.WireError, match="longer than the 65,536 that are allowed"):
        wire.encode(wire.Order(1, Cancel("x" * wire.FROM_VIEWER)))


def test_events_go_in_as_many_frames_as_they_need_and_none_is_lost() -> None:
    text = "x" * (wire.FROM_HOST // 600)
    events: list[Unmissed] = [Noted(number, 1, Level.ALARM, "code", text) for number in range(1, 1501)]
    made = list(wire.frames(events))
    assert all(len(frame) <= wire.FROM_HOST for frame, _ in made)
    assert sum(count for _, count in made) == len(events)
    read = [wire.from_host(frame) for frame, _ in made]
    assert [event for message in read if isinstance(message, wire.Happened) for event in message.events] == events


def test_an_event_longer_than_any_frame_is_told_by_its_number() -> None:
    ((frame, count),) = wire.frames([Noted(7, 1, Level.ALARM, "code", "x" * wire.FROM_HOST)])
    message = wire.from_host(frame)
    assert isinstance(message, wire.Happened)
    (event,) = message.events
    assert count == 1
    assert isinstance(event, Noted)
    assert event.seq == 7
    assert "too long" in event.text
