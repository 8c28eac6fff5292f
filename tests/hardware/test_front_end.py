"""The array's front end: each disturbance alone, and what must hold of all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.twin.front_end import DRIVE_PITCH_MM, ArrayFrontEnd
from neosort_hardware.twin.ranges import LOW_LSB_UT

pytestmark = pytest.mark.computes

CHANNELS = 24
ACROSS_MM = 12.5 + 25.0 * np.arange(CHANNELS)
QUIET = {
    "mains_ut": 0.0,
    "drive_ut": 0.0,
    "noise_ut": 0.0,
    "drift_ut_per_min": 0.0,
    "valve_ut": 0.0,
    "gain_error": 0.0,
    "cross_axis": 0.0,
    "belt_ut": 0.0,
    "passing_steel_ut": (0.0, 0.0),
}


def front_end(seed=1, rate_hz=1000.0, range_ut=800.0, **changes):
    return ArrayFrontEnd(channel_across_mm=ACROSS_MM, rate_hz=rate_hz, range_ut=range_ut, seed=seed, **changes)


def still(count):
    return np.zeros((count, CHANNELS, 3), dtype=np.float32)


def read(end, times_s, *, clean=None, speed=1000.0, events=()):
    clean = still(len(times_s)) if clean is None else clean
    return end.read(clean, times_s, speed * times_s, speed, events)


def spectrum(reading, times_s):
    """Frequencies and amplitude of one channel's axis, the largest over the array."""
    amplitude = 2 * np.abs(np.fft.rfft(reading - reading.mean(axis=0), axis=0)) / len(times_s)
    return np.fft.rfftfreq(len(times_s), times_s[1] - times_s[0]), np.linalg.norm(amplitude, axis=2).mean(axis=1)


def test_quiet_array_reads_the_bent_earth():
    for seed in range(10):
        end = front_end(seed, **QUIET)
        reading, saturated = read(end, np.arange(50) / 1000)
        strength = np.linalg.norm(end.background_t) * 1e6
        assert 25.0 <= strength <= 65.0
        assert end.background_t[2] < 0
        assert np.ptp(reading, axis=0).max() == 0.0
        bend = reading[0] - end.background_t * 1e6
        assert 0.03 * strength < np.sqrt((bend**2).mean()) < 0.15 * strength
        assert not saturated.any()
    assert np.linalg.norm(front_end(earth_ut=50.0).background_t) == pytest.approx(50e-6)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 399), max_size=6, unique=True), st.integers(0, 2**31 - 1), st.floats(0, 5000))
def test_background_does_not_depend_on_how_blocks_are_cut(cuts, seed, start_s):
    times_s = start_s + np.arange(400) / 1000
    clean = np.random.default_rng(0).normal(0, 30, (400, CHANNELS, 3)).astype(np.float32)
    events = [(start_s + 0.1 * k, start_s + 0.1 * k + 0.02, 100.0 * k) for k in range(4)]
    whole, _ = read(front_end(seed, noise_ut=0.0), times_s, clean=clean, events=events)
    end, parts = front_end(seed, noise_ut=0.0), []
    for piece in np.split(np.arange(400), sorted(cuts)):
        parts.append(read(end, times_s[piece], clean=clean[piece], events=events)[0])
    assert np.abs(np.concatenate(parts) - whole).max() <= 1.01 * LOW_LSB_UT  # rounding may tip over once


def test_same_seed_same_readings_other_seed_others():
    times_s = np.arange(200) / 1000
    first, second, third = (read(front_end(seed), times_s)[0] for seed in (7, 7, 8))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_mains_and_its_harmonics():
    times_s = np.arange(4000) / 1000
    reading, _ = read(front_end(**QUIET | {"mains_ut": 2.0}), times_s)
    frequency, amplitude = spectrum(reading, times_s)
    tones = [amplitude[np.abs(frequency - hz).argmin()] for hz in (50, 150, 250)]
    assert tones[0] == pytest.approx(2.0, rel=0.15)
    assert all(0.08 * tones[0] < tone < 0.32 * tones[0] for tone in tones[1:])
    other = np.min(np.abs(frequency[:, None] - [50, 150, 250]), axis=1) > 2
    assert amplitude[other].max() < 0.05


def test_above_half_the_rate_nothing_comes_through():
    times_s = np.arange(800) / 200
    frequency, amplitude = spectrum(read(front_end(rate_hz=200.0, **QUIET | {"mains_ut": 2.0}), times_s)[0], times_s)
    assert frequency[amplitude > 0.1] == pytest.approx([50.0] * np.sum(amplitude > 0.1), abs=1.0)


@pytest.mark.parametrize("speed", [500.0, 1000.0, 2800.0])
def test_drive_follows_the_belt(speed):
    times_s = np.arange(2000) / 1000
    reading, _ = read(front_end(**QUIET | {"drive_ut": 1.0}), times_s, speed=speed)
    frequency, amplitude = spectrum(reading, times_s)
    assert frequency[amplitude.argmax()] == pytest.approx(speed / DRIVE_PITCH_MM, abs=0.6)
    assert 5 <= frequency[amplitude.argmax()] <= 60


def test_drive_is_silent_when_the_belt_stands():
    end = front_end(**QUIET | {"drive_ut": 5.0})
    reading, _ = end.read(still(100), np.arange(100) / 1000, np.full(100, 512.3), 0.0)
    quiet, _ = front_end(**QUIET).read(still(100), np.arange(100) / 1000, np.full(100, 512.3), 0.0)
    assert np.array_equal(reading, quiet)


def test_drift_has_the_rate_it_is_told():
    rates = []
    for seed in range(6):
        times_s = np.arange(0, 3600.0, 10.0)
        reading, _ = read(front_end(seed, **QUIET | {"drift_ut_per_min": 0.5}), times_s)
        rates.append(np.sqrt(np.mean(np.diff(reading, axis=0) ** 2)) * 6)
    assert np.mean(rates) == pytest.approx(0.5, rel=0.15)


def test_noise_and_quantum():
    reading, _ = read(front_end(**QUIET | {"noise_ut": 0.04}), np.arange(3000) / 1000)
    assert reading.std(axis=0).mean() == pytest.approx(0.04, rel=0.05)
    counts = reading / np.float32(LOW_LSB_UT)
    assert np.abs(counts - np.rint(counts)).max() < 2e-2
    assert len(np.unique(reading[:, 0, 0])) > 10


def test_valves_are_locked_to_shots_and_fade_across():
    times_s = np.arange(0, 0.2, 0.001)
    event = (0.05, 0.07, 112.5)
    reading, _ = read(front_end(**QUIET | {"valve_ut": 3.0}), times_s, events=[event])
    quiet, _ = read(front_end(**QUIET), times_s)
    pulse = np.linalg.norm(reading - quiet, axis=2)
    assert not pulse[times_s < 0.05].any()
    assert 2.0 < pulse[:, 4].max() < 4.0, "the channel right above reads about the amplitude"
    assert pulse[:, 23].max() < 0.2 * pulse[:, 4].max()
    above_half = times_s[pulse[:, 4] > 0.5 * pulse[:, 4].max()]
    assert 0.02 <= np.ptp(above_half) <= 0.04
    assert pulse[times_s > 0.16].max() < 0.02


def test_valve_that_is_still_open_does_not_look_ahead():
    times_s = np.arange(0, 0.06, 0.001)
    known, _ = read(front_end(noise_ut=0.0), times_s, events=[(0.05, 0.08, 100.0)])
    pending, _ = read(front_end(noise_ut=0.0), times_s, events=[(0.05, np.inf, 100.0)])
    assert np.array_equal(known, pending)


def test_passing_steel_is_rare_slow_and_common():
    times_s = np.arange(0, 1200.0, 0.5)
    quiet = read(front_end(3, **QUIET), times_s)[0]
    bump = read(front_end(3, **QUIET | {"passing_steel_ut": (0.05, 1.0)}), times_s)[0] - quiet
    assert np.ptp(bump, axis=1).max() <= 1.01 * LOW_LSB_UT, "all channels alike"
    strength = np.linalg.norm(bump[:, 0], axis=1)
    assert 0.05 < strength.max() < 1.3
    assert 0.01 < np.mean(strength > 0.05) < 0.5
    assert np.abs(np.diff(strength)).max() < 0.6 * strength.max()


def test_belt_marks_come_round_with_the_belt():
    end = front_end(**QUIET | {"belt_ut": 0.3})
    belt_mm = np.arange(0.0, 13_000.0, 5.0)
    reading, _ = end.read(still(len(belt_mm)), belt_mm / 1000, belt_mm, 1000.0)
    swing = np.linalg.norm(reading - np.median(reading, axis=0), axis=2).mean(axis=1)
    marks = [swing[np.abs(belt_mm - place) < 60].max() for place in (0.0, 6000.0, 12_000.0)]
    between = swing[np.abs(np.mod(belt_mm, 6000.0) - 3000.0) < 2000].max()
    assert min(marks) > 1.2 * between > 0.1


def test_gain_and_cross_axis_act_on_the_field():
    clean = still(10)
    clean[:, :, 0] = 400.0
    times_s = np.arange(10) / 1000
    gains, crosses = [], []
    for seed in range(20):
        end = front_end(seed, range_ut=2000.0, **QUIET | {"gain_error": 0.02, "cross_axis": 0.01})
        change = (read(end, times_s, clean=clean)[0] - read(end, times_s)[0])[0] / 400.0
        gains.append(change[:, 0] - 1.0)
        crosses.append(change[:, 1:])
    assert np.std(gains) == pytest.approx(0.02, rel=0.15)
    assert np.std(crosses) == pytest.approx(0.01, rel=0.15)


def test_saturation_is_clipped_and_flagged_where_it_happens():
    clean = still(20)
    clean[5:9, 3, 2] = -2500.0
    clean[12, 7, 0] = 700.0
    reading, saturated = read(front_end(), np.arange(20) / 1000, clean=clean)
    assert reading.dtype == np.float32
    assert np.abs(reading).max() <= 800.0
    expected = np.zeros((20, CHANNELS), dtype=bool)
    expected[5:9, 3] = True
    assert np.array_equal(saturated, expected)
    assert reading[5:9, 3, 2] == pytest.approx(-800.0)


def test_no_samples_is_no_trouble():
    reading, saturated = read(front_end(), np.zeros(0), events=[(0.0, 0.1, 10.0)])
    assert reading.shape == (0, CHANNELS, 3)
    assert saturated.shape == (0, CHANNELS)


def test_clean_field_is_left_alone():
    clean = np.ones((5, CHANNELS, 3), dtype=np.float32)
    read(front_end(), np.arange(5) / 1000, clean=clean)
    assert (clean == 1.0).all()
