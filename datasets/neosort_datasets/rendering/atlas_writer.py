"""Packs finished sprites into the atlas' folder: a zip per look and an index, as the twin's `atlas` reads them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from neosort_datasets.rendering.layers import SpriteLayers
from neosort_hardware.types import ImageU8

ATLAS_VERSION = 1
COLOUR_QUALITY = 84
LIGHT_QUALITY = 80
SHADE_QUALITY = 85
_EPOCH = (2020, 1, 1, 0, 0, 0)  # the same sprites give the same bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedSprite:
    """A sprite under its key ('hdd35-07/lid') and the look whose pack it goes into."""

    key: str
    look: str
    layers: SpriteLayers


def write_atlas(
    folder: Path, sprites: Iterable[FinishedSprite], *, px_per_mm: float, built_with: Mapping[str, Any]
) -> int:
    """Write every pack and the index into ``folder``; bytes written. Packs that no longer serve are removed.

    A reader never meets half an atlas: each file is replaced whole, the index last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_look: dict[str, list[FinishedSprite]] = {}
    for sprite in sprites:
        by_look.setdefault(sprite.look, []).append(sprite)
    packs: dict[str, dict[str, str | int]] = {}
    entries: dict[str, dict[str, Any]] = {}
    total = 0
    for look, members in sorted(by_look.items()):
        ordered = sorted(members, key=lambda sprite: sprite.key)
        data = _zipped(ordered)
        name = f"{look}.zip"
        _replace(folder / name, data)
        packs[look] = {"file": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        entries |= {sprite.key: _entry(sprite) for sprite in ordered}
        total += len(data)
    index = {"version": ATLAS_VERSION, "px_per_mm": px_per_mm, "built_with": dict(built_with), "packs": packs,
             "sprites": entries}  # fmt: skip
    text = json.dumps(index, indent=1).encode()
    _replace(folder / "index.json", text + b"\n")
    for stale in set(folder.glob("*.zip")) - {folder / f"{look}.zip" for look in packs}:
        stale.unlink()
    return total + len(text)


def _entry(sprite: FinishedSprite) -> dict[str, Any]:
    height, width = sprite.layers.colour.shape[:2]
    tallest_mm = round(max(sprite.layers.tallest_mm, 0.1), 2)
    return {"pack": sprite.look, "width_px": width, "height_px": height, "tallest_mm": tallest_mm}


def _zipped(sprites: list[FinishedSprite]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for sprite in sprites:
            layers = sprite.layers
            pictures = {
                "colour": _webp(cv2.cvtColor(layers.colour, cv2.COLOR_RGBA2BGRA), COLOUR_QUALITY),
                "light": _webp(_stacked(layers.light), LIGHT_QUALITY),
                "shade": _webp(_stacked(layers.shade), SHADE_QUALITY),
            }
            for name, data in pictures.items():
                archive.writestr(zipfile.ZipInfo(f"{sprite.key}/{name}.webp", _EPOCH), data)
    return stream.getvalue()


def _stacked(planes: ImageU8) -> ImageU8:
    """(3, h, w) planes below one another: WebP would mix them if they were colours."""
    return np.ascontiguousarray(planes.reshape(-1, planes.shape[2]))


def _webp(picture: np.ndarray, quality: int) -> bytes:
    return cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
