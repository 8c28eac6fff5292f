"""What else a sample may have looked like: only changes in which a real window could have differed.

Fields are axial vectors. In a mirror that reverses axis *a*, the component of an axial vector along *a* keeps its sign
and the two others change theirs (Jackson, Classical Electrodynamics, 6.10). So a window flipped along the belt keeps
B_x and negates B_y and B_z, and one flipped across keeps B_y and negates B_x and B_z. Turning every magnet round
negates all three. Steel magnetised by the Earth does not follow, because the
Earth's field stays as it is; such moments are weak beside those of magnets, and this is accepted.
"""

from __future__ import annotations

import numpy as np

from neosort_datasets.window import BLIND_GREY
from neosort_training.config import AugmentConfig
from neosort_training.data import Sample
from neosort_training.field_augment import augment_field
from neosort_training.picture_augment import augment_picture

ALONG, ACROSS = 0, 1


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


def blind_camera(sample: Sample) -> Sample:
    """The sample as a line without a camera has it."""
    return sample._replace(picture=np.full_like(sample.picture, BLIND_GREY))


def blind_field(sample: Sample) -> Sample:
    """The sample as a line without magnetometers has it."""
    return sample._replace(field_ut=np.zeros_like(sample.field_ut), field_mask=np.zeros_like(sample.field_mask))
