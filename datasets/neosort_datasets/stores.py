"""Either kind of store, by what its manifest lists."""

from __future__ import annotations

from pathlib import Path

from neosort_datasets.manifest import MANIFEST, StoreError
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.store import WindowStore


def open_store(path: Path) -> WindowStore | PictureStore:
    """The store at ``path``. Raises `StoreError` where there is none, or a mixture."""
    try:
        text = (path / MANIFEST).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise StoreError(f"{path / MANIFEST}: cannot be read ({error.strerror})") from error
    holds_windows, holds_batches = '"shard":"shard-' in text, '"batch":"batch-' in text
    if holds_windows and holds_batches:
        raise StoreError(f"{path / MANIFEST}: lists windows and pictures, a store holds one of them")
    return PictureStore(path) if holds_batches else WindowStore(path)
