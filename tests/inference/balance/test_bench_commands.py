"""`neosort bench balance` and `neosort bench trial` from the command line, with items that are known already."""

from __future__ import annotations

import json
import sys

import pytest
from tests.inference.balance.test_coverage import known

from neosort_inference import cli
from neosort_inference.balance.trial import load_trial
from neosort_inference.bench import balance_cli

pytestmark = pytest.mark.computes


@pytest.fixture
def neosort(monkeypatch, capsys):
    """Runs a command without sorting anything; its exit code and what it said."""
    monkeypatch.setattr(balance_cli, "known_on", lambda belts, workers, on_items: known(1500, seed=len(belts)))

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["neosort", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def test_a_trial_is_made_and_balances_are_held_against_the_truth(neosort, tmp_path) -> None:
    trial, figures = tmp_path / "trial.toml", tmp_path / "balance.json"
    assert neosort("bench", "trial", trial, "--belts", 11)[0] == 0
    made = load_trial(trial)
    assert made.bundle.startswith("neosort@")
    assert "on 11 belts" in made.on
    code, said = neosort("bench", "balance", "--lots", 10, "--belts", 12, "--trial", trial, "--json", figures)
    assert code == 0
    assert "90 % interval" in said
    assert all(len(line) <= 80 for line in said.splitlines() if line.startswith(("product", "rest", "fed")))
    record = json.loads(figures.read_text(encoding="utf-8"))
    assert record["lots"] == 10
    assert record["trial"] == made.on
    for name in ("product", "rest", "fed"):
        row = record[name]
        assert row["inside"] + row["below"] + row["above"] == pytest.approx(1.0)
        assert row["low_g"] < row["mean_g"] < row["high_g"]


def test_a_trial_that_is_there_is_not_written_over(neosort, tmp_path) -> None:
    trial = tmp_path / "trial.toml"
    trial.write_text("", encoding="utf-8")
    code, said = neosort("bench", "trial", trial)
    assert code == 2
    assert "exists already" in said
