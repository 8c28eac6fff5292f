"""Files that are there whole or not at all, and are on the disk when the call returns."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes, *, new: bool = False) -> None:
    """Write ``path``, its folder too where there is none. ``new``: raises `FileExistsError` where it is there already,
    also when somebody else was quicker. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        part.write(content)
        part.flush()
        os.fsync(part.fileno())
    try:
        if new:
            os.link(part.name, path)
        else:
            Path(part.name).replace(path)
    finally:
        Path(part.name).unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """What was made, renamed or taken away in ``folder`` is so also after a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
