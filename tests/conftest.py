"""One thread a process, for several test processes share the machine."""

import os

# Read when the libraries are loaded, which is after this; what a test starts inherits it.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    os.environ.setdefault(threads, "1")
