"""Packs finished sprites into the atlas' folder: a zip per look and an index, as the twin's `atlas` reads them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from neosort_datasets.rendering.layers import SpriteLayers
from neosort_hardware.types import ImageU8

ATLAS_VERSION = 1
COLOUR_QUALITY = 92
LIGHT_QUALITY = 88
SHADE_QUALITY = 88
EPOCH = (2020, 1, 1, 0, 0, 0)  # of every file in a pack: the same sprites give the same bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedSprite:
    """A sprite under its key ('hdd35-07/lid') and the look whose pack it goes into. ``body_px``: box of the item's
    body, without wires, as the camera sees it: first column and row, last column and row plus one."""

    key: str
    look: str
    layers: SpriteLayers
    body_px: tuple[int, int, int, int]


def write_atlas(
    folder: Path, sprites: Iterable[FinishedSprite], *, px_per_mm: float, built_with: Mapping[str, Any]
) -> int:
    """Write every pack and the index into ``folder``; bytes written. Packs that no longer serve are removed.

    A reader never meets half a file: each is replaced whole, the index last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_look: dict[str, list[FinishedSprite]] = {}
    for sprite in sorted(sprites, key=lambda sprite: (sprite.look, sprite.key)):
        by_look.setdefault(sprite.look, []).append(sprite)
    packs: dict[str, dict[str, str | int]] = {}
    for look, members in by_look.items():
        data = _zipped(members)
        _replace(folder / f"{look}.zip", data)
        packs[look] = {"file": f"{look}.zip", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    index = {
        "version": ATLAS_VERSION,
        "px_per_mm": px_per_mm,
        "built_with": dict(built_with),
        "packs": packs,
        "sprites": {sprite.key: _entry(sprite) for members in by_look.values() for sprite in members},
    }
    text = json.dumps(index, indent=1).encode() + b"\n"
    _replace(folder / "index.json", text)
    for stale in set(folder.glob("*.zip")) - {folder / f"{look}.zip" for look in packs}:
        stale.unlink()
    return sum(int(pack["bytes"]) for pack in packs.values()) + len(text)


def _entry(sprite: FinishedSprite) -> dict[str, Any]:
    height, width = sprite.layers.colour.shape[:2]
    return {
        "pack": sprite.look,
        "width_px": width,
        "height_px": height,
        "tallest_mm": round(sprite.layers.tallest_mm, 2),
        "body_px": list(sprite.body_px),
    }


def _zipped(sprites: Sequence[FinishedSprite]) -> bytes:
    """Stored, not deflated: what is in it is compressed already."""
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
                archive.writestr(zipfile.ZipInfo(f"{sprite.key}/{name}.webp", EPOCH), data)
    return stream.getvalue()


def _stacked(planes: ImageU8) -> ImageU8:
    """(3, h, w) planes below one another: WebP would mix them if they were colours."""
    return np.ascontiguousarray(planes.reshape(-1, planes.shape[2]))


def _webp(picture: cv2.typing.MatLike | ImageU8, quality: int) -> bytes:
    return np.asarray(cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1]).tobytes()


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
