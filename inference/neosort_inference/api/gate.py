"""What every request passes before any route sees it: where it comes from, how large it is, and who may see pages.

Plain ASGI, so that streams and web sockets pass as they are.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neosort_inference.access.actor import Identity
from neosort_inference.access.entry import Entry
from neosort_inference.access.serving import loopback
from neosort_inference.access.sessions import COOKIE
from neosort_inference.api.problems import problem

MOST_BODY = 1024 * 1024
MOST_UPLOAD = 65 * 1024 * 1024  # a bundle has 64 MiB at most
# The interface's, and the one that NiceGUI makes for a field of a page that takes files.
UPLOADS = re.compile(r"/api/v1/bundles|/_nicegui/client/[^/]+/upload/[0-9]+")
SAFE = {"GET", "HEAD", "OPTIONS"}
LOGIN = "/login"
OPEN = (
    "/api/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/_nicegui/",
    "/favicon.ico",
    LOGIN,
)  # routes under /api/ ask by themselves
# A foreign page must not lay ours, unseen, under what it has people press; nor is what we send taken for anything else.
SENT_ALONG = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Gate:
    """Refuses what a foreign page has a browser send, what names another machine's address while there are no accounts
    (a page that resolves to this machine could speak to it otherwise), and what is too large; sends whoever may not
    see the pages to log in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if refusal := self._refusal(connection):
            await _refuse(scope, receive, _guarded(send), refusal)
        elif scope["type"] == "http":
            await self._app(scope, _bounded(receive, _limit(connection.url.path)), _guarded(send))
        else:
            await self._app(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        path, headers = connection.url.path, connection.headers
        entry: Entry = connection.app.state.entry
        changing = connection.scope["type"] == "websocket" or connection.scope["method"] not in SAFE
        if changing and not same_origin(headers):
            return problem(403, "this comes from a page of another origin", path)
        if not loopback(_host(headers)) and not entry.accounts.any():
            return problem(403, f"'{_host(headers)}' is not a name of this machine, and there are no accounts", path)
        size, limit = headers.get("content-length", "0"), _limit(path)
        if size.isdecimal() and int(size) > limit:
            return problem(413, f"{size} bytes, at most {limit} are taken here", path)
        if not _open(path) and identity_of(entry, connection) is None:
            return (
                RedirectResponse(LOGIN, 303)
                if "text/html" in headers.get("accept", "")
                else problem(401, "log in first", path, headers={"WWW-Authenticate": "Bearer"})
            )
        return None


def identity_of(entry: Entry, connection: HTTPConnection) -> Identity | None:
    """Who asks: by token, by cookie, or from where."""
    scheme, _, given = connection.headers.get("authorization", "").partition(" ")
    return entry.identity(
        bearer=given.strip() if scheme.lower() == "bearer" else None,
        cookie=connection.cookies.get(COOKIE),
        address=address_of(connection),
    )


def address_of(connection: HTTPConnection) -> str:
    """Where it comes from."""
    return connection.client.host if connection.client is not None else ""


def same_origin(headers: Headers) -> bool:
    """Whether a browser has sent this for a page of ours; other programs name no origin, and have no cookies."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}


def _host(headers: Headers) -> str:
    return urlsplit("//" + headers.get("host", "")).hostname or ""


def _open(path: str) -> bool:
    """Whether nobody is asked here who they are. A page's uploads are large, and for those who may see pages."""
    return path.startswith(OPEN) and not path.startswith("/_nicegui/client/")


def _limit(path: str) -> int:
    return MOST_UPLOAD if UPLOADS.fullmatch(path) else MOST_BODY


def _guarded(send: Send) -> Send:
    """Where a route says something of its own under one of the names, that holds."""

    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SENT_ALONG.items():
                headers.setdefault(name, value)
        await send(message)

    return give


def _bounded(receive: Receive, limit: int) -> Receive:
    """A body without a length is cut off where it becomes too large."""
    seen = 0

    async def take() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, f"more than {limit} bytes, which is all that is taken here")
        return message

    return take


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: Response) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await refusal(scope, receive, send)
