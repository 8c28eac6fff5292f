"""Samples with the field of a dipole, whose mirror image and gain are known."""

from __future__ import annotations

import numpy as np

from neosort_training.data import Sample

ROWS, COLS = 8, 10
HEIGHT_MM = 45.0


def dipole_field(place_mm, moment):
    """(3, ROWS, COLS) of a point dipole above the plane of the cells; rows of x, columns of y, z up."""
    x, y = np.mgrid[0.5:ROWS, 0.5:COLS] * 16.0
    r = np.stack([x - place_mm[0], y - place_mm[1], np.full_like(x, -HEIGHT_MM)])
    distance = np.sqrt((r**2).sum(axis=0))
    along = np.einsum("i,irc->rc", np.asarray(moment), r)
    return (3 * along * r / distance**5 - np.asarray(moment)[:, None, None] / distance**3).astype(np.float32) * 1e5


def sample_with(field):
    """A sample of this field, with one item off the middle."""
    return Sample(
        picture=np.arange(ROWS * COLS * 16 * 16 * 3, dtype=np.uint8).reshape(ROWS * 16, COLS * 16, 3),
        field_ut=field,
        field_mask=np.stack([np.ones_like(field[0]), field[0] > 0]).astype(np.float32),
        box_px=np.array([[10.0, 20.0, 40.0, 70.0]]),
        kind=np.array([0]),
        bears=np.ones(1, dtype=np.float32),
        magnet_g=np.ones(1, dtype=np.float32),
        visible=np.ones(1, dtype=np.float32),
    )
