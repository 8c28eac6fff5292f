"""What every loudspeaker has in its frame: cone, surround and dust cap before, basket and magnet behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling.forms import TAU, disc_plate, from_below, loft, plain, ring_outline, rod
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    COPPER,
    FERRITE,
    GREY_PLASTIC,
    INK,
    NICKEL,
    PAPER,
    PAPER_CONE,
    RUBBER,
    STEEL,
    WHITE_INK,
    YELLOW_PLASTIC,
    ZINC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import lathe, slab
from neosort_datasets.modelling.solid import Part, Surface
from neosort_hardware.twin.bodies import Magnet
from neosort_hardware.types import ArrayF64

CONES = (PAPER_CONE, PAPER_CONE, PAPER_CONE, Paint((84, 82, 78), 0.9), Paint((122, 104, 80), 0.9), ALUMINIUM,
         Paint((176, 172, 162), 0.85), Paint((34, 52, 92), 0.6), Paint((170, 142, 50), 0.7), BLACK_PLASTIC)  # fmt: skip
SURROUNDS = (RUBBER, RUBBER, RUBBER, Paint((62, 60, 58), 0.95), Paint((150, 146, 138), 0.9), Paint((96, 80, 62), 0.95))
CAPS = (PAPER_CONE, PAPER_CONE, ALUMINIUM, ALUMINIUM, BLACK_PLASTIC, GREY_PLASTIC, Paint((180, 152, 84), 0.3, 1.0))
SPIDER = Paint((196, 142, 66), 0.9)
AROUND = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Cone:
    """The moving part. ``half_x_mm``, ``half_y_mm``: of its opening; ``square``: exponent of its outline (2: ellipse).

    ``rim_mm``: height of the surround's edge; ``depth_mm`` of the cone below it; ``cap_mm``: radius of the dust cap;
    ``roll_mm``: how far the surround swells upwards (or sinks).
    """

    half_x_mm: float
    half_y_mm: float
    square: float
    rim_mm: float
    depth_mm: float
    cap_mm: float
    roll_mm: float
    paint: Paint
    surround: Paint
    cap: Paint
    cap_form: str
    torn: bool
    ribs: int

    def ring(self, share: float, z_mm: float) -> ArrayF64:
        """(AROUND, 3): between the dust cap's circle (0) and the opening (1), at a height."""
        angle = np.linspace(0, TAU, AROUND, endpoint=False)
        power = self.square
        reach = (np.abs(np.cos(angle) / self.half_x_mm) ** power + np.abs(np.sin(angle) / self.half_y_mm) ** power) ** (
            -1 / power
        )
        radius = self.cap_mm + share * (reach - self.cap_mm)
        return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.full(AROUND, z_mm)])


def drawn_cone(rng: np.random.Generator, half_x: float, half_y: float, square: float, top: float, depth: float) -> Cone:
    """A cone for that opening whose highest part reaches ``top``."""
    small = min(half_x, half_y)
    roll = float(np.clip(small * rng.uniform(0.05, 0.11), 0.6, 4.0))
    swell = 1.0 if rng.random() < 0.8 else -0.8
    form = str(rng.choice(["dome", "dome", "dome", "hollow", "flat", "missing"], p=[0.3, 0.2, 0.15, 0.15, 0.12, 0.08]))
    paint = CONES[rng.integers(len(CONES))]
    return Cone(
        half_x_mm=half_x,
        half_y_mm=half_y,
        square=square,
        rim_mm=top - max(swell, 0.0) * roll,
        depth_mm=min(depth, 0.5 * small),
        cap_mm=small * float(rng.uniform(0.24, 0.42)),
        roll_mm=roll * swell,
        paint=varied(paint, rng, 7),
        surround=varied(SURROUNDS[rng.integers(len(SURROUNDS))], rng, 6),
        cap=varied(paint if rng.random() < 0.35 else CAPS[rng.integers(len(CAPS))], rng, 8),
        cap_form=form,
        torn=bool(rng.random() < 0.16),
        ribs=int(rng.choice([0, 0, 1, 2, 3])),
    )


def front(cone: Cone, rng: np.random.Generator) -> list[Part]:
    """Surround, cone and dust cap as seen from before; the cone's back too."""
    bottom = cone.rim_mm - cone.depth_mm
    shares = np.array([0.0, 0.1, 0.22, 0.34, 0.46, 0.58, 0.7, 0.8])
    fall = 1 - (shares / 0.8) ** 0.85
    rise = cone.rim_mm - fall * cone.depth_mm
    if cone.ribs:
        rise += 0.35 * np.sin(shares * TAU * (2 + cone.ribs))
    skin = [cone.ring(float(s), float(z)) for s, z in zip(shares, rise, strict=True)]
    missing = _torn(rng, len(skin) - 1) if cone.torn else None
    # The rings run outwards here, so that the skin must be built from the rim inwards to show its front.
    parts = [
        loft(skin[::-1], _cone_paper(cone, rng), missing=None if missing is None else missing[::-1]),
        loft([ring - (0, 0, 0.5) for ring in skin], plain(tinted(cone.paint, 0.8), rng, 0.15), missing=missing),
    ]
    bow = np.linspace(0, np.pi, 8)
    roll = [
        cone.ring(float(0.8 + 0.2 * (1 - np.cos(b)) / 2), cone.rim_mm + cone.roll_mm * float(np.sin(b))) for b in bow
    ]
    parts.append(loft(roll[::-1], plain(cone.surround, rng, 0.1)))
    parts.append(loft([ring - (0, 0, 0.5) for ring in roll], plain(cone.surround, rng, 0.1)))
    return parts + _dust_cap(cone, bottom, rng)


def _torn(rng: np.random.Generator, levels: int) -> ArrayF64:
    """A ragged hole in the cone."""
    missing = np.zeros((levels, AROUND))
    middle, wide = int(rng.integers(AROUND)), int(rng.integers(3, 12))
    for level in range(int(rng.integers(0, 3)), levels - int(rng.integers(0, 2))):
        low, high = middle - int(rng.integers(1, wide)), middle + int(rng.integers(1, wide))
        missing[level, np.arange(low, high) % AROUND] = 1
    return missing


def _cone_paper(cone: Cone, rng: np.random.Generator) -> Surface:
    wide, high = 2 * cone.half_x_mm * 0.88, 2 * cone.half_y_mm * 0.88
    canvas = Canvas(wide, high, cone.paint, rng, px_per_mm=3.0)
    canvas.mottle(0.14, 3.0)
    small = 0.5 * min(wide, high)
    for share in np.linspace(0.35, 0.95, 9):
        canvas.ring(0.5 * wide, 0.5 * high, share * small, share * small + 0.25, tinted(cone.paint, 0.9))
    canvas.smears(int(rng.integers(0, 4)))
    canvas.dust(float(rng.uniform(0.1, 0.7)))
    return canvas.surface()


def _dust_cap(cone: Cone, bottom: float, rng: np.random.Generator) -> list[Part]:
    radius = cone.cap_mm * 1.02
    if cone.cap_form == "missing":
        coil = slab(ring_outline(0.62 * radius, 0.55 * radius), bottom - 3.0, bottom + 1.5, plain(COPPER, rng))
        pole = rod(0.5 * radius, bottom - 6.0, bottom - 0.8, plain(STEEL, rng), segments=40)
        spider = disc_plate(1.05 * radius, bottom - 1.5, bottom - 0.8, plain(SPIDER, rng))
        return [coil, pole, spider]
    share = np.linspace(0, 1, 9)
    high = radius * {"dome": 0.42, "hollow": -0.3, "flat": 0.06}[cone.cap_form]
    high = min(high, cone.depth_mm + 0.6 * max(cone.roll_mm, 0.0))
    canvas = Canvas(2 * radius, 2 * radius, cone.cap, rng, px_per_mm=4.0)
    canvas.mottle(0.08, 4.0)
    if rng.random() < 0.12:
        canvas.text("HD", radius, radius, 0.35 * radius, WHITE_INK, font="oblique")
    canvas.dust(float(rng.uniform(0.1, 0.6)))
    canvas.scratches(5, length_mm=6.0)
    profile = [(radius * float(s), bottom + high * float(1 - s * s)) for s in share[::-1]]
    if rng.random() < 0.18 and cone.cap_form == "dome":  # pushed in, as children do
        profile = [(r, z - 1.5 * high * max(0.0, 0.45 - r / radius)) for r, z in profile]
    parts = [lathe(profile, canvas.surface(), segments=48, laid="above")]
    lip = ring_outline(radius * 1.06, radius * 0.96)
    return [*parts, slab(lip, bottom - 0.3, bottom + 0.45, plain(tinted(cone.paint, 0.85), rng), bevel_mm=0.3)]


def basket(cone: Cone, neck_mm: float, neck_z_mm: float, frame: Surface, rng: np.random.Generator) -> list[Part]:
    """The frame's bowl with its windows, from the rim down to a neck of that radius, and the spider inside."""
    top, spokes, solid = cone.rim_mm - 1.0, int(rng.choice([3, 4, 4, 5, 6, 8])), float(rng.uniform(0.35, 0.62))
    levels = np.array([0.0, 0.12, 0.2, 0.35, 0.5, 0.65, 0.8, 0.88, 1.0])
    circle = np.linspace(0, TAU, AROUND, endpoint=False)
    neck = np.column_stack([neck_mm * np.cos(circle), neck_mm * np.sin(circle), np.full(AROUND, neck_z_mm)])
    rim = cone.ring(1.02, top)
    rings = []
    for share in levels:
        ring = neck + share**0.8 * (rim - neck)
        ring[:, 2] = neck_z_mm + share * (top - neck_z_mm)
        rings.append(ring)
    missing = np.zeros((len(levels) - 1, AROUND))
    open_here = (np.arange(AROUND) * spokes / AROUND + 0.5 * solid) % 1.0 > solid
    if rng.random() < 0.88:
        missing[2:6, open_here] = 1
    parts = [loft(rings, frame, thickness_mm=0.9, missing=missing)]
    parts.append(slab(ring_outline(1.02 * neck_mm, 0.1 * neck_mm), neck_z_mm - 0.2, neck_z_mm + 0.8, frame))
    spread = min(0.75 * float(np.hypot(*rim[:, :2].T).min()), 1.8 * neck_mm)
    level = min(neck_z_mm + 0.42 * (top - neck_z_mm), cone.rim_mm - cone.depth_mm - 1.6)
    corrugated = [(0.2 * neck_mm + spread * i / 10, level + (0.5 if i % 2 else 0.0)) for i in range(9)]
    under = lathe(corrugated, plain(varied(SPIDER, rng, 12), rng, 0.1), segments=40)
    return [*parts, under]


def magnet_system(magnet: Magnet, neck_z_mm: float, rng: np.random.Generator) -> tuple[list[Part], float]:
    """The plates and the magnet down to z = 0, and the radius of the neck above them."""
    outer = 0.5 * magnet.size_mm[0]
    plate = varied(
        (ZINC, NICKEL, STEEL, Paint((196, 178, 120), 0.4, 1.0), Paint((48, 48, 50), 0.5, 0.5))[rng.integers(5)], rng, 8
    )
    if magnet.material != "ferrite":
        return _small_pot(outer, neck_z_mm, plate, rng), 1.05 * outer
    low = max(2.5, magnet.centre_mm[2] - 0.5 * magnet.size_mm[2])
    high = max(low + 5.0, min(neck_z_mm - 2.0, magnet.centre_mm[2] + 0.5 * magnet.size_mm[2]))
    dark = varied(FERRITE, rng, 6)
    ring = Canvas(2 * outer, 2 * outer, dark, rng)
    ring.mottle(0.2, 4.0)
    ring.dust(0.4)
    parts = [disc_plate(outer, low, high, ring.surface(), 0.8)]
    wide = outer * float(rng.uniform(0.68, 0.92))
    parts.append(disc_plate(wide, 0.0, low + 0.01, _back_plate(wide, plate, rng), 0.7))
    parts.append(disc_plate(wide, high, neck_z_mm, plain(plate, rng), 0.5))
    if rng.random() < 0.2:  # a steel can that keeps the field in
        parts[0] = disc_plate(1.03 * outer, 0.3, high, _back_plate(1.03 * outer, plate, rng), 1.6)
    return parts, min(0.85 * wide, 0.8 * outer)


def _small_pot(outer: float, neck_z: float, plate: Paint, rng: np.random.Generator) -> list[Part]:
    """Cup of a speaker whose magnet is NdFeB: hardly wider than its coil."""
    radius = outer + float(rng.uniform(2.5, 4.0))
    parts = [disc_plate(radius, 0.0, 0.8 * neck_z, _back_plate(radius, plate, rng), 1.2)]
    parts.append(disc_plate(1.08 * radius, 0.8 * neck_z, neck_z, plain(varied(STEEL, rng, 12), rng), 0.5))
    return parts


def _back_plate(radius: float, plate: Paint, rng: np.random.Generator) -> Surface:
    """The plate seen from behind, with its print."""
    canvas = Canvas(2 * radius, 2 * radius, plate, rng)
    canvas.brushed(0.4, float(rng.uniform(0, 180)))
    kind = str(rng.choice(["hole", "dimple", "label", "plain"]))
    if kind == "hole":
        canvas.disc(radius, radius, 0.24 * radius, Paint((12, 12, 12), 0.9), raised_mm=-0.8)
    elif kind == "dimple":
        canvas.ring(radius, radius, 0.3 * radius, 0.36 * radius, tinted(plate, 0.7), raised_mm=-0.3)
    elif kind == "label":
        paper = (PAPER, Paint((196, 198, 202), 0.4), YELLOW_PLASTIC, BLUE_PLASTIC)[rng.integers(4)]
        canvas.disc(radius, radius, 0.68 * radius, paper, raised_mm=0.1)
        for row in range(4):
            wide = 0.45 * radius * (1.0 if row in (1, 2) else 0.7)
            y = radius + (1.5 - row) * 0.26 * radius
            canvas.rect(
                radius - wide, y - 0.05 * radius, radius + wide * float(rng.uniform(0.2, 1)), y + 0.05 * radius, INK
            )
    canvas.mottle(0.15, 5.0)
    canvas.scratches(int(rng.integers(4, 16)), length_mm=10.0)
    canvas.grime(float(rng.uniform(0.0, 0.4)))
    if rng.random() < 0.2:
        canvas.rust(float(rng.uniform(0.05, 0.3)))
    return from_below(canvas.surface())
