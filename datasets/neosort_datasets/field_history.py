"""Magnetometer samples → what lay over the array where: the empty belt taken off, the last stretch of belt kept."""

from __future__ import annotations

from collections import deque

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, ArrayI64, FieldBlock

_HISTORY = 400  # decimated samples that the median is taken over
_HISTORY_STEP_S = 0.05  # one kept each: 20 s of history, long against any item, short against drift
_REFRESH_S = 0.25
_FIRST_S = 0.1  # settled enough to begin with
_ENOUGH = 20  # samples that stand alone; what lay over the array when the run began is forgotten then
_STANDING_S = 1.0  # samples of one place beyond this add nothing but memory


class FieldBaseline:
    """What each channel reads over an empty belt: a running median, which passing items hardly move.

    An item lies over a channel for a small share of the time even on a crowded belt; Earth, frame and drift are there
    all the time.
    """

    def __init__(self) -> None:
        self._history: ArrayF32 | None = None  # (_HISTORY, channels, 3), a ring
        self._in_history = 0
        self._offset_ut: ArrayF32 | None = None
        self._kept_ns = 0
        self._refreshed_ns = 0
        self._first_ns: int | None = None
        self._beginning: deque[ArrayF32] = deque(maxlen=_HISTORY)

    def take_off(self, block: FieldBlock) -> ArrayF32:
        """The block's field (samples, channels, 3) less the baseline, which learns from the block first."""
        if self._first_ns is None:
            self._first_ns = int(block.sampled_ns[0])
        settling = block.sampled_ns[-1] - self._first_ns < _FIRST_S * 1e9
        step_ns = 0 if settling else round(_HISTORY_STEP_S * 1e9)
        which = int(np.searchsorted(block.sampled_ns, self._kept_ns + step_ns))
        while which < len(block.sampled_ns):
            self._keep(block.field_ut[which], beginning=settling)
            self._kept_ns = int(block.sampled_ns[which])
            which = max(which + 1, int(np.searchsorted(block.sampled_ns, self._kept_ns + step_ns)))
        if self._in_history >= _ENOUGH:
            self._beginning.clear()
        due = block.sampled_ns[-1] - self._refreshed_ns >= _REFRESH_S * 1e9
        if self._offset_ut is None or settling or due:
            self._offset_ut = _median(self._samples())
            self._refreshed_ns = int(block.sampled_ns[-1])
        return np.asarray(block.field_ut - self._offset_ut, dtype=np.float32)

    def _keep(self, sample_ut: ArrayF32, *, beginning: bool) -> None:
        if beginning:
            self._beginning.append(sample_ut)
            return
        if self._history is None:
            self._history = np.empty((_HISTORY, *sample_ut.shape), dtype=np.float32)
        self._history[self._in_history % _HISTORY] = sample_ut
        self._in_history += 1

    def _samples(self) -> ArrayF32:
        """What is kept (n, channels, 3), in no order."""
        kept = [] if self._history is None else [self._history[: self._in_history]]
        return np.concatenate([np.stack(self._beginning), *kept]) if self._beginning else kept[0]


class FieldHistory:
    """The last stretch of samples, by the place on the belt that lay over the array."""

    def __init__(self, array_station_mm: float, keep_mm: float) -> None:
        self._station_mm = array_station_mm
        self._keep_mm = keep_mm
        self._baseline = FieldBaseline()
        self._blocks: deque[tuple[ArrayF64, ArrayI64, ArrayF32, ArrayBool]] = deque()
        self._furthest_mm = -np.inf
        self._moved_ns = 0

    @property
    def newest_place_mm(self) -> float | None:
        """The place over the array at the newest sample; None before the first."""
        return float(self._blocks[-1][0][-1]) if self._blocks else None

    def add(self, block: FieldBlock) -> None:
        """Take a block; forget what is older than ``keep_mm`` of belt.

        While the belt stands, blocks are kept for a second only, so that a line at rest does not fill its memory.
        """
        field_ut = self._baseline.take_off(block)
        places_mm = block.belt_mm - self._station_mm
        if places_mm[-1] < self._furthest_mm - self._keep_mm:  # the encoder counts anew
            self.forget_places()
        if places_mm[-1] > self._furthest_mm:
            self._furthest_mm, self._moved_ns = float(places_mm[-1]), int(block.sampled_ns[-1])
        elif block.sampled_ns[-1] - self._moved_ns > _STANDING_S * 1e9:
            return
        self._blocks.append((places_mm, block.sampled_ns, field_ut, block.saturated))
        while self._blocks[0][0][-1] < places_mm[-1] - self._keep_mm:
            self._blocks.popleft()

    @property
    def begins_mm(self) -> float:
        """The first place that is known; infinitely far before the first sample."""
        return float(self._blocks[0][0][0]) if self._blocks else np.inf

    def share_baseline(self, other: FieldHistory) -> None:
        """Go by what another history of the same array knows of the empty belt; both may be fed the same blocks."""
        self._baseline = other._baseline

    def forget_places(self) -> None:
        """What lay where means nothing any more; what the channels read over an empty belt does."""
        self._blocks.clear()
        self._furthest_mm = -np.inf

    def stretch(self, lo_mm: float, hi_mm: float) -> tuple[ArrayF64, ArrayI64, ArrayF32, ArrayBool] | None:
        """Samples with places in [lo, hi): places, stamps, field, saturated; None where there are none."""
        blocks = [block for block in self._blocks if block[0][-1] >= lo_mm and block[0][0] < hi_mm]
        if not blocks:
            return None
        places, stamps, field_ut, saturated = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        inside = (places >= lo_mm) & (places < hi_mm)
        if not inside.any():
            return None
        return places[inside], stamps[inside], field_ut[inside], saturated[inside]


def _median(samples_ut: ArrayF32) -> ArrayF32:
    """Over the samples (n, channels, 3) that were read; 0 for a channel that never was."""
    count, *shape = samples_ut.shape
    by_axis = np.ascontiguousarray(samples_ut.reshape(count, -1).T)
    missing = np.isnan(by_axis).sum(axis=1) if np.isnan(by_axis.sum()) else np.zeros(len(by_axis))
    by_axis[missing == count] = 0.0
    if np.any((missing > 0) & (missing < count)):
        return np.nanmedian(by_axis, axis=1).astype(np.float32).reshape(shape)
    # A partition along contiguous memory: five times as fast as numpy's medians, and this is done all the time.
    middle = (count - 1) // 2, count // 2
    ordered = np.partition(by_axis, middle, axis=1)
    return np.asarray(0.5 * (ordered[:, middle[0]] + ordered[:, middle[1]]), dtype=np.float32).reshape(shape)
