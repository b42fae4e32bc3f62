"""How messages are written on a data stream, and what can be wrong with them."""

import json
import struct
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from sentio_tui.model.bars import Millis
from tests.exchange.clock import stamp, whole
from tests.exchange.faults import Rule

Message = dict[str, object]

_PADDING: Final = "x" * (1 << 20)


class Instant:
    """A time on the wire: a MessagePack timestamp, or text. Bars have whole seconds, all else nanoseconds.

    No struct, because the encoders would write one by themselves.
    """

    def __init__(self, at: Millis, exact: bool = False) -> None:
        self.at: Final = at
        self.exact: Final = exact

    def __str__(self) -> str:
        return stamp(self.at) if self.exact else whole(self.at)

    def packed(self) -> msgspec.msgpack.Ext:
        """MessagePack's timestamp 32 or 64."""
        seconds = self.at // 1000
        if not self.exact:
            return msgspec.msgpack.Ext(-1, struct.pack(">I", seconds))
        nanos = self.at % 1000 * 1_000_000 + 456_789
        return msgspec.msgpack.Ext(-1, struct.pack(">Q", nanos << 34 | seconds))


class Frame(Struct, frozen=True):
    """What is sent at once. `messages` as they are: an array, or by a fault something else."""

    messages: object
    as_text: bool = False
    raw: bytes | None = None


def _packed(value: object) -> object:
    if isinstance(value, Instant):
        return value.packed()
    raise TypeError(f"{value!r} is not for the wire")


def encoded(frame: Frame, msgpack: bool) -> bytes | str:
    """Bytes for a binary frame, a string for a text one."""
    if frame.raw is not None:
        return frame.raw
    if msgpack and not frame.as_text:
        return msgspec.msgpack.encode(frame.messages, enc_hook=_packed)
    return json.dumps(frame.messages, default=str, separators=(",", ":"))


def decoded(data: bytes | str, msgpack: bool) -> Mapping[str, object] | None:
    """What a client said; None where it is no map. A client may answer in text whatever the server speaks."""
    try:
        said = msgspec.msgpack.decode(data) if msgpack and isinstance(data, bytes) else json.loads(data)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def distorted(rule: Rule, message: Message) -> list[Frame]:
    """The frames that come for a message under a fault of the wire."""
    match rule.name:
        case "dup":
            return [Frame([message]), Frame([message])]
        case "drop_bars":
            return []
        case "garbage":
            return [Frame(None, raw=b"\xc1\x00\xffgarbage")]
        case "json_text":
            return [Frame([message], as_text=True)]
        case "map_not_array":
            return [Frame(message)]
        case "string_ts":
            return [Frame([message | {"t": str(message["t"])}])]
        case "missing_field":
            missing = rule.word("field", "c")
            return [Frame([{name: value for name, value in message.items() if name != missing}])]
        case "unknown_T":
            return [Frame([{"T": "zz", "S": message["S"], "what": "unknown"}]), Frame([message])]
        case "nan_price":
            return [Frame([message | {"c": float("nan")}])]
        case "huge_frame":
            return [Frame([message, {"T": "zz", "S": message["S"], "padding": _PADDING}])]
        case "burst":
            left, frames = round(rule.number("n", 1000)), []
            while left > 0:
                frames.append(Frame([message] * min(left, 100)))
                left -= 100
            return frames
    raise ValueError(f"{rule.name} is no fault of the wire")


DISTORTIONS: Final = (
    "dup",
    "drop_bars",
    "garbage",
    "json_text",
    "map_not_array",
    "string_ts",
    "missing_field",
    "unknown_T",
    "nan_price",
    "huge_frame",
    "burst",
)
