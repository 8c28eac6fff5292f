"""What a service manager is told of a run, and what process 1 of a container has to do besides.

systemd's protocol is one datagram a message to the socket named in ``NOTIFY_SOCKET`` (`sd_notify(3)`); it takes twenty
lines, so no library is carried for it.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from neosort_inference.asking.channel import Asked
from neosort_inference.onlookers import Watcher
from neosort_inference.telemetry import Snapshot, WindowView

STATUS_EVERY_S = 1.0
REAP_EVERY_S = 2.0


class ServiceManager:
    """Tells systemd, or whoever listens where ``NOTIFY_SOCKET`` says, that the line sorts and the loop still turns.

    Watches a run like a screen does: a loop that hangs tells nothing, and the manager's watchdog starts it anew. Never
    fails and never waits; without a socket it does nothing.
    """

    def __init__(self, address: str | None = None, *, watchdog_s: float | None = None) -> None:
        self._socket: socket.socket | None = None
        self._address = address.replace("@", "\0", 1) if address else ""
        self._beat_every_s = STATUS_EVERY_S if watchdog_s is None else min(STATUS_EVERY_S, watchdog_s / 3)
        self._next_s = 0.0
        self._ready = self._decided = False
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    @classmethod
    def of_environment(cls) -> ServiceManager:
        """The one that has started this process, if any has."""
        watchdog_us = os.environ.get("WATCHDOG_USEC", "")
        meant_for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog_s = float(watchdog_us) * 1e-6 if watchdog_us.isdecimal() and meant_for_us else None
        return cls(os.environ.get("NOTIFY_SOCKET"), watchdog_s=watchdog_s)

    def update(self, snapshot: Snapshot) -> None:
        """The loop turns: said at least three times a watchdog's time."""
        now_s = time.monotonic()
        if self._socket is None or (now_s < self._next_s and snapshot.state != "finished"):
            return
        self._next_s = now_s + self._beat_every_s
        first = [] if self._ready else ["READY=1"]
        self._ready = True
        if snapshot.state == "finished":
            self.tell("STOPPING=1", f"STATUS={_status_of(snapshot)}")
        else:
            self.tell(*first, "WATCHDOG=1", f"STATUS={_status_of(snapshot)}")

    def show(self, view: WindowView) -> None:
        """The first window has been decided on."""
        if not self._decided:
            self._decided = True
            self.tell("X_NEOSORT_FIRST_WINDOW=1")

    def asked(self) -> tuple[Asked, ...]:
        """Nothing: a service manager is no person."""
        return ()

    def tell(self, *words: str) -> None:
        """One message. What cannot be told is not told."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto("\n".join(words).encode(), self._address)

    def close(self) -> None:
        """Nothing more will be told."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _status_of(snapshot: Snapshot) -> str:
    said = f"{snapshot.state}, {snapshot.speed_m_per_s:.2f} m/s, {snapshot.items_seen} items, {snapshot.shots} shots"
    return said + "".join(f", FAULT {fault}" for fault in snapshot.faults)


def service_watchers(stack: ExitStack) -> list[Watcher]:
    """Those who stand for the machine among the watchers of a run; what they hold is let go with the ``stack``."""
    manager = ServiceManager.of_environment()
    stack.callback(manager.close)
    return [manager, ProcessOne()] if os.getpid() == 1 else [manager]


class ProcessOne:
    """What process 1 owes to a container: it takes note of the ends of processes whose parents have died.

    Watches a run like a screen does. Our own children are left to those who started them and want to know how they
    ended.
    """

    def __init__(self) -> None:
        self._next_s = 0.0

    def update(self, snapshot: Snapshot) -> None:
        """Look for them, now and then."""
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + REAP_EVERY_S
            reap_adopted({child.pid for child in multiprocessing.active_children()})

    def show(self, view: WindowView) -> None:
        """Pictures do not matter."""

    def asked(self) -> tuple[Asked, ...]:
        """Nothing: nobody looks on."""
        return ()


def reap_adopted(own: Collection[int | None]) -> int:
    """Take note of every child that has ended, but for our ``own``; how many those were."""
    reaped = 0
    for pid in _ended_children():
        if pid not in own:
            with suppress(ChildProcessError):
                reaped += os.waitpid(pid, os.WNOHANG)[0] == pid
    return reaped


def _ended_children() -> Iterator[int]:
    """Processes that have ended and wait for this one to take note."""
    for task in Path("/proc/self/task").iterdir():
        for word in (task / "children").read_text(encoding="ascii").split():
            with suppress(OSError):
                # "pid (name) state …"; a name may hold anything, brackets too
                if Path(f"/proc/{word}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                    yield int(word)
