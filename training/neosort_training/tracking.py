"""Where a run's figures and pictures go: to its folder, to TensorBoard, to an MLflow server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from neosort_hardware.types import ImageU8
from neosort_training.config import TrainConfig


class Tracker(Protocol):
    """Takes figures and pictures while a run goes on."""

    def scalars(self, step: int, group: str, values: Mapping[str, float]) -> None:
        """Figures of ``group`` at ``step``."""

    def picture(self, step: int, name: str, pixels: ImageU8) -> None:
        """A picture (rows, cols, 3) at ``step``."""

    def close(self, *, finished: bool) -> None:
        """Flush and let go. ``finished``: the run is over; else it was stopped and may go on."""


class RunFolder:
    """``log.jsonl``, one JSON object a line, added to when a run goes on; ``pictures/``, the latest of each name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = (folder / "log.jsonl").open("a", encoding="utf-8")

    def scalars(self, step: int, group: str, values: Mapping[str, float]) -> None:
        """One line."""
        self._lines.write(json.dumps({"step": step, "group": group, **values}) + "\n")
        self._lines.flush()

    def picture(self, step: int, name: str, pixels: ImageU8) -> None:
        """A file, in the place of an older one."""
        folder = self._folder / "pictures"
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{name}.png")

    def close(self, *, finished: bool) -> None:
        """Close the file."""
        self._lines.close()


class TensorBoard:
    """``tensorboard/`` in the run's folder."""

    def __init__(self, folder: Path) -> None:
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def scalars(self, step: int, group: str, values: Mapping[str, float]) -> None:
        """Curves, one a name."""
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def picture(self, step: int, name: str, pixels: ImageU8) -> None:
        """One of a series."""
        self._writer.add_image(name, pixels, step, dataformats="HWC")

    def close(self, *, finished: bool) -> None:
        """Write what is left."""
        self._writer.close()


def open_trackers(config: TrainConfig, folder: Path) -> list[Tracker]:
    """Those that the configuration asks for. Raises `ValueError` where MLflow's client or server is not there."""
    trackers = [_mlflow(config, folder)] if config.tracking.mlflow else []  # the one that may refuse, before the others
    trackers.append(RunFolder(folder))
    if config.tracking.tensorboard:
        trackers.append(TensorBoard(folder))
    return trackers


def _mlflow(config: TrainConfig, folder: Path) -> Tracker:
    try:
        from neosort_training.mlflow_tracking import MlflowServer  # noqa: PLC0415 - an extra, for those who ask for it
    except ImportError as error:
        raise ValueError("tracking.mlflow needs MLflow's client: pip install 'neosort[mlflow]'") from error
    return MlflowServer(config, folder)


class RunLog:
    """All trackers of a run; of a process that does not write, none."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._trackers = tuple(trackers)

    def scalars(self, step: int, group: str, values: Mapping[str, float]) -> None:
        """Figures of ``group`` at ``step``."""
        for tracker in self._trackers:
            tracker.scalars(step, group, values)

    def picture(self, step: int, name: str, pixels: ImageU8) -> None:
        """A picture (rows, cols, 3) at ``step``."""
        for tracker in self._trackers:
            tracker.picture(step, name, pixels)

    def close(self, *, finished: bool) -> None:
        """Let go of all."""
        for tracker in self._trackers:
            tracker.close(finished=finished)
