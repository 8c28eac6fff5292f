"""Belt windows as plain labelled pictures: the camera's side of them, boxes in pixels."""

from __future__ import annotations

from collections.abc import Iterator

from neosort_datasets.labelled_picture import LabelledPicture, PixelBox
from neosort_datasets.picture_file import encode
from neosort_datasets.store import WindowStore
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.types import Box, ItemTruth

SHOWN_SHARE = 0.1  # an item of which less shows in the window is no label a picture could be held to


def pixel_edges(box: Box, window: BeltWindow) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a box on the belt, in pixels of the window's picture; not clipped to it."""
    grid = window.grid
    return (
        (box.across_lo_mm - grid.across_start_mm) / grid.mm_per_px,
        (box.belt_lo_mm - window.start_mm) / grid.mm_per_px,
        (box.across_hi_mm - grid.across_start_mm) / grid.mm_per_px,
        (box.belt_hi_mm - window.start_mm) / grid.mm_per_px,
    )


def item_box(item: ItemTruth, window: BeltWindow) -> PixelBox | None:
    """What shows of an item in the window; None where that is less than `SHOWN_SHARE` of it."""
    left, top, right, bottom = pixel_edges(item.box, window)
    grid = window.grid
    clipped = PixelBox(
        kind=item.kind,
        left_px=max(0.0, left),
        top_px=max(0.0, top),
        right_px=min(float(grid.cols), right),
        bottom_px=min(float(grid.rows), bottom),
        source_id=f"{item.model} {item.item_id}",
    )
    if clipped.width_px <= 0 or clipped.height_px <= 0:
        return None
    shown = clipped.width_px * clipped.height_px / ((right - left) * (bottom - top))
    return clipped if min(shown, item.visible_fraction) >= SHOWN_SHARE else None


def window_boxes(labelled: LabelledWindow) -> tuple[PixelBox, ...]:
    """Boxes of all items that show in a window."""
    boxes = (item_box(item, labelled.window) for item in labelled.items)
    return tuple(box for box in boxes if box is not None)


def window_pictures(store: WindowStore) -> Iterator[LabelledPicture]:
    """Every window of a store as a JPEG picture."""
    grid: WindowGrid = store.grid
    for index in range(len(store)):
        labelled, entry = store[index], store.entry_of(index)
        yield LabelledPicture(
            content=encode(labelled.window.picture),
            suffix=".jpg",
            width_px=grid.cols,
            height_px=grid.rows,
            boxes=window_boxes(labelled),
            name=f"{entry.shard}/window-{index:06d}",
            subset=entry.split,
            group=entry.origin,
            origin=entry.origin,
            licence=entry.licence,
        )
