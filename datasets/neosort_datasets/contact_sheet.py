"""A contact sheet: some windows or pictures of a store side by side, with boxes, kinds and field."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from neosort_datasets.drawing import (
    FIELD_FLOOR_UT,
    FIELD_TOP_UT,
    field_colours,
    field_strength_ut,
    font,
    with_boxes,
    with_field,
)
from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_file import PictureError, decode_upright
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.store import WindowStore
from neosort_datasets.window import LabelledWindow
from neosort_datasets.window_pictures import window_boxes

TILE_PX = 480
GAP_PX = 12
CAPTION_PX = 24
TITLE_PX = 44
COUNT_LIMIT = 200
_GROUND, _INK, _SOFT = "#14191f", "#e8eef4", "#93a1b0"


def contact_sheet(store: WindowStore | PictureStore, first: int, count: int, out: Path) -> None:
    """Write windows or pictures ``first`` to ``first + count`` − 1 as one PNG. Raises `StoreError`."""
    if not 0 <= first < len(store):
        raise StoreError(f"{store.path}: --first is {first}, the store holds 0 to {len(store) - 1}")
    if not 1 <= count <= COUNT_LIMIT:
        raise StoreError(f"{store.path}: --count is {count}, must be 1 to {COUNT_LIMIT}")
    shown = range(first, min(first + count, len(store)))
    tiles = [_tile(store, index) for index in shown]
    columns = min(len(tiles), max(1, round(math.sqrt(len(tiles) * _tile_height(tiles) / TILE_PX * 1.6))))
    sheet = _sheet(tiles, columns, f"{store.path.name}: {shown.start} to {shown.stop - 1} of {len(store):,}")
    if isinstance(store, WindowStore):
        _draw_scale(sheet)
    try:
        sheet.save(out, "PNG")
    except OSError as error:
        raise StoreError(f"{out}: cannot be written ({error})") from error


def window_caption(index: int, labelled: LabelledWindow) -> str:
    """Where the window lies, how strong its field is, how many items reach into it."""
    window = labelled.window
    strength = field_strength_ut(window)
    if np.isnan(strength).all():
        field = "no field"
    else:
        saturated = ", saturated" if (window.field_mask[1] > 0).any() else ""
        field = f"|B| {np.nanmin(strength):.1f} to {np.nanmax(strength):,.0f} µT{saturated}"
    return f"{index}  ·  {window.start_mm:,.0f} mm  ·  {field}  ·  {_counted(len(labelled.items), 'item', 'items')}"


def _tile(store: WindowStore | PictureStore, index: int) -> tuple[Image.Image, str]:
    if isinstance(store, WindowStore):
        labelled = store[index]
        return with_field(labelled.window, window_boxes(labelled), TILE_PX), window_caption(index, labelled)
    picture = store[index]
    try:
        pixels = decode_upright(picture.data())
    except (PictureError, OSError) as error:
        raise StoreError(f"{store.path}: picture {index} ({picture.name}) cannot be shown ({error})") from error
    size = f"{picture.width_px} × {picture.height_px} px"
    return with_boxes(
        pixels, picture.boxes, TILE_PX
    ), f"{index}  ·  {size}  ·  {_counted(len(picture.boxes), 'box', 'boxes')}"


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _tile_height(tiles: list[tuple[Image.Image, str]]) -> int:
    return max(image.height for image, _ in tiles) + CAPTION_PX


def _sheet(tiles: list[tuple[Image.Image, str]], columns: int, title: str) -> Image.Image:
    rows = math.ceil(len(tiles) / columns)
    height = _tile_height(tiles)
    size = GAP_PX + columns * (TILE_PX + GAP_PX), TITLE_PX + rows * (height + GAP_PX)
    sheet = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP_PX, 11), title, fill=_INK, font=font(18))
    for number, (image, caption) in enumerate(tiles):
        left = GAP_PX + (number % columns) * (TILE_PX + GAP_PX)
        top = TITLE_PX + (number // columns) * (height + GAP_PX)
        sheet.paste(image, (left, top))
        draw.text((left, top + image.height + 4), caption, fill=_SOFT, font=font(13))
    return sheet


def _draw_scale(sheet: Image.Image) -> None:
    """What the colours of the field mean, at the upper right, where there is room."""
    width, height = 180, 12
    left, top = sheet.width - GAP_PX - width, 8
    if left < sheet.width // 2:
        return
    steps = np.geomspace(FIELD_FLOOR_UT, FIELD_TOP_UT, width).astype(np.float32)
    bar = Image.fromarray(np.tile(field_colours(steps), (height, 1, 1)), "RGBA")
    sheet.paste(bar, (left, top), bar)
    draw = ImageDraw.Draw(sheet)
    for share, text, anchor in ((0.0, f"{FIELD_FLOOR_UT:g}", "lt"), (1.0, f"{FIELD_TOP_UT:,.0f} µT", "rt")):
        draw.text((left + share * width, top + height + 3), text, fill=_SOFT, font=font(11), anchor=anchor)
    draw.text((left - 8, top + height / 2), "|B|", fill=_SOFT, font=font(12), anchor="rm")
