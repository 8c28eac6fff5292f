"""A store of synthetic windows: planned from its arguments, made in parallel, gone on with where it broke off."""

from __future__ import annotations

import hashlib
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import cv2

from neosort_datasets.manifest import MANIFEST, StoreError
from neosort_datasets.scenes import WINDOW, Scenes
from neosort_datasets.store import PreparedShard, WindowStore, WindowStoreWriter, window_manifest
from neosort_datasets.window import LabelledWindow, WindowGrid
from neosort_datasets.worker_processes import one_thread_each
from neosort_hardware.config import LineConfig

SHARD_WINDOWS = 80
LICENCE = "Apache-2.0"  # what this project makes is under this project's licence


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthPart:
    """One shard to be made. Everything about it follows from these."""

    line: LineConfig
    split: str
    seed: int
    windows: int
    belts: Path | None = None
    scenes: Scenes = Scenes.VARIED
    every_mm: float | None = None
    sprite_cache: Path | None = None
    scene_windows: int | None = None
    clutter: Path | None = None
    grid: WindowGrid = WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthPlan:
    """The arguments of one store. ``split``: a `SplitName` of the catalogue. ``belts``: a folder with photographs of
    real belts, for the twin to show. ``every_mm``: belt from one window to the next; None: side by side.
    ``sprite_cache``: where sprites are kept ready for the next process; it changes nothing of what is made.
    ``scene_windows``: how many windows a scene has; None: as many as ever. ``grid``: of the windows.
    ``clutter``: one with photographs of single things, for foreign matter.
    """

    line: LineConfig
    split: str
    seed: int
    windows: int
    belts: Path | None = None
    scenes: Scenes = Scenes.VARIED
    every_mm: float | None = None
    sprite_cache: Path | None = None
    scene_windows: int | None = None
    clutter: Path | None = None
    grid: WindowGrid = WINDOW

    @property
    def origin(self) -> str:
        """The arguments in words; two plans of the same origin make the same windows."""
        digest = hashlib.sha256(self.line.model_dump_json().encode()).hexdigest()[:12]
        return (
            f"twin of {self.line.name} ({digest}), split {self.split}, seed {self.seed}, {self.windows} windows, "
            f"neosort {version('neosort')}"
            + ("" if self.belts is None else f", belts {_digest_of(self.belts)}")
            + ("" if self.clutter is None else f", clutter {_digest_of(self.clutter)}")
            + (
                ""
                if self.scenes is Scenes.VARIED
                else f", scenes {self.scenes} at {self.line.belt.speed_m_per_s:g} m/s"
            )
            + ("" if self.every_mm is None else f", every {self.every_mm:g} mm")
            + ("" if self.grid == WINDOW else f", {self.grid.rows} × {self.grid.cols} px")
            + ("" if self.scene_windows is None else f", {self.scene_windows} windows a scene")
        )

    def parts(self) -> list[SynthPart]:
        """Its shards, in order; seeds far enough apart that two plans share none."""
        sizes = [min(SHARD_WINDOWS, self.windows - first) for first in range(0, self.windows, SHARD_WINDOWS)]
        return [
            SynthPart(
                line=self.line,
                split=self.split,
                seed=self.seed * 1_000_003 + index,
                windows=size,
                belts=self.belts,
                scenes=self.scenes,
                every_mm=self.every_mm,
                sprite_cache=self.sprite_cache,
                scene_windows=self.scene_windows,
                clutter=self.clutter,
                grid=self.grid,
            )
            for index, size in enumerate(sizes)
        ]


PartMaker = Callable[[SynthPart], Sequence[LabelledWindow]]


def twin_windows(part: SynthPart) -> list[LabelledWindow]:
    """The windows of one part, from the twin. Raises `StoreError` where its pictures are damaged; `ConfigError`."""
    from neosort_datasets import synthetic  # noqa: PLC0415 - the simulated world, for makers alone

    cv2.setNumThreads(1)  # the parts are what runs in parallel
    windows = synthetic.labelled_windows(
        part.line,
        part.split,  # type: ignore[arg-type]
        part.seed,
        part.windows,
        part.belts,
        scenes=part.scenes,
        every_mm=part.every_mm,
        sprite_cache=part.sprite_cache,
        windows_per_scene=part.scene_windows or synthetic.WINDOWS_PER_SCENE,
        clutter=part.clutter,
        grid=part.grid,
    )
    try:
        return list(windows)
    except synthetic.AtlasError as error:
        raise StoreError(f"the twin's pictures cannot be used, is neosort installed whole? {error}") from error


def _digest_of(folder: Path) -> str:
    """Of the names and contents of a folder's files, those of its subfolders too."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def parts_done(path: Path, plan: SynthPlan) -> tuple[int, list[str]]:
    """How many parts of ``plan`` the store at ``path`` holds whole, and what had to be mended to know it.

    Raises `StoreError` where the store was made by other arguments, or a file is not as it was written.
    """
    if not (path / MANIFEST).exists():
        return 0, []
    mended = window_manifest(path).mend()
    if not (path / MANIFEST).exists():
        return 0, mended
    store = WindowStore(path)
    for entry in store.entries:
        if entry.origin != plan.origin:
            raise StoreError(f"{path}: made as '{entry.origin}', cannot be gone on with as '{plan.origin}'")
    if damage := store.verify():
        more = f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""
        raise StoreError(f"{path}: cannot be gone on with: {damage[0]}{more}")
    return len(store.entries), mended


def synthesise(
    path: Path,
    plan: SynthPlan,
    *,
    workers: int,
    skip: int,
    on_windows: Callable[[int], None],
    make: PartMaker = twin_windows,
) -> None:
    """Make the parts of ``plan`` behind the first ``skip``, ``workers`` at a time, and append them in order.

    ``on_windows`` is told of every shard written. Raises `StoreError`; what is written by then stands.
    """
    writer = WindowStoreWriter(path, plan.grid, split=plan.split, seed=plan.seed, origin=plan.origin, licence=LICENCE)
    parts = plan.parts()[skip:]
    for part, shard in zip(parts, _written(parts, workers, partial(_write, writer, make)), strict=True):
        writer.enter(shard, seed=part.seed)
        on_windows(shard.windows)


def _write(writer: WindowStoreWriter, make: PartMaker, part: SynthPart) -> PreparedShard:
    """Made and written in one process: a part has 80 MB, and one process that took them all from the others would be
    what everything waits for."""
    return writer.prepare(make(part))


def _written(
    parts: list[SynthPart], workers: int, write: Callable[[SynthPart], PreparedShard]
) -> Iterator[PreparedShard]:
    """In order, so that a store broken off holds the first parts."""
    if workers == 1 or len(parts) == 1:
        yield from map(write, parts)
        return
    context, processes = get_context("spawn"), min(workers, len(parts))
    waiting: deque[Future[PreparedShard]] = deque()
    with one_thread_each(), ProcessPoolExecutor(processes, context, initializer=_leave_stopping) as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(write, part))
                if len(waiting) == 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise StoreError("a worker process died, of memory perhaps; call again to go on, with fewer") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for future in waiting:
                if not future.cancelled() and future.exception() is None:
                    future.result().files.discard()


def _leave_stopping() -> None:
    """Ctrl-C reaches every process of a terminal; the one that writes the store decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
