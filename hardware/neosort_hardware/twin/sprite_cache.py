"""Sprites made ready once and kept on disk, mapped into every process that wants them.

To decode a sprite and resample it for a strip's pitch takes milliseconds, to map it a tenth of one, and processes that
map the same file share its memory. It is but a cache: what cannot be read is made anew, what cannot be written is not
kept, and a folder that is deleted is made again. A file is written under another name and then renamed, so that
writers never meet, and bears a checksum, so that one that a power cut tore is not believed.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from neosort_hardware.twin.sprites import Registration, Sprite
from neosort_hardware.types import ImageU8

LIMIT_BYTES = 512 << 20  # the whole atlas for one pitch takes 190 MB
_MAGIC = b"neosprt2"
_HEAD = struct.Struct("<8sII")  # magic, checksum of all that follows it, length of the description
_CHECKED = 12  # from this byte on: a length that was altered is no more to be believed than the rest
_BODY_PLANES = 7


class SpriteCache:
    """A folder of sprites made ready.

    ``version``: of what they are made from and how; those of other versions and pitches are let go, the longest unused
    first, once all take more than ``limit_bytes``.
    """

    def __init__(self, folder: Path, version: str, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder, self._version, self._limit_bytes = folder, version, limit_bytes
        self._opened: dict[float, Path] = {}

    def load(self, key: str, mm_per_px: float) -> Sprite | None:
        """The sprite of that key for a strip of that pitch; None where it is not there whole."""
        try:
            with self._file(key, mm_per_px).open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # not there, or empty
            return None
        return _unpacked(mapped)

    def keep(self, key: str, mm_per_px: float, sprite: Sprite) -> None:
        """Write a sprite for whoever asks next."""
        file = self._file(key, mm_per_px)
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=file.parent, prefix="unfinished-")
            unfinished = Path(name)
            try:
                with os.fdopen(handle, "wb") as writing:
                    writing.write(_packed(sprite))
                unfinished.replace(file)
            except BaseException:
                unfinished.unlink()
                raise

    def _file(self, key: str, mm_per_px: float) -> Path:
        if mm_per_px not in self._opened:
            self._opened[mm_per_px] = self._folder / f"sprites-{self._version}-{mm_per_px:g}"
            self._make_room(self._opened[mm_per_px])
        return self._opened[mm_per_px] / f"{key.replace('/', '.')}.sprite"

    def _make_room(self, used: Path) -> None:
        """Note that a folder is in use, and let go of others that have not been for the longest, if it must be."""
        with contextlib.suppress(OSError):
            if used.exists():
                os.utime(used)
            others = sorted((path for path in self._folder.glob("sprites-*") if path != used), key=_used_at)
            taken = sum(_size_of(path) for path in (*others, used))
            while others and taken > self._limit_bytes:
                taken -= _size_of(others[0])
                shutil.rmtree(others.pop(0), ignore_errors=True)


def _used_at(folder: Path) -> float:
    return folder.stat().st_mtime


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in _files_of(folder))


def _files_of(folder: Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


def _packed(sprite: Sprite) -> bytes:
    told = {
        "size": [*sprite.alpha.shape, *sprite.shade.shape[1:]],
        "body": asdict(sprite.body),
        "ground": asdict(sprite.ground),
        "tallest_mm": sprite.tallest_mm,
    }
    description = json.dumps(told).encode()
    planes = np.concatenate([sprite.rgb, np.stack([sprite.alpha, sprite.light_x, sprite.light_y, sprite.height])])
    rest = description + planes.tobytes() + sprite.shade.tobytes()
    length = _HEAD.pack(_MAGIC, 0, len(description))[_CHECKED:]
    return _HEAD.pack(_MAGIC, zlib.crc32(length + rest), len(description)) + rest


def _unpacked(mapped: mmap.mmap) -> Sprite | None:
    if len(mapped) < _HEAD.size:
        return None
    magic, checksum, length = _HEAD.unpack_from(mapped)
    with memoryview(mapped) as whole:
        if magic != _MAGIC or zlib.crc32(whole[_CHECKED:]) != checksum:
            return None
        told = json.loads(bytes(whole[_HEAD.size : _HEAD.size + length]))
    rows, cols, shade_rows, shade_cols = told["size"]
    first = _HEAD.size + length
    planes = _mapped(mapped, first, (_BODY_PLANES, rows, cols))
    return Sprite(
        rgb=planes[:3], alpha=planes[3], light_x=planes[4], light_y=planes[5], height=planes[6],
        shade=_mapped(mapped, first + planes.size, (3, shade_rows, shade_cols)),
        body=_registration(told["body"]), ground=_registration(told["ground"]), tallest_mm=told["tallest_mm"],
    )  # fmt: skip


def _mapped(mapped: mmap.mmap, first: int, shape: tuple[int, int, int]) -> ImageU8:
    count = shape[0] * shape[1] * shape[2]
    return np.frombuffer(mapped, np.uint8, count, first).reshape(shape)


def _registration(told: dict[str, list[float]]) -> Registration:
    (mm_x, mm_y), (col, row), (width, height) = told["mm_per_px"], told["origin_px"], told["size_px"]
    return Registration(mm_per_px=(mm_x, mm_y), origin_px=(col, row), size_px=(int(width), int(height)))
