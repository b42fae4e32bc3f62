"""Minute bars as files of the recorded feed: what `bar_files` reads, with a symbol in every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from sentio_tui.feeds.bar_files import NUMBERS
from sentio_tui.model.bars import Bar

FileFormat = Literal["csv", "parquet"]


def _csv(bars: Sequence[Bar]) -> bytes:
    """A file of bars: times in UTC, numbers with every digit that tells them from their neighbours."""
    lines = [",".join(("timestamp", "symbol", *NUMBERS))]
    for bar in bars:
        time = f"{datetime.fromtimestamp(bar.time // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        lines.append(",".join((time, bar.symbol, *map(_shortest, _numbers(bar)))))
    return ("\n".join(lines) + "\n").encode()


def _parquet(bars: Sequence[Bar]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {
        "timestamp": pa.array([bar.time for bar in bars], pa.timestamp("ms", "UTC")),
        "symbol": pa.array([bar.symbol for bar in bars], pa.string()),
    }
    for name, values in zip(NUMBERS, zip(*map(_numbers, bars), strict=True), strict=True):
        columns[name] = pa.array(values, pa.float64())
    out = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), out)
    return bytes(out.getvalue())


FILE_FORMATS: Final[Mapping[FileFormat, Callable[[Sequence[Bar]], bytes]]] = {"csv": _csv, "parquet": _parquet}
"""How bars, at least one and each symbol's in order of time, are written. What is read again equals them, but for the
marks `synthetic` and `backfilled`."""


def _numbers(bar: Bar) -> tuple[float, float, float, float, float]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def _shortest(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
