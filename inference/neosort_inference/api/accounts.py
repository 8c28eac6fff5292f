"""Accounts: who there is, new ones, other roles and passwords, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from neosort_inference.access.accounts import NAME, Account
from neosort_inference.access.passwords import LONGEST, SHORTEST
from neosort_inference.access.role import Role
from neosort_inference.api.deps import Admin, TheEntry, Viewer
from neosort_inference.asking.orders import RefusedError

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])
Name = Annotated[str, Path(pattern=f"^{NAME}$", examples=["ada"])]


class NewAccount(BaseModel):
    """A person, and what that person may do."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=f"^{NAME}$", examples=["ada"])
    role: Role = Field(examples=["technician"])
    password: SecretStr = Field(min_length=SHORTEST, max_length=LONGEST, examples=["correct horse battery"])


class NewRole(BaseModel):
    """What the person may do from now on."""

    model_config = ConfigDict(extra="forbid")

    role: Role = Field(examples=["engineer"])


class NewPassword(BaseModel):
    """``old``: to be given with one's own."""

    model_config = ConfigDict(extra="forbid")

    old: SecretStr | None = Field(None, max_length=LONGEST, examples=["correct horse battery"])
    new: SecretStr = Field(min_length=SHORTEST, max_length=LONGEST, examples=["staple correct horse"])


class AccountInfo(BaseModel):
    """An account as it is told of."""

    name: str = Field(examples=["ada"])
    role: Role = Field(examples=["technician"])
    made_at: datetime = Field(examples=["2026-11-26T09:30:00Z"])
    made_by: str = Field(examples=["grace"])
    revoked_at: datetime | None = Field(examples=[None])


@router.get("")
def list_accounts(_actor: Admin, entry: TheEntry) -> list[AccountInfo]:
    """Every account, revoked ones too."""
    return [_told(account) for account in entry.accounts.all()]


@router.post("", status_code=201)
def add_account(given: NewAccount, actor: Admin, entry: TheEntry) -> AccountInfo:
    """A new account. A name that was used once is never given to another person."""
    account = entry.accounts.add(given.name, given.role, given.password.get_secret_value(), actor.name)
    actor.note("account.add", account.name, new={"role": account.role.value})
    return _told(account)


@router.put("/{name}/role")
def set_role(name: Name, given: NewRole, actor: Admin, entry: TheEntry) -> AccountInfo:
    """Another role. The last admin stays one."""
    _must_be_there(entry, name)
    before = entry.accounts.set_role(name, given.role)
    actor.note("account.role", name, old=before.role.value, new=given.role.value)
    account = entry.accounts.named(name)
    return _told(before if account is None else account)


@router.put("/{name}/password", status_code=204)
def set_password(name: Name, given: NewPassword, actor: Viewer, entry: TheEntry) -> None:
    """A new password: one's own, with the old one, or as admin anybody's. Ends every session of that account."""
    if name == actor.name and actor.identity.via == "session":
        entry.must_know(name, "" if given.old is None else given.old.get_secret_value(), actor.address)
    else:
        actor.must(Role.ADMIN)
        _must_be_there(entry, name)
    entry.accounts.set_password(name, given.new.get_secret_value())
    actor.note("account.password", name)


@router.delete("/{name}", status_code=204)
def revoke_account(name: Name, actor: Admin, entry: TheEntry) -> None:
    """The account, its tokens and its sessions open nothing any more. The last admin's stays."""
    _must_be_there(entry, name)
    before = entry.accounts.revoke(name)
    actor.note("account.revoke", name, old={"role": before.role.value})


def _must_be_there(entry: TheEntry, name: str) -> None:
    account = entry.accounts.named(name)
    if account is None or not account.usable:
        raise RefusedError("not there", f"there is no account '{name}'")


def _told(account: Account) -> AccountInfo:
    return AccountInfo(
        name=account.name,
        role=account.role,
        made_at=datetime.fromtimestamp(account.made_s, UTC),
        made_by=account.made_by,
        revoked_at=None if account.revoked_s is None else datetime.fromtimestamp(account.revoked_s, UTC),
    )
