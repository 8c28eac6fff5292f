"""Who gives an order over OPC UA: an account as it stands at that moment, and the trail that it is noted in."""

from __future__ import annotations

from neosort_inference.access.accounts import Accounts
from neosort_inference.access.actor import Actor, Identity
from neosort_inference.access.audit import AuditTrail
from neosort_inference.asking.orders import RefusedError
from neosort_inference.plant.rights import CALLER

VIA = "opc ua"


class People:
    """Accounts of this machine, looked up anew for every order: one that is revoked orders nothing any more."""

    def __init__(self, accounts: Accounts, trail: AuditTrail) -> None:
        self._accounts = accounts
        self._trail = trail

    def actor(self) -> Actor:
        """Whose request is in hand. Raises `RefusedError`, `AccountError`."""
        caller = CALLER.get()
        account = None if caller is None or not caller.name else self._accounts.named(caller.name)
        if account is None or not account.usable:
            raise RefusedError("not allowed", "there is no such account any more")
        identity = Identity(name=account.name, role=account.role, via=VIA)
        return Actor(identity=identity, address="", trail=self._trail)
