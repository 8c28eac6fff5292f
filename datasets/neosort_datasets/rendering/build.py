"""The whole atlas: every sprite of the catalogue traced once, kept in a work folder, packed at the end.

A finished sprite is kept under a digest of its solid and of how it was traced, so that a build which was broken off
goes on where it stopped, and after a change only what changed is traced again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from neosort_datasets.modelling.solid import Part
from neosort_datasets.rendering.atlas_writer import FinishedSprite
from neosort_datasets.rendering.layers import SpriteLayers
from neosort_datasets.rendering.stage import drawn, lying_parts
from neosort_datasets.rendering.trace import Tracer
from neosort_datasets.rendering.worklist import Task

PX_PER_MM = 2.0
TRACING = 1  # raise when the tracer's pictures change, so that none of the old ones is taken for new


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One sprite to be traced into ``work``."""

    task: Task
    work: Path
    samples: int


def build(tasks: Sequence[Task], work: Path, *, samples: int, workers: int, done: Callable[[str, bool], None]) -> None:
    """Trace every sprite that ``work`` does not hold yet. ``done(key, traced)`` is called for each, in any order.

    A sprite that fails raises from here, when all others are finished.
    """
    work.mkdir(parents=True, exist_ok=True)
    failed: list[BaseException] = []
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        jobs = {pool.submit(make, Job(task=task, work=work, samples=samples)): task for task in tasks}
        for finished in as_completed(jobs):
            error = finished.exception()
            if error is not None:
                error.add_note(f"sprite {jobs[finished].key}")
                failed.append(error)
                continue
            done(jobs[finished].key, finished.result())
    if failed:
        raise failed[0]


def make(job: Job) -> bool:
    """Make one sprite unless it is there; whether it had to be traced."""
    parts = lying_parts(job.task)
    digest = digest_of(parts, job)
    path = kept_at(job.work, job.task.key)
    if path.is_file() and kept_digest(path) == digest:
        return False
    layers = drawn(_tracer(job.samples), parts, PX_PER_MM, job.task.model.look_seed)
    keep(path, layers, digest)
    return True


@cache
def _tracer(samples: int) -> Tracer:
    return Tracer(samples, threads=1)  # one process a core: modelling and packing keep a core as busy as tracing does


def digest_of(parts: Sequence[Part], job: Job) -> str:
    """Of everything that a sprite's pixels follow from."""
    digest = hashlib.sha256(f"{TRACING} {PX_PER_MM} {job.samples} {job.task.model.look_seed}".encode())
    for part in parts:
        surface = part.surface
        for array in (part.corners_mm, part.normals, part.places, part.faces, surface.albedo, surface.roughness,
                      surface.metal, surface.bump_mm):  # fmt: skip
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def kept_at(work: Path, key: str) -> Path:
    """Where a sprite is kept."""
    return work / f"{key.replace('/', '--')}.npz"


def keep(path: Path, layers: SpriteLayers, digest: str) -> None:
    """Write a sprite whole or not at all."""
    draft = path.with_suffix(".new")
    with draft.open("wb") as stream:
        np.savez_compressed(
            stream, colour=layers.colour, light=layers.light, shade=layers.shade, tallest_mm=layers.tallest_mm,
            digest=digest,
        )  # fmt: skip
    draft.replace(path)


def kept_digest(path: Path) -> str:
    """What a kept sprite was made of; empty when it cannot be read."""
    try:
        with np.load(path) as kept:
            return str(kept["digest"])
    except (OSError, ValueError, KeyError):
        return ""


def finished_sprites(tasks: Sequence[Task], work: Path) -> Iterator[FinishedSprite]:
    """The sprites of ``tasks`` that ``work`` holds."""
    for task in tasks:
        path = kept_at(work, task.key)
        if path.is_file():
            with np.load(path) as kept:
                layers = SpriteLayers(
                    colour=kept["colour"],
                    light=kept["light"],
                    shade=kept["shade"],
                    tallest_mm=float(kept["tallest_mm"]),
                )
            yield FinishedSprite(key=task.key, look=task.model.look, layers=layers)
