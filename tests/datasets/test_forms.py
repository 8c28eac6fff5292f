"""Forms of motors, fans and loudspeakers: what a picture or a magnet must agree with."""

from __future__ import annotations

import numpy as np
import pytest

from neosort_datasets.modelling.forms import along_x, curved, flat_sided, from_below, loft, plain, stray_wire, wrapped
from neosort_datasets.modelling.looks import solid_of
from neosort_datasets.modelling.paints import BRASS, FERRITE
from neosort_datasets.modelling.shapes import circle
from neosort_datasets.modelling.solid import Part, laid_down
from neosort_hardware.twin.catalogue import model_named
from neosort_hardware.types import ArrayF64


def _wings(part: Part) -> ArrayF64:
    a, b, c = (part.corners_mm[part.faces[:, k]] for k in range(3))
    return np.asarray(np.cross(b - a, c - a))


def test_a_wrapped_wall_faces_outwards_and_its_surface_goes_once_around() -> None:
    part = wrapped(circle(10.0), [(0.0, 0.0), (0.0, 5.0)], plain(BRASS, np.random.default_rng(1)))
    outward = np.einsum("ni,ni->n", _wings(part)[:, :2], part.corners_mm[part.faces[:, 0], :2])
    assert (outward > 0).all()
    assert part.places.min() == 0.0
    assert part.places.max() == pytest.approx(1.0)


def test_a_curved_sheet_is_closed() -> None:
    x, y = np.meshgrid(np.linspace(0, 10, 5), np.linspace(0, 6, 4))
    part = curved(np.stack([x, y, 0.1 * x * y], axis=2), 1.0, plain(BRASS, np.random.default_rng(1)))
    # The faces of a closed body sum to nothing as vectors.
    assert np.abs(_wings(part).sum(axis=0)).max() < 1e-9 * np.abs(_wings(part)).sum()


def test_laid_along_x_the_side_comes_left_and_the_axis_stands_at_its_height() -> None:
    surface = plain(BRASS, np.random.default_rng(1))
    part = along_x(wrapped(flat_sided(5.0, 4.0), [(0.0, -8.0), (0.0, 8.0)], surface), 5.0)
    low, high = part.corners_mm.min(axis=0), part.corners_mm.max(axis=0)
    np.testing.assert_allclose([*low, *high], [-8.0, -4.0, 0.0, 8.0, 4.0, 10.0], atol=0.05)


def test_what_is_torn_away_leaves_no_faces() -> None:
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rings = [np.column_stack([r * np.cos(angle), r * np.sin(angle), np.full(12, r)]) for r in (1.0, 2.0, 3.0)]
    missing = np.zeros((2, 12))
    missing[1, 3:5] = 1
    surface = plain(BRASS, np.random.default_rng(1))
    assert len(loft(rings, surface).faces) - len(loft(rings, surface, missing=missing).faces) == 4


@pytest.mark.parametrize("seed", range(8))
def test_a_stray_wire_lies_on_the_belt(seed: int) -> None:
    parts = stray_wire(np.random.default_rng(seed), (0.0, 0.0, 12.0), 0.3, 40.0, 0.8, BRASS)
    corners = np.concatenate([part.corners_mm for part in parts])
    assert corners[:, 2].min() > -0.25
    assert np.hypot(*corners[:, :2].T).max() < 50.0


def test_a_picture_for_the_underside_is_turned_over() -> None:
    surface = plain(BRASS, np.random.default_rng(1), mottle=0.4)
    np.testing.assert_array_equal(from_below(surface).albedo[0], surface.albedo[-1])


@pytest.mark.parametrize("name", ["speaker_ferrite-01", "speaker_ferrite-25", "speaker_ferrite-31"])
def test_the_ring_of_a_ferrite_speaker_is_as_wide_as_its_magnet(name: str) -> None:
    model = model_named(name)
    across = [np.ptp(part.corners_mm[:, 0]) for part in solid_of(model, model.poses[0]).parts]
    assert min(abs(wide - model.magnets[0].size_mm[0]) for wide in across) < 0.05 * model.magnets[0].size_mm[0]


@pytest.mark.parametrize("name", ["motor_nd-08", "motor_ferrite-28", "motor_ferrite-02", "earphone-05", "alnico-01"])
def test_an_item_rests_on_the_belt_in_every_pose(name: str) -> None:
    model = model_named(name)
    for pose in model.poses:
        parts = laid_down(solid_of(model, pose), model, pose)
        assert min(part.corners_mm[:, 2].min() for part in parts) == pytest.approx(0.0, abs=0.5)


def test_a_plain_patch_has_the_colour_of_its_paint() -> None:
    albedo = plain(FERRITE, np.random.default_rng(3)).albedo.mean(axis=(0, 1))
    np.testing.assert_allclose(albedo, FERRITE.linear, rtol=0.2)
