"""`neosort record --no-sorting`: a line's devices are read and kept, and nothing is decided or fired."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from neosort_datasets.recording import RecordingError, RecordingWriter
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import EndOfStream
from neosort_hardware.line import Line, open_line
from neosort_inference.commands import clock_of, open_recorder
from neosort_inference.concluding import summary_of
from neosort_inference.saying import say
from neosort_inference.signals import stop_on_signals

READ_TIMEOUT_S = 0.05
SHOW_EVERY_S = 0.25
SAY_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """What the command line asked for. ``seconds``: of the line's clock, None until stopped."""

    file: Path
    seconds: float | None
    fast: bool
    seed: int


def record_line(config: LineConfig, options: RecordOptions, console: Console) -> int:
    """Record a line without sorting it; the exit code. Raises what the user can mend (see `cli.main`)."""
    with ExitStack() as stack:
        line = stack.enter_context(open_line(config, clock_of(fast=options.fast), options.seed))
        recorder = stack.enter_context(open_recorder(options.file, config, fast=options.fast))
        show = stack.enter_context(_progress(console, options.seconds))
        keeping = Keeping(line, recorder, options.seconds)
        with stop_on_signals(keeping.stop):
            while keeping.step():
                show.update(keeping)
        failure = _closed(recorder)
    say(console, summary_of(recorder))
    if failure is not None:
        raise failure
    return 0


class Keeping:
    """Reads every device of a line and hands the recorder what they give. The valves stay closed throughout."""

    def __init__(self, line: Line, recorder: RecordingWriter, seconds: float | None) -> None:
        self._line = line
        self._recorder = recorder
        self._started_ns = line.clock.now_ns()
        self._end_ns = None if seconds is None else self._started_ns + round(seconds * 1e9)
        self._stop = False
        line.diverter.close_all()

    @property
    def elapsed_s(self) -> float:
        """Time that has been recorded, by the line's clock."""
        return (self._line.clock.now_ns() - self._started_ns) * 1e-9

    @property
    def recorder(self) -> RecordingWriter:
        """What keeps it."""
        return self._recorder

    def stop(self) -> None:
        """Finish the turn in hand, then end."""
        self._stop = True

    def step(self) -> bool:
        """One turn; false when the time is up, the source ends, somebody stops it, or nothing can be written."""
        try:
            block = self._line.magnetometer.read(READ_TIMEOUT_S)
            frame = self._line.camera.read(0.0 if block is not None else READ_TIMEOUT_S)
        except EndOfStream:
            return False
        if block is not None:
            self._recorder.write_block(block)
        if frame is not None:
            self._recorder.write_frame(frame)
        if self._line.truth is not None:
            for item in self._line.truth.items():
                self._recorder.write_item(item)
            for landing in self._line.truth.landings():
                self._recorder.write_landing(landing)
        over = self._end_ns is not None and self._line.clock.now_ns() >= self._end_ns
        return not (over or self._stop or self._recorder.failed)


class _Shown:
    """How far a recording is: a bar on a screen, a line now and then in a log."""

    def __init__(self, console: Console, seconds: float | None, progress: Progress | None, task: TaskID | None) -> None:
        self._console, self._seconds = console, seconds
        self._progress, self._task = progress, task
        self._next_s = 0.0

    def update(self, keeping: Keeping) -> None:
        """Show it, unless it was shown a moment ago."""
        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + (SHOW_EVERY_S if self._progress is not None else SAY_EVERY_S)
        kept = keeping.recorder.written
        words = f"{kept.get('/camera', 0):,} frames, {kept.get('/field', 0):,} field blocks"
        if keeping.recorder.trouble:
            words += f"; {keeping.recorder.trouble}"
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=keeping.elapsed_s, kept=words)
        else:
            say(self._console, f"{keeping.elapsed_s:7.1f} s  {words}")


@contextmanager
def _progress(console: Console, seconds: float | None) -> Iterator[_Shown]:
    if not console.is_terminal:
        yield _Shown(console, seconds, None, None)
        return
    columns = (
        TextColumn("recording"), BarColumn(), TextColumn("{task.completed:.0f} s"), TimeRemainingColumn(),
        TextColumn("{task.fields[kept]}"),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        yield _Shown(console, seconds, progress, progress.add_task("recording", total=seconds, kept=""))


def _closed(recorder: RecordingWriter) -> RecordingError | None:
    """Complete the recording; what went wrong with it."""
    try:
        recorder.close()
    except RecordingError as error:
        return error
    return None
