"""From the page's process back to the loop's: what people acknowledge. A pipe of short messages; nobody waits."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict
from multiprocessing.connection import Connection

from neosort_inference.faults.alarms import Acknowledgement

MOST_AT_ONCE = 32


class AcknowledgementSender:
    """The page's end, used by any of its threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        os.set_blocking(connection.fileno(), False)

    def send(self, one: Acknowledgement) -> bool:
        """Hand it to the loop; false when that is gone, or has read nothing for very long."""
        with self._lock:
            try:
                self._connection.send_bytes(json.dumps(asdict(one)).encode())
            except OSError:
                return False
            return True


def take_acknowledgements(connection: Connection) -> tuple[Acknowledgement, ...]:
    """The loop's end: what has come, oldest first, and no more than the loop has time for. Does not wait."""
    taken: list[Acknowledgement] = []
    try:
        while len(taken) < MOST_AT_ONCE and connection.poll():
            taken.append(Acknowledgement(**json.loads(connection.recv_bytes())))
    except (EOFError, OSError):
        pass  # the page is gone, and nobody acknowledges anything there any more
    return tuple(taken)
