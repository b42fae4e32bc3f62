"""What a page keeps of the server's messages, as their documentation says."""

from typing import Any

import msgspec

from sentio_tui.web.messages import FromServer

LISTS = ("status", "cards", "positions", "orders", "decisions", "reasons", "feed")
TABLES = ("fills", "trades", "curve")


class Page:
    """`shown` is the session, `others` the messages that are not of it."""

    def __init__(self) -> None:
        self.shown: dict[str, Any] = {}
        self.others: list[dict[str, Any]] = []

    def take(self, data: bytes | str) -> None:
        if not data:
            return
        msgspec.json.decode(data, type=FromServer)
        told: dict[str, Any] = msgspec.json.decode(data)
        match told["type"]:
            case "session":
                self.shown = told
            case "update":
                assert told["file"] == self.shown["file"]
                self._update(told)
            case _:
                self.others.append(told)

    def _update(self, told: dict[str, Any]) -> None:
        shown = self.shown
        shown |= {name: told[name] for name in LISTS if name in told}
        for name in TABLES:
            if name in told:
                _splice(shown[name], told[name])
        for symbol, candles in told.get("prices", {}).items():
            _splice(shown["prices"][symbol], candles)
        for name, column in told.get("notes", {}).items():
            shown["notes"][name] += column


def _splice(table: dict[str, Any], rows: dict[str, Any]) -> None:
    since = rows["since"]
    for name, column in rows.items():
        if isinstance(column, list):
            table[name][since:] = column
        elif name != "since":
            table[name] = column
