"""What is known of each order at Alpaca: one state, whoever tells of it.

Stream, answers to requests, look-ups and polls all bring the order as Alpaca had it at some moment. What counts is how
much of it has been executed in all, and for how much money: so whatever comes twice, late or in another order changes
nothing, and whatever was lost is made up for by the next word.
"""

from collections.abc import Iterator
from enum import Enum
from math import isfinite
from typing import Final

from sentio_tui.alpaca.answers import BrokerOrder, NewOrder, TradeUpdate, instant
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import (
    Answer,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from sentio_tui.model.instruments import Instrument
from sentio_tui.model.orders import Fill, Order

DECIMALS: Final = 9
"""Of quantities; Alpaca has no finer ones."""
DONE_KEPT: Final = 2_000
"""Orders that are kept after their end, to know what comes late of them."""


class Stage(Enum):
    WAITING = "waiting"
    """It has not left the process."""
    SENT = "sent"
    """It is on its way."""
    UNKNOWN = "unknown"
    """Nobody knows whether Alpaca has it."""
    PLACED = "placed"
    """Alpaca has it."""
    DONE = "done"
    """It has ended, and that has been told."""


class Placed:
    """An order, from its intent to its end. `request` is None where an earlier process made it."""

    __slots__ = (
        "broker_id",
        "cancel",
        "cancelling",
        "denied",
        "filled",
        "identity",
        "instrument",
        "is_accepted",
        "is_shrunk",
        "order",
        "request",
        "sent_at",
        "stage",
        "value",
    )

    def __init__(
        self,
        order: Order,
        instrument: Instrument,
        identity: str,
        request: NewOrder | None,
        stage: Stage,
        sent_at: Millis,
    ) -> None:
        self.order = order
        self.instrument = instrument
        self.identity = identity
        self.request = request
        self.is_shrunk = False
        """The request is smaller than the one that was refused for want of buying power."""
        self.stage = stage
        self.sent_at = sent_at
        """When it was released, or last sent."""
        self.broker_id = ""
        self.is_accepted = False
        self.filled = 0.0
        self.value = 0.0
        """Money of all executions that have been told."""
        self.cancel = False
        """Its end was asked for."""
        self.cancelling = False
        """Alpaca has been asked for it, or is being asked."""
        self.denied = False
        """Its end was told without a word of Alpaca's: it was refused, or never found."""

    @property
    def is_open(self) -> bool:
        return self.stage is not Stage.DONE

    def take(self, found: BrokerOrder, at: Millis, update: TradeUpdate | None = None) -> list[Answer]:
        """What is new in an order as Alpaca has it, as answers. `update` is the execution it came with, if it did."""
        order = self.order
        was_done = not self.is_open
        self.broker_id = found.id
        answers: list[Answer] = []
        if not self.is_accepted and not was_done and found.status != "rejected":
            self.is_accepted = True
            answers.append(OrderAccepted(0, at, order.id, found.id))
        fill = self._fill(found, at, update)
        if fill is not None:
            answers.append(OrderFilled(0, at, fill))
        if was_done:
            return answers
        self.stage = Stage.PLACED
        is_whole = round(found.filled_qty - self.filled, DECIMALS) <= 0.0
        if fill is not None and fill.remaining == 0.0:
            self.stage = Stage.DONE
        elif found.is_done and is_whole:
            self.stage = Stage.DONE
            answers.append(self._end(found, at))
        return answers

    def deny(self, why: str, at: Millis) -> Answer:
        """There is no such order at Alpaca."""
        self.stage, self.denied = Stage.DONE, True
        return OrderRejected(0, at, self.order.id, why)

    def drop(self, at: Millis) -> Answer:
        """It was cancelled before it left."""
        self.stage, self.denied = Stage.DONE, True
        return OrderCancelled(0, at, self.order.id, "cancelled before it was sent")

    def _fill(self, found: BrokerOrder, at: Millis, update: TradeUpdate | None) -> Fill | None:
        """What has been executed since the last word. None where that is nothing, or its price is not known yet."""
        total = round(found.filled_qty, DECIMALS)
        count = round(total - self.filled, DECIMALS)
        if not count > 0.0:
            return None
        identity = f"{self.identity}/{total:.9f}".rstrip("0").rstrip(".")
        own = update is not None and _same(update.qty, count) and _is_price(update.price)
        average = found.filled_avg_price
        if own and update is not None and update.price is not None:
            price, identity = update.price, update.execution_id or identity
        elif average is not None and _is_price(average):
            price = (total * average - self.value) / count
            if not price > 0.0:  # the average is rounded, the execution tiny
                price = average
        else:
            return None
        self.filled = total
        self.value += price * count
        time = _time(found.updated_at if update is None else update.timestamp, at)
        order = self.order
        whole = self._whole(found)
        remaining = 0.0 if found.status == "filled" else max(0.0, round(whole - total, DECIMALS))
        return Fill(identity, order.id, order.book, order.symbol, order.side, count, price, 0.0, time, remaining)

    def _whole(self, found: BrokerOrder) -> float:
        """The quantity of the order."""
        if found.qty is not None:
            return found.qty
        if self.request is not None and self.request.qty is not None:
            return float(self.request.qty)
        return self.order.quantity or 0.0

    def _end(self, found: BrokerOrder, at: Millis) -> Answer:
        identity = self.order.id
        match found.status:
            case "expired":
                return OrderExpired(0, at, identity)
            case "rejected":
                return OrderRejected(0, at, identity, "Alpaca had taken it, the exchange rejected it")
            case "replaced":
                return OrderCancelled(0, at, identity, "replaced at Alpaca, not by this session")
            case "canceled":
                why = "cancelled on request" if self.cancel else "cancelled at Alpaca, not by this session"
                return OrderCancelled(0, at, identity, why)
            case _:
                return OrderCancelled(0, at, identity, f"Alpaca counts it as {found.status}")


class Orders:
    """The orders of a session, by both of their ids. Those that have ended are forgotten after a while."""

    def __init__(self) -> None:
        self._by_order: dict[str, Placed] = {}
        self._by_identity: dict[str, Placed] = {}

    def add(self, placed: Placed) -> None:
        self._by_order[placed.order.id] = placed
        self._by_identity[placed.identity] = placed
        if len(self._by_order) > 2 * DONE_KEPT:
            self._forget()

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._by_order

    def __iter__(self) -> Iterator[Placed]:
        return iter(tuple(self._by_order.values()))

    def by_order(self, order_id: str) -> Placed | None:
        """By the engine's id."""
        return self._by_order.get(order_id)

    def by_identity(self, identity: str) -> Placed | None:
        """By the client order id."""
        return self._by_identity.get(identity)

    def open(self) -> list[Placed]:
        return [each for each in self._by_order.values() if each.is_open]

    def clear(self) -> None:
        self._by_order.clear()
        self._by_identity.clear()

    def _forget(self) -> None:
        done = [each for each in self._by_order.values() if not each.is_open]
        for each in done[: max(len(done) - DONE_KEPT, 0)]:
            del self._by_order[each.order.id]
            del self._by_identity[each.identity]


def _same(quantity: float | None, count: float) -> bool:
    return quantity is not None and round(quantity - count, DECIMALS) == 0.0


def _is_price(price: float | None) -> bool:
    return price is not None and isfinite(price) and price > 0.0


def _time(text: str | None, at: Millis) -> Millis:
    """When Alpaca says it happened, else now."""
    if text is None:
        return at
    try:
        return instant(text)
    except ValueError:
        return at
