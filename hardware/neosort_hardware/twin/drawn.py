"""Pictures drawn in two dimensions, for models that the atlas does not show yet."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from neosort_hardware.twin.atlas import AtlasSprite
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.twin.looks_boards import draw_pcb, draw_phone, draw_ram
from neosort_hardware.twin.looks_disks import draw_hdd25, draw_hdd35
from neosort_hardware.twin.looks_metal import draw_heatsink, draw_magnet, draw_steel
from neosort_hardware.twin.looks_motion import draw_fan, draw_motor
from neosort_hardware.twin.looks_sound import draw_earphone, draw_relay, draw_speaker
from neosort_hardware.twin.looks_waste import draw_cable, draw_lithium_cell, draw_plastic
from neosort_hardware.types import ImageU8

Look = Callable[[ItemModel, np.random.Generator, float], tuple[ImageU8, ImageU8]]

LOOKS: dict[str, Look] = {
    "hdd35": draw_hdd35,
    "hdd25": draw_hdd25,
    "phone": draw_phone,
    "earcup": draw_earphone,
    "speaker": draw_speaker,
    "can_motor": draw_motor,
    "outrunner": draw_motor,
    "fan": draw_fan,
    "relay": draw_relay,
    "bracket": draw_steel,
    "magnet_block": draw_magnet,
    "pcb": draw_pcb,
    "cable": draw_cable,
    "heatsink": draw_heatsink,
    "ram": draw_ram,
    "round_cell": draw_lithium_cell,
}
_PX_PER_MM = 2.0
_MARGIN_MM = 14.0


def drawn(model: ItemModel, pose: Pose) -> AtlasSprite:
    """A sprite without relief: flat, evenly lit, a soft shadow around it."""
    length, width, tall = model.extents_mm(pose)
    rgb, alpha = LOOKS.get(model.look, draw_plastic)(model, np.random.default_rng(model.look_seed), _PX_PER_MM)
    size = (max(2, round(length * _PX_PER_MM)), max(2, round(width * _PX_PER_MM)))
    margin = round(_MARGIN_MM * _PX_PER_MM)
    border = ((margin, margin), (margin, margin))
    rgb = np.pad(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), (*border, (0, 0)), mode="edge")
    alpha = np.pad(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), border)
    rows, cols = alpha.shape
    halves, quarters = (-(-cols // 2), -(-rows // 2)), (-(-cols // 4), -(-rows // 4))
    light = np.full((3, halves[1], halves[0]), 128, np.uint8)
    light[2] = cv2.resize(alpha, halves, interpolation=cv2.INTER_AREA)
    shade = np.full((3, quarters[1], quarters[0]), 128, np.uint8)
    soft = cv2.GaussianBlur(alpha, (0, 0), 2 * min(3.2, max(1.0, 0.15 * tall)))
    shade[0] = 255 - 0.62 * cv2.resize(soft, quarters, interpolation=cv2.INTER_AREA)
    return AtlasSprite(
        colour=np.dstack([rgb, alpha]).astype(np.uint8), light=light, shade=shade,
        px_per_mm=_PX_PER_MM, tallest_mm=max(1.0, tall),
    )  # fmt: skip
