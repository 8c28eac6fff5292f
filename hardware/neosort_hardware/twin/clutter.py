"""Foreign matter from photographs: single things on a plain light board, cut out and laid on the belt.

How large they are nobody knows, nor how high: both are drawn, once for each, from the photograph's name. They are
taken for unmagnetic. Which split a photograph belongs to follows from its name as well.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np

from neosort_hardware.config import ConfigError
from neosort_hardware.twin.atlas import AtlasSprite
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.twin.catalogue import SplitName
from neosort_hardware.twin.cutting_out import CutOut, cut_out
from neosort_hardware.twin.kinds import between, item_model
from neosort_hardware.twin.sprites import Sprite, prepared
from neosort_hardware.twin.wear import linear
from neosort_hardware.types import ImageU8

PHOTOGRAPH = Pose(sprite="photograph")
LENGTH_MM = (40.0, 170.0)  # a
_BOARD = 0.8  # a: share of light that a white board throws back
_REACH_MM = 10.0  # of the shadow round about
_SPLIT_OF_TENTH: tuple[SplitName, ...] = ("train",) * 7 + ("validation", "calibration", "held-out")


class Clutter:
    """The usable photographs of a folder and its subfolders (.jpg, .jpeg, .png).

    Most photographs of waste show it cut by the picture's edge: those are passed over. Looking through some hundred
    takes seconds. Raises `ConfigError` where none is usable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cut: dict[str, CutOut] = {}
        self._sprites: dict[tuple[str, float], Sprite] = {}
        self._models: dict[SplitName, list[ItemModel]] = {split: [] for split in _SPLIT_OF_TENTH}
        for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"}):
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            cut = None if picture is None else cut_out(np.asarray(picture, np.uint8))
            if cut is not None:
                self._take(path.relative_to(folder), cut)
        if not self._cut:
            raise ConfigError(f"{folder}: no picture (.jpg, .jpeg, .png) that shows one whole thing on a plain board")

    def models(self, split: SplitName) -> tuple[ItemModel, ...]:
        """The things of a split. Raises `ConfigError` where it has none."""
        if not self._models[split]:
            raise ConfigError(f"{self._folder}: of its usable pictures none falls to the split '{split}'")
        return tuple(self._models[split])

    def sprite(self, model: ItemModel, mm_per_px: float) -> Sprite:
        """One of them, for a strip of that pitch. Raises `KeyError` for a model of anything else."""
        place = (model.look_of, mm_per_px)
        if place not in self._sprites:
            self._sprites[place] = prepared(_shipped(self._cut[model.look_of], model), mm_per_px)
        return self._sprites[place]

    def _take(self, path: Path, cut: CutOut) -> None:
        name = "foreign-" + ".".join(path.with_suffix("").parts).replace("-", "_")
        digest = zlib.crc32(name.encode())
        rows, cols = cut.alpha.shape
        rng = np.random.default_rng(digest)
        mm_per_px = between(rng, *LENGTH_MM) / max(rows, cols)
        size = (cols * mm_per_px, rows * mm_per_px, between(rng, 0.05, 0.35) * min(rows, cols) * mm_per_px)
        fill = float((cut.alpha > 127).mean())
        model = item_model(
            name, "photograph", rng, size, 0.004 * fill * size[0] * size[1], fill=fill, poses=(PHOTOGRAPH,)
        )
        self._cut[model.look_of] = cut
        self._models[_SPLIT_OF_TENTH[digest // 7 % 10]].append(model)


def _shipped(cut: CutOut, model: ItemModel) -> AtlasSprite:
    """A cut-out as the atlas has its sprites: balanced for the board, domed, with a shadow that has no direction."""
    px_per_mm = cut.alpha.shape[1] / model.length_mm
    margin = 4 * max(1, round(_REACH_MM * px_per_mm / 4))
    alpha = np.pad(cut.alpha, margin)
    light = linear(cut.picture) * (_BOARD / np.maximum(linear(cut.board_rgb), 0.02))
    colour = np.pad(_displayed(light), ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    halves = (-(-alpha.shape[0] // 2), -(-alpha.shape[1] // 2))
    quarters = (-(-alpha.shape[0] // 4), -(-alpha.shape[1] // 4))
    planes = np.full((3, *halves), 128, np.uint8)
    planes[2] = cv2.resize(_dome(alpha), halves[::-1], interpolation=cv2.INTER_AREA)
    shade = np.full((3, *quarters), 128, np.uint8)
    shade[0] = cv2.resize(
        _left_of_light(alpha, px_per_mm, model.height_mm), quarters[::-1], interpolation=cv2.INTER_AREA
    )
    return AtlasSprite(
        colour=np.dstack([colour, alpha]), light=planes, shade=shade, px_per_mm=px_per_mm, tallest_mm=model.height_mm
    )


def _displayed(light: np.ndarray) -> ImageU8:
    """Linear light → display levels, (…) uint8 (IEC 61966-2-1)."""
    bounded = np.clip(light, 0, 1)
    level = np.where(bounded <= 0.0031308, 12.92 * bounded, 1.055 * np.maximum(bounded, 1e-6) ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255 * level), np.uint8)


def _dome(alpha: ImageU8) -> ImageU8:
    """Height of the surface, 255 where it is highest: round towards the edges, as most things are."""
    inward = np.asarray(cv2.distanceTransform((alpha > 127).astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    share = inward / max(float(inward.max()), 1.0)
    return np.asarray(255 * np.sqrt(1 - (1 - share) ** 2), np.uint8)


def _left_of_light(alpha: ImageU8, px_per_mm: float, height_mm: float) -> ImageU8:
    """Light left on the belt × 255: dark where the thing touches it, softer round about the higher it is."""
    near = cv2.GaussianBlur(alpha, (0, 0), 0.8 * px_per_mm)
    wide = cv2.GaussianBlur(alpha, (0, 0), max(1.0, min(0.25 * height_mm, 0.35 * _REACH_MM) * px_per_mm))
    return np.asarray(255 - np.maximum(0.45 * near, 0.6 * wide), np.uint8)
