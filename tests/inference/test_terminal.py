"""The terminal view: a panel on a screen, sparse lines in a log, and no more often than agreed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from neosort_inference.telemetry import Snapshot
from neosort_inference.terminal import LiveTerminal, line_of, panel_of

pytestmark = pytest.mark.computes


def snapshot(**changes) -> Snapshot:
    values = {
        "elapsed_s": 12.0,
        "belt_mm": 12_000.0,
        "speed_m_per_s": 1.0,
        "items_seen": 1234,
        "items_per_s": 3.1,
        "bearing_seen": 400,
        "shots": 391,
        "recovery": 0.874,
        "purity": 0.913,
        "late": 0,
        "refused": 0,
        "latency_p50_ms": 38.0,
        "latency_p99_ms": 61.0,
        "windows": 48,
        "senses": "camera + field",
        "mode": "camera + field",
        "alarms": (),
        "faults": (),
        "state": "sorting",
    }
    return Snapshot(**(values | changes))


def shown(renderable) -> str:
    console = Console(file=io.StringIO(), width=110)
    console.print(renderable)
    return console.file.getvalue()


def test_the_panel_names_every_figure():
    text = shown(panel_of(snapshot(), 60.0))
    for word in ("87.4 %", "91.3 %", "3.1", "391", "1,234", "38 ms", "61 ms", "camera + field", "12 / 60 s", "sorting"):
        assert word in text


def test_what_is_not_known_is_a_dash_and_never_a_zero():
    bare = snapshot(recovery=None, purity=None, latency_p50_ms=None, latency_p99_ms=None)
    assert shown(panel_of(bare, None)).count("—") == 4
    assert line_of(bare).count("—") == 4
    assert "%" not in line_of(bare)


def test_faults_and_a_blind_sense_are_said_in_both_forms():
    troubled = snapshot(faults=("valve 7 does not close",), senses="camera only")
    for text in (shown(panel_of(troubled, 60.0)), line_of(troubled)):
        assert "valve 7 does not close" in text
        assert "camera only" in text


@pytest.mark.parametrize("elapsed_s", [0.0, 60.0, 75.0])
def test_the_progress_bar_stays_within_itself(elapsed_s):
    text = shown(panel_of(snapshot(elapsed_s=elapsed_s), 60.0))
    assert text.splitlines()[2].count("━") == 24
    assert len({len(line) for line in text.splitlines()}) == 1


def test_a_log_gets_a_line_every_five_seconds_and_the_last_state():
    console = Console(file=io.StringIO(), force_terminal=False, width=300)
    now_s = [0.0]
    with LiveTerminal(console, for_s=60.0, now_s=lambda: now_s[0]) as terminal:
        for tick in range(120):
            now_s[0] = tick * 0.1
            terminal.update(snapshot(shots=tick))
    lines = console.file.getvalue().splitlines()
    assert [line.split(" shots")[0].split()[-1] for line in lines] == ["0", "50", "100", "119"]


def test_a_screen_is_drawn_at_most_five_times_a_second():
    console = Console(file=io.StringIO(), force_terminal=True, width=110)
    now_s = [0.0]
    with LiveTerminal(console, now_s=lambda: now_s[0]) as terminal:
        for tick in range(200):
            now_s[0] = tick * 0.01
            terminal.update(snapshot(shots=tick))
    assert 8 <= console.file.getvalue().count("latency p50") <= 11


def test_a_log_line_keeps_square_brackets_of_a_fault():
    console = Console(file=io.StringIO(), force_terminal=False, width=40)
    with LiveTerminal(console, now_s=lambda: 0.0) as terminal:
        terminal.update(snapshot(faults=("valve[7] stuck",)))
    assert "valve[7] stuck" in console.file.getvalue()
