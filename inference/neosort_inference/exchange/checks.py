"""May a bundle take the place of the one in use? Tried on windows that the line has just seen, beside the loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neosort_datasets.assembly import Blind
from neosort_hardware.config import ConfigError
from neosort_inference.bundle_choice import cover_of
from neosort_inference.detector import Detection, Detector
from neosort_inference.exchange.way import Means, Way
from neosort_inference.exchange.ways import Seen
from neosort_inference.same_item import SAME_ITEM_IOU, sameness

WARM_UPS = 3
ENOUGH_ITEMS = 8  # a: shares of fewer say nothing
MOST_FOUND_BY_ONE = 0.25  # a: share of the items; a network that has learnt more still sees most of the same things
MOST_DECIDED_OTHERWISE = 0.35  # a: share of the items that both have found


class UnfitError(ConfigError):
    """It does not fit the line, or not while the belt runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of the trial, on ``windows`` with ``items`` that either bundle has found. ``found_by_one``: share that
    only one of them has found; ``decided_otherwise``: share of the others with another verdict. ``pass_ms``: the
    quickest pass, ``there_ms``: belt time to the next window of all its lanes."""

    windows: int
    items: int
    found_by_one: float
    decided_otherwise: float
    pass_ms: float
    there_ms: float


def must_fit(now: Means, means: Means) -> None:
    """What can be known of a bundle without running it. Raises `UnfitError`."""
    kinds, known = means.bundle.metadata.kinds, now.bundle.metadata.kinds
    if kinds != known:
        other = next(iter(set(kinds) ^ set(known)), "the same in another order")
        raise UnfitError(f"bundle '{means.bundle.metadata.name}' knows other kinds than the one in use ({other})")


def check(now: Way, way: Way, seen: Sequence[Seen], blind: Blind) -> Checked:
    """Warm the bundle of ``way`` up, time it, and hold what it says of the windows in ``seen`` against what the bundle
    in use has said. Raises `UnfitError`. Takes a few passes of the network and leaves the loop alone.
    """
    must_fit(now.means, way.means)
    bundle, recipe, config = way.means.bundle, way.means.recipe, way.means.config
    pass_ms = min(bundle.warm_up(1) for _ in range(WARM_UPS))
    cover = cover_of(bundle.metadata.grid, config)
    there_ms = cover.hop_mm / config.belt.speed_m_per_s
    if cover.lanes * pass_ms > there_ms:
        raise UnfitError(
            f"a window takes {cover.lanes * pass_ms:.0f} ms here, and one comes every {there_ms:.0f} ms: too slow"
        )
    alike = [one for one in seen if way.assembler.grid == one.window.grid]
    detector = Detector(bundle, recipe.score_from(bundle))
    pairs: list[tuple[Detection, Detection]] = []
    alone = 0
    for one in alike:
        found = detector.detect(one.window)
        _must_be_finite(found)
        both = paired(one.detections, found)
        pairs += both
        alone += len(one.detections) + len(found) - 2 * len(both)
    otherwise = sum(_shoots(now, blind, before) != _shoots(way, blind, after) for before, after in pairs)
    items = alone + len(pairs)
    checked = Checked(
        windows=len(alike),
        items=items,
        found_by_one=alone / items if items else 0.0,
        decided_otherwise=otherwise / len(pairs) if pairs else 0.0,
        pass_ms=pass_ms,
        there_ms=there_ms,
    )
    if items >= ENOUGH_ITEMS:
        _must_agree(checked)
    return checked


def paired(ones: Sequence[Detection], others: Sequence[Detection]) -> list[tuple[Detection, Detection]]:
    """Looks at the same item, each in one pair at most."""
    left, pairs = list(others), []
    for one in ones:
        best = max(left, key=lambda other: sameness(one.box, other.box), default=None)
        if best is not None and sameness(one.box, best.box) >= SAME_ITEM_IOU:
            left = [other for other in left if other is not best]
            pairs.append((one, best))
    return pairs


def _shoots(way: Way, blind: Blind, detection: Detection) -> bool:
    return way.judges[blind].why_not(detection) is None


def _must_be_finite(found: Sequence[Detection]) -> None:
    for one in found:
        numbers = (one.box.area_mm2, one.score, one.p_ndfeb, one.magnet_g, one.magnet_g_sigma)
        if not np.isfinite(numbers).all():
            raise UnfitError("it says what is no number of a window that the line has just seen")


def _must_agree(checked: Checked) -> None:
    on = f"of {checked.items} items in {checked.windows} windows that the line has just seen"
    if checked.found_by_one > MOST_FOUND_BY_ONE:
        raise UnfitError(
            f"{on}, {checked.found_by_one:.0%} are found by it or by the bundle in use alone, at most "
            f"{MOST_FOUND_BY_ONE:.0%} may be: try it as a shadow first"
        )
    if checked.decided_otherwise > MOST_DECIDED_OTHERWISE:
        raise UnfitError(
            f"{on}, {checked.decided_otherwise:.0%} would be decided otherwise, at most {MOST_DECIDED_OTHERWISE:.0%} "
            "may be: try it as a shadow first"
        )


def must_move_little(now: Way, way: Way, most_mm: float) -> None:
    """A calibration may be exchanged while the belt runs where places move by ``most_mm`` at most, for tracks and shots
    keep theirs. Raises `UnfitError`."""
    before, after = now.geometry, way.geometry
    corners = np.array([[u, v] for u in (0, now.means.config.camera.width_px)
                        for v in (0, now.means.config.camera.height_px)], np.float64)  # fmt: skip
    moved_mm = float(np.abs(before.pixels_to_belt(corners, 0.0) - after.pixels_to_belt(corners, 0.0)).max())
    moved_mm = max(
        moved_mm,
        abs(before.array_station_mm - after.array_station_mm),
        abs(before.nozzle_station_mm - after.nozzle_station_mm),
        abs(float(before.channel_across_mm[0] - after.channel_across_mm[0])),
    )
    if moved_mm > most_mm:
        raise UnfitError(
            f"it moves a place by {moved_mm:.0f} mm, at most {most_mm:g} mm while the belt runs: stop the "
            "line to change"
        )
