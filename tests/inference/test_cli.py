"""The command line as a person meets it: bad input ends in one sentence, good input in a report.

Most commands are run in this process through the real entry point, a handful in a process of their own.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from mcap.writer import Writer
from tests.hardware.waiting import WITHIN_S, eventually

from neosort_datasets.recording import Recording, RecordingWriter
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_inference import cli
from neosort_inference.detector import Detector
from neosort_inference.opening import bundle_path

pytestmark = pytest.mark.computes

SHORT = ("run", "--for", "1", "--fast", "--headless")
NEOSORT = (sys.executable, "-m", "neosort_inference.cli")
REPORT_KEYS = {
    *("items", "bearing", "shots", "recovery", "recovery_items", "purity", "late", "fired_late", "latency_ms", "loss"),
}
DECISION_KEYS = {"belt_mm", "across_mm", "kind", "p_ndfeb", "magnet_g", "magnet_g_sigma", "fired", "reason"}
NEED_TRUTH = ("items", "bearing", "recovery", "recovery_items", "purity")


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def neosort(monkeypatch, capsys):
    """Runs a command line through the entry point, in this process."""

    def run(*arguments) -> Ran:
        monkeypatch.setattr(sys, "argv", ["neosort", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return Ran(code=left.value.code, out=said.out, err=said.err)

    return run


def refused(ran: Ran, *words: str) -> None:
    """One sentence on stderr, exit code 2, and in it all that tells a person what to mend."""
    assert ran.code == 2, ran
    assert ran.err.count("\n") == 1, ran.err
    assert ran.err.startswith("neosort: ")
    assert "Traceback" not in ran.err + ran.out
    for word in words:
        assert word in ran.err, f"{word!r} is not in {ran.err!r}"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[belt]\nwidth_mn = 600\n", ("belt.width_mn", "unknown key", "600")),
        ("[belt]\nspeed_m_per_s = 9.0\n", ("belt.speed_m_per_s", "9.0", "less than or equal to 3")),
        ("[belt]\nspeed_m_per_s = nan\n", ("belt.speed_m_per_s", "nan")),
        ("[camera]\ndriver = 'webcam'\n", ("camera.driver", "webcam", "sim")),
        ("[calibration]\nnozzle_station_mm = 100\n", ("nozzle_station_mm", "100", "512")),
        ("[belt\n", ("TOML",)),
        ("belt = 3\n", ("belt", "3")),
    ],
)
def test_a_line_that_cannot_be(neosort, tmp_path, text, words):
    config = written(tmp_path / "line.toml", text)
    refused(neosort(*SHORT, "--config", config), str(config), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("min_magnet_kg = 1\n", ("min_magnet_kg", "unknown key")),
        ("min_p_ndfeb = 1.5\n", ("min_p_ndfeb", "1.5", "less than or equal to 1")),
        ("never_fire = ['lithium_cel']\n", ("never_fire", "lithium_cel", "lithium_cell")),
        ("name = 'pure'\npurity_target = 0.999\n", ("pure", "purity_target", "0.999", "min_p_ndfeb")),
    ],
)
def test_a_recipe_that_cannot_be(neosort, tmp_path, text, words):
    recipe = written(tmp_path / "recipe.toml", text)
    refused(neosort(*SHORT, "--recipe", recipe), *words)


@pytest.mark.parametrize("option", ["--config", "--recipe", "--bundle"])
def test_a_folder_or_nothing_where_a_file_belongs(neosort, tmp_path, option):
    refused(neosort(*SHORT, option, tmp_path), str(tmp_path), "directory")
    missing = tmp_path / "no such file"
    refused(neosort(*SHORT, option, missing), str(missing), "No such file")


def test_a_text_in_another_alphabet_is_no_config(neosort, tmp_path):
    config = tmp_path / "line.toml"
    config.write_bytes(b"name = '\xff\xfe'\n")
    refused(neosort(*SHORT, "--config", config), str(config), "cannot be read")


def test_bundles_that_are_none(neosort, tmp_path):
    onnx = pytest.importorskip("onnx", reason="onnx builds the foreign model")
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])], "foreign", [value("x", 1, [1, 3])], [value("y", 1, [1, 3])]
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(model.SerializeToString())
    refused(neosort(*SHORT, "--bundle", foreign), str(foreign), "not a neosort bundle")
    text = written(tmp_path / "text.onnx", "this is no model\n")
    refused(neosort(*SHORT, "--bundle", text), str(text), "ONNX")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_torn_bundle(neosort, tmp_path, share):
    whole = bundle_path(None).read_bytes()
    torn = tmp_path / "torn.onnx"
    torn.write_bytes(whole[: int(share * len(whole))])
    refused(neosort(*SHORT, "--bundle", torn), str(torn))


def test_a_bundle_with_one_bit_turned(neosort, tmp_path):
    data = bytearray(bundle_path(None).read_bytes())
    data[len(data) // 2] ^= 1
    altered = tmp_path / "altered.onnx"
    altered.write_bytes(data)
    refused(neosort(*SHORT, "--bundle", altered), str(altered), "torn or altered")


def test_recordings_that_are_none(neosort, tmp_path):
    empty = written(tmp_path / "empty.mcap", "")
    refused(neosort("replay", empty), str(empty))
    text = written(tmp_path / "text.mcap", "not a recording\n" * 50)
    refused(neosort("replay", text), str(text))
    foreign = tmp_path / "foreign.mcap"
    with foreign.open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.finish()
    refused(neosort("replay", foreign), str(foreign), "neosort")
    nothing = tmp_path / "nothing.mcap"
    with RecordingWriter(nothing, LineConfig()):
        pass
    refused(neosort("replay", nothing, "--fast", "--headless"), str(nothing), "neither frames nor field")
    missing = tmp_path / "missing.mcap"
    refused(neosort("replay", missing), str(missing), "No such file")


def test_a_torn_recording_is_refused_and_salvaged_on_request(neosort, recorded, tmp_path):
    whole = recorded.mcap.read_bytes()
    torn = tmp_path / "torn.mcap"
    torn.write_bytes(whole[: len(whole) * 2 // 3])
    refused(neosort("replay", torn, "--fast", "--headless"), str(torn), "torn", "good messages")
    ran = neosort("replay", torn, "--fast", "--headless", "--salvage")
    assert ran.code == 0, ran.err
    assert re.search(r"torn .*sorting what is whole: \d+ messages", ran.out)


def test_a_recording_brings_its_own_line(neosort, recorded, tmp_path):
    config = written(tmp_path / "line.toml", "")
    refused(neosort("replay", recorded.mcap, "--config", config), str(recorded.mcap), "--config")


def test_folders_without_a_picture(neosort, tmp_path):
    refused(neosort("replay", tmp_path, "--headless"), str(tmp_path), "no photograph", ".jpg")
    spoilt = written(tmp_path / "spoilt.jpg", "no picture")
    refused(neosort("replay", tmp_path, "--fast", "--headless"), str(tmp_path), "could be read")
    refused(neosort("replay", spoilt, "--fast", "--headless"), str(spoilt), "could be read")


def test_photographs_leave_nothing_to_a_blind_camera(neosort, photographs):
    ran = neosort("replay", photographs, "--headless", "--blind", "camera")
    refused(ran, str(photographs), "--blind camera")


def test_a_port_in_use_is_named_and_nothing_is_left_behind(neosort, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = neosort("run", "--for", "1", "--fast", "--port", port, "--record", tmp_path / "run.mcap")
    refused(ran, f"127.0.0.1:{port}", "in use", "--port")
    assert not (tmp_path / "run.mcap").exists(), "a second try would be refused for it"


def test_a_host_that_is_not_here(neosort):
    refused(neosort("run", "--for", "1", "--fast", "--host", "no such host"), "no such host")


@pytest.mark.parametrize("speed", ["9", "0", "-1", "nan"])
def test_a_belt_speed_out_of_range(neosort, speed):
    refused(neosort(*SHORT, "--belt-speed", speed), "--belt-speed", "speed_m_per_s")


@pytest.mark.parametrize(
    "option",
    [("--blind", "nonsense"), ("--for", "0"), ("--for", "nan"), ("--for", "inf"), ("--port", "70000"), ("--sed", "1")],
)
def test_options_that_are_none(neosort, option):
    ran = neosort("run", "--fast", "--headless", *option)
    assert ran.code == 2
    assert option[0] in ran.err
    assert "Traceback" not in ran.err


def test_a_recording_is_never_overwritten(neosort, tmp_path):
    there = written(tmp_path / "kept.mcap", "precious")
    refused(neosort(*SHORT, "--record", there), str(there), "exists already")
    assert there.read_text(encoding="utf-8") == "precious"


def test_where_nothing_can_be_written_is_said_before_the_run(neosort, tmp_path, monkeypatch):
    file = written(tmp_path / "file", "")
    monkeypatch.setattr(Detector, "detect", lambda *_: pytest.fail("it ran"))
    refused(neosort("run", "--for", "60", "--headless", "--report", file / "below"), "--report", str(file))
    refused(neosort("run", "--for", "60", "--headless", "--record", file / "a.mcap"), "--record", str(file))
    refused(neosort("bench", "senses", "--json", file / "a.json"), "--json", str(file))
    as_folder = neosort("run", "--for", "60", "--headless", "--report", file)
    assert as_folder.code == 2
    assert "--report" in as_folder.err


# Good input -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """A finished run: its recording, its report's folder, what it said."""

    mcap: Path
    folder: Path
    out: str


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Recorded:
    """Twelve seconds of the line, sorted, recorded and reported by a process of its own."""
    folder = tmp_path_factory.mktemp("recorded")
    mcap, report = folder / "run.mcap", folder / "report"
    command = [*NEOSORT, "run", "--for", "12", "--fast", "--headless", "--seed", "1"]
    ran = subprocess.run([*command, "--report", report, "--record", mcap], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return Recorded(mcap=mcap, folder=report, out=ran.stdout)


def report_in(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def decisions_in(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_run_leaves_its_report(recorded):
    report = report_in(recorded.folder)
    assert report.keys() >= REPORT_KEYS
    assert report["latency_ms"].keys() >= {"p50", "p99", "p999"}
    assert report["loss"].keys() >= {"recognition", "timing", "coejection"}
    assert report["fired_late"] == 0
    assert report["items"] > 15
    assert report["seed"] == 1
    assert report["shots"] > 0
    assert 12.0 <= report["seconds"] < 12.3
    decisions = decisions_in(recorded.folder)
    assert len(decisions) == report["decisions"] >= report["items"] * 0.5
    assert all(decision.keys() >= DECISION_KEYS for decision in decisions)
    assert all(decision["fired"] == (decision["reason"] == "") for decision in decisions)
    assert sum(decision["fired"] for decision in decisions) == report["shots"]
    assert "recovery" in recorded.out
    assert "report.html" in recorded.out


def test_a_run_that_breaks_off_leaves_its_report_and_a_whole_recording(neosort, tmp_path, monkeypatch):
    windows = iter(range(8))

    def lose_the_camera(_detector, _window):
        if next(windows, None) is None:
            raise DeviceError("camera", "the cable is out")
        return []

    monkeypatch.setattr(Detector, "detect", lose_the_camera)
    recording = tmp_path / "run.mcap"
    asked = ("run", "--for", "60", "--fast", "--headless", "--report", tmp_path / "report", "--record", recording)
    ran = neosort(*asked)
    assert (ran.code, ran.err) == (2, "neosort: camera: the cable is out\n")
    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["windows"] == 8
    assert report["seconds"] < 10
    assert Recording(recording).has_truth


def test_the_report_page_needs_nothing_from_anywhere(recorded):
    page = (recorded.folder / "report.html").read_text(encoding="utf-8")
    fetched = re.findall(r"(?:\bsrc|\bhref|\bsrcset|\bdata|\baction)\s*=\s*[\"']?([^\"'\s>]+)", page)
    fetched += re.findall(r"url\(\s*[\"']?([^\"')]+)", page) + re.findall(r"@import\s+[\"']([^\"']+)", page)
    assert fetched, "the report has figures"
    assert [address for address in fetched if not address.startswith(("data:", "#"))] == []


def test_the_same_seed_decides_the_same(neosort, tmp_path, monkeypatch):
    # Computing takes its own time each run; charged to the clock, it would have the array's samples come in other
    # blocks, and on a busy machine decisions come late.
    monkeypatch.setattr(VirtualClock, "charge", lambda *_: None)
    for name in ("once", "again"):
        ran = neosort("run", "--for", "6", "--fast", "--headless", "--seed", "1", "--report", tmp_path / name)
        assert ran.code == 0, ran.err
    once, again = decisions_in(tmp_path / "once"), decisions_in(tmp_path / "again")
    assert len(once) > 5
    assert once == again


def test_a_replay_decides_nearly_as_the_run_did(neosort, recorded, tmp_path):
    ran = neosort("replay", recorded.mcap, "--fast", "--headless", "--report", tmp_path / "replayed")
    assert ran.code == 0, ran.err
    then, now = decisions_in(recorded.folder), decisions_in(tmp_path / "replayed")
    # Frames are kept as JPEG, so scores move a little: an item at a threshold may be seen in one and not in the other,
    # a box may shift by some millimetres. The field is kept as it was.
    assert abs(len(now) - len(then)) <= max(1, 0.05 * len(then))
    same = [
        (one, other)
        for one in then
        for other in now
        if max(abs(a - b) for a, b in zip(one["box_mm"], other["box_mm"], strict=True)) < 10
    ]
    assert len(same) >= 0.9 * len(then)
    assert sum(one["kind"] == other["kind"] for one, other in same) >= 0.9 * len(same)
    assert sum(one["fired"] == other["fired"] for one, other in same) >= 0.9 * len(same)
    report = report_in(tmp_path / "replayed")
    assert report["items"] is not None, "the recording knows what lay on the belt"
    assert report["seed"] is None


@pytest.fixture
def photographs(tmp_path) -> Path:
    """Two pictures that can be read."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    random = np.random.default_rng(3)
    for number in range(2):
        picture = np.full((300, 400, 3), 70, np.uint8)
        cv2.rectangle(picture, (120, 90 + 20 * number), (260, 190), (190, 195, 200), -1)
        picture += random.integers(0, 12, picture.shape, dtype=np.uint8)
        assert cv2.imwrite(str(folder / f"{number}.png"), picture)
    return folder


def test_photographs_are_sorted_by_the_camera_alone_and_it_is_said(neosort, photographs, tmp_path):
    written(photographs / "[bold] spoilt.jpg", "no picture")
    ran = neosort("replay", photographs, "--fast", "--headless", "--report", tmp_path / "report")
    assert ran.code == 0, ran.err
    assert "camera alone" in ran.out
    assert f"skipped {photographs / '[bold] spoilt.jpg'}: " in ran.out
    report = report_in(tmp_path / "report")
    assert report["senses"] == "camera only"
    assert report["windows"] >= 2
    assert all(report[key] is None for key in NEED_TRUTH)
    assert all(value is None for value in report["loss"].values())
    assert (tmp_path / "report" / "report.html").is_file()
    assert (tmp_path / "report" / "decisions.jsonl").is_file()


def test_a_blind_run_says_so(neosort):
    ran = neosort("run", "--for", "2", "--fast", "--headless", "--blind", "camera")
    assert ran.code == 0, ran.err
    assert "field only" in ran.out


def wait_until(process: subprocess.Popen, condition):
    """What ``condition`` gives once that is something, while the process lives."""

    def come_to_pass():
        assert process.poll() is None, f"it has ended, exit code {process.returncode}"
        return condition()

    return eventually(come_to_pass)


def test_sigterm_ends_an_endless_run_in_good_order(tmp_path):
    said = tmp_path / "said.txt"
    with said.open("w") as out:
        process = subprocess.Popen([*NEOSORT, "run", "--headless", "--report", tmp_path / "report"], stdout=out)
        try:
            wait_until(process, lambda: "m/s" in said.read_text(encoding="utf-8"))  # the first line of a line at work
            process.send_signal(signal.SIGTERM)
            assert process.wait(WITHIN_S) == 0
        finally:
            process.kill()
            process.wait()
    assert report_in(tmp_path / "report")["fired_late"] == 0


def status(url: str) -> dict | None:
    try:
        with urllib.request.urlopen(f"{url}api/v1/status", timeout=WITHIN_S) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None  # not yet listening, or no window yet


def test_the_page_is_there_while_the_line_runs(tmp_path):
    said = tmp_path / "said.txt"
    with said.open("w") as out:
        process = subprocess.Popen([*NEOSORT, "run", "--port", "0"], stdout=out)
        try:
            url = wait_until(
                process, lambda: re.search(r"http://127\.0\.0\.1:\d+/", said.read_text(encoding="utf-8"))
            ).group()
            first = wait_until(process, lambda: status(url))
            later = wait_until(
                process, lambda: (now := status(url)) and now["belt_mm"] > first["belt_mm"] + 200 and now
            )
            assert later["state"] == "sorting"
            process.send_signal(signal.SIGTERM)
            assert process.wait(WITHIN_S) == 0
        finally:
            process.kill()
            process.wait()


def test_the_installed_command_is_this_one():
    command = shutil.which("neosort", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("neosort is not installed in this environment")
    ran = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    for name in ("run", "replay", "bench"):
        assert name in ran.stdout
