"""The shot process: on its places over a ramp; shut when host, outputs, encoder or itself are gone; no leaks."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from tests.hardware.shot_rig import LATE_MS, LEAD_MS, ClockBelt, looks_file, open_now, rig_in, strokes, written
from tests.hardware.waiting import eventually, held

from neosort_hardware.devices import DeviceError
from neosort_hardware.diverter_timed import TimedDiverter
from neosort_hardware.types import Shot, ShotOutcome

SECOND_NS = 1_000_000_000
HOST = "import pathlib, sys; from tests.hardware.shot_rig import be_a_host; be_a_host(pathlib.Path(sys.argv[1]))"


def shot(open_mm: float, close_mm: float, valve: int = 7, shot_id: int = 1) -> Shot:
    return Shot(shot_id=shot_id, track_id=1, first_nozzle=valve, last_nozzle=valve, open_mm=open_mm, close_mm=close_mm)


@contextmanager
def opened(folder: Path, *, start_in_s: float = 0.0, own_encoder: bool = True, **limits: float):
    """A diverter and its belt, which starts a while after now."""
    start_ns = time.monotonic_ns() + round(start_in_s * SECOND_NS)
    belt = ClockBelt(folder, start_ns)
    diverter = TimedDiverter(rig_in(folder, start_ns, own_encoder=own_encoder, **limits), belt)
    try:
        diverter.heartbeat()
        yield diverter, belt
    finally:
        diverter.close()


def fire_for_long(diverter: TimedDiverter, belt: ClockBelt, folder: Path) -> None:
    """Opens valve 7 and sees it open; tries again where a busy machine has it missed.

    One shot at a time: of shots one upon another the valve stays shut from the longest on-time until all are over.
    """
    next_try_ns = 0

    def fired() -> bool:
        nonlocal next_try_ns
        with suppress(DeviceError):
            diverter.heartbeat()
            if time.monotonic_ns() >= next_try_ns:
                diverter.close_all()
                next_try_ns = time.monotonic_ns() + SECOND_NS
                place_mm = belt.belt_mm(time.monotonic_ns() + SECOND_NS // 5)
                diverter.schedule(shot(place_mm, place_mm + 1e6))
        return open_now(folder) == {7}

    eventually(fired)


def test_over_a_ramp_valves_move_at_their_places(tmp_path: Path) -> None:
    """Planned on a standing belt, executed at 0.5 to 3 m/s. How exactly, `neosort bench timing` says.

    A machine that is busy with other things takes the process its time away, and with it shots, which are told as
    missed; none may be lost for which the process was there.
    """
    with opened(tmp_path, start_in_s=5.0, heartbeat_ms=10_000.0) as (diverter, belt):
        first_mm = belt.belt_mm(time.monotonic_ns()) + 150.0
        planned = [shot(first_mm + 60.0 * i, first_mm + 60.0 * i + 20.0, i, i) for i in range(45)]
        assert {diverter.schedule(each) for each in planned} == {ShotOutcome.ACCEPTED}

        def all_over() -> bool:
            diverter.heartbeat()
            status = diverter.process.status()
            return status.fired + status.missed == len(planned) and not open_now(tmp_path)

        eventually(all_over)
        status = diverter.process.status()
    assert status.late == status.cut == 0
    fired = {each.shot_id: strokes(tmp_path, each.first_nozzle) for each in planned}
    assert sum(map(len, fired.values())) == status.fired
    assert status.fired >= (len(planned) // 2 if status.rights.scheduled else 1)
    errors_ms = [
        (belt.belt_mm(moved_ns + round(LEAD_MS * 1e6)) - place_mm) / belt.m_per_s(moved_ns)
        for each in planned
        for stroke in fired[each.shot_id]
        for moved_ns, place_mm in zip(stroke, (each.open_mm, each.close_mm), strict=True)
    ]
    assert abs(median(errors_ms)) < 5.0
    assert max(map(abs, errors_ms)) < 100.0
    looks_ns = np.load(looks_file(tmp_path))
    if status.rights.scheduled:
        assert np.median(np.diff(looks_ns)) < 2e6, "a turn lasts a millisecond"
    there = [each for each in planned if _was_there(looks_ns, belt.time_ns_at(each.open_mm) - round(LEAD_MS * 1e6))]
    assert [each.shot_id for each in there if not fired[each.shot_id]] == []


def _was_there(looks_ns: np.ndarray, moment_ns: int) -> bool:
    """Whether a process that looks at the belt once a turn was not kept from its turns around a moment."""
    around = looks_ns[np.abs(looks_ns - moment_ns) < 20_000_000]
    return len(around) > 10 and bool(np.diff(around).max() < LATE_MS * 1e6)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One diverter for the tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("shots")
    with opened(folder, max_on_ms=60_000.0, heartbeat_ms=10_000.0) as (diverter, belt):
        yield diverter, belt, folder


def test_a_shot_that_is_behind_is_refused_and_never_fired(shared) -> None:
    diverter, belt, folder = shared
    diverter.heartbeat()
    here_mm = belt.belt_mm(time.monotonic_ns())
    assert diverter.schedule(shot(here_mm - 1.0, here_mm + 500.0)) is ShotOutcome.LATE
    assert diverter.schedule(shot(1e6, 1e6 + 1, valve=48)) is ShotOutcome.REFUSED
    diverter.heartbeat()
    eventually(lambda: diverter.process.status().late == 1)
    assert not any(valves for _, valves in written(folder))


def test_close_all_shuts_and_forgets(shared) -> None:
    diverter, belt, folder = shared
    fire_for_long(diverter, belt, folder)
    diverter.schedule(shot(1e6, 2e6))
    diverter.close_all()
    assert not open_now(folder)
    diverter.heartbeat()
    eventually(lambda: diverter.process.status().pending == 0)


def test_outputs_that_are_lost_mid_shot_are_found_again_and_shut(shared) -> None:
    diverter, belt, folder = shared
    fire_for_long(diverter, belt, folder)
    gone = folder / "outputs.gone"
    gone.touch()
    eventually(lambda: diverter.health().detail == "do not answer")
    for call in (lambda: diverter.schedule(shot(1e6, 2e6)), diverter.heartbeat, diverter.close_all):
        with pytest.raises(DeviceError, match="test jets: do not answer"):
            call()
    gone.unlink()
    eventually(lambda: diverter.health().ok)
    assert not open_now(folder)
    fire_for_long(diverter, belt, folder)
    diverter.close_all()


def must_survive_a_lost_encoder(diverter: TimedDiverter, belt: ClockBelt, folder: Path) -> None:
    fire_for_long(diverter, belt, folder)
    (folder / "encoder.gone").touch()
    eventually(lambda: not open_now(folder))
    eventually(lambda: "encoder" in diverter.health().detail)
    with pytest.raises(DeviceError, match="encoder"):
        diverter.schedule(shot(1e6, 2e6))
    (folder / "encoder.gone").unlink()
    eventually(lambda: "encoder" not in diverter.health().detail)
    fire_for_long(diverter, belt, folder)
    diverter.close_all()


def test_a_lost_encoder_shuts_the_valves_and_fires_nothing(shared) -> None:
    must_survive_a_lost_encoder(*shared)


def test_a_belt_told_by_the_host_serves_as_well(tmp_path: Path) -> None:
    with opened(tmp_path, own_encoder=False, max_on_ms=60_000.0, heartbeat_ms=10_000.0) as (diverter, belt):
        must_survive_a_lost_encoder(diverter, belt, tmp_path)


def test_limits_hold_and_closed_is_closed(tmp_path: Path) -> None:
    with opened(tmp_path, max_on_ms=1000.0, heartbeat_ms=2500.0) as (diverter, belt):
        fire_for_long(diverter, belt, tmp_path)
        eventually(lambda: not open_now(tmp_path))
        diverter.heartbeat()
        eventually(lambda: diverter.process.status().cut >= 1)

        fire_for_long(diverter, belt, tmp_path)
        eventually(lambda: "host was silent" in diverter.health().detail)
        assert not open_now(tmp_path)
        assert diverter.schedule(shot(1e6, 2e6)) is ShotOutcome.REFUSED
        diverter.heartbeat()
        eventually(lambda: "silent" not in diverter.health().detail)

        diverter.close()
        diverter.close()
        diverter.close_all()
        assert diverter.health().detail == "closed"
        with pytest.raises(DeviceError, match="after it had been closed"):
            diverter.schedule(shot(1e6, 2e6))


def test_a_host_that_dies_leaves_no_valve_open(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path)],
        stdout=subprocess.PIPE, text=True, env=environment, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        pid = int(host.stdout.readline())
        eventually(lambda: open_now(tmp_path) == {7})
    finally:
        host.kill()
        host.wait()
        host.stdout.close()
    eventually(lambda: not open_now(tmp_path))
    eventually(lambda: not _runs(pid))


def test_a_shot_process_that_dies_has_its_valves_shut_and_is_started_anew(tmp_path: Path) -> None:
    before = held()
    with opened(tmp_path) as (diverter, belt):
        fire_for_long(diverter, belt, tmp_path)
        pid = diverter.process.pid
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not open_now(tmp_path))
        eventually(
            lambda: "signal 9" in diverter.health().detail and "every valve was shut" in diverter.health().detail
        )
        with pytest.raises(DeviceError, match=r"test jets: its process has ended \(signal 9\)"):
            diverter.schedule(shot(1e6, 2e6))
        eventually(lambda: diverter.health().ok)
        assert diverter.process.pid != pid
        diverter.heartbeat()
        fire_for_long(diverter, belt, tmp_path)
    assert not open_now(tmp_path)
    assert held() == before


@pytest.mark.parametrize(("gone", "device"), [("outputs.gone", "test valves"), ("encoder.gone", "test jets")])
def test_what_cannot_be_opened_says_so_and_leaves_nothing_behind(tmp_path: Path, gone: str, device: str) -> None:
    (tmp_path / gone).touch()
    before = held()
    with pytest.raises(DeviceError, match=f"{device}: .*not answer"), opened(tmp_path):
        pass
    assert held() == before


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_carries_none_of_the_hosts_libraries() -> None:
    loaded = "import sys, neosort_hardware.shot_executor; print(*{'pydantic', 'cv2', 'onnxruntime'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True).split() == []
