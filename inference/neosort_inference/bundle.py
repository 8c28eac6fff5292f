"""The model bundle: one ONNX file with everything about the model inside it. Load, check, warm up, run.

The file is an ONNX model followed by its ``neosort`` metadata (protocol buffers that follow one another merge), so the
metadata can hold the length and the SHA-256 of all that stands before them, and a torn or altered file is known
without any library but the runtime.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from pydantic import ValidationError

from neosort_datasets.window import BLIND_GREY, BeltWindow
from neosort_hardware.config import describe_invalid
from neosort_hardware.types import ArrayF32
from neosort_inference.bundle_metadata import METADATA_KEY, BundleMetadata
from neosort_inference.onnx_file import OnnxFile, OnnxFileError, inspect
from neosort_inference.runtime import RuntimeRefusedError, open_session

MAX_BYTES = 64 * 1024 * 1024
MOST_DETECTIONS = 256


class BundleError(Exception):
    """A model bundle cannot be used. The text names file and cause in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDetections:
    """What the graph says of one window: as many detections as it has peaks, by falling score, most of them noise.

    ``boxes_mm`` (n,4): low along, low across, high along, high across, from the window's corner (row 0, column 0).
    ``score`` (n,): an item has its centre here. ``kind_p`` (n,K). ``p_ndfeb`` (n,): it bears NdFeB.
    ``magnet_g``, ``magnet_g_sigma`` (n,): grams of NdFeB, if it bears any.
    """

    boxes_mm: ArrayF32
    score: ArrayF32
    kind_p: ArrayF32
    p_ndfeb: ArrayF32
    magnet_g: ArrayF32
    magnet_g_sigma: ArrayF32


OUTPUT_NAMES = ("boxes_mm", "score", "kind_p", "p_ndfeb", "magnet_g", "magnet_g_sigma")


class Bundle:
    """A loaded model. Not to be shared between threads that run at once."""

    def __init__(self, session: ort.InferenceSession, metadata: BundleMetadata) -> None:
        self._session = session
        self.metadata = metadata

    def run(self, window: BeltWindow) -> RawDetections:
        """Detections in one window. Raises `ValueError` for a window of another grid than the model's, wherever across
        the belt it begins: the network does not know."""
        if replace(window.grid, across_start_mm=self.metadata.grid.across_start_mm) != self.metadata.grid:
            raise ValueError(f"window of {window.grid}, but bundle '{self.metadata.name}' reads {self.metadata.grid}")
        return run_graph(self._session, window)

    def warm_up(self, runs: int = 3) -> float:
        """Run on an empty belt ``runs`` times, so that the first real window is no slower. The last run's ms."""
        grid = self.metadata.grid
        empty = BeltWindow(
            grid=grid,
            start_mm=0.0,
            picture=np.full((grid.rows, grid.cols, 3), BLIND_GREY, dtype=np.uint8),
            field_ut=np.zeros((3, grid.field_rows, grid.field_cols), dtype=np.float32),
            field_mask=np.zeros((2, grid.field_rows, grid.field_cols), dtype=np.float32),
            last_input_ns=0,
            sequence=0,
        )
        spent_ns = 0
        for _ in range(runs):
            begun_ns = time.monotonic_ns()
            self.run(empty)
            spent_ns = time.monotonic_ns() - begun_ns
        return spent_ns * 1e-6


def feeds_of(window: BeltWindow) -> dict[str, npt.NDArray[Any]]:
    """The graph's inputs, a batch of one."""
    return {
        "picture": np.ascontiguousarray(window.picture)[None],
        "field_ut": np.ascontiguousarray(window.field_ut)[None],
        "field_mask": np.ascontiguousarray(window.field_mask)[None],
    }


def run_graph(session: ort.InferenceSession, window: BeltWindow) -> RawDetections:
    """One pass over one window of the grid that the graph was exported for."""
    outputs = session.run(list(OUTPUT_NAMES), feeds_of(window))
    return RawDetections(**{name: array[0] for name, array in zip(OUTPUT_NAMES, outputs, strict=True)})


def load_bundle(path: Path, threads: int = 1) -> Bundle:
    """Load and check a bundle; it runs on ``threads`` threads. Raises `BundleError`.

    The runtime sees the file only when it is whole and holds nothing that reaches outside itself.
    """
    data = _read(path)
    file = _inspected(path, data)
    metadata = _metadata(path, file)
    if len(data) < metadata.model_bytes or _sha256(data[: metadata.model_bytes]) != metadata.sha256:
        raise BundleError(f"{path}: torn or altered, its content does not have the SHA-256 in its metadata")
    if file.graph_ends > metadata.model_bytes:
        raise BundleError(f"{path}: altered, more than metadata stands behind its checksummed part")
    try:
        session = open_session(data, threads)
    except RuntimeRefusedError as error:
        raise BundleError(f"{path}: the runtime does not take it ({error})") from error
    _check_borders(path, session, metadata)
    return Bundle(session, metadata)


def read_metadata(path: Path) -> BundleMetadata:
    """What a bundle says of itself, without making sure that it may be run. Raises `BundleError`."""
    return _metadata(path, _inspected(path, _read(path)))


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BundleError(f"{path}: {size} bytes, a bundle has at most {MAX_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror})") from error


def _inspected(path: Path, data: bytes) -> OnnxFile:
    try:
        return inspect(data)
    except OnnxFileError as error:
        raise BundleError(f"{path}: not an ONNX model that may be run, {error}") from error


def _metadata(path: Path, file: OnnxFile) -> BundleMetadata:
    text = file.metadata.get(METADATA_KEY)
    if text is None:
        raise BundleError(f"{path}: an ONNX model, but not a neosort bundle (no '{METADATA_KEY}' metadata)")
    try:
        return BundleMetadata.model_validate_json(text)
    except ValidationError as error:
        raise BundleError(f"{path}: its metadata cannot be used ({describe_invalid(error)})") from error


def _check_borders(path: Path, session: ort.InferenceSession, metadata: BundleMetadata) -> None:
    """Names, types and shapes of inputs and outputs are the contract's; how many detections, the bundle says itself."""
    grid, kinds, n = metadata.grid, len(metadata.kinds), _detections(session)
    inputs = {
        "picture": ("tensor(uint8)", [1, grid.rows, grid.cols, 3]),
        "field_ut": ("tensor(float)", [1, 3, grid.field_rows, grid.field_cols]),
        "field_mask": ("tensor(float)", [1, 2, grid.field_rows, grid.field_cols]),
    }
    shapes = {"boxes_mm": [1, n, 4], "kind_p": [1, n, kinds]}
    outputs = {name: ("tensor(float)", shapes.get(name, [1, n])) for name in OUTPUT_NAMES}
    for side, expected, found in (("input", inputs, session.get_inputs()), ("output", outputs, session.get_outputs())):
        have = {node.name: (node.type, list(node.shape)) for node in found}
        for name in sorted(expected.keys() | have.keys()):
            if have.get(name) != expected.get(name):
                raise BundleError(f"{path}: {side} '{name}' is {have.get(name)}, must be {expected.get(name)}")


def _detections(session: ort.InferenceSession) -> int:
    """How many detections the graph's scores are of, held to `MOST_DETECTIONS`."""
    shape = next((list(node.shape) for node in session.get_outputs() if node.name == "score"), [])
    count = shape[-1] if shape and isinstance(shape[-1], int) else 1
    return min(max(1, count), MOST_DETECTIONS)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
