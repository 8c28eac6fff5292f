"""Rigs of the conformance suite for devices of the kernel's own, in the guest of `make test-kernel`.

The guest is an emulated processor on a host that may be busy: what is said of places is wide.
"""

import fcntl
import os
import struct
import time
from contextlib import suppress
from pathlib import Path

from tests.hardware.camera_rigs import CameraRig
from tests.hardware.camera_site import FakeEncoder
from tests.hardware.flap_rigs import FLAPS, OUT_MS
from tests.hardware.rigs import NO_LAG, Blow, Rig
from tests.kernel import magnet_chip
from tests.kernel.chips import SimulatedChip, Watched

from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import Line, connector, settings_in
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.site import Site

SLACK_MM = 300.0
VALVES, CONTACTS = "neo-valves", "neo-contacts"
STOP, GUARD, CHUTE_FULL = 0, 1, 4  # lines of the chip with the contacts
WATCHED = (1, 3, 4, 5, 9, 11)  # valves that the suite asks for, and one more
V4L2_DRIVER = Path("/sys/bus/platform/drivers/vivid")
V4L2_DEVICE = "vivid.0"
CAMERA_LINK = Path("/dev/v4l/by-id/usb-neosort-belt-video-index0")  # where udev would put it
VIDIOC_G_CTRL, EXPOSURE_ABSOLUTE = 0xC008561B, 0x009A0902


class ClockEncoder(NamedDevice, FakeEncoder):
    """A belt at 1 m/s that begins where it is opened: a millimetre is a millisecond, until it stops."""

    def __init__(self):
        NamedDevice.__init__(self, "encoder by the clock")
        FakeEncoder.__init__(self)
        self._start_ns = time.monotonic_ns()

    def mm_at(self, at_ns):
        return super().mm_at(at_ns - self._start_ns)


class NotFitted(NamedDevice):
    """In a slot that is not put to the test."""

    def heartbeat(self):
        pass


def connected(slot, site):
    """The device of a slot. An emulated processor that its host has left alone for a moment misses a deadline of real
    time, which a processor of its own does not: there is a second try."""
    settings = settings_in(site.config, slot)
    with suppress(DeviceError):
        return connector(slot, settings.driver)(settings, site)
    return connector(slot, settings.driver)(settings, site)


class KernelRig(Rig):
    """A line with nothing on it but devices of the kernel's in the slots ``fitted``: the twin's belt alone would take
    the emulated processor the better part of a minute."""

    slack_mm = SLACK_MM
    fitted = ()

    def opened(self):
        clock, geometry, encoder = RealClock(), LineGeometry.of(self.config), ClockEncoder()
        site = Site(config=self.config, geometry=geometry, clock=clock, encoder=encoder)
        nothing = NotFitted("not fitted")
        devices = dict.fromkeys(("camera", "magnetometer", "diverter", "interlock", "plant"), nothing)
        for slot in self.fitted:
            devices[slot] = connected(slot, site)
        devices["diverter"] = devices.pop("heavy_diverter", devices["diverter"])  # flaps that are put to the test
        return Line(config=self.config, geometry=geometry, clock=clock, encoder=encoder, **devices)

    def stand(self):
        self.line.encoder.stop()


class GpioRig(KernelRig):
    """Jets, the interlock and the plant's contacts on simulated chips."""

    heartbeat_s = 3.0
    max_on_s = 0.6
    slot = "diverter"
    valves = 48

    def __init__(self):
        self.fitted = (self.slot, "interlock", "plant")
        self._valves, self._contacts = SimulatedChip(VALVES, self.valves), SimulatedChip(CONTACTS, 8)
        self._close_contacts()
        self._watched = Watched(self._valves, WATCHED)
        super().__init__(LineConfig.model_validate(self._slots() | {"calibration": NO_LAG}))

    def _slots(self):
        contacts = [{"name": name, "chip": CONTACTS, "line": line} for name, line in (("stop", STOP), ("guard", GUARD))]
        bank = {
            "driver": "gpio", "banks": [{"chip": VALVES, "lines": list(range(self.valves))}], "late_ms": 20.0,
            "heartbeat_ms": 1e3 * self.heartbeat_s, "max_on_ms": 1e3 * self.max_on_s,
        }  # fmt: skip
        return {
            self.slot: bank | self.bank(),
            "interlock": {"driver": "gpio", "contacts": contacts},
            "plant": {"driver": "gpio", "chute_full": {"chip": CONTACTS, "line": CHUTE_FULL}},
        }

    def bank(self):
        """What is told of the valves besides."""
        return {"nozzles": self.valves}

    def end_peer(self):
        self._watched.stop()
        self._valves.remove()
        self._contacts.remove()

    def cut(self, slot):
        self._chip(slot).unplug()

    def restore(self, slot):
        self._chip(slot).plug_in()
        if self._chip(slot) is self._contacts:
            self._close_contacts()

    def _chip(self, slot):
        return self._valves if slot == "diverter" else self._contacts

    def _close_contacts(self):
        for line in (STOP, GUARD):
            self._contacts.pull(line, "up")

    def open_interlock(self):
        """Somebody presses the emergency stop."""
        self._contacts.pull(STOP, "down")

    def blows(self):
        blows, open_at = [], {}
        for valve, is_high, at_ns in self._watched.moves():
            if is_high:
                open_at[valve] = self.line.encoder.mm_at(at_ns)
            else:
                blows.append(Blow(valve, open_at.pop(valve), self.line.encoder.mm_at(at_ns)))
        return blows + [Blow(valve, opened_mm, None) for valve, opened_mm in open_at.items()]


class GpioFlapsRig(GpioRig):
    """Flaps on such lines as the diverter that is put to the test."""

    slot = "heavy_diverter"
    valves = FLAPS["lanes"]

    def bank(self):
        return FLAPS

    def blows(self):
        """Where flaps stood out: they were told to set off their travel time before."""
        return [Blow(blow.nozzle, blow.opened_mm + OUT_MS, blow.closed_mm) for blow in super().blows()]


class VividRig(KernelRig, CameraRig):
    """A V4L2 camera of the kernel's (vivid), by a link that keeps its name as those of udev do."""

    fitted = ("camera",)

    def __init__(self):
        if not (V4L2_DRIVER / V4L2_DEVICE).exists():  # a test that failed has left it unplugged
            self.restore("camera")
        self._link()
        super().__init__(
            driver="opencv", source=str(CAMERA_LINK), width_px=640, height_px=360, fourcc="YUYV", exposure_us=500.0,
            answer_ms=60_000, silent_ms=10_000,
        )  # fmt: skip

    def cut(self, slot):
        (V4L2_DRIVER / "unbind").write_text(V4L2_DEVICE)

    def restore(self, slot):
        (V4L2_DRIVER / "bind").write_text(V4L2_DEVICE)
        self._link()

    def _link(self):
        CAMERA_LINK.parent.mkdir(parents=True, exist_ok=True)
        CAMERA_LINK.unlink(missing_ok=True)
        CAMERA_LINK.symlink_to(camera_node())

    def exposure_us(self):
        """For how long the camera exposes, as another programme reads its control."""
        handle = os.open(CAMERA_LINK, os.O_RDWR)
        try:
            answer = fcntl.ioctl(handle, VIDIOC_G_CTRL, struct.pack("Ii", EXPOSURE_ABSOLUTE, 0))
        finally:
            os.close(handle)
        return 100.0 * struct.unpack("Ii", answer)[1]


def camera_node():
    """The device node of the simulated camera."""
    for device in sorted(Path("/sys/class/video4linux").glob("video*")):
        if "vid-cap" in (device / "name").read_text():
            return f"/dev/{device.name}"
    raise AssertionError("vivid is not there")


class LocalIioRig(KernelRig):
    """A magnetometer of one chip on this machine's own bus, read by the kernel whenever its trigger is pulled."""

    fitted = ("magnetometer",)

    def __init__(self):
        magnet_chip.plug_in()
        self._pulled = magnet_chip.Pulled()
        array = {
            "driver": "iio", "mode": "buffer", "sensors": [{"device": "hmc5883"}], "channels": 1, "rate_hz": 75,
            "trigger": self._pulled.NAME, "high_range_ut": 0, "silent_ms": 3000, "block_ms": 13,
            "ut_per_unit": magnet_chip.UT_PER_COUNT,
        }  # fmt: skip
        super().__init__(LineConfig.model_validate({"magnetometer": array}))

    def end_peer(self):
        self._pulled.stop()
        if "hmc5883" in magnet_chip.names():
            magnet_chip.unplug()

    def cut(self, slot):
        magnet_chip.unplug()

    def restore(self, slot):
        magnet_chip.plug_in()

    def mute(self, slot):
        """It has nothing to say: nobody pulls the trigger."""
        self._pulled.stop()
