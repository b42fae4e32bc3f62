"""The market data streams: /v2/{feed} and /v1beta3/crypto/{loc}."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from aiohttp import web

from sentio_tui.model.bars import MINUTE, Millis
from tests.exchange.exchange import FakeExchange
from tests.exchange.faults import Faults
from tests.exchange.listings import CRYPTO, TEST_SYMBOL, Listing
from tests.exchange.market import IEX, PUBLISHED, SIP, UPDATED, Quote, aggregated
from tests.exchange.paths import MinuteBar
from tests.exchange.sockets import Slots, Socket
from tests.exchange.ticker import BarOut, Trade
from tests.exchange.wire import DISTORTIONS, Frame, Instant, Message, decoded, distorted

AUTH_SECONDS: Final = 10
BASIC_SYMBOLS: Final = 30
"""Symbols of trades and quotes without a paid subscription."""
DELAY: Final = 15 * MINUTE
STOCK_CHANNELS: Final = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds")
CRYPTO_CHANNELS: Final = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "orderbooks")
_FOLLOWS_TRADES: Final = ("corrections", "cancelErrors")
_CHANNEL_OF: Final = {
    "t": "trades",
    "q": "quotes",
    "b": "bars",
    "u": "updatedBars",
    "d": "dailyBars",
    "s": "statuses",
    "l": "lulds",
    "c": "corrections",
    "x": "cancelErrors",
    "o": "orderbooks",
}
ERRORS: Final = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    408: "v2 not enabled",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
    411: "insufficient scope",
    500: "internal error",
}


def bar_message(kind: str, symbol: str, at: Millis, bar: MinuteBar, *, crypto: bool) -> Message:
    volume = bar.v if crypto else int(bar.v)
    prices = {"o": bar.o, "h": bar.h, "l": bar.l, "c": bar.c, "v": volume}
    return {"T": kind, "S": symbol, **prices, "t": Instant(at), "n": bar.n, "vw": bar.vw}


def trade_body(trade: Trade, *, crypto: bool) -> Message:
    if crypto:
        return {
            "i": trade.number,
            "p": trade.price,
            "s": round(trade.size, 6),
            "t": Instant(trade.at, True),
            "tks": "B",
        }
    size = max(int(trade.size), 1)
    venue = {"c": ["@"], "z": "B"}
    return {"i": trade.number, "x": "V", "p": trade.price, "s": size, "t": Instant(trade.at, True), **venue}


def quote_body(quote: Quote, at: Millis, *, crypto: bool) -> Message:
    if crypto:
        sizes = {"bs": 1.5, "as": 1.5}
        return {"bp": quote.bid, "ap": quote.ask, **sizes, "t": Instant(at, True)}
    sides = {"bx": "V", "bp": quote.bid, "bs": int(quote.size), "ax": "V", "ap": quote.ask, "as": int(quote.size)}
    return {**sides, "c": ["R"], "z": "B", "t": Instant(at, True)}


class DataSocket(Socket):
    """A client of a data stream and what it has asked for."""

    def __init__(self, request: web.Request, faults: Faults, feed: str) -> None:
        super().__init__(request, faults, msgpack=request.headers.get("Content-Type") == "application/msgpack")
        self.feed: Final = feed
        self.group: Final = "crypto" if feed == CRYPTO else "stocks"
        self.channels: Final = CRYPTO_CHANNELS if feed == CRYPTO else STOCK_CHANNELS
        self.authenticated = False
        self.wanted: Final[dict[str, set[str]]] = {channel: set() for channel in self.channels}
        self._later: list[tuple[int, Message]] = []

    def wants(self, channel: str, symbol: str) -> bool:
        wanted = self.wanted.get("trades" if channel in _FOLLOWS_TRADES else channel, ())
        return symbol in wanted or "*" in wanted

    def error(self, code: int) -> None:
        self.send({"T": "error", "code": code, "msg": ERRORS[code]})

    def subscription(self) -> Message:
        """The whole set, as it is after every change."""
        sets = {channel: sorted(wanted) for channel, wanted in self.wanted.items()}
        more = {} if self.feed == CRYPTO else {channel: sorted(self.wanted["trades"]) for channel in _FOLLOWS_TRADES}
        return {"T": "subscription", **sets, **more}

    def deliver(self, message: Message) -> None:
        """A message of the market, with what goes wrong on its way."""
        occasion = {"path": self.path, "event": str(message["T"]), "symbol": str(message["S"])}
        if self._faults.take("mute_after", **occasion):
            self.muted = True
        if self._faults.take("slow_client_407_then_close", **occasion):
            self.error(407)
            self.close()
        elif broken := self._faults.take("abort_tcp", **occasion):
            self.abort(broken)
        elif closed := self._faults.take("close", **occasion):
            self.close(round(closed.number("code", 1000)))
        elif late := self._faults.take("reorder", **occasion):
            self._later.append((round(late.number("k", 1)), message))
        else:
            rule = self._faults.take(*DISTORTIONS, **occasion)
            for frame in [Frame([message])] if rule is None else distorted(rule, message):
                self.put(frame)
            self._catch_up()

    def _catch_up(self) -> None:
        waiting, self._later = self._later, []
        for left, message in waiting:
            if left <= 1:
                self.put(Frame([message]))
            else:
                self._later.append((left - 1, message))


class DataStreams:
    """All sockets of market data, fed by the exchange's ticker.

    `has_sip` is a paid subscription: SIP without delay, and no limit of symbols.
    """

    def __init__(self, exchange: FakeExchange, faults: Faults, keys: Mapping[str, str]) -> None:
        self.sockets: Final[set[DataSocket]] = set()
        self.slots: Final = Slots(exchange.clock)
        self.has_sip = False
        self._exchange = exchange
        self._faults = faults
        self._keys = keys
        exchange.ticker.on_bar.append(self._bar)
        exchange.ticker.on_trade.append(self._trade)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """A connection from its greeting to its end."""
        feed = CRYPTO if "crypto" in request.path else request.match_info["feed"]
        refused = self._faults.take("handshake_http", path=request.path)
        if refused is not None:
            return web.Response(status=round(refused.number("status", 429)), text="refused")
        socket = DataSocket(request, self._faults, feed)
        await socket.open()
        self.sockets.add(socket)
        timer = self._exchange.clock.after(AUTH_SECONDS, lambda: self._late(socket))
        try:
            if self._faults.take("mute_greeting", path=request.path) is None:
                socket.send({"T": "success", "msg": "connected"})
                key = request.headers.get("APCA-API-KEY-ID")
                if key is not None:
                    self._authenticate(socket, key, request.headers.get("APCA-API-SECRET-KEY", ""))
            while (message := await socket.receive()) is not None:
                self._said(socket, decoded(message.data, socket.msgpack))
        finally:
            timer.cancel()
            self.sockets.discard(socket)
            self.slots.free(socket, clean=socket.clean)
            await socket.finish()
        return socket.ws

    def _late(self, socket: DataSocket) -> None:
        if not socket.authenticated:
            socket.error(404)
            socket.close()

    def _said(self, socket: DataSocket, said: Mapping[str, object] | None) -> None:
        action = None if said is None else said.get("action")
        if said is None or action not in ("auth", "subscribe", "unsubscribe"):
            socket.error(400)
        elif action == "auth":
            self._authenticate(socket, str(said.get("key")), str(said.get("secret")))
        elif not socket.authenticated:
            socket.error(401)
        else:
            self._subscribe(socket, said, str(action))

    def _authenticate(self, socket: DataSocket, key: str, secret: str) -> None:
        if self._faults.take("mute_auth", path=socket.path):
            return
        if socket.authenticated:
            socket.error(403)
            return
        code = None
        if self._keys.get(key) != secret or self._faults.take("auth_402", path=socket.path):
            code = 402
        elif (socket.feed == SIP and not self.has_sip) or self._faults.take("auth_409", path=socket.path):
            code = 409
        elif self._faults.take("auth_406", path=socket.path) or not self.slots.take(socket.group, key, socket):
            code = 406
        if code is not None:
            socket.error(code)
            socket.close()
            return
        socket.authenticated = True
        socket.send({"T": "success", "msg": "authenticated"})

    def _subscribe(self, socket: DataSocket, said: Mapping[str, object], action: str) -> None:
        wrong = self._faults.take("sub_error", path=socket.path)
        asked = {name: symbols for name, symbols in said.items() if name != "action"}
        code = round(wrong.number("code", 405)) if wrong is not None else self._fault_in(socket, asked)
        if code is not None:
            socket.error(code)
            if code == 407:
                socket.close()
            return
        after = {channel: set(wanted) for channel, wanted in socket.wanted.items()}
        for channel, symbols in asked.items():
            if channel in after and isinstance(symbols, list):
                given = {str(symbol) for symbol in symbols}
                after[channel] = after[channel] | given if action == "subscribe" else after[channel] - given
        if not self.has_sip and socket.feed == IEX and len(after["trades"] | after["quotes"]) > BASIC_SYMBOLS:
            socket.error(405)
            return
        began = not any(socket.wanted.values())
        socket.wanted.update(after)
        socket.send(socket.subscription())
        if began and socket.feed == "delayed_sip":
            self._send_later(socket)

    def _send_later(self, socket: DataSocket) -> None:
        """The bars of the quarter of an hour before, which nobody has been sent yet."""
        clock, market = self._exchange.clock, self._exchange.market
        begin = clock.now - clock.now % MINUTE - DELAY - 2 * MINUTE
        for symbol in socket.wanted["bars"] & market.listings.keys():
            for at in range(begin, clock.now, MINUTE):
                minute = market.minute(symbol, at)
                if minute is None:
                    continue
                for kind, lag, bar in (("b", PUBLISHED, minute.first), ("u", UPDATED, minute.final)):
                    out = at + MINUTE + lag
                    if bar is not None and out <= clock.now < out + DELAY:
                        message = bar_message(kind, symbol, at, bar, crypto=False)
                        clock.at(out + DELAY, partial(socket.deliver, message))

    @staticmethod
    def _fault_in(socket: DataSocket, asked: Mapping[str, object]) -> int | None:
        known = {*STOCK_CHANNELS, *CRYPTO_CHANNELS, *_FOLLOWS_TRADES}
        if not all(channel in known and isinstance(symbols, list) for channel, symbols in asked.items()):
            return 400
        return None if all(channel in (*socket.channels, *_FOLLOWS_TRADES) for channel in asked) else 410

    def _bar(self, out: BarOut) -> None:
        if not self.sockets:
            return
        listing = self._exchange.market.listings[out.symbol]
        if out.kind == "b" and self._faults.take("late_u", symbol=out.symbol):
            self._report_late(out)
        message = bar_message(out.kind, out.symbol, out.at, out.bar, crypto=listing.kind == CRYPTO)
        self._tell(listing, out.tape, message)
        if out.kind == "b" and any(socket.wants("dailyBars", out.symbol) for socket in self.sockets):
            day = self._of_day(out)
            self._tell(listing, out.tape, bar_message("d", out.symbol, *day, crypto=listing.kind == CRYPTO))

    def say(self, kind: str, symbol: str, **fields: object) -> None:
        """A message of a kind that the market does not make by itself, with the time of now, to who has asked for it:
        s (status), l (limits), c (correction), x (cancel), o (order book)."""
        message: Message = {"T": kind, "S": symbol, **fields, "t": Instant(self._exchange.clock.now, True)}
        for tape in (SIP, IEX):
            self._tell(self._exchange.market.listings[symbol], tape, message)

    def _report_late(self, out: BarOut) -> None:
        bar = out.bar
        prices = (bar.o, bar.h, bar.l, bar.c)
        higher = (bar.o, round(bar.h + 0.01, 2), bar.l, bar.c)
        self._exchange.market.put(out.symbol, out.at, prices, bar.v, updated=higher)

    def _of_day(self, out: BarOut) -> tuple[Millis, MinuteBar]:
        market = self._exchange.market
        calendar = market.hours.of(market.listings[out.symbol])
        session = calendar.session(calendar.day_of(out.at))
        begin = session[0] if session is not None else out.at
        bars = market.bars(out.symbol, min(begin, out.at), out.at, self._exchange.clock.now, out.tape)
        return begin, aggregated(bars or [(out.at, out.bar)])

    def _trade(self, trade: Trade) -> None:
        if not self.sockets:
            return
        listing = self._exchange.market.listings[trade.symbol]
        crypto = listing.kind == CRYPTO
        for tape in trade.tapes:
            self._tell(listing, tape, {"T": "t", "S": trade.symbol, **trade_body(trade, crypto=crypto)})
        quote = {"T": "q", "S": trade.symbol, **quote_body(trade.quote, trade.at, crypto=crypto)}
        for tape in (SIP, IEX):
            self._tell(listing, tape, quote)

    def _tell(self, listing: Listing, tape: str, message: Message) -> None:
        """To whom it concerns. Crypto and the test symbol have feeds of their own; SIP also comes a quarter late."""
        channel, symbol = _CHANNEL_OF[str(message["T"])], listing.symbol
        special = CRYPTO if listing.kind == CRYPTO else "test" if symbol == TEST_SYMBOL else None
        for socket in tuple(self.sockets):
            if not socket.wants(channel, symbol):
                continue
            if special is not None:
                if socket.feed == special and tape == IEX:
                    socket.deliver(message)
            elif socket.feed == tape:
                socket.deliver(message)
            elif socket.feed == "delayed_sip" and tape == SIP:
                self._exchange.clock.after(DELAY / 1000, partial(socket.deliver, message))
