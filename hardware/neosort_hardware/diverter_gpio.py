"""`GpioDiverter`: valves on GPIO lines of this machine, timed by our shot process."""

from __future__ import annotations

from typing import Self

from neosort_hardware.devices import DeviceError
from neosort_hardware.diverter_timed import TimedDiverter, limits_of
from neosort_hardware.gpio_lines import present
from neosort_hardware.settings_gpio import GpioDiverterConfig
from neosort_hardware.site import Site
from neosort_hardware.valve_outputs import ShotRig
from neosort_hardware.valves_gpio import OpensGpioValves

NAME = "GPIO air jets"


class GpioDiverter(TimedDiverter):
    """The shot process holds the lines; the host tells it of the belt."""

    @classmethod
    def connect(cls, settings: GpioDiverterConfig, site: Site) -> Self:
        """The valves, shut. Raises `DeviceError`."""
        if site.encoder is None:
            raise DeviceError(NAME, "needs an encoder to time its shots by")
        rig = ShotRig(
            name=NAME,
            outputs=OpensGpioValves(NAME, settings),
            encoder=None,
            mm_per_count=site.geometry.mm_per_count,
            limits=limits_of(site.config, settings.late_ms),
            refresh_ms=settings.refresh_ms,
        )
        return cls(rig, site.encoder)

    @staticmethod
    def present() -> list[str]:
        """The kernel's chips on this machine."""
        return present()
