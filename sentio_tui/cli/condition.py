"""What `sentio-tui status` prints of each running session."""

from collections.abc import Sequence
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from sentio_tui.journal.names import iso
from sentio_tui.sessions.attached import NotAttached, glance
from sentio_tui.sessions.running import Running


class Held(Struct, frozen=True):
    """An open position. Money in the account's currency."""

    book: str
    symbol: str
    quantity: float
    value: float
    pnl: float


class Condition(Struct, frozen=True, kw_only=True):
    """How a running session is. Times are ISO 8601, `total_return` is a fraction. What a session that does not answer
    would have said is None; `problem` says why it does not."""

    session: str
    folder: str
    pid: int
    since: str
    socket: str
    version: str | None = None
    mode: str | None = None
    phase: str | None = None
    market_time: str | None = None
    zone: str | None = None
    feed: str | None = None
    equity: float | None = None
    total_return: float | None = None
    positions: tuple[Held, ...] | None = None
    faults: dict[str, str] | None = None
    viewers: tuple[str, ...] | None = None
    driver: str | None = None
    problem: str = ""


def ask(found: Running) -> Condition:
    """How it is, in its own words."""
    known = Condition(
        session=found.name, folder=str(found.folder), pid=found.pid, since=found.since, socket=found.socket
    )
    try:
        seen = glance(found)
    except NotAttached as error:
        return msgspec.structs.replace(known, problem=str(error).removeprefix(f"{found.name}: "))
    shown = seen.snapshot
    return msgspec.structs.replace(
        known,
        version=seen.welcome.version,
        mode=shown.info.mode.value,
        phase=shown.phase.value,
        market_time=iso(shown.at),
        zone=shown.info.clock_zone,
        feed=shown.feed.status.value,
        equity=shown.metrics.equity,
        total_return=shown.metrics.total_return,
        positions=tuple(Held(each.book, each.symbol, each.quantity, each.value, each.pnl) for each in shown.positions),
        faults=shown.faults,
        viewers=seen.seated.viewers,
        driver=seen.seated.seat.driver,
    )


def write_json(found: Sequence[Condition], out: TextIO) -> None:
    out.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")


def write(found: Sequence[Condition], out: TextIO) -> None:
    """A paragraph a session."""
    out.write("\n".join(_paragraph(each) for each in found))


def _paragraph(each: Condition) -> str:
    rows = [("process", f"{each.pid}, since {_local(each.since)}")]
    if each.problem:
        rows.append(("problem", f"it does not answer: {each.problem}"))
    else:
        rows += [
            ("market time", _market(each)),
            ("equity", f"{each.equity:,.2f} ({each.total_return:+.2%})"),
            ("positions", _positions(each.positions or ())),
            *(("fault", f"{part}: {text}") for part, text in (each.faults or {}).items()),
            ("viewers", _viewers(each)),
        ]
    title = f"{each.session}  {(each.mode or 'n/a').upper()} {each.phase or 'n/a'}"
    return "".join(f"{_clean(line)}\n" for line in (title, *(f"  {name:<12} {value}" for name, value in rows)))


def _market(each: Condition) -> str:
    at = datetime.fromisoformat(each.market_time or "").astimezone(ZoneInfo(each.zone or "UTC"))
    return f"{at:%Y-%m-%d %H:%M:%S %Z}, feed {each.feed}"


def _positions(held: Sequence[Held]) -> str:
    if not held:
        return "none"
    return f"{len(held)}: " + ", ".join(f"{each.symbol} {each.quantity:g} ({each.pnl:+,.2f})" for each in held)


def _viewers(each: Condition) -> str:
    names = [f"{name} (drives)" if name == each.driver else name for name in each.viewers or ()]
    return ", ".join(names) or "none"


def _local(time: str) -> str:
    """A time of the wall clock as this machine shows it; as it stands where it is none."""
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S %Z}"
    except ValueError:
        return time or "an unknown time"


def _clean(line: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
