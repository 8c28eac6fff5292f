"""`GpioDiverter`: valves on GPIO lines of this machine, timed by our shot process."""

from __future__ import annotations

from neosort_hardware.bank_limits import limits_of
from neosort_hardware.devices import Diverter
from neosort_hardware.diverter_paced import encoder_of, paced
from neosort_hardware.diverter_timed import TimedDiverter
from neosort_hardware.gpio_lines import present
from neosort_hardware.settings_gpio import GpioOutputs
from neosort_hardware.site import Site
from neosort_hardware.valve_outputs import ShotRig
from neosort_hardware.valves_gpio import OpensGpioValves


class GpioDiverter(TimedDiverter):
    """The shot process holds the lines; the host tells it of the belt."""

    @classmethod
    def connect(cls, settings: GpioOutputs, site: Site) -> Diverter:
        """The valves, shut. Raises `DeviceError`."""
        name = f"GPIO {settings.CALLED}"
        encoder = encoder_of(site, name)
        rig = ShotRig(
            name=name,
            outputs=OpensGpioValves(name, settings),
            encoder=None,
            mm_per_count=site.geometry.mm_per_count,
            limits=limits_of(site.config, settings, settings.late_ms),
            refresh_ms=settings.refresh_ms,
        )
        return paced(lambda: cls(rig, encoder), settings, site)

    @staticmethod
    def present() -> list[str]:
        """The kernel's chips on this machine."""
        return present()
