"""What is in a store, counted: items by kind, magnet masses, field ranges, sizes, sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from neosort_datasets.drawing import field_strength_ut
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.store import WindowStore
from neosort_datasets.window_pictures import window_boxes


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """``count`` windows or pictures that came from ``origin``. ``detail``: split and seed, or format."""

    origin: str
    licence: str
    detail: str
    count: int


@dataclass(slots=True, kw_only=True)
class StoreStatistics:
    """``unit``: "mm" for belt windows, "px" for pictures, of ``box_sizes`` (the longer side of each box).

    ``kinds``: boxes by kind. ``bearing``: kinds of which every item bears NdFeB. ``magnet_g``: of every item that has
    any. ``peak_ut``: the strongest |B| of each window whose field is known; ``saturated``: windows with a saturated
    sample. ``boxes_per_picture``: of each window or picture. ``picture_sizes``: (width, height) in px.
    ``findings``: what was wrong with the sources when they were imported.
    """

    holds: str
    unit: str
    count: int
    kinds: Counter[str] = field(default_factory=Counter)
    bearing: set[str] = field(default_factory=set)
    models: int = 0
    magnet_g: list[float] = field(default_factory=list)
    peak_ut: list[float] = field(default_factory=list)
    saturated: int = 0
    boxes_per_picture: list[int] = field(default_factory=list)
    box_sizes: list[float] = field(default_factory=list)
    picture_sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    sources: list[SourceCount] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)


OnDone = Callable[[], None]


def statistics_of(store: WindowStore | PictureStore, on_done: OnDone = lambda: None) -> StoreStatistics:
    """Counts the whole store. Raises `StoreError` where a part of it cannot be read."""
    if isinstance(store, PictureStore):
        return _of_pictures(store, on_done)
    return _of_windows(store, on_done)


def _of_windows(store: WindowStore, on_done: OnDone) -> StoreStatistics:
    found = StoreStatistics(holds="windows", unit="mm", count=len(store))
    found.picture_sizes[store.grid.cols, store.grid.rows] = len(store)
    models: set[str] = set()
    barren: set[str] = set()
    for index in range(len(store)):
        labelled = store[index]
        boxes = window_boxes(labelled)
        found.boxes_per_picture.append(len(boxes))
        found.kinds.update(box.kind for box in boxes)
        found.box_sizes += [max(box.width_px, box.height_px) * store.grid.mm_per_px for box in boxes]
        for item in labelled.items:
            models.add(item.model)
            (found.bearing if item.bears_ndfeb else barren).add(item.kind)
            if item.magnet_g > 0:
                found.magnet_g.append(item.magnet_g)
        strength = field_strength_ut(labelled.window)
        if not np.isnan(strength).all():
            found.peak_ut.append(float(np.nanmax(strength)))
        found.saturated += bool((labelled.window.field_mask[1] > 0).any())
        on_done()
    found.bearing -= barren
    found.models = len(models - {""})
    found.sources = _sources(((e.origin, e.licence, f"split {e.split}"), e.windows) for e in store.entries)
    return found


def _of_pictures(store: PictureStore, on_done: OnDone) -> StoreStatistics:
    found = StoreStatistics(holds="pictures", unit="px", count=len(store))
    for picture in store:
        found.boxes_per_picture.append(len(picture.boxes))
        found.kinds.update(box.kind for box in picture.boxes)
        found.box_sizes += [max(box.width_px, box.height_px) for box in picture.boxes]
        found.picture_sizes[picture.width_px, picture.height_px] += 1
        on_done()
    found.sources = _sources(((e.origin, e.licence, e.source_format), e.pictures) for e in store.entries)
    for entry in store.entries:
        found.findings.update(entry.findings)
    return found


def _sources(entries: Iterable[tuple[tuple[str, str, str], int]]) -> list[SourceCount]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for source, count in entries:
        counts[source] += count
    return [
        SourceCount(origin=origin, licence=licence, detail=detail, count=count)
        for (origin, licence, detail), count in counts.items()
    ]
