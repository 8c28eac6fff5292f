"""How soon a line sorts: from the start of the process to the loop's first turn and its first window, and to its end.

A service manager's place is taken: the run is started as systemd would start it, and tells by the same socket.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from neosort_hardware.config import ConfigError
from neosort_inference.bench.record import Record

GIVE_UP_S = 120.0
READY, FIRST_WINDOW = b"READY=1", b"X_NEOSORT_FIRST_WINDOW=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds: ``ready_s`` until the loop turned, ``first_window_s`` until it had decided on a window, ``stop_s`` from
    being told to stop until the process was gone, with its exit ``code``."""

    ready_s: float
    first_window_s: float
    stop_s: float
    code: int


def timed_start(arguments: Sequence[str]) -> Start:
    """Start ``neosort run`` with these arguments, wait for its first window, and stop it again. What it keeps goes to a
    folder that is gone afterwards.

    Raises `ConfigError` with the run's own words when it ends before.
    """
    with tempfile.TemporaryDirectory() as folder, _manager(Path(folder) / "notify") as manager:
        began_s = time.monotonic()
        run = subprocess.Popen(
            [sys.executable, "-m", "neosort_inference.cli", "run", "--state", folder, *arguments],
            env=os.environ | {"NOTIFY_SOCKET": manager.getsockname()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            ready_s = _told(manager, READY, run, began_s) - began_s
            first_window_s = _told(manager, FIRST_WINDOW, run, began_s) - began_s
            told_s = time.monotonic()
            run.send_signal(signal.SIGTERM)
            code = run.wait(GIVE_UP_S)
            stop_s = time.monotonic() - told_s
        finally:
            run.kill()
            run.communicate()
    return Start(ready_s=ready_s, first_window_s=first_window_s, stop_s=stop_s, code=code)


def figures(starts: Sequence[Start]) -> Record:
    """Ready for JSON: medians and the spread of all."""
    record: Record = {}
    for name in ("ready_s", "first_window_s", "stop_s"):
        values = [getattr(start, name) for start in starts]
        record[name] = float(np.median(values))
        record[f"{name}_spread"] = [min(values), max(values)]
    return record | {"starts": len(starts), "exit_codes": sorted({start.code for start in starts})}


def print_start(record: Record, console: Console) -> None:
    """The figures in words."""
    for name, words in (
        ("ready_s", "from the start of the process until the loop turns"),
        ("first_window_s", "until it has decided on its first window"),
        ("stop_s", "from SIGTERM until it is gone"),
    ):
        low, high = record[f"{name}_spread"]
        console.print(f"{record[name]:6.2f} s  [{low:.2f} – {high:.2f}]  {words}", highlight=False, markup=False)


def _manager(path: Path) -> socket.socket:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(path))
    manager.settimeout(0.05)
    return manager


def _told(manager: socket.socket, word: bytes, run: subprocess.Popen[bytes], began_s: float) -> float:
    """When ``word`` was heard, on the monotonic clock."""
    while True:
        try:
            if word in manager.recv(4096).split(b"\n"):
                return time.monotonic()
        except TimeoutError:
            if run.poll() is None and time.monotonic() - began_s < GIVE_UP_S:
                continue
            said = run.communicate()[1].decode(errors="replace").strip() if run.poll() is not None else "no window"
            raise ConfigError(f"the run did not come to sort: {said or 'it ended without a word'}") from None
