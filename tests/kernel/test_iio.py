"""`IioMagnetometer` on the kernel's own driver for the HMC5883, whose chip is a simulated one on a simulated bus."""

import shutil
import subprocess
import time
from contextlib import contextmanager

import numpy as np
import pytest
from tests.hardware.camera_site import FakeEncoder
from tests.hardware.iio_process import need_libiio
from tests.hardware.waiting import eventually
from tests.kernel.magnet_chip import DEVICES, FIELD, Pulled, plug_in, unplug

from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import connector, found_by
from neosort_hardware.site import Site

pytestmark = pytest.mark.kernel
SENSOR = [{"device": "hmc5883"}]


@pytest.fixture(scope="module", autouse=True)
def _chip():
    """On its bus."""
    need_libiio()
    plug_in()
    yield
    unplug()


@contextmanager
def array(**settings):
    told = {"driver": "iio", "channels": 1, "rate_hz": 75, "high_range_ut": 0, "silent_ms": 5000} | settings
    config = LineConfig.model_validate({"magnetometer": told})
    site = Site(config=config, geometry=LineGeometry.of(config), clock=RealClock(), encoder=FakeEncoder())
    device = connector("magnetometer", "iio")(config.magnetometer, site)
    try:
        yield device
    finally:
        device.close()


def must_read_the_registers(block):
    """The chip's numbers, by the scale that its driver tells."""
    (device,) = (one for one in DEVICES.glob("iio:device*") if "hmc" in (one / "name").read_text())
    to_ut = 100.0 * float((device / "in_magn_scale").read_text())
    wanted = [FIELD[axis] * to_ut for axis in "xyz"]
    assert np.allclose(block.field_ut, wanted, rtol=1e-4)


def test_one_reading_after_another():
    with array(mode="poll", sensors=SENSOR, block_ms=13) as device:
        first = eventually(lambda: device.read(0.1))
        second = eventually(lambda: device.read(0.1))
    must_read_the_registers(first)
    assert second.sampled_ns[0] > first.sampled_ns[-1]


def test_readings_that_the_kernel_takes_and_stamps_when_a_trigger_is_pulled():
    told = {"mode": "buffer", "sensors": SENSOR, "trigger": Pulled.NAME, "block_ms": 13}
    with Pulled(), array(**told) as device:
        before_ns = time.monotonic_ns()
        blocks = [eventually(lambda: device.read(0.1)) for _ in range(5)]
    stamps = np.concatenate([block.sampled_ns for block in blocks])
    assert (np.diff(stamps) > 0).all()
    assert stamps[-1] >= before_ns
    for block in blocks:
        must_read_the_registers(block)


def test_the_daemon_of_a_board_serves_the_same():
    daemon = shutil.which("iiod", path="/usr/sbin:/usr/bin")
    if daemon is None:
        pytest.skip("needs the IIO daemon: apt-get install iiod")
    served = subprocess.Popen([daemon], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with eventually(lambda: opened_or_none("ip:127.0.0.1")) as device:
            must_read_the_registers(eventually(lambda: device.read(0.1)))
    finally:
        served.kill()
        served.wait()


def opened_or_none(uri):
    """The daemon takes a moment to listen."""
    try:
        opening = array(mode="poll", uri=uri, sensors=SENSOR, block_ms=13)
        device = opening.__enter__()
    except Exception:
        return None
    return _Closing(opening, device)


class _Closing:
    def __init__(self, opening, device):
        self._opening, self._device = opening, device

    def __enter__(self):
        return self._device

    def __exit__(self, *error):
        return self._opening.__exit__(*error)


def test_what_is_on_this_machine_is_found():
    assert any(found.startswith("local:") for found in found_by("magnetometer", "iio"))
