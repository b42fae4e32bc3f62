"""What goes over the socket between a session and those who look at it: MessagePack, one message a frame.

A viewer's first frame is a `Hello` or a `Query`. The host answers with `Welcome` or `Refused`; the number of the
protocol in a first frame, and `Refused`, can be read by every version. Everything else is decoded strictly by the
types here, which hold those of `model`: who changes one of them in a way that the other side would misread counts
`PROTOCOL` up.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar, get_args

import msgspec
from msgspec import Struct

from sentio_tui import __version__
from sentio_tui.model.bars import Millis
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.events import Level, Noted
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.base import Unmissed
from sentio_tui.sessions.wheel import Seat

PROTOCOL: Final = 1

FROM_VIEWER: Final = 64 * 1024
"""Bytes of a viewer's longest frame."""
FROM_HOST: Final = 8 * 1024 * 1024
"""Bytes of a host's longest frame."""
TOGETHER: Final = 500
"""Events of one frame at the most."""


class WireError(Exception):
    """A frame that is none of ours, or a longer one than is allowed; says which."""


class OtherVersion(WireError):
    """The other side speaks another version of the protocol; says what to do."""


class Message(Struct, frozen=True, tag_field="message", forbid_unknown_fields=True):
    """The base of all messages."""


class Hello(Message, frozen=True, tag="hello"):
    """A viewer comes to stay. `after` is the number of the last event it has been told; None: only what happens from
    now on."""

    protocol: int
    version: str
    who: str
    read_only: bool
    after: int | None = None


class Query(Message, frozen=True, tag="query"):
    """Somebody asks once how the session is: `Welcome`, `Seated` and `Shown` are the answer, and the line ends."""

    protocol: int
    version: str


class Order(Message, frozen=True, tag="order"):
    """A command of a viewer. `number` comes back in the `Reply`."""

    number: int
    command: AnyCommand


class TakeWheel(Message, frozen=True, tag="take_wheel"):
    """A viewer wants to drive."""

    number: int


class Refused(Message, frozen=True, tag="refused"):
    """No viewer, or no longer: `why`, in words for a person. `again`: it may come back and loses nothing."""

    why: str
    again: bool = False


class Welcome(Message, frozen=True, tag="welcome"):
    """The session a viewer has reached. `started` is the wall clock at its start, `process` the one that serves it,
    `journal` its file. All events after number `since` that must not be missed will be told."""

    version: str
    session: str
    started: Millis
    process: int
    journal: str
    since: int


class Seated(Message, frozen=True, tag="seated"):
    """Who drives and who looks on. `barred` in the seat and `drives` are the receiver's own."""

    seat: Seat
    viewers: tuple[str, ...]


class Shown(Message, frozen=True, tag="shown"):
    snapshot: Snapshot


class Happened(Message, frozen=True, tag="happened"):
    """Events that must not be missed, in the order of their numbers."""

    events: tuple[Unmissed, ...]


class Reply(Message, frozen=True, tag="reply"):
    """What became of the viewer's message of that number: `refused` says why it was not taken, empty when it was."""

    number: int
    refused: str


class Over(Message, frozen=True, tag="over"):
    """The session is over and on disk; `failure` says why it broke off, empty when it did not."""

    failure: str


FromViewer = Hello | Query | Order | TakeWheel
FromHost = Refused | Welcome | Seated | Shown | Happened | Reply | Over

T = TypeVar("T")


def _name(value: object) -> object:
    """A kind of command as its tag: what a snapshot says a session accepts."""
    if isinstance(value, type) and value in _TAGS:
        return _TAGS[value]
    raise TypeError(f"{value!r} cannot be sent")


def _named(kind: object, value: object) -> object:
    if isinstance(value, str) and value in _KINDS:
        return _KINDS[value]
    raise ValueError(f"no command is called {value!r:.40}")


_TAGS: Final = {kind: str(kind.__struct_config__.tag) for kind in get_args(AnyCommand)}
_KINDS: Final = {tag: kind for kind, tag in _TAGS.items()}
_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_name)
_FROM_VIEWER: Final[msgspec.msgpack.Decoder[FromViewer]] = msgspec.msgpack.Decoder(FromViewer)
_FROM_HOST: Final[msgspec.msgpack.Decoder[FromHost]] = msgspec.msgpack.Decoder(FromHost, dec_hook=_named)


def encode(message: FromViewer | FromHost) -> bytes:
    """Raises WireError for a message that is longer than the other side takes."""
    frame = _ENCODER.encode(message)
    limit = FROM_VIEWER if isinstance(message, FromViewer) else FROM_HOST
    if len(frame) > limit:
        raise WireError(f"a {_called(message)} of {len(frame):,} bytes is longer than the {limit:,} that are allowed")
    return frame


def frames(events: Sequence[Unmissed]) -> Iterator[tuple[bytes, int]]:
    """The events in as few frames as hold them, each with how many are in it. One that is longer than a frame may be
    is told by its number."""
    for start in range(0, len(events), TOGETHER):
        some = tuple(events[start : start + TOGETHER])
        try:
            yield encode(Happened(some)), len(some)
        except WireError:
            if len(some) == 1:
                text = f"event {some[0].seq} is too long to be told; it stands in the journal"
                yield encode(Happened((Noted(some[0].seq, some[0].at, Level.ALARM, "too_long", text),))), 1
                continue
            middle = len(some) // 2
            yield from frames(some[:middle])
            yield from frames(some[middle:])


def opening(data: object) -> Hello | Query:
    """What a viewer's first frame says. Raises OtherVersion, WireError."""
    message = _decode(_OPENING, data)
    if message.protocol != PROTOCOL:
        raise OtherVersion(
            f"this session is served by sentio-tui {__version__} (protocol {PROTOCOL}), and you have sentio-tui"
            f" {message.version} (protocol {message.protocol}). Attach with the version that runs the session, or stop"
            " it and resume it with yours."
        )
    known = from_viewer(data)
    if isinstance(known, Hello | Query):
        return known
    raise WireError(f"a {_called(known)} is no beginning")


def from_viewer(data: object) -> FromViewer:
    """Raises WireError."""
    return _decode(_FROM_VIEWER, data)


def from_host(data: object) -> FromHost:
    """Raises WireError."""
    return _decode(_FROM_HOST, data)


class _AnyHello(Struct, frozen=True, tag_field="message", tag="hello"):
    protocol: int
    version: str


class _AnyQuery(Struct, frozen=True, tag_field="message", tag="query"):
    protocol: int
    version: str


_OPENING: Final[msgspec.msgpack.Decoder[_AnyHello | _AnyQuery]] = msgspec.msgpack.Decoder(_AnyHello | _AnyQuery)
"""The part of a first frame that is the same in every version of the protocol."""


def _decode(decoder: "msgspec.msgpack.Decoder[T]", data: object) -> T:
    if not isinstance(data, bytes):
        raise WireError("a frame of text; all of ours are binary")
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise WireError(f"a frame that cannot be read: {error}") from error


def _called(message: FromViewer | FromHost) -> str:
    return str(message.__struct_config__.tag).replace("_", " ")
