"""Loudspeakers: from before a ferrite one and one with NdFeB are twins; from behind their magnets tell them apart."""

from __future__ import annotations

import math

import numpy as np
from shapely.geometry import Polygon

from neosort_datasets.modelling.forms import from_below, plain, stray_wire, whole
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ANODISED_BLACK,
    BLACK_PLASTIC,
    CAST_ALUMINIUM,
    FOAM,
    GREY_PLASTIC,
    INK,
    PCB_BROWN,
    RED_PLASTIC,
    SOLDER,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    ZINC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_datasets.modelling.speaker_cones import Cone, basket, drawn_cone, front, magnet_system
from neosort_hardware.twin.bodies import ItemModel, Pose

FRAMES = (ZINC, STEEL, ANODISED_BLACK, BLACK_PLASTIC, BLACK_PLASTIC, CAST_ALUMINIUM, Paint((58, 58, 60), 0.5, 0.3))
HOLE = Paint((13, 13, 13), 0.9)


def speaker(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A bare loudspeaker, or one in its plastic box as televisions and laptops have them."""
    boxed = bool(rng.random() < 0.2)
    frame = varied(BLACK_PLASTIC if boxed else FRAMES[rng.integers(len(FRAMES))], rng, 8)
    parts = _boxed(model, frame, rng) if boxed else _bare(model, frame, rng)
    return Solid(parts=tuple(parts), loose=_leads(model, pose, rng))


def _bare(model: ItemModel, frame: Paint, rng: np.random.Generator) -> list[Part]:
    length, width, high = model.length_mm, model.width_mm, model.height_mm
    oval = length > 1.05 * width
    form = str(rng.choice(["oval", "rectangle"] if oval else ["round", "ears", "ears", "square"]))
    lip = float(rng.uniform(0.05, 0.1)) * width
    reach = 0.92 if form == "ears" else 1.0
    square = 2.0 if not oval else float(rng.choice([2.0, 2.5, 3.2]))
    half_x, half_y = 0.5 * reach * length - lip, 0.5 * reach * width - lip
    neck_z = min(0.46 * high, max(0.3 * high, _top_of_magnet(model) + 2.5))
    cone = drawn_cone(rng, half_x, half_y, square, high, high - neck_z - 6.0)
    system, neck = magnet_system(model.magnets[0], neck_z, rng)
    rim = _rim(form, length, width, rng)
    sheet = _rim_surface(rim, frame, cone, length, width, rng)
    thick = float(rng.uniform(1.4, 3.4))
    opening = Polygon(cone.ring(1.0, 0.0)[:, :2])
    parts = [slab(whole(rim.difference(opening)), cone.rim_mm - thick, cone.rim_mm + 0.1, sheet, bevel_mm=0.5)]
    parts += front(cone, rng) + basket(cone, min(neck, 0.8 * half_y), neck_z, plain(frame, rng, 0.1), rng) + system
    return parts + _terminals(cone, neck_z, rng)


def _top_of_magnet(model: ItemModel) -> float:
    magnet = model.magnets[0]
    return magnet.centre_mm[2] + 0.5 * magnet.size_mm[2]


def _rim(form: str, length: float, width: float, rng: np.random.Generator) -> Polygon:
    """The flange's outline with its screw holes."""
    hole = float(np.clip(0.025 * width, 1.2, 2.6))
    if form in ("square", "rectangle"):
        outline = rounded_rectangle(length, width, float(rng.uniform(0.04, 0.2)) * width)
        at = (0.5 * length - 2.6 * hole, 0.5 * width - 2.6 * hole)
        spots = [(sx * at[0], sy * at[1]) for sx in (-1, 1) for sy in (-1, 1)]
    elif form == "ears":
        outline = circle(0.46 * length, segments=96)
        count, first = int(rng.choice([3, 4, 4])), float(rng.uniform(0.6, 0.95))
        spots = []
        for ear in range(count):
            angle = first + math.tau * ear / count
            reach = 0.5 * length - 2.4 * hole
            spots.append((reach * math.cos(angle), reach * math.sin(angle)))
            outline = outline.union(circle(2.3 * hole, spots[-1], 24))
        outline = outline.buffer(1.5).buffer(-1.5)
    else:
        outline = (
            rounded_rectangle(length, width, 0.499 * width) if form == "oval" else circle(0.5 * length, segments=96)
        )
        place = 0.5 * width - 1.8 * hole
        long = 0.5 * (length - width)
        turn = float(rng.uniform(0.5, 0.95))
        spots = [
            (sx * (long + place * math.cos(turn)), sy * place * math.sin(turn)) for sx in (-1, 1) for sy in (-1, 1)
        ]
    for spot in spots:
        outline = outline.difference(circle(hole, spot, 20))
    return outline


def _rim_surface(
    rim: Polygon, frame: Paint, cone: Cone, length: float, width: float, rng: np.random.Generator
) -> Surface:
    x0, y0, x1, y1 = rim.bounds
    canvas = Canvas(x1 - x0, y1 - y0, frame, rng, px_per_mm=3.0)
    canvas.mottle(0.12, 8.0)
    outline = cone.ring(1.0, 0.0)[:, :2] - (x0, y0)
    if rng.random() < 0.5:  # a gasket of paper or foam
        gasket = varied((FOAM, Paint((70, 68, 64), 0.95), Paint((150, 130, 100), 0.95))[rng.integers(3)], rng, 6)
        middle = outline.mean(axis=0)
        canvas.polygon(Polygon(middle + (outline - middle) * 1.07), gasket, raised_mm=0.5)
    canvas.scratches(int(rng.integers(5, 25)), length_mm=15.0, strength=0.5)
    if frame.metal > 0.3:
        canvas.wear_edges(float(rng.uniform(0.0, 0.4)))
    canvas.dust(float(rng.uniform(0.1, 0.5)))
    if frame.metal > 0.5 and rng.random() < 0.35:
        canvas.rust(float(rng.uniform(0.05, 0.35)))
    return canvas.surface()


def _terminals(cone: Cone, neck_z: float, rng: np.random.Generator) -> list[Part]:
    """A strip with two lugs on the basket's side."""
    if rng.random() < 0.15:
        return []
    z = 0.55 * (neck_z + cone.rim_mm)
    wide = float(np.clip(0.3 * cone.half_y_mm, 6.0, 14.0))
    y = -0.88 * cone.half_y_mm
    parts = [box((wide, 1.4, 7.0), (0.0, y, z - 1.5), plain(PCB_BROWN, rng), bevel_mm=0.2)]
    for side in (-1, 1):
        parts.append(box((1.8, 3.2, 2.0), (side * 0.3 * wide, y - 0.6, z - 3.0), plain(SOLDER, rng), bevel_mm=0.4))
    return parts


def _boxed(model: ItemModel, frame: Paint, rng: np.random.Generator) -> list[Part]:
    """A plastic chamber with one driver in its face and the driver's magnet in an opening at its back."""
    length, width, high = model.length_mm, model.width_mm, model.height_mm
    shell = varied(frame if rng.random() < 0.7 else (GREY_PLASTIC, WHITE_PLASTIC)[rng.integers(2)], rng, 6)
    long = length > 1.05 * width
    half_y = 0.5 * width * float(rng.uniform(0.7, 0.86))
    half_x = half_y * (float(rng.uniform(1.0, 1.45)) if long else 1.0)
    shift = (0.5 * length - half_x - 0.08 * width) * float(rng.choice([-1, 0, 1])) if long else 0.0
    depth = min(0.45 * high, 12.0)
    cone = drawn_cone(rng, half_x, half_y, float(rng.choice([2.0, 2.6, 4.0])), high, depth)
    outline = rounded_rectangle(length, width, float(rng.uniform(0.05, 0.22)) * width)
    opening = Polygon(cone.ring(1.0, 0.0)[:, :2] + (shift, 0.0))
    system, neck = magnet_system(model.magnets[0], 0.5 * high, rng)
    back = circle(min(0.46 * width, neck * 1.35 + 3.0), (shift, 0.0), 48)
    split = cone.rim_mm - min(6.0, 0.25 * high)
    parts = [
        slab(
            whole(outline.difference(opening)),
            split,
            cone.rim_mm + 0.2,
            _shell(shell, outline, rng, printed=False),
            bevel_mm=0.9,
        ),
        slab(outline.buffer(-0.4), 0.35 * high, split - 0.2, plain(tinted(shell, 0.9), rng), bevel_mm=0.1),
        slab(
            whole(outline.difference(back)),
            0.1 * high,
            split - 0.1,
            _shell(shell, outline, rng, printed=True),
            bevel_mm=1.2,
        ),
    ]
    return parts + [part.moved((shift, 0.0, 0.0)) for part in (*front(cone, rng), *system)]


def _shell(shell: Paint, outline: Polygon, rng: np.random.Generator, *, printed: bool) -> Surface:
    x0, y0, x1, y1 = outline.bounds
    wide, high = x1 - x0, y1 - y0
    canvas = Canvas(wide, high, shell, rng, px_per_mm=3.0)
    canvas.orange_peel(0.3)
    for sx in (0.06, 0.94):
        for sy in (0.1, 0.9):
            canvas.screw(sx * wide, sy * high, min(2.2, 0.03 * wide), STEEL, drive="cross")
    if printed:  # at the back
        at = float(rng.choice([0.2, 0.5, 0.8])) * wide
        canvas.rect(
            at - 0.16 * wide, 0.74 * high, at + 0.16 * wide, 0.9 * high, WHITE_INK, radius_mm=0.6, raised_mm=0.05
        )
        canvas.text(brand(rng), at, 0.85 * high, 0.05 * high, INK, font="bold", fit_mm=0.28 * wide)
        canvas.text(serial(rng), at, 0.78 * high, 0.035 * high, INK, font="mono", fit_mm=0.28 * wide)
    elif rng.random() < 0.6:
        strip = varied(FOAM, rng, 8)
        canvas.rect(0.02 * wide, 0.02 * high, 0.98 * wide, 0.07 * high, strip, raised_mm=0.8)
        canvas.rect(0.02 * wide, 0.93 * high, 0.98 * wide, 0.98 * high, strip, raised_mm=0.8)
    canvas.scratches(int(rng.integers(8, 25)), length_mm=18.0)
    canvas.dust(float(rng.uniform(0.1, 0.5)))
    return from_below(canvas.surface()) if printed else canvas.surface()


def _leads(model: ItemModel, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
    if rng.random() < 0.45:
        return ()
    second = (BLACK_PLASTIC, WHITE_PLASTIC, Paint((60, 60, 62), 0.5))[rng.integers(3)]
    heading = -0.5 * math.pi + 0.5 * float(rng.normal())
    start_z = model.height_mm * (0.6 if pose.sprite == "cone" else 0.3)
    thick = float(rng.uniform(0.5, 0.9))
    parts: list[Part] = []
    for side, paint in ((-1, RED_PLASTIC), (1, second)):
        start = (side * 2.0, -0.4 * model.width_mm, start_z)
        parts += stray_wire(rng, start, heading, float(rng.uniform(18, 65)), thick, paint, curl=0.035)
    return tuple(parts)
