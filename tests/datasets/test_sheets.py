"""Sheets keep their volume however they are laid, bend at their cuts, and share one picture in the right places."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import ZINC
from neosort_datasets.modelling.paths import broken_off, filling, shard, smooth_path
from neosort_datasets.modelling.shapes import box
from neosort_datasets.modelling.sheets import bent_along, draped, one_picture, sheet
from neosort_datasets.modelling.solid import Part, Surface


@pytest.fixture(scope="module")
def zinc() -> Surface:
    return Canvas(4.0, 4.0, ZINC, np.random.default_rng(0)).surface()


def volume_mm3(part: Part) -> float:
    """By the divergence theorem; right only for a closed mesh whose faces all turn outwards."""
    a, b, c = (part.corners_mm[part.faces[:, corner]] for corner in range(3))
    return float(np.einsum("ni,ni->n", a, np.cross(b, c)).sum() / 6.0)


def test_flat_sheet_with_a_hole_is_closed(zinc: Surface) -> None:
    outline = shapely.box(0, 0, 30, 20).difference(shapely.Point(12, 9).buffer(4))
    lay = draped(lambda x, y: np.zeros_like(x))
    part = sheet(outline, 1.5, zinc, lay, cuts_x_mm=[7.0, 12.0, 21.0], cuts_y_mm=[9.0])
    assert volume_mm3(part) == pytest.approx(1.5 * outline.area, rel=1e-3)


def test_bent_sheet_keeps_volume_and_follows_its_path(zinc: Surface) -> None:
    angle = np.linspace(0, np.pi, 41)
    path = np.column_stack([20 - 20 * np.cos(angle), 20 * np.sin(angle)])
    lay, cuts = bent_along(path)
    run = float(np.hypot(*np.diff(path, axis=0).T).sum())
    part = sheet(shapely.box(0, -5, run, 5), 1.0, zinc, lay, cuts_x_mm=cuts)
    assert volume_mm3(part) == pytest.approx(10.0 * run, rel=0.02)
    radius = np.hypot(part.corners_mm[:, 0] - 20, part.corners_mm[:, 2])
    assert radius.min() > 19.4
    assert radius.max() < 20.6


def test_picture_seen_from_below_is_laid_on_mirrored(zinc: Surface) -> None:
    block = box((2.0, 2.0, 2.0), (3.0, 4.0, 1.0), zinc)
    above = one_picture([block], zinc, (-5.0, -5.0), (5.0, 5.0))
    below = one_picture([block], zinc, (-5.0, -5.0), (5.0, 5.0), seen_from_below=True)
    assert above.places.mean(axis=0) == pytest.approx([0.8, 0.9], abs=0.02)
    assert below.places.mean(axis=0) == pytest.approx([0.8, 0.1], abs=0.02)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), length=st.floats(20, 180), width=st.floats(10, 120), share=st.floats(0.05, 0.4))
def test_broken_outlines_are_sound_and_fill_their_box(seed: int, length: float, width: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    for outline in (broken_off(rng, shapely.box(0, 0, length, width), share), shard(rng, length, width, 6, jag_mm=0.4)):
        filled = filling(outline, length, width)
        assert filled.is_valid
        assert filled.area > 0.1 * length * width
        assert filled.bounds == pytest.approx((-length / 2, -width / 2, length / 2, width / 2), abs=1e-6)


def test_smooth_path_meets_its_points_in_small_steps() -> None:
    points = np.array([(0.0, 0.0, 1.0), (10.0, 5.0, 1.0), (20.0, 0.0, 3.0)])
    path = smooth_path(points, 1.0)
    assert all(np.linalg.norm(path - point, axis=1).min() < 1e-9 for point in points)
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 1.5
