"""alpaca-py's REST clients, hardened: every call bounded in time, sent once, its failure told in one exception.

Bare they have no timeout, send a POST again after a 504 (which may be a second order), and raise half a dozen kinds of
exceptions, some with the keys in them.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from sentio_tui.alpaca.keys import Keys
from sentio_tui.model.bars import Millis

if TYPE_CHECKING:
    from alpaca.common.rest import RESTClient
    from requests import Response

TIMEOUT: Final = (3.05, 10.0)
"""Seconds to connect, and between two pieces of an answer."""

LOCAL_HOSTS: Final = ("127.0.0.1", "localhost", "::1")
_NO_ANSWER: Final = "it is not known whether it arrived"
_LONGEST: Final = 300


class RateLimit(Struct, frozen=True):
    """What the headers of the newest answer said: requests a minute, how many are left, when they are all there
    again."""

    limit: int
    remaining: int
    reset: Millis


class AlpacaError(Exception):
    """A request failed. Says what was asked, where, what came back and what to do.

    `told` and `advice` are the two halves of its text.
    `unknown`: the request may have been carried out all the same. `status` is 0 where no answer came, `code` 0 where
    it had none. `retry_at` is when requests are allowed again, after a 429.
    """

    def __init__(
        self,
        doing: str,
        where: str,
        message: str,
        *,
        status: int = 0,
        code: int = 0,
        unknown: bool = False,
        transient: bool = False,
        retry_at: Millis | None = None,
        body: Mapping[str, object] | None = None,
    ) -> None:
        self.doing = doing
        self.where = where
        self.message = message
        self.status = status
        self.code = code
        self.unknown = unknown
        self.transient = transient
        self.retry_at = retry_at
        self.body: Mapping[str, object] = body or {}
        numbers = " ".join(str(number) for number in (status, code) if number)
        told = f"{numbers}: {message}" if numbers else message
        doubt = f"; {_NO_ANSWER}" if unknown else ""
        self.told = f"{doing}: {told}{doubt} ({where})"
        self.advice = self._advice()
        super().__init__(f"{self.told}. {self.advice}")

    @property
    def is_not_found(self) -> bool:
        return self.status == 404

    @property
    def is_duplicate(self) -> bool:
        """An order with this client order id is there already."""
        return self.status == 422 and "client_order_id must be unique" in self.message

    @property
    def is_wash_trade(self) -> bool:
        return "wash trade" in self.message.lower()

    def _advice(self) -> str:
        if self.unknown:
            return "It is looked up before anything is sent again."
        match self.status:
            case 0:
                return "Check the network and https://status.alpaca.markets."
            case 401:
                return "Check the keys: `sentio-tui doctor`."
            case 403 if not self.code:
                return "Check that the keys are of this account (paper or live) and that the plan includes this data."
            case 429:
                return "There are too many requests with these keys; it goes on when the limit is renewed."
            case status if status >= 500:
                return "Alpaca has trouble; try again, and see https://status.alpaca.markets."
        return "Alpaca refuses it as it is; change the request."


def harden(client: "RESTClient", keep: Callable[["Response"], object]) -> None:
    """Timeouts, no retries of its own, and `keep` sees every response."""
    from requests import PreparedRequest
    from requests.adapters import HTTPAdapter

    class BoundedAdapter(HTTPAdapter):
        def send(self, request: PreparedRequest, *args: object, **options: object) -> "Response":
            if options.get("timeout") is None:
                options["timeout"] = TIMEOUT
            return super().send(request, *args, **options)  # type: ignore[arg-type]  # as they came

    session = client._session
    session.mount("https://", BoundedAdapter())
    session.mount("http://", BoundedAdapter())
    session.hooks["response"].append(lambda response, *_args, **_options: keep(response))
    client._retry = 0
    if urlsplit(str(client._base_url)).hostname in LOCAL_HOSTS:
        session.trust_env = False  # a proxy does not know what runs here


class Requests:
    """One client, used by one thread at a time. `rates` is what the newest answer said of the limit."""

    def __init__(self, client: "RESTClient", keys: Keys) -> None:
        harden(client, self._seen)
        self.rates: RateLimit | None = None
        self._client = client
        self._keys = keys
        self._status = 0

    def send(self, doing: str, method: str, path: str, data: Mapping[str, object] | None = None) -> object:
        """One request; the parsed body, None where it is empty. Raises AlpacaError."""
        from alpaca.common.exceptions import APIError
        from requests import exceptions

        where = f"{method} {self._address(path)}"
        changes = method != "GET"
        self._status = 0
        try:
            given = None if data is None else dict(data)
            answer: object = self._client._request(method, path, given)
        except APIError as error:
            raise self._refused(doing, where, str(error), changes=changes) from None
        except exceptions.RequestException as error:
            raise self._broken(doing, where, error, changes=changes) from None
        except Exception as error:  # whatever it is: its frames hold the headers, and a crash report shows frames
            text = self._keys.redact(_short(f"{type(error).__name__}: {error}"))
            raise AlpacaError(doing, where, text, unknown=changes) from None
        if 300 <= self._status < 400:
            raise AlpacaError(doing, where, "it points elsewhere", status=self._status, unknown=changes)
        return answer

    def close(self) -> None:
        self._client._session.close()

    def _address(self, path: str) -> str:
        return f"{self._client._base_url!s}/{self._client._api_version}{path}"

    def _seen(self, response: "Response") -> None:
        self._status = response.status_code
        try:
            limit, remaining, reset = (int(response.headers[f"X-RateLimit-{name}"]) for name in _RATE_HEADERS)
        except (KeyError, ValueError):
            return
        self.rates = RateLimit(limit, remaining, reset * 1000)

    def _refused(self, doing: str, where: str, text: str, *, changes: bool) -> AlpacaError:
        status = self._status
        body = _body(text)
        code, message = body.get("code"), body.get("message")
        if not isinstance(message, str):
            message = "no reason given" if not text.strip() else f"an answer that is no JSON: {_short(text)}"
        return AlpacaError(
            doing,
            where,
            self._keys.redact(message),
            status=status,
            code=code if isinstance(code, int) else 0,
            unknown=changes and (status >= 500 or status == 408),
            transient=status in (408, 429) or status >= 500,
            retry_at=self._retry_at() if status == 429 else None,
            body=body,
        )

    def _broken(self, doing: str, where: str, error: Exception, *, changes: bool) -> AlpacaError:
        from requests import exceptions

        text = self._keys.redact(_short(str(error)))
        if isinstance(error, exceptions.InvalidJSONError):
            elsewhere = 300 <= self._status < 400
            text = "it points elsewhere" if elsewhere else "an answer that is no JSON"
            return AlpacaError(doing, where, text, status=self._status, unknown=changes, transient=not elsewhere)
        if isinstance(error, exceptions.ConnectTimeout) or _never_connected(error):
            return AlpacaError(doing, where, f"no connection: {_reason(error)}", transient=True)
        if isinstance(error, exceptions.Timeout):
            return AlpacaError(doing, where, "no answer in time", unknown=changes, transient=True)
        if isinstance(error, exceptions.ConnectionError | exceptions.ChunkedEncodingError):
            return AlpacaError(doing, where, "the connection broke", unknown=changes, transient=True)
        return AlpacaError(doing, where, f"{type(error).__name__}: {text}", unknown=changes)

    def _retry_at(self) -> Millis:
        return self.rates.reset if self.rates is not None else time.time_ns() // 1_000_000 + 1000


_RATE_HEADERS: Final = ("Limit", "Remaining", "Reset")


def _body(text: str) -> Mapping[str, object]:
    try:
        body = msgspec.json.decode(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _cause(error: Exception) -> BaseException | None:
    """What urllib3 gave up for."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return reason if isinstance(reason, BaseException) else None


def _never_connected(error: Exception) -> bool:
    """Whether not a byte of the request left."""
    from urllib3.exceptions import NewConnectionError

    return isinstance(_cause(error), NewConnectionError)


def _reason(error: Exception) -> str:
    cause = _cause(error)
    return "it takes too long" if cause is None else _short(str(cause).rpartition(": ")[2])
