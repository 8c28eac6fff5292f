"""A way to the broker that can be cut."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress

from tests.hardware.modbus_peers import free_port


class Relay:
    """Hands everything on between its port and another; cut, it takes no connection and has none."""

    def __init__(self, to_port: int) -> None:
        self._to = ("127.0.0.1", to_port)
        self.port = free_port()
        self._open = threading.Event()
        self._open.set()
        self._closing = False
        self._server = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        pairs: dict[socket.socket, socket.socket] = {}
        while not self._closing:
            for ready in select.select([self._server, *pairs], [], [], 0.02)[0]:
                if ready is self._server:
                    self._accept(pairs)
                elif ready in pairs and not self._hand_on(ready, pairs[ready]):
                    _drop(ready, pairs)
            if not self._open.is_set():
                for one in list(pairs):
                    _drop(one, pairs)
        for one in list(pairs):
            _drop(one, pairs)

    def _accept(self, pairs) -> None:
        near, _ = self._server.accept()
        if not self._open.is_set():
            near.close()
            return
        far = socket.create_connection(self._to)
        pairs.update({near: far, far: near})

    @staticmethod
    def _hand_on(source, target) -> bool:
        with suppress(OSError):
            if data := source.recv(65536):
                target.sendall(data)
                return True
        return False


def _drop(one, pairs) -> None:
    other = pairs.pop(one, None)
    if other is not None:
        pairs.pop(other, None)
        other.close()
    one.close()
