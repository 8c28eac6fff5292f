"""Labelled windows from the twin: the line itself runs, in virtual time, and its own assembler cuts the windows.

Each *scene* is a fresh line with its own speed, feed, array, background and seed, so that no constant of one belt can
be learned.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from neosort_datasets.assembly import WindowAssembler
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import FeedConfig, LineConfig, MagnetometerConfig, PictureConfig
from neosort_hardware.faults import Fault
from neosort_hardware.line import Line, simulated_line
from neosort_hardware.twin.catalogue import KINDS, SplitName
from neosort_hardware.twin.feed import Feeder
from neosort_hardware.twin.optics import BeltPicture
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.world import World
from neosort_hardware.types import ItemTruth, Shot

__all__ = ["KINDS", "SplitName", "labelled_windows", "scene_config", "timed_pastes"]

WINDOWS_PER_SCENE = 40
BLOCK_MS = 400.0  # the longer, the less each sample costs; within the diverter's heartbeat
STRAY_SHOTS_PER_S = 1.0


def _picture(base: PictureConfig, rng: np.random.Generator) -> PictureConfig:
    """Lamps, lens, sensor and belt of another line (a)."""
    return base.model_copy(
        update={
            "light_azimuth_deg": float(rng.uniform(-180, 180)),
            "light_contrast": float(rng.uniform(0.15, 0.6)),
            "light_falloff": float(rng.uniform(0.05, 0.35)),
            "exposure": float(np.exp(rng.normal(0.0, 0.14))),
            "colour_temperature_k": float(1e6 / rng.normal(1e6 / base.colour_temperature_k, 14.0)),
            "defocus_px": float(rng.uniform(0.15, 0.65)),
            "distortion": float(np.clip(rng.normal(0.0, 0.002), -0.004, 0.004)) if rng.random() < 0.5 else 0.0,
            "noise": float(np.exp(rng.uniform(np.log(0.6), np.log(3.5)))),
            "window_dirt": float(rng.beta(0.7, 2.5)),
            "belt_wear": float(rng.random()),
            "scraps_per_m2": float(np.exp(rng.uniform(np.log(15), np.log(350)))),
        }
    )


def _array(base: MagnetometerConfig, belt_width_mm: float, rng: np.random.Generator) -> MagnetometerConfig:
    """Another array: its height, sometimes its pitch, its rate, and whether it has a second range."""
    changes: dict[str, float] = {
        "block_ms": BLOCK_MS,
        "height_mm": max(10.0, base.height_mm + float(rng.uniform(-5.0, 5.0))),
        "rate_hz": float(np.exp(rng.uniform(np.log(300.0), np.log(1000.0)))),
        "high_range_ut": base.high_range_ut if rng.random() < 0.75 else 0.0,
    }
    if rng.random() < 0.4:
        channels = round(belt_width_mm / rng.uniform(18.0, 40.0))
        pitch_mm = belt_width_mm / channels
        changes |= {"channels": channels, "pitch_mm": pitch_mm, "first_across_mm": 0.5 * pitch_mm}
    return base.model_copy(update=changes)


def _feed(base: FeedConfig, split: SplitName, speed_m_per_s: float, rng: np.random.Generator) -> FeedConfig:
    """Another feed; the density on the belt, not the rate, is drawn, so that it does not follow the speed."""
    density_per_m2 = float(np.exp(rng.uniform(np.log(5), np.log(28))))
    return base.model_copy(
        update={
            "items_per_s_per_m": min(100.0, density_per_m2 * speed_m_per_s),
            "models": split,
            "mix": "default" if rng.random() < 0.5 else "even",
            "touching": float(rng.uniform(0.0, 0.5)) if rng.random() < 0.5 else 0.0,
            "piling": float(rng.uniform(0.0, 0.7)),
            "bursts": float(rng.uniform(1.0, 2.5)) if rng.random() < 0.3 else 1.0,
        }
    )


def _dead_channels(channels: int, rng: np.random.Generator) -> tuple[Fault, ...]:
    """One scene in six has a channel or two that answer nothing."""
    if rng.random() >= 1 / 6:
        return ()
    dead = rng.choice(channels, size=min(channels, int(rng.integers(1, 3))), replace=False)
    return tuple(Fault(fault="magnetometer.dead", channel=int(channel)) for channel in dead)


def scene_config(base: LineConfig, split: SplitName, rng: np.random.Generator) -> LineConfig:
    """A line like ``base`` whose speed, feed, array and background are drawn anew from the line physics' ranges.

    Gains and cross-axis terms are what a calibration leaves.
    """
    speed_m_per_s = float(np.exp(rng.uniform(np.log(0.5), np.log(3.0))))
    magnetometer = _array(base.magnetometer, base.belt.width_mm, rng)
    twin = base.twin.model_copy(
        update={
            "feed": _feed(base.twin.feed, split, speed_m_per_s, rng),
            "picture": _picture(base.twin.picture, rng),
            "faults": _dead_channels(magnetometer.channels, rng),
            "mains_ut": float(rng.uniform(0.1, 3.0)),
            "mains_hz": 50 if rng.random() < 0.5 else 60,
            "drive_ut": float(rng.uniform(0.3, 3.0)),
            "drift_ut_per_min": float(rng.uniform(0.0, 2.0)),
            "valve_ut": float(rng.uniform(0.1, 4.0)),
            "belt_ut": float(np.exp(rng.uniform(np.log(0.03), np.log(0.5)))),
            "passing_steel_ut": float(rng.uniform(0.05, 1.0)),
            "noise_ut": float(np.exp(rng.uniform(np.log(0.03), np.log(0.2)))),
            "set_reset_ut": float(np.exp(rng.uniform(np.log(0.1), np.log(2.0)))),
            "gain_error": float(rng.uniform(0.0, 0.03)),
            "cross_axis": float(rng.uniform(0.0, 0.02)),
        }
    )
    return base.model_copy(
        update={
            "belt": base.belt.model_copy(update={"speed_m_per_s": speed_m_per_s}),
            "camera": base.camera.model_copy(update={"trigger_every_mm": WindowGrid().length_mm}),
            "magnetometer": magnetometer,
            "twin": twin,
        }
    )


@cache
def _scenery(belt_textures: Path | None) -> Scenery:
    """A process reads its sprites and draws its textures once."""
    return Scenery(belt_textures)


def labelled_windows(
    base: LineConfig, split: SplitName, seed: int, count: int, belt_textures: Path | None = None
) -> Iterator[LabelledWindow]:
    """``count`` labelled windows of items of one split, side by side along each scene's belt. Deterministic by seed.

    ``belt_textures``: a folder with photographs of real belts to show in more than half of the scenes. Raises
    `ConfigError` for one without pictures.
    """
    made = 0
    scenery = _scenery(belt_textures)
    for scene_seed in np.random.SeedSequence(seed).generate_state(count // WINDOWS_PER_SCENE + 1):
        rng = np.random.default_rng(scene_seed)
        world = World(scene_config(base, split, rng), VirtualClock(), int(scene_seed), scenery)
        with simulated_line(world) as line:
            for window in _scene(line, rng, min(WINDOWS_PER_SCENE, count - made)):
                yield window
                made += 1


def timed_pastes(base: LineConfig, seed: int, count: int) -> list[float]:
    """Processor seconds that each of ``count`` items took to be laid on the picture of ``base``'s belt, their sprites
    read before. Raises `ValueError` for a line that feeds nothing."""
    if base.twin.feed.items_per_s_per_m <= 0:
        raise ValueError("twin.feed.items_per_s_per_m is 0: there is nothing to lay on the belt")
    scenery, rng = _scenery(None), np.random.default_rng(seed)
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
            sprite = scenery.sprites.sprite(item.model, item.pose, picture.mm_per_px)
            picture.extend_to(item.belt_mm + 400.0)
            started = time.process_time()
            picture.paste(
                sprite, item_id=item.item_id, belt_mm=item.belt_mm, across_mm=item.across_mm, yaw_rad=item.yaw_rad,
                dirt=item.dirt, rng=rng,
            )  # fmt: skip
            seconds.append(time.process_time() - started)
    return seconds[:count]


def _scene(line: Line, rng: np.random.Generator, count: int) -> Iterator[LabelledWindow]:
    assembler = WindowAssembler(WindowGrid(), line.geometry)
    items: list[ItemTruth] = []
    made = 0
    while made < count:
        block = line.magnetometer.read(1.0)
        if block is None:
            continue
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
            made += 1
            if made == count:
                return


def _truth_of(line: Line) -> list[ItemTruth]:
    if line.truth is None:
        raise ValueError("labels come from the twin; this line is real")
    line.truth.landings()
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
