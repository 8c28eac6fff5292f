"""An array that somebody turns in the Earth's field: what its sensors see beside what they saw at their place."""

from __future__ import annotations

import numpy as np

from neosort_hardware.types import ArrayF32, ArrayF64

TUMBLES_HZ = (0.31, 0.19, 0.12)  # over the three axes: hands that turn a board about (a)


def turned_earth_ut(earth_ut: ArrayF64, since_s: ArrayF64) -> ArrayF32:
    """By how much the Earth's field (3,) differs in the axes of a board that has been turned for so long (n,): as
    (n, 1, 3), for every channel alike."""
    field = np.broadcast_to(earth_ut, (len(since_s), 3))
    for axis, hz in enumerate(TUMBLES_HZ):
        angle = 2.0 * np.pi * hz * np.maximum(since_s, 0.0)
        one, other = (axis + 1) % 3, (axis + 2) % 3
        turned = field.copy()
        turned[:, one] = np.cos(angle) * field[:, one] - np.sin(angle) * field[:, other]
        turned[:, other] = np.sin(angle) * field[:, one] + np.cos(angle) * field[:, other]
        field = turned
    return np.asarray((field - earth_ut)[:, None, :], np.float32)
