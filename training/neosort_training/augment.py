"""What else a sample may have looked like: only changes in which a real window could have differed.

Fields are axial vectors. In a mirror that reverses axis *a*, the component of an axial vector along *a* keeps its sign
and the two others change theirs (Jackson, Classical Electrodynamics, 6.10). So a window flipped along the belt keeps
B_x and negates B_y and B_z, and one flipped across keeps B_y and negates B_x and B_z. Turning every magnet round
negates all three. Steel magnetised by the Earth does not follow, because the
Earth's field stays as it is; such moments are weak beside those of magnets, and this is accepted.

Magnetostatics knows no length: items k times as large, of the same remanence, under an array k times as high have the
same field at places k times as far apart, and k³ times the grams. For k within an eighth of 1 that is an array 40 to
50 mm above the belt, as the line's physics has it, over item models that nobody has drawn.
"""

from __future__ import annotations

import cv2
import numpy as np

from neosort_datasets.window import BLIND_GREY
from neosort_hardware.types import ArrayF32
from neosort_training.config import AugmentConfig
from neosort_training.data import Sample
from neosort_training.field_augment import augment_field
from neosort_training.model import FIELD_STRIDE
from neosort_training.picture_augment import augment_picture

ALONG, ACROSS = 0, 1
RESCALED_BY = 0.125


def augment(sample: Sample, config: AugmentConfig, rng: np.random.Generator) -> Sample:
    """One physically possible variation of ``sample``. Everything follows from ``rng``."""
    if rng.random() < config.flip_along:
        sample = flip(sample, ALONG)
    if rng.random() < config.flip_across:
        sample = flip(sample, ACROSS)
    if rng.random() < config.reverse_polarity:
        sample = sample._replace(field_ut=-sample.field_ut)
    sense = rng.random()  # one draw, so that no sample loses both senses
    if sense < config.blind_camera and sample.field_mask[0].any():
        sample = blind_camera(sample)
    else:
        sample = sample._replace(picture=augment_picture(sample.picture, config.picture, rng))
    if sense > 1.0 - config.blind_field:
        return blind_field(sample)
    field_ut, field_mask = augment_field(sample.field_ut, sample.field_mask, config.field, rng)
    return sample._replace(field_ut=field_ut, field_mask=field_mask)


def flip(sample: Sample, axis: int) -> Sample:
    """The sample in a mirror that reverses ``axis`` (`ALONG` or `ACROSS`); see the head of this file."""
    sign = -np.ones((3, 1, 1), dtype=np.float32)
    sign[axis] = 1.0
    length = sample.picture.shape[axis]
    box = sample.box_px.copy()
    box[:, axis], box[:, axis + 2] = length - sample.box_px[:, axis + 2], length - sample.box_px[:, axis]
    return sample._replace(
        picture=np.flip(sample.picture, axis),
        field_ut=np.flip(sample.field_ut, axis + 1) * sign,
        field_mask=np.flip(sample.field_mask, axis + 1),
        box_px=box,
    )


def source_size(
    size_px: tuple[int, int], window_px: tuple[int, int], config: AugmentConfig, rng: np.random.Generator
) -> tuple[int, int]:
    """Rows and columns of a window that become a sample of ``size_px``: larger or smaller by up to an eighth, as far as
    the window goes, along and across alike to within a field cell, and multiples of these."""
    if rng.random() >= config.rescale:
        return size_px
    most = min(1.0 + RESCALED_BY, *(window / size for window, size in zip(window_px, size_px, strict=True)))
    share = rng.uniform(1.0 - RESCALED_BY, most)
    rows, cols = (FIELD_STRIDE * round(share * size / FIELD_STRIDE) for size in size_px)
    return rows, cols


def rescale(sample: Sample, rows: int, cols: int) -> Sample:
    """The sample on ``rows`` × ``cols`` px: all that it shows larger or smaller; see the head of this file."""
    height, width = sample.picture.shape[:2]
    if (height, width) == (rows, cols):
        return sample
    along, across = rows / height, cols / width
    cells = (cols // FIELD_STRIDE, rows // FIELD_STRIDE)
    smaller = along * across < 1
    known = sample.field_mask[0]
    weight = np.maximum(_resized(known[None], cells, cv2.INTER_CUBIC), 0.5)
    field_ut = _resized(sample.field_ut * known, cells, cv2.INTER_CUBIC) / weight
    field_mask = (_resized(sample.field_mask, cells, cv2.INTER_LINEAR) > 0.5).astype(np.float32)
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    picture = cv2.resize(np.ascontiguousarray(sample.picture), (cols, rows), interpolation=how)
    return sample._replace(
        picture=np.asarray(picture, dtype=np.uint8),
        field_ut=(field_ut * field_mask[0]).astype(np.float32),
        field_mask=field_mask,
        box_px=sample.box_px * np.array([along, across, along, across]),
        magnet_g=(sample.magnet_g * (along * across) ** 1.5).astype(np.float32),
    )


def _resized(planes: ArrayF32, cells: tuple[int, int], how: int) -> ArrayF32:
    """(n,r,c) → (n,·,·) of ``cells`` (columns, rows). A straight line between cells would take a fifth off a peak."""
    return np.stack([cv2.resize(np.ascontiguousarray(plane), cells, interpolation=how) for plane in planes])


def blind_camera(sample: Sample) -> Sample:
    """The sample as a line without a camera has it."""
    return sample._replace(picture=np.full_like(sample.picture, BLIND_GREY))


def blind_field(sample: Sample) -> Sample:
    """The sample as a line without magnetometers has it."""
    return sample._replace(field_ut=np.zeros_like(sample.field_ut), field_mask=np.zeros_like(sample.field_mask))
