"""Who is let in, and with which headers everything goes out (T-49).

On the loopback address the name the browser used must be one of this machine, or a page from elsewhere could point a
name of its own at us. With a token nothing is told without it: it comes in a header, or in a cookie that a link sets.
"""

import hashlib
import hmac
import ipaddress
import re
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentio_tui.web.answers import Failure, answer

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

COOKIE: Final = "sentio_token"
COOKIE_AGE: Final = 30 * 24 * 3600
"""Seconds a browser keeps it."""

SHORTEST: Final = 16
"""Characters a token must have."""

FIELDS: Final = 16
"""Of a query, at the most."""

OPEN: Final = "/healthz"
"""Told to everybody: that the server is there."""

_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
_AUTHORITY: Final = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:/@\[\]]+)(:\d{1,5})?")

_ENTERED: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>sentio-tui</title></head>
<body><p><a href="/">To the dashboard</a></p></body>
</html>
"""
"""No redirect: after a link on another site a browser would not send so strict a cookie along with what follows it."""


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine alone."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Guard:
    """Stands before the application. `token` is empty where none is asked for; `is_local`: the server listens on a
    loopback address alone."""

    def __init__(self, inner: ASGIApp, token: str, *, is_local: bool) -> None:
        self._inner = inner
        self._token = token.encode()
        self._cookie = hmac.new(self._token, b"the cookie of the sentio-tui dashboard", hashlib.sha256).hexdigest()
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._inner(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refused = self._refused(scope)
        if refused is None:
            await self._inner(scope, receive, guarded)
        else:
            await refused(scope, receive, guarded)

    def _refused(self, scope: Scope) -> Response | None:
        """What is answered instead of what was asked for; None where there is nothing against it."""
        headers = Headers(scope=scope)
        authority = headers.get("host", "")
        found = _AUTHORITY.fullmatch(authority)
        if found is None or (self._is_local and not is_loopback(found["name"])):
            return answer(Failure(f"{authority[:80]!r} is not a name of this dashboard; use localhost"), 403)
        if scope["type"] == "websocket":
            origin = headers.get("origin")
            if origin is not None and origin.partition("://")[2].lower() != authority.lower():
                return answer(Failure(f"pages of {origin[:80]!r} are not let in"), 403)
        if not self._token or scope["path"] == OPEN:
            return None
        if scope["path"] == "/" and scope.get("method") == "GET" and self._is_right(self._given(scope)):
            return self._entered(scope)
        if self._is_known(headers):
            return None
        return self._unknown(scope)

    def _given(self, scope: Scope) -> bytes:
        """The token of a link; empty where it has none."""
        try:
            values = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=FIELDS).get("token")
        except ValueError:
            return b""
        return values[0].encode() if values else b""

    def _is_right(self, given: bytes) -> bool:
        return hmac.compare_digest(given, self._token)

    def _is_known(self, headers: Headers) -> bool:
        kind, _, credentials = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_right(credentials.strip().encode()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._cookie.encode())

    def _entered(self, scope: Scope) -> Response:
        response = Response(_ENTERED, media_type="text/html")
        is_secure = scope.get("scheme") == "https"
        response.set_cookie(
            COOKIE, self._cookie, max_age=COOKIE_AGE, path="/", secure=is_secure, httponly=True, samesite="strict"
        )
        return response

    def _unknown(self, scope: Scope) -> Response:
        why = "this dashboard needs its token: open /?token=TOKEN once, or send the header Authorization: Bearer TOKEN"
        if scope["path"] == "/":
            response: Response = PlainTextResponse(f"{why[0].upper()}{why[1:]}.\n", 401)
        else:
            response = answer(Failure(why), 401)
        response.headers["www-authenticate"] = "Bearer"
        return response
