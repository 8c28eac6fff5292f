"""What scenes share: sprites of items, textures of belts and of wear. Made once per process, filled as scenes ask."""

from __future__ import annotations

from pathlib import Path

from neosort_hardware.twin.rubber import RubberStore
from neosort_hardware.twin.sprites import SpriteBook
from neosort_hardware.twin.wear import WearTiles


class Scenery:
    """``belt_textures``: a folder with photographs of real belts, which more than half of the scenes then show.

    Raises `ValueError` for a folder without pictures. Nothing in it is random: worlds that share a scenery look as
    they would with one each.
    """

    def __init__(self, belt_textures: Path | None = None) -> None:
        self.sprites = SpriteBook()
        self.rubber = RubberStore(belt_textures)
        self.wear_tiles = WearTiles()
