"""An append-only store of labelled windows: memory-mappable shards and a manifest that can prove them whole.

Layout of a store::

    manifest.jsonl            one line a shard: name, windows, sha256 of each file, grid, split, seed, origin
    shard-00000/picture.npy   (n, rows, cols, 3) uint8
    shard-00000/field_ut.npy  (n, 3, field_rows, field_cols) float32
    shard-00000/field_mask.npy (n, 2, field_rows, field_cols) float32
    shard-00000/labels.json   per window: start_mm, last_input_ns, sequence, items

A shard is written under a temporary name, made durable, renamed, and only then named in the manifest: a torn write
leaves every earlier shard as it was, and `WindowStore.verify` reports what it left behind.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter, ValidationError

from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.config import Section, describe_invalid
from neosort_hardware.types import ArrayF32, ImageU8, ItemTruth

MANIFEST = "manifest.jsonl"
PICTURE, FIELD, MASK, LABELS = "picture.npy", "field_ut.npy", "field_mask.npy", "labels.json"
SHARD_FILES = (PICTURE, FIELD, MASK, LABELS)
_UNFINISHED = "unfinished-"
_Scalar = TypeVar("_Scalar", np.uint8, np.float32)


class StoreError(Exception):
    """A store cannot be used. The text names file and cause in one sentence."""


class ShardEntry(Section):
    """One line of the manifest."""

    shard: str = Field(pattern=r"^shard-\d{5,}$")
    windows: int = Field(ge=1)
    sha256: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]
    grid: WindowGrid
    split: str = Field(min_length=1)
    seed: int
    origin: str = Field(description="where the windows come from: a generator and its arguments, or a recording")


class WindowLabels(Section):
    """What is known of one window besides its arrays."""

    start_mm: float
    last_input_ns: int
    sequence: int
    items: tuple[ItemTruth, ...]


_LABELS = TypeAdapter(list[WindowLabels])


class WindowStoreWriter:
    """Appends shards to a store, which it creates where there is none. One writer at a time."""

    def __init__(self, path: Path, grid: WindowGrid, *, split: str, seed: int, origin: str) -> None:
        """``split``: "train", "validation" or "held-out"; ``seed`` and ``origin`` say how to make the windows again."""
        self._path, self._grid = path, grid
        self._split, self._seed, self._origin = split, seed, origin
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: cannot be made a store ({error})") from error
        if (path / MANIFEST).exists():
            store = WindowStore(path)
            if store.grid != grid:
                raise StoreError(f"{path}: holds windows of {store.grid}, cannot take windows of {grid}")

    def append(self, windows: Sequence[LabelledWindow]) -> str:
        """Write ``windows`` as one shard and return its name. Raises `StoreError`; the store is then as before."""
        if not windows:
            raise StoreError(f"{self._path}: a shard needs at least one window")
        for labelled in windows:
            self._check(labelled.window)
        temporary = self._path / f"{_UNFINISHED}{os.getpid()}"
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
            _write_shard(temporary, windows)
            name = self._claim(temporary)
            self._append_line(name, len(windows))
        except OSError as error:
            raise StoreError(f"{self._path}: shard could not be written ({error})") from error
        return name

    def _check(self, window: BeltWindow) -> None:
        shape = (self._grid.field_rows, self._grid.field_cols)
        expected = ((self._grid.rows, self._grid.cols, 3), (3, *shape), (2, *shape))
        found = (window.picture.shape, window.field_ut.shape, window.field_mask.shape)
        if window.grid != self._grid or found != expected:
            raise StoreError(f"{self._path}: window {window.sequence} has arrays {found}, the store's grid {expected}")

    def _claim(self, temporary: Path) -> str:
        """Rename to the first number that no shard bears, listed or left over."""
        taken = [int(entry.name.partition("-")[2]) for entry in self._path.glob("shard-*")]
        name = f"shard-{max(taken, default=-1) + 1:05d}"
        temporary.rename(self._path / name)
        _sync(self._path)
        return name

    def _append_line(self, name: str, windows: int) -> None:
        entry = ShardEntry(
            shard=name,
            windows=windows,
            sha256={file: _sha256(self._path / name / file) for file in SHARD_FILES},
            grid=self._grid,
            split=self._split,
            seed=self._seed,
            origin=self._origin,
        )
        manifest = self._path / MANIFEST
        torn = manifest.exists() and not manifest.read_bytes().endswith(b"\n") and manifest.stat().st_size > 0
        with manifest.open("a", encoding="utf-8") as lines:
            lines.write(("\n" if torn else "") + entry.model_dump_json() + "\n")
            lines.flush()
            os.fsync(lines.fileno())


class WindowStore:
    """Reads a store. Arrays are memory-mapped, so a window costs what is looked at of it.

    Lines of the manifest that cannot be read are passed over here and reported by `verify`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries, self._torn = _read_manifest(path)
        if not self.entries:
            raise StoreError(f"{path / MANIFEST}: names no readable shard")
        self.grid = self.entries[0].grid
        for entry in self.entries:
            if entry.grid != self.grid:
                raise StoreError(f"{path / MANIFEST}: {entry.shard} has another grid than {self.entries[0].shard}")
        self._ends = list(np.cumsum([entry.windows for entry in self.entries]))
        self._shards: dict[int, _Shard] = {}

    @property
    def path(self) -> Path:
        """The folder."""
        return self._path

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> LabelledWindow:
        """Window ``index``, its arrays mapped read-only. Raises `StoreError` where the shard is damaged."""
        if not 0 <= index < len(self):
            raise IndexError(f"{self._path}: window {index} asked for, the store holds {len(self)}")
        number = bisect.bisect_right(self._ends, index)
        if number not in self._shards:
            self._shards[number] = _Shard(self._path / self.entries[number].shard, self.entries[number])
        return self._shards[number].window(index - (int(self._ends[number]) - self.entries[number].windows))

    def kinds(self) -> list[str]:
        """Every kind of item that occurs, sorted."""
        found: set[str] = set()
        for entry in self.entries:
            labels = _read_labels(self._path / entry.shard / LABELS)
            found.update(item.kind for window in labels for item in window.items)
        return sorted(found)

    def verify(self) -> list[str]:
        """Everything wrong with the store, a sentence each; empty when it is whole. Reads every byte."""
        problems = list(self._torn)
        for entry in self.entries:
            problems += [text for file in SHARD_FILES if (text := self._damage(entry, file))]
        listed = {entry.shard for entry in self.entries}
        for folder in sorted(self._path.iterdir()):
            if folder.is_dir() and folder.name not in listed:
                problems.append(f"{folder}: left over from a write that did not finish, not named in the manifest")
        return problems

    def _damage(self, entry: ShardEntry, file: str) -> str:
        path = self._path / entry.shard / file
        try:
            digest = _sha256(path)
        except OSError as error:
            return f"{path}: cannot be read ({error.strerror})"
        return "" if digest == entry.sha256.get(file) else f"{path}: its sha256 is not the one in the manifest"


class _Shard:
    """One opened shard."""

    def __init__(self, folder: Path, entry: ShardEntry) -> None:
        grid = entry.grid
        field_shape = (grid.field_rows, grid.field_cols)
        self._grid = grid
        self._picture: ImageU8 = _map(folder / PICTURE, (entry.windows, grid.rows, grid.cols, 3), np.uint8)
        self._field: ArrayF32 = _map(folder / FIELD, (entry.windows, 3, *field_shape), np.float32)
        self._mask: ArrayF32 = _map(folder / MASK, (entry.windows, 2, *field_shape), np.float32)
        self._labels = _read_labels(folder / LABELS)
        if len(self._labels) != entry.windows:
            raise StoreError(f"{folder / LABELS}: labels {len(self._labels)} windows, the manifest {entry.windows}")

    def window(self, index: int) -> LabelledWindow:
        labels = self._labels[index]
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


def _write_shard(folder: Path, windows: Sequence[LabelledWindow]) -> None:
    """The four files of a shard, each made durable."""
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
    for file in SHARD_FILES:
        _sync(folder / file)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_manifest(path: Path) -> tuple[list[ShardEntry], list[str]]:
    """Readable entries, and a sentence for each line that is not."""
    manifest = path / MANIFEST
    try:
        text = manifest.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise StoreError(f"{manifest}: cannot be read ({error.strerror})") from error
    entries, torn = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            entries.append(ShardEntry.model_validate_json(line))
        except ValidationError as error:
            torn.append(f"{manifest}: line {number} is torn or foreign ({describe_invalid(error)})")
    return entries, torn


def _map(path: Path, shape: tuple[int, ...], dtype: type[_Scalar]) -> npt.NDArray[_Scalar]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(f"{path}: cannot be mapped ({error})") from error
    if array.shape != shape or array.dtype != dtype:
        raise StoreError(f"{path}: holds {array.dtype} {array.shape}, the manifest says {dtype.__name__} {shape}")
    return np.asarray(array)


def _read_labels(path: Path) -> list[WindowLabels]:
    try:
        return _LABELS.validate_json(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise StoreError(f"{path}: not the labels of a shard ({describe_invalid(error)})") from error
