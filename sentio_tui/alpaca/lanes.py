"""The threads REST calls run in: each with clients of its own, each call bounded in time."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from sentio_tui.alpaca.http import AlpacaError, RateLimit, Requests
from sentio_tui.alpaca.keys import Keys, Mode

if TYPE_CHECKING:
    from alpaca.common.rest import RESTClient

Market = Literal["trading", "stocks", "crypto"]
Data = dict[str, object]

CALL_SECONDS: Final = 45.0
"""The longest one request may take with what waits before it; a server that sends a byte now and then is cut off."""

_import_lock: Final = threading.Lock()


class Place(Struct, frozen=True):
    """Which account, and where it is. Empty addresses are Alpaca's own."""

    mode: Mode = "paper"
    url: str = ""
    data_url: str = ""


class Lane:
    """One thread with clients of its own, made in it at their first use."""

    def __init__(self, name: str, keys: Keys, place: Place) -> None:
        self._name = name
        self._keys = keys
        self._place = place
        self._open()

    def _open(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"alpaca-{self._name}")
        self._clients: dict[Market, Requests] = {}

    def rates(self, market: Market) -> RateLimit | None:
        client = self._clients.get(market)
        return None if client is None else client.rates

    async def send(self, doing: str, method: str, market: Market, path: str, data: Data | None) -> object:
        """One request. Raises AlpacaError."""
        clients, executor = self._clients, self._executor

        def work() -> object:
            client = clients.get(market)
            if client is None:
                with _import_lock:
                    client = clients[market] = Requests(_client(market, self._keys, self._place), self._keys)
            return client.send(doing, method, path, data)

        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await loop.run_in_executor(executor, work)
        except TimeoutError:
            if self._executor is executor:
                executor.shutdown(wait=False)  # its thread ends when the server lets it; other calls get a new one
                self._open()
            where = f"{method} {path}"
            raise AlpacaError(
                doing, where, f"no answer in {CALL_SECONDS:.0f} s", unknown=method != "GET", transient=True
            ) from None

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()


def _client(market: Market, keys: Keys, place: Place) -> "RESTClient":
    url, data_url = place.url.rstrip("/") or None, place.data_url.rstrip("/") or None
    match market:
        case "trading":
            from alpaca.trading.client import TradingClient

            return TradingClient(keys.key_id, keys.secret, paper=place.mode == "paper", raw_data=True, url_override=url)
        case "stocks":
            from alpaca.data.historical.stock import StockHistoricalDataClient

            return StockHistoricalDataClient(keys.key_id, keys.secret, raw_data=True, url_override=data_url)
        case "crypto":
            from alpaca.data.historical.crypto import CryptoHistoricalDataClient

            return CryptoHistoricalDataClient(keys.key_id, keys.secret, raw_data=True, url_override=data_url)
