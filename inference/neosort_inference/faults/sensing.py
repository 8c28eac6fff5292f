"""Senses that fall silent: devices that answer and give nothing."""

from __future__ import annotations

from neosort_hardware.types import EncoderSample, FieldBlock, Frame

MISSED_EXPOSURES = 3.0
ASKED = 3  # turns
SILENT_S = 0.25
SILENT_BLOCKS = 3.0


class CameraSilent:
    """No frame has come over three exposures' travel. A belt that stands needs none.

    Nor has a camera been silent to a host that did not ask: it must have been asked some times since then.
    """

    fault = "camera.silent"

    def __init__(self, trigger_every_mm: float) -> None:
        self._limit_mm = MISSED_EXPOSURES * trigger_every_mm
        self._last_mm: float | None = None
        self._belt_mm = 0.0
        self._turns = 0  # in which a frame was overdue

    def see_frame(self, frame: Frame) -> None:
        """A frame as the camera gave it."""
        self._last_mm = max(frame.belt_mm, self._belt_mm)  # late frames count, and those without an encoder
        self._turns = 0

    def see_travel(self, sample: EncoderSample) -> None:
        """The encoder, once a turn."""
        self._belt_mm = sample.belt_mm
        if self._last_mm is None or self._last_mm > self._belt_mm:  # the run begins, or the count begins anew
            self._last_mm = self._belt_mm
        self._turns = self._turns + 1 if self._missed_mm > self._limit_mm else 0

    def resume(self) -> None:
        """What comes is waited for from now on."""
        self._last_mm, self._turns = None, 0

    def says(self, now_ns: int) -> str:
        return f"no frame for {self._missed_mm:,.0f} mm of belt" if self._turns > ASKED else ""

    @property
    def _missed_mm(self) -> float:
        return 0.0 if self._last_mm is None else self._belt_mm - self._last_mm


class ArraySilent:
    """No samples for a quarter of a second, or for three blocks' time where blocks are longer."""

    fault = "magnetometer.silent"

    def __init__(self, block_ms: float) -> None:
        self._limit_ns = round(max(SILENT_S, SILENT_BLOCKS * block_ms * 1e-3) * 1e9)
        self._last_ns: int | None = None

    def see_block(self, block: FieldBlock) -> None:
        self._last_ns = int(block.sampled_ns[-1])

    def resume(self) -> None:
        """What comes is waited for from now on."""
        self._last_ns = None

    def says(self, now_ns: int) -> str:
        if self._last_ns is None:
            self._last_ns = now_ns
        silent_ns = now_ns - self._last_ns
        return f"no samples for {silent_ns * 1e-9:.2f} s" if silent_ns > self._limit_ns else ""
