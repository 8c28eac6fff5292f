"""Log in and out with a browser, and find out who one is."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from neosort_inference.access.accounts import NAME
from neosort_inference.access.entry import LoggedIn
from neosort_inference.access.passwords import LONGEST, SHORTEST
from neosort_inference.access.role import Role
from neosort_inference.access.sessions import COOKIE, LASTS_S
from neosort_inference.api.deps import TheEntry, Viewer
from neosort_inference.api.gate import address_of

router = APIRouter(prefix="/api/v1/session", tags=["session"])


class Credentials(BaseModel):
    """Name and password."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64, examples=["ada"])
    password: SecretStr = Field(min_length=1, max_length=LONGEST, examples=["correct horse battery"])


class FirstAdmin(BaseModel):
    """The secret that the first start has shown, and the first account, an admin's."""

    model_config = ConfigDict(extra="forbid")

    secret: SecretStr = Field(min_length=1, max_length=64, examples=["ABCDE-FGHJK-LMNPQ-RSTUV"])
    name: str = Field(pattern=f"^{NAME}$", examples=["ada"])
    password: SecretStr = Field(min_length=SHORTEST, max_length=LONGEST, examples=["correct horse battery"])


class Who(BaseModel):
    """Who asks. ``via``: session, token, or local: there are no accounts, and this is the machine itself."""

    name: str = Field(examples=["ada"])
    role: Role = Field(examples=["technician"])
    via: str = Field(examples=["session"])
    scopes: list[str] = Field(description="parts of the interface that are open, none: all", examples=[["lots"]])
    csrf: str | None = Field(
        description="to be sent in the header X-CSRF-Token with every change that comes with the cookie",
        examples=["mKz8…"],
    )


@router.get("")
def who_am_i(actor: Viewer) -> Who:
    """Who this token, cookie or place makes one."""
    one = actor.identity
    return Who(name=one.name, role=one.role, via=one.via, scopes=list(one.scopes), csrf=one.csrf)


@router.post("")
def log_in(given: Credentials, request: Request, response: Response, entry: TheEntry) -> Who:
    """Log a browser in: the cookie is good for twelve hours. 429 after five failures within five minutes."""
    opened = entry.log_in(given.name, given.password.get_secret_value(), address_of(request))
    if before := request.cookies.get(COOKIE):
        entry.sessions.end(before)  # which this browser is about to forget
    return _opened(opened, request, response)


@router.post("/first", status_code=201)
def first_admin(given: FirstAdmin, request: Request, response: Response, entry: TheEntry) -> Who:
    """Make the first account with the one-time secret that the first start has shown on its terminal."""
    opened = entry.first_admin(
        given.secret.get_secret_value(), given.name, given.password.get_secret_value(), address_of(request)
    )
    return _opened(opened, request, response)


@router.delete("", status_code=204)
def log_out(actor: Viewer, request: Request, response: Response, entry: TheEntry) -> None:
    """Forget this browser."""
    if cookie := request.cookies.get(COOKIE):
        entry.log_out(cookie, actor)
    response.delete_cookie(COOKIE)


def _opened(opened: LoggedIn, request: Request, response: Response) -> Who:
    response.set_cookie(
        COOKIE, opened.cookie, max_age=LASTS_S, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    account = opened.session.account
    return Who(name=account.name, role=account.role, via="session", scopes=[], csrf=opened.session.csrf)
