"""Circuit boards, whole and broken off."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry import Polygon

from neosort_datasets.modelling import board_parts, board_spots
from neosort_datasets.modelling.board_kits import LOGIC, MIXED, POWER, Kit
from neosort_datasets.modelling.board_spots import Mount, Spot
from neosort_datasets.modelling.labels import brand, label_sheet, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    GOLD,
    INK,
    PAPER,
    PCB_BLACK,
    PCB_BLUE,
    PCB_BROWN,
    PCB_GREEN,
    PCB_RED,
    SOLDER,
    WHITE_INK,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.paths import broken_off, filling
from neosort_datasets.modelling.shapes import circle, rounded_rectangle, slab
from neosort_datasets.modelling.sheets import one_picture
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose

Rng = np.random.Generator

MASKS = (
    PCB_GREEN,
    PCB_GREEN,
    PCB_GREEN,
    PCB_GREEN,
    PCB_BLUE,
    PCB_BLUE,
    PCB_RED,
    PCB_BLACK,
    PCB_BLACK,
    PCB_BROWN,
    Paint((200, 196, 180), 0.35),
)


BOARD_MM = 1.6


LEGS_MM = 1.4


def pcb(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A populated board: parts side with its components, solder side with joints and tracks."""
    size = (model.length_mm, model.width_mm)
    mask = varied(MASKS[int(rng.integers(len(MASKS)))], rng, 6)
    outline, holes = _outline(rng, *size)
    kit = (POWER, LOGIC, MIXED)[int(rng.integers(3))]
    px_per_mm = 5.0 if max(size) < 90 else 3.4
    top, under = (Canvas(*size, mask, rng, px_per_mm=px_per_mm) for _ in range(2))
    offset = (0.5 * size[0], 0.5 * size[1])
    _copper(top, rng, mask, size)
    _copper(under, rng, mask, size)
    _silkscreen(top, rng, size)
    base = LEGS_MM + BOARD_MM
    blank = Canvas(1.0, 1.0, mask, rng).surface()
    parts, places = _populated(top, blank, rng, outline, kit, base, model.height_mm - base, offset)
    legs = _joints(under, blank, rng, outline, places, offset)
    for x, y, radius in holes:
        for canvas, side in ((top, 1.0), (under, -1.0)):
            canvas.disc(x + offset[0], side * y + offset[1], 1.8 * radius, GOLD if rng.random() < 0.5 else SOLDER)
    for canvas in (top, under):
        canvas.mottle(0.06, 9.0)
        canvas.smears(int(rng.integers(0, 4)))
        canvas.scratches(int(rng.integers(1, 8)), length_mm=25.0, strength=0.35)
        canvas.grime(rng.uniform(0.05, 0.4))
        canvas.dust(rng.uniform(0.1, 0.6))
    upper = slab(outline, base - 0.5 * BOARD_MM, base, blank, bevel_mm=0.15)
    lower = slab(outline, LEGS_MM, base - 0.5 * BOARD_MM, blank, bevel_mm=0.15)
    low, high = (-offset[0], -offset[1]), offset
    return Solid(
        parts=(
            one_picture([upper, *parts], top.surface(), low, high),
            one_picture([lower, *legs], under.surface(), low, high, seen_from_below=True),
        )
    )


def _outline(rng: Rng, length: float, width: float) -> tuple[Polygon, list[tuple[float, float, float]]]:
    """The board and its mounting holes (x, y, radius)."""
    outline = rounded_rectangle(length, width, rng.uniform(0.3, 4.0))
    kind = rng.integers(6)
    if kind == 0:  # an L
        outline = outline.difference(
            shapely.box(rng.uniform(-0.1, 0.25) * length, rng.uniform(-0.1, 0.2) * width, length, width)
        )
    elif kind == 1:  # notched
        for _ in range(int(rng.integers(1, 4))):
            x, side = rng.uniform(-0.4, 0.4) * length, rng.choice([-0.5, 0.5]) * width
            outline = outline.difference(
                rounded_rectangle(rng.uniform(0.06, 0.2) * length, 0.3 * width, 1.5, (x, float(side)))
            )
    elif kind == 2 and width > 0.6 * length:  # round
        angle = np.linspace(0, 2 * math.pi, 72, endpoint=False)
        outline = Polygon(np.column_stack([0.5 * length * np.cos(angle), 0.5 * width * np.sin(angle)]))
    holes = []
    inset, radius = rng.uniform(3.5, 5.0), rng.uniform(1.3, 2.0)
    for x in (-0.5 * length + inset, 0.5 * length - inset):
        for y in (-0.5 * width + inset, 0.5 * width - inset):
            if rng.random() < 0.8:
                holes.append((x, y, radius))
    if rng.random() < 0.4:  # snapped off; the rest is stretched back to the model's box
        outline = broken_off(rng, outline, rng.uniform(0.12, 0.35))
    outline = filling(outline, length, width)
    whole = [(x, y, r) for x, y, r in holes if outline.buffer(-0.6).contains(circle(r, (x, y), 12))]
    cut = outline.difference(shapely.union_all([circle(r, (x, y), 20) for x, y, r in whole]))
    return (cut if isinstance(cut, Polygon) else outline), whole


def _copper(canvas: Canvas, rng: Rng, mask: Paint, size: tuple[float, float]) -> None:
    """Tracks and pours that show through the solder mask, and vias."""
    length, width = size
    light, dark = tinted(mask, 1.22), tinted(mask, 1.1)
    for _ in range(int(rng.integers(2, 6))):
        x, y = rng.uniform(0, length), rng.uniform(0, width)
        a, b = rng.uniform(0.1, 0.4) * length, rng.uniform(0.1, 0.4) * width
        canvas.rect(x, y, x + a, y + b, dark, radius_mm=1.0)
    for _ in range(int(min(70, 8 + length * width / 160))):
        x, y = rng.uniform(0, length), rng.uniform(0, width)
        run, rise = rng.uniform(-0.3, 0.3) * length, rng.uniform(-0.25, 0.25) * width
        bend = math.copysign(min(abs(run), abs(rise)), run)
        path = np.array([(x, y), (x + run - bend, y), (x + run, y + rise), (x + run, y + 1.6 * rise)])
        for lane in range(int(rng.integers(1, 4))):
            canvas.line(path + np.array([0.9 * lane, -0.9 * lane]), rng.uniform(0.3, 0.6), light, raised_mm=0.03)
        canvas.disc(path[-1, 0], path[-1, 1], 0.55, SOLDER if rng.random() < 0.6 else GOLD)


def _populated(
    canvas: Canvas,
    blank: Surface,
    rng: Rng,
    outline: Polygon,
    kit: Kit,
    base: float,
    room: float,
    offset: tuple[float, float],
) -> tuple[list[Part], list[Polygon]]:
    """Parts set down where there is room, the large ones first; and where they stand."""
    low_x, low_y, high_x, high_y = outline.bounds
    area_cm2 = outline.area / 100.0
    free = outline.buffer(-1.0)
    meshes: list[Part] = []
    taken: list[Polygon] = []
    wanted: list[tuple[Mount, float, float]] = []
    for mount, lo, hi, slim, stout, most in kit.parts:
        for _ in range(
            int(rng.integers(0 if most < 4 else 2, 1 + max(1, round(most * min(3.0, 0.4 + area_cm2 / 60)))))
        ):
            long = rng.uniform(lo, hi)
            wanted.append((mount, long, long * rng.uniform(slim, stout)))
    for _ in range(int(min(150, kit.small_per_cm2 * area_cm2 * rng.uniform(0.5, 1.2)))):
        long = rng.uniform(1.2, 3.4)
        wanted.append((board_parts.small_part, long, long * rng.uniform(0.45, 0.6)))
    for mount, long, wide in wanted:
        for _ in range(7):
            a, b = (long, wide) if rng.random() < 0.5 else (wide, long)
            x, y = (
                rng.uniform(low_x + 0.5 * a, max(low_x + 0.6 * a, high_x - 0.5 * a)),
                rng.uniform(low_y + 0.5 * b, max(low_y + 0.6 * b, high_y - 0.5 * b)),
            )
            cell = shapely.box(x - 0.5 * a, y - 0.5 * b, x + 0.5 * a, y + 0.5 * b)
            if not free.contains(cell) or any(cell.intersects(other) for other in taken):
                continue
            taken.append(cell.buffer(0.35, join_style="mitre"))
            spot = Spot(x=x, y=y, long=a, wide=b, base_mm=base, room_mm=room, offset=offset)
            if long > 5 and rng.random() < 0.07:  # torn off: only its pads are left
                for _ in range(4):
                    at = rng.uniform(-0.4, 0.4, 2) * (a, b) + (x, y) + np.array(offset)
                    canvas.disc(at[0], at[1], 0.9, SOLDER, raised_mm=0.2)
            else:
                meshes += mount(spot, canvas, blank, rng)
            break
    return meshes, taken


def _silkscreen(canvas: Canvas, rng: Rng, size: tuple[float, float]) -> None:
    """Outlines and designators in the gaps; maker and number at an edge; a bar-code sticker now and then."""
    length, width = size
    ink = INK if rng.random() < 0.12 else WHITE_INK
    line = min(2.6, 0.045 * width)
    canvas.text(
        f"{brand(rng)} {serial(rng, 6)} REV {rng.integers(1, 5)}.{rng.integers(0, 9)}",
        0.5 * length,
        0.035 * width + line,
        line,
        ink,
        font="bold",
        fit_mm=0.6 * length,
    )
    for _ in range(int(rng.integers(6, 18))):
        x, y = rng.uniform(0.05, 0.95) * length, rng.uniform(0.05, 0.95) * width
        if rng.random() < 0.5:
            canvas.text(f"{rng.choice(list('RCUQDLJ'))}{rng.integers(1, 220)}", x, y, 1.2, ink)
    if rng.random() < 0.4 and min(size) > 40:
        x0, y0 = rng.uniform(0.1, 0.5) * length, rng.uniform(0.1, 0.7) * width
        label_sheet(canvas, rng, x0, y0, x0 + 26, y0 + 8, PAPER, torn=0.2)
        canvas.bar_code(x0 + 1, y0 + 3, x0 + 25, y0 + 7.4, INK, PAPER)
        canvas.text(serial(rng, 12), x0 + 13, y0 + 1.6, 1.3, INK, font="mono", fit_mm=22.0)


def _joints(
    canvas: Canvas, blank: Surface, rng: Rng, outline: Polygon, places: list[Polygon], offset: tuple[float, float]
) -> list[Part]:
    """Solder joints under the leaded parts, and a few legs that stand out."""
    legs: list[Part] = []
    for cell in places:
        low_x, low_y, high_x, high_y = cell.bounds
        long, wide = high_x - low_x, high_y - low_y
        if max(long, wide) < 5:
            continue
        pitch = float(rng.choice([2.54, 2.54, 5.08]))
        xs = np.arange(low_x + 1.2, high_x - 1.0, max(pitch, long / 12))
        for y in (low_y + 1.2, high_y - 1.2):
            for x in xs:
                canvas.disc(x + offset[0], offset[1] - y, 1.1, tinted(SOLDER, 0.96), raised_mm=0.12)
                canvas.disc(x + offset[0], offset[1] - y, 0.6, SOLDER, raised_mm=0.35)
                if len(legs) < 90:
                    legs.append(board_spots.plain_box(x, y, 0.8, 0.8, rng.uniform(0.0, 0.5), LEGS_MM + 0.1, blank))
    return legs
