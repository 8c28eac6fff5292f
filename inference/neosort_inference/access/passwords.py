"""Passwords: argon2id, with the parameters that RFC 9106 gives for machines of little memory (64 MiB a hash)."""

from __future__ import annotations

import threading

import argon2

from neosort_inference.access.database import AccountError

SHORTEST, LONGEST = 10, 256
AT_ONCE = 2  # hashes that are computed at a time: each takes 64 MiB


class Passwords:
    """Makes and checks hashes. ``hasher``: with other costs, for tests."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = argon2.PasswordHasher() if hasher is None else hasher
        self._room = threading.Semaphore(AT_ONCE)
        self._nobodys: str | None = None

    def hashed(self, password: str) -> str:
        """The hash of a new password. Raises `AccountError` for one that is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountError(f"a password has {SHORTEST} to {LONGEST} characters, this one has {len(password)}")
        with self._room:
            return self._hasher.hash(password)

    def right(self, hashed: str | None, password: str) -> bool:
        """Whether it is the one. ``hashed`` None: nobody's; that takes as long, so that names cannot be found out."""
        if len(password) > LONGEST:
            return False
        if hashed is None and self._nobodys is None:
            self._nobodys = self.hashed("x" * SHORTEST)
        with self._room:
            try:
                self._hasher.verify(hashed or self._nobodys or "", password)
            except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.InvalidHashError):
                return False
        return hashed is not None
