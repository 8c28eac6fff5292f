"""The whole loop in real time on a line that is half real: the twin's senses, jets on the counting controller."""

import dataclasses
import sys
from pathlib import Path

import pytest
from tests.hardware.conftest import controller_program
from tests.hardware.controller_process import ControllerProcess

from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.controller_protocol import Ending
from neosort_hardware.line import simulated_line
from neosort_hardware.twin.world import World
from neosort_inference.recipe import Recipe
from neosort_inference.sorting import Sorting, SortingPlan

sys.path.insert(0, str(Path(__file__).parent))
from whole_line import FakeBundle, KnowingTruth

__all__ = ["controller_program"]
WANTED = 4
LONGEST_S = 60.0


class StopWhenShot:
    """Ends the run when enough shots have been executed; keeps what the board says of them."""

    def __init__(self, line) -> None:
        self._line = line
        self.sorting = None
        self.ended = []

    def update(self, _snapshot):
        self.ended += self._line.diverter.take_ended()
        if sum(shot.ending is Ending.EXECUTED for shot in self.ended) >= WANTED:
            self.sorting.stop()

    def show(self, _view):
        """Nobody looks."""

    def asked(self):
        return ()


@pytest.mark.slow
def test_what_the_loop_decides_the_board_executes_at_its_places_and_nothing_else(controller_program, tmp_path):
    link = tmp_path / "board"
    config = LineConfig.model_validate(
        {
            "diverter": {
                "driver": "serial", "port": str(link), "answer_ms": 1000, "heartbeat_ms": 9000, "apart_mm": 50.0,
            },
            "calibration": {"valve_open_lag_ms": 0.0, "valve_close_lag_ms": 0.0, "jet_lag_ms": 0.0},
            "twin": {"speed_ripple": 0.0, "feed": {"items_per_s_per_m": 6.0}},
        }
    )  # fmt: skip
    bundle = FakeBundle([])
    with (
        ControllerProcess(controller_program, link=link) as board,
        simulated_line(World(config, RealClock(), 3)) as line,
    ):
        knowing = dataclasses.replace(line, truth=KnowingTruth(line.truth, bundle.items))
        watcher = StopWhenShot(line)
        plan = SortingPlan(bundle=bundle, recipe=Recipe(min_p_ndfeb=0.5), seconds=LONGEST_S)
        watcher.sorting = Sorting(knowing, plan, (watcher,))
        telemetry = watcher.sorting.run()
        watcher.update(None)
        strokes = board.take_strokes()
    shots = {decision.shot.shot_id: decision.shot for decision in telemetry.decisions if decision.fired}
    executed = [shot for shot in watcher.ended if shot.ending is Ending.EXECUTED]
    assert len(executed) >= WANTED
    for shot in executed:
        assert shot.opened_mm == pytest.approx(shots[shot.shot_id].open_mm, abs=0.51), "to half a count"
        assert shot.closed_mm == pytest.approx(shots[shot.shot_id].close_mm, abs=0.51)
    fired_nozzles = {n for shot in shots.values() for n in range(shot.first_nozzle, shot.last_nozzle + 1)}
    assert {stroke.valve for stroke in strokes} <= fired_nozzles
    late = {decision.shot.shot_id for decision in telemetry.decisions if decision.late and decision.shot}
    assert late.isdisjoint(shot.shot_id for shot in watcher.ended)
