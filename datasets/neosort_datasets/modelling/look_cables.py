"""Cables: coiled, in a figure of eight, loose or cut off, with their plugs; flat ribbons."""

from __future__ import annotations

import math

import numpy as np
import shapely

from neosort_datasets.modelling.cable_plugs import PLUGS, plugged
from neosort_datasets.modelling.forms import plain
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import BLACK_PLASTIC, COPPER, GREY_PLASTIC, INK, RUBBER, Paint, tinted, varied
from neosort_datasets.modelling.paths import smooth_path
from neosort_datasets.modelling.shapes import box, tube
from neosort_datasets.modelling.sheets import bent_along, sheet
from neosort_datasets.modelling.solid import Part, Solid, turn
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.types import ArrayF64

Rng = np.random.Generator

JACKETS = (
    RUBBER, RUBBER, RUBBER, BLACK_PLASTIC, BLACK_PLASTIC, Paint((208, 206, 200), 0.5), Paint((208, 206, 200), 0.5),
    Paint((150, 148, 142), 0.55), Paint((38, 80, 150), 0.5), Paint((176, 40, 36), 0.5), Paint((214, 176, 50), 0.5),
    Paint((60, 128, 78), 0.5), Paint((226, 114, 40), 0.5),
)  # fmt: skip
RIBBONS = (
    Paint((168, 168, 166), 0.55),
    Paint((168, 168, 166), 0.55),
    Paint((60, 60, 62), 0.5),
    Paint((196, 188, 160), 0.5),
)


def cable(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """One cable as it lies, as large as fits the box with its plugs."""
    if rng.random() < 0.14:
        return _ribbon(model, rng)
    seed, room = int(rng.integers(2**31)), np.array([model.length_mm, model.width_mm])
    size = room.copy()
    for _ in range(3):
        parts = _wired(model, np.random.default_rng(seed), size)
        corners = np.concatenate([part.corners_mm[:, :2] for part in parts])
        low, high = corners.min(axis=0), corners.max(axis=0)
        if np.all(high - low <= room):
            break
        size = np.maximum(size - 1.1 * np.maximum(high - low - room, 0.0), 0.25 * room)
    x, y = (float(value) for value in -0.5 * (low + high))
    return Solid(parts=tuple(part.moved((x, y, 0.0)) for part in parts))


def _wired(model: ItemModel, rng: Rng, size_mm: ArrayF64) -> list[Part]:
    """Cable, plugs and tie, the cable itself laid within ``size_mm`` or thereabouts."""
    radius = min(rng.uniform(1.1, 3.4), 0.21 * model.height_mm)
    jacket = varied(JACKETS[int(rng.integers(len(JACKETS)))], rng, 8)
    kinds = [str(kind) for kind in rng.choice(list(PLUGS), 2)]
    ends = [kind if rng.random() < 0.82 else "bare" for kind in kinds]
    path = _way(rng)
    path = smooth_path(_fitted(path, size_mm, radius), max(1.6, 0.8 * radius))
    bundle = _laid(path, radius, model, rng)
    surface = plain(jacket, rng)
    parts: list[Part] = [tube(bundle, radius, surface, sides=9)]
    if rng.random() < 0.3:  # a twin lead beside the first
        away = np.gradient(bundle, axis=0)
        away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
        aside = np.column_stack([-away[:, 1], away[:, 0], np.zeros(len(away))])
        parts.append(tube(bundle + 1.9 * radius * aside, radius, surface, sides=8))
    for kind, end in zip(ends, (bundle, bundle[::-1]), strict=True):
        ahead = end[-1] - end[-4]
        heading = math.atan2(ahead[1], ahead[0])
        place = (float(end[-1, 0]), float(end[-1, 1]))
        if kind == "bare":
            parts += _cut_end(end, radius, rng)
        else:
            parts += plugged(kind, place, heading, radius, model.height_mm, jacket, rng)
    if rng.random() < 0.5:
        parts.append(_tie(bundle, radius, model, rng))
    return parts


def _way(rng: Rng) -> ArrayF64:
    """Plan of the cable in a unit square about 0: (n, 2)."""
    kind = int(rng.integers(4))
    start = rng.uniform(0, 2 * math.pi)
    if kind <= 1:  # coiled
        turns = rng.uniform(1.6, 4.3)
        angle = start + np.linspace(0, 2 * math.pi * turns, int(14 * turns))
        reach = 0.34 + 0.05 * np.sin(1.7 * angle + rng.uniform(0, 6)) + rng.normal(0, 0.012, len(angle))
        coil = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
        lead_in, lead_out = _tail(rng, coil[0] - coil[1], coil[0]), _tail(rng, coil[-1] - coil[-2], coil[-1])
        return np.concatenate([lead_in[::-1], coil, lead_out])
    if kind == 2:  # figure of eight, as wound over hand and elbow
        turns = rng.uniform(1.2, 3.0)
        angle = start + np.linspace(0, 2 * math.pi * turns, int(18 * turns))
        wide = rng.uniform(0.16, 0.3)
        drift = np.linspace(-0.04, 0.04, len(angle)) * rng.normal()
        return np.column_stack([0.42 * np.cos(angle) + drift, wide * np.sin(2 * angle) + drift])
    heading = start + np.cumsum(rng.normal(0, 0.62, 26)) + np.linspace(0, rng.uniform(-4, 4), 26)
    plan = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)
    plan -= 0.5 * (plan.min(axis=0) + plan.max(axis=0))
    return np.asarray(0.48 * plan / np.abs(plan).max())


def _tail(rng: Rng, ahead: ArrayF64, place: ArrayF64) -> ArrayF64:
    heading = math.atan2(ahead[1], ahead[0]) + np.cumsum(rng.normal(0.0, 0.35, 4))
    return np.asarray(place + 0.11 * np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]), axis=0))


def _fitted(plan: ArrayF64, size_mm: ArrayF64, radius: float) -> ArrayF64:
    """The plan in mm, as large as the box allows with plugs at its ends: (n, 3), z still 0."""
    low, high = plan.min(axis=0), plan.max(axis=0)
    room = size_mm - 2 * radius - 2
    for _ in range(3):
        scale = room / np.maximum(high - low, 1e-6)
        placed = (plan - 0.5 * (low + high)) * scale
        tips = []
        for end, before in ((placed[0], placed[1]), (placed[-1], placed[-2])):
            ahead = end - before
            tips.append(plan[0 if end is placed[0] else -1] + 34.0 * ahead / np.linalg.norm(ahead) / scale)
        low = np.minimum(plan.min(axis=0), np.min(tips, axis=0))
        high = np.maximum(plan.max(axis=0), np.max(tips, axis=0))
    scale = room / np.maximum(high - low, 1e-6)
    placed = (plan - 0.5 * (low + high)) * scale
    return np.column_stack([placed, np.zeros(len(placed))])


def _laid(path: ArrayF64, radius: float, model: ItemModel, rng: Rng) -> ArrayF64:
    """Heights: what comes later lies on top of what it crosses."""
    plan = path[:, :2]
    height = np.full(len(path), radius)
    skip = max(4, int(6 * radius / max(0.1, float(np.linalg.norm(plan[1] - plan[0])))))
    for index in range(skip, len(path)):
        before = plan[: index - skip]
        near = np.hypot(*(before - plan[index]).T) < 1.9 * radius
        if near.any():
            height[index] = min(model.height_mm - radius, float(height[: index - skip][near].max()) + 1.8 * radius)
    kernel = np.hanning(2 * skip // 2 + 3)
    smooth = np.convolve(np.pad(height, len(kernel) // 2, mode="edge"), kernel / kernel.sum(), mode="valid")
    rise = np.clip(
        np.maximum(smooth[: len(path)], 0.6 * height + 0.4 * smooth[: len(path)]), radius, model.height_mm - radius
    )
    return np.column_stack([plan, rise])


def _cut_end(end: ArrayF64, radius: float, rng: Rng) -> list[Part]:
    """A cut cable: cores in their colours, bare strands."""
    ahead = (end[-1] - end[-3]) / np.linalg.norm(end[-1] - end[-3])
    aside = np.array([-ahead[1], ahead[0], 0.0])
    parts = []
    for lane, paint in (
        (-1, Paint((120, 70, 40), 0.5)),
        (0, Paint((40, 80, 170), 0.5)),
        (1, Paint((190, 180, 50), 0.5)),
    ):
        out = rng.uniform(6, 14)
        steps = np.linspace(0, 1, 6)[:, None]
        way = end[-1] + steps * out * ahead + lane * aside * (0.45 * radius + steps**1.5 * rng.uniform(1, 4))
        way[:, 2] = np.maximum(way[:, 2], 0.4 * radius)
        parts.append(tube(way, 0.36 * radius, plain(paint, rng), sides=6))
        tip = way[-1] + np.linspace(-0.2, rng.uniform(2, 5), 3)[:, None] * ahead
        parts.append(tube(tip, 0.24 * radius, plain(COPPER, rng), sides=5))
    return parts


def _tie(path: ArrayF64, radius: float, model: ItemModel, rng: Rng) -> Part:
    """A band around the strands that pass one place together."""
    index = int(rng.uniform(0.3, 0.7) * len(path))
    ahead = path[min(index + 2, len(path) - 1)] - path[index - 2]
    ahead[2] = 0.0
    ahead /= np.linalg.norm(ahead)
    across = np.array([-ahead[1], ahead[0], 0.0])
    offset = path - path[index]
    inside = (np.abs(offset @ ahead) < 3.0) & (np.abs(offset @ across) < 9.0)
    lo, hi = (
        float((offset[inside] @ across).min()) - radius - 0.5,
        float((offset[inside] @ across).max()) + radius + 0.5,
    )
    top = min(model.height_mm - 0.6, float(path[inside, 2].max()) + radius + 0.3)
    angle = np.linspace(0, 2 * math.pi, 30)
    middle = path[index] + 0.5 * (lo + hi) * across
    ring = middle + 0.5 * (hi - lo) * np.cos(angle)[:, None] * across
    ring[:, 2] = 0.6 + (top - 0.6) * (0.5 + 0.5 * np.sin(angle))
    paint = (Paint((226, 226, 222), 0.5), BLACK_PLASTIC, Paint((36, 38, 40), 0.6))[int(rng.integers(3))]
    return tube(ring, 0.6, plain(paint, rng), sides=6)


def _ribbon(model: ItemModel, rng: Rng) -> Solid:
    """A flat cable folded over once, a plug strip at each end and one between."""
    paint = varied(RIBBONS[int(rng.integers(len(RIBBONS)))], rng, 8)
    wide = min(rng.uniform(22, 48), 0.7 * model.width_mm)
    half, high = 0.5 * model.length_mm - 6, model.height_mm
    bow = min(0.35 * high, 3.0)
    fold = rng.uniform(0.2, 0.7)
    path = smooth_path(np.array([
        (-half, 0.0, 1.0), (0.2 * half, 0.0, 0.8 + bow), (0.8 * half, 0.0, 1.2), (half, 0.0, 0.5 * high - 1),
        (0.7 * half, 0.0, high - 2.6), (-fold * half, 0.0, high - 2.0 - bow),
        (-0.9 * half, 0.0, high - 3.2)]), 3.0)  # fmt: skip
    plan = path[:, [0, 2]]
    lay, cuts = bent_along(plan)
    run = float(np.hypot(*np.diff(plan, axis=0).T).sum())
    canvas = Canvas(run, wide, paint, rng, px_per_mm=2.5)
    for y in np.arange(0.6, wide, 1.27):
        canvas.line([(0, y), (run, y)], 0.35, tinted(paint, 0.72), raised_mm=-0.25)
    canvas.rect(0, wide - 1.6, run, wide - 0.4, Paint((176, 40, 44), 0.5))
    canvas.grime(0.3)
    canvas.dust(rng.uniform(0.1, 0.5))
    shear = (model.width_mm - wide - 4) / run * rng.choice([-1.0, 1.0])

    def slanted(flat: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
        places, normals = lay(flat)
        return places + np.column_stack([0 * flat[:, 0], (flat[:, 0] - 0.5 * run) * shear, 0 * flat[:, 0]]), normals

    parts = [sheet(shapely.box(0, -0.5 * wide, run, 0.5 * wide), 0.9, canvas.surface(), slanted, cuts_x_mm=cuts)]
    plastic = plain(varied((BLACK_PLASTIC, GREY_PLASTIC, tinted(INK, 1.3))[int(rng.integers(3))], rng, 6), rng)
    for along, z in ((0.0, 3.0), (run, high - 3.2)):
        place = slanted(np.array([[along, 0.0]]))[0][0]
        strip = box((6.5, wide + 3, 5.0), (0, 0, 0), plastic, bevel_mm=0.4)
        parts.append(
            strip.turned(turn("z", rng.normal(0, 0.04))).moved((float(place[0]), float(place[1]), min(z, high - 2.6)))
        )
    return Solid(parts=tuple(parts))
