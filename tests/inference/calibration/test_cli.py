"""`neosort calibrate`: a procedure run on the twin, its record applied, compared, undone, taken elsewhere."""

import json

import pytest
from typer.testing import CliRunner

from neosort_inference.calibration.cli import app
from neosort_inference.calibration.procedure import CalibrationError

pytestmark = pytest.mark.computes

LINE = 'name = "north"\n[twin.truth]\nmm_per_count = 0.51\n'


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.toml").write_text(LINE)

    def run(*words, config=True, code=0):
        wanted = ["--config", "line.toml"] if config else []
        outcome = CliRunner().invoke(app, [*words, *wanted, "--state", "state"])
        if isinstance(outcome.exception, CalibrationError):
            raise outcome.exception
        assert outcome.exit_code == code, outcome.output
        return outcome.output

    return run


def shown(call):
    return json.loads(call("show", "--json", config=False))


def test_measured_applied_compared_undone_and_taken_elsewhere(call, tmp_path):
    said = call("run", "encoder-scale", "--by", "anna", "--note", "new belt", "--plots", "plots")
    assert "encoder.mm_per_count" in said
    kept = shown(call)
    assert kept["in_force"] is None
    (record,) = kept["records"]
    assert (record["by"], record["note"]) == ("anna", "new belt")
    assert (tmp_path / "plots" / "encoder-scale-1.svg").read_text().startswith("<svg")

    assert "in force" in call("apply", record["id"][:8])
    assert shown(call)["in_force"] == record["id"]
    assert "no constant differs" in call("diff", record["id"])
    whole = json.loads(call("show", record["id"], "--json", config=False))
    assert whole["body"]["constants"]["encoder.mm_per_count"] == pytest.approx(0.51, rel=1e-3)

    call("export", record["id"], "taken.json", config=False)
    assert "own file" in call("rollback")
    assert shown(call)["in_force"] is None
    assert "mm_per_count" in call("diff", record["id"])
    assert record["id"][:12] in call("import", "taken.json", config=False)


def test_what_a_procedure_asks_is_told_without_a_line(call):
    said = call("run", "belt-plane", "--help-parameters", config=False)
    assert "--set across_mm=300.0" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nonsense"), "no procedure 'nonsense'; there are: light"),
        (("run", "light", "--set", "grey=2"), r"grey = 2: must lie in 0\.3\.\.1"),
        (("run", "light", "--set", "shade=1"), "light has no parameter 'shade'; it has: grey"),
        (("run", "light", "--set", "grey"), "--set grey: must be NAME=VALUE"),
        (("apply", "abcd"), "no calibration in .* begin with 'abcd'"),
        (("rollback",), "nothing to roll back"),
    ],
)
def test_refused_in_one_sentence(call, words, said):
    with pytest.raises(CalibrationError, match=said):
        call(*words)
