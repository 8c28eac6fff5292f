"""Pictures with their boxes, and the field over them, as a person looks at a data set."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import cast

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from neosort_datasets.labelled_picture import PixelBox
from neosort_datasets.window import BeltWindow
from neosort_hardware.types import ArrayF32, ImageU8

FIELD_FLOOR_UT, FIELD_TOP_UT = 1.0, 1000.0  # the overlay's colours run between these, by the logarithm
_OVERLAY_ALPHA = 0.55
_COLOURS = ("#2fb8ff", "#ffb000", "#5ce65c", "#ff5c8a", "#c79bff", "#ffe94d", "#4de6d0", "#ff7b3a")
RGB = tuple[int, int, int]


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and has every letter that is needed here."""
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size_px)


def kind_colour(kind: str) -> str:
    """The same for a kind wherever it is drawn."""
    return _COLOURS[zlib.crc32(kind.encode()) % len(_COLOURS)]


def with_boxes(picture: ImageU8, boxes: Iterable[PixelBox], longest_px: int) -> Image.Image:
    """(h, w, 3) RGB and its boxes, with their kinds, scaled so that the longer side has ``longest_px``."""
    scale = longest_px / max(picture.shape[:2])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    image = Image.fromarray(picture).resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(image)
    letters = font(max(10, longest_px // 36))
    for box in sorted(boxes, key=lambda box: -box.width_px * box.height_px):
        edges = tuple(scale * edge for edge in (box.left_px, box.top_px, box.right_px, box.bottom_px))
        _draw_box(draw, cast("tuple[float, float, float, float]", edges), box.kind, letters)
    return image


def _draw_box(
    draw: ImageDraw.ImageDraw, edges: tuple[float, float, float, float], kind: str, letters: ImageFont.FreeTypeFont
) -> None:
    left, top, right, bottom = edges
    draw.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=kind_colour(kind), width=2)
    words = draw.textbbox((0, 0), kind, font=letters)
    height, width = words[3] + 3, words[2] + 6
    at = (left, top - height) if top >= height else (left, top)
    draw.rectangle((*at, at[0] + width, at[1] + height), fill=kind_colour(kind))
    draw.text((at[0] + 3, at[1] + 1), kind, fill="#101418", font=letters)


def field_strength_ut(window: BeltWindow) -> ArrayF32:
    """(field_rows, field_cols) |B| in µT, nan where it is not known."""
    strength = np.sqrt(np.square(window.field_ut, dtype=np.float64).sum(axis=0))
    return np.where(window.field_mask[0] > 0, strength, np.nan).astype(np.float32)


def field_colours(strength_ut: ArrayF32) -> ImageU8:
    """(…, 4) RGBA of a field: clear at `FIELD_FLOOR_UT` and below, and where it is not known."""
    span = np.log10(FIELD_TOP_UT / FIELD_FLOOR_UT)
    share = np.log10(np.maximum(np.nan_to_num(strength_ut), FIELD_FLOOR_UT) / FIELD_FLOOR_UT) / span
    share = np.clip(share, 0.0, 1.0)
    colours = mpl.colormaps["inferno"](0.25 + 0.75 * share)
    colours[..., 3] = _OVERLAY_ALPHA * share**0.7
    return np.asarray(np.round(255 * colours), dtype=np.uint8)


def with_field(window: BeltWindow, boxes: Iterable[PixelBox], longest_px: int) -> Image.Image:
    """The window's picture under its field, boxes on top. Cells that were saturated bear a white mark."""
    grid = window.grid
    overlay = Image.fromarray(field_colours(field_strength_ut(window)), "RGBA")
    overlay = overlay.resize((grid.cols, grid.rows), Image.Resampling.BICUBIC)
    picture = Image.alpha_composite(Image.fromarray(np.ascontiguousarray(window.picture)).convert("RGBA"), overlay)
    draw = ImageDraw.Draw(picture)
    for row, col in np.argwhere(window.field_mask[1] > 0):
        x, y = (col + 0.5) * grid.cell_px, (row + 0.5) * grid.cell_px
        draw.line((x - 3, y, x + 3, y), fill="white", width=1)
        draw.line((x, y - 3, x, y + 3), fill="white", width=1)
    return with_boxes(np.asarray(picture.convert("RGB")), boxes, longest_px)
