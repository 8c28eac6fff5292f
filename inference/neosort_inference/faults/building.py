"""Which symptoms are looked for on a line: one place that knows them all."""

from __future__ import annotations

from typing import Protocol

from neosort_datasets.assembly import Blind
from neosort_hardware.config import LineConfig
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.faults.sensing import ArraySilent, CameraSilent
from neosort_inference.faults.travelling import EncoderStopped
from neosort_inference.faults.watch import FaultWatch, Reported, SeesBlocks, SeesFrames, SeesTravel, Symptom


class Troubled(Protocol):
    """Something that says itself what is wrong with it: empty while nothing is."""

    @property
    def trouble(self) -> str:
        """In a few words."""


def watch_of(
    config: LineConfig, reached: ReachedLine, book: AlarmBook, planned: Blind, recorder: Troubled | None
) -> FaultWatch:
    """The watch over a line. A sense that the run does without from the start is not looked after."""
    reported: list[Symptom] = [
        Reported("interlock.opened", reached.interlock_trouble),
        Reported("encoder.gone", lambda: reached.encoder.trouble),
        Reported("diverter.gone", lambda: reached.diverter.trouble),
        Reported("diverter.unwell", reached.diverter_trouble),
    ]
    frames: list[SeesFrames] = []
    blocks: list[SeesBlocks] = []
    travel: list[SeesTravel] = []
    if recorder is not None:
        reported.append(Reported("recording.broken", lambda: recorder.trouble))
    if planned != "camera":
        silent = CameraSilent(config.camera.trigger_every_mm)
        reported.append(Reported("camera.gone", lambda: reached.camera.trouble))
        frames.append(silent)
        travel.append(silent)
    if planned != "field":
        stopped = EncoderStopped()
        reported.append(Reported("magnetometer.gone", lambda: reached.magnetometer.trouble))
        blocks += [ArraySilent(config.magnetometer.block_ms), stopped]
        travel.append(stopped)
    return FaultWatch(book, planned, reported=reported, frames=frames, blocks=blocks, travel=travel)
