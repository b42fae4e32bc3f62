"""Writing the summary document again and again at the price of what is new."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from sentio_tui.journal.atomic import replace_file, sweep
from sentio_tui.journal.document import SCHEMA_VERSION, TRADES_BEGIN, DocumentHead, EquityPoint, TradeRow


class DocumentWriter:
    """The one writer of a document; hold the session's lock. Every trade and point is encoded once and kept as bytes.

    The head is indented for people; trades and points stand one a line. Not for use by two threads at once.
    """

    def __init__(self, path: Path) -> None:
        """Begins without trades and points: for a resumed session hand all of them to the first `write`."""
        self.path = path
        self._encoder = msgspec.json.Encoder()
        self._trades = b""
        self._points = b""
        self._trade_count = 0
        self._point_count = 0
        sweep(path)

    @property
    def trade_count(self) -> int:
        """How many trades were handed over so far."""
        return self._trade_count

    @property
    def point_count(self) -> int:
        """How many points were handed over so far, `last_point`s not counted."""
        return self._point_count

    def write(
        self,
        head: DocumentHead,
        new_trades: Sequence[TradeRow] = (),
        new_points: Sequence[EquityPoint] = (),
        last_point: EquityPoint | None = None,
    ) -> None:
        """Replace the document. `last_point` may still change: it ends the curve in this writing only.

        Raises JournalError; then the old file stands, and the new trades and points are kept for the next writing.
        """
        self._trades += self._rows(new_trades, self._trade_count)
        self._trade_count += len(new_trades)
        self._points += self._rows(new_points, self._point_count)
        self._point_count += len(new_points)
        last = b"" if last_point is None else self._rows([last_point], self._point_count)
        stamped = replace(head, schema_version=SCHEMA_VERSION)
        front = msgspec.json.format(self._encoder.encode(stamped), indent=2).removesuffix(b"\n}")
        parts = [front, b",", TRADES_BEGIN, self._trades, _end(self._trades), b',\n  "equity_history": [']
        replace_file(self.path, [*parts, self._points, last, _end(self._points or last), b"\n}\n"])

    def _rows(self, rows: Sequence[TradeRow] | Sequence[EquityPoint], before: int) -> bytes:
        lines = [b"\n    " + self._encoder.encode(row) for row in rows]
        return (b"," if before and lines else b"") + b",".join(lines)


def _end(rows: bytes) -> bytes:
    return b"\n  ]" if rows else b"]"
