"""Picture files of any make: what they hold, upright, and whether they are whole. Nothing of them is trusted."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from neosort_hardware.types import ImageU8

PIXEL_LIMIT = 80_000_000  # what is decoded takes three bytes a pixel; Pillow itself warns from 89 million on
FILE_LIMIT_BYTES = 256 << 20
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "BMP": ".bmp", "WEBP": ".webp", "TIFF": ".tif"}
_ORIENTATION = 0x0112  # the EXIF tag
# What Pillow's decoders are known to raise on what is damaged or hostile.
_DAMAGE = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, struct.error, zlib.error)

PictureFault = Literal["unreadable", "cut short", "too large"]


class PictureError(Exception):
    """A picture cannot be used. ``fault`` says how; the text says why, in a few words."""

    def __init__(self, fault: PictureFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """``stored_…``: as the pixels lie in the file; ``orientation``: EXIF 1..8; ``width_px``, ``height_px``: upright."""

    suffix: str
    stored_width_px: int
    stored_height_px: int
    orientation: int

    @property
    def width_px(self) -> int:
        """Upright."""
        return self.stored_height_px if self.orientation >= 5 else self.stored_width_px

    @property
    def height_px(self) -> int:
        """Upright."""
        return self.stored_width_px if self.orientation >= 5 else self.stored_height_px


def examine(data: bytes) -> PictureFacts:
    """Facts of a picture that is whole: every pixel is decoded to know it. Raises `PictureError`."""
    picture = _open(data)
    facts = PictureFacts(
        suffix=SUFFIXES[str(picture.format)],
        stored_width_px=picture.width,
        stored_height_px=picture.height,
        orientation=_orientation(picture),
    )
    _load(picture)
    return facts


def decode_upright(data: bytes) -> ImageU8:
    """The picture as (height, width, 3) RGB, upright. Raises `PictureError`."""
    picture = _open(data)
    _load(picture)
    if picture.mode.startswith("I;16"):  # Pillow would clip sixteen bits instead of scaling them
        grey = (np.asarray(picture, dtype=np.uint16) >> 8).astype(np.uint8)
        picture = Image.fromarray(grey)
    else:
        orientation = _orientation(picture)
        if orientation != 1:
            picture = ImageOps.exif_transpose(picture)
    return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def encode(picture: ImageU8, suffix: str = ".jpg", quality: int = 95) -> bytes:
    """(height, width, 3) RGB as a file: ".jpg" of that quality, or ".png" without loss."""
    stream = io.BytesIO()
    image = Image.fromarray(picture)
    if suffix == ".png":
        image.save(stream, "PNG")
    else:
        image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def upright_file(data: bytes) -> tuple[bytes, str]:
    """The file itself and its suffix; re-encoded where it is upright by its EXIF mark alone. Raises `PictureError`."""
    picture = _open(data)
    if _orientation(picture) == 1:
        return data, SUFFIXES[str(picture.format)]
    return encode(decode_upright(data)), ".jpg"


def _open(data: bytes) -> Image.Image:
    """The file's header, its size within the limits."""
    if len(data) > FILE_LIMIT_BYTES:
        raise PictureError("too large", f"{len(data) >> 20} MiB, the limit is {FILE_LIMIT_BYTES >> 20}")
    if not data:
        raise PictureError("unreadable", "the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's word on large or odd files; what matters is checked below
        try:
            picture = Image.open(io.BytesIO(data), formats=tuple(SUFFIXES))
        except Image.DecompressionBombError as error:
            raise PictureError("too large", f"more pixels than the limit of {PIXEL_LIMIT:,}") from error
        except _DAMAGE as error:
            raise PictureError("unreadable", "no picture of a kind that can be read") from error
    if picture.width * picture.height > PIXEL_LIMIT:
        size = f"{picture.width} × {picture.height} px"
        raise PictureError("too large", f"{size}, the limit is {PIXEL_LIMIT:,} pixels")
    return picture


def _load(picture: Image.Image) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture.load()
        except _DAMAGE as error:
            raise PictureError("cut short", f"cut short or damaged ({error})") from error


def _orientation(picture: Image.Image) -> int:
    """1..8; 1 where the file says nothing that makes sense."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            orientation = picture.getexif().get(_ORIENTATION, 1)
        except _DAMAGE:
            return 1
    return orientation if orientation in range(1, 9) else 1
