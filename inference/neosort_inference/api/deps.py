"""What the interface's routes are handed: who asks and may, the line as it shows, the loop, and what is kept."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import HTTPConnection

from neosort_inference.access.actor import Actor, Identity
from neosort_inference.access.entry import Entry
from neosort_inference.access.role import Role
from neosort_inference.access.sessions import COOKIE
from neosort_inference.api.feed import Shown, ViewFeed
from neosort_inference.api.gate import SAFE, address_of, identity_of
from neosort_inference.asking.channel import Loop
from neosort_inference.asking.orders import RefusedError
from neosort_inference.services.services import Services

CSRF = "x-csrf-token"
# Told to the description of the interface; who it is, `identity_of` finds out.
_BY_TOKEN = HTTPBearer(auto_error=False, description="a token of `neosort token create`")
_BY_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="of `POST /api/v1/session`")


def _feed(request: HTTPConnection) -> ViewFeed:
    feed: ViewFeed = request.app.state.feed
    return feed


def _loop(request: Request) -> Loop:
    loop: Loop = request.app.state.loop
    return loop


def _entry(request: HTTPConnection) -> Entry:
    entry: Entry = request.app.state.entry
    return entry


def _services(request: HTTPConnection) -> Services:
    services: Services = request.app.state.services
    return services


def _newest(feed: Annotated[ViewFeed, Depends(_feed)]) -> Shown:
    shown = feed.latest()
    if shown is None:
        raise HTTPException(503, "the line has not shown a window yet", headers={"Retry-After": "1"})
    return shown


class Needs:
    """Lets through whoever has that role or a higher one, and a token that opens this part of the interface: its tag.

    Raises `RefusedError`: 401 for nobody known, 403 for one who may not.
    """

    def __init__(self, role: Role) -> None:
        self._role = role

    def __call__(
        self,
        connection: HTTPConnection,
        entry: Annotated[Entry, Depends(_entry)],
        _token: Annotated[object, Depends(_BY_TOKEN)] = None,
        _cookie: Annotated[object, Depends(_BY_COOKIE)] = None,
    ) -> Actor:
        identity = identity_of(entry, connection)
        if identity is None:
            raise RefusedError("not known", "log in, or send a token that is good: Authorization: Bearer …")
        _must_open(identity, connection)
        _must_be_meant(identity, connection)
        actor = entry.actor(identity, address_of(connection))
        actor.must(self._role)
        return actor


def _must_open(identity: Identity, connection: HTTPConnection) -> None:
    tags = set(getattr(connection.scope.get("route"), "tags", ()))
    if identity.scopes and not tags & set(identity.scopes):
        opened = ", ".join(identity.scopes)
        raise RefusedError("not allowed", f"this token opens {opened} and not {', '.join(sorted(tags)) or 'this'}")


def _must_be_meant(identity: Identity, connection: HTTPConnection) -> None:
    """A browser sends its cookie whoever has it asked: a change is meant only with what a page of ours knows."""
    if identity.csrf is None or connection.scope.get("method", "GET") in SAFE:
        return
    if not hmac.compare_digest(connection.headers.get(CSRF, "").encode(), identity.csrf.encode()):
        raise RefusedError("not allowed", f"a session's changes carry its token in the header {CSRF}")


Feed = Annotated[ViewFeed, Depends(_feed)]
AskLoop = Annotated[Loop, Depends(_loop)]
TheServices = Annotated[Services, Depends(_services)]
TheEntry = Annotated[Entry, Depends(_entry)]
Newest = Annotated[Shown, Depends(_newest)]
Viewer = Annotated[Actor, Depends(Needs(Role.VIEWER))]
Operator = Annotated[Actor, Depends(Needs(Role.OPERATOR))]
Technician = Annotated[Actor, Depends(Needs(Role.TECHNICIAN))]
Engineer = Annotated[Actor, Depends(Needs(Role.ENGINEER))]
Admin = Annotated[Actor, Depends(Needs(Role.ADMIN))]
