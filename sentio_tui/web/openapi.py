"""The description of the API for other programs (OpenAPI 3.1), made of the structs that are answered with."""

from typing import Any, Final

import msgspec

from sentio_tui import __version__
from sentio_tui.journal.document import Document
from sentio_tui.web.answers import TYPE, Failure, Health, Metrics
from sentio_tui.web.messages import FromServer, Sessions, Watch

_REF: Final = "#/components/schemas/{name}"
_SHAPES: Final = (Failure, Health, Metrics, Document, Sessions, FromServer, Watch)

_FILE: Final = {
    "name": "file",
    "in": "query",
    "required": False,
    "description": "The name of a session, as /api/sessions lists it. Without it the newest that runs, or the newest.",
    "schema": {"type": "string"},
    "example": "live_20250106_143000",
}


def description() -> dict[str, Any]:
    """The whole document."""
    schemas, components = msgspec.json.schema_components(_SHAPES, ref_template=_REF)
    failure, health, metrics, document, sessions, told, said = schemas
    refused = {
        "401": _json("The token is missing or wrong, where one is asked for.", failure),
        "403": _json("The name in the address is not one of this dashboard's, or the page is from elsewhere.", failure),
    }
    unread = {"503": _json("It cannot be read now; the answer says why.", failure)}
    absent = {"404": _json("There is no such session, or none at all.", failure)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sentio-tui dashboard",
            "version": __version__,
            "description": "Watches trading sessions. Nothing here trades. Times are milliseconds since the epoch, "
            "UTC; rates, returns and drawdowns are fractions, but percents in the summary document.",
        },
        "paths": {
            "/api/sessions": _get("The sessions of the folder, the newest first", sessions, {**refused, **unread}),
            "/api/session": _get(
                "The summary document of a session", document, {**refused, **absent, **unread}, parameters=[_FILE]
            ),
            "/api/metrics": _get(
                "The figures of a session, and the cards made of them",
                metrics,
                {**refused, **absent, **unread},
                parameters=[_FILE],
            ),
            "/api/events": {
                "get": {
                    "summary": "A websocket: the session as it goes on",
                    "description": "Ask for it with the headers of a websocket. The server sends texts of the schema "
                    "in `x-messages.sent`, the page may send those of `x-messages.received`.",
                    "parameters": [_FILE],
                    "responses": {
                        "101": {"description": "The websocket is open."},
                        **refused,
                        "426": _json("This is a websocket, and the question was another one.", failure),
                    },
                    "x-messages": {"sent": told, "received": said},
                }
            },
            "/api/openapi.json": _get("This description", {"type": "object"}, refused),
            "/healthz": _get("Whether the server is well", health, {"403": refused["403"]}, security=[]),
            "/": _file_of("The page", "text/html", refused),
            "/static/{name}": {
                "get": {
                    "summary": "A file of the page",
                    "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {
                        "200": {"description": "The file.", "content": {"*/*": {}}},
                        "304": {"description": "The browser has it."},
                        "404": _json("There is no such file.", failure),
                        **refused,
                    },
                }
            },
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "header": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "sentio_token"},
            },
        },
        "security": [{}, {"header": []}, {"cookie": []}],
    }


def _get(summary: str, schema: dict[str, Any], others: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"get": {"summary": summary, "responses": {"200": _json("The answer.", schema), **others}, **more}}


def _file_of(summary: str, kind: str, others: dict[str, Any]) -> dict[str, Any]:
    found = {"description": "The file.", "content": {kind: {"schema": {"type": "string"}}}}
    return {"get": {"summary": summary, "responses": {"200": found, **others}}}


def _json(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {TYPE: {"schema": schema}}}
