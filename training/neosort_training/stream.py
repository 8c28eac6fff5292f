"""The batches of a run, one after the other, prepared beside the training by worker processes where there are any."""

from __future__ import annotations

import math
import signal
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from neosort_datasets.window import WindowGrid
from neosort_datasets.worker_processes import one_thread_each
from neosort_training.augment import augment, rescale, source_size
from neosort_training.config import TrainConfig
from neosort_training.data import Batch, Sample, collate, crop, merge
from neosort_training.mixture import Draw, Mixture, split_slots
from neosort_training.model import FIELD_STRIDE, require_alignment
from neosort_training.sources import WindowSource, open_sources
from neosort_training.targets import Targets, render_targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """``batches`` batches of epoch ``epoch`` are done."""

    epoch: int = 0
    batches: int = 0


class SampleStream(IterableDataset[Batch]):
    """What ``slots`` of every global batch take, from ``start`` to the run's end. A worker process takes its share of
    the slots and gives its part of each batch. The same samples whoever prepares them: each follows from the seed, the
    epoch, the batch and its slot."""

    def __init__(
        self, config: TrainConfig, kinds: Sequence[str], mixture: Mixture, size_px: tuple[int, int], slots: range
    ) -> None:
        """``size_px``: rows and columns of a sample."""
        self._config, self._kinds, self._mixture = config, tuple(kinds), mixture
        self._size_px, self._slots = size_px, slots
        self.start = Position()

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        slots = self._slots if worker is None else split_slots(self._slots, worker.num_workers)[worker.id]
        sources = open_sources(self._config.data.sources, self._config.seed)
        for epoch in range(self.start.epoch, self._config.optimiser.epochs):
            planned = self._mixture.epoch(epoch)
            first = self.start.batches if epoch == self.start.epoch else 0
            for batch in range(first, self._mixture.batches):
                draws = planned.draws(batch, slots)
                yield collate([self._sample(sources, draw, (epoch, batch)) for draw in draws])

    def _sample(self, sources: Sequence[WindowSource], draw: Draw, place: tuple[int, int]) -> tuple[Sample, Targets]:
        rng = np.random.default_rng((self._config.seed, *place, draw.slot))
        data, (rows, cols) = self._config.data, self._size_px
        whole = sources[draw.source].sample(draw, self._kinds)
        height, width = whole.picture.shape[:2]
        size_px = source_size((rows, cols), (height, width), self._config.augment, rng)
        part = cut(whole, *size_px, data.crops_about_items, rng)
        sample = augment(rescale(part, rows, cols), self._config.augment, rng)
        return sample, render_targets(sample.box_px, sample.visible, (rows, cols), data.min_visible_fraction)


def cut(whole: Sample, rows: int, cols: int, about_items: float, rng: np.random.Generator) -> Sample:
    """A part of ``rows`` × ``cols`` px of a window: anywhere, or, in a share of ``about_items``, about an item."""
    height, width = whole.picture.shape[:2]
    about = None
    if len(whole.box_px) and rng.random() < about_items:
        about = whole.box_px[rng.integers(len(whole.box_px))]
    row = _start(rng, rows, height, None if about is None else (about[0], about[2]))
    col = _start(rng, cols, width, None if about is None else (about[1], about[3]))
    return crop(whole, row, col, rows, cols)


def _start(rng: np.random.Generator, length: int, whole: int, around: tuple[float, float] | None) -> int:
    """Where a cut of ``length`` px begins in ``whole``, a multiple of `FIELD_STRIDE`: anywhere, or anywhere from where
    it holds all of ``around`` (low, high) if it can."""
    lowest, highest = 0, (whole - length) // FIELD_STRIDE
    if around is not None:
        lowest = min(highest, max(0, math.ceil((around[1] - length) / FIELD_STRIDE)))
        highest = max(lowest, min(highest, math.floor(around[0] / FIELD_STRIDE)))
    return FIELD_STRIDE * int(rng.integers(lowest, highest + 1))


def batches(stream: SampleStream, workers: int, device: torch.device) -> Generator[Batch]:
    """The stream's batches on ``device``. Closing the iterator ends the workers."""
    if workers == 0:
        yield from (batch.to(device) for batch in stream)
        return
    loader = DataLoader(
        stream,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4,  # a scene of the twin takes as long as several batches
        multiprocessing_context="spawn",  # by now this process has threads, which a fork would lose
        worker_init_fn=_begin_worker,
        pin_memory=device.type == "cuda",
    )
    with one_thread_each():
        given = iter(loader)
    parts: list[Batch] = []
    for part in given:  # the workers' parts come in turn
        parts.append(part.to(device))
        if len(parts) == workers:
            yield merge(parts)
            parts = []


def _begin_worker(_worker: int) -> None:
    """Workers leave signals to the training process, which ends them in order: a terminal's Ctrl-C and what torchrun
    sends reach the whole group."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    cv2.setNumThreads(1)


def shared_size(grids: Sequence[WindowGrid], rows: int, cols: int) -> tuple[int, int]:
    """Rows and columns of samples that every grid has. Raises `ValueError` where the grids' scales differ, or the
    network cannot read one."""
    for grid in grids:
        require_alignment(grid)
        if grid.mm_per_px != grids[0].mm_per_px:
            raise ValueError(
                f"windows of {grid.mm_per_px:g} mm per px beside others of {grids[0].mm_per_px:g}: "
                f"all sources of a run must show items at one scale"
            )
    return min(rows, *(grid.rows for grid in grids)), min(cols, *(grid.cols for grid in grids))
