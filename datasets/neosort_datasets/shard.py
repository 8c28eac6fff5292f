"""One folder of a window store: the arrays of some windows, memory-mapped, and their labels."""

from __future__ import annotations

import json
import mmap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from neosort_datasets.manifest import FolderEntry, StoreError
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.config import Section, describe_invalid
from neosort_hardware.types import ArrayF32, ImageU8, ItemTruth

PICTURE, FIELD, MASK, LABELS = "picture.npy", "field_ut.npy", "field_mask.npy", "labels.json"
SHARD_FILES = frozenset({PICTURE, FIELD, MASK, LABELS})
_Scalar = TypeVar("_Scalar", np.uint8, np.float32)


class ShardEntry(FolderEntry):
    """One line of a window store's manifest."""

    shard: str = Field(pattern=r"^shard-\d{5,}$")
    windows: int = Field(ge=1)
    grid: WindowGrid
    split: str = Field(min_length=1)
    seed: int

    @model_validator(mode="after")
    def _has_a_hash_of_every_file(self) -> Self:
        if set(self.sha256) != SHARD_FILES:
            raise ValueError(f"hashes of {', '.join(sorted(self.sha256))}, must be of {', '.join(sorted(SHARD_FILES))}")
        return self

    @property
    def folder(self) -> str:
        """The shard's name."""
        return self.shard


class WindowLabels(Section):
    """What is known of one window besides its arrays."""

    start_mm: float
    last_input_ns: int
    sequence: int
    items: tuple[ItemTruth, ...]


_LABELS = TypeAdapter(list[WindowLabels])


class Shard:
    """One opened shard. Raises `StoreError` where it is damaged."""

    def __init__(self, folder: Path, entry: ShardEntry) -> None:
        grid = entry.grid
        field_shape = (grid.field_rows, grid.field_cols)
        self._grid = grid
        self._picture: ImageU8 = _map(folder / PICTURE, (entry.windows, grid.rows, grid.cols, 3), np.uint8)
        self._field: ArrayF32 = _map(folder / FIELD, (entry.windows, 3, *field_shape), np.float32)
        self._mask: ArrayF32 = _map(folder / MASK, (entry.windows, 2, *field_shape), np.float32)
        self._labels = read_labels(folder / LABELS)
        if len(self._labels) != entry.windows:
            raise StoreError(f"{folder / LABELS}: labels {len(self._labels)} windows, the manifest {entry.windows}")

    def window(self, index: int) -> LabelledWindow:
        """Window ``index`` of the shard, its arrays mapped read-only."""
        labels = self._labels[index]
        _fetch(self._picture[index])
        window = BeltWindow(
            grid=self._grid,
            start_mm=labels.start_mm,
            picture=self._picture[index],
            field_ut=self._field[index],
            field_mask=self._mask[index],
            last_input_ns=labels.last_input_ns,
            sequence=labels.sequence,
        )
        return LabelledWindow(window=window, items=labels.items)


def write_shard(folder: Path, windows: Sequence[LabelledWindow]) -> None:
    """The four files of a shard."""
    np.save(folder / PICTURE, np.stack([labelled.window.picture for labelled in windows]).astype(np.uint8))
    np.save(folder / FIELD, np.stack([labelled.window.field_ut for labelled in windows]).astype(np.float32))
    np.save(folder / MASK, np.stack([labelled.window.field_mask for labelled in windows]).astype(np.float32))
    labels = [
        {
            "start_mm": float(labelled.window.start_mm),
            "last_input_ns": int(labelled.window.last_input_ns),
            "sequence": int(labelled.window.sequence),
            "items": [asdict(item) for item in labelled.items],
        }
        for labelled in windows
    ]
    (folder / LABELS).write_text(json.dumps(labels), encoding="utf-8")


def read_labels(path: Path) -> list[WindowLabels]:
    """The labels of a shard. Raises `StoreError`."""
    try:
        return _LABELS.validate_json(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise StoreError(f"{path}: not the labels of a shard ({describe_invalid(error)})") from error


def _map(path: Path, shape: tuple[int, ...], dtype: type[_Scalar]) -> npt.NDArray[_Scalar]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(f"{path}: cannot be mapped ({error})") from error
    if array.shape != shape or array.dtype != dtype:
        raise StoreError(f"{path}: holds {array.dtype} {array.shape}, the manifest says {dtype.__name__} {shape}")
    mapped = _mapping(array)
    if mapped is not None:
        # Windows are read in any order: what the system reads ahead beyond one (8 MB on some machines) is read for
        # nothing, and of a store larger than the memory that is most of the reading.
        mapped.madvise(mmap.MADV_RANDOM)
    return np.asarray(array)


def _mapping(array: npt.NDArray[Any]) -> mmap.mmap | None:
    """The mapping that an array lies in, where the system takes advice on it."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) and hasattr(base, "madvise") else None


def _fetch(part: npt.NDArray[Any]) -> None:
    """Have the system read all of a mapped ``part`` at once, instead of a page whenever one is missed."""
    mapped = _mapping(part)
    if mapped is None:
        return
    whole = np.frombuffer(mapped, dtype=np.uint8)
    start = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    first = start - start % mmap.PAGESIZE
    mapped.madvise(mmap.MADV_WILLNEED, first, start + part.nbytes - first)
