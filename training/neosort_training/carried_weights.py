"""The weights of a network inside its bundle, so that another run can begin with them.

The graph of a bundle has batch normalisation folded away and, in an int8 bundle, numbers of eight bits: no network to
go on with can be got back from it. So every bundle also carries the averaged weights as a compressed archive in one
entry of its metadata, those of two and more axes in float16 (half the size, and far below what training moves them by).
The line never reads them.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from pydantic import ValidationError
from torch import Tensor

from neosort_inference.bundle import BundleError, load_bundle
from neosort_inference.onnx_file import inspect
from neosort_training.checkpoint import Checkpoint, load_checkpoint
from neosort_training.config import ModelConfig
from neosort_training.start import Start

KEY = "neosort weights"
_MODEL = "model"
_LARGEST_BYTES = 256 << 20


def weights_entry(checkpoint: Checkpoint) -> bytes:
    """What to append to a bundle's graph, before its hash is taken: the entry as a piece of an ONNX file."""
    arrays: dict[str, Any] = {name: _small(tensor.cpu().numpy()) for name, tensor in checkpoint.ema.items()}
    arrays[_MODEL] = np.array(checkpoint.model.model_dump_json())
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    text = base64.b85encode(stream.getvalue()).decode("ascii")
    entry = onnx.StringStringEntryProto(key=KEY, value=text)
    return bytes(onnx.ModelProto(metadata_props=[entry]).SerializeToString())


def _small(
    array: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    """Weights in half the size; biases and what batch normalisation counted keep their range."""
    return array.astype(np.float16) if array.ndim > 1 and array.dtype == np.float32 else array


def read_start(path: Path) -> Start:
    """The network in a bundle or a checkpoint. Raises `BundleError`, `CheckpointError` naming file and cause."""
    if path.suffix == ".pt":
        checkpoint = load_checkpoint(path)
        return Start(
            path=path, model=checkpoint.model, kinds=checkpoint.kinds, grid=checkpoint.grid, net=checkpoint.ema
        )
    metadata = load_bundle(path).metadata
    packed = inspect(path.read_bytes()).metadata.get(KEY)
    if packed is None:
        raise BundleError(f"{path}: carries no weights to begin with, it was exported before bundles did; use its .pt")
    try:
        model, net = _unpacked(base64.b85decode(packed))
    except (ValueError, KeyError, OSError, ValidationError, zipfile.BadZipFile) as error:
        raise BundleError(
            f"{path}: the weights it carries cannot be read ({str(error).splitlines()[0][:120]})"
        ) from error
    return Start(path=path, model=model, kinds=metadata.kinds, grid=metadata.grid, net=net)


def _unpacked(archive: bytes) -> tuple[ModelConfig, dict[str, Tensor]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as listing:
        if sum(entry.file_size for entry in listing.infolist()) > _LARGEST_BYTES:
            raise ValueError(f"they would take more than {_LARGEST_BYTES >> 20} MiB")
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        model = ModelConfig.model_validate(json.loads(str(arrays[_MODEL])))
        net = {name: torch.from_numpy(arrays[name]) for name in arrays.files if name != _MODEL}
    return model, {name: weight.float() if weight.is_floating_point() else weight for name, weight in net.items()}
