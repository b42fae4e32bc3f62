"""What an execution costs besides its price: commissions and regulatory fees, with the dates they hold from."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from sentio_tui.brokers.steps import steps_of
from sentio_tui.model.bars import Millis
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Side

_MOST_STEPS: Final = 2**53
"""Beyond it a float no longer tells two neighbouring quantities apart."""


class Cost(Struct, frozen=True, gc=False):
    """The rates of an asset class from `since` (midnight UTC) on.

    Rates are fractions of the value, the per-share figures money a share or coin. Commissions are due on both sides,
    the SEC fee and the TAF on sells only. `taf_maximum` is the largest TAF of one order, 0.0 is without limit.
    """

    asset_class: AssetClass
    since: Millis = 0
    commission_rate: float = 0.0
    commission_per_share: float = 0.0
    sec_rate: float = 0.0
    taf_per_share: float = 0.0
    taf_maximum: float = 0.0


class CostsUnknown(LookupError):
    """The schedule has entries for the asset class, but all of them begin later than the time asked for."""


_BUY: Final = Side.BUY
_SELL: Final = Side.SELL

_FREE: Final = {asset_class: Cost(asset_class) for asset_class in AssetClass}


class CostSchedule:
    """All costs, by asset class and date: the newest entry whose `since` has come is in force.

    An asset class without any entry trades free of charge. One that has entries has no costs before its first: such a
    time raises CostsUnknown, for a zero would be a guess. Amounts are not rounded to cents.
    """

    def __init__(self, costs: Iterable[Cost]) -> None:
        """Raises ValueError for a negative figure, a rate of 1.0 or more, or two entries of one day."""
        self._entries: dict[AssetClass, list[Cost]] = {}
        for cost in sorted(costs, key=lambda cost: cost.since):
            _check(cost)
            entries = self._entries.setdefault(cost.asset_class, [])
            if entries and entries[-1].since == cost.since:
                raise ValueError(f"two cost entries for {cost.asset_class.value} since {_day(cost.since)}: keep one")
            entries.append(cost)
        self._since = {key: [cost.since for cost in entries] for key, entries in self._entries.items()}

    def in_force(self, asset_class: AssetClass, at: Millis) -> Cost:
        """The entry in force. Raises CostsUnknown."""
        entries = self._entries.get(asset_class)
        if not entries:
            return _FREE[asset_class]
        newest = entries[-1]
        if newest.since <= at:
            return newest
        index = bisect_right(self._since[asset_class], at) - 1
        if index < 0:
            raise CostsUnknown(
                f"no costs are known for {asset_class.value} on {_day(at)}, the first entry begins on "
                f"{_day(entries[0].since)}: add an earlier entry to the cost schedule"
            )
        return entries[index]

    def commission(
        self, instrument: Instrument, side: Side, quantity: float, price: float, at: Millis, taf_paid: float = 0.0
    ) -> float:
        """All costs of one execution. Raises CostsUnknown.

        An order that fills in parts pays its TAF up to the maximum once: `taf_paid` is the `taf` of the parts before.
        """
        cost = self.in_force(instrument.asset_class, at)
        amount = _commission(cost, quantity, price)
        if side is _SELL:
            amount += quantity * price * cost.sec_rate + _taf(cost, quantity, taf_paid)
        return amount

    def taf(self, instrument: Instrument, side: Side, quantity: float, at: Millis, taf_paid: float = 0.0) -> float:
        """The TAF in `commission`: what the next part of the same order has to count as paid. Raises CostsUnknown."""
        return 0.0 if side is _BUY else _taf(self.in_force(instrument.asset_class, at), quantity, taf_paid)

    def affordable(self, instrument: Instrument, cash: float, price: float, at: Millis) -> float:
        """The largest quantity, in whole steps, whose value and costs `cash` can pay; 0.0 when not even one step.

        The boundary is that of the ledger's own floats: `quantity * price + commission <= cash` holds for the result
        and for no larger one. Raises CostsUnknown, and ValueError for a price that is not positive.
        """
        if not (price > 0.0 and isfinite(price)):
            raise ValueError(f"the price of {instrument.symbol} must be a positive number, not {price!r}")
        cost = self.in_force(instrument.asset_class, at)
        if not cash > 0.0:
            return 0.0
        steps = steps_of(instrument.quantity_step)
        one = steps.step * (price * (1.0 + cost.commission_rate) + cost.commission_per_share)
        count = int(min(cash / one, _MOST_STEPS))
        quantity = steps.value(count)
        while count > 0 and quantity * price + _commission(cost, quantity, price) > cash:
            count -= 1
            quantity = steps.value(count)
        while count < _MOST_STEPS:
            more = steps.value(count + 1)
            if more * price + _commission(cost, more, price) > cash:
                break
            count, quantity = count + 1, more
        return quantity


def _commission(cost: Cost, quantity: float, price: float) -> float:
    return quantity * price * cost.commission_rate + quantity * cost.commission_per_share


def _taf(cost: Cost, quantity: float, paid: float) -> float:
    amount = quantity * cost.taf_per_share
    return min(amount, max(0.0, cost.taf_maximum - paid)) if cost.taf_maximum else amount


def _check(cost: Cost) -> None:
    for name, value in asdict(cost).items():
        if name in ("asset_class", "since"):
            continue
        limit = 1.0 if name.endswith("_rate") else float("inf")
        if not 0.0 <= value < limit:
            bound = "at least 0 and below 1" if limit == 1.0 else "0 or more"
            raise ValueError(f"{name} of the {cost.asset_class.value} costs must be {bound}, not {value!r}")


def _day(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()
