"""The sprites that a process has at hand: each is read when it is first asked for, and kept."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from importlib.resources import files
from pathlib import Path

import cv2

from neosort_hardware.twin.atlas import Atlas
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.twin.sprite_cache import SpriteCache
from neosort_hardware.twin.sprites import Sprite, prepared

KEEP_BYTES = 256 << 20


class SpriteBook:
    """Reads the sprite of a model in a pose when it is first asked for, and keeps it.

    ``keep_bytes``: beyond it, what was not asked for the longest is let go. ``cache``: a folder in which sprites are
    kept ready between processes; none where left out.
    """

    def __init__(self, atlas: Atlas | None = None, keep_bytes: int = KEEP_BYTES, cache: Path | None = None) -> None:
        self._atlas = Atlas() if atlas is None else atlas
        self._keep_bytes, self._bytes = keep_bytes, 0
        self._sprites: OrderedDict[tuple[str, float], Sprite] = OrderedDict()
        self._cache = None if cache is None else SpriteCache(cache, _version_of(self._atlas))

    def sprite(self, model: ItemModel, pose: Pose, mm_per_px: float) -> Sprite:
        """The sprite for a strip of that pitch. Raises `AtlasError` when the atlas has it not, or is damaged."""
        place = (f"{model.look_of}/{pose.sprite}", mm_per_px)
        known = self._sprites.get(place)
        if known is None:
            known = self._sprites[place] = self._read(*place)
            self._bytes += known.nbytes
            while self._bytes > self._keep_bytes and len(self._sprites) > 1:
                self._bytes -= self._sprites.popitem(last=False)[1].nbytes
        else:
            self._sprites.move_to_end(place)
        return known

    def _read(self, key: str, mm_per_px: float) -> Sprite:
        if self._cache is None:
            return prepared(self._atlas.sprite(key), mm_per_px)
        sprite = self._cache.load(key, mm_per_px)
        if sprite is None:
            sprite = prepared(self._atlas.sprite(key), mm_per_px)
            self._cache.keep(key, mm_per_px, sprite)
        return sprite


def _version_of(atlas: Atlas) -> str:
    """Of the atlas, and of the code that makes its sprites ready."""
    code = files("neosort_hardware.twin").joinpath("sprites.py")
    made_by = code.read_bytes() if code.is_file() else b""  # an installation may hold compiled code alone
    return hashlib.sha256(atlas.digest.encode() + made_by + cv2.__version__.encode()).hexdigest()[:16]
