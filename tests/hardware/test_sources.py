"""Items as clouds of dipoles: moments kept, steel that follows the Earth and the pose, and the whole catalogue against
magpylib's exact bodies."""

import math
from dataclasses import replace

import magpylib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.special import elliprd

from neosort_hardware.magnet_field import MU0_T_M_PER_A
from neosort_hardware.twin.bodies import ON_ITS_END, Magnet, Pose, Steel
from neosort_hardware.twin.catalogue import KINDS, model_named, split_names
from neosort_hardware.twin.field_strip import FieldStrip
from neosort_hardware.twin.kinds_rewound import is_rewound
from neosort_hardware.twin.magnetics import (
    STEEL_SUSCEPTIBILITY,
    dipole_field_ut,
    magnet_field_ut,
    magnet_moment_am2,
)
from neosort_hardware.twin.sources import item_dipoles, magnet_dipoles

pytestmark = pytest.mark.computes

ACROSS_MM = 12.5 + 25.0 * np.arange(24)
HEIGHTS_MM = (30.0, 50.0, 100.0, 150.0)
BACKGROUND_T = np.array([18e-6, -9e-6, -44e-6])
AGEING = 0.8
DENSITY_G_PER_M3 = 7.85e6
SPLITS = ("train", "validation", "calibration", "held-out")


def of_kind(kind):
    """Of motors in the housings of others, which are many and made of the same magnets, one in ten."""
    names = [name for split in SPLITS for name in split_names(split) if name.rpartition("-")[0] == kind]
    of_their_own = [name for name in names if not is_rewound(name)]
    rewound = [name for name in names if is_rewound(name)]
    return [model_named(name) for name in of_their_own + rewound[::10]]


def magnetised(model):
    """A remanence for every piece that may hold one, somewhat askew."""
    return tuple(
        (0.004 * piece.mass_g, 0.0008 * piece.mass_g, -0.0005 * piece.mass_g) if piece.magnetised_share else (0, 0, 0)
        for piece in model.steel
    )


def reference_ut(model, pose, yaw_rad, remanence_am2, points_mm):
    """The item in magpylib, every body exact, turned and set down by scipy's rotations: nothing of ours but the data.

    Steel is a cuboid magnetised evenly; its moment is worked out here anew (Carlson's integrals for N).
    """
    pose_turn, yaw = Rotation.from_matrix(pose.rotation), Rotation.from_euler("z", yaw_rad)
    up_mm = 0.5 * float(np.abs(pose.rotation)[2] @ [model.length_mm, model.width_mm, model.height_mm])
    middle = np.array([0.0, 0.0, 0.5 * model.height_mm])

    def posed(centre_mm, own=None):
        position = yaw.apply(pose_turn.apply(np.asarray(centre_mm) - middle) + np.array([0.0, 0.0, up_mm]))
        turn = yaw * pose_turn
        return {"position": position * 1e-3, "orientation": turn if own is None else turn * own}

    bodies = []
    for magnet in model.magnets:
        size = np.asarray(magnet.size_mm) * 1e-3
        shape = {"cuboid": (magpylib.magnet.Cuboid, size), "cylinder": (magpylib.magnet.Cylinder, size[[0, 2]])}
        make, dimension = shape[magnet.shape]
        where = posed(magnet.centre_mm, Rotation.from_matrix(magnet.rotation))
        bodies.append(make(polarization=AGEING * np.asarray(magnet.polarisation_t), dimension=dimension, **where))
    felt_t = (yaw * pose_turn).inv().apply(BACKGROUND_T)
    for piece, remanence in zip(model.steel, remanence_am2, strict=True):
        volume_m3 = math.prod(piece.size_mm) * 1e-9
        steel_m3 = piece.mass_g / DENSITY_G_PER_M3
        moment = steel_m3 / MU0_T_M_PER_A * felt_t / (demagnetising(piece.size_mm) + 1 / STEEL_SUSCEPTIBILITY)
        polarisation = (moment + remanence) * MU0_T_M_PER_A / volume_m3
        size = np.asarray(piece.size_mm) * 1e-3
        bodies.append(magpylib.magnet.Cuboid(polarization=polarisation, dimension=size, **posed(piece.centre_mm)))
    if not bodies:
        return np.zeros_like(points_mm)
    return magpylib.getB(bodies, points_mm * 1e-3, sumup=True) * 1e6


def demagnetising(size_mm):
    square = (0.5 * np.asarray(size_mm)) ** 2
    carlson = [elliprd(square[(axis + 1) % 3], square[(axis + 2) % 3], square[axis]) for axis in range(3)]
    return math.sqrt(square.prod()) / 3 * np.array(carlson)


def places_below(height_mm, across_mm):
    """Sensors (their numbers) and places along (mm) at which an array so low is compared: half its height apart under
    the item, for a field varies over its distance from what makes it, and some far ones; sensors stand 25 mm apart."""
    near = np.arange(0.0, 120.0, 0.5 * height_mm)
    along = np.concatenate([-near[:0:-1], near, [-700, -500, -300, -180, -120, 120, 180, 300, 500, 700]])
    step = max(1, round(0.5 * height_mm / 25.0))
    return np.arange(round((across_mm - ACROSS_MM[0]) / 25.0) % step, len(ACROSS_MM), step), np.sort(along)


def worst_shares(model, pose, yaw_rad, across_mm):
    """For each height the greatest deviation at any sensor and place, as a share of the item's greatest |B| there; 0
    for no field."""
    remanence = magnetised(model)
    places = [places_below(height_mm, across_mm) for height_mm in HEIGHTS_MM]
    points = [
        np.array([(place, across - across_mm, -height_mm) for place in along for across in ACROSS_MM[sensors]])
        for height_mm, (sensors, along) in zip(HEIGHTS_MM, places, strict=True)
    ]
    exact_ut = reference_ut(model, pose, yaw_rad, remanence, np.concatenate(points))
    exact_ut = np.split(exact_ut, np.cumsum([len(some) for some in points])[:-1])
    for height_mm, (sensors, along), expected in zip(HEIGHTS_MM, places, exact_ut, strict=True):
        strip = FieldStrip(ACROSS_MM, height_mm)
        dipoles = item_dipoles(
            model,
            pose,
            yaw_rad=yaw_rad,
            ageing=AGEING,
            remanence_am2=remanence,
            background_t=BACKGROUND_T,
            array_height_mm=height_mm,
        )
        strip.add(dipoles, 1000.0, across_mm)
        error = np.linalg.norm(strip.sample(1000.0 + along)[:, sensors].reshape(-1, 3) - expected, axis=1)
        peak = float(np.linalg.norm(expected, axis=1).max())
        yield float(error.max()) / peak if peak > 0 else 0.0


ENOUGH = 120  # of a kind; there are hundreds of motors, whose many magnets take magpylib a minute


def agrees_with_magpylib(models):
    rng = np.random.default_rng(7)
    for model in models:
        for pose in model.poses:
            yaw_rad, across_mm = rng.uniform(-math.pi, math.pi), rng.uniform(80, 520)
            shares = worst_shares(model, pose, yaw_rad, across_mm)
            for height_mm, share in zip(HEIGHTS_MM, shares, strict=True):
                assert share < 0.02, (
                    f"{model.name} lying {pose.sprite}, {height_mm:g} mm: {100 * share:.1f} % of its peak"
                )


@pytest.mark.parametrize("kind", KINDS)
def test_two_models_of_every_kind_in_every_pose_read_as_magpylib_has_them(kind):
    models = of_kind(kind)
    agrees_with_magpylib([models[0], models[-1]])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_catalogue_in_every_pose_reads_as_magpylib_has_it(kind):
    models = of_kind(kind)
    agrees_with_magpylib(models[:: -(-len(models) // ENOUGH)])


def in_pose(model, pose, **changes):
    arguments = {
        "yaw_rad": 0.0,
        "ageing": 1.0,
        "remanence_am2": tuple((0.0, 0.0, 0.0) for _ in model.steel),
        "background_t": np.zeros(3),
        "array_height_mm": 45.0,
    }
    return item_dipoles(model, pose, **arguments | changes)


def rod(**changes):
    """A steel rod of 100 × 10 × 10 mm."""
    bar = model_named("steel-01")
    steel = Steel(size_mm=(100.0, 10.0, 10.0), centre_mm=(0.0, 0.0, 5.0), mass_g=78.5, magnetised_share=1.0)
    return replace(bar, length_mm=100.0, width_mm=10.0, height_mm=10.0, steel=(steel,), **changes)


def total_moment(dipoles):
    return dipoles.moment_am2.sum(axis=0)


LYING, STANDING = Pose(sprite="top"), Pose(sprite="end", rotation=ON_ITS_END)


def test_a_rod_gathers_the_earths_field_along_its_length_however_it_lies():
    down = np.array([0.0, 0.0, -50e-6])
    north = np.array([50e-6, 0.0, 0.0])
    along = total_moment(in_pose(rod(), LYING, background_t=north))
    assert along[0] > 0
    assert total_moment(in_pose(rod(), STANDING, background_t=down)) == pytest.approx([0, 0, -along[0]], abs=1e-6)
    assert abs(total_moment(in_pose(rod(), LYING, background_t=down))[2]) < 0.06 * along[0]
    across = total_moment(in_pose(rod(), LYING, background_t=north, yaw_rad=math.pi / 2))
    assert across[0] == pytest.approx(along[0] * 0.0208 / 0.49, rel=0.03), "turned, it lies across the field"


def test_a_rods_remanence_turns_with_it():
    drawn = ((0.3, 0.02, -0.01),)
    lying = total_moment(in_pose(rod(), LYING, remanence_am2=drawn, yaw_rad=0.7))
    assert lying == pytest.approx(Rotation.from_euler("z", 0.7).apply(drawn[0]))
    standing = total_moment(in_pose(rod(), STANDING, remanence_am2=drawn, yaw_rad=0.7))
    assert standing == pytest.approx(Rotation.from_euler("z", 0.7).apply(np.asarray(ON_ITS_END) @ drawn[0]))
    assert abs(standing[2]) == pytest.approx(0.3)


def test_a_magnet_turned_over_pulls_the_other_way_from_the_other_height():
    disc = model_named("nd_loose-16")
    up, over = (in_pose(disc, pose) for pose in disc.poses)
    assert total_moment(up) == pytest.approx(-total_moment(over))
    loudspeaker = model_named("speaker_nd-01")
    heights = [float(in_pose(loudspeaker, pose).place_mm[:, 2].mean()) for pose in loudspeaker.poses]
    assert sum(heights) == pytest.approx(loudspeaker.height_mm, rel=0.3)
    assert heights[1] > 1.2 * heights[0], "cone up, its magnet lies low"


def test_ageing_weakens_magnets_and_leaves_steel():
    phone = model_named("phone-01")
    unworn, worn = (in_pose(phone, phone.poses[0], ageing=ageing) for ageing in (1.0, 0.5))
    steel = in_pose(phone, phone.poses[0], ageing=0.0, background_t=BACKGROUND_T)
    both = in_pose(phone, phone.poses[0], ageing=0.5, background_t=BACKGROUND_T)
    assert total_moment(worn) == pytest.approx(0.5 * total_moment(unworn))
    assert total_moment(both) == pytest.approx(total_moment(worn) + total_moment(steel))


def test_an_item_that_is_not_magnetic_has_no_dipoles():
    heatsink = model_named("heatsink-01")
    assert not in_pose(heatsink, heatsink.poses[0], background_t=BACKGROUND_T).place_mm.size


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_a_cloud_keeps_moment_and_place(seed):
    rng = np.random.default_rng(seed)
    shape = str(rng.choice(["cuboid", "cylinder"]))
    size, centre = rng.uniform(1, 40, 3), rng.uniform(-20, 20, 3) + np.array([0, 0, 40.0])
    magnet = Magnet(
        shape=shape,
        size_mm=(size[0], size[0] if shape == "cylinder" else size[1], size[2]),
        centre_mm=tuple(centre),
        polarisation_t=(0.0, 0.0, 1.0) if shape == "cylinder" else tuple(rng.normal(size=3)),
        material="ndfeb",
        mass_g=1.0,
        rotation=tuple(map(tuple, Rotation.random(rng=rng).as_matrix().tolist())),
    )
    cloud = magnet_dipoles(magnet, 45.0, 1e-3)
    assert total_moment(cloud) == pytest.approx(magnet_moment_am2(magnet), rel=1e-9)
    assert cloud.place_mm.mean(axis=0) == pytest.approx(centre, abs=1e-9)
    far = np.array([[0.0, 0.0, -2000.0]])
    field = sum(dipole_field_ut(m, far - p) for p, m in zip(cloud.place_mm, cloud.moment_am2, strict=True))
    assert np.abs(field - magnet_field_ut(magnet, far)).max() < 1e-3 * np.abs(field).max()


def test_lifting_a_cloud_weakens_what_is_read_below():
    disc = model_named("nd_loose-16")
    low = in_pose(disc, disc.poses[0])
    high = low.turned(np.eye(3), lift_mm=20.0)
    assert high.place_mm[:, 2] == pytest.approx(low.place_mm[:, 2] + 20.0)
