"""Where the profit or loss came from: by hour, symbol, strategy, exit reason and book. Each adds up to the whole.

A closing fill counts where it happened, whether or not it ended its round trip; what is open counts at its last price,
net of the costs of entry.
"""

import math
import re
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from sentio_tui.engine.state import FillRecord
from sentio_tui.model.bars import Millis
from sentio_tui.model.snapshot import PositionView
from sentio_tui.reports.study import Study

K = TypeVar("K", bound=Hashable)

STILL_OPEN: Final = "still open"
_TRANSITION: Final = "STATE_TRANSITION:"
_ASIDE: Final = re.compile(r"\s*\([^()]*\)")


class Part(Struct, frozen=True):
    """A part of the session's profit or loss. `trades` are the round trips that ended in it, `won` those above 0."""

    key: str
    realised: float
    unrealised: float
    trades: int
    won: int

    @property
    def total(self) -> float:
        return self.realised + self.unrealised


class Breakdown(Struct, frozen=True):
    """One way to take the session's profit or loss apart. `name` is a word for programs, `title` one for people."""

    name: str
    title: str
    parts: tuple[Part, ...]


class Whole(Struct, frozen=True):
    """What all parts of a breakdown come to. `adopted` is what came or went when a book took over what a broker's
    account held: no trade made it."""

    realised: float
    unrealised: float
    adopted: float
    total: float


def whole(study: Study) -> Whole:
    """The session's profit or loss, `equity - capital`, by its origin."""
    realised = math.fsum(record.pnl for record in study.state.executions if record.pnl is not None)
    unrealised = math.fsum(position.pnl for position in study.snapshot.positions)
    total = study.state.equity - study.info.capital
    return Whole(realised, unrealised, total - realised - unrealised if study.adoptions else 0.0, total)


def breakdowns(study: Study) -> list[Breakdown]:
    """By book only where there are several."""
    zone = ZoneInfo(study.info.clock_zone)
    made = [
        Breakdown("hour", "Hour of the exit", _parts(study, lambda record: hour(record.fill.time, zone))),
        Breakdown("symbol", "Symbol", _parts(study, lambda record: record.fill.symbol, lambda each: each.symbol)),
        Breakdown("strategy", "Strategy", _parts(study, lambda record: record.strategy, lambda each: each.strategy)),
        Breakdown("exit_reason", "Exit reason", _parts(study, lambda record: kind_of(record.reason))),
    ]
    if len(study.info.books) > 1:
        made.append(Breakdown("book", "Book", _parts(study, lambda record: record.fill.book, lambda each: each.book)))
    return made


def hour(at: Millis, zone: ZoneInfo) -> str:
    """The hour of an exchange's clock: "09:00"."""
    return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(zone):%H}:00"


def kind_of(reason: str) -> str:
    """An order's reason without what differs from order to order: what stands in brackets, and what explains it
    ("Stop Loss (-5.04 %)"). Of a ladder's the two states are left ("STATE_TRANSITION (prob=0.53): A -> B; p 0.53 ...").
    """
    front = _ASIDE.sub("", reason.partition(";")[0]).strip()
    return front.removeprefix(_TRANSITION).strip() or reason


def _parts(
    study: Study,
    of_fill: Callable[[FillRecord], str],
    of_position: Callable[[PositionView], str] = lambda position: STILL_OPEN,
) -> tuple[Part, ...]:
    closing = _grouped((record for record in study.state.executions if record.pnl is not None), of_fill)
    held = _grouped(study.snapshot.positions, of_position)
    parts = []
    for key in sorted({*closing, *held}, key=lambda each: (each == STILL_OPEN and each not in closing, each)):
        records = closing.get(key, [])
        trades = [record.trade for record in records if record.trade is not None]
        parts.append(
            Part(
                key=key,
                realised=math.fsum(record.pnl or 0.0 for record in records),
                unrealised=math.fsum(position.pnl for position in held.get(key, [])),
                trades=len(trades),
                won=sum(trade.pnl > 0.0 for trade in trades),
            )
        )
    return tuple(parts)


T = TypeVar("T")


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
