"""Recipes: read strictly, applied in the right order."""

import numpy as np
import pytest

from neosort_hardware.config import ConfigError
from neosort_hardware.types import Box, Verdict
from neosort_inference.detector import Detection
from neosort_inference.recipe import Judge, NoShot, Recipe, load_recipe

pytestmark = pytest.mark.computes

KINDS = ("hdd35", "phone", "lithium_cell")


def detection(p_ndfeb=0.9, magnet_g=5.0, cell_p=0.0, kind="hdd35"):
    return Detection(
        box=Box(belt_lo_mm=0, belt_hi_mm=50, across_lo_mm=100, across_hi_mm=150),
        score=0.9,
        kind=kind,
        kind_p=np.array([1 - cell_p, 0, cell_p], np.float32),
        p_ndfeb=p_ndfeb,
        magnet_g=magnet_g,
        magnet_g_sigma=0.5,
    )


def judge(min_p_ndfeb=0.6, **recipe):
    return Judge(Recipe(**recipe), KINDS, min_p_ndfeb)


def write(tmp_path, text):
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("p_ndfeb", "ejected"), [(0.59, False), (0.6, True), (1.0, True)])
def test_an_item_is_ejected_from_the_threshold_on(p_ndfeb, ejected):
    answer = judge().why_not(detection(p_ndfeb))
    assert answer == (None if ejected else NoShot(verdict=Verdict.PASSED, reason="not bearing"))


@pytest.mark.parametrize(("magnet_g", "ejected"), [(1.9, False), (2.0, True)])
def test_an_item_with_too_little_magnet_passes(magnet_g, ejected):
    answer = judge(min_magnet_g=2.0).why_not(detection(magnet_g=magnet_g))
    assert answer == (None if ejected else NoShot(verdict=Verdict.PASSED, reason="too little magnet"))


@pytest.mark.parametrize(("cell_p", "forbidden"), [(0.0, False), (0.29, False), (0.31, True), (1.0, True)])
def test_what_may_be_of_a_forbidden_kind_is_never_fired_at_however_magnetic(cell_p, forbidden):
    one = detection(p_ndfeb=1.0, magnet_g=50.0, cell_p=cell_p)
    answer = judge().why_not(one)
    assert judge().forbidden(one) is forbidden
    assert (answer is not None and answer.verdict is Verdict.FORBIDDEN) is forbidden


def test_never_fire_p_moves_the_limit():
    doubtful = detection(cell_p=0.2)
    assert judge(never_fire_p=0.25).why_not(doubtful) is None
    assert judge(never_fire_p=0.15).why_not(doubtful).verdict is Verdict.FORBIDDEN


def test_the_reason_says_whether_it_is_such_a_kind_or_may_be():
    sure = judge().why_not(detection(cell_p=0.9, kind="lithium_cell"))
    doubtful = judge().why_not(detection(cell_p=0.4, kind="hdd35"))
    assert sure.reason == "never fire at lithium_cell"
    assert doubtful.reason == "may be a kind never to be fired at"


def test_a_recipe_may_forbid_nothing_or_several_kinds():
    cell, disk = detection(cell_p=1.0, kind="lithium_cell"), detection()
    assert judge(never_fire=()).why_not(cell) is None
    both = judge(never_fire=("lithium_cell", "hdd35"))
    assert both.forbidden(cell)
    assert both.forbidden(disk)


def test_a_kind_the_bundle_does_not_know_is_refused_in_one_sentence():
    with pytest.raises(ConfigError) as refused:
        judge(name="monday", never_fire=("lithium_cell", "batery"))
    message = str(refused.value)
    assert "\n" not in message
    for word in ("'monday'", "never_fire", "'batery'", "hdd35, phone, lithium_cell"):
        assert word in message


def test_a_recipe_is_read_as_written(tmp_path):
    recipe = load_recipe(write(tmp_path, 'name = "pure"\npurity_target = 0.95\nnever_fire = ["phone"]\n'))
    assert (recipe.name, recipe.purity_target, recipe.never_fire) == ("pure", 0.95, ("phone",))
    assert recipe.min_p_ndfeb is None
    assert load_recipe(write(tmp_path, "")) == Recipe()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("purity_target = 1.5\n", ("purity_target", "1.5", "0.999")),
        ("min_p_ndfeb = -0.1\n", ("min_p_ndfeb", "-0.1", "0")),
        ("never_fire_p = 0.0\n", ("never_fire_p", "0.01")),
        ("max_shots_per_s = 0\n", ("max_shots_per_s", "0.1")),
        ("purity = 0.9\n", ("unknown key", "'purity'")),
        ('never_fire = "lithium_cell"\n', ("never_fire", "tuple")),
        ("min_score = nan\n", ("min_score", "nan")),
        ("purity_target = \n", ("not valid TOML", "line 1")),
    ],
)
def test_a_bad_recipe_is_refused_in_one_sentence_that_names_it(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load_recipe(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load_recipe(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("recipe", "kind", "heavy"),
    [
        ({"kind_mass_g": {"hdd35": 900.0}}, "hdd35", True),
        ({"kind_mass_g": {"hdd35": 700.0}}, "hdd35", False),
        ({"kind_mass_g": {"hdd35": 900.0}}, "phone", False),
        ({"kind_mass_g": {"hdd35": 650.0}, "air_limit_g": 600.0}, "hdd35", True),
    ],
)
def test_a_kind_is_heavy_from_what_its_pieces_weigh(recipe, kind, heavy):
    assert judge(**recipe).heavy(detection(kind=kind)) is heavy


def test_a_recipe_that_knows_no_heavy_kind_of_the_bundle_is_refused_where_there_are_flaps():
    judge(kind_mass_g={"phone": 800.0}).must_know_heavy_kinds()
    with pytest.raises(ConfigError, match=r"kinds: hdd35, phone, lithium_cell"):
        judge(kind_mass_g={"hub_motor": 2000.0}).must_know_heavy_kinds()
