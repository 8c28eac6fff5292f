"""`neosort account` and `neosort token`: who may do what at a line, from its own terminal."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from neosort_hardware.section import ConfigError
from neosort_inference.access.role import Role
from neosort_inference.options import StateOption
from neosort_inference.state import State, state_folder

if TYPE_CHECKING:
    from neosort_inference.access.actor import Actor
    from neosort_inference.access.entry import Entry

account = typer.Typer(
    no_args_is_help=True, help="People who may use the interface and the pages, and what they may do."
)
audit = typer.Typer(no_args_is_help=True, help="The trail of changes: who has changed what, when and from where.")
account.add_typer(audit, name="audit")
token = typer.Typer(no_args_is_help=True, help="Tokens with which machines and scripts use the interface.")
NameArgument = Annotated[str, typer.Argument(help="Name of the account.")]
RoleOption = Annotated[Role, typer.Option(help="Each role may do what those before it may.")]
ScopeOption = Annotated[
    list[str] | None,
    typer.Option("--scope", help="Part of the interface that it opens, a tag of its description; may be repeated."),
]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@account.command()
def add(name: NameArgument, *, role: RoleOption, password_stdin: FromStdin = False, state: StateOption = None) -> None:
    """Make an account; asks for its password. The first one ends what is open to everybody on this machine."""
    with _entry(state) as (entry, actor):
        made = entry.accounts.add(name, role, _password(from_stdin=password_stdin), actor.name)
        actor.note("account.add", made.name, new={"role": made.role.value})
    typer.echo(f"account '{name}' made: {role.value}")


@account.command("list")
def list_accounts(state: StateOption = None) -> None:
    """Every account, revoked ones too."""
    table = Table("name", "role", "made", "by", "revoked")
    with _entry(state) as (entry, _):
        for one in entry.accounts.all():
            table.add_row(one.name, one.role.value, _day(one.made_s), one.made_by, _day(one.revoked_s))
    Console().print(table)


@account.command()
def passwd(name: NameArgument, *, password_stdin: FromStdin = False, state: StateOption = None) -> None:
    """Give an account another password; whoever is logged in under it is so no longer."""
    with _entry(state) as (entry, actor):
        entry.accounts.set_password(name, _password(from_stdin=password_stdin))
        actor.note("account.password", name)
    typer.echo(f"password of '{name}' changed")


@account.command()
def revoke(name: NameArgument, state: StateOption = None) -> None:
    """An account, its tokens and sessions open nothing any more. The last admin's stays."""
    with _entry(state) as (entry, actor):
        before = entry.accounts.revoke(name)
        actor.note("account.revoke", name, old={"role": before.role.value})
    typer.echo(f"account '{name}' revoked")


@audit.command()
def verify(
    *,
    kept: Annotated[
        str | None, typer.Option(help="A newest hash that was kept elsewhere: is it still in the trail?")
    ] = None,
    state: StateOption = None,
) -> None:
    """Is the trail as it was written? Names the first entry that is not; exit code 1 then.

    Entries cut off at the end show only by --kept: keep the newest hash, which this tells, where nobody at the line can
    change it.
    """
    with _entry(state) as (entry, _):
        followed = entry.trail.follow(kept)
    for line in followed.torn:
        typer.echo(f"line {line} was torn by a loss of power; what it was to say was never done")
    if followed.broken is not None:
        typer.echo(f"WRONG: {followed.broken.words}")
    if not followed.kept:
        typer.echo(f"WRONG: no entry has the hash {kept}: the trail was cut off, or written anew")
    typer.echo(f"{followed.entries:,} entries are as they were written, the newest hash is {followed.head}")
    raise typer.Exit(0 if followed.whole else 1)


@token.command()
def create(
    name: NameArgument,
    *,
    label: Annotated[str, typer.Option(help="What it is for.")],
    role: RoleOption = Role.VIEWER,
    scope: ScopeOption = None,
    days: Annotated[int, typer.Option(min=0, help="For how long it is good; 0: until revoked.")] = 365,
    state: StateOption = None,
) -> None:
    """Make a token of an account, for a role at most its own. Its secret is the one line on standard output."""
    with _entry(state) as (entry, actor):
        made, secret = entry.tokens.make(name, label, role, scope or (), days or None)
        new: dict[str, JsonValue] = {
            "account": name,
            "label": label,
            "role": role.value,
            "scopes": [*made.scopes],
            "days": days or None,
        }
        actor.note("token.make", made.id, new=new)
    typer.echo(f"token {made.id} of '{name}': {role.value}; this is its secret, told this once", err=True)
    typer.echo(secret)


@token.command("list")
def list_tokens(state: StateOption = None) -> None:
    """Every token, revoked ones too; never a secret."""
    table = Table("id", "account", "for", "role", "opens", "made", "until", "revoked")
    with _entry(state) as (entry, _):
        for one in entry.tokens.all():
            opens = ", ".join(one.scopes) or "everything"
            dates = (_day(one.made_s), _day(one.until_s), _day(one.revoked_s))
            table.add_row(one.id, one.account, one.label, one.role.value, opens, *dates)
    Console().print(table)


@token.command("revoke")
def revoke_token(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As 'neosort token list' has it.")], state: StateOption = None
) -> None:
    """A token opens nothing any more."""
    with _entry(state) as (entry, actor):
        before = entry.tokens.revoke(id_)
        actor.note("token.revoke", id_, old={"account": before.account, "label": before.label})
    typer.echo(f"token {id_} revoked")


@contextmanager
def _entry(folder: Path | None) -> Iterator[tuple[Entry, Actor]]:
    """What is kept in that folder, and whoever works at this terminal, ready to be noted."""
    # Imported when asked for: hashing brings a library along that no other command needs.
    from neosort_inference.access.actor import Identity  # noqa: PLC0415
    from neosort_inference.access.audit import AuditError  # noqa: PLC0415
    from neosort_inference.access.database import AccountError  # noqa: PLC0415
    from neosort_inference.access.entry import Entry  # noqa: PLC0415
    from neosort_inference.access.serving import Serving  # noqa: PLC0415

    entry = Entry(Serving(state=State(folder=state_folder(folder))))
    try:
        yield entry, entry.actor(Identity(name=getpass.getuser(), role=Role.ADMIN, via="terminal"), "")
    except (AccountError, AuditError) as error:
        raise ConfigError(str(error)) from error


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    given: str = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    return given


def _day(stamp_s: int | None) -> str:
    return "" if stamp_s is None else datetime.fromtimestamp(stamp_s, UTC).date().isoformat()
