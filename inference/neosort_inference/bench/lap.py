"""A stretch of belt held in memory, to be run past the loop at any speed and as often as wanted.

At another speed than the recorded one the same places pass in another time: pictures stay as they are, for they are
taken every so many millimetres; the array takes its samples by the clock, so that they come to lie farther apart on a
faster belt and closer on a slower one. Each lap follows the last as if the belt had no end; where they meet, the field
of one lap's end lies under the pictures of the next one's beginning for as long as the way from camera to array.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from neosort_datasets.recording import RecordingError
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, FieldBlock, Frame

LEAST_FRAMES = 8
MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """A stretch of belt. ``frames`` in order along it, the first at ``start_mm``; ``length_mm`` until it begins anew.

    ``places_mm`` (n,) rising encoder positions of the samples ``field_ut`` (n, channels, 3) and ``saturated``
    (n, channels).
    """

    config: LineConfig
    frames: tuple[Frame, ...]
    length_mm: float
    places_mm: ArrayF64
    field_ut: ArrayF32
    saturated: ArrayBool

    @property
    def start_mm(self) -> float:
        """Encoder position of the first frame."""
        return self.frames[0].belt_mm


def lap_of(config: LineConfig, events: Iterable[Frame | FieldBlock], name: str) -> Lap:
    """A lap of what a line's camera and array gave, as much of it as a gigabyte holds. ``name``: for messages.

    Raises `RecordingError` for too few frames to make a belt of, or none of the field.
    """
    frames: list[Frame] = []
    blocks: list[FieldBlock] = []
    held = 0
    for event in events:
        held += event.image.nbytes if isinstance(event, Frame) else event.field_ut.nbytes
        if held > MAX_BYTES:
            break
        if isinstance(event, Frame):
            frames.append(event)
        else:
            blocks.append(event)
    if len(frames) < LEAST_FRAMES or not blocks:
        raise RecordingError(
            f"{name}: {len(frames)} frames and {len(blocks)} field blocks; a lap of belt takes at least "
            f"{LEAST_FRAMES} frames and the field beside them"
        )
    hop_mm = median(later.belt_mm - earlier.belt_mm for earlier, later in pairwise(frames))
    length_mm = frames[-1].belt_mm - frames[0].belt_mm + hop_mm
    places_mm = np.concatenate([block.belt_mm for block in blocks])
    inside = (places_mm >= frames[0].belt_mm) & (places_mm < frames[0].belt_mm + length_mm)
    return Lap(
        config=config,
        frames=tuple(frames),
        length_mm=length_mm,
        places_mm=places_mm[inside],
        field_ut=np.concatenate([block.field_ut for block in blocks])[inside],
        saturated=np.concatenate([block.saturated for block in blocks])[inside],
    )


def twin_lap(config: LineConfig, metres: float, seed: int) -> Lap:
    """A lap of the simulated belt, recorded here and now."""
    return lap_of(config, _recorded(config, metres, seed), "the simulated line")


def _recorded(config: LineConfig, metres: float, seed: int) -> Iterator[Frame | FieldBlock]:
    with open_line(config, VirtualClock(), seed) as line:
        first_mm = None
        while True:
            block, frame = line.magnetometer.read(0.05), line.camera.read(0.0)
            line.diverter.heartbeat()
            if block is not None:
                yield block
            if frame is not None:
                yield frame
                first_mm = frame.belt_mm if first_mm is None else first_mm
                if frame.belt_mm - first_mm >= 1000.0 * metres:
                    return


def at_speed(lap: Lap, speed_m_per_s: float, metres: float) -> Iterator[Frame | FieldBlock]:
    """``metres`` of the lap's belt as a line would hand them over at that speed, in order of their stamps, from 0 ns
    on. The arrays are shared with the lap and with one another."""
    events = _one_lap(lap, speed_m_per_s)
    lap_ns = lap.length_mm / speed_m_per_s * 1e6
    number = 0
    while True:
        past_mm, past_ns = number * lap.length_mm, round(number * lap_ns)
        for event in events:
            if isinstance(event, Frame):
                if event.belt_mm + past_mm - lap.start_mm > 1000.0 * metres:
                    return
                yield replace(
                    event,
                    belt_mm=event.belt_mm + past_mm,
                    captured_ns=event.captured_ns + past_ns,
                    sequence=event.sequence + number * len(lap.frames),
                )
            else:
                yield replace(event, belt_mm=event.belt_mm + past_mm, sampled_ns=event.sampled_ns + past_ns)
        number += 1


def _one_lap(lap: Lap, speed_m_per_s: float) -> list[Frame | FieldBlock]:
    """The lap's events at a speed, in order."""
    array = lap.config.magnetometer
    ns_per_mm = 1e6 / speed_m_per_s
    step_mm = 1000.0 * speed_m_per_s / array.rate_hz
    places_mm = np.arange(lap.start_mm, lap.start_mm + lap.length_mm, step_mm)
    nearest = np.clip(np.searchsorted(lap.places_mm, places_mm), 0, len(lap.places_mm) - 1)
    stamps_ns = np.rint((places_mm - lap.start_mm) * ns_per_mm).astype(np.int64)
    field_ut, saturated = lap.field_ut[nearest], lap.saturated[nearest]
    size = max(1, round(array.block_ms * 1e-3 * array.rate_hz))
    events: list[Frame | FieldBlock] = [
        replace(frame, captured_ns=round((frame.belt_mm - lap.start_mm) * ns_per_mm), sequence=number)
        for number, frame in enumerate(lap.frames)
    ]
    for number, first in enumerate(range(0, len(places_mm), size)):
        part = slice(first, first + size)
        events.append(
            FieldBlock(
                field_ut=field_ut[part], saturated=saturated[part], belt_mm=places_mm[part],
                sampled_ns=stamps_ns[part], sequence=number,
            )
        )  # fmt: skip
    return sorted(events, key=_stamp_ns)


def _stamp_ns(event: Frame | FieldBlock) -> int:
    return event.captured_ns if isinstance(event, Frame) else int(event.sampled_ns[-1])
