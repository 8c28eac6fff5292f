"""The belt as the shot process sees it: read from an encoder of its own, or told by the host."""

from __future__ import annotations

import time

from neosort_hardware.belt_fit import BeltFit, BeltFitter
from neosort_hardware.devices import DeviceError, Encoder
from neosort_hardware.types import EncoderSample
from neosort_hardware.valve_outputs import OpensEncoder

STALE_MS = 100.0  # a: at 3 m/s a belt that stops at 5 m/s² has gone 25 mm less by then than one that goes on


class BeltWatch:
    """Follows the belt. ``trouble``: why its place is unknown, empty while it is known or about to be.

    ``losses``: how often it was lost, so that places named before mean nothing any more.
    """

    def __init__(self, opener: OpensEncoder | None, mm_per_count: float) -> None:
        """Raises `DeviceError` when the encoder cannot be opened."""
        self._encoder: Encoder | None = None if opener is None else opener.open_encoder()
        self._fitter = BeltFitter(mm_per_count)
        self._newest_ns = time.monotonic_ns()
        self._error = ""
        self.trouble = ""
        self._silences = 0

    @property
    def losses(self) -> int:
        return self._silences + self._fitter.leaps

    def take(self, sample: EncoderSample) -> None:
        """A sample that somebody else has read."""
        self._newest_ns = sample.sampled_ns
        self._fitter.add(sample)

    def fit(self, now_ns: int) -> BeltFit | None:
        """The belt as it goes now; None where nobody knows, or not yet (again)."""
        self._read()
        if now_ns - self._newest_ns > STALE_MS * 1e6:
            self._fitter.forget()
            self._silences += not self.trouble
            self.trouble = self._error or f"the belt's encoder has been silent for more than {STALE_MS:g} ms"
            return None
        self.trouble = ""
        return self._fitter.fit()

    def close(self) -> None:
        if self._encoder is not None:
            self._encoder.close()

    def _read(self) -> None:
        if self._encoder is None:
            return
        try:
            sample = self._encoder.read()
        except DeviceError as error:
            self._error = str(error)
            return
        self._error = ""
        self.take(sample)
