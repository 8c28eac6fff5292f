"""`neosort bench timing`: an exact belt, every stroke accounted for, plain words about what the machine grants."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from neosort_hardware.real_time import RealTimeRights
from neosort_hardware.shot_messages import ShotStatus
from neosort_inference.bench.timing import TimingRun, figures, print_timing, run_shots
from neosort_inference.bench.timing_rig import PERIOD_MM, PERIOD_MS, RampingBelt

MS = 1_000_000
BELT = RampingBelt(start_ns=5_000 * MS)


def run(errors_ms: list[float], *, refused: str = "", stolen_ms: float = 0.0) -> TimingRun:
    rights = RealTimeRights(scheduled=not refused, locked=not refused, refused=refused)
    return TimingRun(
        errors_ms=np.array(errors_ms),
        stolen_ms=stolen_ms,
        refused=1,
        status=ShotStatus(rights=rights, fired=3, missed=2),
    )


def printed(record: dict) -> str:
    text = io.StringIO()
    print_timing(record, Console(file=text, width=120))
    return text.getvalue()


@settings(deadline=None)
@given(time_ms=st.floats(5_001.0, 40_000.0))
def test_when_the_belt_is_where_is_the_inverse_of_where_it_is_when(time_ms: float) -> None:
    time_ns = round(time_ms * MS)
    assert BELT.time_ns_at(BELT.belt_mm(time_ns)) == pytest.approx(time_ns, abs=3000)


def test_the_belt_goes_from_half_a_metre_a_second_to_three_and_back() -> None:
    times_ms = 5_000.0 + np.arange(0.0, 2 * PERIOD_MS, 1.0)
    places = np.array([BELT.belt_mm(round(ms * MS)) for ms in times_ms])
    speeds = np.diff(places)
    assert (speeds.min(), speeds.max()) == (pytest.approx(0.5, abs=0.01), pytest.approx(3.0, abs=0.01))
    assert np.abs(np.diff(speeds)).max() < 0.003  # 2.5 m/s², and no leap where a period ends
    assert BELT.belt_mm(round((5_000.0 + PERIOD_MS) * MS)) == pytest.approx(PERIOD_MM)
    assert BELT.belt_mm(0) == 0.0


def test_every_stroke_of_a_short_run_is_accounted_for() -> None:
    seen: list[int] = []
    made = run_shots(1.5, 20.0, lambda: seen.append(1))
    assert len(seen) == 30
    assert made.status.fired + made.status.missed + made.refused == 30
    assert len(made.errors_ms) <= 2 * made.status.fired
    if made.status.rights.scheduled:
        assert len(made.errors_ms) > 30
        assert abs(np.median(made.errors_ms)) < 5.0  # how exactly, the bench itself says


def test_figures_are_of_the_loaded_run_and_of_sizes() -> None:
    record = figures(run([0.0, 0.0, 0.0, -0.4]), run([1.0, -1.0, 1.0, -1.0]))
    assert record["sigma_ms"] == record["loaded"]["sigma_ms"] == 1.0
    assert record["p999_ms"] == record["loaded"]["max_ms"] == 1.0
    assert record["unloaded"]["max_ms"] == 0.4
    assert record["unloaded"]["p50_ms"] == 0.0
    assert record["loaded"]["missed"] == 2
    assert record["real_time"] == {"scheduled": True, "memory_locked": True, "refused": ""}


def test_a_machine_without_rights_is_told_so_in_plain_words() -> None:
    text = printed(figures(run([0.1]), run([0.2], refused="SCHED_FIFO: Operation not permitted")))
    assert "gives no real-time rights" in text
    assert "Operation not permitted" in text
    text = printed(figures(run([0.1]), run([0.2], stolen_ms=1234.0)))
    assert "grants real-time scheduling" in text
    assert "1,234 ms of the loaded run" in text
