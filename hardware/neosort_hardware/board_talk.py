"""Talk with a board that answers by number: ask, be answered in time, keep what comes unasked."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from neosort_hardware.framing import DELIMITER, FrameReader, framed
from neosort_hardware.serial_port import PortError, SerialPort

ATTEMPTS = 2  # within one deadline: what noise has spoilt is asked for again
KEPT_UNASKED = 4096
REPLY = 0x80  # a reply is its request's kind with this bit
NOT_UNDERSTOOD = 0xFF

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, and between which moments of our clock (of the attempt that was answered)."""

    payload: bytes
    asked_ns: int
    told_ns: int


class BoardTalk:
    """Packets of kind, number and payload on one open port. One thread.

    A request is asked twice at most within ``answer_s``, so it must do no harm to be carried out twice. Packets that
    answer nothing wait in ``unasked``, the oldest lost where nobody takes them.
    """

    def __init__(self, port: SerialPort, longest_frame: int, answer_s: float) -> None:
        self.unasked: deque[bytes] = deque(maxlen=KEPT_UNASKED)
        self._port = port
        self._reader = FrameReader(longest_frame)
        self._answer_s = answer_s
        self._number = 0
        self._port.write(DELIMITER)  # whatever somebody else had begun to say ends here

    @property
    def address(self) -> str:
        """Of the port."""
        return self._port.address

    @property
    def bad_frames(self) -> int:
        """Frames received that were none."""
        return self._reader.bad_frames

    def ask(self, kind: int, payload: bytes = b"") -> Answer:
        """Ask and wait for the answer. Raises `PortError` when there is none in time, or the port has gone."""
        for _ in range(ATTEMPTS):
            self._number = (self._number + 1) % 256
            asked_ns = time.monotonic_ns()
            self._port.write(framed(bytes((kind, self._number)) + payload))
            answer = self._answer_to(kind, asked_ns, asked_ns + round(self._answer_s / ATTEMPTS * 1e9))
            if answer is not None:
                return answer
        raise PortError(f"{self._port.address} does not answer within {self._answer_s * 1e3:.0f} ms")

    def listen(self, timeout_s: float) -> list[bytes]:
        """Packets that have come, whatever they are; waits for the first bytes at most so long. Raises `PortError`."""
        return self._reader.feed(self._port.read(timeout_s))

    def close(self) -> None:
        """Let the port go. Never raises."""
        self._port.close()

    def _answer_to(self, kind: int, asked_ns: int, deadline_ns: int) -> Answer | None:
        found: Answer | None = None
        while found is None and (left_ns := deadline_ns - time.monotonic_ns()) > 0:
            for packet in self.listen(left_ns * 1e-9):
                told_ns = time.monotonic_ns()
                if packet[:2] == bytes((kind | REPLY, self._number)):
                    found = Answer(payload=packet[2:], asked_ns=asked_ns, told_ns=told_ns)
                elif packet[:2] == bytes((NOT_UNDERSTOOD, self._number)):
                    raise PortError(f"{self._port.address} does not understand request {kind:#04x}")
                elif not packet[0] & REPLY or packet[0] & 0x40:
                    self.unasked.append(packet)
        return found


def parsed(parse: Callable[[bytes], _Parsed], payload: bytes) -> _Parsed:
    """A payload as what it should be. Raises `PortError` for one that is not: the peer speaks something else."""
    try:
        return parse(payload)
    except Exception as error:
        raise PortError(f"says what its protocol does not know ({payload.hex(' ') or 'nothing'})") from error
