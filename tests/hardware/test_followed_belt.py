"""The simulated belt as a real encoder counts it: where it was, where it will be, and what simulated devices show."""

import numpy as np
import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.twin.followed_belt import KEPT, FollowedBelt
from neosort_hardware.twin.sensors import SimCamera, SimMagnetometer
from neosort_hardware.twin.world import World
from neosort_hardware.types import EncoderSample

MS = 1_000_000
START_MM = 70_000.0


class RealEncoder:
    """Counts a belt of any course: ``speed`` in m/s from now on."""

    def __init__(self, clock, speed=1.0):
        self.clock, self.speed = clock, speed
        self._since_ns, self._mm = clock.now_ns(), START_MM

    def run_at(self, speed):
        self._mm, self._since_ns, self.speed = self._exactly(), self.clock.now_ns(), speed

    def _exactly(self):
        return self._mm + self.speed * (self.clock.now_ns() - self._since_ns) * 1e-6

    def read(self):
        counts = int(self._exactly() / 0.5)
        return EncoderSample(belt_mm=0.5 * counts, counts=counts, sampled_ns=self.clock.now_ns())


@pytest.fixture
def clock():
    return VirtualClock(5_000 * MS)


def pass_time(clock, belt, milliseconds):
    for _ in range(milliseconds):
        clock.sleep_until(clock.now_ns() + MS)
        belt.position_mm(clock.now_ns())


def test_it_is_where_the_encoder_has_it_and_goes_on_at_its_speed(clock):
    encoder = RealEncoder(clock, 0.5)
    belt = FollowedBelt(encoder, clock, 1000.0)
    pass_time(clock, belt, 400)
    encoder.run_at(2.0)
    pass_time(clock, belt, 400)
    now_ns = clock.now_ns()
    assert belt.zero_mm == START_MM
    assert belt.positions_mm(now_ns - np.array([600, 400, 200, 0, -50]) * MS) == pytest.approx(
        [100, 200, 600, 1000, 1100], abs=3
    )
    assert belt.time_ns_at(600.0) == pytest.approx(now_ns - 200 * MS, abs=2 * MS)
    assert belt.time_ns_at(1100.0) == pytest.approx(now_ns + 50 * MS, abs=2 * MS)


def test_a_belt_that_stands_reaches_nothing(clock):
    encoder = RealEncoder(clock)
    belt = FollowedBelt(encoder, clock, 1000.0)
    pass_time(clock, belt, 100)
    encoder.run_at(0.0)
    pass_time(clock, belt, 300)
    assert belt.time_ns_at(200.0) - clock.now_ns() > 1e12
    assert belt.position_mm(clock.now_ns()) == pytest.approx(100.0, abs=1)


def test_it_forgets_what_is_long_past_and_nothing_else(clock):
    belt = FollowedBelt(RealEncoder(clock), clock, 1000.0)
    for _ in range(3 * KEPT):
        clock.sleep_until(clock.now_ns() + 2 * MS)
        belt.position_mm(clock.now_ns())
    now_mm = belt.position_mm(clock.now_ns())
    assert now_mm == pytest.approx(3 * KEPT * 2, abs=2)
    assert belt.time_ns_at(now_mm - 12_000.0) == pytest.approx(clock.now_ns() - 12_000 * MS, abs=3 * MS)


def test_simulated_devices_place_what_they_see_where_the_encoder_counts(clock):
    encoder = RealEncoder(clock)
    config = LineConfig.model_validate({"twin": {"feed": {"items_per_s_per_m": 0.0}}})
    world = World(config, clock, 1, encoder=encoder)
    camera, array = SimCamera(world), SimMagnetometer(world)
    pass_time(clock, world.motion, 300)
    frame, block = camera.read(0.5), array.read(0.0)
    assert frame.belt_mm == 256.0 * (START_MM // 256 + 1)
    assert block.belt_mm[-1] == pytest.approx(encoder.read().belt_mm, abs=2)
    assert np.diff(block.belt_mm).min() >= 0
