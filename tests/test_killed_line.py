"""A line's process is killed while it shoots: the board shuts every valve by itself and forgets what was to come."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.hardware.conftest import controller_program
from tests.hardware.controller_process import ControllerProcess

__all__ = ["controller_program"]
WITHIN_S = 120.0
SILENT_MS = 2000.0
NOZZLES_MM = 5000.0  # so far off that a busy machine's shots are in time, and many wait on the board
LINE = """
[diverter]
driver = "serial"
port = "{port}"
answer_ms = 1000.0
heartbeat_ms = {silent_ms}
apart_mm = 50.0
[calibration]
nozzle_station_mm = {nozzles_mm}
valve_open_lag_ms = 0.0
valve_close_lag_ms = 0.0
jet_lag_ms = 0.0
[twin]
speed_ripple = 0.0
[twin.feed]
items_per_s_per_m = 8.0
"""
RECIPE = "min_p_ndfeb = 0.0\nnever_fire = []\n"  # everything is shot at: the first valve moves soon


def started(folder: Path) -> subprocess.Popen[bytes]:
    options = ["--headless", "--ledger", "off", "--state", folder / "state", "--config", folder / "line.toml"]
    command = [sys.executable, "-m", "neosort_inference.cli", "run", *options, "--recipe", folder / "recipe.toml"]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def opened_by(board: ControllerProcess, run: subprocess.Popen[bytes], strokes: list) -> bool:
    """Waits until a valve has opened; what has moved meanwhile comes into ``strokes``."""
    deadline_s = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline_s and run.poll() is None:
        new = board.take_strokes()
        strokes += new
        if any(stroke.opened for stroke in new):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.slow
def test_every_valve_is_shut_without_the_process_and_nothing_blows_any_more(controller_program, tmp_path):
    link = tmp_path / "board"
    (tmp_path / "line.toml").write_text(
        LINE.format(port=link, silent_ms=SILENT_MS, nozzles_mm=NOZZLES_MM), encoding="utf-8"
    )
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    with ControllerProcess(controller_program, link=link) as board:
        strokes: list = []
        first = started(tmp_path)
        try:
            assert opened_by(board, first, strokes)
        finally:
            first.kill()
            first.wait(WITHIN_S)
        time.sleep(SILENT_MS * 1e-3 + 1.0)
        strokes += board.take_strokes()
        is_open = {stroke.valve: stroke.opened for stroke in strokes}
        assert not any(is_open.values())
        time.sleep(1.0)  # shots handed over just before were for now
        assert board.take_strokes() == [], "nothing of what had been handed over blows any more"
