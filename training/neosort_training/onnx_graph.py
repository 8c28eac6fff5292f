"""torch modules as ONNX graphs of fixed shapes."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import onnx
import torch
from torch import Tensor, nn


def exported(
    module: nn.Module, example: tuple[Tensor, ...], input_names: Sequence[str], output_names: Sequence[str]
) -> onnx.ModelProto:
    """``module`` traced on ``example``; batch normalisation is folded into the convolutions before it.

    Where each node stands in whose source files, the exporter's note to itself, is left out: it names folders of the
    machine that exports.
    """
    with _exporter_quiet():
        program = torch.onnx.export(
            module, example, input_names=list(input_names), output_names=list(output_names), dynamo=True, verbose=False
        )
    assert program is not None
    model = program.model_proto
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        part.ClearField("metadata_props")
    return model


@contextmanager
def _exporter_quiet() -> Iterator[None]:
    """The exporter reports on its own deprecations; a user can do nothing about them."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
