"""The reference: one ONNX file that `neosort bench model` takes, whatever its size of picture."""

from __future__ import annotations

import numpy as np
import onnxruntime
import torch

from neosort_training.reference import ReferenceNet, write_reference


def test_the_file_does_what_the_network_does(tmp_path):
    out = tmp_path / "made" / "reference.onnx"
    write_reference(out, side_px=160)
    assert [path.name for path in out.parent.iterdir()] == ["reference.onnx"]
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    assert "random weights" in session.get_modelmeta().description
    picture = np.random.default_rng(0).random((1, 3, 160, 160), dtype=np.float32)
    boxes, scores = session.run(None, {"picture": picture})
    torch.manual_seed(0)
    with torch.no_grad():
        expected_boxes, expected_scores = ReferenceNet(160).eval()(torch.from_numpy(picture))
    np.testing.assert_allclose(boxes, expected_boxes.numpy(), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(scores, expected_scores.numpy(), atol=1e-4)
    assert scores.shape[1] == 91
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-4)
