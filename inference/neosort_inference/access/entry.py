"""The way in: who asks, told from a token, a cookie, or from where it comes."""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass

from neosort_inference.access.accounts import Account, Accounts
from neosort_inference.access.actor import LOCAL, Actor, Identity
from neosort_inference.access.audit import AuditTrail
from neosort_inference.access.database import Database
from neosort_inference.access.passwords import Passwords
from neosort_inference.access.role import Role
from neosort_inference.access.serving import Serving, loopback
from neosort_inference.access.sessions import Session, Sessions
from neosort_inference.access.throttle import Throttle
from neosort_inference.access.tokens import Tokens
from neosort_inference.asking.orders import RefusedError

FAILURES, FAILURES_FROM_ONE_PLACE, WITHIN_S = 5, 20, 300.0
FIRST_ADMIN = "account.first"


class WaitError(Exception):
    """Too many log-ins have failed."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many log-ins have failed: wait {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """``cookie``: what the browser is to keep."""

    session: Session
    cookie: str


class Entry:
    """Accounts, tokens, sessions and trail of one machine, and what somebody may do who has none of them.

    While there is no account, whoever asks from this machine itself may do as on a terminal of it: on a simulated line
    what an engineer may, on a real one what an operator may. With the first account that ends.
    """

    def __init__(self, serving: Serving, passwords: Passwords | None = None) -> None:
        database = Database(serving.state.accounts)
        self.accounts = Accounts(database, passwords)
        self.tokens = Tokens(database, self.accounts)
        self.sessions = Sessions(database, self.accounts)
        self.trail = AuditTrail(serving.state.trail)
        self._local = Role.ENGINEER if serving.simulated else Role.OPERATOR
        self._first_secret = serving.first_secret
        self._making_first = threading.Lock()
        self._by_name = Throttle(FAILURES, WITHIN_S)
        self._by_address = Throttle(FAILURES_FROM_ONE_PLACE, WITHIN_S)

    def identity(self, *, bearer: str | None, cookie: str | None, address: str) -> Identity | None:
        """Who it is; None: nobody whom anything is open to. A token that is wrong is not made up for by a cookie."""
        if bearer is not None:
            token = self.tokens.of_secret(bearer)
            if token is None:
                return None
            return Identity(name=token.account, role=token.role, via=f"token {token.id}", scopes=token.scopes)
        if cookie is not None and (session := self.sessions.of_cookie(cookie)) is not None:
            return Identity(name=session.account.name, role=session.account.role, via="session", csrf=session.csrf)
        if loopback(address) and not self.accounts.any():
            return Identity(name=LOCAL, role=self._local, via=LOCAL)
        return None

    def actor(self, identity: Identity, address: str) -> Actor:
        """That identity, ready to be noted."""
        return Actor(identity=identity, address=address, trail=self.trail)

    def log_in(self, name: str, password: str, address: str) -> LoggedIn:
        """Raises as `must_know`."""
        return self._opened(self.must_know(name, password, address), address)

    def must_know(self, name: str, password: str, address: str) -> Account:
        """The account whose name and password these are. Raises `RefusedError` when they do not belong together, and
        `WaitError` when that was tried too often."""
        key = f"{address} {name}"
        if wait_s := self._by_name.attempt(key):
            raise WaitError(wait_s)
        if wait_s := self._by_address.attempt(address):
            self._by_name.take_back(key)
            raise WaitError(wait_s)
        account = self.accounts.log_in(name, password)
        if account is None:
            raise RefusedError("not known", "name and password do not belong together")
        self._by_name.forget(key)
        self._by_address.take_back(address)
        return account

    def first_admin(self, secret: str, name: str, password: str, address: str) -> LoggedIn:
        """Make the first account, an admin's, with the secret that the first start has shown; and log it in."""
        if wait_s := self._by_address.wait_s(address):
            raise WaitError(wait_s)
        with self._making_first:
            if self.accounts.any():
                raise RefusedError("not now", "there are accounts already")
            if self._first_secret is None or not hmac.compare_digest(self._first_secret.encode(), secret.encode()):
                self._by_address.note(address)
                raise RefusedError("not allowed", "that is not the secret that this start has shown")
            account = self.accounts.add(name, Role.ADMIN, password, LOCAL)
            self._first_secret = None
        identity = Identity(name=name, role=Role.ADMIN, via="first secret")
        self.actor(identity, address).note(FIRST_ADMIN, name, new={"role": Role.ADMIN.value})
        return self._opened(account, address)

    def log_out(self, cookie: str, actor: Actor) -> None:
        """The browser is known no longer."""
        self.sessions.end(cookie)
        actor.note("session.end", actor.name)

    def _opened(self, account: Account, address: str) -> LoggedIn:
        session, cookie = self.sessions.open(account)
        identity = Identity(name=account.name, role=account.role, via="session")
        self.actor(identity, address).note("session.begin", account.name)
        return LoggedIn(session=session, cookie=cookie)
