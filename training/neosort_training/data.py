"""Samples for training: crops of stored windows, changed only in ways in which a real window could have differed.

Fields are axial vectors. In a mirror that reverses axis *a*, the component of an axial vector along *a* keeps its sign
and the two others change theirs (Jackson, Classical Electrodynamics, 6.10). So a window flipped along the belt keeps
B_x and negates B_y and B_z, and one flipped across keeps B_y and negates B_x and B_z. Turning every magnet round
negates all three. Steel magnetised by the Earth does not follow, because the
Earth's field stays as it is; such moments are weak beside those of magnets, and this is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from neosort_datasets.store import WindowStore
from neosort_datasets.window import BLIND_GREY, LabelledWindow, WindowGrid
from neosort_hardware.types import ArrayF32, ArrayF64, ArrayI64, ImageU8
from neosort_training.config import AugmentConfig, DataConfig
from neosort_training.model import FIELD_STRIDE, require_alignment
from neosort_training.targets import Targets, render_targets

ALONG, ACROSS = 0, 1


class Sample(NamedTuple):
    """One (part of a) window. ``box_px`` (n,4): low along, low across, high along, high across, from its own corner.

    ``kind`` (n,) int64, ``bears`` (n,) 0 or 1, ``magnet_g`` (n,), ``visible`` (n,) the share of the item that shows.
    """

    picture: ImageU8
    field_ut: ArrayF32
    field_mask: ArrayF32
    box_px: ArrayF64
    kind: ArrayI64
    bears: ArrayF32
    magnet_g: ArrayF32
    visible: ArrayF32


class Batch(NamedTuple):
    """B samples, and the P cells in them that answer for an item.

    ``picture`` (B,rows,cols,3) uint8; ``field_ut`` (B,3,·,·), ``field_mask`` (B,2,·,·); ``heat`` and ``heat_weight``
    (B,1,rows/8,cols/8); of each cell: ``sample``, ``row``, ``col`` (P,) int64, ``box_px`` (P,4), ``kind`` (P,) int64,
    ``bears`` (P,), ``magnet_log1p_g`` (P,) float32; ``items`` () how many items there are.
    """

    picture: Tensor
    field_ut: Tensor
    field_mask: Tensor
    heat: Tensor
    heat_weight: Tensor
    sample: Tensor
    row: Tensor
    col: Tensor
    box_px: Tensor
    kind: Tensor
    bears: Tensor
    magnet_log1p_g: Tensor
    items: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on ``device``; from pinned memory without waiting for it."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


class KindError(Exception):
    """A store holds a kind of item that the network has no class for. The text names both."""


def sample_of(labelled: LabelledWindow, kinds: Sequence[str]) -> Sample:
    """A whole window as a sample; its arrays are views of the store. Raises `KindError`."""
    window, items = labelled.window, labelled.items
    grid = window.grid
    origin = np.array([window.start_mm, grid.across_start_mm] * 2)
    boxes = [(i.box.belt_lo_mm, i.box.across_lo_mm, i.box.belt_hi_mm, i.box.across_hi_mm) for i in items]
    unknown = sorted({item.kind for item in items} - set(kinds))
    if unknown:
        raise KindError(f"kind '{unknown[0]}' occurs in the store, the network knows only {', '.join(kinds)}")
    return Sample(
        picture=window.picture,
        field_ut=window.field_ut,
        field_mask=window.field_mask,
        box_px=(np.array(boxes, dtype=np.float64).reshape(-1, 4) - origin) / grid.mm_per_px,
        kind=np.array([kinds.index(item.kind) for item in items], dtype=np.int64),
        bears=np.array([item.bears_ndfeb for item in items], dtype=np.float32),
        magnet_g=np.array([item.magnet_g for item in items], dtype=np.float32),
        visible=np.array([item.visible_fraction for item in items], dtype=np.float32),
    )


def crop(sample: Sample, row: int, col: int, rows: int, cols: int) -> Sample:
    """The part of ``rows`` × ``cols`` px from (row, col), all multiples of 16. Items keep their whole boxes."""
    f = FIELD_STRIDE
    cells = np.s_[:, row // f : (row + rows) // f, col // f : (col + cols) // f]
    return sample._replace(
        picture=sample.picture[row : row + rows, col : col + cols],
        field_ut=sample.field_ut[cells],
        field_mask=sample.field_mask[cells],
        box_px=sample.box_px - np.array([row, col, row, col]),
    )


def flip(sample: Sample, axis: int) -> Sample:
    """The sample in a mirror that reverses ``axis`` (`ALONG` or `ACROSS`); see the head of this file."""
    sign = -np.ones((3, 1, 1), dtype=np.float32)
    sign[axis] = 1.0
    length = sample.picture.shape[axis]
    box = sample.box_px.copy()
    box[:, axis], box[:, axis + 2] = length - sample.box_px[:, axis + 2], length - sample.box_px[:, axis]
    return sample._replace(
        picture=np.flip(sample.picture, axis),
        field_ut=np.flip(sample.field_ut, axis + 1) * sign,
        field_mask=np.flip(sample.field_mask, axis + 1),
        box_px=box,
    )


def blind_camera(sample: Sample) -> Sample:
    """The sample as a line without a camera has it."""
    return sample._replace(picture=np.full_like(sample.picture, BLIND_GREY))


def blind_field(sample: Sample) -> Sample:
    """The sample as a line without magnetometers has it."""
    return sample._replace(field_ut=np.zeros_like(sample.field_ut), field_mask=np.zeros_like(sample.field_mask))


def relight(picture: ImageU8, config: AugmentConfig, rng: np.random.Generator) -> ImageU8:
    """Other brightness, contrast and colour temperature, as one table per channel: quick, and rounded once."""
    gain = 1.0 + rng.uniform(-config.brightness, config.brightness)
    contrast = 1.0 + rng.uniform(-config.contrast, config.contrast)
    warmth = rng.uniform(-config.colour_temperature, config.colour_temperature)
    level = np.arange(256.0)[:, None] * gain * np.array([1.0 + warmth, 1.0, 1.0 - warmth])
    table = (level - 128.0) * contrast + 128.0
    lut = np.clip(np.rint(table), 0, 255).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(np.ascontiguousarray(picture), lut), dtype=np.uint8)


def disturb_field(sample: Sample, config: AugmentConfig, rng: np.random.Generator) -> Sample:
    """Gain error, noise and dead channels."""
    field, mask = np.array(sample.field_ut), np.array(sample.field_mask)
    field *= np.float32(1.0 + rng.uniform(-config.field_gain, config.field_gain))
    field += rng.normal(0.0, config.field_noise_ut, field.shape).astype(np.float32) * mask[:1]
    if rng.random() < config.dead_channels:
        dead = rng.choice(field.shape[2], size=min(int(rng.integers(1, 5)), field.shape[2]), replace=False)
        field[:, :, dead] = 0.0
        mask[:, :, dead] = 0.0
    return sample._replace(field_ut=field, field_mask=mask)


def augment(sample: Sample, config: AugmentConfig, rng: np.random.Generator) -> Sample:
    """One physically possible variation of ``sample``."""
    if rng.random() < config.flip_along:
        sample = flip(sample, ALONG)
    if rng.random() < config.flip_across:
        sample = flip(sample, ACROSS)
    if rng.random() < config.reverse_polarity:
        sample = sample._replace(field_ut=-sample.field_ut)
    sample = disturb_field(sample, config, rng)._replace(picture=relight(sample.picture, config, rng))
    sense = rng.random()  # one draw, so that no sample loses both senses
    if sense < config.blind_camera:
        return blind_camera(sample)
    if sense > 1.0 - config.blind_field:
        return blind_field(sample)
    return sample


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
        row = FIELD_STRIDE * int(rng.integers((self.grid.rows - rows) // FIELD_STRIDE + 1))
        col = FIELD_STRIDE * int(rng.integers((self.grid.cols - cols) // FIELD_STRIDE + 1))
        sample = augment(crop(sample, row, col, rows, cols), self._changes, rng)
        return sample, render_targets(sample.box_px, sample.visible, (rows, cols), self._data.min_visible_fraction)


class EpochOrder(Sampler[tuple[int, int]]):
    """A seeded order of one epoch, from sample ``start`` on, so that a run can go on where it stopped."""

    def __init__(self, size: int, *, seed: int, epoch: int, start: int = 0) -> None:
        order = np.random.default_rng((seed, epoch)).permutation(size)
        self._keys = [(epoch, int(index)) for index in order[start:]]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def collate(samples: Sequence[tuple[Sample, Targets]]) -> Batch:
    """Samples of one size → a batch."""
    plain, targets = zip(*samples, strict=True)

    def stack(arrays: list[ArrayF32] | list[ImageU8]) -> Tensor:
        return torch.from_numpy(np.stack(arrays))

    def join(arrays: list[ArrayF32] | list[ArrayF64] | list[ArrayI64], dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(np.concatenate(arrays)).to(dtype)

    pairs = list(zip(plain, targets, strict=True))
    return Batch(
        picture=stack([sample.picture for sample in plain]),
        field_ut=stack([sample.field_ut for sample in plain]),
        field_mask=stack([sample.field_mask for sample in plain]),
        heat=stack([target.heat[None] for target in targets]),
        heat_weight=stack([target.heat_weight[None] for target in targets]),
        sample=join([np.full(len(target.item), number) for number, target in enumerate(targets)], torch.int64),
        row=join([target.row for target in targets], torch.int64),
        col=join([target.col for target in targets], torch.int64),
        box_px=join([sample.box_px[target.item] for sample, target in pairs], torch.float32),
        kind=join([sample.kind[target.item] for sample, target in pairs], torch.int64),
        bears=join([sample.bears[target.item] for sample, target in pairs], torch.float32),
        magnet_log1p_g=join([np.log1p(sample.magnet_g[target.item]) for sample, target in pairs], torch.float32),
        items=torch.tensor(float(sum(target.items for target in targets))),
    )


def common_grid(stores: Sequence[WindowStore]) -> WindowGrid:
    """The grid that all stores share and the network can read; `ValueError` in one sentence otherwise."""
    grid = stores[0].grid
    for store in stores[1:]:
        if store.grid != grid:
            raise ValueError(f"{store.path} holds windows of {store.grid}, {stores[0].path} of {grid}")
    require_alignment(grid)
    return grid
