"""The worst misses of an evaluation: who they are, and what there was to see and to measure of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from neosort_datasets.drawing import field_strength_ut, with_boxes, with_field
from neosort_datasets.picture_file import encode
from neosort_datasets.window import BeltWindow, LabelledWindow
from neosort_datasets.window_pictures import pixel_edges
from neosort_hardware.types import ArrayI64, ImageU8, ItemTruth
from neosort_inference.bundle import RawDetections
from neosort_inference.report import number_text, percent
from neosort_inference.words import kind_title
from neosort_training.matching import SCORE_MIN
from neosort_training.outcomes import Outcomes
from neosort_training.running import window_of
from neosort_training.trial import Trial

SHOWN = 12
_CROP_MM, _MARGIN = 150.0, 1.5  # at least so much belt around an item, or so many times its longer side
_TILE_PX = 300
_TRUTH, _SAID = "#3ddc84", "#ffb020"


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One missed item or false alarm. ``pictures``: data URIs of the picture and of the field over it."""

    title: str
    words: str
    where: str
    pictures: tuple[str, str]


class _Edges(NamedTuple):
    """In pixels of the window's picture."""

    left: float
    top: float
    right: float
    bottom: float


def missed_items(outcomes: Outcomes, p_ndfeb: float, count: int = SHOWN) -> ArrayI64:
    """Indices of bearing items below the threshold, heaviest magnets first."""
    missed = np.flatnonzero(outcomes.bears & ((outcomes.p < p_ndfeb) | (outcomes.p <= 0)))
    return missed[np.argsort(-outcomes.magnet_g[missed], kind="stable")][:count]


def false_alarms(outcomes: Outcomes, count: int = SHOWN) -> ArrayI64:
    """Indices into `Outcomes.picks` of what bears nothing, highest P(NdFeB) first, strays among them."""
    picks = outcomes.picks()
    alarms = np.flatnonzero(~picks.bears & (picks.p > 0))
    return alarms[np.argsort(-picks.p[alarms], kind="stable")][:count]


def gallery(trial: Trial, p_ndfeb: float, count: int = SHOWN) -> tuple[list[Miss], list[Miss]]:
    """Missed items, and false alarms, with their pictures. Runs the model once more on their windows."""
    outcomes = trial.run.pooled
    missed = [_missed(trial, outcomes, int(index), p_ndfeb) for index in missed_items(outcomes, p_ndfeb, count)]
    alarms = [_alarm(trial, outcomes, int(pick), p_ndfeb) for pick in false_alarms(outcomes, count)]
    return missed, alarms


class _Seen(NamedTuple):
    """A window again, and what the model says of it."""

    labelled: LabelledWindow
    found: RawDetections
    where: str


def _see(trial: Trial, number: int) -> _Seen:
    source, place = window_of(trial.plan.sources, number)
    labelled, index = source.window(place), source.indices[place]
    found = trial.plan.model.predictor.run(trial.plan.whole.alter(labelled.window, index))
    return _Seen(labelled, found, f"{source.name}, window {index}")


def _missed(trial: Trial, outcomes: Outcomes, index: int, p_ndfeb: float) -> Miss:
    seen = _see(trial, int(outcomes.window[index]))
    item = seen.labelled.items[int(outcomes.item[index])]
    said = _said_edges(seen, outcomes.p[index], outcomes.score[index]) if outcomes.found[index] else None
    return Miss(
        title=f"{kind_title(item.kind)}, {item.magnet_g:.3g} g",
        words=f"{_verdict(outcomes, index, p_ndfeb)} {_evidence(item, seen.labelled.window)}",
        where=f"{item.model} · {seen.where}",
        pictures=_pictures(seen.labelled.window, _item_edges(item, seen.labelled.window), said),
    )


def _alarm(trial: Trial, outcomes: Outcomes, pick: int, p_ndfeb: float) -> Miss:
    picks = outcomes.picks()
    seen, p, index = _see(trial, int(picks.window[pick])), picks.p[pick], int(picks.item[pick])
    picked = f"P(NdFeB) {p:.2f}, " + ("picked." if p >= p_ndfeb else "not picked at purity ≥ 95 %.")
    if index < 0:
        said = _said_edges(seen, p, outcomes.stray_score[pick - len(outcomes.p)])
        return Miss(
            title="belongs to no item",
            words=picked,
            where=seen.where,
            pictures=_pictures(seen.labelled.window, None, said),
        )
    item = seen.labelled.items[int(outcomes.item[index])]
    magnetised = " Its steel is magnetised." if item.magnetised else ""
    return Miss(
        title=kind_title(item.kind),
        words=f"Taken for {kind_title(str(outcomes.said[index]))}; {picked} "
        f"{_evidence(item, seen.labelled.window)}{magnetised}",
        where=f"{item.model} · {seen.where}",
        pictures=_pictures(
            seen.labelled.window,
            _item_edges(item, seen.labelled.window),
            _said_edges(seen, p, outcomes.score[index]),
        ),
    )


def _verdict(outcomes: Outcomes, index: int, p_ndfeb: float) -> str:
    if not outcomes.found[index]:
        return "Not seen at all."
    needed = f"needed {p_ndfeb:.2f}" if p_ndfeb <= 1 else "no threshold keeps the purity"
    return (
        f"Taken for {kind_title(str(outcomes.said[index]))}; P(NdFeB) {outcomes.p[index]:.2f}, {needed}; "
        f"{outcomes.said_g[index]:.2g} g said."
    )


def _evidence(item: ItemTruth, window: BeltWindow) -> str:
    """What the field says above its box, and how much of it shows."""
    edges, cell = _item_edges(item, window), window.grid.cell_px
    strength = field_strength_ut(window)
    rows = slice(max(0, int(edges.top // cell)), max(1, int(-(-edges.bottom // cell))))
    cols = slice(max(0, int(edges.left // cell)), max(1, int(-(-edges.right // cell))))
    over = strength[rows, cols]
    if not over.size or np.isnan(over).all():
        field = "No field is known over it."
    else:
        saturated = ", saturated" if (window.field_mask[1, rows, cols] > 0).any() else ""
        field = f"|B| up to {number_text(float(np.nanmax(over)), 1)} µT over it{saturated}."
    return field if item.visible_fraction > 0.9 else f"{field} {percent(item.visible_fraction)} of it shows."


def _item_edges(item: ItemTruth, window: BeltWindow) -> _Edges:
    return _Edges(*pixel_edges(item.box, window))


def _said_edges(seen: _Seen, p: float, score: float) -> _Edges:
    """The box of the detection with that P(NdFeB); of several, or where it is a part's, nearest to that score."""
    found = seen.found
    apart = np.abs(found.p_ndfeb - p) + 1e-3 * np.abs(found.score - score) + 10.0 * (found.score < SCORE_MIN)
    low_along, low_across, high_along, high_across = found.boxes_mm[int(apart.argmin())].astype(float).tolist()
    px = seen.labelled.window.grid.mm_per_px
    return _Edges(low_across / px, low_along / px, high_across / px, high_along / px)


def _pictures(window: BeltWindow, truth: _Edges | None, said: _Edges | None) -> tuple[str, str]:
    """The belt around an item without and with its field; its box in green, the model's in amber."""
    around = truth if truth is not None else said
    assert around is not None
    longest = max(window.picture.shape[:2])
    plain = with_boxes(np.ascontiguousarray(window.picture), (), longest)
    return (
        _cut_out(plain, window, around, truth, said),
        _cut_out(with_field(window, (), longest), window, around, truth, said),
    )


def _cut_out(image: Image.Image, window: BeltWindow, around: _Edges, truth: _Edges | None, said: _Edges | None) -> str:
    left, top, side = _square(window, around)
    scale = _TILE_PX / side
    tile = image.crop((left, top, left + side, top + side)).resize((_TILE_PX, _TILE_PX), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(tile)
    for edges, colour in ((said, _SAID), (truth, _TRUTH)):
        if edges is not None:
            x0, x1 = (scale * (edge - left) for edge in (edges.left, edges.right))
            y0, y1 = (scale * (edge - top) for edge in (edges.top, edges.bottom))
            draw.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), outline=colour, width=2)
    pixels: ImageU8 = np.asarray(tile)
    return f"data:image/jpeg;base64,{base64.b64encode(encode(pixels, quality=82)).decode('ascii')}"


def _square(window: BeltWindow, around: _Edges) -> tuple[int, int, int]:
    """Left, top and side of a square of the picture with the item in its middle, as far as the window reaches."""
    rows, cols = window.picture.shape[:2]
    longer = max(around.right - around.left, around.bottom - around.top)
    side = int(min(max(_CROP_MM / window.grid.mm_per_px, _MARGIN * longer), rows, cols))
    left = int(np.clip(0.5 * (around.left + around.right - side), 0, cols - side))
    top = int(np.clip(0.5 * (around.top + around.bottom - side), 0, rows - side))
    return left, top, side
