"""Samples for training: crops of stored windows with what the network shall answer, put together to batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from neosort_datasets.window import LabelledWindow
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, ArrayI64, ImageU8
from neosort_training.model import FIELD_STRIDE
from neosort_training.targets import Targets


class Sample(NamedTuple):
    """One (part of a) window. ``box_px`` (n,4): low along, low across, high along, high across, from its own corner.

    ``kind`` (n,) int64, ``bears`` (n,) 0 or 1, ``magnet_g`` (n,), both NaN where nobody knows; ``visible`` (n,) the
    share of the item that shows.
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

    ``picture`` (B,rows,cols,3) uint8; ``field_ut`` (B,3,·,·), ``field_mask`` (B,2,·,·); ``heat``, ``heat_weight`` and
    ``vacant`` (B,1,rows/8,cols/8); of each cell: ``sample``, ``row``, ``col`` (P,) int64, ``box_px`` (P,4), ``kind``
    (P,) int64, ``bears``, ``magnet_log1p_g`` (P,) float32, and whether they are known: ``judged``, ``weighed`` (P,) 1
    or 0, the latter of bearing items alone. What losses are divided by, () each: ``samples``, ``items`` that have a
    centre, ``cells``, ``judgements``, ``weighings``.
    """

    picture: Tensor
    field_ut: Tensor
    field_mask: Tensor
    heat: Tensor
    heat_weight: Tensor
    vacant: Tensor
    sample: Tensor
    row: Tensor
    col: Tensor
    box_px: Tensor
    kind: Tensor
    bears: Tensor
    magnet_log1p_g: Tensor
    judged: Tensor
    weighed: Tensor
    samples: Tensor
    items: Tensor
    cells: Tensor
    judgements: Tensor
    weighings: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on ``device``; from pinned memory without waiting for it."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


class KindError(Exception):
    """A store holds a kind of item that the network has no class for. The text names both."""


def classes_of(names: Sequence[str], kinds: Sequence[str], renamed: Mapping[str, str]) -> tuple[ArrayI64, ArrayBool]:
    """The class (n,) of each kind of item, by the name it has in ``renamed`` if it stands there, and whether it is one
    to learn from: a kind renamed to nothing is passed over. Raises `KindError`."""
    here = [renamed.get(name, name) for name in names]
    unknown = sorted(set(here) - set(kinds) - {""})
    if unknown:
        raise KindError(f"kind '{unknown[0]}' occurs in the data, the network knows only {', '.join(kinds)}")
    known = [kinds.index(name) if name else 0 for name in here]
    return np.array(known, dtype=np.int64), np.array([bool(name) for name in here], dtype=bool)


def sample_of(
    labelled: LabelledWindow, kinds: Sequence[str], renamed: Mapping[str, str] = MappingProxyType({})
) -> Sample:
    """A whole window as a sample; its arrays are views of the store. Raises `KindError`.

    Items of a kind that ``renamed`` passes over hardly show, so that they are neither right nor wrong.
    """
    window, items = labelled.window, labelled.items
    grid = window.grid
    origin = np.array([window.start_mm, grid.across_start_mm] * 2)
    boxes = [(i.box.belt_lo_mm, i.box.across_lo_mm, i.box.belt_hi_mm, i.box.across_hi_mm) for i in items]
    kind, learnt = classes_of([item.kind for item in items], kinds, renamed)
    return Sample(
        picture=window.picture,
        field_ut=window.field_ut,
        field_mask=window.field_mask,
        box_px=(np.array(boxes, dtype=np.float64).reshape(-1, 4) - origin) / grid.mm_per_px,
        kind=kind,
        bears=np.array([item.bears_ndfeb for item in items], dtype=np.float32),
        magnet_g=np.array([item.magnet_g for item in items], dtype=np.float32),
        visible=np.array([item.visible_fraction for item in items], dtype=np.float32) * learnt,
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


def collate(samples: Sequence[tuple[Sample, Targets]]) -> Batch:
    """Samples of one size → a batch."""
    plain, targets = zip(*samples, strict=True)

    def stack(arrays: list[ArrayF32] | list[ImageU8]) -> Tensor:
        return torch.from_numpy(np.stack(arrays))

    def join(arrays: list[ArrayF32] | list[ArrayF64] | list[ArrayI64], dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(np.concatenate(arrays)).to(dtype)

    pairs = list(zip(plain, targets, strict=True))
    bears = join([sample.bears[target.item] for sample, target in pairs], torch.float32)
    magnet_g = join([sample.magnet_g[target.item] for sample, target in pairs], torch.float32)
    judged, weighed = (~bears.isnan()).float(), ((bears > 0) & ~magnet_g.isnan()).float()
    return Batch(
        picture=stack([sample.picture for sample in plain]),
        field_ut=stack([sample.field_ut for sample in plain]),
        field_mask=stack([sample.field_mask for sample in plain]),
        heat=stack([target.heat[None] for target in targets]),
        heat_weight=stack([target.heat_weight[None] for target in targets]),
        vacant=stack([target.vacant[None] for target in targets]),
        sample=join([np.full(len(target.item), number) for number, target in enumerate(targets)], torch.int64),
        row=join([target.row for target in targets], torch.int64),
        col=join([target.col for target in targets], torch.int64),
        box_px=join([sample.box_px[target.item] for sample, target in pairs], torch.float32),
        kind=join([sample.kind[target.item] for sample, target in pairs], torch.int64),
        bears=bears.nan_to_num(),
        magnet_log1p_g=torch.log1p(magnet_g.nan_to_num()),
        judged=judged,
        weighed=weighed,
        samples=torch.tensor(float(len(plain))),
        items=torch.tensor(float(sum(target.items for target in targets))),
        cells=torch.tensor(float(len(bears))),
        judgements=judged.sum(),
        weighings=weighed.sum(),
    )


def merge(parts: Sequence[Batch]) -> Batch:
    """Parts of a batch, in order, as one: counts are added, all else is strung together."""
    before = 0
    renumbered = []
    for part in parts:
        renumbered.append(part._replace(sample=part.sample + before))
        before += len(part.picture)
    joined = (
        torch.stack(column).sum(0) if column[0].dim() == 0 else torch.cat(column)
        for column in zip(*renumbered, strict=True)
    )
    return Batch(*joined)
