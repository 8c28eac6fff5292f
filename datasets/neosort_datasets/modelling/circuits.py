"""Circuit boards: traces, pads, vias, print, small parts and chips, on a board of any outline."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon, box
from shapely.ops import unary_union
from shapely.prepared import prep

from neosort_datasets.modelling.labels import serial
from neosort_datasets.modelling.paint import (
    CHIP,
    GOLD,
    SOLDER,
    WHITE_INK,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.topview import TopView
from neosort_hardware.types import ArrayF64

SMALL_PARTS = (
    Paint((150, 124, 92), 0.5),
    Paint((42, 42, 44), 0.5),
    Paint((176, 160, 130), 0.5),
    Paint((60, 48, 40), 0.5),
)


class Circuit:
    """The board ``outline`` in a `TopView`, its face at ``top_mm``; parts reach up to ``limit_mm``."""

    def __init__(
        self,
        view: TopView,
        outline: Polygon,
        paint: Paint,
        top_mm: float,
        limit_mm: float,
        rng: np.random.Generator,
    ) -> None:
        self._view, self._outline, self._paint, self._rng = view, outline, paint, rng
        self._top_mm, self._limit_mm = top_mm, limit_mm
        self._taken: list[Polygon] = []

    def reserve(self, place: Polygon) -> None:
        """Keep parts away from a place."""
        self._taken.append(place)

    def draw(self, *, chips_up: bool, scale: float = 1.0) -> None:
        """Everything; ``chips_up``: chips on this face, else only what they leave on the other."""
        sheet, rng = self._view.sheet, self._rng
        sheet.polygon(self._outline, self._paint)
        self._traces(int(self._outline.area / 55))
        self._vias(int(self._outline.area / 14))
        if chips_up:
            for size in (16.0, 12.0, 9.0, 7.0, 5.0, 5.0)[: int(rng.integers(3, 7))]:
                self._chip(size * scale * float(rng.uniform(0.85, 1.2)))
        self._pads(int(self._outline.area / (130 if chips_up else 60)))
        self._small_parts(int(self._outline.area / (34 if chips_up else 80)))
        self._print(scale)

    def _spot(self, wide: float, high: float, tries: int = 12) -> tuple[float, float] | None:
        """A free place for a part, taken from now on."""
        x0, y0, x1, y1 = self._outline.bounds
        inside = prep(self._outline.buffer(-1.0))
        taken = unary_union(self._taken)
        for _ in range(tries):
            x, y = float(self._rng.uniform(x0, x1)), float(self._rng.uniform(y0, y1))
            place = box(x - 0.5 * wide, y - 0.5 * high, x + 0.5 * wide, y + 0.5 * high)
            if inside.contains(place) and not taken.intersects(place):
                self._taken.append(place.buffer(0.4))
                return x, y
        return None

    def _points(self, count: int) -> ArrayF64:
        """Random places on the board (n, 2)."""
        x0, y0, x1, y1 = self._outline.bounds
        area = max(self._outline.area, 1.0)
        draws = int(count * (x1 - x0) * (y1 - y0) / area) + 1
        at = self._rng.uniform((x0, y0), (x1, y1), (draws, 2))
        return np.asarray(at[shapely.contains_xy(self._outline.buffer(-1.0), at)])[:count]

    def _traces(self, count: int) -> None:
        """Bundles of parallel traces with bends of 45°, a little lighter than the mask around them."""
        sheet, rng = self._view.sheet, self._rng
        copper = tinted(self._paint, 1.28)
        flood = tinted(self._paint, 1.14)
        for x, y in self._points(max(2, count // 6)):
            patch = self._outline.buffer(-0.8).intersection(box(x - 9, y - 7, x + 9, y + 7))
            sheet.polygon(patch, flood)
        for x, y in self._points(count):
            heading = rng.integers(4) * 0.5 * math.pi
            bend = heading + rng.choice([-1, 1]) * 0.25 * math.pi
            first, second = rng.uniform(2, 14), rng.uniform(2, 10)
            for lane in range(int(rng.integers(1, 6))):
                side = 0.62 * lane * np.array([-math.sin(heading), math.cos(heading)])
                start = np.array([x, y]) + side
                knee = start + first * np.array([math.cos(heading), math.sin(heading)])
                end = knee + second * np.array([math.cos(bend), math.sin(bend)])
                if self._outline.covers(LineString([start, knee, end])):
                    sheet.line(np.array([start, knee, end]), 0.28, copper)

    def _vias(self, count: int) -> None:
        sheet = self._view.sheet
        hole = tinted(GOLD, 0.55)
        for x, y in self._points(count):
            sheet.disc(x, y, 0.28, hole)

    def _pads(self, count: int) -> None:
        """Bare test points and pads."""
        sheet, rng = self._view.sheet, self._rng
        tin = rougher(tinted(SOLDER, 0.8) if rng.random() < 0.8 else tinted(GOLD, 0.85), 0.4)
        for x, y in self._points(count):
            if rng.random() < 0.6:
                sheet.disc(x, y, float(rng.uniform(0.35, 0.8)), tin, raised_mm=0.05)
            else:
                pitch = float(rng.uniform(0.9, 1.3))
                pins = int(rng.integers(2, 7))
                if not self._outline.contains(box(x, y, x + pins * pitch, y + 1.3)):
                    continue
                for pin in range(pins):
                    sheet.rect(x + pin * pitch, y, x + pin * pitch + 0.5, y + 1.3, tin, raised_mm=0.05)

    def _small_parts(self, count: int) -> None:
        """Resistors and capacitors in aligned rows: tinned ends and a body."""
        rng = self._rng
        taken = prep(unary_union(self._taken))
        for x, y in self._points(max(1, count // 3)):
            long, wide = ((1.6, 0.8), (1.2, 0.6), (2.4, 1.4))[int(rng.choice(3, p=[0.5, 0.35, 0.15]))]
            lying = bool(rng.random() < 0.5)
            half_x, half_y = (0.5 * long, 0.5 * wide) if lying else (0.5 * wide, 0.5 * long)
            paint = SMALL_PARTS[int(rng.integers(len(SMALL_PARTS)))]
            for place in range(int(rng.integers(1, 6))):
                step = place * (wide + 0.5)
                at = (x, y + step) if lying else (x + step, y)
                body = box(at[0] - half_x, at[1] - half_y, at[0] + half_x, at[1] + half_y)
                if self._outline.contains(body) and not taken.intersects(body):
                    self._small_part(at, half_x, half_y, paint)

    def _small_part(self, at: tuple[float, float], half_x: float, half_y: float, paint: Paint) -> None:
        sheet, (x, y) = self._view.sheet, at
        sheet.rect(x - half_x, y - half_y, x + half_x, y + half_y, tinted(SOLDER, 0.8), raised_mm=0.25)
        inset = (0.5 * half_x, 0.0) if half_x > half_y else (0.0, 0.5 * half_y)
        sheet.rect(x - half_x + inset[0], y - half_y + inset[1], x + half_x - inset[0], y + half_y - inset[1],
                   paint, raised_mm=0.15)  # fmt: skip

    def _chip(self, side: float) -> None:
        """A flat pack with pins on two or four sides."""
        sheet, rng = self._view.sheet, self._rng
        wide, high = (side, side) if rng.random() < 0.6 else (side, side * float(rng.choice([0.5, 0.7, 1.6])))
        spot = self._spot(wide + 2.4, high + 2.4)
        if spot is None:
            return
        x, y = spot
        x0, y0, x1, y1 = x - 0.5 * wide, y - 0.5 * high, x + 0.5 * wide, y + 0.5 * high
        leads = float(rng.choice([0.0, 1.0]))
        if leads:
            for along in np.arange(x0 + 0.5, x1 - 0.4, 0.8):
                sheet.rect(along, y0 - leads, along + 0.4, y1 + leads, SOLDER, raised_mm=0.15)
            if wide == high:
                for along in np.arange(y0 + 0.5, y1 - 0.4, 0.8):
                    sheet.rect(x0 - leads, along, x1 + leads, along + 0.4, SOLDER, raised_mm=0.15)
        body = varied(CHIP, rng, 4)
        sheet.rect(x0, y0, x1, y1, body)
        mark = tinted(body, 3.0)
        for row, text in enumerate((serial(rng, 5), serial(rng, 7))):
            sheet.text(text, x, y + (0.14 - 0.3 * row) * high, 0.12 * high, mark, fit_mm=0.8 * wide)
        sheet.disc(x0 + 0.12 * wide, y0 + 0.14 * high, 0.05 * min(wide, high), tinted(body, 0.6), raised_mm=-0.1)
        self._view.slab(box(x0, y0, x1, y1), self._top_mm, min(self._limit_mm, self._top_mm + 1.2), 0.15)

    def _print(self, scale: float) -> None:
        """Names of parts, the board's number, boxes."""
        sheet, rng = self._view.sheet, self._rng
        white = tinted(WHITE_INK, 0.92)
        inside = prep(self._outline)
        for x, y in self._points(int(self._outline.area / 90)):
            if inside.contains(box(x - 1.6, y - 0.7, x + 1.6, y + 0.7)):
                sheet.text(f"{rng.choice(['R', 'C', 'U', 'L', 'Q', 'TP'])}{rng.integers(1, 400)}", x, y, 0.9, white)
        for x, y in self._points(4):
            code = f"{serial(rng, 4)}-{serial(rng, 6)} REV {rng.choice(['A', 'B', 'C'])}"
            half = 0.5 * sheet.text_width_mm(code, 1.5 * scale, "bold") + 0.5
            half_x, half_y = (half, 1.2 * scale) if rng.random() < 0.6 else (1.2 * scale, half)
            if inside.contains(box(x - half_x, y - half_y, x + half_x, y + half_y)):
                sheet.text(code, x, y, 1.5 * scale, white, angle_deg=0 if half_x > half_y else 90, font="bold")
