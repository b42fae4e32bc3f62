"""The web application: questions and one websocket. There is no route that changes anything."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from sentio_tui.journal.catalogue import Listed, UnknownSession, find
from sentio_tui.journal.document import DocumentDamaged, read_document
from sentio_tui.journal.names import DOCUMENT
from sentio_tui.style_sheets import sheet_themes
from sentio_tui.web import openapi
from sentio_tui.web.answers import TYPE, Failure, Health, answer, encode
from sentio_tui.web.assets import PAGE, Asset, assets
from sentio_tui.web.follower import CannotFollow
from sentio_tui.web.guard import Guard
from sentio_tui.web.hub import Busy, Channel, Hub, chosen
from sentio_tui.web.messages import Theme
from sentio_tui.web.sockets import serve

Result = TypeVar("Result")

ROUTES: Final = {
    "page": "/",
    "file": "/static/{name}",
    "sessions": "/api/sessions",
    "session": "/api/session",
    "metrics": "/api/metrics",
    "events": "/api/events",
    "description": "/api/openapi.json",
    "health": "/healthz",
}


class Options(Struct, frozen=True):
    """What a server serves. `session` is shown where none is named; empty is the newest. An empty `token` asks for
    none. `theme` is the first of its kind; `theme_dirs` are looked through in this order."""

    folder: Path
    session: str = ""
    token: str = ""
    is_local: bool = True
    theme: str = ""
    theme_dirs: tuple[Path, ...] = ()


def application(options: Options) -> ASGIApp:
    """The application, behind its guard."""
    site = _Site(options)
    return Guard(site.app, options.token, is_local=options.is_local)


class _Site:
    """The routes, with what they share."""

    def __init__(self, options: Options) -> None:
        self._folder = options.folder
        self._hub = Hub(options.folder, options.session)
        themes = sheet_themes(options.theme_dirs, options.theme)
        self._themes = tuple(Theme(each.name, each.is_dark) for each in themes)
        self._assets = assets(themes)
        endpoints = {name: getattr(self, f"_{name}") for name in ROUTES}
        self.app = Starlette(
            routes=[
                WebSocketRoute(ROUTES["events"], endpoints.pop("events")),
                Route(ROUTES["events"], self._no_socket, methods=["GET"]),
                *(Route(ROUTES[name], endpoint, methods=["GET"]) for name, endpoint in endpoints.items()),
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _wrong, Exception: _broken},
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with self._hub:
            yield

    async def _page(self, request: Request) -> Response:
        return await self._asset(request, PAGE)

    async def _file(self, request: Request) -> Response:
        return await self._asset(request, request.path_params["name"])

    async def _asset(self, request: Request, name: str) -> Response:
        asset = self._assets.get(name)
        if asset is None:
            raise HTTPException(404, f"there is no file {name[:80]!r}")
        return await run_in_threadpool(_sent, asset, request.headers)

    async def _sessions(self, request: Request) -> Response:
        try:
            return answer(await self._hub.listed())
        except OSError as error:
            raise _unreadable(error) from error

    async def _session(self, request: Request) -> Response:
        listed = await self._listed(request)
        path = Path(listed.path)
        if path.name == listed.name + DOCUMENT:
            read: Callable[[], bytes] = partial(_kept, path)
            return Response(await _told(run_in_threadpool(read)), media_type=TYPE)
        async with self._followed(listed.name) as channel:
            data = await _told(channel.call(channel.follower.document))
        return Response(data, media_type=TYPE)

    async def _metrics(self, request: Request) -> Response:
        listed = await self._listed(request)
        async with self._followed(listed.name) as channel:
            metrics = await _told(channel.call(channel.follower.metrics))
        return answer(metrics)

    async def _description(self, request: Request) -> Response:
        return answer(openapi.description())

    async def _health(self, request: Request) -> Response:
        return answer(Health("ok"))

    async def _no_socket(self, request: Request) -> Response:
        raise HTTPException(426, "this is a websocket", {"Upgrade": "websocket", "Connection": "Upgrade"})

    async def _events(self, socket: WebSocket) -> None:
        await serve(socket, self._hub, self._themes)

    async def _listed(self, request: Request) -> Listed:
        """The session a question is about, looked up in the list there is (T-49)."""
        try:
            name = request.query_params.get("file", "") or self._hub.default
            name = name or chosen(await self._hub.listed())
            if not name:
                raise HTTPException(404, f"there is no session in {self._folder} yet")
            return await run_in_threadpool(find, self._folder, name)
        except UnknownSession as error:
            raise HTTPException(404, str(error)) from error
        except OSError as error:
            raise _unreadable(error) from error

    @asynccontextmanager
    async def _followed(self, name: str) -> AsyncIterator[Channel]:
        """The channel of a session whose journal was read to its end."""
        try:
            async with self._hub.channel(name) as channel:
                await channel.settled()
                yield channel
        except (Busy, CannotFollow) as error:
            raise HTTPException(503, f"{name}: {error}") from error


async def _told(asked: Awaitable[Result]) -> Result:
    try:
        return await asked
    except (DocumentDamaged, CannotFollow, ValueError) as error:
        raise HTTPException(503, str(error)) from error
    except OSError as error:
        raise _unreadable(error) from error


def _kept(path: Path) -> bytes:
    """The summary of a session that has no journal. What is in it beside the keys that are known is left out."""
    return encode(read_document(path))


def _sent(asset: Asset, headers: Headers) -> Response:
    """A file, packed for who takes it; nothing but its tag for who has it."""
    known = {"etag": asset.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if asset.tag in headers.get("if-none-match", ""):
        return Response(status_code=304, headers=known)
    takes = {each.partition(";")[0].strip() for each in headers.get("accept-encoding", "").split(",")}
    if asset.packed and "gzip" in takes:
        return Response(asset.packed, headers={**known, "content-encoding": "gzip"}, media_type=asset.type)
    return Response(asset.data, headers=known, media_type=asset.type)


def _unreadable(error: OSError) -> HTTPException:
    return HTTPException(503, f"{error.filename or 'a file'}: cannot be read: {error.strerror or error}")


async def _wrong(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = answer(Failure(error.detail), error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _broken(request: Request, error: Exception) -> Response:
    return answer(Failure(f"the server failed: {type(error).__name__}"), 500)
