"""Round trips of the drivers of the kernel's own devices, in the guest: `python tests/kernel/guest.py --round-trips`.

The guest's processor is an emulated one: what the kernel's calls take on a real one is a small part of this.
"""

from dataclasses import replace

from tests.hardware.iio_process import need_libiio
from tests.hardware.timing_table import measured, show
from tests.kernel.rigs import GpioFlapsRig, GpioRig, LocalIioRig, VividRig


def flaps():
    """The rig has them in the jets' place."""
    rig = GpioFlapsRig()
    rig.line = replace(rig.line, heavy_diverter=rig.line.diverter)
    return rig


def main():
    show(
        measured(
            [
                ("gpio-sim", GpioRig, ("interlock", "plant", "diverter")),
                ("gpio-sim", flaps, ("heavy_diverter",)),
                ("vivid", VividRig, ("camera",)),
                ("hmc5883 on i2c-stub", lambda: (need_libiio(), LocalIioRig())[1], ("magnetometer",)),
            ]
        )
    )


if __name__ == "__main__":
    main()
