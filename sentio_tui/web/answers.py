"""What the API answers to a question, as JSON."""

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from starlette.responses import Response

from sentio_tui.engine.state import State
from sentio_tui.journal.document import Document
from sentio_tui.sessions.rebuild import recorded_terms
from sentio_tui.sessions.summary import head, points, trade_row
from sentio_tui.web.cards import cards, figures, told
from sentio_tui.web.pieces import Card, Figure, Standing

TYPE: Final = "application/json"

encode: Final = msgspec.json.Encoder().encode


class Failure(Struct, frozen=True):
    """Why there is no answer, for a person."""

    error: str


class Health(Struct, frozen=True):
    """That the server is there: `status` is "ok"."""

    status: str


class Metrics(Struct, frozen=True):
    """The figures of a session at market time `at`, by the names of `sentio_tui/engine/metrics.py`, and the cards made
    of them. Rates and returns are fractions; a figure that cannot be given is `{"unknown": why}`."""

    file: str
    standing: Standing
    at: int
    figures: dict[str, Figure]
    cards: tuple[Card, ...]


def answer(body: object, status: int = 200) -> Response:
    """A struct as a response."""
    return Response(encode(body), status, media_type=TYPE)


def metrics_of(state: State, standing: Standing) -> Metrics:
    """The figures of a state."""
    known = figures(state)
    values = {name: told(each) for name, each in known.items()}
    return Metrics(state.info.name, standing, state.at, values, cards(known))


def document_of(state: State, journal: Path) -> bytes:
    """The summary document of this moment, encoded, as the session itself writes it. Raises ValueError for figures that
    are no finite numbers, OSError."""
    written = journal.stat().st_mtime_ns // 1_000_000
    top = head(state, recorded_terms(state.info), written)
    document = Document(
        **{name: getattr(top, name) for name in top.__struct_fields__},
        trades=[trade_row(execution) for execution in state.executions],
        equity_history=points(state, 0, len(state.curve.times)),
    )
    return encode(document)
