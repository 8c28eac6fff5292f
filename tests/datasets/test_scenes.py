"""The lines of synthetic scenes: drawn from the line physics' ranges, or one line as configured."""

import numpy as np
import pytest

from neosort_datasets.scenes import Scenes, scene_line, varied_line
from neosort_hardware.config import LineConfig, at_belt_speed


def test_a_configured_line_is_that_line_whatever_the_chance():
    line = at_belt_speed(LineConfig(name="a"), 2.8)
    one, other = (scene_line(line, "validation", Scenes.LINE, np.random.default_rng(n)) for n in range(2))
    assert one == other
    assert one.twin.feed.models == "validation"
    assert line.twin.feed.models == "held-out"
    told = one.model_dump()
    told["camera"]["trigger_every_mm"] = line.camera.trigger_every_mm
    told["magnetometer"]["block_ms"] = line.magnetometer.block_ms
    told["twin"]["feed"]["models"] = "held-out"
    assert told == line.model_dump(), "nothing else may differ"


def test_scenes_differ_within_the_ranges_of_the_lines_physics():
    scenes = [varied_line(LineConfig(), "train", np.random.default_rng(seed)) for seed in range(100)]
    speeds = np.array([scene.belt.speed_m_per_s for scene in scenes])
    assert 0.5 <= speeds.min() < 0.7
    assert 2.2 < speeds.max() <= 3.0
    assert {scene.twin.feed.mix for scene in scenes} == {"default", "even", "motors"}
    assert {scene.twin.feed.models for scene in scenes} == {"train"}
    heights, pitches, rates = (
        np.array([getattr(scene.magnetometer, name) for scene in scenes])
        for name in ("height_mm", "pitch_mm", "rate_hz")
    )
    assert 40 <= heights.min() < 41.5
    assert 48.5 < heights.max() <= 50
    assert 18 <= pitches.min() < 22
    assert 34 < pitches.max() <= 41
    assert 0.4 < np.mean(pitches == 25.0) < 0.8
    assert 300 <= rates.min() < 400
    assert 900 < rates.max() <= 1000
    assert {scene.magnetometer.high_range_ut for scene in scenes} == {0.0, 40_000.0}
    assert {scene.twin.mains_hz for scene in scenes} == {50, 60}
    for scene in scenes:
        last_mm = scene.magnetometer.first_across_mm + (scene.magnetometer.channels - 1) * scene.magnetometer.pitch_mm
        assert last_mm == pytest.approx(600.0 - scene.magnetometer.first_across_mm)
    assert 0.05 < np.mean([len(scene.twin.faults) > 0 for scene in scenes]) < 0.3
    assert 0.3 < np.mean([scene.twin.feed.touching > 0 for scene in scenes]) < 0.7
    on_belt_per_m2 = [scene.twin.feed.items_per_s_per_m / scene.belt.speed_m_per_s for scene in scenes]
    assert min(on_belt_per_m2) >= 4.999
    assert max(on_belt_per_m2) <= 28.001
    for scene in scenes:
        LineConfig.model_validate(scene.model_dump())
