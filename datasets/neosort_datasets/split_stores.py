"""The shares of a split as stores of their own, each whole or not there at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path

from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_store import PictureStore, PictureStoreWriter
from neosort_datasets.splits import Group, Share, assign, grouped, picture_keys, window_keys
from neosort_datasets.store import WindowStore, WindowStoreWriter

CHUNK = 80  # windows or pictures a folder at most


def split_store(store: WindowStore | PictureStore, shares: Sequence[Share]) -> list[list[Group]]:
    """Write every share as a new store and return what each was given.

    Raises `StoreError`, and writes nothing, where names or folders are taken, or a share would be empty.
    """
    _check(shares)
    keys = picture_keys(store) if isinstance(store, PictureStore) else window_keys(store)
    try:
        given = assign(grouped(keys), shares)
    except StoreError as error:
        raise StoreError(f"{store.path}: {error}") from error
    unfinished = [share.dest.absolute().parent / f".unfinished-{share.name}-{os.getpid()}" for share in shares]
    try:
        for share, groups, folder in zip(shares, given, unfinished, strict=True):
            members = sorted(member for group in groups for member in group.members)
            if isinstance(store, PictureStore):
                _write_pictures(store, members, share.name, folder)
            else:
                _write_windows(store, members, share.name, folder)
        for share, folder in zip(shares, unfinished, strict=True):
            if share.dest.exists():
                share.dest.rmdir()
            folder.rename(share.dest)
    except OSError as error:
        raise StoreError(f"{store.path}: cannot be split ({error})") from error
    finally:
        for folder in unfinished:
            shutil.rmtree(folder, ignore_errors=True)
    return given


def _check(shares: Sequence[Share]) -> None:
    if len(shares) < 2:
        raise StoreError("a split has at least two shares, each FOLDER=WEIGHT")
    names = [share.name for share in shares]
    for share in shares:
        if names.count(share.name) > 1:
            raise StoreError(f"share '{share.name}' is named twice; the folder's name is the share's")
        if share.dest.exists() and (not share.dest.is_dir() or any(share.dest.iterdir())):
            raise StoreError(f"{share.dest}: is there already and not empty")


def _write_windows(store: WindowStore, members: list[int], name: str, dest: Path) -> None:
    entries = {entry.folder: entry for entry in store.entries}
    for folder, run in groupby(members, key=lambda index: store.entry_of(index).folder):
        entry = entries[folder]
        writer = WindowStoreWriter(
            dest, store.grid, split=name, seed=entry.seed, origin=entry.origin, licence=entry.licence
        )
        for chunk in _chunks(run):
            writer.append([store[index] for index in chunk])


def _write_pictures(store: PictureStore, members: list[int], name: str, dest: Path) -> None:
    writer = PictureStoreWriter(dest)
    entries = {entry.folder: entry for entry in store.entries}
    for folder, run in groupby(members, key=lambda index: store.entry_of(index).folder):
        entry = entries[folder]
        for chunk in _chunks(run):
            pictures = [replace(store[index], subset=name) for index in chunk]
            writer.append(pictures, source_format=entry.source_format, class_map=entry.class_map)


def _chunks(members: Iterable[int]) -> Iterable[list[int]]:
    left = iter(members)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
