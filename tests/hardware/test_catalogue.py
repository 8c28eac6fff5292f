"""The catalogue: every model plausible, every magnet inside its item, every split apart from the others."""

import itertools

import numpy as np
import pytest

from neosort_hardware.twin.catalogue import DEFAULT_FEED_PERCENT, KINDS, model_named, models_by_kind, split_names
from neosort_hardware.twin.kinds_rewound import has_brushes, is_rewound

pytestmark = pytest.mark.computes

SPLITS = ("train", "validation", "calibration", "held-out")
ALL = [model_named(name) for split in SPLITS for name in split_names(split)]
BEARING = ("hdd35", "hdd25", "phone", "earphone", "speaker_nd", "motor_nd", "nd_loose", "hub_motor")


def test_the_feed_adds_up():
    assert sum(DEFAULT_FEED_PERCENT.values()) == pytest.approx(100)


def test_splits_share_no_model_and_held_out_has_enough_of_each_kind():
    for one, other in itertools.combinations(SPLITS, 2):
        assert not set(split_names(one)) & set(split_names(other))
    assert all(len(models) >= 4 for models in models_by_kind("held-out").values())
    assert set(models_by_kind("train")) == set(KINDS)


def of(kind):
    """Every model of a kind; there are thousands of all, too many for a test each."""
    return [model for model in ALL if model.kind == kind]


@pytest.mark.parametrize("kind", KINDS)
def test_models_are_plausible(kind):
    for model in of(kind):
        assert 5 <= model.width_mm <= model.length_mm <= 230, model.name
        assert 1.5 <= model.height_mm <= 80, model.name
        assert model.mass_g >= 1, model.name
        assert (model.mass_g <= 700) == (kind != "hub_motor"), f"{model.name}: heavier items need another diverter"
        assert sum(pose.share for pose in model.poses) == pytest.approx(1.0), model.name
        assert model.bears_ndfeb == (kind in BEARING), model.name
        inside_g = sum(magnet.mass_g for magnet in model.magnets) + sum(steel.mass_g for steel in model.steel)
        assert inside_g <= 1.2 * model.mass_g, model.name


@pytest.mark.parametrize("kind", KINDS)
def test_magnets_lie_inside_their_item(kind):
    for model in of(kind):
        around_mm = 0.5 * np.hypot(model.length_mm, model.width_mm) + 1
        for magnet in model.magnets:
            half = 0.5 * np.array(magnet.size_mm)
            corners = np.array(list(itertools.product(*zip(-half, half, strict=True))))
            reach = corners @ np.asarray(magnet.rotation).T + np.array(magnet.centre_mm)
            assert reach[:, 2].min() >= -0.2, f"{model.name}: below the belt"
            assert reach[:, 2].max() <= model.height_mm + 6, model.name
            assert np.hypot(reach[:, 0], reach[:, 1]).max() <= around_mm, model.name


def test_magnet_masses_follow_the_published_figures():
    grams = {kind: [m.ndfeb_g for m in ALL if m.kind == kind] for kind in BEARING}
    assert 12 <= np.mean(grams["hdd35"]) <= 22
    assert 4 <= np.mean(grams["hdd25"]) <= 5
    assert min(grams["phone"]) >= 0.2
    assert max(grams["phone"]) <= 1.0
    assert min(grams["nd_loose"]) >= 1
    assert max(grams["nd_loose"]) <= 50


def test_a_stripped_disk_looks_like_a_full_one():
    assert model_named("hdd35-01").look == model_named("hdd35_stripped-01").look


def rewound(kind):
    """Motors to learn from that have the housing of another."""
    return [model_named(name) for name in split_names("train") if name.startswith(f"{kind}-") and is_rewound(name)]


def test_motors_to_learn_from_come_in_other_makes_of_the_same_housing():
    for motor in rewound("motor_nd") + rewound("motor_ferrite"):
        housing = model_named(motor.look_of)
        assert housing.name in split_names("train")
        assert (motor.look, motor.poses, motor.length_mm) == (housing.look, housing.poses, housing.length_mm)
        assert motor.magnets != housing.magnets
        assert motor.bears_ndfeb == (motor.kind == "motor_nd")
        if motor.kind != housing.kind:
            assert has_brushes(housing), f"{motor.name}: a picture can tell what is in it"


def test_the_field_alone_tells_what_is_in_a_can_with_brushes():
    in_ferrite = {motor.look_of for motor in rewound("motor_nd") if motor.look_of.startswith("motor_ferrite")}
    in_nd = {motor.look_of for motor in rewound("motor_ferrite") if motor.look_of.startswith("motor_nd")}
    assert len(in_ferrite) > 30
    assert len(in_nd) > 10


def test_nothing_is_judged_by_a_motor_in_the_housing_of_another():
    assert not any(is_rewound(name) for split in SPLITS if split != "train" for name in split_names(split))


def without_brushes():
    return next(m for m in models_by_kind("train")["motor_nd"] if m.look == "can_motor" and not has_brushes(m))


@pytest.mark.parametrize("make", ["motor_nd-4{}", "motor_ferrite-9{}"])
def test_a_make_that_no_housing_comes_in_is_refused(make):
    name = make.format(without_brushes().name.rpartition("-")[2].zfill(3))
    with pytest.raises(KeyError, match="does not come in that make"):
        model_named(name)


def test_an_unknown_model_is_named_with_the_kinds_there_are():
    with pytest.raises(KeyError, match="hdd35"):
        model_named("toaster-01")
