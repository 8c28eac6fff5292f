"""The drawing board of the item drawings: millimetres in, anti-aliased RGB and alpha out.

x runs along the item's length (columns), y down the picture from its upper edge (rows), both from 0.
Everything is drawn larger than asked for and averaged down at the end, which is what smooths the edges.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.looks_shapes import arc, rounded
from neosort_hardware.types import ArrayF32, ImageU8

Colour = tuple[int, int, int]
Point = tuple[float, float]

BRANDS = ("VELTRON", "HALDEN", "KAIRO", "NORDISK", "QUANTIS", "OSTREL", "MARUVA", "TENDRIK")
ALUMINIUM: Colour = (172, 173, 175)
NICKEL: Colour = (184, 182, 176)
STEEL: Colour = (142, 142, 142)
BLACK: Colour = (30, 30, 32)
WHITE: Colour = (232, 232, 228)
BRASS: Colour = (186, 150, 84)
COPPER: Colour = (178, 104, 58)
_FRACTION_BITS = 4


def tinted(colour: Colour, factor: float) -> Colour:
    """The colour made lighter (> 1) or darker (< 1)."""
    red, green, blue = (min(255, max(0, round(part * factor))) for part in colour)
    return red, green, blue


def varied(colour: Colour, rng: np.random.Generator, spread: float = 10.0) -> Colour:
    """The colour a little off, as another batch of paint would be."""
    common = rng.normal(0.0, spread)
    red, green, blue = (min(255, max(0, round(part + common + rng.normal(0.0, spread / 3)))) for part in colour)
    return red, green, blue


def alloy(colour: Colour, rng: np.random.Generator) -> Colour:
    """A bare metal's colour: lighter or darker, hardly another tint."""
    red, green, blue = tinted(colour, float(rng.normal(1.0, 0.06)))
    warmth = round(rng.normal(0.0, 2.0))
    return min(255, max(0, red + warmth)), green, min(255, max(0, blue - warmth))


def pick(options: Sequence[Colour], rng: np.random.Generator) -> Colour:
    """One of several colours."""
    return options[int(rng.integers(len(options)))]


def brand(rng: np.random.Generator) -> str:
    """An invented maker."""
    return BRANDS[int(rng.integers(len(BRANDS)))]


def smooth_noise(height: int, width: int, cell_px: float, rng: np.random.Generator) -> ArrayF32:
    """(height, width) float32 smooth noise, about unit variance, with features about ``cell_px`` large."""
    rows, cols = (max(2, round(size / max(cell_px, 1.0)) + 1) for size in (height, width))
    coarse = rng.standard_normal((rows, cols)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


class Canvas:
    """A drawing of one item in its bounding rectangle of ``length_mm`` × ``width_mm``."""

    def __init__(self, length_mm: float, width_mm: float, px_per_mm: float) -> None:
        self.length_mm, self.width_mm = length_mm, width_mm
        self._out = (max(2, round(length_mm * px_per_mm)), max(2, round(width_mm * px_per_mm)))
        oversample = 2 if length_mm > 90 else 3 if length_mm > 45 else 4
        width, height = self._out[0] * oversample, self._out[1] * oversample
        self._scale = (width / length_mm, height / width_mm)
        self.px_per_mm = width / length_mm
        self.rgb: ImageU8 = np.zeros((height, width, 3), np.uint8)
        self.alpha: ImageU8 = np.zeros((height, width), np.uint8)

    def finish(self) -> tuple[ImageU8, ImageU8]:
        """The drawing at the resolution asked for: (h, w, 3) RGB and (h, w) alpha."""
        weight = (self.alpha > 0).astype(np.float32)
        covered = cv2.resize(weight, self._out, interpolation=cv2.INTER_AREA)[:, :, None]
        light = cv2.resize(self.rgb * weight[:, :, None], self._out, interpolation=cv2.INTER_AREA)
        # just outside the body its own colour goes on, so that no dark fringe comes in when the sprite is turned
        around = cv2.blur(light, (3, 3)) / np.maximum(cv2.blur(covered, (3, 3)), 1e-3)[:, :, None]
        colour = np.where(covered > 0.02, light / np.maximum(covered, 1e-3), around)
        alpha = cv2.resize(self.alpha, self._out, interpolation=cv2.INTER_AREA)
        return np.clip(colour, 0, 255).astype(np.uint8), np.asarray(alpha, dtype=np.uint8)

    # shapes ------------------------------------------------------------------------------------------------------

    def _fixed(self, points: Sequence[Point] | npt.NDArray[np.floating]) -> npt.NDArray[np.int32]:
        scaled = np.asarray(points, dtype=np.float64) * self._scale - 0.5
        return np.round(scaled * (1 << _FRACTION_BITS)).astype(np.int32).reshape(-1, 1, 2)

    def polygon(
        self, points: Sequence[Point] | npt.NDArray[np.floating], colour: Colour, *, body: bool = False
    ) -> None:
        """Fill a polygon; ``body``: it belongs to the outline, else it is only seen where the body already is."""
        fixed = self._fixed(points)
        cv2.fillPoly(self.rgb, [fixed], colour, cv2.LINE_8, _FRACTION_BITS)
        if body:
            cv2.fillPoly(self.alpha, [fixed], 255, cv2.LINE_8, _FRACTION_BITS)

    def cut(self, points: Sequence[Point] | npt.NDArray[np.floating], alpha: int = 0) -> None:
        """Make a hole (or, with ``alpha`` > 0, a translucent part)."""
        cv2.fillPoly(self.alpha, [self._fixed(points)], alpha, cv2.LINE_8, _FRACTION_BITS)

    def rect(
        self, x0: float, y0: float, x1: float, y1: float, colour: Colour, *, radius: float = 0.0, body: bool = False
    ) -> None:
        """Fill a rectangle with rounded corners."""
        self.polygon(rounded(x0, y0, x1, y1, radius), colour, body=body)

    def disc(self, x: float, y: float, radius: float, colour: Colour, *, body: bool = False) -> None:
        """Fill a disc."""
        self.polygon(arc(x, y, radius), colour, body=body)

    def line(self, points: Sequence[Point] | npt.NDArray[np.floating], colour: Colour, width_mm: float, *,
             body: bool = False) -> None:  # fmt: skip
        """Draw a polyline with round ends."""
        thickness = max(1, round(width_mm * self.px_per_mm))
        fixed = self._fixed(points)
        cv2.polylines(self.rgb, [fixed], False, colour, thickness, cv2.LINE_8, _FRACTION_BITS)
        if body:
            cv2.polylines(self.alpha, [fixed], False, 255, thickness, cv2.LINE_8, _FRACTION_BITS)

    def raised(self, points: npt.NDArray[np.floating], colour: Colour, relief_mm: float = 0.6) -> None:
        """A part that stands up: lit from the upper left, its shadow to the lower right (negative: sunk in)."""
        self.polygon(points + relief_mm, tinted(colour, 0.5))
        self.polygon(points - 0.6 * relief_mm, tinted(colour, 1.3))
        self.polygon(points, colour)

    def screw(self, x: float, y: float, radius: float, colour: Colour = (120, 120, 122)) -> None:
        """A sunk screw head with a star or cross."""
        self.disc(x, y, radius * 1.35, tinted(colour, 0.55))
        self.raised(arc(x, y, radius), colour, 0.25 * radius)
        for angle in (0.4, 0.4 + np.pi / 2):
            dx, dy = 0.55 * radius * np.cos(angle), 0.55 * radius * np.sin(angle)
            self.line([(x - dx, y - dy), (x + dx, y + dy)], tinted(colour, 0.3), 0.3 * radius)

    def text_mm(self, words: str, height_mm: float, fit_mm: float = math.inf) -> float:
        """How long words of that height are when printed, at most ``fit_mm``."""
        height_px = height_mm * self.px_per_mm
        size, _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_DUPLEX, height_px / 22.0, max(1, round(height_px / 8)))
        return min(fit_mm, size[0] / self.px_per_mm)

    def text(
        self,
        words: str,
        x: float,
        y: float,
        height_mm: float,
        colour: Colour,
        *,
        upright: bool = False,
        fit_mm: float | None = None,
    ) -> None:
        """Print words with the upper left corner at (x, y), made smaller where they would be longer than ``fit_mm``.

        ``upright``: reading upwards along the width; (x, y) is still the upper left corner of what is printed.
        """
        font, height_px = cv2.FONT_HERSHEY_DUPLEX, height_mm * self.px_per_mm
        if fit_mm is not None:
            height_px *= min(1.0, fit_mm / self.text_mm(words, height_mm))
        scale = height_px / 22.0
        thickness = max(1, round(height_px / 8))
        (width, height), base = cv2.getTextSize(words, font, scale, thickness)
        stamp = np.zeros((height + base + thickness, width + thickness), np.uint8)
        cv2.putText(stamp, words, (0, height + thickness // 2), font, scale, 255, thickness)
        if upright:
            stamp = np.ascontiguousarray(np.rot90(stamp))
        left, top = round(x * self._scale[0]), round(y * self._scale[1])
        rows, cols = max(0, top), max(0, left)
        target = self.rgb[rows : top + stamp.shape[0], cols : left + stamp.shape[1]]
        stamp = stamp[rows - top : rows - top + target.shape[0], cols - left : cols - left + target.shape[1]]
        target[stamp > 127] = colour

    # light and wear ----------------------------------------------------------------------------------------------

    def gain(self, factor: ArrayF32) -> None:
        """Multiply the whole picture: (h, w) or broadcastable."""
        plane = factor if factor.ndim == 3 else factor[:, :, None]
        self.rgb = np.clip(self.rgb * plane, 0, 255).astype(np.uint8)

    def bevel(self, depth_mm: float = 1.2, strength: float = 0.5) -> None:
        """Light from the upper left on the rounded rim of the body."""
        sigma = max(0.8, depth_mm * self.px_per_mm * 0.6)
        rim = np.pad(self.alpha, 2).astype(np.float32) / 255.0
        soft = cv2.GaussianBlur(rim, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)[1:-1, 1:-1]
        along, down = soft[1:-1, 2:] - soft[1:-1, :-2], soft[2:, 1:-1] - soft[:-2, 1:-1]
        self.gain(np.asarray(np.clip(1.0 + strength * sigma * (along + down), 0.25, 1.9), np.float32))

    def mottle(self, strength: float, cell_mm: float, rng: np.random.Generator) -> None:
        """Uneven surface: casting skin, wear, finger marks."""
        height, width = self.alpha.shape
        coarse = smooth_noise(height, width, cell_mm * self.px_per_mm, rng)
        fine = smooth_noise(height, width, 0.18 * cell_mm * self.px_per_mm, rng)
        self.gain(1.0 + np.float32(strength) * (0.7 * coarse + 0.4 * fine))

    def brushed(self, strength: float, rng: np.random.Generator, *, across: bool = False) -> None:
        """Lines of a brushed or rolled surface, along the length or across it."""
        height, width = self.alpha.shape
        count = width if across else height
        lines = rng.normal(1.0, strength, (1, count) if across else (count, 1))
        self.gain(lines.astype(np.float32))

    def sheen(self, strength: float, rng: np.random.Generator) -> None:
        """A broad reflection that runs over the whole piece in some direction."""
        height, width = self.alpha.shape
        heading = rng.uniform(0, 2 * np.pi)
        along = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * np.float32(np.cos(heading))
        down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(np.sin(heading))
        place = along + down
        glint = np.exp(-(((place - np.float32(rng.uniform(-0.7, 0.7))) / np.float32(0.35)) ** 2))
        self.gain(1.0 + np.float32(strength) * (0.6 * place + glint - 0.3))

    def scratches(self, count: int, rng: np.random.Generator, brightness: float = 1.35) -> None:
        """Fine scratches over everything drawn so far."""
        mask = np.zeros(self.alpha.shape, np.uint8)
        for _ in range(count):
            start = rng.uniform((0, 0), (self.length_mm, self.width_mm))
            angle, reach = rng.uniform(0, np.pi), rng.exponential(0.18) * self.length_mm + 1.0
            bend = rng.normal(0, 0.08)
            steps = np.linspace(0, 1, 5)
            path = start + reach * np.column_stack(
                [steps * np.cos(angle + bend * steps), steps * np.sin(angle + bend * steps)]
            )
            cv2.polylines(mask, [self._fixed(path)], False, 255, 1, cv2.LINE_AA, _FRACTION_BITS)
        strength = (mask.astype(np.float32) * np.float32((brightness - 1.0) / 255.0))[:, :, None]
        self.rgb = np.clip(self.rgb * (1.0 + strength) + 40.0 * strength, 0, 255).astype(np.uint8)

    def grime(self, colour: Colour, amount: float, cell_mm: float, rng: np.random.Generator) -> None:
        """Patches of rust, dust or grease: ``amount`` 0..1 of the surface."""
        height, width = self.alpha.shape
        field = smooth_noise(height, width, cell_mm * self.px_per_mm, rng)
        field += 0.5 * smooth_noise(height, width, 0.25 * cell_mm * self.px_per_mm, rng)
        threshold = np.quantile(field[::4, ::4], 1.0 - min(max(amount, 0.001), 0.95))
        field += 0.35 * smooth_noise(height, width, 0.08 * cell_mm * self.px_per_mm, rng)
        cover = np.clip((field - threshold) * 0.7, 0, 0.62)[:, :, None]
        self.rgb = (self.rgb * (1 - cover) + np.asarray(colour, np.float32) * cover).astype(np.uint8)
