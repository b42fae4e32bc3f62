"""A report for programs: every figure typed, in JSON. `docs/reports.md` explains the fields.

Money in the account's currency, rates and returns as fractions, times as ISO 8601 with the exchange's offset. What is
not known is an object {"unknown": why}, never 0 or null.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import asdict

from sentio_tui.model.bars import Millis
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.reports.breakdown import breakdowns, whole
from sentio_tui.reports.configuration import of_trading
from sentio_tui.reports.statistics import returns, told
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import Clock, status, warnings

FORMAT: Final = "sentio-tui report"
VERSION: Final = 1

Data = dict[str, object]


def as_json(studies: Sequence[Study], made: Millis) -> bytes:
    """One document of all sessions. `made` is the wall clock."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "made": Clock("UTC").iso(made),
        "definitions": _definitions(studies[0]),
        "sessions": [session(study) for study in studies],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def value(figure: Figure) -> object:
    """A figure, or why there is none."""
    if isinstance(figure, Unknown):
        return {"unknown": figure.why}
    return figure if math.isfinite(figure) else {"unknown": "not a finite number"}


def session(study: Study) -> Data:
    """All that is told of one session."""
    clock = Clock(study.info.clock_zone)
    info, state = study.info, study.state
    figures = told(study)
    return {
        "name": info.name,
        "state": study.status.value,
        "status": status(study, clock),
        "warnings": warnings(study),
        "mode": info.mode.value,
        "exchange": info.exchange,
        "zone": info.clock_zone,
        "started": Clock("UTC").iso(info.started),
        "from": None if state.first is None else clock.iso(state.first),
        "to": clock.iso(state.at),
        "last_event": state.seq,
        "bars": study.bars,
        "symbols": info.symbols,
        "feed": info.feed,
        "broker": info.broker,
        "books": [asdict(book) for book in info.books],
        "figures": {each.known.name: value(each.value) for each in figures},
        "samples": {each.known.name: each.sample for each in figures if each.sample},
        "pnl": asdict(whole(study)),
        "pnl_by": {each.name: [asdict(part) for part in each.parts] for each in breakdowns(study)},
        "reasons": _reasons(study),
        "days": [{"date": day, "return": figure} for day, figure in study.daily],
        "positions": _positions(study, clock),
        "trades": _trades(study, clock),
        "fills": [
            {**asdict(entry), "time": clock.iso(entry.time), "side": entry.side.value} for entry in study.entries
        ],
        "settings": of_trading(info.settings),
        "data": info.data,
        "versions": info.versions,
    }


def _definitions(study: Study) -> Data:
    return {
        each.known.name: {
            "label": each.known.label,
            "unit": each.known.unit.value,
            "basis": each.known.basis.value,
            "definition": each.known.definition,
        }
        for each in told(study)
    }


def _reasons(study: Study) -> list[Data]:
    return [
        {"book": book, "reason": reason.value, "trades": reason.trades, "decisions": times}
        for (book, reason), times in study.reasons.most_common()
    ]


def _positions(study: Study, clock: Clock) -> list[Data]:
    return [{**asdict(each), "opened": clock.iso(each.opened)} for each in study.snapshot.positions]


def _trades(study: Study, clock: Clock) -> list[Data]:
    return [
        {**asdict(trade), "opened": clock.iso(trade.opened), "closed": clock.iso(trade.closed), "return": gain}
        for trade, gain in zip(study.trades, returns(study.trades), strict=True)
    ]
