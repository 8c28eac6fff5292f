"""`neosort model`: what is fit to run is told from what is not, and a bundle's card can be read."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neosort_inference.bundle import load_bundle
from neosort_inference.model_cli import app, described

pytestmark = pytest.mark.computes

SHIPPED = Path(str(files("neosort_inference.models").joinpath("neosort.onnx")))


@pytest.fixture
def called():
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_shipped_bundle_is_fit_to_run(called):
    result = called("check", SHIPPED)
    assert result.exit_code == 0
    assert result.output.startswith(f"fit to run: {SHIPPED}: 'neosort', int8, windows of 512 × 640 px at 1 mm")


def test_every_file_is_told_of_and_one_refused_is_enough(called, tmp_path):
    torn, foreign = tmp_path / "torn.onnx", tmp_path / "notes.txt"
    torn.write_bytes(SHIPPED.read_bytes()[:-5000])
    foreign.write_text("no model")
    result = called("check", torn, SHIPPED, foreign)
    assert result.exit_code == 1
    first, second, third = result.output.splitlines()
    assert first.startswith(f"refused: {torn}: ")
    assert second.startswith("fit to run: ")
    assert third.startswith(f"refused: {foreign}: ")


def test_an_altered_weight_is_refused(called, tmp_path):
    altered, data = tmp_path / "altered.onnx", bytearray(SHIPPED.read_bytes())
    data[len(data) // 8] ^= 1
    altered.write_bytes(data)
    result = called("check", altered)
    assert result.exit_code == 1
    assert result.output.startswith(f"refused: {altered}: ")


def test_the_card_tells_thresholds_kinds_and_origin(called):
    result = called("show", SHIPPED)
    assert result.exit_code == 0
    metadata = load_bundle(SHIPPED).metadata
    assert described(metadata) in " ".join(result.output.split())
    proven = [point for point in metadata.guarantee.points if point.blind == "none" and point.p_ndfeb is not None]
    assert proven, "the shipped bundle carries proven thresholds"
    for words in (f"{proven[0].p_ndfeb:.4f}", "3.5″ hard disk", "Nd motor", "600 scenes", metadata.training.made_at):
        assert words in result.output
