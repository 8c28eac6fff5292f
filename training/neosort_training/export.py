"""From a checkpoint to a bundle: one ONNX file that the edge loads, checked against the network it came from."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import torch

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_inference.bundle import OUTPUT_NAMES, RawDetections, load_bundle
from neosort_inference.bundle_metadata import (
    METADATA_KEY,
    SCHEMA_VERSION,
    BundleMetadata,
    DatasetUsed,
    Provenance,
    Threshold,
)
from neosort_training.checkpoint import Checkpoint
from neosort_training.evaluate import TorchPredictor
from neosort_training.matching import SCORE_MIN
from neosort_training.model import NeoNet, WindowDetector
from neosort_training.onnx_graph import exported

UNITS = {"boxes_mm": "mm from the window's corner", "magnet_g": "g of NdFeB, if it bears any", "field_ut": "µT"}
# Absolute for shares, relative for millimetres and grams, which span three decades. Peaks below the score are noise.
RELATIVE = ("boxes_mm", "magnet_g", "magnet_g_sigma")
MAX_DIFFERENCE = 2e-3
COMPARED_SCORE = 0.05


class ExportError(Exception):
    """The bundle would not do what the network does. The text says by how much."""


def export_bundle(
    checkpoint: Checkpoint, out: Path, windows: Sequence[BeltWindow], thresholds: Sequence[Threshold]
) -> float:
    """Write the bundle and return the largest difference from the network found on ``windows``.

    Written under a temporary name, loaded as the edge loads it, compared, and only then renamed. Raises `ExportError`
    and leaves no file where runtime and network differ by more than `MAX_DIFFERENCE`.
    """
    net = checkpoint.averaged_net()
    model = onnx_bytes(net, checkpoint.grid)
    metadata = _metadata(checkpoint, model, thresholds)
    entry = onnx.StringStringEntryProto(key=METADATA_KEY, value=metadata.model_dump_json())
    tail = onnx.ModelProto(metadata_props=[entry]).SerializeToString()
    temporary = out.with_name(out.name + ".part")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        temporary.write_bytes(model + tail)
        difference = largest_difference(TorchPredictor(net, checkpoint.grid), temporary, windows)
        if not difference <= MAX_DIFFERENCE:
            raise ExportError(
                f"{out}: runtime and network differ by {difference:.2g}, at most {MAX_DIFFERENCE:g} allowed"
            )
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return difference


def onnx_bytes(net: NeoNet, grid: WindowGrid) -> bytes:
    """The detector as an ONNX model of fixed shapes, batch normalisation folded into the convolutions before it."""
    detector = WindowDetector(net, grid).eval()
    example = (
        torch.zeros(1, grid.rows, grid.cols, 3, dtype=torch.uint8),
        torch.zeros(1, 3, grid.field_rows, grid.field_cols),
        torch.zeros(1, 2, grid.field_rows, grid.field_cols),
    )
    model = exported(detector, example, ["picture", "field_ut", "field_mask"], OUTPUT_NAMES)
    return bytes(model.SerializeToString())


def largest_difference(network: TorchPredictor, bundle_path: Path, windows: Sequence[BeltWindow]) -> float:
    """Over all outputs of all windows, bundle against network; infinite where they find other peaks."""
    bundle = load_bundle(bundle_path)
    return max((_difference(network.run(window), bundle.run(window)) for window in windows), default=float("inf"))


def _difference(a: RawDetections, b: RawDetections) -> float:
    """Peaks of ``a`` that are more than noise, each against the peak of ``b`` nearest to it (equal scores may swap)."""
    worst = float(np.abs(a.score - b.score).max())
    for peak in np.flatnonzero(a.score > COMPARED_SCORE):
        twin = int(np.abs(b.boxes_mm - a.boxes_mm[peak]).sum(axis=1).argmin())
        for name in OUTPUT_NAMES:
            left, right = getattr(a, name)[peak], getattr(b, name)[twin]
            scale = np.maximum(1.0, np.abs(left)) if name in RELATIVE else 1.0
            worst = max(worst, float((np.abs(left - right) / scale).max()))
    return worst


def _metadata(checkpoint: Checkpoint, model: bytes, thresholds: Sequence[Threshold]) -> BundleMetadata:
    return BundleMetadata(
        schema_version=SCHEMA_VERSION,
        name=checkpoint.name,
        precision="fp32",
        kinds=checkpoint.kinds,
        grid=WindowGrid(**asdict(checkpoint.grid)),
        units=UNITS,
        thresholds=tuple(thresholds),
        score_min=SCORE_MIN,
        training=Provenance(
            command=checkpoint.command,
            config=checkpoint.config_text,
            datasets=tuple(DatasetUsed.model_validate(store) for store in checkpoint.stores),
            epochs=checkpoint.epoch,
            steps=checkpoint.step,
            versions={"torch": checkpoint.torch_version},
            made_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        ),
        model_bytes=len(model),
        sha256=hashlib.sha256(model).hexdigest(),
    )
