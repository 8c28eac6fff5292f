"""Where windows come from: stores, imported pictures, and the twin while the run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from neosort_datasets.store import WindowStore
from neosort_datasets.window import WindowGrid
from neosort_hardware.config import LineConfig, load_line_config
from neosort_training.config import PictureSource, Source, StoreSource, TwinSource
from neosort_training.data import Sample, sample_of
from neosort_training.mixture import Draw, Passes, Pool
from neosort_training.picture_source import ImportedPictures

_KEPT_BACK = frozenset({"calibration", "held-out"})  # to prove thresholds on, and to judge by at last


class WindowSource(Protocol):
    """Gives whole windows as samples, the same for the same draw, in whatever process and order it is asked."""

    @property
    def grid(self) -> WindowGrid:
        """Of its windows."""

    @property
    def pool(self) -> Pool:
        """What it has to give in an epoch."""

    def kinds(self) -> list[str]:
        """Kinds of item that may occur."""

    def sample(self, draw: Draw, kinds: Sequence[str]) -> Sample:
        """The window of a draw. Raises `KindError`, `StoreError`."""

    def described(self) -> dict[str, Any]:
        """What provenance keeps of it: path, split, windows and seeds."""


def open_sources(configs: Sequence[Source], seed: int) -> list[WindowSource]:
    """The sources of a run with ``seed``. Pictures are laid into windows as the first other source has them.

    Raises `StoreError`, `ConfigError`, `ValueError`.
    """
    opened: dict[int, WindowSource] = {}
    for number, config in enumerate(configs):
        if isinstance(config, TwinSource):
            opened[number] = TwinWindows(config)
        elif isinstance(config, StoreSource):
            opened[number] = StoredWindows(config, (seed, number))
    grid = next((source.grid for source in opened.values()), WindowGrid())
    for number, config in enumerate(configs):
        if isinstance(config, PictureSource):
            opened[number] = ImportedPictures(config, (seed, number), grid)
    return [opened[number] for number in range(len(configs))]


class StoredWindows:
    """The windows of a store, each as often as any other, in an order that is new in every pass."""

    def __init__(self, config: StoreSource, seed: tuple[int, ...]) -> None:
        """Raises `StoreError`, and `ValueError` where the store is kept for the final judgement."""
        self._store, self._renamed = open_to_learn(Path(config.path)), config.kinds
        self._passes = Passes(len(self._store), seed)
        self.grid = self._store.grid
        self.pool = Pool(samples=len(self._store) * config.crops_per_window, weight=config.weight)

    def kinds(self) -> list[str]:
        """Those in the store, by the names they have here."""
        return sorted({self._renamed.get(kind, kind) for kind in self._store.kinds()} - {""})

    def sample(self, draw: Draw, kinds: Sequence[str]) -> Sample:
        """The window that is next in its pass."""
        return sample_of(self._store[self._passes.index(draw.turn)], kinds, self._renamed)

    def described(self) -> dict[str, Any]:
        """The store."""
        return describe_store(self._store)


class TwinWindows:
    """Windows made by the twin when they are asked for.

    Every slot of the batch sees scenes of its own, one after the other, so that the windows of a batch are all of
    different lines. A scene is made as a whole, and where several crops are drawn from each window, they come in a
    mixed order. Slots begin at different places in their first scene, lest all want new ones at the same step.
    """

    def __init__(self, config: TwinSource) -> None:
        """Raises `ConfigError`."""
        from neosort_datasets.synthetic import KINDS, WINDOWS_PER_SCENE  # noqa: PLC0415 - brings the simulated world

        self._config, self._kinds, self._windows = config, KINDS, WINDOWS_PER_SCENE
        self._line = load_line_config(Path(config.line)) if config.line else LineConfig()
        self._samples_per_scene = WINDOWS_PER_SCENE * config.crops_per_window
        self._scenes: dict[int, tuple[int, list[Sample]]] = {}
        self.grid = WindowGrid()
        self.pool = Pool(samples=config.windows_per_epoch * config.crops_per_window, weight=config.weight)

    def kinds(self) -> list[str]:
        """Those of the catalogue."""
        return sorted(self._kinds)

    def sample(self, draw: Draw, kinds: Sequence[str]) -> Sample:
        """A window of the slot's scene in hand, or of its next one, which is then made."""
        ahead = (draw.slot * 7) % self._samples_per_scene
        scene, place = divmod(draw.slot_turn + ahead, self._samples_per_scene)
        if self._scenes.get(draw.slot, (-1, []))[0] != scene:
            self._scenes[draw.slot] = (scene, self._made((self._config.seed, draw.slot, scene), kinds))
        if self._config.crops_per_window > 1:
            place = int(np.random.default_rng((draw.slot, scene)).permutation(self._samples_per_scene)[place])
        return self._scenes[draw.slot][1][place // self._config.crops_per_window]

    def described(self) -> dict[str, Any]:
        """The line, and how many windows an epoch has."""
        digest = hashlib.sha256(self._line.model_dump_json().encode()).hexdigest()[:12]
        return {
            "path": f"twin of {self._line.name} ({digest}), made during the run",
            "split": self._config.split,
            "windows": self._config.windows_per_epoch,
            "seeds": [self._config.seed],
        }

    def _made(self, seed: tuple[int, ...], kinds: Sequence[str]) -> list[Sample]:
        from neosort_datasets.synthetic import labelled_windows  # noqa: PLC0415 - brings the simulated world

        number = int(np.random.SeedSequence(seed).generate_state(1)[0])
        belts = Path(self._config.belts) if self._config.belts else None
        windows = labelled_windows(self._line, self._config.split, number, self._windows, belts)
        return [sample_of(labelled, kinds) for labelled in islice(windows, self._windows)]


def open_to_learn(path: Path) -> WindowStore:
    """The store at ``path``. Raises `StoreError`, and `ValueError` where it holds what a model is judged by at last."""
    store = WindowStore(path)
    kept = sorted({entry.split for entry in store.entries} & _KEPT_BACK)
    if kept:
        raise ValueError(f"{store.path}: holds {kept[0]} items, which are neither learnt from nor chosen by")
    return store


def describe_store(store: WindowStore) -> dict[str, Any]:
    """What provenance keeps of a store."""
    return {
        "path": str(store.path),
        "split": store.entries[0].split,
        "windows": len(store),
        "seeds": sorted({entry.seed for entry in store.entries}),
    }
