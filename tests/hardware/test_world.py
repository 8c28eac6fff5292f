"""The world goes on however long the host is away, and whoever looks at it meanwhile."""

import threading
import time

import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import BeltConfig, LineConfig
from neosort_hardware.line import open_line
from neosort_hardware.twin.world import CAMERA_BUFFERS, World
from neosort_hardware.twin.world_parts import ARRAY_BUFFER_S

pytestmark = pytest.mark.computes


@pytest.mark.parametrize("speed_m_per_s", [0.3, 1.0, 3.0])
def test_after_a_stall_of_any_length_the_devices_give_what_their_buffers_hold(speed_m_per_s):
    clock = VirtualClock()
    with open_line(LineConfig(belt=BeltConfig(speed_m_per_s=speed_m_per_s)), clock, 3) as line:
        for stall_s in (1.0, 2.0, 5.0, 12.0, 1.0):
            clock.charge(int(stall_s * 1e9))
            block = line.magnetometer.read(0.05)
            assert len(block.sampled_ns) <= ARRAY_BUFFER_S * 1000
            assert block.sampled_ns[-1] > clock.now_ns() - 10_000_000
            frames = []
            while (frame := line.camera.read(0.0)) is not None:
                frames.append(frame)
            assert len(frames) <= CAMERA_BUFFERS
            assert frames[-1].belt_mm > line.encoder.read().belt_mm - 257


def test_a_stall_changes_nothing_about_what_was_fed_and_where_it_lands():
    landed = []
    for pieces in (1, 40):
        clock = VirtualClock()
        with open_line(LineConfig(), clock, 5) as line:
            for _ in range(pieces):
                clock.charge(int(20e9 / pieces))
                line.encoder.read()
            landed.append((line.truth.items(), [landing.item_id for landing in line.truth.landings()]))
    assert landed[0] == landed[1]
    assert len(landed[0][0]) > 30


def test_a_thread_that_reads_the_encoder_waits_while_the_belt_is_moved_on_for_another(monkeypatch):
    passing: list[str] = []
    met: list[list[str]] = []
    passed = World._pass

    def watched(world: World, belt_mm: float, now_ns: int) -> None:
        passing.append(threading.current_thread().name)
        time.sleep(1e-3)  # whoever else is ready runs now
        met.append(list(passing))
        passed(world, belt_mm, now_ns)
        passing.pop()

    monkeypatch.setattr(World, "_pass", watched)
    with open_line(LineConfig(), VirtualClock(), 3) as line:

        def look() -> None:
            for _ in range(10):
                line.encoder.read()

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(met) >= 20
    assert all(len(there) == 1 for there in met)
