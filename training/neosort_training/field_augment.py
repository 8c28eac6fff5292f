"""The field of a window as another array, calibrated as well as one can, would have measured it."""

from __future__ import annotations

import numpy as np

from neosort_hardware.types import ArrayF32, ArrayF64
from neosort_training.config import FieldAugment

_CELLS_PER_CHANNEL = 1.6  # 25 mm of pitch, cells of 16 mm: neighbouring columns share a channel's faults


def augment_field(
    field_ut: ArrayF32, field_mask: ArrayF32, config: FieldAugment, rng: np.random.Generator
) -> tuple[ArrayF32, ArrayF32]:
    """One variation of a field (3, rows, cols) and its mask (2, rows, cols): errors of gain and axes, what is left of
    zeros, drift, mains and noise; dead channels. Cells that were unknown stay so, at 0."""
    _, rows, cols = field_ut.shape
    mask = np.array(field_mask)
    field = _mixed(field_ut.astype(np.float64), config, rng)
    field += _zeros(rows, cols, config, rng) + _mains(rows, cols, config, rng)
    field += rng.normal(0.0, config.noise_ut, field.shape)
    if rng.random() < config.dead_channels:
        dead = rng.choice(cols, size=min(int(rng.integers(1, 5)), cols), replace=False)
        mask[:, :, dead] = 0.0
    return (field * (mask[:1] > 0)).astype(np.float32), mask


def _mixed(field: ArrayF64, config: FieldAugment, rng: np.random.Generator) -> ArrayF64:
    """What gains and crossed axes make of the true field."""
    cols = field.shape[2]
    errors = _by_channel((3, 3), cols, rng) * config.cross_axis
    errors[range(3), range(3)] = 1.0 + _by_channel((3,), cols, rng) * config.channel_gain
    gain = 1.0 + rng.uniform(-config.gain, config.gain)
    return np.asarray(np.einsum("ijc,jrc->irc", errors, field) * gain)


def _zeros(rows: int, cols: int, config: FieldAugment, rng: np.random.Generator) -> ArrayF64:
    """(3, rows, cols): each channel's leftover zero, and its way along the window."""
    along = np.linspace(-0.5, 0.5, rows)[:, None]
    offset = _by_channel((3,), cols, rng) * config.offset_ut
    drift = _by_channel((3,), cols, rng) * config.drift_ut
    return np.asarray(offset[:, None] + along * drift[:, None])


def _mains(rows: int, cols: int, config: FieldAugment, rng: np.random.Generator) -> ArrayF64:
    """(3, rows, cols): a wave along the belt, in step over the whole array, as mains and drives leave it.

    Averaged into cells and aliased, it may have any number of cells to a period; its source is far, so the array sees
    one amplitude an axis, but for the channels' own bending of it by the frame.
    """
    amplitude = rng.uniform(0.0, config.mains_ut) * rng.uniform(-1.0, 1.0, 3)
    wave = np.sin(np.pi * rng.uniform(0.05, 1.0) * np.arange(rows) + rng.uniform(0.0, 2.0 * np.pi))
    across = 1.0 + 0.2 * _by_channel((), cols, rng)
    return np.asarray(amplitude[:, None, None] * wave[:, None] * across)


def _by_channel(shape: tuple[int, ...], cols: int, rng: np.random.Generator) -> ArrayF64:
    """(*shape, cols) of standard normals that belong to channels, cells between two of them in between."""
    channels = max(2, round(cols / _CELLS_PER_CHANNEL))
    drawn = rng.standard_normal((*shape, channels))
    place = np.linspace(0.0, channels - 1.0, cols)
    below = np.minimum(place.astype(int), channels - 2)
    share = place - below
    return np.asarray(drawn[..., below] * (1.0 - share) + drawn[..., below + 1] * share)
