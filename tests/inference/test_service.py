"""A run as the machine's service: what it tells its manager, and how it behaves as process 1."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.hardware.waiting import WITHIN_S, eventually

from neosort_inference.bench.start import Start, figures, timed_start
from neosort_inference.service import ServiceManager, reap_adopted
from neosort_inference.telemetry import Telemetry, WindowView

SNAPSHOT = Telemetry(started_ns=0).snapshot(1_000_000_000, 1000.0, 2.8)
VIEW = WindowView(
    picture=np.zeros((2, 2, 3), np.uint8), field_ut=np.zeros((3, 1, 1), np.float32),
    field_mask=np.zeros((2, 1, 1), np.float32), start_mm=0.0, mm_per_px=1.0, across_start_mm=0.0, decisions=(),
    snapshot=SNAPSHOT,
)  # fmt: skip
RUN = (sys.executable, "-m", "neosort_inference.cli", "run", "--headless")


@contextmanager
def listening(address: str):
    """In systemd's place, at a path or in the abstract namespace."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0", 1))
        manager.settimeout(WITHIN_S)
        yield manager


def heard(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().split("\n")


@pytest.fixture(params=["path", "abstract"])
def address(request, tmp_path):
    return str(tmp_path / "notify") if request.param == "path" else f"@neosort-test-{os.getpid()}"


def test_the_manager_hears_that_the_line_is_ready_once_and_that_the_loop_turns_again_and_again(address):
    with listening(address) as manager:
        told = ServiceManager(address, watchdog_s=0.003)
        told.update(SNAPSHOT)
        assert heard(manager) == ["READY=1", "WATCHDOG=1", "STATUS=sorting, 2.80 m/s, 0 items, 0 shots"]
        time.sleep(0.002)
        told.update(replace(SNAPSHOT, faults=("camera dark",)))
        assert heard(manager) == ["WATCHDOG=1", "STATUS=sorting, 2.80 m/s, 0 items, 0 shots, FAULT camera dark"]
        told.show(VIEW)
        told.show(VIEW)
        told.update(replace(SNAPSHOT, state="finished"))
        assert heard(manager) == ["X_NEOSORT_FIRST_WINDOW=1"]
        assert heard(manager)[0] == "STOPPING=1"
        told.close()


def test_it_is_not_told_more_often_than_it_wants_to_know(tmp_path):
    with listening(str(tmp_path / "n")) as manager:
        told = ServiceManager(str(tmp_path / "n"), watchdog_s=600.0)
        for _ in range(50):
            told.update(SNAPSHOT)
        manager.setblocking(False)
        heard(manager)
        with pytest.raises(BlockingIOError):
            heard(manager)
        told.close()


def test_a_manager_that_is_gone_or_does_not_listen_holds_nothing_up(tmp_path):
    told = ServiceManager(str(tmp_path / "nobody"), watchdog_s=0.0)
    told.update(SNAPSHOT)
    told.close()
    with listening(str(tmp_path / "deaf")):
        told = ServiceManager(str(tmp_path / "deaf"), watchdog_s=0.0)
        for _ in range(1000):  # far more than the socket holds
            told.update(SNAPSHOT)
    told.close()
    told.update(SNAPSHOT)


@pytest.mark.parametrize(
    ("environment", "every_s"),
    [({}, 1.0), ({"WATCHDOG_USEC": "1500000"}, 0.5), ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "1"}, 1.0)],
)
def test_the_watchdogs_time_is_taken_from_the_environment_where_it_is_meant_for_us(monkeypatch, environment, every_s):
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ServiceManager.of_environment()._beat_every_s == every_s


def test_a_run_tells_its_manager_from_its_start_to_its_end():
    start = timed_start(["--headless", "--belt-speed", "2.8"])
    assert 0 < start.ready_s <= start.first_window_s
    assert start.code == 0, "stopped in good order"


def test_starts_are_summed_up_as_medians_with_their_spread():
    starts = [Start(ready_s=s, first_window_s=s + 1, stop_s=0.5, code=0) for s in (3.0, 1.0, 2.0)]
    record = figures(starts)
    assert (record["ready_s"], record["first_window_s"], record["exit_codes"]) == (2.0, 3.0, [0])
    assert record["ready_s_spread"] == [1.0, 3.0]


def test_only_adopted_children_are_taken_note_of():
    ours, adopted = (subprocess.Popen(["sh", "-c", "exit 3"]) for _ in range(2))

    def taken_note_of():
        reap_adopted({ours.pid})
        return not Path(f"/proc/{adopted.pid}").exists()

    eventually(taken_note_of)
    with pytest.raises(ChildProcessError):
        os.waitpid(adopted.pid, 0)
    adopted.wait()
    assert ours.wait() == 3, "how our own ended is left to be asked"


def namespaces_allowed() -> bool:
    tried = ("unshare", "--pid", "--fork", "--mount-proc", "true")
    return (
        shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True, check=False).returncode == 0
    )


@pytest.fixture
def process_one():
    """A run as process 1 of a process namespace of its own, and its number outside."""
    if not namespaces_allowed():
        pytest.skip("unshare (util-linux) may not make a process namespace here")
    started = subprocess.Popen(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *RUN],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    eventually(lambda: children.read_text(encoding="ascii").strip())
    yield started, int(children.read_text(encoding="ascii").split()[0])
    started.kill()
    started.communicate()


def state_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


def catches_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def test_as_process_1_it_ends_when_told_to_also_before_it_sorts(process_one):
    started, pid = process_one
    eventually(lambda: catches_sigterm(pid))
    os.kill(pid, signal.SIGTERM)
    assert started.wait(WITHIN_S) in (0, 128 + signal.SIGTERM)


def test_as_process_1_it_leaves_no_zombies_behind_and_ends_in_good_order(process_one):
    started, pid = process_one
    assert any("m/s" in line for line in started.stdout), "its log ends before it sorts"
    children = Path(f"/proc/{pid}/task/{pid}/children")
    orphan = ["nsenter", "--target", str(pid), "--pid", "--mount", "sh", "-c", "sleep 0.3 & exit 0"]
    subprocess.run(orphan, check=True)
    eventually(lambda: children.read_text(encoding="ascii").split())
    adopted = children.read_text(encoding="ascii").split()
    eventually(lambda: all(state_of(child) == "gone" for child in adopted))
    os.kill(pid, signal.SIGTERM)
    assert started.wait(WITHIN_S) == 0
