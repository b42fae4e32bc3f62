"""Sessions at a local exchange whose clock shows the present, round the clock."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sentio_tui import paths
from sentio_tui.alpaca.keys import KEY_ID, SECRET
from sentio_tui.settings import (
    AlpacaBrokerSettings,
    AlpacaFeedSettings,
    BrokerSettings,
    FeedSettings,
    InstrumentSettings,
    SessionSettings,
    Settings,
)
from tests.exchange.exchange import FakeExchange
from tests.exchange.server import FakeAlpaca, ThreadedAlpaca

SYMBOLS = ("SPY", "BTC-USD")


class Exchange:
    """The exchange on a thread of its own, as another process would see it."""

    def __init__(self, server: ThreadedAlpaca) -> None:
        self.server = server
        self.alpaca: FakeAlpaca = server.alpaca

    def settings(self, *, broker: str = "alpaca", mode: str = "paper", symbols: tuple[str, ...] = SYMBOLS) -> Settings:
        alpaca = self.alpaca
        return Settings(
            session=SessionSettings(at_exit="keep", patience=0.2),
            feed=FeedSettings(
                kind="alpaca",
                symbols=symbols,
                alpaca=AlpacaFeedSettings(data_url=alpaca.url, stream_url=alpaca.ws_url),
            ),
            broker=BrokerSettings(
                kind="alpaca" if broker == "alpaca" else "paper",
                alpaca=AlpacaBrokerSettings(mode="live" if mode == "live" else "paper", url=alpaca.url),
            ),
            instruments={"SPY": InstrumentSettings("equity", exchange="24/7")},
        )

    def post(self, path: str, body: Mapping[str, object]) -> None:
        headers = {"APCA-API-KEY-ID": self.alpaca.key, "APCA-API-SECRET-KEY": self.alpaca.secret}
        answer = requests.post(f"{self.alpaca.url}{path}", data=json.dumps(body), headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text

    def buy(self, symbol: str, quantity: float) -> None:
        """By a person, not by a session of ours."""
        force = "gtc" if "/" in symbol else "day"
        self.post(
            "/v2/orders",
            {"symbol": symbol, "qty": str(quantity), "side": "buy", "type": "market", "time_in_force": force},
        )

    @property
    def sockets_open(self) -> int:
        return self.server.call(lambda: self.alpaca.sockets_open)


@contextmanager
def at_exchange(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    """Its keys in the environment; `folder` holds the locks of accounts."""
    exchange = FakeExchange(begin=time.time_ns() // 1_000_000, hours="24/7")
    with ThreadedAlpaca(exchange) as server:
        server.call(server.alpaca.keep_time)
        monkeypatch.setenv(KEY_ID, server.alpaca.key)
        monkeypatch.setenv(SECRET, server.alpaca.secret)
        monkeypatch.setattr(paths, "accounts_dir", lambda: folder / "accounts")
        yield Exchange(server)
