"""What scenes share: sprites of items, textures of belts and of wear. Made once per process, filled as scenes ask."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.twin.catalogue import SplitName
from neosort_hardware.twin.clutter import PHOTOGRAPH, Clutter
from neosort_hardware.twin.lens import sensor_noise
from neosort_hardware.twin.rubber import RubberStore
from neosort_hardware.twin.sprite_book import SpriteBook
from neosort_hardware.twin.sprites import Sprite
from neosort_hardware.twin.wear import WearTiles
from neosort_hardware.types import ArrayF32


class Scenery:
    """``belt_textures``: a folder with photographs of real belts, which more than half of the scenes then show.
    ``cache``: a folder in which sprites are kept ready between processes. ``clutter``: a folder with photographs of
    single things, which half of the foreign matter then is.

    Raises `ConfigError` for a folder without pictures. Nothing in it is random: worlds that share a scenery look as
    they would with one each.
    """

    def __init__(
        self, belt_textures: Path | None = None, cache: Path | None = None, clutter: Path | None = None
    ) -> None:
        self._book = SpriteBook(cache=cache)
        self._clutter = None if clutter is None else Clutter(clutter)
        self.rubber = RubberStore(belt_textures)
        self.wear_tiles = WearTiles()
        self._noise: dict[int, ArrayF32] = {}

    def sprite(self, model: ItemModel, pose: Pose, mm_per_px: float) -> Sprite:
        """What an item looks like on a strip of that pitch. Raises `AtlasError`."""
        if self._clutter is not None and pose is PHOTOGRAPH:
            return self._clutter.sprite(model, mm_per_px)
        return self._book.sprite(model, pose, mm_per_px)

    def strangers(self, split: SplitName) -> tuple[ItemModel, ...]:
        """Foreign matter that the catalogue does not have. Raises `ConfigError` where a split of it is empty."""
        return () if self._clutter is None else self._clutter.models(split)

    def sensor_noise(self, width_px: int) -> ArrayF32:
        """The tile of noise for a camera of that width."""
        if width_px not in self._noise:
            self._noise[width_px] = sensor_noise(width_px, np.random.default_rng(23))
        return self._noise[width_px]
