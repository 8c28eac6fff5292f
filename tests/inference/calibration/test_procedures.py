"""Every procedure recovers what was planted in the twin, under the twin's noise, within the tolerances it states."""

import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_inference.calibration.planted import TRIALS
from neosort_inference.calibration.registry import procedures
from neosort_inference.calibration.trials import run_through, tried


@pytest.mark.parametrize("trial", TRIALS, ids=[trial.procedure for trial in TRIALS])
def test_planted_constants_are_recovered(trial):
    said = tried(trial, seed=1)
    off = [f"{row.constant}: {row.found:g} for {row.planted:g} {row.unit}" for row in said.rows if not row.within]
    assert not off
    assert said.passed
    assert said.rows


def test_something_was_planted_for_every_procedure():
    assert {trial.procedure for trial in TRIALS} == {procedure.about.name for procedure in procedures()}


def test_a_line_that_is_right_already_stays_as_it_is_within_the_tolerances():
    trial = next(trial for trial in TRIALS if trial.procedure == "encoder-scale")
    plain = type(trial)(procedure=trial.procedure, line={}, compare=trial.compare)
    assert tried(plain, seed=2).within


def test_the_verification_run_refuses_a_line_that_is_mis_set():
    truth = {"array_station_mm": 520.0, "nozzle_station_mm": 1523.0}
    config = LineConfig.model_validate({"twin": {"truth": truth}})
    with open_line(config, VirtualClock(), 1) as line:
        said = {one.name: one for one in run_through(line, "verification", {}).quantities}
    assert said["pieces"].passed
    assert said["along"].value == pytest.approx(8.0, abs=1.0)
    assert said["shots"].value == pytest.approx(11.0, abs=3.0)
    assert not said["along"].passed
    assert not said["shots"].passed
    assert said["across"].passed
