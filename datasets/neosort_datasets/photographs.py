"""Ordinary photographs in place of a belt: a folder of pictures becomes a run of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from neosort_datasets.window import BLIND_GREY
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig
from neosort_hardware.types import Frame, ImageU8

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
GAP_MM = 50.0  # belt left free between two photographs


class PhotographError(Exception):
    """A folder of photographs cannot be used. The text names it and the cause in one sentence."""


def list_photographs(source: Path) -> list[Path]:
    """The photographs of a folder and all folders in it, sorted by path, or the one file.

    Raises `PhotographError` when there is none.
    """
    if source.is_file():
        if source.suffix.lower() not in SUFFIXES:
            raise PhotographError(f"{source}: not a photograph ({_suffixes()})")
        return [source]
    if not source.is_dir():
        raise PhotographError(f"{source}: no such folder or photograph")
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise PhotographError(f"{source}: holds no photograph ({_suffixes()})")
    return found


def photograph_frames(
    source: Path,
    config: LineConfig,
    on_unreadable: Callable[[Path, str], None],
    gap_mm: float = GAP_MM,
) -> Iterator[Frame]:
    """One frame a photograph, in the order of `list_photographs`, each a camera's view and ``gap_mm`` further on.

    Every photograph fills the camera's picture (width_px × height_px, RGB) as far as its shape allows, the rest is
    grey. Its EXIF orientation is honoured. Frames are stamped at the configured belt speed, the first at 0; they
    count from 1. An unreadable picture goes to ``on_unreadable`` as path and cause, and leaves no gap on the belt.
    Raises `PhotographError`, at once, when there is nothing to show.
    """
    paths = list_photographs(source)
    return _frames(paths, config, on_unreadable, photograph_step_mm(config, gap_mm))


def _frames(
    paths: list[Path], config: LineConfig, on_unreadable: Callable[[Path, str], None], step_mm: float
) -> Iterator[Frame]:
    shown = 0
    for path in paths:
        picture = _read(path)
        if isinstance(picture, str):
            on_unreadable(path, picture)
            continue
        shown += 1
        yield Frame(
            image=letterbox(picture, config.camera.width_px, config.camera.height_px),
            belt_mm=shown * step_mm,
            captured_ns=round((shown - 1) * step_mm / config.belt.speed_m_per_s * 1e6),
            sequence=shown,
        )


def _read(path: Path) -> ImageU8 | str:
    """The photograph as RGB, or why it cannot be had."""
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if data.size == 0:
        return "the file is empty"
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        return f"not a picture that can be decoded ({error.err})"
    return "not a picture that can be decoded" if picture is None else np.asarray(picture, dtype=np.uint8)


def letterbox(picture: ImageU8, width_px: int, height_px: int) -> ImageU8:
    """``picture`` (h, w, 3) as large as fits into (height_px, width_px, 3), centred on grey."""
    height, width = picture.shape[:2]
    scale = min(width_px / width, height_px / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    boxed = np.full((height_px, width_px, 3), BLIND_GREY, dtype=np.uint8)
    left, top = (width_px - size[0]) // 2, (height_px - size[1]) // 2
    boxed[top : top + size[1], left : left + size[0]] = resized
    return boxed


def photograph_step_mm(config: LineConfig, gap_mm: float = GAP_MM) -> float:
    """Belt from one photograph to the next."""
    return _view_length_mm(config) + gap_mm


def _view_length_mm(config: LineConfig) -> float:
    """Belt seen by the camera along the travel."""
    width, height = config.camera.width_px, config.camera.height_px
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], dtype=np.float64)
    along_mm = LineGeometry.of(config).pixels_to_belt(corners, 0.0)[:, 1]
    return float(np.ptp(along_mm))


def _suffixes() -> str:
    return ", ".join(sorted(SUFFIXES))
