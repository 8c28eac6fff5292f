"""What processes that share out one job have in common."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Processes started within compute on one thread each, unless the environment asks for another number.

    Where there is one for every core, the threads that numpy would start for every core in each of them stand in each
    other's way: two processes on two cores need a tenth longer for windows of the twin, and more the more cores there
    are. numpy reads it when it is loaded, so it can only be said before.
    """
    mine = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(mine, "1"))
    try:
        yield
    finally:
        for name in mine:
            del os.environ[name]
