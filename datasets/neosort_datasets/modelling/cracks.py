"""Broken glass: spider webs of cracks whose shards lie at slightly different tilts."""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.paint import Canvas, Paint
from neosort_hardware.types import ArrayF64

CRACK = Paint((206, 210, 212), 0.5)
POWDER = Paint((176, 178, 178), 0.85)


def shatter(sheet: Canvas, at_mm: tuple[float, float], reach_mm: float, severity: float) -> None:
    """Crack the sheet from an impact at ``at_mm``; ``severity`` 0 a few cracks .. 1 a dense web with lost splinters."""
    rng = sheet.rng
    rays = 8 + int(16 * severity)
    angles = np.sort(np.linspace(0, 2 * math.pi, rays, endpoint=False) + rng.normal(0, 1.6 / rays, rays))
    rings = reach_mm * np.cumsum(rng.uniform(0.5, 1.5, 5 + int(7 * severity)))
    rings = rings / rings[-1] * reach_mm
    rings *= np.linspace(0.25, 1.0, len(rings))
    web = _web(np.array(at_mm), angles, rings, rng)
    _tilt_shards(sheet, web, severity)
    for ray in range(rays):
        last = int(rng.integers(max(2, len(rings) // 3), len(rings) + 1))
        _fissure(sheet, web[: last + 1, ray], float(rng.uniform(0.25, 0.8)))
        if rng.random() < 0.5:
            outwards = web[last, ray] - web[last - 1, ray]
            far = web[last, ray] + 0.8 * outwards + rng.normal(0, 0.3, 2) * np.hypot(*outwards)
            _fissure(sheet, np.array([web[last, ray], far]), 0.3)
    for ring in range(1, len(rings) + 1):
        likely = 0.85 * severity * (1 - ring / (len(rings) + 2)) + 0.12
        for ray in range(rays):
            if rng.random() < likely:
                ends = np.array([web[ring, ray], web[ring, (ray + 1) % rays]])
                _fissure(sheet, ends, float(rng.uniform(0.15, 0.6)))
    if severity > 0.4:
        _lost_splinters(sheet, web, severity)


def _fissure(sheet: Canvas, knots: ArrayF64, opacity: float) -> None:
    """One crack: it wavers between its knots, and is seen better in some stretches than in others."""
    along = np.linspace(0, len(knots) - 1, 4 * len(knots))
    path = np.column_stack([np.interp(along, np.arange(len(knots)), knots[:, axis]) for axis in (0, 1)])
    path[1:-1] += sheet.rng.normal(0, 0.22, (len(path) - 2, 2))
    for start in range(0, len(path) - 1, 3):
        width = float(sheet.rng.uniform(0.07, 0.2))
        stencil = sheet.stencil([path[start : start + 4]], width)
        sheet.lay(stencil, CRACK, opacity=float(np.clip(opacity * sheet.rng.uniform(0.4, 1.5), 0, 1)))


def _web(at: ArrayF64, angles: ArrayF64, rings: ArrayF64, rng: np.random.Generator) -> ArrayF64:
    """Knots (ring, ray, 2): ring 0 is the impact itself."""
    turn = angles[None] + np.cumsum(rng.normal(0, 0.05, (len(rings), len(angles))), axis=0)
    out = rings[:, None] * rng.uniform(0.82, 1.18, (len(rings), len(angles)))
    knots = at + np.dstack([out * np.cos(turn), out * np.sin(turn)])
    return np.concatenate([np.broadcast_to(at, (1, len(angles), 2)), knots])


def _cells(web: ArrayF64) -> list[ArrayF64]:
    rays = web.shape[1]
    return [
        np.array([web[ring, ray], web[ring + 1, ray], web[ring + 1, (ray + 1) % rays], web[ring, (ray + 1) % rays]])
        for ring in range(len(web) - 1)
        for ray in range(rays)
    ]


def _tilt_shards(sheet: Canvas, web: ArrayF64, severity: float) -> None:
    """Each shard leans its own way, so that the mirror image breaks at the cracks."""
    for cell in _cells(web):
        stencil = sheet.stencil([cell])
        if stencil is None:
            continue
        rows, cols = stencil.cover.shape
        lean = sheet.rng.normal(0, 0.012 + 0.02 * severity, 2) / sheet.px_per_mm
        plane = np.add.outer(np.arange(rows) * lean[0], np.arange(cols) * lean[1]).astype(np.float32)
        window = sheet.bump_mm[stencil.row : stencil.row + rows, stencil.col : stencil.col + cols]
        window += stencil.cover * (plane - plane.mean())


def _lost_splinters(sheet: Canvas, web: ArrayF64, severity: float) -> None:
    """Powdered glass at the impact, and splinters that fell out."""
    at, near = web[0, 0], float(np.linalg.norm(web[1] - web[0], axis=1).mean())
    sheet.disc(float(at[0]), float(at[1]), 0.35 * near, POWDER, raised_mm=-0.1)
    for cell in _cells(web[:4]):
        if sheet.rng.random() < 0.16 * severity:
            shade = int(sheet.rng.integers(40, 110))
            sheet.polygon(cell, Paint((shade, shade, shade + 2), 0.6), raised_mm=-0.25)
