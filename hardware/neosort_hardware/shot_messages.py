"""What host and shot process say to one another, one datagram each, over a socket pair that nobody else has.

The socket keeps order, bounds what can pile up, wakes the reader, and by closing tells each that the other is gone.
"""

from __future__ import annotations

import pickle
import select
import socket
from dataclasses import dataclass

from neosort_hardware.real_time import RealTimeRights
from neosort_hardware.types import EncoderSample, Shot, ShotOutcome

LARGEST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Schedule:
    """Host: a shot, to be answered."""

    ticket: int
    shot: Shot


@dataclass(frozen=True, slots=True)
class CloseAll:
    """Host: every valve shut, every shot forgotten; answered once that is so."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Host: it lives. Answered with a status."""


@dataclass(frozen=True, slots=True)
class BeltTold:
    """Host: where the belt was, where the shot process has no encoder of its own."""

    sample: EncoderSample


@dataclass(frozen=True, slots=True)
class Answer:
    """Shot process: what became of a request. ``trouble``: why it could not be done, empty when it was."""

    ticket: int
    outcome: ShotOutcome
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotStatus:
    """Shot process: how it stands. ``belt_known``: it could time a shot now. ``trouble`` names outputs or encoder and
    what is wrong with them.
    """

    rights: RealTimeRights
    belt_known: bool = False
    fired: int = 0
    late: int = 0
    missed: int = 0
    cut: int = 0
    pending: int = 0
    silent_host: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Shot process: it cannot begin, and ends. ``device`` and ``cause`` as of a `DeviceError`."""

    device: str
    cause: str


class Gone(Exception):  # noqa: N818 - the other end has closed: an end, not an error
    """Nobody is at the other end any more."""


class Channel:
    """One end of the pair."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, message: object) -> bool:
        """Hand over a message; False when the other end has fallen behind and it is dropped. Raises `Gone`."""
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            self._end.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Gone from error
        return True

    def receive(self, timeout_s: float = 0.0) -> object | None:
        """The next message; None when none has come within ``timeout_s``. Raises `Gone`."""
        try:
            ready, _, _ = select.select([self._end], [], [], timeout_s)
            if not ready:
                return None
            data = self._end.recv(LARGEST_BYTES)
        except (OSError, ValueError) as error:
            raise Gone from error
        if not data:
            raise Gone
        message: object = pickle.loads(data)
        return message

    def close(self) -> None:
        self._end.close()


def channel_pair() -> tuple[Channel, socket.socket]:
    """The host's end, and the socket that the shot process makes its own of."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Channel(ours), theirs
