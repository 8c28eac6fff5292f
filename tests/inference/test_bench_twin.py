"""`neosort bench twin`: what it measures, and how it sums up."""

import pytest

from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig
from neosort_inference.bench.twin import ColdStart, RoundSize, TwinRound, figures, measure, rated

pytestmark = pytest.mark.computes


def made(**more: float) -> TwinRound:
    values = {
        "frames_per_s": 250.0,
        "items_in_view": 14.0,
        "windows_per_s": 70.0,
        "items_per_window": 6.0,
        "paste_ms": 0.5,
        "belt_real_time_factor": 8.0,
    }
    return TwinRound(**(values | more))


def test_figures_are_medians_with_their_spread() -> None:
    rounds = [made(frames_per_s=value, paste_ms=value / 1000) for value in (300.0, 100.0, 200.0, 210.0, 190.0)]
    record = figures(ColdStart(items=7, reading_s=1.234), rounds)
    assert record["frames_per_s_per_core"] == 200.0
    assert record["spread"]["frames_per_s_per_core"] == [100.0, 300.0]
    assert record["paste_ms"] == 0.2
    assert record["windows_per_s_per_core"] == 70.0
    assert record["belt_real_time_factor"] == 8.0
    assert (record["items_in_view"], record["items_per_window"], record["rounds"]) == (14.0, 6.0, 5)
    assert record["cold_start"] == {"items": 7, "reading_s": 1.23}


def test_a_round_measures_everything_and_the_warm_up_does_not_count() -> None:
    seen: list[int] = []
    size = RoundSize(models="calibration", warm_up=2, frames=40, windows=2, pastes=6, belt_s=0.3)
    cold, (result,) = measure(LineConfig(), 1, size, lambda: seen.append(1))
    assert len(seen) == 2
    assert cold.items > 50
    assert cold.reading_s > 0
    assert 6 < result.items_in_view < 26
    assert min(result.frames_per_s, result.windows_per_s, result.paste_ms, result.belt_real_time_factor) > 0


def test_the_rated_line_is_a_metre_wide_and_sees_all_of_its_belt() -> None:
    line = rated(LineConfig())
    assert (line.belt.width_mm, line.belt.speed_m_per_s) == (1000.0, 2.8)
    geometry = LineGeometry.of(line)
    assert geometry.channel_across_mm[-1] == pytest.approx(987.5)
    assert geometry.nozzles.across_mm(geometry.nozzles.count - 1) == pytest.approx(993.75)
    assert LineConfig.model_validate(line.model_dump()) == line
