"""Finished sprites on disk, uncut and unpacked, under a fingerprint of all that their pixels follow from."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from neosort_datasets.modelling.solid import Part
from neosort_datasets.rendering.dome import dome
from neosort_datasets.rendering.layers import SpriteLayers

RECIPE = 2
"""Raise it when the same solid and settings come to give another picture, so that all sprites are drawn again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """``fineness``: how much finer than the sprite it is traced each way, so that the denoiser's blur stays below a
    pixel of the sprite. ``samples``: paths per traced pixel."""

    px_per_mm: float = 2.0
    fineness: int = 2
    samples: int = 16


class KeptSprites:
    """The finished sprites of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fingerprint(self, key: str) -> str:
        """Of the sprite kept under ``key``; empty when there is none, or a torn one."""
        return self._read(key)[1]

    def layers(self, key: str) -> SpriteLayers | None:
        """The sprite kept under ``key``; None when there is none, or a torn one."""
        return self._read(key)[0]

    def keep(self, key: str, layers: SpriteLayers, fingerprint: str) -> None:
        """Write a sprite, whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(key)
        draft = path.with_suffix(".new")
        with draft.open("wb") as stream:
            np.savez_compressed(
                stream,
                colour=layers.colour,
                light=layers.light,
                shade=layers.shade,
                tallest_mm=np.float64(layers.tallest_mm),
                digest=np.str_(fingerprint),
            )
        draft.replace(path)

    def _read(self, key: str) -> tuple[SpriteLayers | None, str]:
        try:
            with self._path(key).open("rb") as stream, np.load(stream) as kept:
                layers = SpriteLayers(
                    colour=kept["colour"],
                    light=kept["light"],
                    shade=kept["shade"],
                    tallest_mm=float(kept["tallest_mm"]),
                )
                return layers, str(kept["digest"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None, ""

    def _path(self, key: str) -> Path:
        return self._folder / f"{key.replace('/', '--')}.npz"


def fingerprint(parts: Sequence[Part], turn: int, settings: RenderSettings) -> str:
    """sha256 over all that a sprite's pixels follow from: its solid's arrays, the dome and its turn, the settings."""
    digest = hashlib.sha256(repr((RECIPE, turn, astuple(settings))).encode())
    digest.update(dome().tobytes())
    for part in parts:
        surface = part.surface
        for array in (part.corners_mm, part.normals, part.places, part.faces,
                      surface.albedo, surface.roughness, surface.metal, surface.bump_mm):  # fmt: skip
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
