"""Every procedure recovers what was planted in the twin, under the twin's noise, within the tolerances it states."""

import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_inference.calibration.constants import with_constants
from neosort_inference.calibration.planted_trials import TRIALS
from neosort_inference.calibration.registry import procedures
from neosort_inference.calibration.trials import run_through, tried

pytestmark = pytest.mark.computes


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


def test_once_valves_are_led_by_their_own_lags_no_test_shot_tells_them_apart_any_more():
    """Valves of two makes, 2.4 ms apart: what the procedure finds, the next strips no longer show."""
    two_makes = [1.0 + 2.4 * (valve % 2) for valve in range(48)]
    config = LineConfig.model_validate({"twin": {"truth": {"valve_open_lag_ms": two_makes}}})
    with open_line(config, VirtualClock(), 4) as line:
        first = run_through(line, "nozzles", {"speeds": "one"})
    led = with_constants(config, first.changes)
    with open_line(led, VirtualClock(), 4) as line:
        second = run_through(line, "nozzles", {"speeds": "one"})
    before, after = (
        next(one.value for one in result.quantities if one.name == "open-apart") for result in (first, second)
    )
    assert before == pytest.approx(1.2, abs=0.2)
    assert after < 0.3


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
