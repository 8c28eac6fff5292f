"""What scenes share: sprites of items, textures of belts and of wear. Made once per process, filled as scenes ask."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neosort_hardware.twin.lens import sensor_noise
from neosort_hardware.twin.rubber import RubberStore
from neosort_hardware.twin.sprite_book import SpriteBook
from neosort_hardware.twin.wear import WearTiles
from neosort_hardware.types import ArrayF32


class Scenery:
    """``belt_textures``: a folder with photographs of real belts, which more than half of the scenes then show.
    ``cache``: a folder in which sprites are kept ready between processes.

    Raises `ConfigError` for a folder without pictures. Nothing in it is random: worlds that share a scenery look as
    they would with one each.
    """

    def __init__(self, belt_textures: Path | None = None, cache: Path | None = None) -> None:
        self.sprites = SpriteBook(cache=cache)
        self.rubber = RubberStore(belt_textures)
        self.wear_tiles = WearTiles()
        self._noise: dict[int, ArrayF32] = {}

    def sensor_noise(self, width_px: int) -> ArrayF32:
        """The tile of noise for a camera of that width."""
        if width_px not in self._noise:
            self._noise[width_px] = sensor_noise(width_px, np.random.default_rng(23))
        return self._noise[width_px]
