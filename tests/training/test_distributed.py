"""Several processes learn what one learns from the same global batches, write once, and stop together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from tests.training.conftest import KINDS
from typer.testing import CliRunner

from neosort_training.checkpoint import load_checkpoint
from neosort_training.cli import app
from neosort_training.data import collate, sample_of
from neosort_training.distributed import Ranks
from neosort_training.targets import render_targets

# Batch statistics frozen and no dropout: all else is the same arithmetic, its sums in another order. Over the steps of
# the test float32 lets the losses drift apart by less than this, relatively; a wrong divisor or order would by tenths.
TOLERANCE = 2e-3
CONFIG = """
name = "small"
seed = 5
out = "{out}"
kinds = ["disk", "block", "plastic"]
[data]
crop_rows = 64
crop_cols = 64
[[data.sources]]
kind = "store"
path = "{store}"
[model]
stem = 8
stride_8 = 16
stride_16 = 16
stride_32 = 16
field = 16
neck = 16
item_head = 16
dropout = 0.0
[optimiser]
epochs = {epochs}
batch = 5
warm_up_steps = 4
precision = "fp32"
batch_norm = "frozen"
threads = 1
"""


def losses(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return {line["step"]: line for line in lines if line["group"] == "loss"}


@pytest.fixture
def configured(tmp_path, make_store):
    """``configured(out, epochs)``: the configuration of a run in a file."""
    store = make_store("store", 15, 0)

    def write(out, epochs):
        config = tmp_path / f"{out}.toml"
        config.write_text(CONFIG.format(out=tmp_path / out, store=store.path, epochs=epochs), encoding="utf-8")
        return config

    return write


@pytest.fixture
def torchrun():
    """``torchrun(config)``: the command in two processes, as a user starts it."""

    def start(config):
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
        command = [*torchrun, "-m", "neosort_training", "train", str(config)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        started.append(process)
        return process

    started: list[subprocess.Popen[str]] = []
    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(configured, torchrun, tmp_path):
    alone = CliRunner().invoke(app, ["train", str(configured("alone", 14))])
    assert alone.exit_code == 0, alone.output
    both = torchrun(configured("both", 14))
    said = both.communicate()[0]
    assert both.returncode == 0, said
    assert said.count("finished: ") == 1, "one of them speaks for both"
    one, two = losses(tmp_path / "alone"), losses(tmp_path / "both")
    assert sorted(one) == sorted(two) == [1, 20, 40]
    assert one[40]["total"] < 0.8 * one[1]["total"], "something was learnt"
    for step, line in one.items():
        for name, value in line.items():
            if name != "group":
                assert two[step][name] == pytest.approx(value, rel=TOLERANCE, abs=1e-4), f"step {step} {name}"
    a, b = load_checkpoint(tmp_path / "alone" / "last.pt"), load_checkpoint(tmp_path / "both" / "last.pt")
    for name, weight in a.net.items():
        torch.testing.assert_close(b.net[name], weight, rtol=0.05, atol=5e-3, msg=f"{name} differs")


@pytest.mark.slow
def test_processes_stop_together_at_one_step(configured, torchrun, tmp_path):
    running = torchrun(configured("stopped", 4000))
    log = tmp_path / "stopped" / "log.jsonl"
    while not (log.exists() and log.read_text(encoding="utf-8").strip()):
        assert running.poll() is None, running.stdout.read()
        time.sleep(0.05)  # until the first step is done, however long the processes take to start
    running.send_signal(signal.SIGTERM)
    running.wait()
    stopped = load_checkpoint(tmp_path / "stopped" / "last.pt")
    assert 1 <= stopped.step < 12_000
    assert stopped.step == 3 * stopped.epoch + stopped.batches


def test_parts_of_a_batch_are_divided_by_what_the_whole_holds(make_store, monkeypatch):
    """Gradients of processes are averaged, so each divides by the global count over the number of processes."""
    store = make_store("store", 3, 0)
    samples = [sample_of(store[index], KINDS) for index in range(3)]
    batch = collate([(s, render_targets(s.box_px, s.visible, s.picture.shape[:2], 0.1)) for s in samples])
    other = torch.tensor([1.0, 7.0, 0.0, 2.0, 0.0])
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda values: values.add_(other))
    shared = Ranks(rank=1, size=2).with_shared_counts(batch)
    assert shared.samples == (3 + 1) / 2
    assert shared.items == (batch.items + 7) / 2
    assert shared.cells == batch.cells / 2
    assert Ranks().with_shared_counts(batch).items == batch.items


def test_a_batch_without_items_divides_by_one(make_store):
    sample = sample_of(make_store("store", 1, 0)[0], KINDS)
    nothing = sample._replace(**{name: getattr(sample, name)[:0] for name in ("box_px", "kind", "bears", "magnet_g")})
    nothing = nothing._replace(visible=sample.visible[:0])
    batch = collate([(nothing, render_targets(nothing.box_px, nothing.visible, sample.picture.shape[:2], 0.1))])
    shared = Ranks().with_shared_counts(batch)
    assert (batch.items, batch.cells) == (0, 0)
    assert (shared.samples, shared.items, shared.cells, shared.judgements, shared.weighings) == (1, 1, 1, 1, 1)


def test_slots_are_shared_out_and_too_few_are_refused():
    assert [Ranks(rank=rank, size=2).slots(5) for rank in range(2)] == [range(2), range(2, 5)]
    assert Ranks.of({"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}) == Ranks(rank=3, size=8, local=1)
    assert Ranks.of({}).leads
    with pytest.raises(ValueError, match=r"optimiser\.batch = 3: 4 processes"):
        Ranks(rank=0, size=4).slots(3)
