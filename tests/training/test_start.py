"""A run begins with the network of another, from its checkpoint or out of its bundle, on other kinds too."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from rich.console import Console
from tests.training.conftest import KINDS, SMALL_GRID, SMALL_MODEL, invented_store, small_config

from neosort_datasets.window import WindowGrid
from neosort_inference.bundle import BundleError
from neosort_training.carried_weights import KEY, read_start, weights_entry
from neosort_training.checkpoint import load_checkpoint
from neosort_training.config import ModelConfig, StartConfig
from neosort_training.data import KindError
from neosort_training.export import ExportPlan, export_bundle
from neosort_training.looking import every_window
from neosort_training.model import NeoNet
from neosort_training.start import begin_with, model_of, must_show_alike
from neosort_training.train import TrainingRun
from neosort_training.watch import StopRequest


def run(config, *, resume=False, stop=None):
    training = TrainingRun(config, "text", "neosort-train train test.toml")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        training.run(resume=resume, stop=stop or StopRequest(), console=Console(file=nowhere))
    return training.checkpoint_path


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The checkpoint of a short run."""
    folder = tmp_path_factory.mktemp("first")
    return run(small_config(invented_store(folder / "store", 6, 0), folder / "run", epochs=2))


@pytest.fixture(scope="module")
def bundle(first, tmp_path_factory):
    """And its bundle."""
    folder, checkpoint = tmp_path_factory.mktemp("bundle"), load_checkpoint(first)
    path, measured = folder / "first.onnx", every_window([invented_store(folder / "seen", 1, 90)])
    plan = ExportPlan(
        checkpoint=checkpoint, grid=checkpoint.grid, measured=measured, calibration=None, command="neosort-train export"
    )
    export_bundle(plan, path, lambda _what: None)
    return path


def test_one_bundle_is_enough_to_go_on(bundle, first, make_store, make_config, tmp_path):
    """Fine-tuned from the .onnx alone: it begins where the first run ended, to the rounding of float16."""
    config = make_config(make_store("mine", 4, 50), "second", epochs=1, batch_norm="frozen", learning_rate=1e-9)
    asked = {"start": StartConfig.model_validate({"from": str(bundle)})}
    second = run(config.model_copy(update=asked))
    begun, ended = load_checkpoint(second), load_checkpoint(first)
    assert begun.kinds == ended.kinds
    for name, weight in ended.ema.items():
        torch.testing.assert_close(begun.net[name], weight, rtol=1e-3, atol=1e-4, msg=name)
    assert not torch.equal(begun.net["heat.weight"], ended.net["heat.weight"]), "it is the average that is gone on with"


def test_a_run_that_was_begun_goes_on_when_what_it_began_with_is_gone(first, make_store, make_config, tmp_path):
    begun_with = shutil.copy(first, tmp_path / "begun-with.pt")
    config = make_config(make_store("mine", 8, 50), "second", epochs=2)
    config = config.model_copy(update={"start": StartConfig.model_validate({"from": str(begun_with)})})
    path = run(config, stop=StopRequest(after_steps=1))
    begun_with.unlink()
    run(config, resume=True)
    assert load_checkpoint(path).step == 4


def test_checkpoint_and_bundle_give_the_same_network(bundle, first):
    ours, theirs = read_start(bundle), read_start(first)
    assert (ours.model, ours.kinds, ours.grid) == (theirs.model, theirs.kinds, theirs.grid)
    assert ours.net.keys() == theirs.net.keys()
    for name, weight in theirs.net.items():
        assert ours.net[name].dtype == weight.dtype, name
        torch.testing.assert_close(ours.net[name], weight, rtol=1e-3, atol=1e-4, msg=name)


def test_what_batch_normalisation_counted_keeps_its_range(first):
    checkpoint = load_checkpoint(first)
    name = next(name for name in checkpoint.ema if name.endswith("running_var"))
    checkpoint.ema[name].fill_(3e6)  # float16 ends at 65,504
    (entry,) = onnx.ModelProto.FromString(weights_entry(checkpoint)).metadata_props
    assert entry.key == KEY
    assert len(entry.value) < 2.6 * sum(weight.numel() for weight in checkpoint.ema.values()) + 40_000


def test_a_bundle_without_weights_and_one_with_others_in_their_place_are_refused(bundle, monkeypatch):
    from neosort_training import carried_weights  # noqa: PLC0415

    with monkeypatch.context() as patch:
        patch.setattr(carried_weights, "KEY", "another")
        with pytest.raises(BundleError, match="carries no weights"):
            read_start(bundle)
    monkeypatch.setattr(carried_weights, "KEY", "neosort")  # an entry that is there, and something else
    with pytest.raises(BundleError, match="cannot be read"):
        read_start(bundle)
    monkeypatch.undo()
    monkeypatch.setattr(carried_weights, "_LARGEST_BYTES", 1000)
    with pytest.raises(BundleError, match="would take more than"):
        read_start(bundle)


def test_kinds_are_taken_over_by_name_begun_as_another_or_afresh(first):
    start = read_start(first)
    kinds = ("plastic", "washer", "crate")
    torch.manual_seed(1)
    net = NeoNet(SMALL_MODEL, 3)
    fresh = net.kind.weight.detach().clone()
    begin_with(net, start, kinds, {"washer": "disk", "crate": ""})
    rows = start.net["kind.weight"]
    torch.testing.assert_close(net.kind.weight.detach()[0], rows[KINDS.index("plastic")])
    torch.testing.assert_close(net.kind.weight.detach()[1], rows[KINDS.index("disk")])
    torch.testing.assert_close(net.kind.weight.detach()[2], fresh[2])
    torch.testing.assert_close(net.heat.weight.detach(), start.net["heat.weight"])
    with pytest.raises(ValueError, match=r"kind 'washer' is none of those of .*\[start.kinds\]"):
        begin_with(net, start, kinds, {"crate": ""})
    with pytest.raises(ValueError, match="names 'shoe', which is no kind of this run"):
        begin_with(net, start, kinds, {"shoe": "disk"})


def test_another_shape_or_scale_is_refused_by_name(first):
    start = read_start(first)
    assert model_of(start, None) == SMALL_MODEL
    assert model_of(start, SMALL_MODEL.model_copy(update={"dropout": 0.5})).dropout == 0.5
    with pytest.raises(ValueError, match=r"model\.neck = 32, but the network of .* has 16"):
        model_of(start, SMALL_MODEL.model_copy(update={"neck": 32}))
    must_show_alike(start, SMALL_GRID)
    with pytest.raises(ValueError, match=r"learnt from windows of 2 mm per px .* the sources show 1 mm"):
        must_show_alike(start, WindowGrid())
    assert ModelConfig() != SMALL_MODEL


def test_a_store_with_other_kinds_is_told_what_to_do(first, make_store, make_config):
    config = make_config(make_store("mine", 4, 50), "second", epochs=1)
    start = {"start": StartConfig.model_validate({"from": str(first)}), "kinds": ("disk", "block")}
    with pytest.raises(KindError, match=r"kind 'plastic' of .*mine .* data.sources.0.kinds"):
        TrainingRun(config.model_copy(update=start), "text", "command")
    source = config.data.sources[0].model_copy(update={"kinds": {"plastic": ""}})
    data = config.data.model_copy(update={"sources": (source,)})
    training = TrainingRun(config.model_copy(update=start | {"data": data}), "text", "command")
    assert training.kinds == ("disk", "block")
    assert np.isfinite(training.total_steps)
