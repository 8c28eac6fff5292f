"""Export: the runtime finds what the network finds, or there is no bundle."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.conftest import KINDS, SMALL_GRID, SMALL_MODEL, invented_store
from typer.testing import CliRunner

from neosort_inference.bundle import load_bundle
from neosort_inference.bundle_metadata import Agreement, Quantisation
from neosort_training.bundle_writer import rewrite_metadata
from neosort_training.carried_weights import read_start
from neosort_training.checkpoint import Checkpoint, load_checkpoint
from neosort_training.cli import app
from neosort_training.evaluate import TorchPredictor
from neosort_training.export import ExportError, ExportPlan, export_bundle, must_agree
from neosort_training.graphs import recomposed
from neosort_training.looking import every_window
from neosort_training.model import PEAKS, NeoNet


@pytest.fixture(scope="module")
def checkpoint():
    """An untrained network whose heat map says something, so that there is something to compare."""
    torch.manual_seed(0)
    net = NeoNet(SMALL_MODEL, len(KINDS))
    torch.nn.init.constant_(net.heat.bias, 0.0)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return Checkpoint(
        name="small",
        kinds=KINDS,
        grid=SMALL_GRID,
        model=SMALL_MODEL,
        config_text="name = 'small'",
        command="neosort-train train small.toml",
        stores=[{"path": "stores/train", "split": "train", "windows": 2, "seeds": [1]}],
        torch_version=str(torch.__version__),
        epochs=1,
        epoch=1,
        batches=0,
        step=3,
        net=net.state_dict(),
        ema=net.state_dict(),
        optimiser={},
        scheduler={},
        validation=(),
    )


def plan_of(checkpoint, store, **changes):
    windows = every_window([store])
    settings = {"grid": checkpoint.grid, "measured": windows, "calibration": None, "command": "neosort-train export"}
    return ExportPlan(checkpoint=checkpoint, **(settings | changes))


def ignore(_what):
    pass


@pytest.fixture(scope="module")
def exported(checkpoint, tmp_path_factory):
    """A bundle: its file, the store that it was measured on, what was made, and what was told on the way."""
    folder, told = tmp_path_factory.mktemp("exported"), []
    store, out = invented_store(folder / "other", 3, 50), folder / "small.onnx"
    return out, store, export_bundle(plan_of(checkpoint, store), out, told.append), told


def test_bundle_says_what_the_network_says(checkpoint, exported):
    out, store, made, told = exported
    assert len(told) == 4 * len(store)
    bundle = load_bundle(out)
    metadata = bundle.metadata
    assert metadata == made.bundle.metadata
    assert (metadata.kinds, metadata.grid, metadata.precision) == (KINDS, checkpoint.grid, "fp32")
    assert 0 <= metadata.parity < 2e-3
    assert metadata.training.datasets[0].seeds == (1,)
    assert metadata.training.versions["torch"] == str(torch.__version__)
    assert metadata.measured_on[0].path == str(store.path)
    assert len(metadata.measured_on[0].manifest_sha256) == 64
    assert {curve.blind for curve in metadata.curves} == {"none", "camera", "field"}
    assert sum(sum(row) for row in metadata.confusion.counts) == made.scores["none"].items
    assert metadata.guarantee is None
    window = store[0].window
    found, expected = bundle.run(window), TorchPredictor(checkpoint.averaged_net(), checkpoint.grid).run(window)
    assert found.score.shape == (PEAKS,)
    np.testing.assert_allclose(found.score, expected.score, atol=1e-3)
    assert found.kind_p.shape == (PEAKS, 3)
    assert [path.name for path in out.parent.glob("small*")] == ["small.onnx"]


def test_eight_bits_at_another_size(checkpoint, make_store, tmp_path, monkeypatch):
    """The ranges are found on windows of the store, the bundle reads wider and shorter ones."""
    monkeypatch.setattr("neosort_training.export.MAX_FOUND_BY_ONE", 1.0)  # an untrained network finds noise
    store, out = make_store("other", 4, 50), tmp_path / "small.onnx"
    wide = replace(checkpoint.grid, rows=96, cols=320)
    made = export_bundle(plan_of(checkpoint, store, grid=wide, calibration=every_window([store])), out, ignore)
    metadata = load_bundle(out).metadata
    assert (metadata.precision, metadata.grid, metadata.measured_grid) == ("int8", wide, checkpoint.grid)
    assert metadata.quantisation.calibration_windows == 4
    assert metadata.quantisation.against_fp32.windows == 4
    assert metadata.quantisation.float_nodes, "heads stay in float"
    assert made.fp32.items == made.scores["none"].items
    (window,) = recomposed([store[index].window for index in range(2)], wide)
    with pytest.raises(ValueError, match="cols=160"):
        made.bundle.run(store[0].window)
    assert made.bundle.run(window).score.max() > 0


def test_bundle_that_differs_is_not_written(checkpoint, make_store, tmp_path, monkeypatch):
    monkeypatch.setattr("neosort_training.export.largest_difference", lambda *_: 0.1)
    with pytest.raises(ExportError, match=r"differ by 0\.1"):
        export_bundle(plan_of(checkpoint, make_store("other", 1, 50)), tmp_path / "small.onnx", ignore)
    assert not list(tmp_path.glob("small*"))


AGREED = Agreement(
    windows=4, items=9, found_by_one=0.01, p_ndfeb_mean=0.01, p_ndfeb_p95=0.1, boxes_mm_p95=2.0,
    magnet_g_median_relative=0.01,
)  # fmt: skip


@pytest.mark.parametrize(
    ("against", "loss", "words"),
    [
        ({}, 0.011, r"recovery lost at purity 95 %: 1\.10%, at most 1%"),
        ({"p_ndfeb_mean": 0.04}, 0.0, r"mean difference in P\(NdFeB\): 4\.00%"),
        ({"found_by_one": 0.2}, -0.01, r"found by only one of the two: 20\.00%"),
    ],
)
def test_eight_bits_that_say_something_else_are_refused(against, loss, words):
    found = Quantisation(
        scheme="x", calibration_windows=1, against_fp32=AGREED.model_copy(update=against), recovery_loss=loss
    )
    with pytest.raises(ExportError, match=words):
        must_agree(Path("small.onnx"), found)


def test_eight_bits_within_the_limits_pass():
    must_agree(
        Path("small.onnx"), Quantisation(scheme="x", calibration_windows=1, against_fp32=AGREED, recovery_loss=0.01)
    )


def test_metadata_are_rewritten_and_the_graph_stays(exported, tmp_path):
    out, before = shutil.copy(exported[0], tmp_path / "small.onnx"), exported[2].bundle
    after = rewrite_metadata(out, name="renamed")
    assert after.metadata.name == load_bundle(out).metadata.name == "renamed"
    assert after.metadata.sha256 == before.metadata.sha256
    assert after.metadata.curves == before.metadata.curves


CONFIG = """
name = "small"
out = "{out}"
validate_every = 1
[data]
validation = ["{store}"]
crop_rows = 64
crop_cols = 64
[[data.sources]]
kind = "store"
path = "{store}"
[model]
stem = 8
stride_8 = 16
stride_16 = 32
stride_32 = 32
field = 16
neck = 16
item_head = 32
[optimiser]
epochs = 1
batch = 2
precision = "fp32"
"""


def test_train_evaluate_export_evaluate(make_store, tmp_path):
    """The way of the README, on a toy."""
    store, out = make_store("store", 4, 0), tmp_path / "run"
    config = tmp_path / "small.toml"
    config.write_text(CONFIG.format(out=out, store=store.path), encoding="utf-8")
    runner = CliRunner()

    def call(*arguments):
        result = runner.invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    call("train", config)
    checkpoint, bundle = out / "last.pt", tmp_path / "small.onnx"
    assert load_checkpoint(checkpoint).kinds == ("block", "disk", "plastic")
    again = runner.invoke(app, ["train", str(config)])
    assert again.exit_code == 2
    assert "--resume" in again.output
    said = call("export", checkpoint, bundle, "--store", store.path, "--int8", "--calibration-windows", "8")
    assert "eight bits against fp32" in said
    assert read_start(bundle).net.keys() == load_checkpoint(checkpoint).ema.keys(), "eight bits can be gone on with too"
    figures = {}
    for model in (checkpoint, bundle):
        call("evaluate", model, store.path, "--blind", "field", "--json", tmp_path / "scores.json")
        figures[model] = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert figures[bundle]["blind"] == "field"
    assert figures[bundle]["items"] == figures[checkpoint]["items"] > 0


STORE = "name = 'x'\nout = 'y'\n[[data.sources]]\nkind = 'store'\npath = 'nowhere'\n[optimiser]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"learning = 1\n{STORE}epochs = 1\n", "learning"),
        ("name = 'x", "not valid TOML"),
        (f"{STORE}epochs = 0\n", "optimiser.epochs = 0"),
        (f"{STORE}epochs = 1\n", "nowhere/manifest.jsonl"),
    ],
)
def test_bad_configuration_is_one_sentence(text, words, tmp_path):
    config = tmp_path / "bad.toml"
    config.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["train", str(config)])
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
