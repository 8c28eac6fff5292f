"""Small sprites and small atlases for tests."""

import hashlib
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np

from neosort_hardware.twin.atlas import AtlasSprite
from neosort_hardware.twin.sprites import Sprite, prepared

MARGIN_PX = 28


def shipped(alpha: np.ndarray, *, tone: int = 230, tallest_mm: float = 5.0, light=(0.0, 0.0)) -> AtlasSprite:
    """A flat item of one colour, 2 px/mm, with a margin and a shadow of 4 mm around its box; ``light``: (lx, ly)."""
    alpha = np.pad(alpha, MARGIN_PX)
    rows, cols = alpha.shape
    halves, quarters = (-(-rows // 2), -(-cols // 2)), (-(-rows // 4), -(-cols // 4))
    planes = np.zeros((3, *halves), np.uint8)
    planes[0], planes[1] = (round(128 + 127 * part) for part in light)
    planes[2] = 255
    shade = np.full((3, *quarters), 128, np.uint8)
    near = cv2.dilate(alpha, np.ones((17, 17), np.uint8))
    shade[0] = 255 - cv2.resize(near, quarters[::-1], interpolation=cv2.INTER_AREA) // 2
    colour = np.dstack([np.full((rows, cols, 3), tone, np.uint8), alpha])
    return AtlasSprite(colour=colour, light=planes, shade=shade, px_per_mm=2.0, tallest_mm=tallest_mm)


def plate(length: float = 40.0, width: float = 20.0, *, mm_per_px: float = 1.0, **more) -> Sprite:
    """A flat rectangle."""
    return prepared(shipped(np.full((round(2 * width), round(2 * length)), 255, np.uint8), **more), mm_per_px)


def corner_sprite(**more) -> Sprite:
    """40 × 20 mm, covered only where x > 10 mm and y > 0 (the upper right of the picture)."""
    alpha = np.zeros((40, 80), np.uint8)
    alpha[:20, 60:] = 255
    return prepared(shipped(alpha, **more), 1.0)


def write_atlas(folder: Path, sprites: dict[str, AtlasSprite]) -> Path:
    """One pack 'all' with every sprite, and its index."""
    with zipfile.ZipFile(folder / "all.zip", "w") as pack:
        for key, sprite in sprites.items():
            pictures = {"colour": cv2.cvtColor(sprite.colour, cv2.COLOR_RGBA2BGRA)}
            pictures |= {name: np.vstack(getattr(sprite, name)) for name in ("light", "shade")}
            for name, picture in pictures.items():
                pack.writestr(f"{key}/{name}.webp", cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, 101])[1])
    data = (folder / "all.zip").read_bytes()
    entries = {
        key: {"pack": "all", "width_px": s.colour.shape[1], "height_px": s.colour.shape[0], "tallest_mm": s.tallest_mm}
        for key, s in sprites.items()
    }
    packs = {"all": {"file": "all.zip", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}}
    index = {"version": 1, "px_per_mm": 2.0, "built_with": {}, "packs": packs, "sprites": entries}
    (folder / "index.json").write_text(json.dumps(index))
    return folder
