"""Imported pictures as windows: the camera's side alone, the field unknown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from neosort_datasets.labelled_picture import LabelledPicture
from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_file import PictureError, decode_upright
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_hardware.types import ArrayF64, ImageU8
from neosort_training.config import PictureSource
from neosort_training.data import Sample, classes_of
from neosort_training.mixture import Draw, Passes, Pool


class ImportedPictures:
    """The pictures of a store that `neosort-data import` made, each laid at random into a window of the run.

    Whether an item bears NdFeB is known of the kinds that the configuration names, how much never.
    """

    def __init__(self, config: PictureSource, seed: tuple[int, ...], grid: WindowGrid) -> None:
        """Raises `StoreError`."""
        self._config, self._seed, self.grid = config, seed, grid
        self._store = PictureStore(Path(config.path))
        self._passes = Passes(len(self._store), seed)
        self.pool = Pool(samples=len(self._store) * config.crops_per_window, weight=config.weight)

    def kinds(self) -> list[str]:
        """Those in the store, by the names they have here."""
        return sorted({self._config.kinds.get(kind, kind) for kind in self._store.kinds()} - {""})

    def sample(self, draw: Draw, kinds: Sequence[str]) -> Sample:
        """The picture that is next in its pass. Raises `KindError`, and `StoreError` for one that cannot be read."""
        picture = self._store[self._passes.index(draw.turn)]
        rng = np.random.default_rng((*self._seed, draw.turn))
        laid, boxes, visible = self._laid(picture, rng)
        names = [box.kind for box in picture.boxes]
        kind, learnt = classes_of(names, kinds, self._config.kinds)
        bears = [float(self._config.bears.get(self._config.kinds.get(name, name), np.nan)) for name in names]
        return Sample(
            picture=laid,
            field_ut=np.zeros((3, self.grid.field_rows, self.grid.field_cols), dtype=np.float32),
            field_mask=np.zeros((2, self.grid.field_rows, self.grid.field_cols), dtype=np.float32),
            box_px=boxes,
            kind=kind,
            bears=np.array(bears, dtype=np.float32),
            magnet_g=np.full(len(names), np.nan, dtype=np.float32),
            visible=(visible * learnt).astype(np.float32),
        )

    def described(self) -> dict[str, Any]:
        """The store."""
        return {"path": str(self._store.path), "split": "pictures", "windows": len(self._store), "seeds": []}

    def _laid(self, picture: LabelledPicture, rng: np.random.Generator) -> tuple[ImageU8, ArrayF64, ArrayF64]:
        """The picture at the window's scale, somewhere on grey; boxes (n,4) as `Sample` has them; how much of each
        lies in the window."""
        try:
            pixels = decode_upright(picture.data())
        except (OSError, PictureError) as error:
            raise StoreError(f"{self._store.path}: {picture.name} cannot be read ({error})") from error
        rows, cols = self.grid.rows, self.grid.cols
        scale = min(rows / pixels.shape[0], cols / pixels.shape[1])
        if self._config.mm_per_px is not None:
            scale = self._config.mm_per_px / self.grid.mm_per_px
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        row, col = _offset(rows - size[1], rng), _offset(cols - size[0], rng)
        laid = np.full((rows, cols, 3), BLIND_GREY, dtype=np.uint8)
        shown = resized[max(0, -row) : rows - row, max(0, -col) : cols - col]
        laid[max(0, row) : max(0, row) + shown.shape[0], max(0, col) : max(0, col) + shown.shape[1]] = shown
        edges = [(box.top_px, box.left_px, box.bottom_px, box.right_px) for box in picture.boxes]
        boxes = np.array(edges, dtype=np.float64).reshape(-1, 4) * scale + np.array([row, col, row, col])
        return laid, boxes, _share_inside(boxes, rows, cols)


def _offset(free: int, rng: np.random.Generator) -> int:
    """Anywhere that leaves no belt free where the picture could cover it."""
    return int(rng.integers(min(0, free), max(0, free) + 1))


def _share_inside(boxes: ArrayF64, rows: int, cols: int) -> ArrayF64:
    clipped = np.clip(boxes, 0, [rows, cols, rows, cols])
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.asarray((clipped[:, 2:] - clipped[:, :2]).prod(axis=1) / np.maximum(area, 1e-9))
