"""Magnetometers that do not measure: dead, stuck, saturated for good, mixed up, too few. What they read is not used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF32, FieldBlock
from neosort_inference.faults.channel_order import ChannelOrder

CHUNK_S = 0.25
CHUNK_SAMPLES = 25
STUCK_CHUNKS = 3
SATURATED_CHUNKS = 4
SATURATED_MM = 600.0  # of belt: nothing on it is that long and that strong all over
MOST_BAD = 1 / 8  # of the channels; with more missing the field is no longer to be relied on
LOST = 0.1  # share of samples


class ChannelFault:
    """One way for channels to be bad."""

    def __init__(self, fault: str, channels: int, words: str) -> None:
        self.fault = fault
        self.bad = np.zeros(channels, np.bool_)
        self._words = words

    @property
    def bad(self) -> ArrayBool:
        """Where they are."""
        return self._bad

    @bad.setter
    def bad(self, bad: ArrayBool) -> None:
        self._bad, self._any = bad, bool(bad.any())

    def says(self, now_ns: int) -> str:
        if not self._any:
            return ""
        numbers = np.flatnonzero(self.bad)
        named = ", ".join(map(str, numbers[:8])) + (" …" if len(numbers) > 8 else "")
        return f"channel{'s' if len(numbers) > 1 else ''} {named} {self._words}"


class Persistent(ChannelFault):
    """Bad from so many chunks in a row on."""

    def __init__(self, fault: str, channels: int, words: str, chunks: int) -> None:
        super().__init__(fault, channels, words)
        self._chunks = chunks
        self._seen = np.zeros(channels, np.int64)

    def see(self, shows: ArrayBool) -> None:
        """Where it shows in the newest chunk (channels,)."""
        if shows.any() or self._seen.any():
            self._seen = np.where(shows, self._seen + 1, 0)
            self.bad = self._seen >= self._chunks


class Lossy:
    """Samples that never come: gaps between the stamps."""

    fault = "magnetometer.lossy"

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._lost = 0.0

    def see(self, samples: int, span_s: float) -> None:
        """So many samples in so many seconds."""
        self._lost = 1.0 - samples / max(1.0, self._rate_hz * span_s)

    def says(self, now_ns: int) -> str:
        return f"{100 * self._lost:.0f} % of the samples are missing" if self._lost > LOST else ""


class TooFew:
    """More channels out of use than the field can do without."""

    fault = "magnetometer.many"

    def __init__(self) -> None:
        self._said = ""

    def see(self, bad: ArrayBool) -> None:
        """Which channels are out of use (channels,)."""
        self._said = f"{bad.sum()} of {len(bad)} are out of use" if bad.mean() > MOST_BAD else ""

    def says(self, now_ns: int) -> str:
        return self._said


class Channels:
    """Sees every block, judges a chunk of a quarter of a second at a time, and takes bad channels out of blocks."""

    def __init__(self, channels: int, rate_hz: float) -> None:
        self._dead = Persistent("magnetometer.dead", channels, "without a reading", 2)
        self._stuck = Persistent("magnetometer.stuck", channels, "at one value", STUCK_CHUNKS)
        self._saturated = Persistent("magnetometer.saturated", channels, "at their limit", SATURATED_CHUNKS)
        self._order = ChannelOrder(channels)
        self._swapped = ChannelFault("magnetometer.swapped", channels, "in each other's place")
        self._flipped = ChannelFault("magnetometer.flipped", channels, "the wrong way round")
        self._faults = (self._dead, self._stuck, self._saturated, self._swapped, self._flipped)
        self._lossy = Lossy(rate_hz)
        self._too_few = TooFew()
        self.symptoms = (*self._faults, self._lossy, self._too_few)
        self._blocks: list[FieldBlock] = []
        self._samples = 0
        self._began_ns: int | None = None
        self._clipped_from_mm = np.full(channels, np.nan)
        self._bad: ArrayBool = np.zeros(channels, np.bool_)
        self._any_bad = False

    def bad(self) -> ArrayBool:
        """Channels (channels,) whose readings mean nothing."""
        return self._bad

    def trusted(self, block: FieldBlock) -> FieldBlock:
        """The block with bad channels unknown (NaN)."""
        bad = self._bad
        if not self._any_bad or len(bad) != block.field_ut.shape[1]:
            return block
        field_ut = np.where(bad[None, :, None], np.float32(np.nan), block.field_ut)
        return replace(block, field_ut=field_ut, saturated=block.saturated & ~bad)

    def see_block(self, block: FieldBlock) -> None:
        """A block as the array gave it."""
        if self._began_ns is None:
            self._began_ns = int(block.sampled_ns[0])
        self._blocks.append(block)
        self._samples += len(block.sampled_ns)
        span_s = (int(block.sampled_ns[-1]) - self._began_ns) * 1e-9
        if span_s < CHUNK_S or self._samples < CHUNK_SAMPLES:
            return
        self._lossy.see(self._samples, span_s)
        self._judge()
        self._blocks, self._samples, self._began_ns = [], 0, int(block.sampled_ns[-1])

    def resume(self) -> None:
        """Blocks have gone elsewhere meanwhile: the next one begins a chunk."""
        self._blocks, self._samples, self._began_ns = [], 0, None

    def _judge(self) -> None:
        field_ut = np.concatenate([block.field_ut for block in self._blocks])
        saturated = np.concatenate([block.saturated for block in self._blocks])
        missing, clipped = _missing(field_ut), _mostly(saturated, 0.95)
        still = _still(field_ut)
        # Where most stand still it is the array that reads in coarse steps, or that lies under an empty shed.
        alone = still.mean() < 0.5
        self._dead.see(missing)
        self._stuck.see(still & ~missing & ~clipped if alone else np.zeros_like(still))
        self._saturated.see(clipped & self._far_clipped(clipped))
        measuring = ~(self._dead.bad | self._stuck.bad | self._saturated.bad | missing)
        self._order.see(field_ut, saturated, measuring)
        self._swapped.bad, self._flipped.bad = self._order.swapped, self._order.flipped
        self._bad = np.logical_or.reduce([fault.bad for fault in self._faults])
        self._any_bad = bool(self._bad.any())
        self._too_few.see(self._bad)

    def _far_clipped(self, clipped: ArrayBool) -> ArrayBool:
        """Where that has lasted for a long stretch of belt."""
        belt_mm = float(self._blocks[-1].belt_mm[-1])
        began_mm = np.where(np.isnan(self._clipped_from_mm), float(self._blocks[0].belt_mm[0]), self._clipped_from_mm)
        self._clipped_from_mm = np.where(clipped, began_mm, np.nan)
        return np.asarray(belt_mm - began_mm > SATURATED_MM, np.bool_)


def _missing(field_ut: ArrayF32) -> ArrayBool:
    """Channels (channels,) without a reading most of the time."""
    if np.isfinite(field_ut.sum()):  # as nearly always
        return np.zeros(field_ut.shape[1], np.bool_)
    return _mostly(np.asarray(np.isnan(field_ut).any(axis=2)), 0.5)


def _mostly(shows: ArrayBool, share: float) -> ArrayBool:
    """Channels (channels,) for which that shows in more than so large a share of the samples."""
    if not shows.any():
        return np.zeros(shows.shape[1], np.bool_)
    return np.asarray(shows.mean(axis=0) > share, np.bool_)


def _still(field_ut: ArrayF32) -> ArrayBool:
    """Channels (channels,) of which any axis has read one and the same value all the time."""
    first, middle, last = field_ut[0], field_ut[len(field_ut) // 2], field_ut[-1]
    still = (first == middle) & (first == last)  # of hardly any, and only those are gone through
    still[still] = (field_ut[:, still] == field_ut[0, still]).all(axis=0)
    return np.asarray(still.any(axis=1), np.bool_)
