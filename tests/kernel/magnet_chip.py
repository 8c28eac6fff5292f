"""A magnetometer chip that the kernel simulates (i2c-stub) behind the kernel's own driver for it (hmc5843)."""

import fcntl
import os
import struct
import threading
from pathlib import Path

import numpy as np
from tests.hardware.waiting import eventually

CHIP = 0x1E
I2C_SLAVE_FORCE, I2C_SMBUS, WRITE, BYTE_DATA = 0x0706, 0x0720, 0, 2
FIELD = {"x": 258, "z": -256, "y": 42}  # in the order of the chip's registers, from 3 on
UT_PER_COUNT = 100 / 1024  # by the data sheet; the kernel's driver tells a hundredth of it
READY = {9: 1}  # the status register's bit for a new reading
IDENTITY = {10 + at: byte for at, byte in enumerate(b"H43")}  # by which the kernel's driver knows the chip
DEVICES = Path("/sys/bus/iio/devices")
PULLED_EVERY_S = 0.01


def plug_in():
    """The chip with a reading in its registers, and the kernel's driver bound to it."""
    words = b"".join(struct.pack(">h", value) for value in FIELD.values())
    set_registers({3 + at: byte for at, byte in enumerate(words)} | READY | IDENTITY)
    (_adapter() / "new_device").write_text(f"hmc5883 {CHIP:#x}")
    eventually(lambda: "hmc5883" in names())


def unplug():
    """As if its cable had been pulled."""
    (_adapter() / "delete_device").write_text(f"{CHIP:#x}")


class Pulled:
    """A trigger of the system's that is pulled again and again: so often is the chip read, as long as it goes on."""

    NAME = "sysfstrig7"

    def __init__(self):
        if not self._found():
            (DEVICES / "iio_sysfs_trigger" / "add_trigger").write_text("7")
        (self._pull,) = self._found()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._pull_again_and_again)
        self._thread.start()

    def stop(self):
        """Idempotent."""
        self._over.set()
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _found(self):
        return [one / "trigger_now" for one in DEVICES.glob("trigger*") if self.NAME in (one / "name").read_text()]

    def _pull_again_and_again(self):
        while not self._over.wait(PULLED_EVERY_S):
            self._pull.write_text("1")


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


def names():
    """Of the devices that the kernel has behind IIO now."""
    return {(device / "name").read_text().strip() for device in DEVICES.glob("iio:device*")}


def _adapter():
    return Path(f"/sys/bus/i2c/devices/i2c-{bus()}")
