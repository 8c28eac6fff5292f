"""A run on a graphics card: it learns in every precision, goes on where it stopped, and is read anywhere afterwards.

A card adds in an order of its own: two runs on it do not end with the same weights, as they do on a processor.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from tests.training.test_train import run

from neosort_training.checkpoint import load_checkpoint
from neosort_training.evaluate import TorchPredictor
from neosort_training.model import NeoNet
from neosort_training.watch import StopRequest

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA graphics card")


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_it_learns_and_is_looked_at(make_store, make_config, tmp_path, precision):
    store = make_store("store", 8, 0)
    config = make_config(store, "run", epochs=80, batch=8, learning_rate=5e-3, device="cuda", precision=precision)
    data = config.data.model_copy(update={"validation": (str(store.path),), "workers": 2})
    seeing = config.augment.model_copy(update={"blind_camera": 0.0, "blind_field": 0.0})
    assert run(config.model_copy(update={"data": data, "augment": seeing}))[0]
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [line["total"] for line in lines if line["group"] == "loss"]
    assert losses[-1] < 0.5 * losses[0]
    looks = [line for line in lines if line["group"] == "validation"]
    assert looks[-1]["recall"] > 0.8


def test_it_goes_on_where_it_stopped(make_store, make_config, tmp_path):
    config = make_config(make_store("store", 10, 0), "run", epochs=3, device="cuda")
    assert not run(config, stop=StopRequest(after_steps=4))[0]
    middle = load_checkpoint(tmp_path / "run" / "last.pt")
    finished, path = run(config, resume=True)
    end = load_checkpoint(path)
    assert finished
    assert (middle.step, end.step, end.epoch) == (4, 9, 3)
    assert end.scheduler["last_epoch"] == 9


def test_what_it_leaves_says_the_same_on_a_processor(make_store, make_config):
    store = make_store("store", 8, 0)
    _, path = run(make_config(store, "run", epochs=20, batch=8, learning_rate=5e-3, device="cuda"))
    checkpoint = load_checkpoint(path)
    net = NeoNet(checkpoint.model, len(checkpoint.kinds))
    net.load_state_dict(checkpoint.ema)
    here = TorchPredictor(net, store.grid).run(store[0].window)
    there = TorchPredictor(net.cuda(), store.grid).run(store[0].window)
    surest = here.score > 0.3
    assert surest.any()
    np.testing.assert_allclose(there.p_ndfeb[surest], here.p_ndfeb[surest], atol=0.02)
    np.testing.assert_allclose(there.boxes_mm[surest], here.boxes_mm[surest], atol=2.0)
