"""`IioMagnetometer` on the kernel's own driver for the HMC5883, whose chip is a simulated one on a simulated bus."""

import fcntl
import os
import shutil
import struct
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.hardware.camera_site import FakeEncoder
from tests.hardware.iio_process import need_libiio
from tests.hardware.waiting import eventually

from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import connector, found_by
from neosort_hardware.site import Site

pytestmark = pytest.mark.kernel
CHIP = 0x1E
I2C_SLAVE_FORCE, I2C_SMBUS, WRITE, BYTE_DATA = 0x0706, 0x0720, 0, 2
FIELD = {"x": 258, "z": -256, "y": 42}  # in the order of the chip's registers, from 3 on
READY = {9: 1}  # the status register's bit for a new reading
IDENTITY = {10 + at: byte for at, byte in enumerate(b"H43")}  # by which the kernel's driver knows the chip
SENSOR = [{"device": "hmc5883"}]


def bus():
    """The number of the simulated bus."""
    for adapter in Path("/sys/bus/i2c/devices").glob("i2c-*"):
        if "stub" in (adapter / "name").read_text():
            return int(adapter.name.removeprefix("i2c-"))
    raise AssertionError("i2c-stub is not there")


def set_registers(values):
    """Bytes of the simulated chip, written as a program on the bus would."""
    handle = os.open(f"/dev/i2c-{bus()}", os.O_RDWR)
    try:
        fcntl.ioctl(handle, I2C_SLAVE_FORCE, CHIP)
        for register, value in values.items():
            data = np.zeros(34, np.uint8)  # union i2c_smbus_data
            data[0] = value
            fcntl.ioctl(handle, I2C_SMBUS, struct.pack("@BBIP", WRITE, register, BYTE_DATA, data.ctypes.data))
    finally:
        os.close(handle)


@pytest.fixture(scope="module", autouse=True)
def _chip():
    """The kernel's driver bound to the chip, with a reading in its registers."""
    need_libiio()
    words = b"".join(struct.pack(">h", value) for value in FIELD.values())
    set_registers({3 + at: byte for at, byte in enumerate(words)} | READY | IDENTITY)
    adapter = Path(f"/sys/bus/i2c/devices/i2c-{bus()}")
    (adapter / "new_device").write_text(f"hmc5883 {CHIP:#x}")
    eventually(lambda: "hmc5883" in names())
    yield
    (adapter / "delete_device").write_text(f"{CHIP:#x}")


def names():
    return {(device / "name").read_text().strip() for device in Path("/sys/bus/iio/devices").glob("iio:device*")}


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
    (device,) = (one for one in Path("/sys/bus/iio/devices").glob("iio:device*") if "hmc" in (one / "name").read_text())
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
    triggers = Path("/sys/bus/iio/devices")
    (triggers / "iio_sysfs_trigger" / "add_trigger").write_text("7")
    (pull,) = (one / "trigger_now" for one in triggers.glob("trigger*") if "sysfstrig7" in (one / "name").read_text())
    over = threading.Event()

    def pulling():
        while not over.wait(0.01):
            pull.write_text("1")

    thread = threading.Thread(target=pulling)
    thread.start()
    try:
        with array(mode="buffer", sensors=SENSOR, trigger="sysfstrig7", block_ms=13) as device:
            before_ns = time.monotonic_ns()
            blocks = [eventually(lambda: device.read(0.1)) for _ in range(5)]
    finally:
        over.set()
        thread.join()
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
