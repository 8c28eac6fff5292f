"""Exported graphs: the names asked for, and nothing of the machine that exported them."""

from __future__ import annotations

from pathlib import Path

import torch

from neosort_training.onnx_graph import exported


def test_a_graph_names_no_folder_of_the_machine_that_exported_it():
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU()).eval()
    model = exported(module, (torch.zeros(1, 4),), ["picture"], ["answer"])
    assert [value.name for value in model.graph.input] == ["picture"]
    assert [value.name for value in model.graph.output] == ["answer"]
    assert str(Path(__file__).resolve().parent).encode() not in model.SerializeToString()
    assert b".py" not in model.SerializeToString()
