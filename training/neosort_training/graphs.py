"""A network as ONNX graphs, at any window size, in float or in eight bits, ready to be run on windows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnxruntime.quantization.calibrate import TensorsData

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_inference.bundle import OUTPUT_NAMES, RawDetections, run_graph
from neosort_inference.bundle_metadata import PresenceOfScore
from neosort_inference.runtime import open_session
from neosort_training.model import NeoNet, WindowDetector
from neosort_training.onnx_graph import exported
from neosort_training.quantise import quantised, with_picture_as_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A detector of fixed shapes as the runtime takes it."""

    data: bytes
    grid: WindowGrid

    def runner(self) -> GraphRunner:
        """A session for it, on one thread."""
        return GraphRunner(self)


class GraphRunner:
    """A graph as a predictor."""

    def __init__(self, graph: Graph) -> None:
        self._session = open_session(graph.data)

    def run(self, window: BeltWindow) -> RawDetections:
        """Detections in one window of the graph's grid."""
        return run_graph(self._session, window)


def float_model(net: NeoNet, grid: WindowGrid, presence: PresenceOfScore | None = None) -> onnx.ModelProto:
    """The detector in float. Raises `ValueError` for a grid that the network cannot read."""
    detector = WindowDetector(net, grid, presence).eval()
    example = (
        torch.zeros(1, grid.rows, grid.cols, 3, dtype=torch.uint8),
        torch.zeros(1, 3, grid.field_rows, grid.field_cols),
        torch.zeros(1, 2, grid.field_rows, grid.field_cols),
    )
    return exported(detector, example, ["picture", "field_ut", "field_mask"], OUTPUT_NAMES)


def as_graph(model: onnx.ModelProto, grid: WindowGrid) -> Graph:
    """``model`` as bytes."""
    return Graph(data=bytes(model.SerializeToString()), grid=grid)


def eight_bit_graph(model: onnx.ModelProto, grid: WindowGrid, ranges: TensorsData) -> Graph:
    """``model`` (as `float_model` makes it) in eight bits, with ranges found by `calibrated_ranges`."""
    return as_graph(quantised(with_picture_as_codes(model), ranges), grid)


def recomposed(windows: Sequence[BeltWindow], grid: WindowGrid) -> Iterator[BeltWindow]:
    """Windows of ``grid``, laid out of windows of another size, as many as are needed side by side and cut to fit.

    For comparing two forms of a network on real contents where no windows of that size are to be had: the seams are not
    real, so nothing is to be learnt from how *well* a network does on them.
    """
    if not windows:
        return
    given = windows[0].grid
    down, across = -(-grid.rows // given.rows), -(-grid.cols // given.cols)
    cells = np.s_[:, : grid.field_rows, : grid.field_cols]
    pool = itertools.cycle(windows)
    for _ in range(max(1, len(windows) // (down * across))):
        tiles = [[next(pool) for _ in range(across)] for _ in range(down)]
        yield replace(
            tiles[0][0],
            grid=grid,
            picture=_tiled([[tile.picture for tile in row] for row in tiles], 0)[: grid.rows, : grid.cols],
            field_ut=_tiled([[tile.field_ut for tile in row] for row in tiles], 1)[cells],
            field_mask=_tiled([[tile.field_mask for tile in row] for row in tiles], 1)[cells],
        )


def _tiled(rows: list[list[npt.NDArray[Any]]], axis: int) -> npt.NDArray[Any]:
    """Arrays side by side along ``axis + 1``, rows of them below one another along ``axis``."""
    return np.concatenate([np.concatenate(row, axis=axis + 1) for row in rows], axis=axis)
