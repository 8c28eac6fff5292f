"""What a channel's two converters make of a field: noise, counts, limits, and which of the two is handed over.

Low range as an AMR sensor of the MMC5983MA class, high range as a Hall sensor of the TMAG5273 class (m, except where
marked). The low range is handed over unless it clips; then the whole channel comes from the high range, for a bridge
driven over its limit is no good along any axis.
"""

from __future__ import annotations

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64

LOW_LSB_UT = 6.25e-3
HIGH_LSB_UT = 20.0
HIGH_GAIN_ERROR = 0.02  # a: of a Hall sensor whose own calibration nobody takes care of
HIGH_OFFSET_UT = 30.0  # a: one standard deviation, each axis


class TwoRanges:
    """Turns true fields at the sensors into readings.

    ``low_range_ut``, ``high_range_ut``: clipping limits of each axis; without a high range (0) a clipped low range is
    all there is. ``low_noise_ut``, ``high_noise_ut``: one standard deviation. ``set_reset_ut``: standard deviation of
    the offset that the low range comes back with each time it has been clipped, kept until it is clipped again (a:
    the SET pulse restores the bridge, but never quite as it was). White noise follows ``noise_rng`` and with it the
    calls; all else follows ``seed``.
    """

    def __init__(
        self,
        channels: int,
        *,
        low_range_ut: float,
        high_range_ut: float,
        low_noise_ut: float,
        high_noise_ut: float,
        set_reset_ut: float,
        seed: int,
        noise_rng: np.random.Generator,
    ) -> None:
        self._low_range_ut = low_range_ut
        self._high_range_ut = high_range_ut
        self._low_noise_ut = np.float32(low_noise_ut)
        self._high_noise_ut = np.float32(high_noise_ut)
        self._set_reset_ut = set_reset_ut
        self._seed = seed
        self._noise_rng = noise_rng
        rng = np.random.default_rng((seed, 0))
        self._high_gain = (1.0 + HIGH_GAIN_ERROR * rng.standard_normal((channels, 3))).astype(np.float32)
        self._high_offset_ut = (HIGH_OFFSET_UT * rng.standard_normal((channels, 3))).astype(np.float32)
        self._offset_ut: ArrayF64 = np.zeros((channels, 3))
        self._clips: list[int] = [0] * channels
        self._clipped: ArrayBool = np.zeros(channels, dtype=np.bool_)

    def read(self, low_ut: ArrayF32, parts_ut: tuple[ArrayF32, ArrayF32]) -> tuple[ArrayF32, ArrayBool]:
        """Readings (T, channels, 3) and whether any axis of the low range was clipped (T, channels).

        ``low_ut``: what the low range feels through its gain errors (T, channels, 3), written over; ``parts_ut``: two
        such arrays whose sum is the field itself, for the high range.
        """
        noise_ut = self._noise_rng.standard_normal(low_ut.shape, dtype=np.float32)
        noise_ut *= self._low_noise_ut
        low_ut += noise_ut
        clipped = _beyond(low_ut, self._low_range_ut)
        low_ut += self._offset_ut.astype(np.float32)
        any_clipped = bool(clipped.any())
        if any_clipped or self._clipped.any():
            for which in np.flatnonzero(clipped.any(axis=0) | self._clipped).tolist():
                self._step_offsets(low_ut[:, which], clipped[:, which], which)
        _to_counts(low_ut, self._low_range_ut, LOW_LSB_UT)
        if self._high_range_ut > 0 and any_clipped:
            sample, channel = np.nonzero(clipped)
            low_ut[sample, channel] = self._high(parts_ut[0][sample, channel] + parts_ut[1][sample, channel], channel)
        return low_ut, clipped

    def _high(self, true_ut: ArrayF32, channel: np.ndarray) -> ArrayF32:
        """The high range's readings (n, 3) of channels (n,)."""
        reading = true_ut * self._high_gain[channel] + self._high_offset_ut[channel]
        reading += self._high_noise_ut * self._noise_rng.standard_normal(reading.shape, dtype=np.float32)
        return _to_counts(reading, self._high_range_ut, HIGH_LSB_UT)

    def _step_offsets(self, reading_ut: ArrayF32, clipped: ArrayBool, channel: int) -> None:
        """Each time one channel comes back from clipping its offset is another: (T, 3) written over, (T,)."""
        before = np.concatenate([self._clipped[channel : channel + 1], clipped[:-1]])
        for sample in np.flatnonzero(before & ~clipped):
            self._clips[channel] += 1
            rng = np.random.default_rng((self._seed, 1, channel, self._clips[channel]))
            offset_ut = self._set_reset_ut * rng.standard_normal(3)
            reading_ut[sample:] += (offset_ut - self._offset_ut[channel]).astype(np.float32)
            self._offset_ut[channel] = offset_ut
        if clipped.size:
            self._clipped[channel] = clipped[-1]


def _beyond(field_ut: ArrayF32, range_ut: float) -> ArrayBool:
    """Whether any axis of (T, channels, 3) lies at or beyond ±range: (T, channels)."""
    if field_ut.max(initial=0.0) < range_ut and field_ut.min(initial=0.0) > -range_ut:
        return np.zeros(field_ut.shape[:2], dtype=np.bool_)
    return np.asarray((np.abs(field_ut) >= range_ut).any(axis=2))


def _to_counts(reading_ut: ArrayF32, range_ut: float, lsb_ut: float) -> ArrayF32:
    """Clipped and rounded to whole counts, in place."""
    np.clip(reading_ut, -range_ut, range_ut, out=reading_ut)
    reading_ut /= np.float32(lsb_ut)
    np.rint(reading_ut, out=reading_ut)
    reading_ut *= np.float32(lsb_ut)
    return reading_ut
