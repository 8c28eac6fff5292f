"""What years of use and a day of scrap handling do to a surface: it acts on colour, gloss and relief together."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_datasets.modelling.layers import Layers
from neosort_datasets.modelling.paints import ALUMINIUM, Paint
from neosort_hardware.types import ArrayF32

DUST = Paint((158, 152, 142), 0.95)
GRIME = Paint((46, 41, 35), 0.8)


def _step(values: ArrayF32, low: float, high: float) -> ArrayF32:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


class Weathered(Layers):
    """A painted sheet that can be worn. Strengths and amounts: 0 none, 1 heavy."""

    def mottle(self, strength: float, cell_mm: float) -> None:
        """Uneven colour and gloss in soft patches."""
        clouds = self.clouds(cell_mm)
        self.albedo *= np.clip(1.0 + np.float32(strength) * clouds, 0.2, 2.0)[..., None]
        self.roughness *= np.clip(1.0 - np.float32(strength) * np.roll(clouds, 7, axis=0), 0.4, 1.8)

    def brushed(self, strength: float, angle_deg: float = 0.0) -> None:
        """Grinding marks along ``angle_deg`` from x."""
        rows, cols = self.bump_mm.shape
        edge = int(np.ceil(np.hypot(rows, cols)))
        lines = self.rng.standard_normal((edge, max(2, edge // 60))).astype(np.float32)
        sheet = cv2.resize(lines, (edge, edge), interpolation=cv2.INTER_LINEAR)
        matrix = cv2.getRotationMatrix2D((0.5 * edge, 0.5 * edge), angle_deg, 1.0)
        matrix[:, 2] -= (0.5 * (edge - cols), 0.5 * (edge - rows))
        streaks = cv2.warpAffine(sheet, matrix, (cols, rows), borderMode=cv2.BORDER_REFLECT)
        self.albedo *= np.clip(1.0 + np.float32(0.12 * strength) * streaks, 0.5, 1.5)[..., None]
        self.roughness *= np.clip(1.0 + np.float32(0.25 * strength) * streaks, 0.5, 1.8)
        self.bump_mm += np.float32(0.004 * strength) * streaks

    def scratches(self, count: int, *, length_mm: float = 20.0, strength: float = 0.5) -> None:
        """``count`` scratches up to ``length_mm`` long: brighter than what they cut, rougher, slightly sunk."""
        for _ in range(count):
            start = self.origin_mm + self.rng.uniform(0, 1, 2) * (self.width_mm, self.height_mm)
            angle, bend = self.rng.uniform(0, 2 * np.pi), self.rng.normal(0, 0.25)
            run = length_mm * self.rng.uniform(0.08, 1.0) ** 1.6
            along = np.linspace(0, 1, 6)
            turn = angle + bend * along
            path = start + run * np.column_stack([along * np.cos(turn), along * np.sin(turn)])
            stencil = self.stencil([path], 0.06 + 0.14 * self.rng.random() ** 2)
            if stencil is None:
                continue
            opacity = float(strength * self.rng.uniform(0.25, 1.0))
            row, col = stencil.row, stencil.col
            rows, cols = stencil.cover.shape
            under = self.albedo[row : row + rows, col : col + cols]
            metal = self.metal[row : row + rows, col : col + cols]
            bright = np.clip(np.where(metal[..., None] > 0.5, 1.12 * under, 1.7 * under + 0.06), 0, 0.92)
            if self.rng.random() < 0.3:
                bright = 0.55 * under
            share = stencil.cover * np.float32(opacity)
            under += share[..., None] * (bright - under)
            rough = self.roughness[row : row + rows, col : col + cols]
            rough += share * (np.float32(0.55) - rough)
            self.bump_mm[row : row + rows, col : col + cols] -= np.float32(0.02) * share

    def dust(self, amount: float) -> None:
        """A thin uneven coat of dust with grains and fluff in it."""
        # dust is far lighter than dark glass or plastic: a coat of a few percent shows there
        coat = np.float32(0.06 * amount) * (0.5 + _step(self.clouds(30.0, 5), -1.5, 2.5))
        grains = _step(self.noise(0.35), 2.7 - 0.6 * amount, 3.2) * np.float32(0.5 * amount)
        self.cover_with(np.clip(coat + grains, 0, 0.85), DUST)

    def grime(self, amount: float) -> None:
        """Dark greasy dirt in blotches, thicker along the rim and where the relief is low."""
        low = cv2.GaussianBlur(self.bump_mm, (0, 0), max(1.0, 0.8 * self.px_per_mm)) - self.bump_mm
        rim = np.exp(-self._rim_mm() / np.float32(2.5))
        blotch = _step(self.clouds(14.0) + rim + np.clip(8.0 * low, 0, 1.5), 1.4 - 1.2 * amount, 2.8)
        self.cover_with(np.float32(0.6 * min(1.0, 0.35 + amount)) * blotch, GRIME)

    def rust(self, amount: float) -> None:
        """Rust in blotches that eat from single spots and rims; raised and matt. 0.2 a few spots, 1 nearly all."""
        field = self.clouds(9.0, 5) + 0.7 * np.exp(-self._rim_mm() / np.float32(3.0))
        eaten = _step(field, 2.2 - 2.6 * amount, 2.7 - 2.6 * amount)
        hue = _step(self.clouds(2.5, 3), -1.0, 1.2)[..., None]
        dark, light = Paint((74, 38, 24), 0.9).linear, Paint((152, 84, 42), 0.9).linear
        colour = dark + hue * (light - dark)
        share = np.float32(0.92) * eaten
        self.albedo += share[..., None] * (colour - self.albedo)
        self.roughness += share * (np.float32(0.9) - self.roughness)
        self.metal *= 1.0 - share
        self.bump_mm += share * (0.04 + 0.03 * self.noise(0.7))
        halo = np.float32(0.35) * _step(field, 1.6 - 2.6 * amount, 2.4 - 2.6 * amount) * (1 - eaten)
        self.cover_with(np.asarray(halo, dtype=np.float32), Paint((140, 104, 74), 0.75, 0.4))

    def spangle(self, cell_mm: float) -> None:
        """Zinc flowers: crystals of differing brightness and gloss."""
        rows, cols = self.bump_mm.shape
        count = max(4, int(self.width_mm * self.height_mm / cell_mm**2))
        seeds = np.full((rows, cols), 255, np.uint8)
        seeds[self.rng.integers(0, rows, count), self.rng.integers(0, cols, count)] = 0
        _, cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        tone = self.rng.normal(0, 1, int(cells.max()) + 1).astype(np.float32)[cells]
        self.albedo *= np.clip(1.0 + 0.16 * tone, 0.5, 1.3)[..., None]
        self.roughness *= np.clip(1.0 - 0.22 * tone, 0.5, 1.6)

    def dent(self, x: float, y: float, radius_mm: float, depth_mm: float) -> None:
        """A knock: a smooth hollow, oblong and askew."""
        columns, rows = np.meshgrid(np.arange(self.bump_mm.shape[1]), np.arange(self.bump_mm.shape[0]))
        at = self.pixels(np.array([[x, y]]))[0]
        turn, long = self.rng.uniform(0, np.pi), self.rng.uniform(0.45, 1.0)
        right, down = (columns - at[0]) / self.px_per_mm, (rows - at[1]) / self.px_per_mm
        along = (right * np.cos(turn) + down * np.sin(turn)) / radius_mm
        across = (down * np.cos(turn) - right * np.sin(turn)) / (long * radius_mm)
        self.bump_mm -= (depth_mm * np.exp(-2.0 * (along**2 + across**2))).astype(np.float32)

    def orange_peel(self, strength: float) -> None:
        """The fine pimples of powder paint or a cast skin."""
        self.bump_mm += np.float32(0.02 * strength) * (self.noise(0.9) + 0.6 * self.noise(0.45))

    def smears(self, count: int) -> None:
        """Finger marks and wiped grease: duller or shinier streaks with hardly a colour."""
        rows, cols = self.bump_mm.shape
        field = np.zeros((rows, cols), np.float32)
        for _ in range(count):
            axes = self.rng.uniform(2, 9) * self.px_per_mm * np.array([1.0, self.rng.uniform(0.2, 0.6)])
            centre = (int(self.rng.integers(cols)), int(self.rng.integers(rows)))
            size = (max(1, int(axes[0])), max(1, int(axes[1])))
            cv2.ellipse(field, centre, size, self.rng.uniform(0, 180), 0, 360, self.rng.choice([-1.0, 0.6, 1.0]), -1)
        field = cv2.GaussianBlur(field, (0, 0), 1.2 * self.px_per_mm) * np.clip(0.6 + 0.5 * self.clouds(3.0), 0, 1.5)
        self.roughness = np.clip(self.roughness + np.float32(0.14) * field, 0.04, 1.0)
        self.albedo *= np.clip(1.0 + 0.05 * field, 0.8, 1.2)[..., None]

    def wear_edges(self, amount: float, *, beneath: Paint = ALUMINIUM) -> None:
        """The coat is rubbed through along the sheet's rim and what lies ``beneath`` shows."""
        patchy = np.float32(0.16) * self.clouds(2.0, 3) + np.float32(0.3) * self.noise(16.0)
        field = np.exp(-self._rim_mm() / np.float32(0.5 + 1.1 * amount)) + patchy
        self.cover_with(np.float32(0.8) * _step(field, 1.15 - 0.4 * amount, 1.4 - 0.4 * amount), beneath)

    def _rim_mm(self) -> ArrayF32:
        """(h, w) distance to the sheet's nearest edge."""
        rows, cols = self.bump_mm.shape
        across = np.minimum(np.arange(cols), np.arange(cols)[::-1])[None, :] / self.per_mm[0]
        up = np.minimum(np.arange(rows), np.arange(rows)[::-1])[:, None] / self.per_mm[1]
        return np.asarray(np.minimum(across, up), dtype=np.float32)
