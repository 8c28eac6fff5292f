"""Labelled windows from the twin: the line itself runs, in virtual time, and its own assembler cuts the windows.

Each *scene* is a fresh line with a seed of its own; `neosort_datasets.scenes` says what else may differ in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from neosort_datasets.assembly import WindowAssembler
from neosort_datasets.scenes import BLOCK_MS, WINDOW, Scenes, scene_line
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.line import Line, simulated_line
from neosort_hardware.twin.atlas import AtlasError
from neosort_hardware.twin.catalogue import KINDS, SplitName, model_named, split_names
from neosort_hardware.twin.feed import Feeder
from neosort_hardware.twin.optics import BeltPicture, pitch_mm
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.sources import lying_dipoles
from neosort_hardware.twin.world import World
from neosort_hardware.types import ItemTruth, Shot

__all__ = ["KINDS", "AtlasError", "SplitName", "labelled_windows", "read_ahead", "timed_pastes"]

WINDOWS_PER_SCENE = 40
STRAY_SHOTS_PER_S = 1.0
BARREN_S = 60.0  # of belt without a window: there will be none


@cache
def _scenery(belt_textures: Path | None, sprite_cache: Path | None, clutter: Path | None) -> Scenery:
    """A process reads its sprites and draws its textures once."""
    return Scenery(belt_textures, sprite_cache, clutter)


def labelled_windows(
    base: LineConfig,
    split: SplitName,
    seed: int,
    count: int,
    belt_textures: Path | None = None,
    *,
    scenes: Scenes = Scenes.VARIED,
    every_mm: float | None = None,
    sprite_cache: Path | None = None,
    windows_per_scene: int = WINDOWS_PER_SCENE,
    clutter: Path | None = None,
    grid: WindowGrid = WINDOW,
) -> Iterator[LabelledWindow]:
    """``count`` labelled windows, laid out as ``grid``, of items of one split, ``windows_per_scene`` of each scene.
    Deterministic by seed.

    ``every_mm``: belt from one window to the next; left out, they lie side by side. ``belt_textures``: a folder with
    photographs of real belts to show in more than half of the scenes. ``sprite_cache``: a folder in which sprites are
    kept ready for other processes. ``clutter``: a folder with photographs of single things on a plain board, which half
    of the foreign matter then is. Raises `ConfigError` for folders without usable pictures, and for a line whose camera
    does not fill the windows; `AtlasError`.
    """
    made = 0
    scenery = _scenery(belt_textures, sprite_cache, clutter)
    for scene_seed in np.random.SeedSequence(seed).generate_state(count // windows_per_scene + 1):
        rng = np.random.default_rng(scene_seed)
        config = scene_line(base, split, scenes, rng, every_mm=every_mm, grid=grid)
        buffers = int(BLOCK_MS * config.belt.speed_m_per_s // config.camera.trigger_every_mm) + 2
        world = World(config, VirtualClock(), int(scene_seed), scenery, camera_buffers=buffers, landings=False)
        with simulated_line(world) as line:
            for window in _scene(line, grid, rng, min(windows_per_scene, count - made)):
                yield window
                made += 1


def read_ahead(base: LineConfig, split: SplitName, sprite_cache: Path | None = None) -> int:
    """Read the pictures and work out the fields of all that scenes of a split may show, at ``base``'s pitch and
    height, so that no window has to wait for them; how many there are. Raises `AtlasError`."""
    scenery, geometry = _scenery(None, sprite_cache, None), LineGeometry.of(base)
    pitch = pitch_mm(geometry.pixel_to_belt, (base.camera.width_px, base.camera.height_px))
    shown = [(model, pose) for name in split_names(split) for model in [model_named(name)] for pose in model.poses]
    for model, pose in shown:
        scenery.sprite(model, pose, pitch)
        lying_dipoles(model, pose, geometry.array_height_mm)
    return len(shown)


def timed_pastes(base: LineConfig, seed: int, count: int) -> list[float]:
    """Processor seconds that each of ``count`` items took to be laid on the picture of ``base``'s belt, their sprites
    read before. Raises `ValueError` for a line that feeds nothing."""
    if base.twin.feed.items_per_s_per_m <= 0:
        raise ValueError("twin.feed.items_per_s_per_m is 0: there is nothing to lay on the belt")
    scenery, rng = _scenery(None, None, None), np.random.default_rng(seed)
    picture = BeltPicture(
        width_px=base.camera.width_px,
        height_px=base.camera.height_px,
        pixel_to_belt=LineGeometry.of(base).pixel_to_belt,
        belt_width_mm=base.belt.width_mm,
        seed=seed,
        picture=base.twin.picture,
        scenery=scenery,
    )
    feeder = Feeder(base.twin.feed, base.belt.width_mm, 1000.0 * base.belt.speed_m_per_s, 0.0, rng)
    seconds: list[float] = []
    belt_mm = 0.0
    while len(seconds) < count:
        belt_mm += 200.0
        for item in feeder.until(belt_mm):
            sprite = scenery.sprite(item.model, item.pose, picture.mm_per_px)
            picture.extend_to(item.belt_mm + 400.0)
            started = time.process_time()
            picture.paste(
                sprite, item_id=item.item_id, belt_mm=item.belt_mm, across_mm=item.across_mm, yaw_rad=item.yaw_rad,
                dirt=item.dirt, rng=rng,
            )  # fmt: skip
            seconds.append(time.process_time() - started)
    return seconds[:count]


def _scene(line: Line, grid: WindowGrid, rng: np.random.Generator, count: int) -> Iterator[LabelledWindow]:
    assembler = WindowAssembler(grid, line.geometry)
    items: list[ItemTruth] = []
    made, newest_ns = 0, 0
    while made < count:
        block = line.magnetometer.read(1.0)
        if block is not None:
            assembler.add_block(block)
        line.diverter.heartbeat()
        while (frame := line.camera.read(0.0)) is not None:
            assembler.add_frame(frame)
        if rng.random() < STRAY_SHOTS_PER_S * BLOCK_MS * 1e-3:
            _stray_shot(line, rng)
        items += _truth_of(line)
        for window in assembler.ready(line.encoder.read().belt_mm):
            if window.start_mm < 0:
                continue  # the belt was empty before the feed began
            items = [item for item in items if item.box.belt_hi_mm > window.start_mm - 400]
            yield _label(window, items)
            made, newest_ns = made + 1, line.clock.now_ns()
            if made == count:
                return
        if line.clock.now_ns() - newest_ns > BARREN_S * 1e9:
            raise ConfigError(f"{line.config.name}: {BARREN_S:g} s of belt without a window; see its twin.faults")


def _truth_of(line: Line) -> list[ItemTruth]:
    if line.truth is None:
        raise ValueError("labels come from the twin; this line is real")
    return line.truth.items()


def _stray_shot(line: Line, rng: np.random.Generator) -> None:
    """Fire at random, so that the valves' own field is in the pictures the model learns from."""
    belt_mm = line.encoder.read().belt_mm
    first = int(rng.integers(0, line.geometry.nozzles.count - 8))
    shot = Shot(
        shot_id=0,
        track_id=0,
        first_nozzle=first,
        last_nozzle=first + int(rng.integers(1, 8)),
        open_mm=belt_mm + 50,
        close_mm=belt_mm + 50 + float(rng.uniform(20, 160)),
    )
    line.diverter.schedule(shot)


def _label(window: BeltWindow, items: list[ItemTruth]) -> LabelledWindow:
    end_mm = window.start_mm + window.grid.length_mm
    inside = (i for i in items if i.box.belt_hi_mm > window.start_mm and i.box.belt_lo_mm < end_mm)
    return LabelledWindow(window=window, items=tuple(inside))
