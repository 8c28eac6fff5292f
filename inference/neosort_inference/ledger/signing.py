"""Signatures over JSON: Ed25519 (`cryptography`) over its canonical form, with a key that stays on the machine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from neosort_inference.ledger.chain import canonical
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import LedgerError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A JSON object and who vouches for it. ``public_key``, ``signature``: hexadecimal."""

    body: Mapping[str, Any]
    public_key: str
    signature: str

    def valid(self, trusted: str | None = None) -> bool:
        """Whether the signature is right, and by the ``trusted`` key where one is given."""
        if trusted is not None and trusted != self.public_key:
            return False
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.signature), canonical(self.body))
        except (InvalidSignature, ValueError, LedgerError):
            return False
        return True

    @property
    def sha256(self) -> str:
        """Of the canonical JSON of the body, hexadecimal. Raises `LedgerError` for what JSON cannot say."""
        return hashlib.sha256(canonical(self.body)).hexdigest()

    def to_json(self) -> str:
        """As it stands in a file."""
        told = {"body": self.body, "public_key": self.public_key, "signature": self.signature}
        return json.dumps(told, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read back; not checked. Raises ValueError."""
        told = json.loads(text)
        try:
            body, key, signature = told["body"], str(told["public_key"]), str(told["signature"])
        except (TypeError, KeyError) as error:
            raise ValueError("not a signed statement") from error
        if not isinstance(body, dict):
            raise ValueError("not a signed statement")
        return cls(body=body, public_key=key, signature=signature)


class Signer:
    """The machine's key: read from its file, or made there the first time, mode 0600.

    Raises `LedgerError` when the file holds no key, may be read by others, or cannot be written.
    """

    def __init__(self, place: Place) -> None:
        place.prepare()
        self._key = _read_key(place.key_file) or _make_key(place.key_file)
        self.public_key = self._key.public_key().public_bytes_raw().hex()
        _publish(place.public_key_file, self.public_key)

    def sign(self, body: Mapping[str, Any]) -> Signed:
        """``body`` with this machine's signature. Raises `LedgerError` for what JSON cannot say."""
        return Signed(body=body, public_key=self.public_key, signature=self._key.sign(canonical(body)).hex())


def own_public_key(place: Place) -> str | None:
    """The public half of the machine's key, hexadecimal; None where there is no key, and none is made.

    Raises `LedgerError` as `Signer` does.
    """
    key = _read_key(place.key_file)
    return None if key is None else key.public_key().public_bytes_raw().hex()


def read_public_key(file: Path) -> str:
    """A public key's file, hexadecimal. Raises `LedgerError`."""
    try:
        told = file.read_text(encoding="ascii").strip()
        if len(bytes.fromhex(told)) == KEY_BYTES:
            return told.lower()
    except OSError as error:
        raise LedgerError(f"public key {file}: cannot be read ({error.strerror})") from error
    except ValueError:
        pass
    raise LedgerError(f"public key {file}: holds no Ed25519 key of 64 hexadecimal digits")


def _read_key(file: Path) -> Ed25519PrivateKey | None:
    try:
        mode, told = file.stat().st_mode & 0o777, file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(f"key {file}: cannot be read ({error.strerror})") from error
    if mode & 0o077:
        raise LedgerError(f"key {file}: others may read it (mode {mode:04o}, must be 0600); chmod 600 {file}")
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(told.decode().strip()))
    except ValueError as error:
        raise LedgerError(f"key {file}: holds no Ed25519 key of 64 hexadecimal digits") from error


def _make_key(file: Path) -> Ed25519PrivateKey:
    """A new key; where somebody else makes one at the same moment, theirs."""
    key = Ed25519PrivateKey.generate()
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(key.private_bytes_raw().hex().encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(beside, file)
        except FileExistsError:
            return _read_key(file) or key
        finally:
            beside.unlink()
    except OSError as error:
        raise LedgerError(f"key {file}: cannot be made ({error.strerror})") from error
    return key


def _publish(file: Path, public_key: str) -> None:
    told = f"{public_key}\n"
    try:
        if not file.exists() or file.read_text(encoding="ascii") != told:
            file.write_text(told, encoding="ascii")
    except OSError as error:
        raise LedgerError(f"public key {file}: cannot be written ({error.strerror})") from error
