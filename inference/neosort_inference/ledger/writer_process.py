"""The process that writes the ledger, as the loop's process starts it, asks it, and starts it anew."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from neosort_inference.ledger.messages import Batch, Committed, Failed, Setup
from neosort_inference.programs import ended, started

MODULE = "neosort_inference.ledger.writing"
STALLED_S = 5.0
END_WITHIN_S = 3.0


class WriterDiedError(Exception):
    """The process has ended, and nothing is known of what it was asked."""


class WriterProcess:
    """Started with the first question, and again with the next one after it has died. For one thread."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that writes; None while there is none."""
        return None if self._process is None else self._process.pid

    def ask(self, batch: Batch, stalled: Callable[[float], bool]) -> Committed | Failed:
        """Hand a batch over and wait for the answer. Raises `WriterDiedError`.

        ``stalled``: told for how long no answer has come, again and again; true when there is no more waiting.
        """
        began_s = time.monotonic()
        try:
            pipe = self._pipe or self._start()
            pipe.send(batch)
            while not pipe.poll(1.0):
                waited_s = time.monotonic() - began_s
                if waited_s > STALLED_S and stalled(waited_s):
                    self.end()
                    return Failed(why=f"no answer for {waited_s:.0f} s")
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            code = self.end()
            raise WriterDiedError(f"its process has ended (exit code {code})") from error
        assert isinstance(answer, Committed | Failed)
        return answer

    def end(self) -> int | None:
        """Let it end, by force where it does not; its exit code. May be called twice."""
        if self._pipe is not None:
            self._pipe.close()
        process, self._process, self._pipe = self._process, None, None
        return None if process is None else ended(process, END_WITHIN_S)

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = started(MODULE, theirs)
        self._pipe = Connection(ours.detach())
        self._pipe.send(self._setup)
        return self._pipe
