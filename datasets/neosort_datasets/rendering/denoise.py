"""Taking the grain out of a traced picture: Open Image Denoise behind one function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neosort_datasets.rendering.extra import denoiser
from neosort_hardware.types import ArrayF32

Denoise = Callable[[ArrayF32, ArrayF32, ArrayF32], ArrayF32]
"""(light, albedo, normal) → light without grain; all (h, w, 3), light linear and not negative."""


def denoised(light: ArrayF32, albedo: ArrayF32, normal: ArrayF32) -> ArrayF32:
    """The picture without grain. Raises `RenderError` without the extra `render`, `RuntimeError` when OIDN fails."""
    clean = denoiser().denoise(
        np.ascontiguousarray(light, dtype=np.float32),
        np.ascontiguousarray(np.clip(albedo, 0.0, 1.0), dtype=np.float32),
        np.ascontiguousarray(normal, dtype=np.float32),
        hdr=True,
    )
    return np.maximum(np.asarray(clean, dtype=np.float32), 0.0)
