"""`neosort bench devices`: round trips of a line's devices, and nothing fired."""

import json

from typer.testing import CliRunner

from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line, slots_of
from neosort_inference.bench.devices import Measured, measure
from neosort_inference.cli import app

EMPTY = {"feed": {"items_per_s_per_m": 0.0}}


def test_every_device_is_measured_and_no_valve_opens():
    config = LineConfig.model_validate({"twin": EMPTY, "heavy_diverter": {}})
    with open_line(config, RealClock()) as line:
        found = measure(line, 0.3)
        health = line.diverter.health()
    assert {one.slot for one in found} == set(slots_of(config))
    by_slot = {one.slot: one for one in found}
    for slot in ("encoder", "interlock", "diverter", "heavy_diverter"):
        assert by_slot[slot].ms
        assert min(by_slot[slot].ms) >= 0.0
    assert by_slot["magnetometer"].what == "age when handed over"
    assert health.ok


def test_percentiles_are_of_what_was_measured():
    told = Measured(slot="encoder", driver="sim", device="e", what="read", ms=tuple(float(n) for n in range(101)))
    assert (told.figures()["count"], told.figures()["p50_ms"], told.figures()["p99_ms"]) == (101, 50.0, 99.0)
    nothing = Measured(slot="camera", driver="sim", device="c", what="age", ms=())
    assert nothing.figures()["p50_ms"] is None


def test_a_line_of_simulated_devices_alone_is_only_measured_when_asked_for(tmp_path):
    refused = CliRunner().invoke(app, ["bench", "devices", "--for", "0.1"])
    assert "--simulated" in str(refused.exception)
    out = tmp_path / "trips.json"
    done = CliRunner().invoke(app, ["bench", "devices", "--for", "0.1", "--simulated", "--json", str(out)])
    assert done.exit_code == 0, done.output
    rows = json.loads(out.read_text())["devices"]
    assert {row["slot"] for row in rows} == {"encoder", "interlock", "diverter", "magnetometer", "camera"}
