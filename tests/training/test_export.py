"""Export: the runtime finds what the network finds, or there is no bundle."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from neosort_inference.bundle import load_bundle
from neosort_inference.bundle_metadata import Threshold
from neosort_training.checkpoint import Checkpoint, load_checkpoint
from neosort_training.cli import app
from neosort_training.config import ModelConfig
from neosort_training.evaluate import TorchPredictor
from neosort_training.export import ExportError, export_bundle
from neosort_training.model import NeoNet

KINDS = ("disk", "block", "plastic")
SMALL = ModelConfig(stem=8, stride_8=16, stride_16=32, stride_32=32, field=16, neck=16, item_head=32)
POINT = Threshold(purity_target=0.9, p_ndfeb=0.4, recovery=0.8, purity=0.91, n=100)


@pytest.fixture
def checkpoint(make_store):
    """An untrained network whose heat map says something, so that there is something to compare."""
    torch.manual_seed(0)
    net = NeoNet(SMALL, len(KINDS))
    torch.nn.init.constant_(net.heat.bias, 0.0)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return Checkpoint(
        name="small",
        kinds=KINDS,
        grid=make_store("store", 2, 0).grid,
        model=SMALL,
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
        rng=torch.get_rng_state(),
    )


def test_bundle_says_what_the_network_says(checkpoint, make_store, tmp_path):
    store = make_store("other", 3, 50)
    windows = [store[index].window for index in range(3)]
    out = tmp_path / "small.onnx"
    assert export_bundle(checkpoint, out, windows, [POINT]) < 2e-3
    bundle = load_bundle(out)
    assert bundle.metadata.kinds == KINDS
    assert bundle.metadata.grid == checkpoint.grid
    assert bundle.metadata.thresholds == (POINT,)
    assert bundle.metadata.training.datasets[0].seeds == (1,)
    found, expected = bundle.run(windows[0]), TorchPredictor(checkpoint.averaged_net(), checkpoint.grid).run(windows[0])
    assert found.score.shape == (64,)
    np.testing.assert_allclose(found.score, expected.score, atol=1e-3)
    assert found.kind_p.shape == (64, 3)
    assert [path.name for path in tmp_path.glob("small*")] == ["small.onnx"]


def test_bundle_that_differs_is_not_written(checkpoint, make_store, tmp_path, monkeypatch):
    monkeypatch.setattr("neosort_training.export.largest_difference", lambda *_: 0.1)
    out = tmp_path / "small.onnx"
    with pytest.raises(ExportError, match=r"differ by 0\.1"):
        export_bundle(checkpoint, out, [make_store("other", 1, 50)[0].window], [])
    assert not list(tmp_path.glob("small*"))


def test_bundle_that_was_compared_with_nothing_is_not_written(checkpoint, tmp_path):
    with pytest.raises(ExportError, match="inf"):
        export_bundle(checkpoint, tmp_path / "small.onnx", [], [])


CONFIG = """
name = "small"
out = "{out}"
validate_every = 1
[data]
train = ["{store}"]
validation = ["{store}"]
crop_rows = 64
crop_cols = 64
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
    call("export", checkpoint, bundle, "--store", store.path)
    figures = {}
    for model in (checkpoint, bundle):
        call("evaluate", model, store.path, "--blind", "field", "--json", tmp_path / "scores.json")
        figures[model] = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert figures[bundle]["blind"] == "field"
    assert figures[bundle]["items"] == figures[checkpoint]["items"] > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = 'x'\nlearning = 1\n", "learning"),
        ("name = 'x", "not valid TOML"),
        ("name = 'x'\nout = 'y'\n[data]\ntrain = ['nowhere']\n[optimiser]\nepochs = 0\n", "optimiser.epochs = 0"),
        ("name = 'x'\nout = 'y'\n[data]\ntrain = ['nowhere']\n[optimiser]\nepochs = 1\n", "nowhere/manifest.jsonl"),
    ],
)
def test_bad_configuration_is_one_sentence(text, words, tmp_path):
    config = tmp_path / "bad.toml"
    config.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["train", str(config)])
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
