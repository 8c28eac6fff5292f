"""Pictures of what was shot at or nearly was: a JPEG file each, under its lot, named by its SHA-256.

The chain holds the hash alone, so a picture may go where room is wanted, and none can be changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from neosort_inference.files import sync_folder
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.retention_limits import Limits


class Room:
    """How much pictures may still take: less than their limit, and never the last of the disk, which is the records'.

    ``used_bytes`` is counted once and then kept up.
    """

    def __init__(self, place: Place, limits: Limits) -> None:
        self._place, self._limits = place, limits
        self.used_bytes = -1

    def look(self) -> None:
        """Count what there is."""
        self.used_bytes = sum(size for _, size in pictures_in(self._place.evidence))

    def free_bytes(self) -> int:
        """Room on the disk of the pictures."""
        return shutil.disk_usage(self._place.folder).free

    @property
    def full(self) -> bool:
        """Whether pictures have reached their limit."""
        return self.used_bytes > self._limits.evidence_bytes

    def takes(self, size: int) -> bool:
        """Whether a picture of so many bytes has room; it is counted then."""
        if self.used_bytes < 0:
            self.look()
        if self.full or self.free_bytes() - size < self._limits.reserve_bytes:
            return False
        self.used_bytes += size
        return True


def keep_pictures(place: Place, room: Room, lot_id: str, pictures: Mapping[str, bytes]) -> frozenset[str]:
    """Write pictures to the disk, safely there when this returns; the hashes of those for which there was no room."""
    lost: set[str] = set()
    written: dict[Path, BinaryIO] = {}
    with ExitStack() as stack:
        for sha256, jpeg in pictures.items():
            file = place.picture(lot_id, sha256)
            opened = _written(file, jpeg) if room.takes(len(jpeg)) else None
            if opened is None:
                lost.add(sha256)
            else:
                written[file] = stack.enter_context(opened)
        for opened in written.values():  # once all are written: the disk is quicker with many than with each
            os.fsync(opened.fileno())
    if written:
        for folder in (place.evidence / lot_id, place.evidence):
            sync_folder(folder)
    return frozenset(lost)


def pictures_in(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every picture under ``folder`` with its bytes."""
    for file in folder.rglob("*.jpg"):
        try:
            yield file, file.stat().st_size
        except FileNotFoundError:
            continue  # somebody else has just taken it away


def is_whole(file: Path, sha256: str) -> bool | None:
    """Whether the picture is the one of that hash; None where there is none. Raises OSError when it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return None


def _written(file: Path, jpeg: bytes) -> BinaryIO | None:
    """The file, still open; None, and no file, where the disk does not take it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = file.open("wb", buffering=0)
    except OSError:
        return None
    try:
        whole = opened.write(jpeg) == len(jpeg)
    except OSError:
        whole = False
    if whole:
        return opened
    opened.close()
    file.unlink(missing_ok=True)
    return None
