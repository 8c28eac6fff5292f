"""The drawing board of surfaces: millimetres in, albedo, roughness, metal and relief out.

Paints stand in `paints.py`, laying paint in `layers.py`, wear in `wear.py`; all public names are here as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from neosort_datasets.modelling.layers import FINER, Stencil
from neosort_datasets.modelling.paints import *  # noqa: F403 - every paint is a name of this module too
from neosort_datasets.modelling.paints import DARK_STEEL, INK, STEEL, Paint, tinted
from neosort_datasets.modelling.shapes import pieces
from neosort_datasets.modelling.wear import Weathered
from neosort_hardware.types import ArrayF32, ArrayF64

ArrayU8 = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Font = Literal["sans", "bold", "mono", "serif", "oblique"]
Drive = Literal["torx", "cross", "hex"]
Points: TypeAlias = Sequence[tuple[float, float]] | ArrayF64 | BaseGeometry

FONT_FILES: dict[Font, str] = {
    "sans": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "mono": "DejaVuSansMono.ttf",
    "serif": "DejaVuSerif.ttf",
    "oblique": "DejaVuSans-BoldOblique.ttf",
}
CAP_SHARE = 0.73
"""Height of DejaVu's capitals over its nominal size."""


class Canvas(Weathered):
    """A sheet to draw on: origin lower left, x to the right, y up, mm; later strokes cover earlier ones.

    ``raised_mm`` lifts (or sinks, below 0) the relief within the stroke. What falls outside the sheet is cut off.
    """

    def polygon(self, points: Points, paint: Paint, *, raised_mm: float = 0.0) -> None:
        """The inside of a closed path, or of a shapely polygon (or several) with its holes."""
        every = [_loops(piece) for piece in pieces(points)] if isinstance(points, BaseGeometry) else [[points]]
        for loops in every:
            self.lay(self.stencil([np.asarray(loop, dtype=np.float64) for loop in loops]), paint, raised_mm)

    def rect(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        paint: Paint,
        *,
        radius_mm: float = 0.0,
        raised_mm: float = 0.0,
    ) -> None:
        """A rectangle, its corners rounded."""
        radius = min(radius_mm, 0.5 * abs(x1 - x0), 0.5 * abs(y1 - y0))
        corners = ((x1, y1, 0), (x0, y1, 90), (x0, y0, 180), (x1, y0, 270))
        path: list[ArrayF64] = []
        for (x, y, start), (sx, sy) in zip(corners, ((-1, -1), (1, -1), (1, 1), (-1, 1)), strict=True):
            angle = np.radians(start + np.linspace(0, 90, 7 if radius > 0 else 1))
            middle = np.array([x + sx * radius, y + sy * radius])
            path.append(middle + radius * np.column_stack([np.cos(angle), np.sin(angle)]))
        self.polygon(np.concatenate(path), paint, raised_mm=raised_mm)

    def disc(self, x: float, y: float, radius: float, paint: Paint, *, raised_mm: float = 0.0) -> None:
        """A filled circle."""
        self.polygon(_round(x, y, radius), paint, raised_mm=raised_mm)

    def ring(self, x: float, y: float, r_in: float, r_out: float, paint: Paint, *, raised_mm: float = 0.0) -> None:
        """What lies between two circles."""
        self.lay(self.stencil([_round(x, y, r_out), _round(x, y, r_in)]), paint, raised_mm)

    def line(
        self,
        points: Sequence[tuple[float, float]] | ArrayF64,
        width_mm: float,
        paint: Paint,
        *,
        raised_mm: float = 0.0,
    ) -> None:
        """A stroke along a path, with round ends."""
        self.lay(self.stencil([np.asarray(points, dtype=np.float64)], width_mm), paint, raised_mm)

    def emboss(self, outline: BaseGeometry, raised_mm: float, soften_mm: float = 0.8) -> None:
        """Stamp the sheet: the inside of ``outline`` rises (or sinks), its flanks ``soften_mm`` wide; colours stay."""
        relief = np.zeros_like(self.bump_mm)
        for piece in pieces(outline):
            stencil = self.stencil(_loops(piece))
            if stencil is not None:
                rows, cols = stencil.cover.shape
                window = relief[stencil.row : stencil.row + rows, stencil.col : stencil.col + cols]
                np.maximum(window, stencil.cover, out=window)
        self.bump_mm += np.float32(raised_mm) * cv2.GaussianBlur(relief, (0, 0), max(0.3, soften_mm * self.px_per_mm))

    def smoothed(self, outline: BaseGeometry) -> None:
        """Take all relief out of the inside of ``outline``: glass or a mirror lies there."""
        for piece in pieces(outline):
            stencil = self.stencil(_loops(piece))
            if stencil is not None:
                rows, cols = stencil.cover.shape
                self.bump_mm[stencil.row : stencil.row + rows, stencil.col : stencil.col + cols] *= 1 - stencil.cover

    def paste(self, sheet: Canvas, x0: float, y0: float, quarter_turns: int = 0) -> None:
        """Stick another sheet on, turned counter-clockwise, its lower left corner at (x0, y0)."""
        wide, high = (sheet.width_mm, sheet.height_mm) if quarter_turns % 2 == 0 else (sheet.height_mm, sheet.width_mm)
        (left, low), (right, top) = np.round(self.pixels(np.array([[x0, y0], [x0 + wide, y0 + high]]))).astype(int)
        for mine, other in ((self.albedo, sheet.albedo), (self.roughness, sheet.roughness), (self.metal, sheet.metal)):
            scaled = cv2.resize(np.rot90(other, quarter_turns), (right - left, low - top), interpolation=cv2.INTER_AREA)
            shown = np.asarray(scaled, dtype=np.float32)
            _window(mine, left, top, shown)[:] = _inside(mine, left, top, shown)
        resized = cv2.resize(np.rot90(sheet.bump_mm, quarter_turns), (right - left, low - top))
        relief = np.asarray(resized, dtype=np.float32)
        _window(self.bump_mm, left, top, relief)[:] += _inside(self.bump_mm, left, top, relief)

    def text(
        self,
        text: str,
        x: float,
        y: float,
        height_mm: float,
        paint: Paint,
        *,
        angle_deg: float = 0.0,
        font: Font = "sans",
        fit_mm: float | None = None,
        raised_mm: float = 0.0,
    ) -> None:
        """Print with its middle at (x, y) and capitals ``height_mm`` high, smaller where it would be longer than
        ``fit_mm``; turned counter-clockwise."""
        size_px = height_mm * self.px_per_mm * FINER / CAP_SHARE
        ink = _print(text, font, min(max(6, round(size_px)), 400))
        scale = size_px / min(max(6, round(size_px)), 400)
        if fit_mm is not None:
            scale = min(scale, fit_mm * self.px_per_mm * FINER / ink.shape[1])
        self.lay(self._turned_print(ink, x, y, scale, angle_deg), paint, raised_mm)

    def text_width_mm(self, text: str, height_mm: float, font: Font = "sans") -> float:
        """How long ``text`` would be."""
        return _print(text, font, 64).shape[1] / 64 * height_mm / CAP_SHARE

    def _turned_print(self, ink: ArrayU8, x: float, y: float, scale: float, angle_deg: float) -> Stencil | None:
        turn = math.radians(angle_deg)
        half = 0.5 * scale / (FINER * self.px_per_mm) * np.array([ink.shape[1], ink.shape[0]])
        reach = np.array([
            abs(half[0] * math.cos(turn)) + abs(half[1] * math.sin(turn)),
            abs(half[0] * math.sin(turn)) + abs(half[1] * math.cos(turn)),
        ])  # fmt: skip
        middle = self.pixels(np.array([[x, y]]))[0]
        low = np.maximum(np.floor(middle - reach * self.px_per_mm - 1), 0).astype(int)
        high = np.minimum(np.ceil(middle + reach * self.px_per_mm + 1), self.bump_mm.shape[::-1]).astype(int)
        if np.any(high <= low):
            return None
        matrix = cv2.getRotationMatrix2D((0.5 * ink.shape[1], 0.5 * ink.shape[0]), angle_deg, scale)
        matrix[:, 2] += (middle - low) * FINER - 0.5 * np.array([ink.shape[1], ink.shape[0]])
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        fine = cv2.warpAffine(ink, matrix, (size[0] * FINER, size[1] * FINER))
        cover = cv2.resize(fine, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255.0)
        return Stencil(row=int(low[1]), col=int(low[0]), cover=cover)

    def square_code(self, text: str, x0: float, y0: float, side_mm: float, dark: Paint, light: Paint) -> None:
        """A QR code (ISO/IEC 18004) that reads ``text``, with its quiet zone, lower left at (x0, y0)."""
        code = np.asarray(cv2.QRCodeEncoder.create().encode(text)) < 128
        self.rect(x0, y0, x0 + side_mm, y0 + side_mm, light)
        middle = np.array([[x0 + 0.5 * side_mm, y0 + 0.5 * side_mm]])
        cell = side_mm * self.px_per_mm * FINER / code.shape[0]
        ink = np.kron(code, np.ones((8, 8))).astype(np.uint8) * np.uint8(255)
        self.lay(self._turned_print(ink, middle[0, 0], middle[0, 1], cell / 8, 0.0), dark)

    def bar_code(self, x0: float, y0: float, x1: float, y1: float, dark: Paint, light: Paint) -> None:
        """Bars as of a linear code, upright in y, across the longer x range (or lying where y is longer)."""
        self.rect(x0, y0, x1, y1, light)
        lying = abs(y1 - y0) > abs(x1 - x0)
        start, end = (y0, y1) if lying else (x0, x1)
        unit = max(abs(end - start) / 90, 0.16)
        loops, at = [], start + 3 * unit
        while at < end - 6 * unit:
            bar, gap = unit * self.rng.integers(1, 4), unit * self.rng.integers(1, 4)
            a, b = at, at + bar
            corners = [(x0, a), (x1, a), (x1, b), (x0, b)] if lying else [(a, y0), (b, y0), (b, y1), (a, y1)]
            loops.append(np.array(corners, dtype=np.float64))
            at += bar + gap
        if loops:
            self.lay(self.stencil(loops), dark)

    def screw(self, x: float, y: float, radius_mm: float, paint: Paint = STEEL, drive: Drive = "torx") -> None:
        """A screw's head in its countersink."""
        self.disc(x, y, 1.2 * radius_mm, DARK_STEEL, raised_mm=-0.25)
        self.disc(x, y, radius_mm, paint, raised_mm=0.35)
        turn = self.rng.uniform(0, math.pi)
        hole = tinted(INK, 0.8)
        if drive == "cross":
            for slot in (turn, turn + 0.5 * math.pi):
                step_x, step_y = 0.62 * radius_mm * math.cos(slot), 0.62 * radius_mm * math.sin(slot)
                ends = [(x - step_x, y - step_y), (x + step_x, y + step_y)]
                self.line(ends, 0.26 * radius_mm, hole, raised_mm=-0.2)
            return
        corners = 12 if drive == "torx" else 6
        angle = turn + np.arange(corners) * 2 * math.pi / corners
        inner, outer = (0.36, 0.54) if drive == "torx" else (0.5, 0.5)
        reach = radius_mm * np.where(np.arange(corners) % 2, inner, outer)
        star = np.array([x, y]) + np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
        self.polygon(star, hole, raised_mm=-0.3)


def _window(picture: ArrayF32, left: int, top: int, pasted: ArrayF32) -> ArrayF32:
    """The part of ``picture`` that ``pasted`` covers when its upper left pixel lies at (left, top)."""
    return picture[max(top, 0) : max(top + pasted.shape[0], 0), max(left, 0) : max(left + pasted.shape[1], 0)]


def _inside(picture: ArrayF32, left: int, top: int, pasted: ArrayF32) -> ArrayF32:
    """The part of ``pasted`` that falls inside ``picture``."""
    rows, cols = picture.shape[:2]
    return pasted[max(-top, 0) : max(rows - top, 0), max(-left, 0) : max(cols - left, 0)]


def _loops(piece: Polygon) -> list[ArrayF64]:
    """The rim of a polygon and those of its holes, (n, 2) each."""
    return [np.asarray(ring.coords)[:, :2] for ring in (piece.exterior, *piece.interiors)]


def _round(x: float, y: float, radius: float) -> ArrayF64:
    angle = np.linspace(0, 2 * math.pi, 64, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


@cache
def _print(text: str, font: Font, size_px: int) -> ArrayU8:
    """(h, w) uint8 of one printed line, tight around its ink."""
    face = _font(font, size_px)
    left, top, right, bottom = face.getbbox(text or " ")
    image = Image.new("L", (max(1, int(right - left)) + 2, max(1, int(bottom - top)) + 2), 0)
    ImageDraw.Draw(image).text((1 - left, 1 - top), text, fill=255, font=face)
    return np.asarray(image.crop(image.getbbox()), dtype=np.uint8)


@cache
def _font(font: Font, size_px: int) -> ImageFont.FreeTypeFont:
    """A DejaVu face out of the fonts that matplotlib brings along."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("printing on models needs the fonts that matplotlib brings: pip install neosort")
    return ImageFont.truetype(str(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / FONT_FILES[font]), size_px)
