"""The program that publishes: `python -m neosort_inference.fleet.process FD`, started by `link`."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from contextlib import suppress

from neosort_inference.fleet.publisher import Publisher
from neosort_inference.fleet.wire import Setup, Wire

NICENESS = 10


def main() -> None:
    """The process: its end of a socket is the file descriptor given as the only argument."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach the whole group; the loop's process says when to end
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)  # on a small edge device the loop goes first
    wire = Wire(socket.socket(fileno=int(sys.argv[1])))
    select.select([wire.socket], [], [])
    with suppress(EOFError):
        for told in wire.heard(1):
            Publisher(Setup.from_json(told), wire).run()


if __name__ == "__main__":
    main()
