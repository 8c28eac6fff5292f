"""The strip against the exact bodies, its rolling buffer and its handedness."""

import math

import magpylib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from neosort_hardware.twin.bodies import Magnet
from neosort_hardware.twin.field_strip import FieldStrip
from neosort_hardware.twin.magnetics import magnets_field_ut, yaw_rotation
from neosort_hardware.twin.sources import Dipoles, magnet_dipoles

pytestmark = pytest.mark.computes

ACROSS_MM = 12.5 + 25.0 * np.arange(24)
HEIGHT_MM = 45.0


def turned(axes, degrees):
    """A rotation as a body holds it."""
    return tuple(tuple(float(value) for value in row) for row in Rotation.from_euler(axes, degrees, True).as_matrix())


def cuboid(size, centre, polarisation, **pose):
    return Magnet(
        shape="cuboid",
        size_mm=size,
        centre_mm=centre,
        polarisation_t=polarisation,
        material="ndfeb",
        mass_g=1.0,
        **pose,
    )


def disc(diameter, height, centre, polarisation, **pose):
    return Magnet(
        shape="cylinder",
        size_mm=(diameter, diameter, height),
        centre_mm=centre,
        polarisation_t=(0.0, 0.0, polarisation),
        material="ferrite",
        mass_g=1.0,
        **pose,
    )


ITEMS = {
    "disk drive": [
        cuboid((36, 15, 3), (30, side, z), (0, 0, sign * 1.3))
        for side, sign in ((-30, 1), (-15, -1))
        for z in (5.0, 15.0)
    ],
    "phone": [disc(6, 1, (50, 10, 3), 1.3), cuboid((8, 3, 2), (-40, 5, 3), (0.5, 0, 0.2))],
    "loudspeaker": [disc(90, 17, (0, 0, 40), 0.385)],
    "flat ferrite": [disc(90, 15, (0, 0, 8), 0.385)],
    "lying motor": [
        disc(20, 8, (x, 0, 12), 0.4, rotation=turned(axis, 90)) for x, axis in ((-20, "y"), (15, "x"), (30, "z"))
    ],
    "worn pole ring": [
        cuboid(
            (5, 3, 25),
            (20 * math.cos(a), 20 * math.sin(a), 20),
            (1.3 if i % 2 else -1.3, 0, 0),
            rotation=turned("z", math.degrees(a)),
        )
        for i, a in enumerate(np.arange(15) * math.pi / 8)
    ],
}


def cloud(magnets, yaw_rad=0.0, height_mm=HEIGHT_MM):
    """Magnets as dipoles, turned as an item lies."""
    parts = [magnet_dipoles(magnet, height_mm, 5e-4) for magnet in magnets]
    return Dipoles.together(parts).turned(yaw_rotation(yaw_rad))


def dipole(place_mm, moment_am2):
    return Dipoles(place_mm=np.array([place_mm]), moment_am2=np.array([moment_am2]))


def exact_ut(magnets, belt_mm, across_mm, yaw_rad, places_mm, *, height_mm=HEIGHT_MM):
    turn = yaw_rotation(yaw_rad)
    points = np.array(
        [(place - belt_mm, across - across_mm, -height_mm) for place in places_mm for across in ACROSS_MM]
    )
    return (magnets_field_ut(magnets, points @ turn) @ turn.T).reshape(len(places_mm), len(ACROSS_MM), 3)


@pytest.mark.parametrize("name", ITEMS)
@pytest.mark.parametrize(("yaw_rad", "across_mm"), [(0.0, 300.0), (0.7, 277.0), (-2.5, 60.0)])
def test_strip_is_within_a_third_of_a_percent_of_the_exact_bodies(name, yaw_rad, across_mm):
    strip = FieldStrip(ACROSS_MM, HEIGHT_MM)
    strip.add(cloud(ITEMS[name], yaw_rad), 123.3, across_mm)
    places = np.random.default_rng(0).uniform(123.3 - 244, 123.3 + 244, 150)  # inside the taper
    full = np.abs(ACROSS_MM - across_mm) < 244
    exact = exact_ut(ITEMS[name], 123.3, across_mm, yaw_rad, places)
    error = np.linalg.norm(strip.sample(places) - exact, axis=2)[:, full]
    assert error.max() < 3e-3 * np.linalg.norm(exact, axis=2).max()


def test_low_array_is_as_exact():
    strip = FieldStrip(ACROSS_MM, 30.0)
    strip.add(cloud(ITEMS["disk drive"], 0.3, 30.0), 0.0, 300.0)
    places = np.linspace(-240, 240, 200)
    exact = exact_ut(ITEMS["disk drive"], 0.0, 300.0, 0.3, places, height_mm=30.0)
    error = np.linalg.norm(strip.sample(places) - exact, axis=2)[:, np.abs(ACROSS_MM - 300) < 244]
    assert error.max() < 3e-3 * np.linalg.norm(exact, axis=2).max()


@settings(deadline=None, max_examples=30)
@given(st.floats(-math.pi, math.pi), st.floats(0, 600), st.integers(0, 1000))
def test_axes_are_a_right_handed_world(yaw_rad, across_mm, seed):
    """magpylib, given the item turned by +yaw about z in (belt, across, up), reads the same: the turn is proper."""
    rng = np.random.default_rng(seed)
    place, moment = rng.uniform(-30, 30, 3) + np.array([0, 0, 35.0]), rng.normal(size=3)
    strip = FieldStrip(ACROSS_MM, HEIGHT_MM)
    strip.add(dipole(place, moment).turned(yaw_rotation(yaw_rad)), 50.0, across_mm)
    world = Rotation.from_euler("z", yaw_rad)
    source = magpylib.misc.Dipole(
        moment=moment, position=(np.array([50.0, across_mm, 0.0]) + world.apply(place)) * 1e-3, orientation=world
    )
    belt_mm = rng.uniform(-100, 200, 20)
    near = np.abs(ACROSS_MM - across_mm) < 240
    points = np.array([(belt, across, -HEIGHT_MM) for belt in belt_mm for across in ACROSS_MM]) * 1e-3
    expected = (source.getB(points) * 1e6).reshape(len(belt_mm), len(ACROSS_MM), 3)[:, near]
    peak = 2e2 * np.linalg.norm(moment) * (1e2 / (HEIGHT_MM + place[2])) ** 3
    assert np.abs(strip.sample(belt_mm)[:, near] - expected).max() < 3e-3 * peak


def test_field_points_upstream_along_belt_mm():
    """A moment along the item's x, laid without yaw, points along increasing belt_mm; below it the field turns back."""
    strip = FieldStrip(np.array([100.0]), HEIGHT_MM)
    strip.add(dipole([0.0, 0.0, 5.0], [1.0, 0.0, 0.0]), 0.0, 100.0)
    under = strip.sample(np.array([0.0]))[0, 0]
    assert under == pytest.approx([-1e8 / 50.0**3, 0, 0], rel=1e-3, abs=1e-2)
    assert strip.sample(np.array([40.0]))[0, 0, 2] < 0 < strip.sample(np.array([-40.0]))[0, 0, 2]


def test_fields_add_up_and_wait_their_turn():
    """Items along 20 m of belt, read as the line would: the buffer carries each past the array and no further."""
    strip = FieldStrip(ACROSS_MM, HEIGHT_MM)
    centres = np.arange(0.0, 20_000.0, 370.0)
    read, laid = [], 0
    for head in np.arange(0.0, 21_000.0, 100.0):
        while laid < len(centres) and centres[laid] < head + 450:
            strip.add(cloud(ITEMS["phone"], 0.1 * laid), centres[laid], 300.0)
            laid += 1
        strip.extend_to(head + 450)
        read.append(strip.sample(head - 512 + np.arange(0, 100.0, 4.0)))
    places = np.concatenate([head - 512 + np.arange(0, 100.0, 4.0) for head in np.arange(0.0, 21_000.0, 100.0)])
    early = places < 5 * 370
    expected = sum(exact_ut(ITEMS["phone"], c, 300.0, 0.1 * i, places[early]) for i, c in enumerate(centres[:7]))
    peak = np.abs(expected).max()
    error = np.abs(np.concatenate(read)[early] - expected)[:, np.abs(ACROSS_MM - 300) < 200]
    assert error.max() < 8e-3 * peak, "what the taper leaves of far neighbours is all that may differ"
    assert np.abs(np.concatenate(read)[places > centres[-1] + 450]).max() == 0.0


def test_belt_not_yet_laid_is_empty_and_the_forgotten_is_refused():
    strip = FieldStrip(ACROSS_MM, HEIGHT_MM, length_mm=1000)
    strip.add(cloud(ITEMS["phone"]), 0.0, 300.0)
    assert 250.0 < strip.newest_mm < 450.0
    assert not strip.sample(np.array([450.0, 5000.0])).any()
    with pytest.raises(ValueError, match="behind the strip"):
        strip.sample(np.array([-700.0]))
    strip.extend_to(900.0)
    with pytest.raises(ValueError, match="-200"):
        strip.sample(np.array([-200.0]))
    assert strip.sample(np.array([0.0])).any()
    strip.extend_to(50_000.0)
    assert not strip.sample(np.linspace(49_100.0, 50_010.0, 300)).any(), "nothing of the old belt comes round again"


def test_item_that_is_gone_leaves_nothing():
    strip = FieldStrip(ACROSS_MM, HEIGHT_MM, length_mm=1000)
    strip.extend_to(5000.0)
    strip.add(cloud(ITEMS["phone"]), 0.0, 300.0)
    assert not strip.sample(np.linspace(4010.0, 5000.0, 500)).any()


def test_no_step_where_an_item_ends():
    strip = FieldStrip(ACROSS_MM, HEIGHT_MM)
    strip.add(cloud(ITEMS["flat ferrite"]), 0.0, 300.0)
    tail = strip.sample(np.arange(200.0, 400.0, 1.0))
    assert np.abs(np.diff(tail, axis=0)).max() < 0.02 * np.abs(tail[0]).max()
