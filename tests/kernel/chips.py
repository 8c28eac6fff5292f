"""GPIO chips that the kernel simulates (gpio-sim): made, pulled at, looked at and taken away through its own files."""

import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from tests.hardware.waiting import eventually

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

    def remove(self):
        """As if it had never been there, unplugged or not."""
        if (self._folder / "live").read_text().strip() == "1":
            self.unplug()
        self._bank.rmdir()
        self._folder.rmdir()

    def pin(self, line):
        """The file that shows its level."""
        return self._pins / f"sim_gpio{line}" / "value"

    def level(self, line):
        return int(self.pin(line).read_text())

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
        chip.remove()


class Watched:
    """What a meter on some of a chip's pins has shown: (line, is high, monotonic ns) for every change, as it was seen.

    It looks every few milliseconds and takes little of the processor, which others need; a pin whose chip is not there
    is low.
    """

    EVERY_S = 0.005

    def __init__(self, chip, lines):
        self._chip, self._lines = chip, tuple(lines)
        self._pins, self._seen, self._high, self._looks = {}, [], frozenset(), 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_again_and_again, daemon=True)
        self._thread.start()

    def moves(self):
        """All changes until now."""
        looks = self._looks
        eventually(lambda: self._looks > looks + 1)  # one that began before this call may have missed something
        return list(self._seen)

    def stop(self):
        self._over.set()
        self._thread.join()
        self._let_go()

    def _look_again_and_again(self):
        while not self._over.wait(self.EVERY_S):
            high = self._look()
            now_ns = time.monotonic_ns()
            self._seen += [(line, line in high, now_ns) for line in high ^ self._high]
            self._high = high
            self._looks += 1

    def _look(self):
        try:
            if not self._pins:
                self._pins = {line: os.open(self._chip.pin(line), os.O_RDONLY) for line in self._lines}
            return frozenset(line for line, pin in self._pins.items() if os.pread(pin, 1, 0) == b"1")
        except OSError:
            self._let_go()
            return frozenset()

    def _let_go(self):
        for pin in self._pins.values():
            os.close(pin)
        self._pins = {}
