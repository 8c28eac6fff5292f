"""How one sensor has gone over the last two minutes: samples or frames that did not come, samples out of range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from nicegui import ui

from neosort_inference.counters import Counts
from neosort_inference.telemetry import Snapshot
from neosort_inference.ui.chart import Ink, axis, chart, line
from neosort_inference.ui.drawing import Drawing
from neosort_inference.ui.site import Site

CAMERA = "camera"
WORST = "magnetometers, the worst"
_Pair = tuple[float, float | None]  # seconds since the run began, %


class SensorTrend:
    """A choice of sensor and its chart, made where this is called."""

    def __init__(self, site: Site) -> None:
        channels = site.serving.config.magnetometer.channels
        names = [WORST, *(f"magnetometer {number}" for number in range(channels)), CAMERA]
        chosen = ui.select(names, value=WORST, label="sensor").props("outlined")
        self.drawing = Drawing(
            "samples of the sensor, missing and out of range",
            lambda ink: trend_chart(ink, site.feed.history(), chosen.value),
            "trend",
        )
        chosen.on_value_change(self.drawing.refresh)


def trend_chart(ink: Ink, history: Sequence[Snapshot], sensor: str) -> dict[str, Any]:
    """Percent of what was due between two snapshots, oldest first."""
    x = axis(ink, min="dataMin", max="dataMax") | {"splitLine": {"show": False}}
    x["axisLabel"] = x["axisLabel"] | {"showMinLabel": False, ":formatter": "value => Math.round(value) + ' s'"}
    lost = line("frames lost" if sensor == CAMERA else "missing", ink.bad, shares(history, _lost(sensor)))
    series = [lost]
    if sensor != CAMERA:
        series.append(line("saturated", ink.warn, shares(history, _saturated(sensor))))
    return chart(ink, x, [axis(ink, "%", min=0, splitNumber=3)], series)


_Counted = Callable[[Counts, Counts], float | None]  # what came to pass between two counts, as a part of what was due


def shares(history: Sequence[Snapshot], of: _Counted) -> list[_Pair]:
    """From each snapshot to the next, in percent; None where nothing was due."""
    return list(_shares(history, of))


def _shares(history: Sequence[Snapshot], of: _Counted) -> Iterator[_Pair]:
    for before, now in pairwise(history):
        share = of(before.counts, now.counts)
        yield round(now.elapsed_s, 1), None if share is None else round(100 * share, 2)


def _lost(sensor: str) -> _Counted:
    if sensor != CAMERA:
        return _of_channels(sensor, lambda counts: counts.channel_missing)

    def frames(before: Counts, now: Counts) -> float | None:
        lost = now.frames_lost - before.frames_lost
        due = now.frames - before.frames + lost
        return lost / due if due > 0 else None

    return frames


def _saturated(sensor: str) -> _Counted:
    return _of_channels(sensor, lambda counts: counts.channel_saturated)


def _of_channels(sensor: str, counted: Callable[[Counts], Sequence[int]]) -> _Counted:
    """Of one channel, or of the one that it is most of."""
    number = None if sensor == WORST else int(sensor.rpartition(" ")[2])

    def of(before: Counts, now: Counts) -> float | None:
        due = now.samples - before.samples
        new = [b - a for a, b in zip(counted(before), counted(now), strict=False)]
        if due <= 0 or not new or (number is not None and number >= len(new)):
            return None
        return (max(new) if number is None else new[number]) / due

    return of
