"""A run learns, goes on exactly where it stopped, and stops when asked."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from rich.console import Console

from neosort_datasets.store import WindowStoreWriter
from neosort_hardware.config import load_toml
from neosort_training.checkpoint import CheckpointError, load_checkpoint
from neosort_training.config import StoreSource, TrainConfig
from neosort_training.step import learning_rate_factor, running_average
from neosort_training.train import TrainingRun
from neosort_training.watch import StopRequest, stop_on_signals

CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"


def run(config, *, resume=False, stop=None):
    training = TrainingRun(config, "text", "neosort-train train test.toml")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        finished = training.run(resume=resume, stop=stop or StopRequest(), console=Console(file=nowhere))
    return finished, training.checkpoint_path


def test_overfitting_a_few_windows_lowers_every_loss(make_store, make_config, tmp_path):
    config = make_config(make_store("store", 8, 0), "run", epochs=80, batch=8, learning_rate=5e-3)
    seeing = config.augment.model_copy(update={"blind_camera": 0.0, "blind_field": 0.0})
    assert run(config.model_copy(update={"augment": seeing}))[0]
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [line for line in lines if line["group"] == "loss"]
    first, last = losses[0], losses[-1]
    assert (first["step"], last["step"]) == (1, 80)
    assert last["total"] < 0.5 * first["total"]
    for part in ("centre", "box", "kind", "ndfeb", "magnet"):
        assert last[part] < first[part], part


@pytest.mark.parametrize("split", ["held-out", "calibration"])
@pytest.mark.parametrize("role", ["sources", "validation"])
def test_items_kept_back_are_neither_learnt_from_nor_chosen_by(make_store, make_config, role, split):
    store = make_store("store", 2, 0)
    kept_back = WindowStoreWriter(store.path.parent / "kept", store.grid, split=split, seed=9, origin="rectangles")
    kept_back.append([store[0]])
    config = make_config(store, "run")
    kept = str(store.path.parent / "kept")
    changes = {"sources": (StoreSource(kind="store", path=kept),)} if role == "sources" else {role: (kept,)}
    data = config.data.model_copy(update=changes)
    with pytest.raises(ValueError, match=f"kept: holds {split} items"):
        run(config.model_copy(update={"data": data}))


def test_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(make_store, make_config):
    store = make_store("store", 10, 0)  # three batches an epoch, so step 4 is in the middle of the second
    finished, whole = run(make_config(store, "whole", epochs=3))
    assert finished
    config = make_config(store, "halves", epochs=3)
    finished, halves = run(config, stop=StopRequest(after_steps=4))
    assert not finished
    middle = load_checkpoint(halves)
    assert (middle.epoch, middle.batches, middle.step) == (1, 1, 4)
    torch.manual_seed(999)
    assert run(config, resume=True)[0]
    a, b = load_checkpoint(whole), load_checkpoint(halves)
    assert b.step == a.step == 9
    for side in ("net", "ema"):
        for name, weight in getattr(a, side).items():
            assert torch.equal(weight, getattr(b, side)[name]), f"{side} {name} differs after resuming"


def test_resuming_another_network_is_refused(make_store, make_config):
    store = make_store("store", 4, 0)
    config = make_config(store, "run", epochs=1)
    run(config)
    wider = config.model_copy(update={"model": config.model.model_copy(update={"neck": 32})})
    with pytest.raises(ValueError, match="other kinds, grid, model or epochs"):
        run(wider, resume=True)


def test_torn_and_foreign_checkpoints_are_refused(make_store, make_config, tmp_path):
    _, path = run(make_config(make_store("store", 4, 0), "run", epochs=1))
    torn = tmp_path / "torn.pt"
    torn.write_bytes(path.read_bytes()[:-2000])
    foreign = tmp_path / "foreign.pt"
    torch.save({"weights": torch.zeros(2)}, foreign)
    for bad in (torn, foreign, tmp_path / "missing.pt"):
        with pytest.raises(CheckpointError, match=bad.name):
            load_checkpoint(bad)


def test_signal_asks_for_a_stop_and_is_given_back():
    before = signal.getsignal(signal.SIGTERM)
    stop = StopRequest()
    with stop_on_signals(stop):
        signal.raise_signal(signal.SIGTERM)
        assert stop.at(0)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("steps", [60, 600])
def test_average_forgets_where_a_run_began(steps):
    """A short run's average must be near its last weights, not near the random first ones."""
    update = running_average(0.998)
    mean, counter = torch.tensor([100.0]), torch.tensor(0)
    for step in range(1, steps):
        update((mean, counter), (torch.tensor([1.0]), torch.tensor(step)), step)
    assert mean.item() == pytest.approx(1.0, abs=0.05)
    assert counter.item() == steps - 1


def test_average_remembers_as_long_as_asked_in_a_long_run():
    mean = torch.tensor([1.0])
    running_average(0.99)((mean,), (torch.tensor([0.0]),), 10_000)
    assert mean.item() == pytest.approx(0.99)


def test_learning_rate_warms_up_and_falls():
    config = load_toml(CONFIGS / "neosort.toml", TrainConfig).optimiser
    factor = learning_rate_factor(config, 5000)
    assert 0 < factor(0) < factor(100) < factor(config.warm_up_steps) == pytest.approx(1.0)
    assert factor(2500) < factor(1000)
    assert factor(5000) == pytest.approx(0.01)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_shipped_configs_load(path):
    assert load_toml(path, TrainConfig).name == path.stem
