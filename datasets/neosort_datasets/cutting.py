"""A recording → windows for a store: cut by the line's own assembler, labelled by the truth where there is one."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from neosort_datasets.assembly import WindowAssembler
from neosort_datasets.line_grid import lanes_of, line_grid
from neosort_datasets.pacing import Pace
from neosort_datasets.recorded_line import as_recorded, begins_at, view_of
from neosort_datasets.recording import Recording, RecordingError
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.types import Frame, ItemTruth


def origin_of(recording: Recording) -> str:
    """How a store names the recording that windows come from: what a split by recording goes by."""
    with recording.path.open("rb") as stream:
        return f"recording {recording.path.name}, sha256 {hashlib.file_digest(stream, 'sha256').hexdigest()}"


def cut_windows(
    recording: Recording,
    grid: WindowGrid,
    every_mm: float,
    *,
    labelled: bool = True,
    on_frame: Callable[[], None] = lambda: None,
) -> Iterator[LabelledWindow]:
    """Windows of ``grid`` from a recording, each ``every_mm`` of belt, side by side where the belt is wider.

    ``labelled``: with the items that reach into them; raises `RecordingError` where nobody knows them. Stretches at
    the beginning that one of the senses has not seen are left out. A lane's across_mm count from where the grid's own
    lie, so that windows of every lane look alike. ``on_frame`` is called for each frame.
    """
    if labelled and not recording.has_truth:
        raise RecordingError(
            f"{recording.path}: holds no truth, so its windows cannot be labelled; cut them with --unlabelled"
        )
    items = list(recording.items()) if labelled else []
    line = as_recorded(recording)
    view, geometry = view_of(recording, line), LineGeometry.of(line)
    wide = line_grid(grid, geometry, view)
    pace = Pace(least_mm=every_mm, most_mm=every_mm)
    assembler = WindowAssembler(wide, geometry, "none" if recording.has_field else "field", pace)
    from_mm, lanes = begins_at(recording, line, view), lanes_of(wide, grid)
    return (
        _as_if_alone(lane.of(window), grid, items)
        for window in _ready(recording, assembler, on_frame)
        if window.start_mm >= from_mm
        for lane in lanes
    )


def _ready(recording: Recording, assembler: WindowAssembler, on_frame: Callable[[], None]) -> Iterator[BeltWindow]:
    """Every window whose field was recorded too, or every one of a recording without a field."""
    for event in recording.events():
        if isinstance(event, Frame):
            assembler.add_frame(event)
            on_frame()
            belt_mm = -math.inf
        else:
            assembler.add_block(event)
            belt_mm = float(event.belt_mm[-1])
        yield from assembler.ready(belt_mm)


def _as_if_alone(window: BeltWindow, grid: WindowGrid, items: list[ItemTruth]) -> LabelledWindow:
    """A lane as a window of a line of its own, and the items that reach into it."""
    shift_mm = grid.across_start_mm - window.grid.across_start_mm
    end_mm = window.start_mm + grid.length_mm
    low_mm, high_mm = window.grid.across_start_mm, window.grid.across_start_mm + grid.cols * grid.mm_per_px
    inside = (
        item
        for item in items
        if item.box.belt_hi_mm > window.start_mm
        and item.box.belt_lo_mm < end_mm
        and item.box.across_hi_mm > low_mm
        and item.box.across_lo_mm < high_mm
    )
    return LabelledWindow(window=replace(window, grid=grid), items=tuple(_shifted(item, shift_mm) for item in inside))


def _shifted(item: ItemTruth, shift_mm: float) -> ItemTruth:
    box = item.box
    return replace(
        item,
        box=replace(box, across_lo_mm=box.across_lo_mm + shift_mm, across_hi_mm=box.across_hi_mm + shift_mm),
    )


def must_be_recording(path: Path, *, salvage: bool) -> Recording:
    """The recording at ``path`` with frames in it. Raises `RecordingError`."""
    recording = Recording(path, salvage=salvage)
    if next(recording.frames(), None) is None:
        raise RecordingError(f"{path}: holds no frames, and windows are cut from frames")
    return recording
