"""What is traded on the local exchange."""

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

EQUITY: Final = "us_equity"
CRYPTO: Final = "crypto"
TEST_SYMBOL: Final = "FAKEPACA"
"""The one symbol of the test feed, open round the clock."""


class Listing(Struct, frozen=True):
    """A symbol. `volatility` is annual, `volume` shares or coins in an average minute over all exchanges.

    `silent` is the share of minutes without a trade on IEX, in regular hours. A fund follows `leverage` times the
    daily return of its `base`.
    """

    symbol: str
    name: str
    exchange: str
    price: float
    volatility: float
    volume: float
    silent: float = 0.0
    base: str = ""
    leverage: float = 1.0
    kind: str = EQUITY
    fractionable: bool = True
    shortable: bool = True
    tradable: bool = True

    @property
    def never_closes(self) -> bool:
        return self.kind == CRYPTO or self.symbol == TEST_SYMBOL

    @property
    def asset_id(self) -> str:
        return str(uuid5(NAMESPACE_URL, self.symbol))

    def asset(self) -> dict[str, object]:
        """The body of GET /v2/assets/{symbol}."""
        body: dict[str, object] = {
            "id": self.asset_id,
            "class": self.kind,
            "exchange": self.exchange,
            "symbol": self.symbol,
            "name": self.name,
            "status": "active",
            "tradable": self.tradable,
            "marginable": self.kind == EQUITY,
            "maintenance_margin_requirement": 30 if self.kind == EQUITY else 100,
            "margin_requirement_long": "30" if self.kind == EQUITY else "100",
            "margin_requirement_short": "30" if self.kind == EQUITY else "100",
            "shortable": self.shortable,
            "easy_to_borrow": self.shortable,
            "borrow_status": "easy_to_borrow" if self.shortable else "hard_to_borrow",
            "fractionable": self.fractionable,
            "attributes": ["fractional_eh_enabled", "has_options", "overnight_tradable"] if self.kind == EQUITY else [],
        }
        if self.kind == CRYPTO:
            body |= {"min_order_size": "0.0001", "min_trade_increment": "0.000000001", "price_increment": "0.01"}
        return body


def _fund(symbol: str, name: str, base: str, leverage: float, price: float, volume: float, silent: float) -> Listing:
    return Listing(symbol, name, "ARCA", price, 0.0, volume, silent, base, leverage)


def _coin(symbol: str, name: str, price: float, volatility: float, volume: float) -> Listing:
    return Listing(symbol, name, "CRYPTO", price, volatility, volume, 0.1, kind=CRYPTO, shortable=False)


LISTINGS: Final = (
    Listing("SPY", "SPDR S&P 500 ETF Trust", "ARCA", 590.0, 0.16, 130_000),
    _fund("SPXL", "Direxion Daily S&P 500 Bull 3X", "SPY", 3.0, 172.0, 9_000, 0.08),
    _fund("SH", "ProShares Short S&P500", "SPY", -1.0, 42.0, 14_000, 0.15),
    _fund("SDS", "ProShares UltraShort S&P500", "SPY", -2.0, 20.0, 16_000, 0.25),
    _fund("SPXS", "Direxion Daily S&P 500 Bear 3X", "SPY", -3.0, 6.0, 40_000, 0.12),
    Listing("QQQ", "Invesco QQQ Trust", "NASDAQ", 515.0, 0.2, 90_000),
    _fund("TQQQ", "ProShares UltraPro QQQ", "QQQ", 3.0, 80.0, 120_000, 0.01),
    _fund("PSQ", "ProShares Short QQQ", "QQQ", -1.0, 37.0, 12_000, 0.15),
    _fund("SQQQ", "ProShares UltraPro Short QQQ", "QQQ", -3.0, 30.0, 150_000, 0.01),
    Listing("AAPL", "Apple Inc. Common Stock", "NASDAQ", 245.0, 0.25, 110_000, 0.01),
    Listing("IBM", "International Business Machines", "NYSE", 220.0, 0.22, 11_000, 0.12, fractionable=False),
    Listing(TEST_SYMBOL, "The test feed's own", "NASDAQ", 134.0, 0.3, 2_000, 0.02),
    _coin("BTC/USD", "Bitcoin / US Dollar", 97_000.0, 0.5, 9.0),
    _coin("ETH/USD", "Ethereum / US Dollar", 3_600.0, 0.7, 90.0),
    _coin("SOL/USD", "Solana / US Dollar", 215.0, 0.9, 900.0),
)
