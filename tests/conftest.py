"""One thread a process, for several test processes share the machine; and nobody's own state is touched."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Read when the libraries are loaded, which is after this; what a test starts inherits it.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    os.environ.setdefault(threads, "1")

# Where a run keeps what outlives it: not in the home of whoever runs the tests.
os.environ["STATE_DIRECTORY"] = tempfile.mkdtemp(prefix="neosort-tests-")
atexit.register(shutil.rmtree, os.environ["STATE_DIRECTORY"], ignore_errors=True)

# Folders whose every file is marked `computes`.
COMPUTING = ("datasets", "faults", "training")


@pytest.hookimpl(tryfirst=True)  # before pytest takes out what -m leaves out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of folders that only compute."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in COMPUTING:
            item.add_marker(pytest.mark.computes)
