"""`neosort devices`: what it lists, probes and tries, and how it fails."""

import pytest
from typer.testing import CliRunner

from neosort_hardware.config import ConfigError
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import DRIVERS
from neosort_inference import cli

pytestmark = pytest.mark.computes


def run(*arguments):
    return CliRunner().invoke(cli.app, ["devices", *map(str, arguments)])


@pytest.fixture
def quick(tmp_path):
    """A small simulated line with nothing on its belt."""
    file = tmp_path / "line.toml"
    file.write_text("[twin.feed]\nitems_per_s_per_m = 0.0\n")
    return file


def test_every_driver_is_listed_with_what_it_lacks(monkeypatch):
    monkeypatch.setitem(DRIVERS, ("camera", "odd"), "no_such_sdk_driver:OddCamera")
    said = run("list")
    assert said.exit_code == 0
    lines = said.output.splitlines()
    assert any("diverter" in line and "serial" in line and "can be loaded" in line for line in lines)
    assert any("odd" in line for line in lines)
    assert "no_such_sdk_driver" in "".join(said.output.split())


def test_a_line_is_probed_slot_by_slot(quick):
    said = run("probe", "--config", quick)
    assert said.exit_code == 0
    for slot in ("encoder", "interlock", "diverter", "magnetometer", "camera"):
        assert slot in said.output
    assert said.output.count("well") == 5


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("encoder", ["simulated encoder: well", "counts", "round trip p50"]),
        ("interlock", ["simulated interlock: well", "closed: shots are permitted", "round trip p50"]),
        ("diverter", ["simulated air jets: well", "round trip p50"]),
        ("magnetometer", ["simulated magnetometer array: well", "24 of 24 channels read", "µT"]),
        ("camera", ["simulated camera: well", "640 × 512", "mean level"]),
    ],
)
def test_a_device_is_tried_by_itself(quick, kind, words):
    said = run("try", kind, "--config", quick, "--for", 0.6)
    assert said.exit_code == 0, said.output
    for word in words:
        assert word in said.output


def test_a_valve_blows_only_when_asked_for(quick):
    said = run("try", "diverter", "--config", quick, "--for", 0.2, "--fire", 3)
    assert "nozzle 3 from" in said.output
    assert "accepted" in said.output
    assert "nozzle" not in run("try", "diverter", "--config", quick, "--for", 0.2).output
    assert "refused" in run("try", "diverter", "--config", quick, "--for", 0.2, "--fire", 48).output


def test_flaps_are_tried_on_a_line_that_has_some(quick):
    said = run("try", "heavy_diverter", "--config", quick, "--for", 0.2)
    assert str(said.exception).endswith("has no heavy_diverter")
    quick.write_text("[heavy_diverter]\n")
    said = run("try", "heavy_diverter", "--config", quick, "--for", 0.2)
    assert "simulated flaps: well" in said.output
    assert "simulated flaps" in run("probe", "--config", quick).output


def test_an_open_interlock_is_told(quick):
    quick.write_text("[[twin.faults]]\nfault = 'interlock.opened'\n")
    assert "OPEN: emergency stop" in run("try", "interlock", "--config", quick, "--for", 0.2).output


def test_what_does_not_answer_says_so_and_the_others_are_looked_at_all_the_same(quick, tmp_path):
    quick.write_text(f"[diverter]\ndriver = 'serial'\nport = '{tmp_path / 'no-board'}'\n")
    said = run("try", "diverter", "--config", quick)
    assert isinstance(said.exception, DeviceError)
    assert "serial air jets" in str(said.exception)
    assert "no-board cannot be opened" in str(said.exception)
    assert "simulated camera: well" in run("try", "camera", "--config", quick, "--for", 0.2).output
    said = run("probe", "--config", quick)
    assert said.exit_code == 1
    assert said.output.count("well") == 4


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        ("driver = 'serial'\nport = 'no-board'", ["no-board cannot be opened"]),
        ("driver = 'modbus'\npeer = { host = '127.0.0.1', port = 1 }", ["Modbus encoder", "127.0.0.1:1"]),
    ],
)
def test_an_encoder_with_nobody_there_says_where_it_was_looked_for(quick, encoder, words):
    quick.write_text(f"[encoder]\n{encoder}\n[diverter]\ndriver = 'serial'\nport = 'no-board'\n")
    said = run("try", "encoder", "--config", quick)
    assert isinstance(said.exception, DeviceError)
    for word in words:
        assert word in str(said.exception)


def test_no_valve_blows_while_the_interlock_is_open(quick):
    quick.write_text("[[twin.faults]]\nfault = 'interlock.opened'\n")
    said = run("try", "diverter", "--config", quick, "--for", 0.2, "--fire", 3)
    assert "nozzle 3 stays shut: emergency stop" in said.output
    assert "accepted" not in said.output


def test_only_a_diverter_fires(quick):
    said = run("try", "camera", "--config", quick, "--fire", 1)
    assert isinstance(said.exception, ConfigError)
