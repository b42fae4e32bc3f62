"""From the state of a session to what its page is told of this moment."""

from typing import Final

from msgspec import Struct

from sentio_tui.engine.metrics import elapsed
from sentio_tui.engine.state import State
from sentio_tui.model.events import FeedStatus
from sentio_tui.model.snapshot import FeedHealth, MarketClock, Snapshot
from sentio_tui.plain import clean
from sentio_tui.web.cards import cards, figures
from sentio_tui.web.pieces import (
    Book,
    Card,
    Decision,
    Feed,
    Grade,
    Info,
    Market,
    OpenOrder,
    Position,
    ReasonCount,
    Standing,
    Status,
    SymbolFeed,
)

_FEED_LEVELS: Final[dict[FeedStatus, Grade]] = {
    FeedStatus.CONNECTING: "none",
    FeedStatus.LIVE: "good",
    FeedStatus.QUIET: "good",
    FeedStatus.STALE: "bad",
    FeedStatus.GAP: "warn",
    FeedStatus.DOWN: "bad",
    FeedStatus.ENDED: "none",
}


class Parts(Struct, frozen=True):
    """What of a picture is told whole whenever it has changed."""

    status: Status
    cards: tuple[Card, ...]
    positions: tuple[Position, ...]
    orders: tuple[OpenOrder, ...]
    decisions: tuple[Decision, ...]
    reasons: tuple[ReasonCount, ...]
    feed: Feed


def parts_of(state: State, snapshot: Snapshot, standing: Standing, problem: str) -> Parts:
    """`snapshot` is of this state, at its time or later. `problem` is what is wrong with its journal, empty when
    nothing is."""
    return Parts(
        status=Status(
            seq=state.seq,
            at=snapshot.at,
            elapsed=elapsed(state),
            standing=standing,
            phase=state.phase,
            why=clean(state.why),
            waiting=snapshot.waiting,
            faults=tuple(clean(f"{part}: {text}") for part, text in snapshot.faults.items()),
            problem=clean(problem),
            market=_market(snapshot.clock),
        ),
        cards=cards(figures(state)),
        positions=_positions(snapshot),
        orders=_orders(snapshot),
        decisions=_decisions(state),
        reasons=_reasons(snapshot),
        feed=_feed(snapshot.feed),
    )


def info_of(state: State, charted: tuple[str, ...]) -> Info:
    """What is fixed for the whole session; `charted` are the symbols with a price chart."""
    info = state.info
    return Info(
        name=info.name,
        mode=info.mode,
        started=info.started,
        zone=info.clock_zone,
        capital=info.capital,
        symbols=info.symbols,
        charted=charted,
        feed=info.feed,
        broker=info.broker,
        books=tuple(
            Book(
                name=book.name,
                strategy=book.strategy,
                preset=book.preset,
                machine=book.machine,
                symbols=book.symbols,
                driving=book.driving,
                capital=book.capital,
                parameters=book.parameters,
            )
            for book in info.books
        ),
        version=info.versions.get("sentio-tui", ""),
    )


def _market(clock: MarketClock | None) -> Market | None:
    if clock is None:
        return None
    return Market(clock.exchange, clock.is_open, clock.next.value, clock.next_at, clock.unknown)


def _positions(snapshot: Snapshot) -> tuple[Position, ...]:
    return tuple(
        Position(
            book=each.book,
            symbol=each.symbol,
            strategy=each.strategy,
            opened=each.opened,
            quantity=each.quantity,
            entry_price=each.entry_price,
            price=each.price,
            value=each.value,
            pnl=each.pnl,
            pnl_fraction=each.pnl_fraction,
            is_stale=each.stale,
            is_synthetic=each.synthetic,
        )
        for each in snapshot.positions
    )


def _orders(snapshot: Snapshot) -> tuple[OpenOrder, ...]:
    return tuple(
        OpenOrder(
            id=each.order.id,
            book=each.order.book,
            symbol=each.order.symbol,
            side=each.order.side,
            type=each.order.type,
            status=each.status,
            time=each.order.time,
            quantity=each.order.quantity,
            notional=each.order.notional,
            filled=each.filled,
            limit_price=each.order.limit_price,
            stop_price=each.order.stop_price,
            reason=clean(each.order.reason),
        )
        for each in snapshot.orders
        if each.status.is_open
    )


def _decisions(state: State) -> tuple[Decision, ...]:
    return tuple(
        Decision(
            book=each.book,
            symbol=each.symbol,
            strategy=state.accounts[each.book].info.strategy,
            time=each.at,
            reason=each.reason,
            text=each.reason.text,
            trades=each.reason.trades,
            detail=clean(each.detail),
            direction=each.signal.direction,
            trigger=clean(each.signal.trigger),
            distance=each.signal.distance,
            missing=each.signal.missing,
            probability=each.signal.probability,
            values=each.signal.values,
            state=each.state,
            target=each.target,
        )
        for each in state.decided.values()
    )


def _reasons(snapshot: Snapshot) -> tuple[ReasonCount, ...]:
    counted = sorted(snapshot.reasons.items(), key=lambda each: (-each[1], each[0]))
    return tuple(ReasonCount(reason, reason.text, count) for reason, count in counted)


def _feed(health: FeedHealth) -> Feed:
    return Feed(
        status=health.status,
        detail=clean(health.detail),
        level=_FEED_LEVELS[health.status],
        last=health.last,
        bars=health.bars,
        dropped=health.dropped,
        symbols=tuple(
            SymbolFeed(each.symbol, each.status, each.last, each.price, each.bars, each.dropped, each.synthetic)
            for each in health.symbols
        ),
    )
