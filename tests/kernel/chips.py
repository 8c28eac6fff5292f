"""GPIO chips that the kernel simulates (gpio-sim): made, pulled at, looked at and taken away through its own files."""

from contextlib import contextmanager
from pathlib import Path

CONFIG = Path("/sys/kernel/config/gpio-sim")


class SimulatedChip:
    """One chip named ``label``; `level` is what a meter on the pin would show, `pull` what hangs on it."""

    def __init__(self, label, lines=32):
        self.label = label
        self._folder = CONFIG / label
        self._folder.mkdir()
        bank = self._folder / "bank0"
        bank.mkdir()
        (bank / "num_lines").write_text(str(lines))
        (bank / "label").write_text(label)
        self._bank = bank
        self.plug_in()

    def plug_in(self):
        """The kernel gets to know of it."""
        (self._folder / "live").write_text("1")
        device = (self._folder / "dev_name").read_text().strip()
        chip = (self._bank / "chip_name").read_text().strip()
        self._pins = Path("/sys/devices/platform") / device / chip

    def unplug(self):
        """As if somebody had pulled the cable of an expander."""
        (self._folder / "live").write_text("0")

    def level(self, line):
        return int((self._pins / f"sim_gpio{line}" / "value").read_text())

    def high(self):
        """Every line that is high."""
        return {int(pin.name.removeprefix("sim_gpio")) for pin in self._pins.glob("sim_gpio*") if level_of(pin)}

    def pull(self, line, way):
        """``up`` or ``down``."""
        (self._pins / f"sim_gpio{line}" / "pull").write_text(f"pull-{way}")


def level_of(pin):
    return (pin / "value").read_text().strip() == "1"


@contextmanager
def simulated_chip(label, lines=32):
    chip = SimulatedChip(label, lines)
    try:
        yield chip
    finally:
        chip.unplug()
        (chip._bank).rmdir()
        (chip._folder).rmdir()
