"""`open_line`: builds and connects the devices that a configuration names, in their safe state.

The one place above the drivers that names a driver module.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from types import TracebackType
from typing import Any, Protocol, Self, cast

from neosort_hardware.belt import LineGeometry
from neosort_hardware.calibrated import calibrated_array, calibrated_camera
from neosort_hardware.clock import Clock, VirtualClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.devices import (
    Camera,
    Device,
    DeviceError,
    Diverter,
    Encoder,
    Faults,
    Hands,
    Interlock,
    Magnetometer,
    Plant,
    TrueConstants,
    Truth,
)
from neosort_hardware.driver_choice import DEFAULT_DRIVER, Connect, Driver, foreign_driver, foreign_names
from neosort_hardware.site import Site
from neosort_hardware.slots import SlotConfig, SlotName
from neosort_hardware.twin.devices import SimPlant, SimTruth, world_of
from neosort_hardware.twin.hands import SimConstants, SimHands
from neosort_hardware.twin.sim_faults import SimFaults
from neosort_hardware.twin.world import World
from neosort_hardware.types import DeviceHealth

# Where our drivers are: a class with `connect(settings, site)`. Imported when a line names it and not before, for a
# driver brings its manufacturer's software along.
DRIVERS: Mapping[tuple[SlotName, str], str] = {
    ("encoder", "sim"): "neosort_hardware.twin.sensors:SimEncoder",
    ("camera", "sim"): "neosort_hardware.twin.sensors:SimCamera",
    ("magnetometer", "sim"): "neosort_hardware.twin.sensors:SimMagnetometer",
    ("diverter", "sim"): "neosort_hardware.twin.diverters:SimDiverter",
    ("heavy_diverter", "sim"): "neosort_hardware.twin.diverters:SimFlaps",
    ("interlock", "sim"): "neosort_hardware.twin.devices:SimInterlock",
    ("encoder", "serial"): "neosort_hardware.encoder_serial:SerialEncoder",
    ("magnetometer", "serial"): "neosort_hardware.magnetometer_serial:SerialMagnetometer",
    ("diverter", "serial"): "neosort_hardware.diverter_serial:SerialDiverter",
    ("heavy_diverter", "serial"): "neosort_hardware.diverter_serial:SerialDiverter",
    ("interlock", "serial"): "neosort_hardware.interlock_serial:SerialInterlock",
    ("encoder", "modbus"): "neosort_hardware.encoder_modbus:ModbusEncoder",
    ("magnetometer", "modbus"): "neosort_hardware.magnetometer_modbus:ModbusMagnetometer",
    ("diverter", "modbus"): "neosort_hardware.diverter_modbus:ModbusDiverter",
    ("heavy_diverter", "modbus"): "neosort_hardware.diverter_modbus:ModbusDiverter",
    ("interlock", "modbus"): "neosort_hardware.interlock_modbus:ModbusInterlock",
    ("magnetometer", "iio"): "neosort_hardware.magnetometer_iio:IioMagnetometer",
    ("diverter", "gpio"): "neosort_hardware.diverter_gpio:GpioDiverter",
    ("heavy_diverter", "gpio"): "neosort_hardware.diverter_gpio:GpioDiverter",
    ("interlock", "gpio"): "neosort_hardware.interlock_gpio:GpioInterlock",
    ("plant", "modbus"): "neosort_hardware.plant_modbus:ModbusPlant",
    ("plant", "gpio"): "neosort_hardware.plant_gpio:GpioPlant",
    ("camera", "opencv"): "neosort_hardware.camera_opencv:OpenCvCamera",
    ("camera", "aravis"): "neosort_hardware.camera_aravis:AravisCamera",
    ("camera", "harvester"): "neosort_hardware.camera_harvester:HarvesterCamera",
    ("camera", "pylon"): "neosort_hardware.camera_pylon:PylonCamera",
}
# The extra that brings what a driver imports, where it is not `drivers`.
EXTRAS: Mapping[tuple[SlotName, str], str] = {
    ("camera", "aravis"): "aravis",
    ("camera", "harvester"): "genicam",
    ("camera", "pylon"): "pylon",
    ("magnetometer", "iio"): "iio",
    ("diverter", "gpio"): "gpio",
    ("heavy_diverter", "gpio"): "gpio",
    ("interlock", "gpio"): "gpio",
    ("plant", "gpio"): "gpio",
}
SLOT_NAMES: tuple[SlotName, ...] = ("encoder", "interlock", "diverter", "magnetometer", "camera")  # of every line


class _Ours(Protocol):
    """A driver's class; one that can look around has a static ``present`` as well, as `Driver.present`."""

    connect: Connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An opened line. ``truth``, ``faults``, ``hands`` and ``true_constants`` are None on a real one, ``plant`` where
    nobody has wired it, ``heavy_diverter`` where none is fitted. Leaving the context closes every device."""

    config: LineConfig
    geometry: LineGeometry
    clock: Clock
    camera: Camera
    magnetometer: Magnetometer
    encoder: Encoder
    diverter: Diverter
    interlock: Interlock
    heavy_diverter: Diverter | None = None
    plant: Plant | None = None
    truth: Truth | None = None
    faults: Faults | None = None
    hands: Hands | None = None
    true_constants: TrueConstants | None = None

    def close(self) -> None:
        """Every device to its safe state, the valves first."""
        heavy: tuple[Device, ...] = () if self.heavy_diverter is None else (self.heavy_diverter,)
        rest: tuple[Device, ...] = (self.interlock, self.camera, self.magnetometer, self.encoder)
        for device in (self.diverter, *heavy, *rest):
            device.close()
        if self.plant is not None:
            self.plant.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_line(config: LineConfig, clock: Clock, seed: int = 0) -> Line:
    """Open the line that ``config`` describes. ``seed`` decides everything random about a simulated one.

    Truth is told where every slot is simulated: what a real device sees or throws, the simulated world does not know.
    Raises `DeviceError` for a device that does not answer, `ConfigError` for a driver that cannot be loaded here or
    a real device in virtual time; what had been opened by then is closed again.
    """
    real = [slot for slot in slots_of(config) if slot not in _simulated(config)]
    if real and isinstance(clock, VirtualClock):
        driver = settings_in(config, real[0]).driver
        raise ConfigError(f"{real[0]}.driver = '{driver}': a real device cannot run in virtual time")
    site = Site(config=config, geometry=LineGeometry.of(config), clock=clock, seed=seed)
    return _opened(site, truth=not real)


def simulated_line(world: World) -> Line:
    """The devices of the world's configuration, the simulated ones on that world, which tells the truth as well.

    So a real device that is shown the world by other means can be tried in the midst of simulated ones.
    """
    site = Site(config=world.config, geometry=LineGeometry.of(world.config), clock=world.clock)
    site.shared(World, "twin", lambda: world)
    return _opened(site, truth=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What probing found in a slot: an opened ``device``, or None and the ``error`` that opening it raised."""

    slot: SlotName
    device: Device | None = None
    error: DeviceError | ConfigError | None = None

    @property
    def trouble(self) -> str:
        """In one sentence; empty for an opened device."""
        return "" if self.error is None else str(self.error)

    def opened(self) -> Any:  # noqa: ANN401 - a device of its slot's kind
        """The device. Raises what opening it raised."""
        if self.error is not None:
            raise self.error
        return self.device

    def health(self) -> DeviceHealth:
        """What the device says of itself. A diverter hears the host first: it may have waited for the others to be
        opened, and would tell of that silence."""
        if self.device is None:
            return DeviceHealth(name="", ok=False, detail=self.trouble)
        try:
            if self.slot in ("diverter", "heavy_diverter"):
                cast(Diverter, self.device).heartbeat()
        except DeviceError as error:
            return DeviceHealth(name=self.device.name, ok=False, detail=error.cause)
        return self.device.health()


@contextmanager
def probing(
    config: LineConfig, clock: Clock, slots: Collection[SlotName] | None = None
) -> Iterator[dict[SlotName, Found]]:
    """Every slot's device, or that of every one of ``slots``, opened in its safe state as far as it can be, whatever
    becomes of the others; all are closed again. What needs an encoder says so where there is none."""
    site = Site(config=config, geometry=LineGeometry.of(config), clock=clock)
    found: dict[SlotName, Found] = {}
    with ExitStack() as undo:
        for slot in slots_of(config):
            if slots is not None and slot not in slots:
                continue
            try:
                device = _connected(slot, site)
            except (DeviceError, ConfigError) as error:
                found[slot] = Found(slot=slot, error=error)
                continue
            undo.callback(device.close)
            found[slot] = Found(slot=slot, device=device)
            if slot == "encoder":
                site = replace(site, encoder=device)
        yield found


def slots_of(config: LineConfig) -> tuple[SlotName, ...]:
    """The slots that a line has: those of every line, and what else is fitted."""
    fitted: tuple[SlotName, ...] = ("heavy_diverter", "plant")
    return (*SLOT_NAMES, *(slot for slot in fitted if getattr(config, slot) is not None))


def settings_in(config: LineConfig, slot: SlotName) -> SlotConfig:
    """The settings of a slot that the line has."""
    return cast(SlotConfig, getattr(config, slot))


def drivers_for(slot: SlotName) -> dict[str, str]:
    """Every driver that a slot may name, ours and others', and why it cannot be loaded here; empty where it can."""
    names = (*(name for place, name in DRIVERS if place == slot), *foreign_names(slot))
    return {name: _missing(slot, name) for name in names}


def _missing(slot: SlotName, driver: str) -> str:
    try:
        connector(slot, driver)
    except ConfigError as error:
        return str(error)
    return ""


def connector(slot: SlotName, driver: str) -> Connect:
    """What opens that driver's device. Raises `ConfigError` when it cannot be loaded on this machine."""
    place = DRIVERS.get((slot, driver))
    return _foreign(slot, driver).connect if place is None else _ours(slot, driver, place).connect


def found_by(slot: SlotName, driver: str) -> list[str]:
    """Devices that a driver sees on this machine, as its settings name them; empty for one that cannot look around.

    May take a second or two. Raises `ConfigError` as `connector` does, `DeviceError` when looking fails.
    """
    place = DRIVERS.get((slot, driver))
    present = _foreign(slot, driver).present if place is None else getattr(_ours(slot, driver, place), "present", None)
    return [] if present is None else cast(list[str], present())


def _ours(slot: SlotName, driver: str, place: str) -> _Ours:
    module, _, name = place.partition(":")
    try:
        loaded = import_module(module)
    # ValueError comes from GObject, AttributeError from pylibiio, for a library that is not installed.
    except (ImportError, ValueError, AttributeError) as error:
        extra = EXTRAS.get((slot, driver), "drivers")
        raise ConfigError(
            f"{slot}.driver = '{driver}' cannot be loaded ({error}); pip install 'neosort[{extra}]', and see "
            "hardware/README.md for what else it needs"
        ) from error
    return cast(_Ours, getattr(loaded, name))


def _foreign(slot: SlotName, driver: str) -> Driver:
    try:
        found = foreign_driver(slot, driver)
    except ValueError as error:
        raise ConfigError(f"{slot}.driver = {error}") from error
    if found is None:
        raise ConfigError(f"{slot}.driver = '{driver}': no such driver")
    return found


def _simulated(config: LineConfig) -> tuple[SlotName, ...]:
    return tuple(slot for slot in slots_of(config) if settings_in(config, slot).driver == DEFAULT_DRIVER)


def _connected(slot: SlotName, site: Site) -> Any:  # noqa: ANN401 - a device of its slot's kind
    """A slot's device, what it gives corrected as the calibration has it. Raises `DeviceError`, `ConfigError`."""
    settings = settings_in(site.config, slot)
    device: Any = connector(slot, settings.driver)(settings, site)
    if slot == "camera":
        return calibrated_camera(device, site.config)
    if slot == "magnetometer":
        return calibrated_array(device, site.config)
    return device


def _opened(site: Site, *, truth: bool) -> Line:
    """Opens slot by slot, the encoder first: others may have to find where they stand by it."""
    simulated = _simulated(site.config)
    opened: dict[SlotName, Any] = {}
    with ExitStack() as undo:
        for slot in slots_of(site.config):
            opened[slot] = _connected(slot, site)
            undo.callback(opened[slot].close)
            site = replace(site, encoder=opened["encoder"])
        world = world_of(site) if simulated else None
        undo.pop_all()
    return Line(
        config=site.config,
        geometry=site.geometry,
        clock=site.clock,
        plant=opened.pop("plant", SimPlant(world) if world is not None and truth else None),
        truth=SimTruth(world) if world is not None and truth else None,
        faults=None if world is None else SimFaults(world, simulated),
        hands=None if world is None else SimHands(world),
        true_constants=None if world is None else SimConstants(world),
        **opened,
    )
