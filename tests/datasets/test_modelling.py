"""Every look builds sound solids for its models in all their poses, and paint falls where it is told to."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from neosort_datasets.modelling import labels
from neosort_datasets.modelling.circuits import Circuit
from neosort_datasets.modelling.cracks import shatter
from neosort_datasets.modelling.looks import LOOKS, solid_of
from neosort_datasets.modelling.paint import INK, PAPER, STEEL, Canvas, Paint, tinted, varied
from neosort_datasets.modelling.shapes import laid_over, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Surface, laid_down
from neosort_datasets.modelling.topview import TopView
from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.catalogue import KINDS, model_named

MOST_FACES = 60_000
MOST_PIXELS = 1_500_000
LIMIT_MM = 0.6
"""By which dents and bent edges may stand out of a model's box."""


@cache
def one_of_each_look() -> dict[str, ItemModel]:
    """A model of every look that the catalogue's first models have."""
    found: dict[str, ItemModel] = {}
    for number in range(1, 31):
        for kind in KINDS:
            model = model_named(f"{kind}-{number:02d}")
            if model.look_of == model.name:
                found.setdefault(model.look, model)
    return found


def every_surface(parts: tuple[Part, ...]) -> list[Surface]:
    return list({id(part.surface): part.surface for part in parts}.values())


def open_edges_share(part: Part) -> float:
    """Share of edges, corners at the same spot taken as one, that do not have a face on both sides."""
    _, spot = np.unique(np.round(part.corners_mm, 3), axis=0, return_inverse=True)
    faces = spot.ravel()[part.faces]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges = edges[edges[:, 0] != edges[:, 1]]
    _, counts = np.unique(edges, axis=0, return_counts=True)
    return float(np.mean(counts % 2 == 1))


def test_every_look_of_the_catalogue_is_modelled():
    assert sorted(set(one_of_each_look()) - set(LOOKS)) == []


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_solids_are_sound(look):
    model = one_of_each_look()[look]
    for pose in {pose.sprite: pose for pose in model.poses}.values():
        solid = solid_of(model, pose)
        lying = laid_down(solid, model, pose)
        assert lying, pose.sprite
        faces = sum(len(part.faces) for part in lying)
        assert 12 <= faces <= MOST_FACES, f"{faces} faces in pose {pose.sprite}"
        pixels = sum(surface.roughness.size for surface in every_surface(lying))
        assert pixels <= MOST_PIXELS, f"{pixels} px in pose {pose.sprite}"
        for part in lying:
            check_mesh(part)
        for surface in every_surface(lying):
            check_surface(surface)
        corners = np.concatenate([part.corners_mm for part in lying[: len(solid.parts)]])
        size = np.array(model.extents_mm(pose))
        assert np.all(np.abs(corners[:, :2]) <= 0.5 * size[:2] + LIMIT_MM), (pose.sprite, np.abs(corners).max(axis=0))
        assert corners[:, 2].min() >= -LIMIT_MM
        assert corners[:, 2].max() <= size[2] + LIMIT_MM, (pose.sprite, corners[:, 2].max(), size[2])
        assert np.all(np.ptp(corners, axis=0)[:2] >= 0.6 * size[:2] - 1.0), "far smaller than its box"


def check_mesh(part: Part) -> None:
    assert np.isfinite(part.corners_mm).all()
    assert np.allclose(np.linalg.norm(part.normals, axis=1), 1.0, atol=1e-3)
    assert part.places.min() >= -1e-6
    assert part.places.max() <= 1 + 1e-6
    assert part.faces.min() >= 0
    assert part.faces.max() < len(part.corners_mm)
    a, b, c = (part.corners_mm[part.faces[:, k]] for k in range(3))
    towards = np.einsum("ni,ni->n", np.cross(b - a, c - a), part.normals[part.faces[:, 0]])
    assert np.mean(towards > 0) > 0.97, "faces and normals disagree"


def check_surface(surface: Surface) -> None:
    assert surface.albedo.shape == (*surface.roughness.shape, 3)
    assert surface.metal.shape == surface.bump_mm.shape == surface.roughness.shape
    for picture in (surface.albedo, surface.roughness, surface.metal):
        assert picture.min() >= 0
        assert picture.max() <= 1
    assert np.abs(surface.bump_mm).max() < 6
    assert surface.mm_per_px > 0


@pytest.mark.parametrize("look", ["hdd35", "phone"])
def test_models_look_the_same_every_time_and_unlike_each_other(look):
    first, again, other = (
        solid_of(model, model.poses[0]).parts[0].surface.albedo
        for model in (model_named(f"{look}-01"), model_named(f"{look}-01"), model_named(f"{look}-04"))
    )
    assert np.array_equal(first, again)
    assert first.shape != other.shape or np.abs(first - other).mean() > 0.005


@pytest.mark.parametrize(("kind", "sprite"), [("hdd35", "board"), ("hdd25", "open"), ("phone", "screen")])
def test_bodies_are_closed(kind, sprite):
    model = model_named(f"{kind}-02")
    pose = next(pose for pose in model.poses if pose.sprite == sprite)
    body = max(solid_of(model, pose).parts, key=lambda part: float(np.ptp(part.corners_mm, axis=0).prod()))
    assert open_edges_share(body) < 0.03


def test_a_look_nobody_models_is_named():
    model = model_named("hdd35-01")
    stranger = type(model)(**{name: getattr(model, name) for name in model.__dataclass_fields__} | {"look": "teapot"})
    with pytest.raises(KeyError, match="teapot"):
        solid_of(stranger, model.poses[0])


def blank(width_mm: float = 40.0, height_mm: float = 30.0, paint: Paint = PAPER) -> Canvas:
    return Canvas(width_mm, height_mm, paint, np.random.default_rng(5))


def inked(canvas: Canvas) -> np.ndarray:
    return canvas.albedo[..., 1] < 0.3


def test_paint_is_in_linear_light():
    assert Paint((128, 0, 255), 0.5).linear == pytest.approx([0.2159, 0.0, 1.0], abs=1e-3)
    assert tinted(Paint((100, 100, 100), 0.5), 3.0).srgb == (255, 255, 255)
    assert varied(PAPER, np.random.default_rng(1), 0.0).srgb == PAPER.srgb


@given(
    x=st.floats(2, 20), y=st.floats(2, 15), wide=st.floats(1, 15), high=st.floats(1, 12), raised=st.floats(-1, 1)
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_a_rectangle_covers_what_it_should(x, y, wide, high, raised):
    canvas = blank()
    canvas.rect(x, y, x + wide, y + high, Paint((0, 0, 0), 0.1, 1.0), raised_mm=raised)
    # an edge may lie a quarter of a pixel outside: the filler draws the rim as well
    assert canvas.metal.sum() / canvas.px_per_mm**2 == pytest.approx(wide * high, abs=0.1 + 0.125 * (wide + high))
    rows, cols = np.nonzero(canvas.metal > 0.5)
    assert cols.mean() / canvas.px_per_mm == pytest.approx(x + 0.5 * wide, abs=0.3)
    assert 30 - rows.mean() / canvas.px_per_mm == pytest.approx(y + 0.5 * high, abs=0.4)
    assert canvas.bump_mm.sum() == pytest.approx(raised * canvas.metal.sum(), rel=1e-3, abs=1e-3)


def test_an_origin_shifts_the_sheet_and_strokes_off_it_do_nothing():
    sheet = Canvas(40, 30, PAPER, np.random.default_rng(5), origin_mm=(-20.0, -15.0))
    sheet.disc(200, 0, 5, INK)
    sheet.text("FAR AWAY", -300, 0, 4, INK)
    assert not inked(sheet).any()
    sheet.disc(0, 0, 4, INK)
    rows, cols = np.nonzero(inked(sheet))
    assert (rows.mean() / 4, cols.mean() / 4) == pytest.approx((15, 20), abs=0.3)


def test_a_square_code_reads():
    canvas = blank()
    canvas.square_code("NEO-0123", 8, 4, 22, INK, Paint((250, 250, 250), 0.7))
    picture = np.uint8(255 * np.clip(cv2.resize(canvas.albedo, None, fx=3, fy=3), 0, 1))
    assert cv2.QRCodeDetector().detectAndDecode(np.ascontiguousarray(picture))[0] == "NEO-0123"


@pytest.mark.parametrize("angle_deg", [0.0, 90.0, 30.0])
def test_print_stands_where_it_is_put(angle_deg):
    canvas = blank()
    canvas.text("HHHHH", 20, 15, 3.0, INK, angle_deg=angle_deg)
    ink = PAPER.linear[1] - canvas.albedo[..., 1]
    rows, cols = (np.arange(edge) + 0.5 for edge in ink.shape)
    middle = (float(ink.sum(axis=0) @ cols / ink.sum() / 4), float(30 - ink.sum(axis=1) @ rows / ink.sum() / 4))
    assert middle == pytest.approx((20, 15), abs=0.2)
    rows, cols = np.nonzero(inked(canvas))
    if angle_deg == 0:
        assert np.ptp(rows) / 4 == pytest.approx(3.0, abs=0.4)
        assert np.ptp(cols) / 4 == pytest.approx(canvas.text_width_mm("HHHHH", 3.0), rel=0.08)
    if angle_deg == 90:
        assert np.ptp(rows) > 3 * np.ptp(cols)


def test_print_is_shrunk_to_fit():
    canvas = blank()
    canvas.text("A VERY LONG NAME", 20, 15, 6.0, INK, fit_mm=18)
    _, cols = np.nonzero(inked(canvas))
    assert np.ptp(cols) / 4 <= 18.5


def test_a_sheet_is_pasted_the_right_way_round():
    sticker = Canvas(10, 4, PAPER, np.random.default_rng(1))
    sticker.rect(0, 0, 2, 4, INK)
    canvas = blank()
    canvas.paste(sticker, 20, 10, quarter_turns=1)
    rows, cols = np.nonzero(inked(canvas))
    # its left end comes to lie at the bottom
    assert (cols.mean() / 4, 30 - rows.mean() / 4) == pytest.approx((22, 11), abs=0.4)
    canvas.paste(sticker, 36, 28)
    assert np.isfinite(canvas.albedo).all()


def test_stamping_bends_the_relief_alone_and_smoothing_takes_it_away():
    canvas = blank()
    before = canvas.albedo.copy()
    shape = Point(20, 15).buffer(6)
    canvas.emboss(shape, 0.8, 0.5)
    assert canvas.bump_mm[60, 80] == pytest.approx(0.8, abs=0.05)
    assert np.array_equal(canvas.albedo, before)
    canvas.emboss(Polygon(), 1.0)
    canvas.smoothed(shape)
    assert abs(float(canvas.bump_mm[60, 80])) < 0.01


@pytest.mark.parametrize("dark", [True, False])
def test_wear_keeps_surfaces_within_their_bounds_and_leaves_its_mark(dark):
    canvas = blank(paint=Paint((20, 20, 22), 0.1) if dark else STEEL)
    for wear in (
        lambda: canvas.mottle(0.3, 5), lambda: canvas.brushed(1.0, 30), lambda: canvas.scratches(20),
        lambda: canvas.dust(1.0), lambda: canvas.grime(1.0), lambda: canvas.rust(0.5), lambda: canvas.spangle(5),
        lambda: canvas.orange_peel(1.0), lambda: canvas.smears(5), lambda: canvas.wear_edges(0.8),
        lambda: canvas.dent(20, 15, 5, 1.0), lambda: shatter(canvas, (10, 10), 20, 1.0),
    ):  # fmt: skip
        before = np.dstack([canvas.albedo, canvas.roughness, canvas.bump_mm])
        wear()
        after = np.dstack([canvas.albedo, canvas.roughness, canvas.bump_mm])
        assert np.isfinite(after).all()
        assert np.abs(after - before).max() > 1e-3
    check_surface(canvas.surface())


def test_labels_and_circuits_stay_where_they_belong():
    rng = np.random.default_rng(3)
    for _ in range(4):
        canvas = blank(60, 40, STEEL)
        labels.disk_label(canvas, rng, 10, 10, 50, 30)
        labels.type_plate(canvas, rng, 2, 1, 20, 8, ["NAME", "12 V", "MADE OF BITS"])
        outside = canvas.metal[:30] if labels.brand(rng) else None
        assert outside.min() == 1.0, "print beside the label"
        assert canvas.metal[60:100, 60:180].mean() < 0.5
    view = TopView(60, 40, STEEL, rng, px_per_mm=4)
    board = rounded_rectangle(40, 20, 2)
    Circuit(view, board, Paint((10, 80, 40), 0.3), 2.0, 5.0, rng).draw(chips_up=True)
    assert view.sheet.metal[:30].min() == 1.0
    assert view.sheet.albedo[40:120, 60:180, 1].mean() < 0.4


def test_bodies_of_a_view_share_one_sheet_and_end_at_its_edge():
    view = TopView(40, 30, STEEL, np.random.default_rng(2), px_per_mm=4)
    view.slab(rounded_rectangle(44, 20, 2), 0, 4)
    view.disc(10, 5, 3, 4, 6)
    view.turned([(3, 4), (3, 6), (0, 6)], (-10, 5))
    parts = view.parts()
    assert len(every_surface(parts)) == 1
    assert max(np.abs(part.corners_mm[:, 0]).max() for part in parts) == pytest.approx(20)
    at = parts[1].corners_mm[:, :2]
    assert parts[1].places == pytest.approx((at + np.array([20, 15])) / [40, 30], abs=1e-6)


def test_a_sheet_laid_over_a_part_keeps_to_its_rectangle():
    part = slab(rounded_rectangle(10, 10, 1), 0, 2, blank().surface())
    places = laid_over(part, (-20.0, -10.0), (20.0, 10.0)).places
    assert places.min(axis=0) == pytest.approx([0.375, 0.25], abs=1e-3)
    assert places.max(axis=0) == pytest.approx([0.625, 0.75], abs=1e-3)
