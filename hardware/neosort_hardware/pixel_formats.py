"""Pictures as cameras send them, by the names of the GenICam Pixel Format Naming Convention, to RGB of eight bits."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from neosort_hardware.types import ImageU8


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelFormat:
    """``channels`` values of ``bytes_each`` bytes a pixel, of which ``bits`` count; ``to_rgb``: OpenCV's conversion."""

    channels: int
    to_rgb: int | None
    bytes_each: int = 1
    bits: int = 8


# OpenCV's demosaicing is bilinear: what an item's edge loses by it is less than a pixel.
_COLOURS = {
    "Mono": cv2.COLOR_GRAY2RGB,
    "BayerRG": cv2.COLOR_BayerRGGB2RGB,
    "BayerGR": cv2.COLOR_BayerGRBG2RGB,
    "BayerGB": cv2.COLOR_BayerGBRG2RGB,
    "BayerBG": cv2.COLOR_BayerBGGR2RGB,
}
PIXEL_FORMATS: dict[str, PixelFormat] = {
    f"{colour}{bits}": PixelFormat(channels=1, to_rgb=code, bytes_each=1 if bits == 8 else 2, bits=bits)
    for colour, code in _COLOURS.items()
    for bits in (8, 10, 12, 16)
} | {
    "RGB8": PixelFormat(channels=3, to_rgb=None),
    "BGR8": PixelFormat(channels=3, to_rgb=cv2.COLOR_BGR2RGB),
    "RGBa8": PixelFormat(channels=4, to_rgb=cv2.COLOR_RGBA2RGB),
    "BGRa8": PixelFormat(channels=4, to_rgb=cv2.COLOR_BGRA2RGB),
    "YUV422_8": PixelFormat(channels=2, to_rgb=cv2.COLOR_YUV2RGB_YUYV),
    "YUV422_8_UYVY": PixelFormat(channels=2, to_rgb=cv2.COLOR_YUV2RGB_UYVY),
}
# Names of before the convention, which some makers keep.
OLD_NAMES = {"RGB8Packed": "RGB8", "BGR8Packed": "BGR8", "YUV422Packed": "YUV422_8_UYVY"}


def known_format(name: str) -> PixelFormat | None:
    """The format of that name; None for one that is not understood here."""
    return PIXEL_FORMATS.get(OLD_NAMES.get(name, name))


def frame_bytes(name: str, width_px: int, height_px: int) -> int:
    """How many bytes a picture of a known format has, its rows unpadded."""
    known = PIXEL_FORMATS[OLD_NAMES.get(name, name)]
    return width_px * height_px * known.channels * known.bytes_each


def to_rgb(raw: ImageU8, name: str, width_px: int, height_px: int) -> ImageU8:
    """Bytes (n,) of a known format → (height, width, 3) RGB of eight bits. Values of more bits lose their lowest."""
    known = PIXEL_FORMATS[OLD_NAMES.get(name, name)]
    values = raw if known.bytes_each == 1 else (raw.view("<u2") >> (known.bits - 8)).astype(np.uint8)
    shape = (height_px, width_px) if known.channels == 1 else (height_px, width_px, known.channels)
    image = values.reshape(shape)
    return image if known.to_rgb is None else np.asarray(cv2.cvtColor(image, known.to_rgb), dtype=np.uint8)
