"""`neosort bench model`: what it measures, how it sums up, and what it refuses."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest

from neosort_datasets.window import WindowGrid
from neosort_hardware.config import ConfigError
from neosort_inference import cli
from neosort_inference.bench.model import (
    WARM_UP_RUNS,
    Contestant,
    Timing,
    bundle_contestant,
    figures,
    measure,
    noisy_window,
    reference_contestant,
    window_ms,
)
from neosort_inference.opening import bundle_path, open_bundle

onnx = pytest.importorskip("onnx", reason="onnx builds the reference that these tests load")
ABOUT = {"file": "x", "bytes": 1, "rows": 32, "cols": 64, "description": ""}


def timing(*ms: float) -> Timing:
    return Timing(wall_ms=np.array(ms), processor_ms=np.array(ms) / 2)


def contestant(name: str = "net", run=lambda: None) -> Contestant:
    return Contestant(name=name, about=ABOUT, run=run)


def write_reference(path, shape=(1, 3, 8, 8), element=1, inputs=1):
    h = onnx.helper
    names = [f"x{number}" for number in range(inputs)]
    values = [h.make_tensor_value_info(name, element, list(shape)) for name in names]
    out = h.make_tensor_value_info("y", element, list(shape))
    graph = h.make_graph([h.make_node("Identity", ["x0"], ["y"])], "tiny", values, [out])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 18)], ir_version=9, doc_string="a tiny one")
    path.write_bytes(model.SerializeToString())
    return path


def test_the_first_bundle_is_the_one_that_counts():
    rows = [(contestant("first"), timing(1, 2, 3)), (contestant("second"), timing(4, 4, 4))]
    record = figures(rows, (contestant("rival"), timing(11, 12, 13)))
    assert record["model_ms"]["p50"] == 2.0
    assert record["reference_ms"]["p50"] == 12.0
    assert record["ratio"] == record["bundles"][0]["ratio"] == 6.0
    assert record["bundles"][1]["ratio"] == 3.0
    assert record["bundles"][0]["processor_ratio"] == 6.0
    low, high = record["ratio_ci"]
    assert 11 / 3 <= low <= 6.0 <= high <= 13
    assert record["wall_over_processor"] == 2.0
    assert record["rounds"] == 3
    json.dumps(record, allow_nan=False)


def test_without_a_reference_there_is_no_ratio():
    record = figures([(contestant(), timing(1, 2, 3))], None)
    assert record["ratio"] is record["reference_ms"] is record["bundles"][0]["ratio"] is None
    assert record["model_ms"]["p50"] == 2.0


def test_everyone_runs_once_a_round_and_nobody_is_always_first():
    order: list[str] = []
    both = [contestant(name, lambda name=name: order.append(name)) for name in "ab"]
    rounds: list[int] = []
    found = measure(both, 4, lambda: rounds.append(1))
    timed = order[-8:]
    assert timed == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert len(rounds) == 4
    assert all(own.wall_ms.shape == own.processor_ms.shape == (4,) for own in found)


def test_processor_time_is_what_was_computed_and_not_what_was_waited_for():
    (waited,) = measure([contestant(run=lambda: time.sleep(0.003))], 3, lambda: None)
    assert np.median(waited.wall_ms) >= 3.0
    assert np.median(waited.processor_ms) < np.median(waited.wall_ms)


def test_a_bundle_that_is_loaded_is_timed_on_a_full_window_and_after_it_has_warmed_up(monkeypatch):
    bundle = open_bundle(None)
    ran = []
    monkeypatch.setattr(type(bundle), "run", lambda _self, window: ran.append(window))
    assert window_ms(bundle, 3) >= 0
    assert len(ran) == WARM_UP_RUNS + 3
    assert all(window.picture.std() > 50 for window in ran), "as `bench model` does, not an empty belt"


def test_a_noisy_window_leaves_nothing_out():
    grid = WindowGrid(rows=32, cols=64)
    window = noisy_window(grid)
    assert window.picture.shape == (32, 64, 3)
    assert window.picture.std() > 50
    assert (window.field_mask[0] == 1).all()
    assert (window.field_ut != 0).all()


def test_the_shipped_bundle_is_timed_on_its_own_grid():
    shipped = bundle_contestant(bundle_path(None))
    assert (shipped.about["rows"], shipped.about["cols"]) == (512, 640)
    assert shipped.run() is not None


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"element": 2}, "tensor\\(uint8\\)"), ({"shape": (1, 3, "h", 8)}, "fixed shape"), ({"inputs": 2}, "one tensor")],
)
def test_a_reference_of_other_inputs_is_refused(tmp_path, changes, words):
    with pytest.raises(ConfigError, match=words):
        reference_contestant(write_reference(tmp_path / "other.onnx", **changes))


def test_a_reference_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        reference_contestant(tmp_path / "missing.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(ConfigError, match="0 bytes"):
        reference_contestant(tmp_path / "empty.onnx")
    (tmp_path / "text.onnx").write_text("no model", encoding="utf-8")
    with pytest.raises(ConfigError, match="not an ONNX model"):
        reference_contestant(tmp_path / "text.onnx")


def test_from_the_command_line(tmp_path, monkeypatch, capsys):
    reference, file = write_reference(tmp_path / "tiny.onnx"), tmp_path / "model.json"
    arguments = ["bench", "model", "--reference", reference, "--rounds", 5, "--json", file]
    monkeypatch.setattr(sys, "argv", ["neosort", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["ratio"] == pytest.approx(record["reference_ms"]["p50"] / record["model_ms"]["p50"])
    assert record["reference"]["name"] == "tiny"
    assert record["bundles"][0]["cols"] == 640
    assert {"machine", "versions", "command"} <= record.keys()
    said = capsys.readouterr().out
    assert "a tiny one" in said
    assert all(len(line) <= 80 for line in said.splitlines() if "…" in line or "×" in line)
