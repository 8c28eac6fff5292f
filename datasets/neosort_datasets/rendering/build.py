"""The whole atlas: every sprite of the catalogue drawn once and kept, then packed.

What is kept is known by its fingerprint, so that a build which was broken off goes on where it stopped, and after a
change only what changed is drawn again. Each process traces on one core: that is faster than one process on all of
them, since modelling, sorting out and compressing keep to one core whatever the tracer does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import cv2

from neosort_datasets.rendering.atlas_writer import FinishedSprite
from neosort_datasets.rendering.kept import KeptSprites, RenderSettings, fingerprint
from neosort_datasets.rendering.stage import drawn, lying_parts
from neosort_datasets.rendering.trace import Tracer
from neosort_datasets.rendering.view import CAMERA_MM
from neosort_datasets.rendering.worklist import Task
from neosort_datasets.worker_processes import one_thread_each


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a task. ``drawn`` is False where the kept sprite was what would be drawn again; ``problem`` is
    empty where all went well."""

    task: Task
    drawn: bool = False
    problem: str = ""


def build(
    tasks: Sequence[Task], work: Path, settings: RenderSettings, *, workers: int, done: Callable[[Outcome], None]
) -> list[Outcome]:
    """Draw every sprite that ``work`` does not hold yet; ``done`` is told of each, in any order.

    A sprite that fails does not stop the others.
    """
    context = get_context("spawn")
    with one_thread_each(), ProcessPoolExecutor(workers, context, initializer=_keep_to_one_core) as pool:
        waiting = [pool.submit(make, task, work, settings) for task in tasks]
        outcomes = []
        for future in as_completed(waiting):
            outcomes.append(future.result())
            done(outcomes[-1])
    return outcomes


def make(task: Task, work: Path, settings: RenderSettings) -> Outcome:
    """Model a sprite, and draw and keep it unless that very sprite is kept."""
    try:
        return Outcome(task=task, drawn=_made(task, KeptSprites(work), settings))
    except Exception as error:  # whatever a model's own code throws: the other sprites are drawn all the same
        return Outcome(task=task, problem=f"{task.key}: {type(error).__name__}: {error}")


def finished_sprites(tasks: Sequence[Task], work: Path, settings: RenderSettings) -> Iterator[FinishedSprite]:
    """Those of ``tasks`` that ``work`` holds."""
    kept = KeptSprites(work)
    for task in tasks:
        layers = kept.layers(task.key)
        if layers is not None:
            height, width = layers.colour.shape[:2]
            box = body_box_px(task, width, height, settings.px_per_mm)
            yield FinishedSprite(key=task.key, look=task.model.look, layers=layers, body_px=box)


def body_box_px(task: Task, width_px: int, height_px: int, px_per_mm: float) -> tuple[int, int, int, int]:
    """The body's box in a sprite of that size: its upper face stands nearer to the camera and shows larger."""
    length, across, up = task.model.extents_mm(task.pose)
    scale = 0.5 * px_per_mm * CAMERA_MM / (CAMERA_MM - up)
    half_x, half_y = scale * length, scale * across
    return (
        round(0.5 * width_px - half_x),
        round(0.5 * height_px - half_y),
        round(0.5 * width_px + half_x),
        round(0.5 * height_px + half_y),
    )


def _made(task: Task, kept: KeptSprites, settings: RenderSettings) -> bool:
    parts = lying_parts(task)
    turn = task.model.look_seed
    mark = fingerprint(parts, turn, settings)
    if kept.fingerprint(task.key) == mark:
        return False
    kept.keep(task.key, drawn(_tracer(settings.samples), parts, settings, turn), mark)
    return True


def _keep_to_one_core() -> None:
    os.environ["OIDN_NUM_THREADS"] = "1"
    os.environ["OIDN_SET_AFFINITY"] = "0"  # else every process' denoiser sits on the first core
    cv2.setNumThreads(1)


@cache
def _tracer(samples: int) -> Tracer:
    """One a process: it holds the domes and the compiled loop."""
    return Tracer(samples, threads=1)
