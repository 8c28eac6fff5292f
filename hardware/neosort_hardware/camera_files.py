"""Pictures out of a folder or a video file, one whenever the belt has come far enough."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from neosort_hardware.camera_source import CameraFault, Exposure, FrameSpoilt
from neosort_hardware.devices import EndOfStream
from neosort_hardware.types import ImageU8

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


class PictureFiles:
    """A folder's pictures in the order of their numbers, or a video's frames; each trigger takes the next."""

    def __init__(self, place: Path, repeat: bool) -> None:
        """Raises `CameraFault` when there is nothing of the kind there."""
        self._place = place
        self._repeat = repeat
        self._pictures = self._opened()
        self._wanted_ns: int | None = None

    def trigger(self) -> None:
        self._wanted_ns = time.monotonic_ns()

    def grab(self, wait_s: float) -> Exposure | None:
        if self._wanted_ns is None:
            time.sleep(wait_s)
            return None
        picture = next(self._pictures, None)
        if picture is None and self._repeat:
            self._pictures = self._opened()
            picture = next(self._pictures, None)
        if picture is None:
            raise EndOfStream(f"{self._place} is at its end")
        at_ns, self._wanted_ns = self._wanted_ns, None
        height, width = picture.shape[:2]
        return Exposure(
            raw=picture.reshape(-1), pixel_format="BGR8", width_px=width, height_px=height, arrived_ns=at_ns
        )

    def expose_for(self, exposure_us: float) -> None:
        raise CameraFault("was exposed long ago: these are files")

    def check(self) -> None:
        if not self._place.exists():
            raise CameraFault("is there no more")

    def close(self) -> None:
        self._pictures = iter(())

    def _opened(self) -> Iterator[ImageU8]:
        if not self._place.exists():
            raise CameraFault("no such file or folder")
        return _of_folder(self._place) if self._place.is_dir() else _of_video(self._place)


def _of_folder(folder: Path) -> Iterator[ImageU8]:
    files = sorted((file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES), key=_by_numbers)
    if not files:
        raise CameraFault(f"holds no picture ({', '.join(sorted(SUFFIXES))})")
    return _Pictures(files)


def _by_numbers(file: Path) -> list[tuple[int, str]]:
    """So that frame 10 comes after frame 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", file.name)]


class _Pictures(Iterator[ImageU8]):
    """One file after another; one that cannot be read is a spoilt frame, and the next may be well."""

    def __init__(self, files: list[Path]) -> None:
        self._files = iter(files)

    def __next__(self) -> ImageU8:
        file = next(self._files)
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if picture is None:
            raise FrameSpoilt(f"{file.name} cannot be read as a picture")
        return np.asarray(picture, dtype=np.uint8)


def _of_video(file: Path) -> Iterator[ImageU8]:
    capture = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise CameraFault("is no video that can be read")
    return _frames(capture)


def _frames(capture: cv2.VideoCapture) -> Iterator[ImageU8]:
    try:
        while (read := capture.read())[0]:
            yield np.asarray(read[1], dtype=np.uint8)
    finally:
        capture.release()
