"""Programs of ours that run beside the loop: fresh interpreters, spoken to over a socket, which they get by number.

Started by name rather than as a spawned copy, so that they import nothing but what they work with.
"""

from __future__ import annotations

import socket
import subprocess
import sys


def started(module: str, theirs: socket.socket) -> subprocess.Popen[bytes]:
    """`python -m MODULE FD` with their end of a socket; close it here afterwards."""
    return subprocess.Popen(
        [sys.executable, "-m", module, str(theirs.fileno())],
        pass_fds=(theirs.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def ended(process: subprocess.Popen[bytes], within_s: float) -> int:
    """Its exit code; killed where it does not end by itself."""
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
