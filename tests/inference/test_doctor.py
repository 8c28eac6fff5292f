"""`neosort doctor`: every grade of every check, and the command on lines that are well and lines that are not."""

from __future__ import annotations

import json
import os
import socket
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import probing
from neosort_hardware.settings_modbus import ModbusDiverterConfig
from neosort_inference.calibration.procedure import Result
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.cli import app
from neosort_inference.doctor.command import worst_of
from neosort_inference.doctor.finding import Grade, fault, warning, well
from neosort_inference.doctor.line_checks import calibration, pace
from neosort_inference.doctor.machine_checks import (
    belt_clock,
    disk,
    examine_machine,
    memory,
    port,
    processor,
    real_time_rights,
    wall_clock,
)
from neosort_inference.opening import open_bundle

GB, MB = 1e9, 1e6
HERE = Path("/somewhere")
TODAY = date(2026, 6, 30)
JUDGED = [
    (wall_clock(1970, True), Grade.FAULT, "1970"),
    (wall_clock(2026, False), Grade.WARNING, "nobody"),
    (wall_clock(2026, True), Grade.OK, "synchronised"),
    (wall_clock(2026, None), Grade.OK, "not told"),
    (belt_clock("tsc", 30), Grade.OK, "30 ns"),
    (belt_clock("hpet", 400), Grade.WARNING, "hpet"),
    (belt_clock("tsc", 4_000_000), Grade.WARNING, "4,000,000 ns"),
    (belt_clock("", 40), Grade.OK, "unknown"),
    (real_time_rights(True, True, "SCHED_FIFO 60", needed=True), Grade.OK, "SCHED_FIFO"),
    (real_time_rights(False, True, "not permitted", needed=True), Grade.FAULT, "milliseconds"),
    (real_time_rights(True, False, "mlockall", needed=True), Grade.FAULT, "mlockall"),
    (real_time_rights(False, False, "not permitted", needed=False), Grade.OK, "not needed"),
    (memory(200 * MB, 2 * GB), Grade.FAULT, "200 of 2,000 MB"),
    (memory(500 * MB, 2 * GB), Grade.WARNING, "500 of 2,000 MB"),
    (memory(1500 * MB, 2 * GB), Grade.OK, "1,500"),
    (disk(HERE, 20 * GB, writable=True), Grade.OK, "20.0 GB"),
    (disk(HERE, 2 * GB, writable=True), Grade.WARNING, "2.0 GB"),
    (disk(HERE, 0.1 * GB, writable=True), Grade.FAULT, "0.1 GB"),
    (disk(HERE, 20 * GB, writable=False), Grade.FAULT, "/somewhere cannot be written"),
    (processor(4, "performance"), Grade.OK, "4 cores, governor 'performance'"),
    (processor(4, "powersave"), Grade.WARNING, "powersave"),
    (processor(1, ""), Grade.WARNING, "1 core"),
    (port("0.0.0.0", 8000, free=True, ours=False), Grade.OK, "free"),
    (port("0.0.0.0", 8000, free=False, ours=True), Grade.OK, "a line that runs"),
    (port("0.0.0.0", 8000, free=False, ours=False), Grade.FAULT, "another program"),
    (calibration(None, TODAY, simulated=False), Grade.WARNING, "no date"),
    (calibration(None, TODAY, simulated=True), Grade.OK, "simulated"),
    (calibration(date(2026, 6, 1), TODAY, simulated=False), Grade.OK, "29 days ago"),
    (calibration(date(2025, 6, 1), TODAY, simulated=False), Grade.WARNING, "394 days ago"),
    (calibration(date(2027, 6, 1), TODAY, simulated=False), Grade.WARNING, "yet to come"),
]


@pytest.mark.parametrize(("finding", "grade", "word"), JUDGED)
def test_every_check_says_what_it_found_and_what_to_do_where_something_is_to_be_done(finding, grade, word):
    assert finding.grade is grade
    assert word in finding.said
    assert bool(finding.do) == (grade is not Grade.OK)


@pytest.mark.parametrize(
    ("window_ms", "grade"), [(20.0, Grade.OK), (80.0, Grade.WARNING), (120.0, Grade.FAULT)], ids=["ok", "warn", "fault"]
)
def test_a_window_must_be_done_before_the_belt_brings_the_next(window_ms, grade):
    fast = LineConfig().model_copy(update={"belt": LineConfig().belt.model_copy(update={"speed_m_per_s": 2.56})})
    found = pace(window_ms, open_bundle(None), fast)  # 256 mm at 2.56 m/s: 100 ms
    assert (found.grade, "100 ms at 2.56 m/s" in found.said) == (grade, True)


def test_the_worst_counts():
    findings = [well("a", "x"), warning("b", "x", "y"), well("c", "x")]
    assert worst_of([]) is Grade.OK
    assert worst_of(findings) is Grade.WARNING
    assert worst_of([*findings, fault("d", "x", "y")]) is Grade.FAULT


def test_only_valves_that_this_machine_times_need_real_time_rights():
    assert not LineConfig().timed_by_host
    assert not ModbusDiverterConfig(mode="controller").timed_by_host
    assert ModbusDiverterConfig(mode="coils").timed_by_host


def test_an_array_that_reads_in_another_unit_is_seen_by_the_earths_field(tmp_path):
    found = Ran(line_file(tmp_path, "[twin]\nearth_ut = 0.4\n")).by_name["magnetometer"]
    assert found["grade"] == "warning"
    assert "where the Earth alone is 20 to 70" in found["said"]
    assert "ut_per_unit" in found["do"]


def test_the_machine_is_read_and_a_taken_port_is_seen(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = examine_machine(tmp_path, "127.0.0.1", taken.getsockname()[1], rights_needed=False)
    names = ["wall clock", "belt clock", "real-time rights", "processor", "memory", "disk", "page"]
    assert [finding.name for finding in found] == names
    by_name = {finding.name: finding for finding in found}
    assert by_name["page"].grade is Grade.FAULT
    assert f"{len(os.sched_getaffinity(0))} core" in by_name["processor"].said
    assert str(tmp_path) in by_name["disk"].said
    assert examine_machine(tmp_path / "none", "127.0.0.1", 0, rights_needed=False)[5].grade is Grade.FAULT


def test_probing_opens_what_it_can_whatever_becomes_of_the_others():
    lost = {"encoder": {"driver": "serial", "port": "/dev/none"}, "diverter": {"driver": "serial", "port": "/dev/none"}}
    with probing(LineConfig.model_validate(lost), RealClock()) as found:
        assert {slot for slot, one in found.items() if one.device is None} >= {"encoder", "diverter"}
        assert "/dev/none" in found["encoder"].trouble
        assert found["interlock"].device.read().closed
        kept = found["interlock"].device
    assert not kept.read().closed, "closed again"


class Ran:
    """The command, and its findings by name."""

    def __init__(self, config: Path, *more: str) -> None:
        self.result = CliRunner().invoke(app, ["doctor", "--config", str(config), "--port", "0", "--json", *more])
        record = json.loads(self.result.stdout)
        self.worst, self.by_name = record["worst"], {f["name"]: f for f in record["findings"]}


def line_file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "line.toml"
    file.write_text(text, encoding="utf-8")
    return file


def with_faults(*faults: str) -> str:
    return "\n".join(f"[[twin.faults]]\n{fault}" for fault in faults)


def test_a_line_that_is_well_has_nothing_to_be_done_about_it(tmp_path):
    ran = Ran(line_file(tmp_path, 'name = "well"\n'), "--folder", str(tmp_path))
    parts = ("encoder", "interlock", "diverter", "magnetometer", "camera", "calibration")
    assert [ran.by_name[part]["grade"] for part in parts] == ["OK"] * len(parts)
    assert ran.by_name["model"]["grade"] == "OK"
    assert ran.result.exit_code == (1 if ran.worst == "fault" else 0)


def test_each_device_that_fails_is_said_and_the_others_are_still_looked_at(tmp_path):
    text = with_faults(
        'fault = "camera.gone"', 'fault = "interlock.opened"', 'fault = "magnetometer.dead"\nchannel = 7'
    )
    ran = Ran(line_file(tmp_path, text))
    assert ran.result.exit_code == 1
    assert ran.by_name["camera"]["grade"] == "fault"
    assert "does not answer" in ran.by_name["camera"]["said"]
    assert "devices try camera" in ran.by_name["camera"]["do"]
    assert (ran.by_name["interlock"]["grade"], "open" in ran.by_name["interlock"]["said"]) == ("warning", True)
    assert "channel 7" in ran.by_name["magnetometer"]["said"]
    assert ran.by_name["encoder"]["grade"] == "OK"


def test_a_dark_camera_and_a_silent_array_are_seen(tmp_path):
    ran = Ran(line_file(tmp_path, with_faults('fault = "camera.dark"', 'fault = "magnetometer.silent"')))
    assert "black" in ran.by_name["camera"]["said"]
    assert ran.by_name["magnetometer"]["grade"] == "fault"


def test_a_file_that_cannot_be_used_is_a_finding_among_others(tmp_path):
    ran = Ran(line_file(tmp_path, "[belt]\nspeed_m_per_s = 99\n"))
    assert ran.result.exit_code == 1
    assert "speed_m_per_s" in ran.by_name["configuration"]["said"]
    assert "memory" in ran.by_name, "the machine is looked at all the same"
    torn = tmp_path / "torn.onnx"
    torn.write_bytes(b"nothing")
    ran = Ran(line_file(tmp_path, ""), "--bundle", str(torn))
    assert (ran.result.exit_code, ran.by_name["model"]["grade"]) == (1, "fault")


def test_people_read_one_line_each_and_the_remedy_under_it(tmp_path):
    file = line_file(tmp_path, with_faults('fault = "interlock.opened"'))
    said = CliRunner().invoke(app, ["doctor", "--config", str(file), "--port", "0"]).stdout
    assert "→ make safe, then close the circuit" in said
    assert [line.split()[0] for line in said.splitlines() if "interlock" in line] == ["warning"]


def test_a_calibration_in_force_that_is_made_for_another_line_is_a_fault(tmp_path):
    store = CalibrationStore(tmp_path / "state" / "calibrations")
    other = LineConfig(name="other")
    found = Result(procedure="x", quantities=(), changes={"encoder.mm_per_count": 0.51})
    record = store.make(other, [found], by="anna", at=datetime(2026, 7, 1, tzinfo=UTC))
    store.apply(record.id, other, by="anna", at=datetime(2026, 7, 1, tzinfo=UTC))

    ran = Ran(line_file(tmp_path, 'name = "well"\n'), "--state", str(tmp_path / "state"))

    assert ran.by_name["calibration"]["grade"] == "fault"
    assert "made for name = other" in ran.by_name["calibration"]["said"]
    assert "rollback" in ran.by_name["calibration"]["do"]
