"""The field between channels and at another height, against a field that is known everywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_datasets.field_grid import REFERENCE_HEIGHT_MM, FieldGridder
from neosort_datasets.potential_field import Continuation, interpolation_weights
from neosort_datasets.window import WindowGrid
from neosort_hardware.twin.catalogue import model_named
from neosort_hardware.twin.sources import Dipoles, item_dipoles

GRID = WindowGrid()
COLUMNS = GRID.across_start_mm + (np.arange(GRID.field_cols) + 0.5) * GRID.cell_mm
INNER = (COLUMNS > 30) & (COLUMNS < 570)


def items(seed=4, count=12):
    """Dipoles a centimetre above the belt, turned at random, of a gram or so of NdFeB: places and moments (A·m²)."""
    rng = np.random.default_rng(seed)
    places = np.column_stack([rng.uniform(40, 470, count), rng.uniform(60, 540, count), np.full(count, 10.0)])
    return Dipoles(place_mm=places, moment_am2=rng.normal(0, 0.1, (count, 3)))


def field_of(laid, across_mm, height_mm, step_mm=1.0):
    """What a row of sensors reads over the window and the 200 mm before it: places and field.

    B = µ0/4π·(3·d·(m·d)/r⁵ − m/r³), µ0/4π = 10⁸ µT·mm³ per A·m².
    """
    belt_mm = np.arange(-200.0, GRID.length_mm, step_mm)
    sensors = np.stack(np.broadcast_arrays(belt_mm[:, None], across_mm, -height_mm), axis=-1)
    field = np.zeros_like(sensors)
    for place, moment in zip(laid.place_mm, laid.moment_am2, strict=True):
        d = sensors - place
        r = np.linalg.norm(d, axis=-1, keepdims=True)
        field += 1e8 * (3.0 * d * (d @ moment)[..., None] / r**5 - moment / r**3)
    return belt_mm, field.astype(np.float32)


def gridded(laid, pitch_mm, height_mm, *, told_mm=None, step_mm=1.0):
    channels = np.arange(pitch_mm / 2, 600.0, pitch_mm)
    places, field = field_of(laid, channels, height_mm, step_mm)
    gridder = FieldGridder(GRID, channels, height_mm if told_mm is None else told_mm)
    seen, _ = gridder.grid(0.0, places, field, np.zeros(field.shape[:2], bool))
    return seen[:, :, INNER]


def expected(laid):
    """The field at the reference height, as sensors right under the cells' middles average it along the belt."""
    places, field = field_of(laid, COLUMNS, REFERENCE_HEIGHT_MM)
    rows = np.floor(places / GRID.cell_mm).astype(int)
    cells = np.stack([field[rows == row].mean(axis=0) for row in range(GRID.field_rows)])
    return cells.transpose(2, 0, 1)[:, :, INNER]


def error(found, true):
    return float(np.sqrt(((found - true) ** 2).sum() / (true**2).sum()))


def test_at_the_reference_height_the_cells_hold_the_field_of_their_middles():
    laid = items()
    true = expected(laid)
    assert error(gridded(laid, 25.0, 45.0), true) < 0.05, "straight lines between channels are twice as far off"
    assert error(gridded(laid, 12.5, 45.0), true) < 0.03


@pytest.mark.parametrize(
    ("height_mm", "before", "after"), [(30.0, 0.5, 0.05), (38.0, 0.25, 0.03), (52.0, 0.15, 0.08), (60.0, 0.3, 0.14)]
)
@pytest.mark.parametrize("pitch_mm", [12.5, 25.0])
def test_an_array_at_another_height_is_read_as_one_at_the_reference_height(height_mm, before, after, pitch_mm):
    laid = items()
    true = expected(laid)
    assert error(gridded(laid, pitch_mm, height_mm, told_mm=REFERENCE_HEIGHT_MM), true) > before, "worth correcting"
    assert error(gridded(laid, pitch_mm, height_mm), true) < after


def test_a_disk_from_the_catalogue_keeps_its_peak():
    """Many poles of both signs, close together."""
    model = model_named("hdd35-03")
    disk = item_dipoles(
        model, model.poses[0], yaw_rad=0.3, ageing=1.0, remanence_am2=[(0.0, 0.0, 0.0)] * len(model.steel),
        background_t=np.array([2e-5, 1e-5, -4e-5]), array_height_mm=30.0,
    )  # fmt: skip
    laid = Dipoles(place_mm=disk.place_mm + np.array([260.0, 290.0, 0.0]), moment_am2=disk.moment_am2)
    peak = np.abs(expected(laid)).max()
    for height_mm in (30.0, 60.0):
        assert np.abs(gridded(laid, 12.5, height_mm)).max() == pytest.approx(peak, rel=0.25)
        assert np.abs(gridded(laid, 12.5, height_mm, told_mm=45.0)).max() != pytest.approx(peak, rel=0.4)


def test_a_coarse_array_loses_what_lies_between_its_channels_and_no_more():
    laid = items()
    assert error(gridded(laid, 50.0, 45.0), expected(laid)) < 0.3


def test_a_slow_array_on_a_fast_belt_is_as_good_as_a_fast_one():
    """200 Hz at 3 m/s: a sample every 15 mm, in a cell of 16 mm sometimes at one edge, sometimes at the other."""
    laid = items()
    assert error(gridded(laid, 25.0, 45.0, step_mm=15.0), expected(laid)) < 0.05


def test_noise_is_not_blown_up_on_the_way_to_the_sources():
    rng = np.random.default_rng(0)
    channels = np.arange(12.5, 600.0, 25.0)
    places = np.arange(-200.0, GRID.length_mm)
    noise = rng.normal(0, 0.04, (len(places), 24, 3)).astype(np.float32)
    field, _ = FieldGridder(GRID, channels, 60.0).grid(0.0, places, noise, np.zeros(noise.shape[:2], bool))
    assert field.std() < 0.04, "sixteen samples are averaged, what is left grows less than fourfold"


def test_what_lies_before_the_window_helps_and_gaps_stay_gaps():
    laid = items()
    channels = np.arange(12.5, 600.0, 25.0)
    places, field = field_of(laid, channels, 30.0)
    kept = (places < 160) | (places >= 256)
    _, mask = FieldGridder(GRID, channels, 30.0).grid(
        0.0, places[kept], field[kept], np.zeros((int(kept.sum()), 24), bool)
    )
    assert not mask[0, 10:16].any()
    assert mask[0, :10, 5].all()
    assert mask[0, 16:, 5].all()


def test_with_no_samples_at_all_nothing_is_known():
    gridder = FieldGridder(GRID, np.arange(12.5, 600.0, 25.0), 30.0)
    field, mask = gridder.grid(0.0, np.array([9e3]), np.ones((1, 24, 3), np.float32), np.zeros((1, 24), bool))
    assert not field.any()
    assert not mask.any()


@given(st.integers(1, 40), st.floats(5, 100), st.floats(10, 100), st.floats(-50, 50), st.floats(-2, 2))
def test_interpolation_keeps_level_and_slope(count, pitch_mm, depth_mm, level, slope):
    channels = pitch_mm * np.arange(count, dtype=np.float64)
    wanted = np.linspace(channels[0], channels[-1], 17)
    weights = interpolation_weights(channels, wanted, depth_mm)
    np.testing.assert_allclose(weights @ (level + slope * channels), level + slope * wanted, atol=2e-2)


@given(st.floats(-20, 20).filter(lambda rise: abs(rise) > 0.5))
def test_a_uniform_field_is_the_same_at_every_height(rise_mm):
    field = np.full((3, 32, 40), 5.0, np.float32)
    known = np.ones(32, bool), np.ones(40, bool)
    carried = Continuation(32, 40, 16.0, rise_mm).apply(field, *known)
    # Beyond the known cells it is led to zero over 192 mm, which reaches a little way in.
    np.testing.assert_allclose(carried[:, 8:-8, 8:-8], 5.0, atol=1.0)


def test_there_and_back_again():
    laid = items()
    true = expected(laid)
    full = np.zeros((3, 32, 40), np.float32)
    full[:, :, INNER] = true
    known = np.ones(32, bool), np.asarray(INNER)
    away = Continuation(32, 40, 16.0, 10.0).apply(full, *known)
    back = Continuation(32, 40, 16.0, -10.0).apply(away, np.ones(32, bool), np.ones(40, bool))
    inside = np.s_[:, 4:-4, 6:-6]
    assert error(back[inside], full[inside]) < 0.1
    assert error(away[inside], full[inside]) > 0.15
