"""The real alpaca-py, pointed at the local exchange."""

from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

from tests.exchange.server import FakeAlpaca


def trading_client(exchange: FakeAlpaca, *, raw: bool = False) -> TradingClient:
    client = TradingClient(exchange.key, exchange.secret, raw_data=raw, url_override=exchange.url)
    client._session.trust_env = False
    client._retry = 0
    return client


def stock_client(exchange: FakeAlpaca, *, raw: bool = False) -> StockHistoricalDataClient:
    client = StockHistoricalDataClient(exchange.key, exchange.secret, raw_data=raw, url_override=exchange.url)
    client._session.trust_env = False
    client._retry = 0
    return client


def crypto_client(exchange: FakeAlpaca, *, raw: bool = False) -> CryptoHistoricalDataClient:
    client = CryptoHistoricalDataClient(exchange.key, exchange.secret, raw_data=raw, url_override=exchange.url)
    client._session.trust_env = False
    client._retry = 0
    return client


def stock_stream(exchange: FakeAlpaca, feed: str = "iex", *, raw: bool = False) -> StockDataStream:
    return StockDataStream(exchange.key, exchange.secret, raw_data=raw, url_override=exchange.stock_stream_url(feed))


def crypto_stream(exchange: FakeAlpaca, *, raw: bool = False) -> CryptoDataStream:
    return CryptoDataStream(exchange.key, exchange.secret, raw_data=raw, url_override=exchange.crypto_stream_url)


def trading_stream(exchange: FakeAlpaca, *, raw: bool = False) -> TradingStream:
    return TradingStream(exchange.key, exchange.secret, raw_data=raw, url_override=exchange.trading_stream_url)
