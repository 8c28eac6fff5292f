"""The belt's travel as the counting controller counts it."""

from __future__ import annotations

from typing import Self

from neosort_hardware.controller_device import ControllerDevice
from neosort_hardware.controller_link import ControllerLink
from neosort_hardware.settings_serial import SerialEncoderConfig
from neosort_hardware.site import Site
from neosort_hardware.types import EncoderSample


class SerialEncoder(ControllerDevice):
    """Asks the board for its count at every reading: one round trip, bounded by ``answer_ms``.

    The stamp is the middle of the round trip. Over a restart of the board the count goes on from the last one that was
    read: what the belt travelled meanwhile is not known, and what lay on it then will not be hit.
    """

    def __init__(self, link: ControllerLink, mm_per_count: float) -> None:
        super().__init__(link, "serial encoder")
        self._mm_per_count = mm_per_count

    @classmethod
    def connect(cls, settings: SerialEncoderConfig, site: Site) -> Self:
        """Finds the board. Raises `DeviceError` when it does not answer, or is another than configured."""
        encoder = cls(ControllerLink.of(settings, site), settings.mm_per_count)
        return encoder._begun_with(encoder.read)

    def read(self) -> EncoderSample:
        self._must_be_open()
        latch = self._link.latch(self.name)
        counts = self._link.belt.counts
        return EncoderSample(belt_mm=counts * self._mm_per_count, counts=counts, sampled_ns=latch.at_ns)
