"""What the dashboard's server and the page say to each other on `/api/events`, as JSON texts.

The server says `hello` and `sessions`; of the session that is shown `reading` while its journal is read, then `session`
(or `problem`), and an `update` whenever something changed; `sessions` again when the list has changed; a `beat` when it
has said nothing else for `Hello.beat` seconds: who hears nothing for three times that long has lost the connection.
The page says nothing but `watch`; `/api/events?file=NAME` chooses the first session as `watch` does.

The server closes with 1003 for a binary message, 1008 for one it does not understand, 1009 for a long one, 1012 when it
ends, and 1013 when there are too many connections. A page that is not let in gets the status 401 or 403 instead.

Times are milliseconds since the epoch, UTC, of the market's clock unless they say otherwise; to be shown in the zone of
`Info.zone`. Money is in the account's currency. Rates, returns and drawdowns are fractions: 0.01 is one percent.
A figure that cannot be given is `{"unknown": why}`, and `text` beside it reads "n/a". Nothing here is HTML: any text
may hold any printable character, a name of a symbol or a session any at all.

A table comes as columns of one length, with `since`: keep the rows before `since`, drop those from it on, and put these
in their place. In a `session` it is 0. So rows that were restated or thinned anew need no rule of their own. (`notes`
alone has none: its rows are put behind.)
"""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from sentio_tui.web.pieces import (
    Candles,
    Card,
    Curve,
    Decision,
    Feed,
    Fills,
    Info,
    Notes,
    OpenOrder,
    Position,
    ReasonCount,
    SessionLine,
    Status,
    Trades,
)

VERSION: Final = 1
"""Of these messages. It grows when a page of another version would misread them."""

BEAT: Final = 5.0
"""Seconds without another message until there is a beat."""

RATE: Final = 4.0
"""Updates a second at the most."""

FROM_PAGE: Final = 4096
"""Bytes a message of the page may have; a longer one closes the connection."""


class Theme(Struct, frozen=True):
    """A theme of `/static/theme.css`, in force where `data-theme` of the root element is its name. Without it the first
    dark or the first light one is, as the browser prefers."""

    name: str
    is_dark: bool


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """The first message. `version` is of the messages, `program` of sentio-tui, `beat` in seconds, `rate` the updates a
    second at the most."""

    version: int
    program: str
    beat: float
    rate: float
    themes: tuple[Theme, ...]


class Sessions(Struct, frozen=True, tag_field="type", tag="sessions"):
    """The newest sessions of the folder, the newest first, and how many there are in `total`. `problem` says why the
    folder cannot be read; empty when it can."""

    sessions: tuple[SessionLine, ...]
    total: int
    problem: str


class Reading(Struct, frozen=True, tag_field="type", tag="reading"):
    """The journal of the session is being read; `share` of it, from 0 to 1, has been."""

    file: str
    share: float


class Whole(Struct, frozen=True, kw_only=True, tag_field="type", tag="session"):
    """All of the session that is shown from now on: forget everything of the one before. `prices` has the candles of
    each charted symbol."""

    file: str
    info: Info
    status: Status
    cards: tuple[Card, ...]
    positions: tuple[Position, ...]
    orders: tuple[OpenOrder, ...]
    decisions: tuple[Decision, ...]
    reasons: tuple[ReasonCount, ...]
    feed: Feed
    fills: Fills
    trades: Trades
    curve: Curve
    prices: dict[str, Candles]
    notes: Notes


class Update(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="update"):
    """What has changed of the session that is shown; a field that is not there has not. Lists without `since` come
    whole. `prices` has the symbols that changed."""

    file: str
    status: Status | UnsetType = UNSET
    cards: tuple[Card, ...] | UnsetType = UNSET
    positions: tuple[Position, ...] | UnsetType = UNSET
    orders: tuple[OpenOrder, ...] | UnsetType = UNSET
    decisions: tuple[Decision, ...] | UnsetType = UNSET
    reasons: tuple[ReasonCount, ...] | UnsetType = UNSET
    feed: Feed | UnsetType = UNSET
    fills: Fills | UnsetType = UNSET
    trades: Trades | UnsetType = UNSET
    curve: Curve | UnsetType = UNSET
    prices: dict[str, Candles] | UnsetType = UNSET
    notes: Notes | UnsetType = UNSET


class Problem(Struct, frozen=True, tag_field="type", tag="problem"):
    """The session of that name cannot be shown, and why, for a person. With an empty `file` there is none at all yet;
    a `session` follows when there is."""

    file: str
    text: str


class Beat(Struct, frozen=True, tag_field="type", tag="beat"):
    """The server is there, and there is nothing new."""


FromServer = Hello | Sessions | Reading | Whole | Update | Problem | Beat


class Watch(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="watch"):
    """The page wants to see this session from now on. An empty `file` is the newest that runs, or else the newest."""

    file: str
