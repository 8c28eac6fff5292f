"""Every procedure recovers what was planted in the twin, under the twin's noise, within the tolerances it states."""

import pytest

from neosort_inference.calibration.registry import procedures
from neosort_inference.calibration.trials import TRIALS, tried


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
