"""The magnetometer array's front end in the twin: everything that stands between the belt's field and a reading.

Earth's field bent by the frame, mains, belt drive, rollers and splice, passing steel, drift, our own valves; then each
channel's gain and cross-axis error, and the two converters of `ranges`. The background is a function of time and
belt position alone, so that it does not matter how the caller cuts its blocks; only white noise follows the calls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from neosort_hardware.twin.passing_steel import PassingSteel
from neosort_hardware.twin.ranges import TwoRanges
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64

EARTH_UT = (25.0, 65.0)  # range over the Earth (m)
ROLLER_PITCH_MM = 188.5  # once a turn of a roller 60 mm thick (a)
SPLICE_PITCH_MM = 6000.0  # once a turn of the belt (a)
DRIVE_PITCH_MM = 50.0  # belt travel per period of the drive's field: 10 Hz at 0.5 m/s, 60 Hz at 3 m/s (a)
_DRIFT_PERIODS_MIN = (2.3, 7.1, 19.0)
_MAINS_HARMONICS = (1, 3, 5)
_VALVE_RISE_S = 0.004
_VALVE_FALL_S = 0.010  # with the pulse itself a disturbance of 20 to 40 ms (a)
_VALVE_REACH_MM = 120.0
_ROWS_AT_ONCE = 64

ValveEvent = tuple[float, float, float]
"""A valve's opening (s), closing (s) and place across the belt (mm)."""


class ArrayFrontEnd:
    """Turns the belt's field at the sensors into readings. Times in seconds of the same clock throughout.

    ``mains_ut`` and ``drive_ut`` are amplitudes, ``valve_ut`` the peak at a channel beside the valve, ``noise_ut`` one
    standard deviation, ``drift_ut_per_min`` the rms rate; ``gain_error`` and ``cross_axis`` standard deviations of
    the diagonal and the rest of each channel's matrix. ``earth_ut`` fixes the Earth's field, else it is drawn.
    ``range_ut``, ``high_range_ut`` and what goes with them: as `TwoRanges` has it.
    What lies above half of ``rate_hz`` is taken out before sampling. All of it follows from ``seed``.
    """

    def __init__(
        self,
        *,
        channel_across_mm: ArrayF64,
        rate_hz: float,
        range_ut: float,
        seed: int,
        high_range_ut: float = 0.0,
        high_noise_ut: float = 20.0,
        set_reset_ut: float = 0.5,
        mains_ut: float = 1.0,
        drive_ut: float = 1.0,
        noise_ut: float = 0.04,
        drift_ut_per_min: float = 0.5,
        valve_ut: float = 1.0,
        gain_error: float = 0.01,
        cross_axis: float = 0.01,
        earth_ut: float | None = None,
        belt_ut: float = 0.1,
        passing_steel_ut: tuple[float, float] = (0.05, 1.0),
        mains_hz: float = 50.0,
    ) -> None:
        layout_rng, noise_rng = (np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(2))
        self._across_mm = np.asarray(channel_across_mm, dtype=np.float64)
        self._channels = len(self._across_mm)
        self._seed = seed
        self._nyquist_hz = 0.5 * rate_hz
        self._ranges = TwoRanges(
            self._channels,
            low_range_ut=range_ut,
            high_range_ut=high_range_ut,
            low_noise_ut=noise_ut,
            high_noise_ut=high_noise_ut,
            set_reset_ut=set_reset_ut,
            seed=seed,
            noise_rng=noise_rng,
        )
        self._valve_ut = valve_ut
        self._steel = PassingSteel(passing_steel_ut, self._channels, seed)
        self._mains_hz = mains_hz * (1.0 + 2e-4 * layout_rng.standard_normal())
        self._response = _responses(self._channels, gain_error, cross_axis, layout_rng)
        self._earth_ut = _earth(earth_ut, layout_rng)
        patterns = [
            self._bent_earth(layout_rng),
            self._drift_patterns(drift_ut_per_min, layout_rng),
            self._mains_patterns(mains_ut, layout_rng),
            self._stray_patterns((drive_ut, 0.3 * drive_ut), layout_rng),
            self._stray_patterns((belt_ut, 2.0 * belt_ut), layout_rng),
        ]
        self._patterns = self._as_read(np.concatenate(patterns))
        self._valve_direction = self._directions(layout_rng)

    @property
    def background_t(self) -> ArrayF64:
        """The Earth's field (3,) in tesla, as the belt's items feel it: x along increasing belt_mm, y across, z up."""
        return self._earth_ut * 1e-6

    @property
    def response(self) -> ArrayF64:
        """(channels, 3, 3): what each channel reads per unit of true field."""
        return self._response

    def read(
        self,
        clean_ut: ArrayF32,
        times_s: ArrayF64,
        belt_mm: ArrayF64,
        speed_mm_per_s: float,
        valve_events: Sequence[ValveEvent] = (),
    ) -> tuple[ArrayF32, ArrayBool]:
        """Readings (T, channels, 3) float32 µT and whether any axis of the low range was clipped (T, channels).

        ``clean_ut``: (T, channels, 3) field of what lies on the belt; ``times_s``, ``belt_mm``: (T,), the encoder's
        position. A valve event may be told early: it acts from its opening on.
        """
        times_s = np.asarray(times_s, dtype=np.float64)
        belt_mm = np.asarray(belt_mm, dtype=np.float64)
        functions = [self._time_functions(times_s), self._belt_functions(belt_mm, speed_mm_per_s)]
        patterns = [self._patterns]
        for extra in (self._steel.bumps(times_s), self._valves(times_s, valve_events)):
            if extra is not None:
                functions.append(extra[0])
                patterns.append(self._as_read(extra[1]))
        around_ut = _product(np.concatenate(functions, axis=1), np.concatenate(patterns))
        around_ut = around_ut.reshape(len(times_s), self._channels, 3)
        clean_ut = np.asarray(clean_ut, dtype=np.float32)
        # Where the high range speaks, the low range's few percent of error in the background are nothing.
        return self._ranges.read(around_ut + self._respond(clean_ut), (around_ut, clean_ut))

    def _respond(self, field_ut: ArrayF32) -> ArrayF32:
        """Each channel's gains and cross-axis terms on (T, channels, 3)."""
        response = self._response.astype(np.float32)
        turned = np.matmul(field_ut.transpose(1, 0, 2), response.transpose(0, 2, 1))
        return np.asarray(turned.transpose(1, 0, 2))

    def _as_read(self, patterns: ArrayF64) -> ArrayF64:
        """Patterns (n, channels, 3) as the imperfect channels see them, flattened to (n, channels·3)."""
        return np.asarray(np.einsum("nci,cji->ncj", patterns, self._response).reshape(len(patterns), -1))

    def _directions(self, rng: np.random.Generator) -> ArrayF64:
        """(channels, 3): one direction for the whole array, varying mildly from channel to channel."""
        common = rng.standard_normal(3)
        common /= np.linalg.norm(common)
        return np.asarray(common + 0.12 * rng.standard_normal((self._channels, 3)))

    def _bent_earth(self, rng: np.random.Generator) -> ArrayF64:
        """(1, channels, 3): the steel frame bends the Earth's field by some 8 % at each sensor (a)."""
        strength = float(np.linalg.norm(self._earth_ut))
        return np.asarray((self._earth_ut + 0.08 * strength * rng.standard_normal((self._channels, 3)))[None])

    def _drift_patterns(self, rate_ut_per_min: float, rng: np.random.Generator) -> ArrayF64:
        """Every axis on its own: slow sines whose rates add up to ``rate_ut_per_min`` rms."""
        rows = []
        for period_min in _DRIFT_PERIODS_MIN:
            amplitude = rate_ut_per_min * period_min / (2.0 * math.pi * math.sqrt(len(_DRIFT_PERIODS_MIN)))
            rows.append(amplitude * rng.standard_normal((2, self._channels, 3)))
        return np.concatenate(rows)

    def _mains_patterns(self, mains_ut: float, rng: np.random.Generator) -> ArrayF64:
        """Sine and cosine of each harmonic; third and fifth are 10 to 30 % of the first, each with its own phase."""
        direction = self._directions(rng)
        rows = []
        for harmonic in _MAINS_HARMONICS:
            share = 1.0 if harmonic == 1 else float(rng.uniform(0.1, 0.3))
            phase = float(rng.uniform(0.0, 2.0 * math.pi))
            passed = mains_ut * share if harmonic * self._mains_hz < self._nyquist_hz else 0.0
            rows += [passed * math.cos(phase) * direction, passed * math.sin(phase) * direction]
        return np.stack(rows)

    def _stray_patterns(self, amplitudes_ut: tuple[float, float], rng: np.random.Generator) -> ArrayF64:
        """Two patterns (2, channels, 3), each with its own direction."""
        return np.stack([amplitude * self._directions(rng) for amplitude in amplitudes_ut])

    def _time_functions(self, times_s: ArrayF64) -> ArrayF64:
        """(T, ·): one; drift, from 0 at time 0; sine and cosine of the mains' harmonics."""
        columns = [np.ones_like(times_s)]
        for period_min in _DRIFT_PERIODS_MIN:
            phase = 2.0 * math.pi * times_s / (60.0 * period_min)
            columns += [np.sin(phase), 1.0 - np.cos(phase)]
        for harmonic in _MAINS_HARMONICS:
            phase = 2.0 * math.pi * harmonic * self._mains_hz * times_s
            columns += [np.sin(phase), np.cos(phase)]
        return np.column_stack(columns)

    def _belt_functions(self, belt_mm: ArrayF64, speed_mm_per_s: float) -> ArrayF64:
        """(T, 4): the drive and its second harmonic, silent when the belt stands; rollers; the splice."""
        drive = 2.0 * math.pi * belt_mm / DRIVE_PITCH_MM
        drive_hz = abs(speed_mm_per_s) / DRIVE_PITCH_MM
        # The motor's current comes up over the first 100 mm/s.
        running = min(1.0, abs(speed_mm_per_s) / 100.0)
        first, second = (running if harmonic * drive_hz < self._nyquist_hz else 0.0 for harmonic in (1, 2))
        from_splice = np.mod(belt_mm + 0.5 * SPLICE_PITCH_MM, SPLICE_PITCH_MM) - 0.5 * SPLICE_PITCH_MM
        return np.column_stack(
            [
                first * np.sin(drive),
                second * np.sin(2.0 * drive),
                np.sin(2.0 * math.pi * belt_mm / ROLLER_PITCH_MM),
                np.exp(-0.5 * (from_splice / 25.0) ** 2),
            ]
        )

    def _valves(self, times_s: ArrayF64, events: Sequence[ValveEvent]) -> tuple[ArrayF64, ArrayF64] | None:
        """Our own valves: up within 4 ms of opening, away within 10 ms of closing, weaker with the distance across."""
        if not times_s.size or not events or self._valve_ut <= 0:
            return None
        first, last = float(times_s.min()), float(times_s.max())
        acting = [event for event in events if event[0] < last and event[1] + 8.0 * _VALVE_FALL_S > first]
        if not acting:
            return None
        opened, closed, across = np.asarray(acting, dtype=np.float64).T
        since_open = np.maximum(times_s[:, None] - opened, 0.0)
        since_close = np.maximum(times_s[:, None] - closed, 0.0)
        rise = 1.0 - np.exp(-np.minimum(since_open, closed - opened) / _VALVE_RISE_S)
        strength = self._valve_ut * (1.0 + ((self._across_mm - across[:, None]) / _VALVE_REACH_MM) ** 2) ** -1.5
        return rise * np.exp(-since_close / _VALVE_FALL_S), strength[:, :, None] * self._valve_direction


def _product(functions: ArrayF64, patterns: ArrayF64) -> ArrayF32:
    """(T, n) @ (n, c) in pieces so small that no library shares them out to threads, which would only slow them."""
    left, right = functions.astype(np.float32), patterns.astype(np.float32)
    out = np.empty((len(left), right.shape[1]), dtype=np.float32)
    for start in range(0, len(left), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        np.matmul(left[rows], right, out=out[rows])
    return out


def _earth(strength_ut: float | None, rng: np.random.Generator) -> ArrayF64:
    """A field (3,) of that or a drawn strength, dipping by 40 to 75° in some direction of the compass."""
    drawn_ut = float(rng.uniform(*EARTH_UT))
    dip, heading = math.radians(rng.uniform(40.0, 75.0)), rng.uniform(0.0, 2.0 * math.pi)
    unit = np.array([math.cos(dip) * math.cos(heading), math.cos(dip) * math.sin(heading), -math.sin(dip)])
    return (drawn_ut if strength_ut is None else strength_ut) * unit


def _responses(channels: int, gain_error: float, cross_axis: float, rng: np.random.Generator) -> ArrayF64:
    """(channels, 3, 3): what each channel reads per unit of true field."""
    spread = np.where(np.eye(3, dtype=bool), gain_error, cross_axis)
    return np.asarray(np.eye(3) + spread * rng.standard_normal((channels, 3, 3)))
