"""The array board of the tests as a running process."""

import contextlib
import subprocess
import sys

from tests.hardware import array_board
from tests.hardware.waiting import WITHIN_S


class ArrayProcess:
    """Listens at ``link``; obeys the orders that `array_board` knows."""

    def __init__(self, link, *, channels=40, rate_hz=1000, first_count=2**32 - 500):
        self.process = subprocess.Popen(
            [sys.executable, array_board.__file__, str(link), str(channels), str(rate_hz), str(first_count)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout.readline().startswith("port")

    def tell(self, order):
        """An order; returns when it is obeyed, with the number of samples that were not sent so far."""
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        done, unsent = self.process.stdout.readline().split()
        assert done == "done"
        return int(unsent)

    def kill(self):
        """As if it were unplugged."""
        self.process.kill()
        self.close()

    def close(self):
        """Its end; once is enough."""
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.close()
        self.process.wait(WITHIN_S)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
