"""A user's own data beside the twin's: an imported data set without a field, and windows cut from a recording."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from tests.datasets.data_sets import coco, picture_file

from neosort_datasets import synthetic
from neosort_datasets.cutting import cut_windows, origin_of
from neosort_datasets.interchange.importing import ImportRequest, import_pictures
from neosort_datasets.recording import Recording, RecordingWriter
from neosort_datasets.store import WindowStoreWriter
from neosort_datasets.window import WindowGrid
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_training.checkpoint import load_checkpoint
from neosort_training.config import TrainConfig
from neosort_training.train import TrainingRun
from neosort_training.watch import StopRequest


@pytest.fixture
def photographs(tmp_path):
    """A COCO data set of three pictures, imported."""
    source = coco(
        tmp_path / "coco",
        [(number, f"{number}.png", 200, 160) for number in range(3)],
        [(number, number, 1, [40, 30, 60, 50]) for number in range(3)],
        categories=((1, "handy"),),
    )
    for number in range(3):
        picture_file(source / f"{number}.png", 200, 160, seed=number)
    import_pictures(ImportRequest(source=source, store=tmp_path / "photographs"))
    return tmp_path / "photographs"


@pytest.fixture
def recorded(tmp_path):
    """A store of windows cut from a recording of the line."""
    config = LineConfig.model_validate({"twin": {"feed": {"models": "train", "items_per_s_per_m": 8.0}}})
    path, store = tmp_path / "line.mcap", tmp_path / "recorded"
    with open_line(config, VirtualClock(), 3) as line, RecordingWriter(path, config, patience_s=60.0) as writer:
        while line.clock.now_ns() < 2e9:
            writer.write_block(line.magnetometer.read(1.0))
            if (frame := line.camera.read(0.0)) is not None:
                writer.write_frame(frame)
            for item in line.truth.items():
                writer.write_item(item)
    recording = Recording(path)
    writer = WindowStoreWriter(store, WindowGrid(), split="train", seed=0, origin=origin_of(recording))
    writer.append(list(cut_windows(recording, WindowGrid(), 256.0)))
    return store


def test_photographs_recorded_windows_and_the_twin_are_learnt_from_together(
    photographs, recorded, tmp_path, monkeypatch
):
    monkeypatch.setattr(synthetic, "WINDOWS_PER_SCENE", 2)
    sources = [
        {"kind": "store", "path": str(recorded), "weight": 1},
        {"kind": "pictures", "path": str(photographs), "weight": 1, "kinds": {"handy": "phone"}, "bears": {"phone": 1}},
        {"kind": "twin", "windows_per_epoch": 4, "weight": 2},
    ]
    small = dict.fromkeys(("stem", "stride_8", "stride_16", "stride_32", "field", "neck", "item_head"), 16)
    config = TrainConfig.model_validate(
        {
            "name": "mixed",
            "out": str(tmp_path / "run"),
            "data": {"sources": sources, "crop_rows": 128, "crop_cols": 128},
            "model": small,
            "optimiser": {"epochs": 1, "batch": 4, "precision": "fp32", "warm_up_steps": 1},
        }
    )
    training = TrainingRun(config, "text", "command")
    assert "phone" in training.kinds
    batches = list(training._stream)
    known = np.array([field.any() for batch in batches for field in batch.field_mask[:, 0].numpy()])
    pictures = training._mixture.samples[1]
    assert (~known).sum() >= pictures >= 1, "a photograph has no field"
    assert known.any()
    assert any((batch.judged > batch.weighed).any() and (batch.bears > batch.weighed).any() for batch in batches), (
        "of a phone in a photograph it is said that it bears, not how much"
    )
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        assert training.run(resume=False, stop=StopRequest(), console=Console(file=nowhere))
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(np.isfinite(value) for line in lines for value in line.values() if isinstance(value, float))
    checkpoint = load_checkpoint(tmp_path / "run" / "last.pt")
    assert [store["split"] for store in checkpoint.stores] == ["train", "pictures", "train"]
    assert all(torch.isfinite(weight).all() for weight in checkpoint.net.values())
