"""Which rigs the conformance suite goes through. Each tuple names the fixtures (`conftest.py`) of lines whose device in
that slot is put to the test.
"""

import pytest


def in_guest(*names):
    """Rigs on devices of a kernel of its own (`tests/kernel`), or with a slot of such a rig."""
    return tuple(pytest.param(name, marks=pytest.mark.kernel) for name in names)


def slot_of(slot, rigs):
    """Each rig with a slot of it that is put to the test."""
    return [(rig, slot) if isinstance(rig, str) else pytest.param((*rig.values, slot), marks=rig.marks) for rig in rigs]


def fixture_of(names):
    """A fixture that goes through those rigs; with slots beside them, it gives rig and slot."""

    @pytest.fixture(params=names, ids=lambda name: name if isinstance(name, str) else "-".join(name))
    def rig(request):
        name, *slot = (request.param,) if isinstance(request.param, str) else request.param
        opened = request.getfixturevalue(name)
        return (opened, *slot) if slot else opened

    return rig


DIVERTERS = (
    "twin_rig",
    "flaps_rig",
    "controller_rig",
    "modbus_rig",
    "coils_rig",
    *in_guest("gpio_rig", "gpio_flaps_rig"),
)
ENCODERS = ("twin_rig", "controller_rig", "modbus_rig")
PLANTS = ("modbus_rig", *in_guest("gpio_rig"))
INTERLOCKS = ("twin_rig", "controller_rig", "modbus_rig", *in_guest("gpio_rig"))
MAGNETOMETERS = ("twin_rig", "array_rig", "modbus_rig", "iio_rig", *in_guest("local_iio_rig"))
CAMERAS = ("twin_rig", "mjpeg_rig", "aravis_rig", *in_guest("vivid_rig"))
STEADY_CAMERAS = ("pylon_rig", "harvester_rig", "folder_rig")  # in this process: nothing there can be cut off
EXPOSING = ("twin_rig", "aravis_rig", "pylon_rig", *in_guest("vivid_rig"))
EXPOSING_FOR_THEMSELVES = ("mjpeg_rig", "harvester_rig", "folder_rig")
LOSABLE = [*slot_of("magnetometer", MAGNETOMETERS), *slot_of("camera", CAMERAS)]
SENSORS = [*LOSABLE, *slot_of("camera", STEADY_CAMERAS)]
# An interlock never fails: what cannot be read is open.
FAILING = [
    *slot_of("diverter", DIVERTERS),
    *slot_of("encoder", ENCODERS),
    *slot_of("plant", PLANTS),
    *LOSABLE,
]
ALL = [*FAILING, *slot_of("camera", STEADY_CAMERAS), *slot_of("interlock", INTERLOCKS)]
USES = {
    "diverter": lambda device: device.heartbeat(),
    "encoder": lambda device: device.read(),
    "plant": lambda device: device.read(),
    "camera": lambda device: device.read(0.0),
    "magnetometer": lambda device: device.read(0.0),
}
