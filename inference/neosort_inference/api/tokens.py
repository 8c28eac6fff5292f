"""Tokens for machines and scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from neosort_inference.access.role import Role
from neosort_inference.access.tokens import LONGEST_DAYS, Token
from neosort_inference.api.deps import TheEntry, Viewer
from neosort_inference.asking.orders import RefusedError

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])
Id = Annotated[str, Path(pattern="^[0-9a-f]{8}$", examples=["1f0c9a7e"])]


class NewToken(BaseModel):
    """A token of one's own account: what it is for, what it may do, for how long."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(min_length=1, max_length=64, examples=["plant dashboard"])
    role: Role = Field(examples=["viewer"])
    scopes: list[Annotated[str, Field(pattern="^[a-z]+$", max_length=32)]] = Field(
        default=[], max_length=16, description="tags of this description; none: all of them", examples=[["live"]]
    )
    days: int | None = Field(365, ge=1, le=LONGEST_DAYS, description="null: until revoked", examples=[365])


class TokenInfo(BaseModel):
    """A token as it is told of; never its secret."""

    id: str = Field(examples=["1f0c9a7e"])
    account: str = Field(examples=["ada"])
    label: str = Field(examples=["plant dashboard"])
    role: Role = Field(examples=["viewer"])
    scopes: list[str] = Field(examples=[["live"]])
    made_at: datetime = Field(examples=["2026-11-26T09:30:00Z"])
    until: datetime | None = Field(examples=["2027-11-26T09:30:00Z"])
    revoked_at: datetime | None = Field(examples=[None])


class MadeToken(TokenInfo):
    """A new token with its secret, which is told this once."""

    secret: str = Field(examples=["neosort_1f0c9a7e_…"])


@router.get("")
def list_tokens(actor: Viewer, entry: TheEntry) -> list[TokenInfo]:
    """One's own tokens; an admin sees all."""
    everybodys = actor.identity.role is Role.ADMIN
    return [TokenInfo(**_told(one)) for one in entry.tokens.all() if everybodys or one.account == actor.name]


@router.post("", status_code=201)
def make_token(given: NewToken, actor: Viewer, entry: TheEntry) -> MadeToken:
    """A new token. It is good for at most what makes it: no role above that, no part that is not open to it."""
    actor.must(given.role)
    open_, wanted = set(actor.identity.scopes), set(given.scopes)
    if not actor.identity.known:
        raise RefusedError("not now", "tokens belong to accounts, and there are none yet")
    if open_ and not (wanted and wanted <= open_):
        raise RefusedError("not allowed", f"this token opens {', '.join(sorted(open_))} alone")
    token, secret = entry.tokens.make(actor.name, given.label, given.role, given.scopes, given.days)
    actor.note("token.make", token.id, new=given.model_dump(mode="json"))
    return MadeToken(**_told(token), secret=secret)


@router.delete("/{id}", status_code=204)
def revoke_token(id: Id, actor: Viewer, entry: TheEntry) -> None:
    """It opens nothing any more: one's own, or as admin anybody's."""
    token = next((one for one in entry.tokens.all() if one.id == id and one.revoked_s is None), None)
    if token is None or (token.account != actor.name and actor.identity.role is not Role.ADMIN):
        raise RefusedError("not there", f"there is no token '{id}'")
    entry.tokens.revoke(id)
    actor.note("token.revoke", id, old={"account": token.account, "label": token.label, "role": token.role.value})


def _told(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "account": token.account,
        "label": token.label,
        "role": token.role,
        "scopes": list(token.scopes),
        "made_at": datetime.fromtimestamp(token.made_s, UTC),
        "until": None if token.until_s is None else datetime.fromtimestamp(token.until_s, UTC),
        "revoked_at": None if token.revoked_s is None else datetime.fromtimestamp(token.revoked_s, UTC),
    }
