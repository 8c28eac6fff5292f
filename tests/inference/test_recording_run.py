"""`neosort record`: a run kept as a file, sorted or not, and what it says when the disk does not play along."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys

import pytest
from rich.console import Console
from tests.hardware.waiting import WITHIN_S, eventually

from neosort_datasets import recording_writer
from neosort_datasets.recording import Recording, RecordingError, RecordingWriter
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_inference import cli
from neosort_inference.detector import Detector
from neosort_inference.recording_run import Keeping, RecordOptions, record_line

pytestmark = pytest.mark.computes


@pytest.fixture
def neosort(monkeypatch, capsys):
    """Runs a command line through the entry point, in this process: exit code, stdout, stderr."""

    def run(*arguments) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["neosort", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return run


def test_a_line_is_recorded_without_sorting(neosort, tmp_path):
    file = tmp_path / "runs" / "belt.mcap"
    code, out, err = neosort("record", file, "--for", "4", "--fast", "--no-sorting", "--seed", "4")
    assert (code, err) == (0, "")
    recording = Recording(file)
    assert recording.config == LineConfig()
    assert recording.has_truth
    assert list(recording.decisions()) == []
    assert recording.dropped == {}
    assert re.search(rf"{re.escape(str(file))}: 1\d frames, [89]\d\d field blocks, .*MB; nothing was dropped", out)
    assert {landing.place for landing in recording.landings()} <= {"rest"}


def test_a_line_is_recorded_while_it_sorts_and_replays_the_same(neosort, tmp_path):
    file = tmp_path / "belt.mcap"
    code, out, err = neosort("record", file, "--for", "6", "--fast", "--seed", "4")
    assert (code, err) == (0, "")
    recording = Recording(file)
    assert len(list(recording.decisions())) > 3
    assert len(list(recording.items())) == recording.count("/truth/item")
    assert "decisions" in out
    assert "nothing was dropped" in out
    code, out, err = neosort("replay", file, "--fast", "--headless")
    assert (code, err) == (0, "")


def test_the_configuration_and_calibration_asked_for_are_kept(neosort, tmp_path):
    line = tmp_path / "line.toml"
    line.write_text('name = "north"\n[calibration]\njet_lag_ms = 0.9\n[camera]\ntrigger_every_mm = 200\n')
    file = tmp_path / "belt.mcap"
    code, _, err = neosort(
        "record", file, "--config", line, "--for", "1", "--fast", "--no-sorting", "--belt-speed", "2"
    )
    assert (code, err) == (0, "")
    config = Recording(file).config
    assert (config.name, config.calibration.jet_lag_ms, config.belt.speed_m_per_s) == ("north", 0.9, 2.0)


@pytest.mark.parametrize("sorting", ["--sorting", "--no-sorting"])
def test_nothing_is_overwritten(neosort, tmp_path, sorting):
    file = tmp_path / "belt.mcap"
    file.write_text("precious")
    code, _, err = neosort("record", file, "--for", "1", "--fast", sorting)
    assert code == 2
    assert err.count("\n") == 1
    assert f"{file}: exists already" in err
    assert file.read_text() == "precious"


class FullDisk(io.BytesIO):
    """Takes the first bytes of a recording and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(28, "No space left on device")
        return super().write(data)

    def fileno(self) -> int:
        raise OSError(9, "there is nothing to sync")


def test_without_sorting_a_full_disk_ends_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(recording_writer, "_create", lambda _path: FullDisk(300_000))
    monkeypatch.setattr(recording_writer, "SYNC_EVERY_S", 1e6)  # there is nothing to sync, however busy the machine
    options = RecordOptions(file=tmp_path / "belt.mcap", seconds=3600.0, fast=True, seed=1)
    said = io.StringIO()
    with pytest.raises(RecordingError, match="No space left on device"):
        record_line(LineConfig(), options, Console(file=said, width=200))
    assert "writing failed (No space left on device)" in said.getvalue()


def test_with_sorting_a_full_disk_is_a_fault_and_the_line_sorts_on(neosort, tmp_path, monkeypatch):
    monkeypatch.setattr(recording_writer, "_create", lambda _path: FullDisk(300_000))
    monkeypatch.setattr(recording_writer, "SYNC_EVERY_S", 1e6)  # there is nothing to sync, however busy the machine
    monkeypatch.setattr(Detector, "detect", lambda *_: [])
    code, out, err = neosort("record", tmp_path / "belt.mcap", "--for", "6", "--fast")
    assert code == 2
    assert "belt.mcap: torn, writing failed (No space left on device)" in err
    assert re.search(r"6 s,\s+6\.\d m of belt", out), "the report of the whole run comes first"


def test_the_truth_is_kept_while_the_line_runs(tmp_path):
    with (
        open_line(LineConfig(), VirtualClock(), 4) as line,
        RecordingWriter(tmp_path / "belt.mcap", line.config, patience_s=30.0) as recorder,
    ):
        keeping = Keeping(line, recorder, 5.0)
        while keeping.step():
            pass
        assert 5.0 <= keeping.elapsed_s < 5.1
    items = list(Recording(tmp_path / "belt.mcap").items())
    assert len(items) > 4
    assert len({item.item_id for item in items}) == len(items)


def test_ctrl_c_leaves_a_whole_recording(tmp_path):
    file = tmp_path / "belt.mcap"
    command = [sys.executable, "-m", "neosort_inference.cli", "record", str(file), "--no-sorting"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: process.poll() is not None or (file.exists() and file.stat().st_size > 20_000))
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WITHIN_S)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, err) == (0, "")
    assert "nothing was dropped" in out
    assert Recording(file).damage == ""
