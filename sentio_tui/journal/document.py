"""The summary document of a session, for people and other tools.

It has every key of the document the original monitor wrote, with the original's meaning, and more. Unlike in the
rest of the program, rates and returns in `metrics` are percents (1.0 is one percent), as the original wrote them:
`total_return`, `drawdown`, `max_drawdown`, `win_rate`, `execution_rate`, `exposure`, `average_mae`, `average_mfe`,
`mrd`, `mrb`.
Drawdowns are 0 or above. Everything in `config` is a fraction, as in the original. Times are ISO 8601 with an offset.
"""

import math
import re
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from sentio_tui.model.bars import Millis
from sentio_tui.model.events import BookInfo

SCHEMA_VERSION: Final = 1

TRADES_BEGIN: Final = b'\n  "trades": ['
"""Where the long part of a document begins; no text can contain it, since JSON escapes line breaks."""

_HEAD_SIZE: Final = 1 << 16
_BYTE: Final = re.compile(r"\(byte (\d+)\)")

Scalar = bool | int | float | str
_Shape = TypeVar("_Shape")


class DocumentMetrics(Struct, frozen=True, kw_only=True):
    """The figures, rates and returns in percent. An unknown one is None, and `unknown` says why, by its name.

    `drawdown` is the current one. `num_trades` counts fills, `closed_trades` round trips, `num_positions` what is
    open. `execution_rate` is the share of buy and sell signals that led to an order of which something filled.
    `avg_pnl` is per closed trade, `win_rate` is of closed trades net of costs. `turnover` is in multiples of the
    initial capital, `profit_factor`, `sharpe` and `sortino` are plain ratios, `duration` is "H:MM:SS".
    Raises ValueError for a figure that is no finite number.
    """

    equity: float
    cash: float
    positions_value: float
    total_return: float
    drawdown: float
    num_trades: int
    num_positions: int
    win_rate: float | None
    total_pnl: float
    avg_pnl: float | None = None
    duration: str | None = None
    trades_per_hour: float | None = None
    signals_per_hour: float | None = None
    execution_rate: float | None = None
    closed_trades: int | None = None
    max_drawdown: float | None = None
    profit_factor: float | None = None
    expectancy: float | None = None
    average_win: float | None = None
    average_loss: float | None = None
    exposure: float | None = None
    turnover: float | None = None
    fees: float | None = None
    longest_losing_streak: int | None = None
    sharpe: float | None = None
    sortino: float | None = None
    average_mae: float | None = None
    average_mfe: float | None = None
    mrd: float | None = None
    mrb: float | None = None
    unknown: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"metrics.{name} is {value}; an unknown figure is None with its reason in `unknown`")


class SignalStats(Struct, frozen=True, kw_only=True):
    """How often things happened. `iterations` counts the bars that led to a decision."""

    iterations: int = 0
    buy_signals: int = 0
    sell_signals: int = 0
    hold_signals: int = 0
    trades_executed: int = 0
    blocked_max_positions: int = 0
    blocked_has_position: int = 0
    blocked_no_position: int = 0
    no_quote: int = 0


class DocumentConfig(Struct, frozen=True, kw_only=True):
    """What the original kept of its configuration. Sizes and rates are fractions, a rule of 0.0 is off. None is what is
    not the same in all books or for all symbols and dates."""

    signal_mode: str | None = None
    max_position_size: float | None = None
    max_positions: int | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    commission_rate: float | None = None
    slippage_rate: float | None = None
    strategy_overrides: dict[str, Scalar] = {}


class PositionRow(Struct, frozen=True, kw_only=True):
    """One open position; `value` is quantity times current price."""

    symbol: str = ""
    quantity: float
    entry_price: float
    current_price: float
    value: float
    entry_time: str
    strategy: str = ""
    book: str = ""


class TradeRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fill; `value` is quantity times price. Only a closing fill has a `pnl`, net of the costs of both sides.

    The fill that ends a round trip has its `mae` and `mfe`: the worst and the best price while it was held against the
    entry price, as fractions.
    """

    timestamp: str
    symbol: str
    side: str
    quantity: float
    price: float
    value: float
    commission: float
    reason: str
    strategy: str = ""
    book: str = ""
    order_id: str = ""
    pnl: float | None = None
    mae: float | None = None
    mfe: float | None = None


class EquityPoint(Struct, frozen=True):
    timestamp: str
    equity: float


class FeedRow(Struct, frozen=True, kw_only=True):
    """Where the bars come from, and how they arrive. `last` is the time of the newest one."""

    name: str
    status: str = ""
    detail: str = ""
    last: str | None = None
    bars: int = 0
    dropped: int = 0


class DocumentHead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything but the two long lists. What a file does not say is None; `end_time` is there when finished only.

    The writer fills in `schema_version`. `state` is "running" or "ended", `reasons` counts how often each reason was
    decided, `last_seq` is the last event this document knows of, `journal` the file of events beside it, `updated`
    the wall clock at the writing.
    """

    schema_version: int | None = None
    session_name: str
    state: str | None = None
    mode: str | None = None
    start_time: str
    end_time: str | None = None
    updated: str | None = None
    initial_capital: float
    strategy: str
    symbols: tuple[str, ...]
    metrics: DocumentMetrics
    signal_stats: SignalStats | None = None
    reasons: dict[str, int] | None = None
    positions: dict[str, PositionRow]
    config: DocumentConfig | None = None
    books: tuple[BookInfo, ...] | None = None
    feed: FeedRow | None = None
    broker: str | None = None
    journal: str | None = None
    last_seq: int | None = None
    versions: dict[str, str] | None = None

    @property
    def is_ended(self) -> bool:
        return self.state == "ended" or self.end_time is not None


class Document(DocumentHead, frozen=True, kw_only=True, omit_defaults=True):
    """The whole of it, lists in order of time. The original kept the last 50 trades and 100 points only."""

    trades: list[TradeRow]
    equity_history: list[EquityPoint]


class DocumentDamaged(Exception):
    """A file that is no summary document: names the file and the place in it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


def positions_by_key(rows: tuple[PositionRow, ...]) -> dict[str, PositionRow]:
    """Open positions by symbol; by "book/symbol" where more than one book holds the symbol."""
    symbols = [row.symbol for row in rows]
    return {row.symbol if symbols.count(row.symbol) == 1 else f"{row.book}/{row.symbol}": row for row in rows}


def duration(length: Millis) -> str:
    """A length of time as "H:MM:SS", full seconds."""
    minutes, seconds = divmod(max(length, 0) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def read_document(path: Path) -> Document:
    """A document of ours or of the original's. Keys it does not know are left out.

    Raises DocumentDamaged naming file and place, OSError.
    """
    return _decode(path, path.read_bytes(), Document)


def read_head(path: Path) -> DocumentHead:
    """The document without its long lists, which for our own files are not even read.

    Raises DocumentDamaged naming file and place, OSError.
    """
    with path.open("rb") as file:
        data = file.read(_HEAD_SIZE)
        end = data.find(TRADES_BEGIN)
        if end >= 0 and b'\n  "schema_version": ' in data[:end]:
            return _decode(path, data[:end].rstrip(b", ") + b"\n}", DocumentHead)
        data += file.read()
    return _decode(path, data, DocumentHead)


def _decode(path: Path, data: bytes, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as cause:
        raise DocumentDamaged(path, f"no session document: {cause}") from cause
    except ValueError as cause:
        raise DocumentDamaged(path, f"no JSON: {_place(cause, data)}") from cause


def _place(cause: ValueError, data: bytes) -> str:
    found = _BYTE.search(str(cause))
    if found is None:
        return f"{cause}" if data else "the file is empty"
    before = data[: int(found[1])]
    line = before.count(b"\n") + 1
    column = len(before) - before.rfind(b"\n")
    return f"line {line}, column {column}: {_BYTE.sub('', str(cause)).strip()}"
