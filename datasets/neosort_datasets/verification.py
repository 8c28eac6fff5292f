"""Whether what a store says makes sense, beside being as it was written: one sentence for every problem."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator

import numpy as np

from neosort_datasets.labelled_picture import LabelledPicture, PixelBox, fingerprint
from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_file import PictureError, examine
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.store import WindowStore
from neosort_datasets.window import BeltWindow, LabelledWindow
from neosort_datasets.window_pictures import pixel_edges
from neosort_hardware.types import ItemTruth

FIELD_LIMIT_UT = 100_000.0  # beyond every sensor of the line; what is more was never in µT
FIELD_FLOOR_UT = 0.01  # a sensor's noise alone is more; what is less was never in µT
MASS_LIMIT_G = 50_000.0
EDGE_TOLERANCE_PX = 0.05
OnDone = Callable[[], None]


def verify_store(
    store: WindowStore | PictureStore, kinds: Collection[str], on_done: OnDone = lambda: None
) -> list[str]:
    """Everything wrong with a store, a sentence each; empty where nothing is. Reads every byte twice.

    ``kinds``: of the catalogue. ``on_done`` is told of every window or picture.
    """
    problems = store.verify()
    if isinstance(store, PictureStore):
        return [*problems, *_picture_problems(store, kinds, on_done)]
    return [*problems, *_window_problems(store, kinds, on_done)]


def unmapped_classes(store: PictureStore, kinds: Collection[str]) -> list[str]:
    """Classes that came without a class map and are no kinds: no fault, but nothing a model could learn either."""
    found = {
        box.kind for index in range(len(store)) if store.entry_of(index).class_map is None for box in store[index].boxes
    }
    return sorted(found - set(kinds))


def _window_problems(store: WindowStore, kinds: Collection[str], on_done: OnDone) -> Iterator[str]:
    first_of: dict[bytes, int] = {}
    unknown: Counter[str] = Counter()
    peak_ut = 0.0
    for index in range(len(store)):
        on_done()
        try:
            labelled = store[index]
        except StoreError as error:
            yield f"window {index}: {error}"
            continue
        where = f"{store.path}: window {index}"
        yield from (f"{where}: {text}" for text in _array_problems(labelled.window))
        yield from (f"{where}: {text}" for item in labelled.items for text in _item_problems(item, labelled))
        unknown.update(item.kind for item in labelled.items if item.kind not in kinds)
        peak_ut = max(peak_ut, float(np.nanmax(np.abs(labelled.window.field_ut), initial=0.0)))
        earlier = first_of.setdefault(_window_digest(labelled.window), index)
        if earlier != index:
            yield f"{where}: has the picture and the field of window {earlier}"
    if 0 < peak_ut < FIELD_FLOOR_UT:
        yield f"{store.path}: no field exceeds {peak_ut:g} µT, which is less than noise; is it in another unit?"
    for kind, count in sorted(unknown.items()):
        yield f"{store.path}: {count} items of kind '{kind}', which the catalogue does not have"


def _window_digest(window: BeltWindow) -> bytes:
    digest = hashlib.blake2b(window.picture.tobytes(), digest_size=16)
    digest.update(window.field_ut.tobytes())
    return digest.digest()


def _array_problems(window: BeltWindow) -> Iterator[str]:
    field, known, saturated = window.field_ut, window.field_mask[0], window.field_mask[1]
    if not np.isfinite(field).all():
        yield f"{int((~np.isfinite(field)).sum())} values of the field are not finite"
    elif (peak := float(np.abs(field).max(initial=0.0))) > FIELD_LIMIT_UT:
        yield f"the field reaches {peak:,.0f} µT, the limit is {FIELD_LIMIT_UT:,.0f}; is it in another unit?"
    if not np.isin(known, (0.0, 1.0)).all():
        yield "the mask of known cells holds more than 0 and 1"
    elif np.any(field[:, known == 0.0] != 0.0):
        yield "the field is not 0 where it is not known"
    if not ((saturated >= 0.0) & (saturated <= 1.0)).all():  # nan fails both
        yield "the share of saturated samples is not between 0 and 1"


def _item_problems(item: ItemTruth, labelled: LabelledWindow) -> Iterator[str]:
    name = f"item {item.item_id} ({item.kind})"
    box, window = item.box, labelled.window
    edges = (box.belt_lo_mm, box.belt_hi_mm, box.across_lo_mm, box.across_hi_mm)
    if not all(map(math.isfinite, edges)):
        yield f"{name}: its box is not finite"
    elif box.belt_hi_mm <= box.belt_lo_mm or box.across_hi_mm <= box.across_lo_mm:
        yield f"{name}: its box has no width or no height"
    else:
        left, top, right, bottom = pixel_edges(box, window)
        if right <= 0 or bottom <= 0 or left >= window.grid.cols or top >= window.grid.rows:
            yield f"{name}: its box lies outside the window"
    if not 0 < item.mass_g <= MASS_LIMIT_G:
        yield f"{name}: its mass is {item.mass_g:g} g, must be above 0 and at most {MASS_LIMIT_G:,.0f}"
    if not 0 <= item.magnet_g <= item.mass_g:
        yield f"{name}: its magnets are {item.magnet_g:g} g of {item.mass_g:g} g"
    if not 0 <= item.visible_fraction <= 1:
        yield f"{name}: its visible fraction is {item.visible_fraction:g}, must be between 0 and 1"


def _picture_problems(store: PictureStore, kinds: Collection[str], on_done: OnDone) -> Iterator[str]:
    first_of: dict[str, int] = {}
    for index in range(len(store)):
        on_done()
        try:
            picture, mark = store[index], fingerprint(store.digest_of(index), store[index].boxes)
        except StoreError as error:
            yield f"picture {index}: {error}"
            continue
        where = f"{store.path}: picture {index} ({picture.name})"
        yield from (f"{where}: {text}" for text in _file_problems(picture))
        yield from (f"{where}: {text}" for box in picture.boxes for text in _box_problems(box, picture))
        if store.entry_of(index).class_map is not None:
            strange = {box.kind for box in picture.boxes} - set(kinds)
            yield from (f"{where}: kind '{kind}', which the catalogue does not have" for kind in sorted(strange))
        earlier = first_of.setdefault(mark, index)
        if earlier != index:
            yield f"{where}: has the bytes and the boxes of picture {earlier}"


def _file_problems(picture: LabelledPicture) -> Iterator[str]:
    try:
        facts = examine(picture.data())
    except OSError:
        return  # a missing file is told with the hashes
    except PictureError as error:
        yield str(error)
        return
    if (facts.width_px, facts.height_px) != (picture.width_px, picture.height_px):
        yield f"is {facts.width_px} × {facts.height_px} px, labelled {picture.width_px} × {picture.height_px}"


def _box_problems(box: PixelBox, picture: LabelledPicture) -> Iterator[str]:
    edges = (box.left_px, box.top_px, box.right_px, box.bottom_px)
    shown = ", ".join(f"{edge:g}" for edge in edges)
    if not all(map(math.isfinite, edges)):
        yield f"box of '{box.kind}' at {shown} is not finite"
    elif box.width_px <= 0 or box.height_px <= 0:
        yield f"box of '{box.kind}' at {shown} has no width or no height"
    elif (
        min(edges) < -EDGE_TOLERANCE_PX
        or box.right_px > picture.width_px + EDGE_TOLERANCE_PX
        or box.bottom_px > picture.height_px + EDGE_TOLERANCE_PX
    ):
        yield f"box of '{box.kind}' at {shown} reaches out of {picture.width_px} × {picture.height_px} px"
