"""What can be traded, and whose leverage is whose."""

from enum import StrEnum

from msgspec import Struct


class AssetClass(StrEnum):
    """Decides costs, and hours where no exchange is named."""

    CRYPTO = "crypto"
    EQUITY = "equity"


class Instrument(Struct, frozen=True, gc=False):
    """A tradable symbol.

    `quantity_step` is the smallest amount that can be bought (1.0 for whole shares), `price_step` the tick.
    `exchange` is where it trades, an ISO 10383 code or "24/7"; empty is the usual one of its asset class.
    `leverage` is the multiple of the family base's daily return; 1.0 for a symbol without a family.
    """

    symbol: str
    asset_class: AssetClass
    quantity_step: float
    price_step: float
    leverage: float = 1.0
    exchange: str = ""


class Family(Struct, frozen=True, gc=False):
    """A base symbol and the funds that follow a multiple of its daily return.

    Driving symbol, subscriptions, order symbols and warm-up all come from here and nowhere else.
    """

    name: str
    base: str
    bull: str
    bear: str
    bear_leveraged: str
    leverage: dict[str, float]
    """Multiple of the base's daily return, by symbol; the base itself has 1.0."""

    @property
    def symbols(self) -> tuple[str, str, str, str]:
        return (self.base, self.bull, self.bear, self.bear_leveraged)
