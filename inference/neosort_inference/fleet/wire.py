"""What the loop's process and the one that publishes say to each other: JSON, a datagram each.

A `SOCK_SEQPACKET` pair keeps messages apart, takes each whole or not at all, and tells either end when the other is
gone; what the loop had said before it was killed can still be read.
"""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from neosort_inference.fleet.settings import FleetConfig

MOST_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the publishing process is told once. ``line``: its name in the ledger. ``ledger``: URL of the one whose
    closed lots are told."""

    config: FleetConfig
    line: str
    run: str
    software: str
    outbox: Path
    ledger: str | None
    place: Path

    @property
    def told_as(self) -> str:
        """The line's name on the broker."""
        return self.config.line or self.line

    @property
    def place_in_fleet(self) -> str:
        """What every id of a message begins with."""
        return f"{self.config.plant}/{self.told_as}"

    @property
    def client_id(self) -> str:
        """The client's name: a second line of the same name displaces the first, and both say so."""
        return f"neosort-{self.config.plant}-{self.told_as}"

    @property
    def names(self) -> dict[str, Any]:
        """What every message of this line begins with."""
        return {"plant": self.config.plant, "line": self.told_as}

    def to_json(self) -> dict[str, Any]:
        """Ready for the wire."""
        told = {name: str(getattr(self, name)) for name in ("line", "run", "software", "outbox", "place")}
        return told | {"ledger": self.ledger, "config": self.config.model_dump(mode="json")}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """Read back."""
        return cls(
            config=FleetConfig.model_validate(told["config"]),
            line=told["line"],
            run=told["run"],
            software=told["software"],
            outbox=Path(told["outbox"]),
            ledger=told["ledger"],
            place=Path(told["place"]),
        )


class Wire:
    """One end. Nothing here waits."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        end.setblocking(False)

    def send(self, message: dict[str, Any]) -> bool:
        """Whether the other end will find it; False while it has no room, and when it is gone."""
        try:
            self.socket.send(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
        except OSError:
            return False
        return True

    def heard(self, most: int) -> Iterator[dict[str, Any]]:
        """What has come. Raises EOFError when the other end is gone and everything of it has been read."""
        for _ in range(most):
            try:
                datagram = self.socket.recv(MOST_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                raise EOFError from error
            if not datagram:
                raise EOFError
            yield json.loads(datagram)

    @property
    def gone(self) -> bool:
        """Whether the other end is; what it has said before may still be there."""
        poll = select.poll()
        poll.register(self.socket, 0)  # hanging up is always told
        return bool(poll.poll(0))

    def close(self) -> None:
        """The other end learns of it."""
        self.socket.close()
