"""Splits by what may not be on two sides: item models, recordings, photographs. Never by frame.

Windows and pictures that share a model or a source hang together, directly or through others; what hangs together is
given to one share as a whole. It follows from names alone and not from their order, so that the same data split twice
splits alike.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.store import WindowStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One side of a split. ``weight``: of the whole, in any unit. ``dest``: its new store, which gives it its name."""

    dest: Path
    weight: float

    @property
    def name(self) -> str:
        """As the stores will say it."""
        return self.dest.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Windows or pictures that hang together. ``keys``: the models and sources that hold them, most frequent first."""

    members: tuple[int, ...]
    keys: tuple[str, ...]


def window_keys(store: WindowStore) -> list[frozenset[str]]:
    """For each window what may not be on two sides: its source, and the models of its items where they are known."""
    keys = []
    for index in range(len(store)):
        entry = store.entry_of(index)
        models = {f"model {item.model}" for item in store[index].items if item.model}
        keys.append(frozenset({f"source {entry.origin}, seed {entry.seed}", *models}))
    return keys


def picture_keys(store: PictureStore) -> list[frozenset[str]]:
    """For each picture what may not be on two sides: the photograph or video it is of, and its very bytes."""
    keys = []
    for index in range(len(store)):
        picture = store[index]
        photograph = f"photograph {picture.group or picture.name} of {picture.origin}"
        keys.append(frozenset({photograph, f"file {store.digest_of(index)[:16]}"}))
    return keys


def grouped(keys: Sequence[frozenset[str]]) -> list[Group]:
    """What hangs together through its keys, in the order of first members."""
    parent = list(range(len(keys)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first_with: dict[str, int] = {}
    for index, own in enumerate(keys):
        for key in own:
            parent[root(index)] = root(first_with.setdefault(key, index))
    members: defaultdict[int, list[int]] = defaultdict(list)
    for index in range(len(keys)):
        members[root(index)].append(index)
    return [Group(members=tuple(own), keys=_by_frequency(keys[i] for i in own)) for own in members.values()]


def _by_frequency(keys: Iterable[frozenset[str]]) -> tuple[str, ...]:
    counts = Counter(key for own in keys for key in own)
    return tuple(sorted(counts, key=lambda key: (-counts[key], key)))


def assign(groups: Sequence[Group], shares: Sequence[Share]) -> list[list[Group]]:
    """Groups by share, as near to the weights as whole groups allow. Raises `StoreError` where a share gets none."""
    if len(groups) < len(shares):
        largest = max(groups, key=lambda group: len(group.members))
        raise StoreError(
            f"cannot be split into {len(shares)}: it hangs together in {len(groups)}, of which the largest holds "
            f"{len(largest.members):,} through {largest.keys[0]}, and nothing of it may be on two sides"
        )
    total = sum(len(group.members) for group in groups)
    weight = sum(share.weight for share in shares)
    missing = [total * share.weight / weight for share in shares]
    given: list[list[Group]] = [[] for _ in shares]
    for left, group in zip(range(len(groups), 0, -1), sorted(groups, key=_size_then_name), strict=True):
        empty = [number for number, own in enumerate(given) if not own]
        candidates = empty if len(empty) == left else range(len(shares))
        chosen = max(candidates, key=lambda number: (missing[number], -number))
        given[chosen].append(group)
        missing[chosen] -= len(group.members)
    return given


def _size_then_name(group: Group) -> tuple[int, str]:
    return -len(group.members), hashlib.sha256(min(group.keys).encode()).hexdigest()


def parse_share(text: str) -> Share:
    """'runs/train=80' → its share. Raises `StoreError`."""
    dest, _, weight = text.rpartition("=")
    try:
        number = float(weight)
    except ValueError:
        number = 0.0
    if not dest or not 0 < number < float("inf"):
        raise StoreError(f"share '{text}': must be FOLDER=WEIGHT, such as runs/train=80, with a weight above 0")
    return Share(dest=Path(dest), weight=number)
