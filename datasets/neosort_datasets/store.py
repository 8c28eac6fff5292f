"""An append-only store of labelled windows: memory-mappable shards and a manifest that can prove them whole.

Layout of a store::

    manifest.jsonl            one line a shard: name, windows, sha256 of each file, grid, split, seed, origin, licence
    shard-00000/picture.npy   (n, rows, cols, 3) uint8
    shard-00000/field_ut.npy  (n, 3, field_rows, field_cols) float32
    shard-00000/field_mask.npy (n, 2, field_rows, field_cols) float32
    shard-00000/labels.json   per window: start_mm, last_input_ns, sequence, items

What a torn write leaves is `neosort_datasets.manifest`'s care.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neosort_datasets.manifest import MANIFEST, NOT_STATED, Manifest, Prepared, StoreError
from neosort_datasets.shard import LABELS, Shard, ShardEntry, read_labels, write_shard
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid

__all__ = ["MANIFEST", "PreparedShard", "ShardEntry", "StoreError", "WindowStore", "WindowStoreWriter"]


def window_manifest(path: Path) -> Manifest[ShardEntry]:
    """The manifest of the window store at ``path``."""
    return Manifest(path, ShardEntry, "shard")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedShard:
    """A shard that is written and not part of its store yet."""

    files: Prepared
    windows: int


class WindowStoreWriter:
    """Appends shards to a store, which it creates where there is none. One writer at a time."""

    def __init__(
        self, path: Path, grid: WindowGrid, *, split: str, seed: int, origin: str, licence: str = NOT_STATED
    ) -> None:
        """``split``: which item models; ``seed`` and ``origin`` say how to make the windows again."""
        self._path, self._grid = path, grid
        self._split, self._seed, self._origin, self._licence = split, seed, origin, licence
        self._manifest = window_manifest(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: cannot be made a store ({error})") from error
        if (path / MANIFEST).exists():
            store = WindowStore(path)
            if store.grid != grid:
                raise StoreError(f"{path}: holds windows of {store.grid}, cannot take windows of {grid}")

    def append(self, windows: Sequence[LabelledWindow], *, seed: int | None = None) -> str:
        """Write ``windows`` as one shard and return its name. Raises `StoreError`; the store is then as before.

        ``seed``: of these windows, where they have one of their own.
        """
        return self.enter(self.prepare(windows), seed=seed)

    def prepare(self, windows: Sequence[LabelledWindow]) -> PreparedShard:
        """Write ``windows`` as a shard that `enter` makes part of the store: in whatever process has made them, for
        they are large. Raises `StoreError`."""
        if not windows:
            raise StoreError(f"{self._path}: a shard needs at least one window")
        for labelled in windows:
            self._check(labelled.window)
        files = self._manifest.prepare(lambda folder: write_shard(folder, windows))
        return PreparedShard(files=files, windows=len(windows))

    def enter(self, shard: PreparedShard, *, seed: int | None = None) -> str:
        """Make a prepared shard part of the store and return its name. Raises `StoreError`."""

        def describe(name: str, hashes: dict[str, str]) -> ShardEntry:
            return ShardEntry(
                shard=name,
                windows=shard.windows,
                sha256=hashes,
                grid=self._grid,
                split=self._split,
                seed=self._seed if seed is None else seed,
                origin=self._origin,
                licence=self._licence,
            )

        return self._manifest.enter(shard.files, describe)

    def _check(self, window: BeltWindow) -> None:
        shape = (self._grid.field_rows, self._grid.field_cols)
        expected = ((self._grid.rows, self._grid.cols, 3), (3, *shape), (2, *shape))
        found = (window.picture.shape, window.field_ut.shape, window.field_mask.shape)
        if window.grid != self._grid or found != expected:
            raise StoreError(f"{self._path}: window {window.sequence} has arrays {found}, the store's grid {expected}")


class WindowStore:
    """Reads a store. Arrays are memory-mapped, so a window costs what is looked at of it.

    Lines of the manifest that cannot be read are passed over here and reported by `verify`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._manifest = window_manifest(path)
        self.entries, self._torn = self._manifest.read()
        if not self.entries:
            raise StoreError(f"{path / MANIFEST}: names no readable shard")
        self.grid = self.entries[0].grid
        for entry in self.entries:
            if entry.grid != self.grid:
                raise StoreError(f"{path / MANIFEST}: {entry.shard} has another grid than {self.entries[0].shard}")
        self._ends = [int(end) for end in np.cumsum([entry.windows for entry in self.entries])]
        self._shards: dict[int, Shard] = {}

    @property
    def path(self) -> Path:
        """The folder."""
        return self._path

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> LabelledWindow:
        """Window ``index``, its arrays mapped read-only. Raises `StoreError` where the shard is damaged."""
        number = self._shard_of(index)
        if number not in self._shards:
            entry = self.entries[number]
            self._shards[number] = Shard(self._path / entry.shard, entry)
        return self._shards[number].window(index - (self._ends[number] - self.entries[number].windows))

    def entry_of(self, index: int) -> ShardEntry:
        """The manifest's line of the shard that holds window ``index``."""
        return self.entries[self._shard_of(index)]

    def _shard_of(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(f"{self._path}: window {index} asked for, the store holds {len(self)}")
        return bisect.bisect_right(self._ends, index)

    def kinds(self) -> list[str]:
        """Every kind of item that occurs, sorted."""
        found: set[str] = set()
        for entry in self.entries:
            labels = read_labels(self._path / entry.shard / LABELS)
            found.update(item.kind for window in labels for item in window.items)
        return sorted(found)

    def verify(self) -> list[str]:
        """Every file that is not as it was written, a sentence each; empty when all are. Reads every byte."""
        return [*self._torn, *self._manifest.damage(self.entries)]
