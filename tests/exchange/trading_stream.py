"""The trading stream, /stream: JSON in binary frames."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from tests.exchange.exchange import FakeExchange, Update
from tests.exchange.faults import Faults
from tests.exchange.orders import Body
from tests.exchange.sockets import Socket
from tests.exchange.wire import Frame, decoded

TRADE_UPDATES: Final = "trade_updates"


class TradingSocket(Socket):
    """A client of the trading stream."""

    def __init__(self, request: web.Request, faults: Faults) -> None:
        super().__init__(request, faults, msgpack=False)
        self.binary_text = True
        self.authorized = False
        self.listens = False

    def say(self, stream: str, data: Body | None) -> None:
        self.put(Frame({"stream": stream, "data": data}))

    def deliver(self, update: Update) -> None:
        """An event of an order, with what goes wrong on its way."""
        order = update.order
        occasion = {"path": self.path, "event": update.event, "symbol": str(order["symbol"])}
        fill = update.event in ("fill", "partial_fill")
        data = update.data()
        if broken := self._faults.take("abort_tcp", **occasion):
            self.abort(broken)
            return
        if closed := self._faults.take("close", **occasion):
            self.close(round(closed.number("code", 1000)))
            return
        if self._faults.take("mute_after", **occasion):
            self.muted = True
        if fill and self._faults.take("lost_fill", **occasion):
            return
        if self._faults.take("data_null", **occasion):
            self.say(TRADE_UPDATES, None)
        if self._faults.take("unknown_event", **occasion):
            self.say(TRADE_UPDATES, data | {"event": "teleported"})
        if self._faults.take("unknown_status", **occasion):
            data["order"] = order = order | {"status": "teleporting"}
        if self._faults.take("submitted_at_null", **occasion):
            data["order"] = order = order | {"submitted_at": None}
        self.say(TRADE_UPDATES, data)
        if fill and self._faults.take("dup_execution", **occasion):
            self.say(TRADE_UPDATES, data)


class TradingStreams:
    """All sockets of the trading stream, fed by the exchange's updates."""

    def __init__(self, exchange: FakeExchange, faults: Faults, keys: Mapping[str, str]) -> None:
        self.sockets: Final[set[TradingSocket]] = set()
        self._faults = faults
        self._keys = keys
        exchange.listeners.append(self._update)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        refused = self._faults.take("handshake_http", path=request.path)
        if refused is not None:
            return web.Response(status=round(refused.number("status", 429)), text="refused")
        socket = TradingSocket(request, self._faults)
        await socket.open()
        self.sockets.add(socket)
        try:
            while (message := await socket.receive()) is not None:
                self._said(socket, decoded(message.data, msgpack=False))
        finally:
            self.sockets.discard(socket)
            await socket.finish()
        return socket.ws

    def _said(self, socket: TradingSocket, said: Mapping[str, object] | None) -> None:
        action = None if said is None else str(said.get("action"))
        data = {} if said is None else said.get("data")
        if said is None or action not in ("authenticate", "auth", "listen"):
            socket.close(1003)
        elif action == "listen":
            self._listen(socket, data if isinstance(data, dict) else {})
        elif self._faults.take("mute_auth", path=socket.path) is None:
            given = data if isinstance(data, dict) else {}
            key = str(given.get("key_id") or said.get("key"))
            secret = str(given.get("secret_key") or said.get("secret"))
            refused = self._faults.take("unauthorized", path=socket.path)
            socket.authorized = refused is None and self._keys.get(key) == secret
            self._answer(socket, action)

    def _listen(self, socket: TradingSocket, data: Mapping[str, object]) -> None:
        if not socket.authorized:
            self._answer(socket, "listen")
            return
        streams = data.get("streams")
        known = [TRADE_UPDATES] if isinstance(streams, list) and TRADE_UPDATES in streams else []
        socket.listens = bool(known)
        socket.say("listening", {"streams": known})

    @staticmethod
    def _answer(socket: TradingSocket, action: str) -> None:
        status = "authorized" if socket.authorized else "unauthorized"
        socket.say("authorization", {"status": status, "action": action})

    def _update(self, update: Update) -> None:
        for socket in tuple(self.sockets):
            if socket.listens:
                socket.deliver(update)
