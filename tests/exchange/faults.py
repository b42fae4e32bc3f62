"""What can go wrong, by name: rules that wait for their occasion, happen once, some times or always."""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from msgspec import Struct

from sentio_tui.model.bars import Millis
from tests.exchange.clock import FakeClock

CONNECTING: Final = {
    "refuse_tcp": "the connection breaks as soon as it has asked for something",
    "handshake_http": "the upgrade is answered with `status` (429, 401, 503)",
    "mute_greeting": "a data socket opens and says nothing",
    "mute_auth": "authentication is never answered",
    "auth_402": "the keys are wrong",
    "auth_406": "the connection is taken",
    "auth_409": "the subscription is not enough",
    "sub_error": "a subscription is answered with error `code` (405, 407, 410, 500)",
    "unauthorized": "the trading stream does not take the keys",
    "no_pong": "pings are not answered",
}
MESSAGES: Final = {
    "slow_client_407_then_close": "error 407 and the end, instead of the message",
    "abort_tcp": "the connection breaks, `at` = between (before the message) or frame_middle (in it)",
    "close": "the server closes with `code`, instead of the message",
    "mute_after": "the socket stays open and says nothing any more, from this message on",
    "dup": "the message comes twice",
    "reorder": "the message comes after the next `k` ones",
    "late_u": "a late trade: the bar gets an updated one 30 seconds later, in the market too",
    "drop_bars": "the message is lost",
    "garbage": "bytes that are no message come instead of it",
    "json_text": "the message comes as text",
    "map_not_array": "the message comes without the array around it",
    "string_ts": "its time is a string",
    "missing_field": "`field` (c) is missing",
    "unknown_T": "a message of an unknown kind comes before it",
    "nan_price": "its close is not a number",
    "huge_frame": "it comes in a frame of more than 1 MiB",
    "burst": "it comes `n` times, a hundred to a frame",
}
TRADING: Final = {
    "data_null": "a message without data comes before it",
    "unknown_event": "a message with an event nobody knows comes before it",
    "unknown_status": "the order has a status nobody knows",
    "submitted_at_null": "the order has no time of submission",
    "lost_fill": "a fill is not told; REST has it",
    "dup_execution": "a fill is told twice",
    "fill_before_response": "what follows from an order is told before its POST is answered",
    "partial_then_cancel": "half of an order executes, the venue cancels the rest",
    "order_cancel_rejected": "a cancel is accepted, but comes too late",
    "fill_during_replace": "the order executes while it is being replaced",
    "reject_async": "the order is accepted, then rejected",
}
REST: Final = {
    "delay": "the request is looked at after `seconds` of the exchange's time",
    "stall": "no answer ever",
    "abort_before": "the connection breaks before the request is looked at",
    "abort_after_accept": "the request is done, the connection breaks",
    "504_after_accept": "the request is done, the answer is 504",
    "500": "an error, `body` = json or html",
    "502": "an error, `body` = json or html",
    "503": "an error, `body` = json or html",
    "429": "too many requests, `reset_in` seconds",
    "bad_json": "the request is done, the answer is no JSON",
    "truncated": "the request is done, the answer breaks off in the middle",
    "302": "a redirection",
    "403": "forbidden, without a code",
    "insufficient_bp": "the account has not the money",
    "insufficient_qty": "the account has not the shares",
    "wash": "a wash trade",
    "page_fail": "a page of history fails",
    "empty_bars": "there are no bars",
    "unknown_enum": "every order in the answer has a status nobody knows",
    "clock_skew": "the exchange says another time, by `seconds`",
}
KNOWN: Final = CONNECTING | MESSAGES | TRADING | REST


class Rule(Struct, eq=False):
    """A fault that waits. `times` is None for a standing one; `after` is how many occasions it lets pass first."""

    name: str
    times: int | None
    after: int
    path: str
    method: str
    event: str
    symbol: str
    until: Millis | None
    arguments: dict[str, object]

    def number(self, name: str, usual: float) -> float:
        value = self.arguments.get(name, usual)
        assert isinstance(value, int | float)
        return value

    def word(self, name: str, usual: str) -> str:
        return str(self.arguments.get(name, usual))


class Faults:
    """The rules of one exchange.

    A rule without `path` (its beginning), `method`, `event` or `symbol` fits any. `event` is the letter of a market
    message or the event of a trading one. `seconds` of the exchange's time end a rule that is not used up by then,
    except for the names that take `seconds` as what they do.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.fired: Final[Counter[str]] = Counter()
        self._clock = clock
        self._rules: list[Rule] = []

    def add(
        self,
        name: str,
        *,
        times: int | None = 1,
        after: int = 0,
        path: str = "",
        method: str = "",
        event: str = "",
        symbol: str = "",
        **arguments: object,
    ) -> Rule:
        """Raises ValueError for a name that is not known."""
        if name not in KNOWN:
            raise ValueError(f"unknown fault {name!r}; there are {', '.join(KNOWN)}")
        until = None
        if "seconds" in arguments and name not in ("delay", "clock_skew"):
            seconds = arguments.pop("seconds")
            assert isinstance(seconds, int | float)
            until, times = self._clock.now + round(seconds * 1000), None
        rule = Rule(name, times, after, path, method, event, symbol, until, arguments)
        self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """A rule that is used up is gone already."""
        if rule in self._rules:
            self._rules.remove(rule)

    def clear(self) -> None:
        self._rules.clear()

    @property
    def waiting(self) -> tuple[Rule, ...]:
        return tuple(self._rules)

    def take(self, *names: str, path: str = "", method: str = "", event: str = "", symbol: str = "") -> Rule | None:
        """The first rule for this occasion, counted as used."""
        for rule in tuple(self._rules):
            fits = rule.name in names and path.startswith(rule.path)
            fits = fits and all(
                not wanted or wanted == given
                for wanted, given in ((rule.method, method), (rule.event, event), (rule.symbol, symbol))
            )
            if not fits:
                continue
            if rule.until is not None and self._clock.now >= rule.until:
                self._rules.remove(rule)
                continue
            if rule.after > 0:
                rule.after -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
                if rule.times <= 0:
                    self._rules.remove(rule)
            self.fired[rule.name] += 1
            return rule
        return None


STORM: Final[Mapping[str, Mapping[str, Any]]] = {
    "refuse_tcp": {},
    "handshake_http": {"status": 503},
    "auth_406": {},
    "abort_tcp": {"at": "frame_middle"},
    "close": {"code": 1011},
    "slow_client_407_then_close": {},
    "dup": {},
    "reorder": {"k": 2},
    "late_u": {},
    "garbage": {"event": "q"},
    "unknown_T": {},
    "data_null": {},
    "unknown_event": {},
    "unknown_status": {},
    "submitted_at_null": {},
    "lost_fill": {},
    "dup_execution": {},
    "fill_before_response": {},
    "abort_before": {},
    "abort_after_accept": {},
    "504_after_accept": {},
    "500": {},
    "502": {"body": "html"},
    "503": {},
    "bad_json": {},
    "truncated": {},
    "page_fail": {},
}
"""What a client that fetches what it missed gets over without losing a bar, an order or a fill."""


class Storm:
    """One of `names` at random times, `every` so many seconds of the exchange's time on average, until stopped."""

    def __init__(
        self,
        clock: FakeClock,
        faults: Faults,
        seed: int,
        every: float = 600.0,
        names: Mapping[str, Mapping[str, Any]] = STORM,
    ) -> None:
        self.raised: Final[Counter[str]] = Counter()
        self._clock = clock
        self._faults = faults
        self._random = Random(f"{seed} storm")
        self._every = every
        self._names = dict(names)
        self._timer = clock.after(self._random.expovariate(1 / every), self._next)

    def stop(self) -> None:
        """No new ones, and none that still waits."""
        self._timer.cancel()
        self._faults.clear()

    def _next(self) -> None:
        name = self._random.choice(sorted(self._names))
        arguments = dict(self._names[name])
        self._faults.add(name, **arguments)
        self.raised[name] += 1
        self._timer = self._clock.after(self._random.expovariate(1 / self._every), self._next)
