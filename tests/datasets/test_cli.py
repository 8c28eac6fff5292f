"""`neosort-data` as a person meets it: what is wrong is said in one sentence, before anything is made."""

import sys

import pytest

from neosort_datasets import cli


def refused(monkeypatch, capsys, *arguments) -> str:
    monkeypatch.setattr(sys, "argv", ["neosort-data", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def test_a_split_that_is_none_is_named_with_those_there_are(monkeypatch, capsys, tmp_path):
    said = refused(monkeypatch, capsys, "synth", tmp_path / "store", "--split", "nonsense")
    assert said == "neosort-data: --split is 'nonsense', must be one of train, validation, calibration, held-out"
    assert not (tmp_path / "store").exists()


def test_a_negative_seed_is_refused_before_a_worker_starts(monkeypatch, capsys, tmp_path):
    said = refused(monkeypatch, capsys, "synth", tmp_path / "store", "--seed", "-1")
    assert "--seed" in said
    assert not (tmp_path / "store").exists()


def test_a_store_that_is_none_is_named(monkeypatch, capsys, tmp_path):
    assert "manifest" in refused(monkeypatch, capsys, "verify", tmp_path)
