"""A contact sheet: finished sprites of one look side by side on the belt."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from neosort_datasets.rendering.extra import RenderError
from neosort_datasets.rendering.kept import KeptSprites
from neosort_datasets.rendering.layers import SpriteLayers, encoded, relit
from neosort_datasets.rendering.scene import BELT_LINEAR
from neosort_datasets.rendering.worklist import tasks
from neosort_hardware.types import ImageU8

WIDTH_PX = 1600
CAPTION_PX = 16
UNEVENNESS, AZIMUTH_RAD = 0.35, math.pi / 6  # of the ring light


def contact_sheet(look: str, work: Path) -> ImageU8:
    """All finished sprites of ``look`` in ``work``, RGB. Raises `RenderError` when there are none."""
    worklist, kept = tasks((look,)), KeptSprites(work)
    found = [(task.key, layers) for task in worklist if (layers := kept.layers(task.key)) is not None]
    if not found:
        raise RenderError(f"{work}: none of the {len(worklist)} sprites of '{look}' is finished; build them first")
    return laid_out([_captioned(key, layers) for key, layers in sorted(found)])


def laid_out(pictures: list[ImageU8]) -> ImageU8:
    """Pictures (h, w, 3) in rows, from left to right, filled up with belt."""
    rows: list[list[ImageU8]] = [[]]
    for picture in pictures:
        if rows[-1] and sum(other.shape[1] for other in rows[-1]) + picture.shape[1] > WIDTH_PX:
            rows.append([])
        rows[-1].append(picture)
    width = max([WIDTH_PX, *(picture.shape[1] for picture in pictures)])
    return np.concatenate([_band(row, width) for row in rows])


def _band(row: list[ImageU8], width_px: int) -> ImageU8:
    band = np.empty((max(picture.shape[0] for picture in row), width_px, 3), dtype=np.uint8)
    band[:] = encoded(np.array(BELT_LINEAR, dtype=np.float32))
    column = 0
    for picture in row:
        band[: picture.shape[0], column : column + picture.shape[1]] = picture
        column += picture.shape[1]
    return band


def _captioned(key: str, layers: SpriteLayers) -> ImageU8:
    shown = encoded(relit(layers, UNEVENNESS, AZIMUTH_RAD, np.array(BELT_LINEAR, dtype=np.float32)))
    picture = cv2.copyMakeBorder(shown, CAPTION_PX, 0, 0, 0, cv2.BORDER_REPLICATE)
    cv2.putText(picture, key, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (230, 220, 90), 1, cv2.LINE_AA)
    return np.asarray(picture, dtype=np.uint8)
