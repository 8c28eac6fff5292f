"""One thread a process, for several test processes share the machine; and nobody's own state is touched."""

import atexit
import os
import shutil
import tempfile

# Read when the libraries are loaded, which is after this; what a test starts inherits it.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    os.environ.setdefault(threads, "1")

# Where a run keeps what outlives it: not in the home of whoever runs the tests.
os.environ["STATE_DIRECTORY"] = tempfile.mkdtemp(prefix="neosort-tests-")
atexit.register(shutil.rmtree, os.environ["STATE_DIRECTORY"], ignore_errors=True)
