"""From targets to orders, by difference: sells first; buys when the sells have filled, sized from the cash then."""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from sentio_tui.engine.book import View
from sentio_tui.engine.ledger import DUST
from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Target
from sentio_tui.model.instruments import Instrument


class Sale(Struct, frozen=True):
    symbol: str
    quantity: float


class Purchase(Struct, frozen=True):
    """A buy that waits for the book's sells, until `deadline`."""

    target: Target
    reason: str
    deadline: Millis


def sales(targets: Sequence[Target], view: View, instruments: Mapping[str, Instrument]) -> list[Sale]:
    """What must be sold to reach the targets: all of a symbol whose weight is 0, and what is above its weight. What
    open orders are selling already counts as sold.

    A symbol without a price of its own is left alone.
    """
    result = []
    equity = view.equity
    for target in targets:
        holding = view.holding(target.symbol)
        if holding is None or target.weight is None:
            continue
        held = holding.quantity - view.being_sold(target.symbol)
        if target.weight <= 0.0:
            surplus = round(held, 9)
        else:
            price = view.price(target.symbol)
            if price is None:
                continue
            surplus = round_down(held - target.weight * equity / price, instruments[target.symbol].quantity_step)
        if surplus > DUST:
            result.append(Sale(target.symbol, surplus))
    return result


def spending(target: Target, view: View) -> float:
    """The cash a buy for this target may spend, costs included; never more than is free."""
    if target.notional is not None:
        return min(target.notional, view.cash)
    price = view.price(target.symbol)
    if price is None or not target.weight:
        return 0.0
    holding = view.holding(target.symbol)
    held = holding.quantity * price if holding is not None else 0.0
    return max(0.0, min(target.weight * view.equity - held, view.cash))


def round_down(quantity: float, step: float) -> float:
    """The largest multiple of `step` that is not above `quantity`, to nine decimals."""
    return round(math.floor(quantity / step + 1e-9) * step, 9)
