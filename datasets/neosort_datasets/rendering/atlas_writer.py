"""Packs finished sprites into the atlas' folder: a zip per look and an index, as the twin's `atlas` reads them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from neosort_datasets.rendering.extra import RenderError
from neosort_datasets.rendering.kept import RenderSettings
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
    index: dict[str, Any] = {
        "version": ATLAS_VERSION,
        "px_per_mm": px_per_mm,
        "built_with": dict(built_with),
        "packs": {},
        "sprites": {},
    }
    _pack(folder, index, _by_look(sprites))
    size = _write_index(folder, index)
    _remove_stale(folder, index)
    return size


def _remove_stale(folder: Path, index: Mapping[str, Any]) -> None:
    for stale in set(folder.glob("*.zip")) - {folder / pack["file"] for pack in index["packs"].values()}:
        stale.unlink()


def add_to_atlas(folder: Path, sprites: Iterable[FinishedSprite]) -> int:
    """Write ``sprites`` into packs of their own ('servo-2') beside those of the atlas in ``folder``, which stay as they
    are to the byte: an atlas under version control grows by what is new alone. Bytes of the atlas then.

    Raises `RenderError` where there is no atlas, or one of another version.
    """
    index = _read_index(folder)
    packs = {_free_name(look, index["packs"]): members for look, members in _by_look(sprites).items()}
    _pack(folder, index, packs)
    return _write_index(folder, index)


def replace_in_atlas(folder: Path, sprites: Iterable[FinishedSprite]) -> int:
    """Write ``sprites``, all that there are of some looks, in place of what the atlas in ``folder`` has of these looks;
    the packs of every other look stay as they are to the byte. Bytes of the atlas then.

    Raises `RenderError` as `add_to_atlas`, and where a sprite would be lost with its pack.
    """
    index, packs = _read_index(folder), _by_look(sprites)
    drawn = {sprite.key for members in packs.values() for sprite in members}
    stale = {entry["pack"] for key, entry in index["sprites"].items() if key in drawn or entry["pack"] in packs}
    lost = sorted({key for key, entry in index["sprites"].items() if entry["pack"] in stale} - drawn)
    if lost:
        raise RenderError(f"{folder}: {len(lost)} sprites that were not drawn would be lost, the first {lost[0]}")
    index["packs"] = {name: pack for name, pack in index["packs"].items() if name not in stale}
    _pack(folder, index, packs)
    size = _write_index(folder, index)
    _remove_stale(folder, index)
    return size


def present(folder: Path) -> tuple[RenderSettings, set[str]]:
    """How the atlas in ``folder`` was drawn, and the keys of its sprites. Raises `RenderError` as `add_to_atlas`."""
    index = _read_index(folder)
    drawn = index["built_with"]
    settings = RenderSettings(px_per_mm=index["px_per_mm"], fineness=drawn["fineness"], samples=drawn["samples"])
    return settings, set(index["sprites"])


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / "index.json"
    try:
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RenderError(f"{path}: no atlas to add to ({error}); build one without --add") from error
    if index.get("version") != ATLAS_VERSION:
        raise RenderError(f"{path}: version {index.get('version')}, this program adds to version {ATLAS_VERSION}")
    return index


def _by_look(sprites: Iterable[FinishedSprite]) -> dict[str, list[FinishedSprite]]:
    by_look: dict[str, list[FinishedSprite]] = {}
    for sprite in sorted(sprites, key=lambda sprite: (sprite.look, sprite.key)):
        by_look.setdefault(sprite.look, []).append(sprite)
    return by_look


def _free_name(look: str, packs: Mapping[str, Any]) -> str:
    names = (look if number == 1 else f"{look}-{number}" for number in count(1))
    return next(name for name in names if name not in packs)


def _pack(folder: Path, index: dict[str, Any], packs: Mapping[str, Sequence[FinishedSprite]]) -> None:
    """Write packs by name, and what they hold into ``index``."""
    for name, members in packs.items():
        data = _zipped(members)
        _replace(folder / f"{name}.zip", data)
        index["packs"][name] = {
            "file": f"{name}.zip",
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        index["sprites"] |= {sprite.key: _entry(sprite, name) for sprite in members}


def _write_index(folder: Path, index: Mapping[str, Any]) -> int:
    """Bytes of the whole atlas."""
    text = json.dumps(index, indent=1).encode() + b"\n"
    _replace(folder / "index.json", text)
    return sum(int(pack["bytes"]) for pack in index["packs"].values()) + len(text)


def _entry(sprite: FinishedSprite, pack: str) -> dict[str, Any]:
    height, width = sprite.layers.colour.shape[:2]
    return {
        "pack": pack,
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
