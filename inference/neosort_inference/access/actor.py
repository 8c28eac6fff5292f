"""Who wants something of the line, a person or a machine: what it may do, and what it is noted to have done."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from neosort_inference.access.audit import AuditTrail
from neosort_inference.access.role import Role
from neosort_inference.asking.orders import RefusedError

LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``via``: session, token and its id, or local, where there are no accounts. ``scopes``: parts of the interface
    that are open to it, none: all. ``csrf``: what a browser must send along with a change; None: no browser."""

    name: str
    role: Role
    via: str
    scopes: tuple[str, ...] = ()
    csrf: str | None = None

    @property
    def known(self) -> bool:
        """Whether it has said who it is."""
        return self.via != LOCAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An identity, at an ``address`` of the network, and the trail that its changes go into."""

    identity: Identity
    address: str
    trail: AuditTrail

    @property
    def name(self) -> str:
        return self.identity.name

    def must(self, role: Role) -> None:
        """Raises `RefusedError` for one who may not do what ``role`` may."""
        if not self.identity.role.covers(role):
            raise RefusedError(
                "not allowed", f"this takes the role {role.value}; '{self.name}' is {self.identity.role.value}"
            )

    def note(self, action: str, target: str, *, old: JsonValue = None, new: JsonValue = None) -> None:
        """A change has been made. Raises `AuditError`."""
        self.trail.note(
            by=self.name,
            role=self.identity.role.value,
            via=self.identity.via,
            address=self.address,
            action=action,
            target=target,
            old=old,
            new=new,
        )
