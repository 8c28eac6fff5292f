"""`neosort bench line`: a lap of belt at any speed, the search for the highest, and the figures."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.whole_line import FakeBundle
from typer.testing import CliRunner

from neosort_datasets.recording import RecordingError, RecordingWriter
from neosort_hardware.clock import SkippingClock
from neosort_hardware.config import LineConfig
from neosort_hardware.types import Box, Decision, FieldBlock, Frame, Verdict
from neosort_inference.bench.counted_by import CountedBy
from neosort_inference.bench.lap import _recorded, at_speed, lap_of
from neosort_inference.bench.line import PRECISION, Pass, figures, highest_speed, run_belt, spare_mm
from neosort_inference.cli import app
from neosort_inference.recipe import Recipe
from neosort_inference.sorting import SortingPlan

pytestmark = pytest.mark.computes

EVERY_MM = 256.0
RATE_HZ = 1000.0


def frame(number: int) -> Frame:
    return Frame(
        image=np.full((2, 2, 3), number, np.uint8),
        belt_mm=1000.0 + EVERY_MM * number,
        captured_ns=round(256e6 * number),
        sequence=number,
    )


def block(first: int) -> FieldBlock:
    """Five samples of a belt at 1 m/s; the field is the place itself."""
    places_mm = 1000.0 + np.arange(first, first + 5, dtype=np.float64)
    return FieldBlock(
        field_ut=np.repeat(places_mm, 3).reshape(5, 1, 3).astype(np.float32),
        saturated=np.zeros((5, 1), np.bool_),
        belt_mm=places_mm,
        sampled_ns=(np.arange(first, first + 5) * 1_000_000).astype(np.int64),
        sequence=first // 5,
    )


def lap():
    events = [*(frame(n) for n in range(10)), *(block(first) for first in range(0, 2600, 5))]
    return lap_of(LineConfig(), events, "made up")


@settings(deadline=None, max_examples=25)
@given(speed=st.floats(0.3, 9.0))
def test_at_any_speed_places_keep_their_pictures_and_their_field_and_time_goes_by_the_belt(speed):
    made, stamps = lap(), []
    for event in islice(at_speed(made, speed, 6.0), 400):
        if isinstance(event, Frame):
            passed_mm = event.belt_mm - 1000.0
            assert event.image[0, 0, 0] == round(passed_mm / EVERY_MM) % 10
            stamps.append(event.captured_ns)
        else:
            passed_mm = float(event.belt_mm[-1]) - 1000.0
            in_lap_mm = 1000.0 + passed_mm % made.length_mm
            felt_mm = float(event.field_ut[-1, 0, 0])
            assert felt_mm == pytest.approx(in_lap_mm, abs=1.01), "the nearest sample that was taken"
            spacing_mm = np.diff(event.belt_mm)
            assert spacing_mm == pytest.approx(1000.0 * speed / RATE_HZ), "an array samples by the clock"
            stamps.append(int(event.sampled_ns[-1]))
        assert stamps[-1] == pytest.approx(passed_mm / speed * 1e6, abs=3)
    assert stamps == sorted(stamps)


def test_laps_follow_one_another_without_a_gap():
    frames = [event for event in at_speed(lap(), 2.8, 7.0) if isinstance(event, Frame)]
    assert np.diff([f.belt_mm for f in frames]) == pytest.approx(EVERY_MM)
    assert [f.sequence for f in frames] == list(range(len(frames)))
    assert len(frames) == 28


def test_a_lap_takes_frames_and_field_and_says_how_many_it_found():
    with pytest.raises(RecordingError, match=r"^short\.mcap: 3 frames and 1 field blocks"):
        lap_of(LineConfig(), [frame(0), frame(1), frame(2), block(0)], "short.mcap")
    with pytest.raises(RecordingError, match="9 frames and 0 field blocks"):
        lap_of(LineConfig(), [frame(n) for n in range(9)], "blind.mcap")


@settings(deadline=None)
@given(limit=st.floats(0.2, 40.0), start=st.floats(0.5, 3.0))
def test_the_search_finds_the_limit_from_above_and_from_below(limit, start):
    found = highest_speed(lambda speed: speed <= limit, start)
    assert found <= limit <= found * (1 + PRECISION)


def test_the_search_ends_where_nothing_or_everything_is_in_time():
    assert highest_speed(lambda _: False, 2.8) == 0.0
    assert highest_speed(lambda _: True, 2.8) >= 60.0


def test_what_is_left_before_the_last_possible_shot_is_the_way_to_the_nozzles_less_the_valves_and_the_item():
    decision = Decision(
        track_id=1, box=Box(belt_lo_mm=100.0, belt_hi_mm=180.0, across_lo_mm=0.0, across_hi_mm=50.0), kind="hdd35",
        p_ndfeb=0.9, magnet_g=1.0, magnet_g_sigma=0.1, verdict=Verdict.PASSED, reason="", latency_ms=30.0,
        distance_mm=200.0, decided_ns=0,
    )  # fmt: skip
    # 1,000 mm from array to nozzles; 80 of item, 200 of deciding, 4 of widening, 2.15 ms of valve at 1 m/s.
    assert spare_mm(decision, LineConfig()) == pytest.approx(1000 - 80 - 200 - 4 - 2.15)


def test_the_clock_skips_waiting_and_nothing_else():
    clock = SkippingClock()
    before_ns = clock.now_ns()
    clock.sleep_until(before_ns + 3_600_000_000_000)
    after_ns = clock.now_ns()
    assert 3_600_000_000_000 <= after_ns - before_ns < 3_660_000_000_000
    clock.sleep_until(before_ns)
    assert clock.now_ns() >= after_ns, "never back"


def made_pass(**more) -> Pass:
    values = {
        "speed_m_per_s": 2.0, "metres": 10.0, "latency_ms": (10.0, 20.0), "distance_mm": (100.0, 200.0), "late": 0,
        "too_late": 0, "dropped": 0, "alarms": 0, "windows": 50, "fired": 5, "most_waiting": 1, "busy_s": 2.0,
        "processor_s": 1.0,
        "spent_ms": {"rectify": 100.0, "network": 900.0},
    }  # fmt: skip
    return Pass(**(values | more))


def test_figures_pool_decisions_and_take_the_median_of_what_a_pass_gives_once():
    passes = [made_pass(), made_pass(latency_ms=(30.0,), processor_s=2.0, late=1, too_late=2), made_pass()]
    record = figures([passes], [4.0, 3.0, 5.0])
    assert record["latency_ms"]["p50"] == 20.0
    assert (record["late"], record["too_late"], record["dropped"]) == (1, 2, 0)
    assert record["metres_per_s_per_core"] == 10.0
    assert record["max_speed_m_s"] == 4.0
    assert record["speeds"][0]["shots_per_s"] == 1.0, "five in ten metres at 2 m/s"
    row = record["speeds"][0]
    assert row["spread"]["metres_per_s_per_core"] == [5.0, 10.0]
    assert row["ms_per_window"]["all"] == pytest.approx(40.0)
    assert row["ms_per_window"]["else"] == pytest.approx(40.0 - 2.0 - 18.0)
    assert row["load"] == pytest.approx(6.0 / 15.0)
    assert not passes[1].in_time
    assert not made_pass(dropped=1).in_time
    assert not made_pass(alarms=1).in_time
    assert made_pass().in_time


def test_a_signal_ends_the_bench_and_not_one_of_its_runs():
    events = [*(frame(n) for n in range(10)), *(block(first) for first in range(0, 2600, 5))]
    plan = SortingPlan(bundle=FakeBundle([]), recipe=Recipe(min_p_ndfeb=0.5))
    one_channel = LineConfig.model_validate({"magnetometer": {"channels": 1}})

    class Ended(FakeBundle):
        def run(self, window):
            signal.raise_signal(signal.SIGTERM)
            return super().run(window)

    with pytest.raises(KeyboardInterrupt):
        run_belt(lap_of(one_channel, events, "made up"), replace(plan, bundle=Ended([])), 1.0, 5.0, CountedBy.CLOCK)


def test_a_recording_is_played_back_at_another_speed_than_its_own(tmp_path):
    recording, file = tmp_path / "belt.mcap", tmp_path / "line.json"
    with RecordingWriter(recording, LineConfig(), patience_s=60.0) as writer:
        for event in _recorded(LineConfig(), 2.6, seed=4):
            (writer.write_frame if isinstance(event, Frame) else writer.write_block)(event)
    options = ["--metres", 3, "--repeats", 1, "--speed", 2, "--no-search", "--time", "processor", "--json", file]
    ran = CliRunner().invoke(app, ["bench", "line", str(recording), *map(str, options)])
    assert ran.exit_code in (0, 1), ran.output
    record = json.loads(file.read_text(encoding="utf-8"))
    assert (record["line"]["recording"], record["time"]) == (str(recording), "processor")
    assert record["line"]["recorded_at_m_s"] == pytest.approx(1.0, abs=0.02)
    assert record["speeds"][0]["speed_m_s"] == 2.0
    assert record["speeds"][0]["windows"] > 8
    refused = CliRunner().invoke(app, ["bench", "line", str(recording), "--config", str(tmp_path / "any.toml")])
    assert "a recording brings its own line configuration" in str(refused.exception)


def test_the_command_measures_the_real_loop_at_every_speed(tmp_path):
    file = tmp_path / "line.json"
    small = tmp_path / "small.toml"
    small.write_text('name = "small"\n', encoding="utf-8")
    options = ["--config", small, "--metres", 4, "--repeats", 1, "--speed", 1, "--speed", 2, "--no-search"]
    ran = CliRunner().invoke(app, ["bench", "line", *map(str, options), "--json", str(file)])
    assert ran.exit_code in (0, 1), ran.output
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["latency_ms"].keys() == {"p50", "p99", "p999"}
    assert (ran.exit_code == 1) == (record["late"] > 0)
    assert [row["speed_m_s"] for row in record["speeds"]] == [1.0, 2.0]
    assert all(row["decisions"] > 3 and row["windows"] > 10 for row in record["speeds"])
    assert record["max_speed_m_s"] is None
    parts = record["speeds"][0]["ms_per_window"]
    assert parts["all"] == pytest.approx(sum(value for name, value in parts.items() if name != "all"))
    assert parts["network"] > parts["track"] > 0
    assert {"machine", "versions", "command", "load_average"} <= record.keys()
