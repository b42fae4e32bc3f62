"""The market data API over REST: bars, and the newest bar, quote and trade, of stocks and crypto."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from sentio_tui.model.bars import MINUTE, Millis
from tests.exchange.clock import whole
from tests.exchange.data_stream import quote_body, trade_body
from tests.exchange.exchange import FakeExchange
from tests.exchange.faults import Faults
from tests.exchange.listings import CRYPTO
from tests.exchange.market import IEX, SIP, aggregated
from tests.exchange.orders import Body, Refusal
from tests.exchange.paths import MinuteBar
from tests.exchange.rest import NEW_YORK, instant, whole_number
from tests.exchange.ticker import Trade

EMBARGO: Final = 15 * MINUTE
"""How old SIP data must be without a paid subscription."""
MOST_BARS: Final = 10_000
_TIMEFRAME: Final = re.compile(r"(\d+)(Min|T|Hour|H|Day|D)")
_DUMP: Final[Callable[[object], str]] = lambda value: json.dumps(value, default=str)  # noqa: E731


def bar_body(at: Millis, bar: MinuteBar, *, crypto: bool) -> Body:
    volume = bar.v if crypto else int(bar.v)
    return {"t": whole(at), "o": bar.o, "h": bar.h, "l": bar.l, "c": bar.c, "v": volume, "n": bar.n, "vw": bar.vw}


class HistoryApi:
    """The handlers. They serve the same store that the streams tell of, so every bar can be compared."""

    def __init__(self, exchange: FakeExchange, faults: Faults, has_sip: Callable[[], bool]) -> None:
        self._exchange = exchange
        self._faults = faults
        self._has_sip = has_sip

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        crypto = "/v1beta3/crypto/{loc}"
        return [
            web.get("/v2/stocks/bars", self.bars),
            web.get("/v2/stocks/bars/latest", self.latest_bars),
            web.get("/v2/stocks/quotes/latest", self.latest_quotes),
            web.get("/v2/stocks/trades/latest", self.latest_trades),
            web.get("/v2/stocks/snapshots", self.snapshots),
            web.get(f"{crypto}/bars", self.bars),
            web.get(f"{crypto}/latest/bars", self.latest_bars),
            web.get(f"{crypto}/latest/quotes", self.latest_quotes),
            web.get(f"{crypto}/latest/trades", self.latest_trades),
            web.get(f"{crypto}/snapshots", self.snapshots),
        ]

    async def bars(self, request: web.Request) -> web.Response:
        query, now = request.query, self._exchange.clock.now
        symbols, tape, span = self._symbols(request), self._tape(request), self._timeframe(query)
        begin = instant(query, "start")
        begin = now - now % (1_440 * MINUTE) if begin is None else begin
        end = self._end(instant(query, "end"), tape)
        limit = whole_number(query, "limit", 1000, MOST_BARS)
        if self._faults.take("page_fail", path=request.path):
            raise Refusal(500, "internal server error occurred")
        if self._faults.take("empty_bars", path=request.path):
            return web.json_response({"bars": {}, "next_page_token": None})
        backwards = query.get("sort", "asc") == "desc"
        found: list[tuple[str, Millis, MinuteBar]] = []
        for symbol in sorted(symbols):
            of_symbol = grouped(self._exchange.market.bars(symbol, begin, end, now, tape), span)
            found += [(symbol, at, bar) for at, bar in (reversed(of_symbol) if backwards else of_symbol)]
        offset = self._offset(query, found)
        page, rest = found[offset : offset + limit], found[offset + limit :]
        token = None if not rest else urlsafe_b64encode(f"{page[-1][0]}|{page[-1][1]}".encode()).decode()
        bars: dict[str, list[Body]] = {}
        for symbol, at, bar in page:
            crypto = self._exchange.market.listings[symbol].kind == CRYPTO
            bars.setdefault(symbol, []).append(bar_body(at, bar, crypto=crypto))
        return web.json_response({"bars": bars, "next_page_token": token})

    async def latest_bars(self, request: web.Request) -> web.Response:
        tape = self._tape(request)
        found = {symbol: self._latest_bar(symbol, tape) for symbol in self._symbols(request)}
        return web.json_response({"bars": {symbol: body for symbol, body in found.items() if body is not None}})

    async def latest_quotes(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"quotes": {symbol: self._quote(symbol) for symbol in self._symbols(request)}}, dumps=_DUMP
        )

    async def latest_trades(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"trades": {symbol: self._trade(symbol) for symbol in self._symbols(request)}}, dumps=_DUMP
        )

    async def snapshots(self, request: web.Request) -> web.Response:
        tape = self._tape(request)
        found = {symbol: self._snapshot(symbol, tape) for symbol in self._symbols(request)}
        return web.json_response({"snapshots": found} if "crypto" in request.path else found, dumps=_DUMP)

    def _symbols(self, request: web.Request) -> list[str]:
        """Those that are listed here: the real API leaves out what it does not know."""
        kind = CRYPTO if "crypto" in request.path else "us_equity"
        asked = [symbol for symbol in request.query.get("symbols", "").split(",") if symbol]
        if not asked:
            raise Refusal(400, "symbols is required")
        listings = self._exchange.market.listings
        return [symbol for symbol in dict.fromkeys(asked) if symbol in listings and listings[symbol].kind == kind]

    def _tape(self, request: web.Request) -> str:
        if "crypto" in request.path:
            return IEX
        feed = request.query.get("feed", SIP)
        if feed not in (SIP, IEX, "delayed_sip"):
            raise Refusal(400, f"invalid feed: {feed}")
        return IEX if feed == IEX else SIP

    def _end(self, asked: Millis | None, tape: str) -> Millis:
        now = self._exchange.clock.now
        if tape == IEX or self._has_sip():
            return now if asked is None else asked
        if asked is not None and asked > now - EMBARGO:
            raise Refusal(403, "subscription does not permit querying recent SIP data")
        return now - EMBARGO if asked is None else asked

    @staticmethod
    def _timeframe(query: Mapping[str, str]) -> tuple[int, str]:
        match = _TIMEFRAME.fullmatch(query.get("timeframe", ""))
        if match is None:
            raise Refusal(400, f"invalid timeframe: {query.get('timeframe', '')}")
        return int(match[1]), match[2][0].replace("T", "M")

    @staticmethod
    def _offset(query: Mapping[str, str], found: Sequence[tuple[str, Millis, MinuteBar]]) -> int:
        token = query.get("page_token")
        if not token:
            return 0
        try:
            symbol, _, at = urlsafe_b64decode(token).decode().partition("|")
            return [(name, when) for name, when, _ in found].index((symbol, int(at))) + 1
        except ValueError:
            raise Refusal(400, "invalid page_token") from None

    def _crypto(self, symbol: str) -> bool:
        return self._exchange.market.listings[symbol].kind == CRYPTO

    def _latest_bar(self, symbol: str, tape: str) -> Body | None:
        now = self._exchange.clock.now
        bars = self._exchange.market.bars(symbol, now - 5 * 1_440 * MINUTE, now, now, tape)
        return bar_body(*bars[-1], crypto=self._crypto(symbol)) if bars else None

    def _quote(self, symbol: str) -> Body:
        return quote_body(self._exchange.ticker.quote(symbol), self._exchange.clock.now, crypto=self._crypto(symbol))

    def _trade(self, symbol: str) -> Body:
        ticker, now = self._exchange.ticker, self._exchange.clock.now
        trade = Trade(symbol, now, ticker.last(symbol), 100.0, 1, ticker.quote(symbol), ())
        return trade_body(trade, crypto=self._crypto(symbol))

    def _snapshot(self, symbol: str, tape: str) -> Body:
        now, crypto = self._exchange.clock.now, self._crypto(symbol)
        bars = self._exchange.market.bars(symbol, now - 5 * 1_440 * MINUTE, now, now, tape)
        days = grouped(bars, (1, "D"))
        body: Body = {"latestTrade": self._trade(symbol), "latestQuote": self._quote(symbol)}
        if bars:
            body["minuteBar"] = bar_body(*bars[-1], crypto=crypto)
            body["dailyBar"] = bar_body(*days[-1], crypto=crypto)
            body["prevDailyBar"] = bar_body(*days[-2 if len(days) > 1 else -1], crypto=crypto)
        return body


def grouped(bars: Sequence[tuple[Millis, MinuteBar]], span: tuple[int, str]) -> list[tuple[Millis, MinuteBar]]:
    """Minutes put together to longer bars: minutes and hours by UTC, days by New York."""
    count, unit = span
    if (count, unit) == (1, "M"):
        return list(bars)
    groups: dict[Millis, list[tuple[Millis, MinuteBar]]] = {}
    for at, bar in bars:
        if unit == "D":
            day = datetime.fromtimestamp(at / 1000, NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)
            begin = int(day.astimezone(UTC).timestamp() * 1000)
        else:
            begin = at - at % (count * MINUTE * (60 if unit == "H" else 1))
        groups.setdefault(begin, []).append((at, bar))
    return [(begin, aggregated(group)) for begin, group in groups.items()]
