"""Which driver stands behind a slot: its `driver` key picks the settings, ours by class, others' by entry point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from pydantic import BeforeValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from neosort_hardware.slots import SLOTS, SlotConfig, SlotName

if TYPE_CHECKING:
    from neosort_hardware.devices import Device
    from neosort_hardware.site import Site

# Opens a device in its safe state, from its settings and the site of the line; raises `DeviceError`.
Connect: TypeAlias = "Callable[[Any, Site], Device]"

GROUP = "neosort.drivers"
UNKNOWN_DRIVER = "unknown_driver"
DEFAULT_DRIVER = "sim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A driver of another distribution: what its entry point ``SLOT.NAME`` in the group `neosort.drivers` loads to.

    ``settings``: its section, a subclass of its slot's with ``driver: Literal["NAME"] = "NAME"``. ``present``: names
    the devices that it sees on this machine, where it can look around.
    """

    settings: type[SlotConfig]
    connect: Connect
    present: Callable[[], list[str]] | None = None


def foreign_driver(slot: SlotName, name: str) -> Driver | None:
    """The driver that another distribution offers under that name; None where none does.

    Raises `ValueError` for one that cannot be loaded or is no `Driver`: it was asked for by name.
    """
    found = tuple(entry_points(group=GROUP, name=f"{slot}.{name}"))
    if not found:
        return None
    try:
        loaded = found[0].load()
    except Exception as error:
        raise ValueError(f"'{name}' ({found[0].value}) cannot be loaded: {error!r}") from error
    if not isinstance(loaded, Driver):
        raise ValueError(f"'{name}' ({found[0].value}) is no neosort_hardware.driver_choice.Driver")
    return loaded


def foreign_names(slot: SlotName) -> tuple[str, ...]:
    """Names of the drivers that other distributions offer for a slot, loaded or not."""
    entries = (entry.name for entry in entry_points(group=GROUP) if entry.name.startswith(f"{slot}."))
    return tuple(entry.removeprefix(f"{slot}.") for entry in entries)


def settings_of(slot: SlotName, *ours: type[SlotConfig]) -> BeforeValidator:
    """Turns a slot's table into the settings of the driver that it names, `sim` where it names none."""
    known = {settings.model_fields["driver"].default: settings for settings in ours}
    base = SLOTS[slot]

    def choose(value: object) -> object:
        if not isinstance(value, dict):
            return value
        name = value.get("driver", DEFAULT_DRIVER)
        settings = known.get(name) if isinstance(name, str) else None
        if settings is None:
            settings = _foreign_settings(slot, name, base, tuple(known))
        return settings.model_validate(value)

    return BeforeValidator(choose)


def _foreign_settings(slot: SlotName, name: object, base: type, known: tuple[str, ...]) -> type[SlotConfig]:
    try:
        driver = foreign_driver(slot, str(name))
    except ValueError as error:
        _refuse(name, str(error))
    if driver is None:
        _refuse(name, f"no such driver, there are {', '.join((*known, *foreign_names(slot)))}")
    if not issubclass(driver.settings, base):
        _refuse(name, f"its settings {driver.settings.__name__} are no {base.__name__}")
    return driver.settings


def _refuse(name: object, sentence: str) -> NoReturn:
    told = PydanticCustomError(UNKNOWN_DRIVER, "{sentence}", {"sentence": sentence})
    raise ValidationError.from_exception_data("driver", [InitErrorDetails(type=told, loc=("driver",), input=name)])
