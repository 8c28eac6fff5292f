"""What the line of each synthetic scene is: drawn anew around one line, so that no constant of one belt can be learned,
or that very line, as figures are quoted on."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from neosort_datasets.rectification import View
from neosort_datasets.window import WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import ConfigError, FeedConfig, LineConfig, MagnetometerConfig, PictureConfig
from neosort_hardware.faults import Fault

BLOCK_MS = 400.0  # the longer, the less each sample costs; within the diverter's heartbeat
_SAME_MM = 1e-3

WINDOW = WindowGrid()


class Scenes(StrEnum):
    """How the scenes of a set of windows differ, beside their seeds."""

    VARIED = "varied"  # in speed, feed, array, background and look
    LINE = "line"  # in nothing: every one is the line as configured


def scene_line(
    base: LineConfig,
    split: str,
    scenes: Scenes,
    rng: np.random.Generator,
    *,
    every_mm: float | None = None,
    grid: WindowGrid = WINDOW,
) -> LineConfig:
    """The line of one scene, feeding items of ``split``, exposing every ``every_mm`` of belt: once a window of ``grid``
    where that is left out.

    Raises `ConfigError` where its camera sees less than a window, or less than its way to the next one.
    """
    _must_fill_windows(base, grid)
    line = varied_line(base, split, rng) if scenes is Scenes.VARIED else configured_line(base, split)
    return line.model_copy(
        update={"camera": line.camera.model_copy(update={"trigger_every_mm": every_mm or grid.length_mm})}
    )


def configured_line(base: LineConfig, split: str) -> LineConfig:
    """``base`` itself, but for the split of its feed. Its samples come in longer blocks, the same samples."""
    feed = base.twin.feed.model_copy(update={"models": split})
    return base.model_copy(
        update={
            "magnetometer": base.magnetometer.model_copy(update={"block_ms": BLOCK_MS}),
            "twin": base.twin.model_copy(update={"feed": feed}),
        }
    )


def varied_line(base: LineConfig, split: str, rng: np.random.Generator) -> LineConfig:
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
            "magnetometer": magnetometer,
            "twin": twin,
        }
    )


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


def _feed(base: FeedConfig, split: str, speed_m_per_s: float, rng: np.random.Generator) -> FeedConfig:
    """Another feed; the density on the belt, not the rate, is drawn, so that it does not follow the speed."""
    density_per_m2 = float(np.exp(rng.uniform(np.log(5), np.log(28))))
    return base.model_copy(
        update={
            "items_per_s_per_m": min(100.0, density_per_m2 * speed_m_per_s),
            "models": split,
            "mix": str(rng.choice(["default", "even", "motors"])),
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


def _must_fill_windows(line: LineConfig, grid: WindowGrid) -> None:
    geometry = LineGeometry.of(line)
    view = View.of(geometry.pixel_to_belt, line.camera.width_px, line.camera.height_px)
    if view.length_mm < grid.length_mm - _SAME_MM:
        raise ConfigError(
            f"{line.name}: its camera sees {view.length_mm:g} mm along the belt, must be at least a window's "
            f"{grid.length_mm:g}"
        )
    width_mm = grid.cols * grid.mm_per_px
    if line.belt.width_mm > width_mm:
        raise ConfigError(
            f"{line.name}: belt.width_mm is {line.belt.width_mm:g}, must be at most a window's {width_mm:g}"
        )
