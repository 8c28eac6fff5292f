"""Samples into cells, and the empty belt's field taken off."""

import numpy as np
import pytest

from neosort_datasets.field_grid import FieldBaseline, FieldGridder, FieldHistory
from neosort_datasets.window import WindowGrid
from neosort_hardware.types import FieldBlock

GRID = WindowGrid()
CHANNELS = 12.5 + 25.0 * np.arange(24)


def block(field_ut, start_mm=0.0, *, mm_per_sample=1.0, start_ns=0, sequence=1, saturated=None):
    n = len(field_ut)
    return FieldBlock(
        field_ut=field_ut.astype(np.float32),
        saturated=np.zeros(field_ut.shape[:2], bool) if saturated is None else saturated,
        belt_mm=start_mm + mm_per_sample * np.arange(n, dtype=np.float64),
        sampled_ns=start_ns + 1_000_000 * np.arange(n, dtype=np.int64),
        sequence=sequence,
    )


def grid(field, saturated=None, n=512):
    places = np.arange(n, dtype=np.float64) * GRID.length_mm / n
    flags = np.zeros((n, 24), bool) if saturated is None else saturated
    return FieldGridder(GRID, CHANNELS).grid(0.0, places, field.astype(np.float32), flags)


@pytest.mark.parametrize("samples", [183, 512, 2048], ids=["2.8 m/s", "1 m/s", "fast array"])
def test_a_uniform_field_stays_what_it_is(samples):
    field, mask = grid(np.full((samples, 24, 3), 7.0), n=samples)
    known = mask[0] > 0
    np.testing.assert_allclose(field[:, known], 7.0, rtol=1e-5)
    assert known.all(axis=0).sum() == 38, "of 40 columns, those that lie within half a pitch of the array"
    assert not field[:, ~known].any()


def test_a_slope_across_is_reproduced_between_channels():
    field, mask = grid(np.broadcast_to(CHANNELS[None, :, None], (512, 24, 3)))
    columns = GRID.across_start_mm + (np.arange(40) + 0.5) * 16
    inner = (columns >= CHANNELS[0]) & (columns <= CHANNELS[-1])
    np.testing.assert_allclose(field[0][:, inner], np.broadcast_to(columns[inner], (32, inner.sum())), rtol=1e-5)
    assert mask[0][:, inner].all()


def test_a_bump_lands_in_its_own_row():
    samples = np.zeros((512, 24, 3))
    samples[160:176, 10, 2] = 50.0
    field, _ = grid(samples)
    assert np.unravel_index(np.argmax(field[2]), field[2].shape)[0] == 10


def test_a_channel_of_nan_is_unknown_and_its_neighbours_stay_good():
    samples = np.full((512, 24, 3), 3.0)
    samples[:, 7] = np.nan
    field, mask = grid(samples)
    assert np.isfinite(field).all()
    np.testing.assert_allclose(field[:, mask[0] > 0], 3.0, rtol=1e-5)
    assert not mask[0].all(axis=0)[12], "the cell under the dead channel"


def test_rows_without_samples_are_unknown():
    gridder = FieldGridder(GRID, CHANNELS)
    places = np.arange(0.0, 256.0)
    _, mask = gridder.grid(0.0, places, np.ones((256, 24, 3), np.float32), np.zeros((256, 24), bool))
    assert mask[0, :16, 5].all()
    assert not mask[0, 16:].any()


def test_saturation_is_a_share():
    flags = np.zeros((512, 24), bool)
    flags[:8, 0] = True
    _, mask = grid(np.ones((512, 24, 3)), flags)
    assert mask[1, 0].max() == pytest.approx(0.5, abs=0.02)
    assert not mask[1, 1:].any()


def test_the_baseline_takes_off_earth_and_leaves_an_items_pulse():
    rng = np.random.default_rng(0)
    earth = rng.uniform(-60, 60, (24, 3))
    samples = earth + rng.normal(0, 0.04, (4000, 24, 3))
    samples[3000:3100, 5:9, 2] += 40.0
    baseline = FieldBaseline()
    out = [baseline.take_off(block(samples[k : k + 50], start_ns=k * 1_000_000)) for k in range(0, 4000, 50)]
    cleaned = np.concatenate(out)
    assert abs(cleaned[200:3000]).max() < 0.5
    assert cleaned[3000:3100, 5:9, 2].mean() == pytest.approx(40.0, abs=0.2)


def test_what_lay_over_the_array_as_the_run_began_is_forgotten_within_two_seconds():
    samples = np.full((4000, 24, 3), 30.0)
    samples[:150, 5, 2] += 200.0
    baseline = FieldBaseline()
    out = [baseline.take_off(block(samples[k : k + 50], start_ns=k * 1_000_000)) for k in range(0, 4000, 50)]
    cleaned = np.concatenate(out)
    assert abs(cleaned[2000:]).max() < 0.5
    assert abs(cleaned[200:1000, 5, 2]).max() > 100, "it cannot be known at once"


def test_history_gives_the_stretch_asked_for_and_forgets_the_rest():
    history = FieldHistory(array_station_mm=512.0, keep_mm=300.0)
    for k in range(10):
        history.add(block(np.ones((100, 24, 3)), start_mm=512.0 + 100 * k, start_ns=k * 100_000_000))
    assert history.newest_place_mm == pytest.approx(999.0)
    places, *_ = history.stretch(850.0, 900.0)
    assert places[0] == 850.0
    assert places[-1] == 899.0
    assert history.stretch(0.0, 100.0) is None


def test_a_belt_that_stands_does_not_fill_the_memory_and_what_came_before_is_kept():
    history = FieldHistory(array_station_mm=0.0, keep_mm=2048.0)
    history.add(block(np.zeros((100, 24, 3))))
    for number in range(1, 2001):
        history.add(block(np.zeros((5, 24, 3)), 99.0, mm_per_sample=0.0, start_ns=(95 + 5 * number) * 1_000_000))
    places, *_ = history.stretch(0.0, 512.0)
    assert len(places) < 1_200, "10 s at rest were fed, one is kept"
    assert places[:99].tolist() == list(range(99))
    history.add(block(np.zeros((5, 24, 3)), 100.0, start_ns=20_000_000_000))
    assert history.newest_place_mm == 104.0
    assert history.stretch(100.0, 512.0)[1][0] == 20_000_000_000
