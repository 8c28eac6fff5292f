"""A local socket at which a technician on the machine itself asks a line that sorts, with or without its page."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from contextlib import suppress
from pathlib import Path

from neosort_hardware.config import ConfigError
from neosort_inference.asking.channel import Asked, LoopsEnd, PagesEnd, UnheardError
from neosort_inference.asking.orders import Order, Result
from neosort_inference.telemetry import Snapshot, WindowView

AT_ONCE = 8  # people; the one who came first is let go for a ninth
CONNECT_WITHIN_S = 5.0


class ControlSocket:
    """Takes orders at ``path``, from whoever may write there: the user that the line runs as.

    Watches a run like a screen does, and never waits. Raises `ConfigError` where the socket cannot be made; one that a
    run before has left behind is replaced, one that a line still listens at is not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ends: deque[LoopsEnd] = deque()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            if path.is_socket() and _listens(path):
                raise OSError(errno.EADDRINUSE, "a line listens there already")
            if path.exists() and not path.is_socket():
                raise OSError(errno.EEXIST, "something else lies there")
            # Under another name until it listens: whoever finds it is heard.
            unheard = path.with_name(f".{path.name}.{os.getpid()}")
            unheard.unlink(missing_ok=True)
            usual = os.umask(0o177)  # nobody else's, from its first moment on
            try:
                self._listener.bind(str(unheard))
            finally:
                os.umask(usual)
            self._listener.listen(AT_ONCE)
            unheard.replace(path)
        except OSError as error:
            self._listener.close()
            raise ConfigError(f"--control {path}: no socket can be made there ({error.strerror or error})") from error
        self._listener.setblocking(False)

    def update(self, snapshot: Snapshot) -> None:
        """Nothing is told that nobody has asked."""

    def show(self, view: WindowView) -> None:
        """Pictures do not matter."""

    def asked(self) -> tuple[Asked, ...]:
        """What has been asked since the last call."""
        with suppress(BlockingIOError):
            while True:
                self._ends.append(LoopsEnd(self._listener.accept()[0]))
                if len(self._ends) > AT_ONCE:
                    self._ends.popleft().close()
        return tuple(one for end in self._ends for one in end.take())

    def close(self) -> None:
        """Nobody is heard any more."""
        for end in self._ends:
            end.close()
        self._listener.close()
        self.path.unlink(missing_ok=True)


def ask_line(path: Path, order: Order, by: str, within_s: float) -> Result:
    """Ask the line that listens at ``path``, and wait. Raises `UnheardError`, or `RefusedError` when it refuses."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(CONNECT_WITHIN_S)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise UnheardError(f"{path}: no line listens there ({error.strerror or error})") from error
    connection.settimeout(None)
    end = PagesEnd(connection)
    try:
        return end.ask(order, by, within_s)
    finally:
        end.close()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.settimeout(CONNECT_WITHIN_S)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
