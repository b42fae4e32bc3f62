"""The trading API over REST: /v2/account, orders, positions, assets, clock and calendar."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from json import JSONDecodeError
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web

from sentio_tui.market.calendar import ROUND_THE_CLOCK
from sentio_tui.model.bars import Millis
from tests.exchange.clock import parse
from tests.exchange.exchange import FakeExchange
from tests.exchange.faults import Faults
from tests.exchange.orders import FORBIDDEN, MALFORMED, NOT_FOUND, Body, Order, Refusal

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NEW_YORK: Final = ZoneInfo("America/New_York")
_CONFIGURATION: Final[Body] = {
    "disable_overnight_trading": False,
    "fractional_trading": True,
    "max_margin_multiplier": "2",
    "max_options_trading_level": 0,
    "no_shorting": False,
    "ptp_no_exception_entry": False,
    "suspend_trade": False,
    "trade_confirm_email": "none",
}


def said_yes(text: str) -> bool:
    """Alpaca takes `true` and `True` alike."""
    return text.lower() in ("true", "1")


def whole_number(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    """Raises Refusal for what is no number from 1 to `most`."""
    value = query.get(name, str(usual))
    if not value.isdigit() or not 1 <= int(value) <= most:
        raise Refusal(422, f"invalid {name}: {value}", MALFORMED)
    return int(value)


def instant(query: Mapping[str, str], name: str) -> Millis | None:
    """Raises Refusal for what is no time."""
    value = query.get(name)
    if not value:
        return None
    try:
        return parse(value)
    except ValueError:
        raise Refusal(422, f"invalid {name}: {value}", MALFORMED) from None


class TradingApi:
    """The handlers, one for each call."""

    def __init__(self, exchange: FakeExchange, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults
        self._configuration = dict(_CONFIGURATION)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get("/v2/account", self.account),
            web.get("/v2/account/configurations", self.configuration),
            web.patch("/v2/account/configurations", self.change_configuration),
            web.get("/v2/account/portfolio/history", self.portfolio),
            web.get("/v2/account/activities", self.activities),
            web.get("/v2/account/activities/{kind}", self.activities),
            web.get("/v2/orders:by_client_order_id", self.order_by_client_id),
            web.post("/v2/orders", self.submit),
            web.get("/v2/orders", self.orders),
            web.delete("/v2/orders", self.cancel_all),
            web.get("/v2/orders/{id}", self.order),
            web.patch("/v2/orders/{id}", self.replace),
            web.delete("/v2/orders/{id}", self.cancel),
            web.get("/v2/positions", self.positions),
            web.delete("/v2/positions", self.close_all),
            web.get("/v2/positions/{symbol:.+}", self.position),
            web.delete("/v2/positions/{symbol:.+}", self.close),
            web.get("/v2/assets", self.assets),
            web.get("/v2/assets/{symbol:.+}", self.asset),
            web.get("/v2/clock", self.clock),
            web.get("/v2/calendar", self.calendar),
        ]

    async def account(self, request: web.Request) -> web.Response:
        return web.json_response(self._exchange.account.body(self._exchange.orders.values()))

    async def configuration(self, request: web.Request) -> web.Response:
        return web.json_response(self._configuration)

    async def change_configuration(self, request: web.Request) -> web.Response:
        self._configuration |= await _body(request)
        return web.json_response(self._configuration)

    async def portfolio(self, request: web.Request) -> web.Response:
        """Two points: the account's beginning and now."""
        account, now = self._exchange.account, self._exchange.clock.now
        first = float(account.last_equity)
        gain = float(account.equity) - first
        body = {
            "timestamp": [self._exchange.market.begin // 1000, now // 1000],
            "equity": [first, first + gain],
            "profit_loss": [0.0, gain],
            "profit_loss_pct": [0.0, gain / first if first else 0.0],
            "base_value": first,
            "base_value_asof": str(self._exchange.clock.time.date()),
            "timeframe": request.query.get("timeframe", "1D"),
        }
        return web.json_response(body)

    async def activities(self, request: web.Request) -> web.Response:
        """Fills are all the activities there are. Newest first, unless asked otherwise."""
        kind = request.match_info.get("kind", "FILL")
        found = list(self._exchange.account.executions) if kind == "FILL" else []
        after, until = instant(request.query, "after"), instant(request.query, "until")
        found = [each for each in found if (after is None or each.at > after) and (until is None or each.at < until)]
        if request.query.get("direction", "desc") != "asc":
            found.reverse()
        token = request.query.get("page_token")
        if token:
            ids = [each.activity_id for each in found]
            found = found[ids.index(token) + 1 :] if token in ids else []
        size = whole_number(request.query, "page_size", 100, 100)
        return web.json_response([each.activity() for each in found[:size]])

    async def submit(self, request: web.Request) -> web.Response:
        body = await _body(request)
        self._refuse_by_fault(body)
        order = self._exchange.submit(body)
        answer = order.body()
        symbol = order.symbol
        if self._faults.take("reject_async", symbol=symbol):
            self._exchange.reject(order)
        elif self._faults.take("partial_then_cancel", symbol=symbol):
            half = float(order.left(self._exchange.price(symbol)) / 2)
            order.script = [Decimal(str(half if order.qty is None or half < 1 else int(half))), Decimal(0)]
            self._exchange.settle()
            self._exchange.venue_cancels(order)
        if self._faults.take("fill_before_response", symbol=symbol):
            self._exchange.settle()
        return web.json_response(answer)

    def _refuse_by_fault(self, body: Body) -> None:
        symbol = str(body.get("symbol", ""))
        if self._faults.take("insufficient_bp", symbol=symbol):
            raise Refusal(403, "insufficient buying power", FORBIDDEN, buying_power="0", cost_basis="1")
        if self._faults.take("insufficient_qty", symbol=symbol):
            message = "insufficient qty available for order (requested: 1, available: 0)"
            figures = {"available": "0", "existing_qty": "0", "held_for_orders": "0", "symbol": symbol}
            raise Refusal(403, message, FORBIDDEN, **figures)
        if self._faults.take("wash", symbol=symbol):
            reason = {"reject_reason": "opposite side market/stop order exists", "existing_order_id": ""}
            raise Refusal(403, "potential wash trade detected. use complex orders", FORBIDDEN, **reason)

    async def orders(self, request: web.Request) -> web.Response:
        query = request.query
        status, nested = query.get("status", "open"), said_yes(query.get("nested", "false"))
        after, until = instant(query, "after"), instant(query, "until")
        symbols = {symbol for symbol in query.get("symbols", "").split(",") if symbol}

        def wanted(order: Order) -> bool:
            at = order.submitted_at or order.created_at
            return (
                (status == "all" or order.is_open == (status == "open"))
                and (after is None or at > after)
                and (until is None or at < until)
                and (not symbols or order.symbol in symbols)
                and query.get("side", order.side) == order.side
                and not (nested and order.parent is not None)
            )

        found = [order for order in self._exchange.orders.values() if wanted(order)]
        if query.get("direction", "desc") != "asc":
            found.reverse()
        bodies = [order.body(nested=nested) for order in found[: whole_number(query, "limit", 50, 500)]]
        if self._faults.take("unknown_enum", path=request.path):
            bodies = [body | {"status": "teleporting"} for body in bodies]
        return web.json_response(bodies)

    async def order(self, request: web.Request) -> web.Response:
        identity = request.match_info["id"]
        try:
            UUID(identity)
        except ValueError:
            raise Refusal(422, f"invalid order id: {identity}", MALFORMED) from None
        nested = said_yes(request.query.get("nested", "false"))
        return web.json_response(self._exchange.order(identity).body(nested=nested))

    async def order_by_client_id(self, request: web.Request) -> web.Response:
        return web.json_response(self._exchange.by_client_id(request.query.get("client_order_id", "")).body())

    async def replace(self, request: web.Request) -> web.Response:
        identity = request.match_info["id"]
        new = self._exchange.replace(identity, await _body(request))
        answer = new.body()
        old = self._exchange.order(identity)
        if self._faults.take("fill_during_replace", symbol=old.symbol):
            price = self._exchange.price(old.symbol)
            self._exchange.fill(identity, float(old.left(price)), float(price))
        return web.json_response(answer)

    async def cancel(self, request: web.Request) -> web.Response:
        order = self._exchange.order(request.match_info["id"])
        before = order.status
        self._exchange.cancel(order.id)
        if self._faults.take("order_cancel_rejected", symbol=order.symbol):
            order.status = before
            self._exchange.emit("order_cancel_rejected", order)
        return web.Response(status=204)

    async def cancel_all(self, request: web.Request) -> web.Response:
        answers = []
        for order in [each for each in self._exchange.orders.values() if each.is_open and each.parent is None]:
            status = 200
            try:
                self._exchange.cancel(order.id)
            except Refusal:
                status = 500
            answers.append({"id": order.id, "status": status})
        return web.json_response(answers, status=207)

    async def positions(self, request: web.Request) -> web.Response:
        return web.json_response([self._position(symbol) for symbol in sorted(self._exchange.account.positions)])

    async def position(self, request: web.Request) -> web.Response:
        return web.json_response(self._position(self._held(request)))

    async def close(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            qty, percentage = (Decimal(query[name]) if name in query else None for name in ("qty", "percentage"))
        except ArithmeticError:
            raise Refusal(422, "invalid qty or percentage", MALFORMED) from None
        return web.json_response(self._exchange.close_position(self._held(request), qty, percentage).body())

    async def close_all(self, request: web.Request) -> web.Response:
        if said_yes(request.query.get("cancel_orders", "false")):
            for order in [each for each in self._exchange.orders.values() if each.is_open and each.parent is None]:
                if order.status != "pending_cancel":
                    self._exchange.cancel(order.id)
            self._exchange.settle()
        answers = []
        for symbol in sorted(self._exchange.account.positions):
            try:
                answers.append({"symbol": symbol, "status": 200, "body": self._exchange.close_position(symbol).body()})
            except Refusal as refusal:
                answers.append({"symbol": symbol, "status": refusal.status, "body": refusal.body})
        return web.json_response(answers, status=207)

    async def assets(self, request: web.Request) -> web.Response:
        kind = request.query.get("asset_class")
        listings = self._exchange.market.listings.values()
        return web.json_response([each.asset() for each in listings if kind in (None, "", each.kind)])

    async def asset(self, request: web.Request) -> web.Response:
        return web.json_response(self._exchange.listing(request.match_info["symbol"]).asset())

    async def clock(self, request: web.Request) -> web.Response:
        now, hours = self._exchange.clock.now, self._exchange.market.hours.equities
        skewed = self._faults.take("clock_skew", path=request.path)
        shown = now + (0 if skewed is None else round(skewed.number("seconds", 0) * 1000))
        body = {
            "timestamp": _in_new_york(shown),
            "is_open": hours.is_open(now),
            "next_open": _in_new_york(hours.next_open(now)),
            "next_close": _in_new_york(hours.next_close(now)),
        }
        return web.json_response(body)

    async def calendar(self, request: web.Request) -> web.Response:
        hours = self._exchange.market.hours.equities
        try:
            first = date.fromisoformat(request.query.get("start", "2024-01-01")[:10])
            last = date.fromisoformat(request.query.get("end", "2029-12-31")[:10])
        except ValueError:
            raise Refusal(422, "invalid start or end", MALFORMED) from None
        days = []
        for day in hours.sessions_between(first, last):
            session = hours.session(day)
            assert session is not None
            begin, end = (datetime.fromtimestamp(at / 1000, NEW_YORK) for at in session)
            if hours.name == ROUND_THE_CLOCK:
                begin, end = (datetime.combine(day, time(*at)) for at in ((0, 0), (23, 59)))
            settled = hours.sessions_between(day + timedelta(days=1), day + timedelta(days=10))[0]
            days.append(
                {
                    "date": str(day),
                    "open": f"{begin:%H:%M}",
                    "close": f"{end:%H:%M}",
                    "session_open": "0400",
                    "session_close": "2000" if end.hour >= 16 else "1700",
                    "settlement_date": str(settled),
                }
            )
        return web.json_response(days)

    def _held(self, request: web.Request) -> str:
        """The symbol of a position, which may be written with or without its slash. Raises Refusal."""
        symbol = self._exchange.listing(request.match_info["symbol"]).symbol
        if symbol not in self._exchange.account.positions:
            raise Refusal(404, "position does not exist", NOT_FOUND)
        return symbol

    def _position(self, symbol: str) -> Body:
        last_day = Decimal(str(self._exchange.market.last_close(symbol, self._exchange.clock.now)))
        return self._exchange.account.position_body(symbol, last_day, self._exchange.orders.values())


def _in_new_york(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, NEW_YORK).isoformat()


async def _body(request: web.Request) -> Body:
    """Raises Refusal for a body that is no object."""
    try:
        body = await request.json()
    except JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(422, "request body format is invalid", MALFORMED)
    return body
