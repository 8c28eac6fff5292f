"""Which samples a run learns from, in which order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Dataset, Sampler

from neosort_datasets.store import WindowStore
from neosort_datasets.window import WindowGrid
from neosort_training.augment import augment
from neosort_training.config import AugmentConfig, DataConfig
from neosort_training.data import Sample, crop, sample_of
from neosort_training.model import FIELD_STRIDE, require_alignment
from neosort_training.targets import Targets, render_targets


class WindowSamples(Dataset[tuple[Sample, Targets]]):
    """Training samples of several stores. The item asked for is (epoch, index): what it yields follows from both."""

    def __init__(
        self, stores: Sequence[WindowStore], kinds: Sequence[str], data: DataConfig, changes: AugmentConfig, seed: int
    ) -> None:
        """Raises `ValueError` where the stores' grids differ or the network cannot read them."""
        self.grid = common_grid(stores)
        self._stores, self._kinds = list(stores), tuple(kinds)
        self._data, self._changes, self._seed = data, changes, seed
        self._windows = [(number, index) for number, store in enumerate(stores) for index in range(len(store))]

    def __len__(self) -> int:
        return len(self._windows) * self._data.crops_per_window

    def __getitem__(self, key: tuple[int, int]) -> tuple[Sample, Targets]:
        epoch, index = key
        rng = np.random.default_rng((self._seed, epoch, index))
        number, window = self._windows[index % len(self._windows)]
        sample = sample_of(self._stores[number][window], self._kinds)
        rows, cols = min(self._data.crop_rows, self.grid.rows), min(self._data.crop_cols, self.grid.cols)
        about = sample.box_px[rng.integers(len(sample.box_px))] if self._about_an_item(sample, rng) else None
        row = _crop_start(rng, rows, self.grid.rows, None if about is None else (about[0], about[2]))
        col = _crop_start(rng, cols, self.grid.cols, None if about is None else (about[1], about[3]))
        sample = augment(crop(sample, row, col, rows, cols), self._changes, rng)
        return sample, render_targets(sample.box_px, sample.visible, (rows, cols), self._data.min_visible_fraction)

    def _about_an_item(self, sample: Sample, rng: np.random.Generator) -> bool:
        return len(sample.box_px) > 0 and rng.random() < self._data.crops_about_items


def _crop_start(rng: np.random.Generator, length: int, whole: int, around: tuple[float, float] | None) -> int:
    """Where a crop of ``length`` px begins in ``whole``, a multiple of `FIELD_STRIDE`: anywhere, or anywhere from where
    it holds all of ``around`` (low, high) if it can."""
    lowest, highest = 0, (whole - length) // FIELD_STRIDE
    if around is not None:
        lowest = min(highest, max(0, math.ceil((around[1] - length) / FIELD_STRIDE)))
        highest = max(lowest, min(highest, math.floor(around[0] / FIELD_STRIDE)))
    return FIELD_STRIDE * int(rng.integers(lowest, highest + 1))


class EpochOrder(Sampler[tuple[int, int]]):
    """A seeded order of one epoch, from sample ``start`` on, so that a run can go on where it stopped."""

    def __init__(self, size: int, *, seed: int, epoch: int, start: int = 0) -> None:
        order = np.random.default_rng((seed, epoch)).permutation(size)
        self._keys = [(epoch, int(index)) for index in order[start:]]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def common_grid(stores: Sequence[WindowStore]) -> WindowGrid:
    """The grid that all stores share and the network can read; `ValueError` in one sentence otherwise."""
    grid = stores[0].grid
    for store in stores[1:]:
        if store.grid != grid:
            raise ValueError(f"{store.path} holds windows of {store.grid}, {stores[0].path} of {grid}")
    require_alignment(grid)
    return grid
