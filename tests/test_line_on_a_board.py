"""The whole loop in real time on a line that is half real: the twin's senses, jets or flaps on a controller."""

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
from neosort_inference.score import AIR_LIMIT_G, match_decisions
from neosort_inference.sorting import Sorting, SortingPlan

sys.path.insert(0, str(Path(__file__).parent))
from whole_line import FakeBundle, KnowingTruth

__all__ = ["controller_program"]
WANTED = 4
LONGEST_S = 60.0


class StopWhenShot:
    """Ends the run when enough shots have been executed; keeps what the board says of them."""

    def __init__(self, on_board) -> None:
        self._on_board = on_board
        self.sorting = None
        self.ended = []

    def update(self, _snapshot):
        self.ended += self._on_board.take_ended()
        if sum(shot.ending is Ending.EXECUTED for shot in self.ended) >= WANTED:
            self.sorting.stop()

    def show(self, _view):
        """Nobody looks."""

    def asked(self):
        return ()


def sorted_until_shot(line, on_board):
    """Telemetry of a run that ends when the board has executed enough, and who has watched it."""
    bundle, watcher = FakeBundle([]), StopWhenShot(on_board)
    knowing = dataclasses.replace(line, truth=KnowingTruth(line.truth, bundle.items))
    plan = SortingPlan(bundle=bundle, recipe=Recipe(min_p_ndfeb=0.5), seconds=LONGEST_S)
    watcher.sorting = Sorting(knowing, plan, (watcher,))
    telemetry = watcher.sorting.run()
    watcher.update(None)
    return telemetry, watcher


def on_the_board(link):
    """Settings of a diverter on the board; patient, for the machine may have much else to do."""
    return {"driver": "serial", "port": str(link), "answer_ms": 1000, "heartbeat_ms": 9000, "apart_mm": 50.0}


@pytest.mark.slow
def test_what_the_loop_decides_the_board_executes_at_its_places_and_nothing_else(controller_program, tmp_path):
    link = tmp_path / "board"
    config = LineConfig.model_validate(
        {
            "diverter": on_the_board(link),
            "calibration": {"valve_open_lag_ms": 0.0, "valve_close_lag_ms": 0.0, "jet_lag_ms": 0.0},
            "twin": {"speed_ripple": 0.0, "feed": {"items_per_s_per_m": 6.0}},
        }
    )  # fmt: skip
    with (
        ControllerProcess(controller_program, link=link) as board,
        simulated_line(World(config, RealClock(), 3)) as line,
    ):
        telemetry, watcher = sorted_until_shot(line, line.diverter)
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


@pytest.mark.slow
def test_what_is_too_heavy_for_air_the_boards_flaps_meet_at_its_place_and_nothing_else(controller_program, tmp_path):
    link = tmp_path / "flaps"
    config = LineConfig.model_validate(
        {
            "heavy_diverter": on_the_board(link),
            "diverter": {"heartbeat_ms": 9000},
            "twin": {"speed_ripple": 0.0, "feed": {"items_per_s_per_m": 3.0, "hub_motors": 0.5}},
        }
    )  # fmt: skip
    with (
        ControllerProcess(controller_program, link=link) as board,
        simulated_line(World(config, RealClock(), 3)) as line,
    ):
        valves = line.heavy_diverter.valves
        telemetry, watcher = sorted_until_shot(line, valves)
        moved = [(stroke.valve, stroke.opened, valves.place_mm(stroke.count)) for stroke in board.take_strokes()]
    shots = {decision.shot.shot_id: decision for decision in telemetry.decisions if decision.fired}
    executed = [shots[shot.shot_id] for shot in watcher.ended if shot.ending is Ending.EXECUTED]
    assert len(executed) >= WANTED
    assert all(decision.shot.heavy and decision.kind == "hub_motor" for decision in executed)
    items = {item.item_id: item for item in telemetry.items}
    by_item = match_decisions(telemetry.items, telemetry.decisions).by_item
    meant = {one.shot.shot_id: items[item_id] for item_id, found in by_item.items() for one in found if one.shot}
    out_mm = config.heavy_diverter.out_ms  # of travel while a flap swings out, at 1 m/s
    for decision in executed:
        shot, item = decision.shot, meant[decision.shot.shot_id]
        assert item.mass_g > AIR_LIMIT_G
        here_mm = config.heavy_diverter.station_mm + 0.5 * (item.box.belt_lo_mm + item.box.belt_hi_mm)
        assert shot.open_mm < here_mm < shot.close_mm, "its middle, when it is at the flaps"
        for lane in range(shot.first_nozzle, shot.last_nozzle + 1):
            assert (lane, True, pytest.approx(shot.open_mm - out_mm, abs=2.0)) in moved
            assert (lane, False, pytest.approx(shot.close_mm, abs=2.0)) in moved
    lanes = {
        lane for one in shots.values() if one.shot.heavy
        for lane in range(one.shot.first_nozzle, one.shot.last_nozzle + 1)
    }  # fmt: skip
    assert {lane for lane, _, _ in moved} <= lanes
