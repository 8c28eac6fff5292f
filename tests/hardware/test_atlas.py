"""The atlas reader: the contract with the builder, and what it says of damaged packs."""

import hashlib
import json
import re
from typing import get_args

import numpy as np
import pytest
from tests.hardware.sprite_makers import shipped, write_atlas

from neosort_hardware.twin.atlas import Atlas, AtlasError
from neosort_hardware.twin.catalogue import SplitName, model_named, split_names
from neosort_hardware.twin.sprites import prepared

pytestmark = pytest.mark.computes


@pytest.fixture
def folder(tmp_path):
    odd = np.full((21, 33), 255, np.uint8)
    odd[:7, :9] = 0
    return write_atlas(tmp_path, {"fan-01/up": shipped(odd, light=(0.3, -0.2)), "fan-01/side": shipped(odd)})


def test_a_sprite_comes_back_as_it_was_packed(folder):
    sprite = Atlas(folder).sprite("fan-01/up")
    assert sprite.colour.shape == (77, 89, 4)
    assert sprite.light.shape == (3, 39, 45)
    assert sprite.shade.shape == (3, 20, 23)
    assert sprite.colour[28 + 3, 28 + 20].tolist() == [230, 230, 230, 255]
    assert sprite.colour[28 + 3, 28 + 3, 3] == 0
    assert (sprite.px_per_mm, sprite.tallest_mm) == (2.0, 5.0)
    assert sprite.light[0].mean() == pytest.approx(128 + 127 * 0.3, abs=1.5)
    assert sprite.light[1].mean() == pytest.approx(128 - 127 * 0.2, abs=1.5)
    assert sprite.light[2].min() > 250
    assert sprite.shade[0, 10, 11] == pytest.approx(128, abs=4)
    assert sprite.shade[0, 0, 0] > 250


def test_a_missing_sprite_is_named(folder):
    atlas = Atlas(folder)
    assert set(atlas.index.sprites) == {"fan-01/up", "fan-01/side"}
    with pytest.raises(AtlasError, match=r"index.json: no sprite 'fan-02/up' among 2"):
        atlas.sprite("fan-02/up")


def test_an_altered_pack_is_refused_with_both_hashes(folder):
    told = json.loads((folder / "index.json").read_text())["packs"]["all"]["sha256"]
    pack = bytearray((folder / "all.zip").read_bytes())
    pack[100] ^= 1
    (folder / "all.zip").write_bytes(pack)
    with pytest.raises(AtlasError, match=rf"all.zip: sha256 is [0-9a-f]{{64}} .* must be {told}"):
        Atlas(folder).sprite("fan-01/up")


def test_the_pack_is_read_when_a_sprite_is_asked_for_and_not_before(folder):
    (folder / "all.zip").unlink()
    atlas = Atlas(folder)
    assert "fan-01/up" in atlas.index.sprites
    with pytest.raises(AtlasError, match=re.escape(f"{folder / 'all.zip'}: cannot be read")):
        atlas.sprite("fan-01/up")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda index: index.update(version=2), "index.json: version = 2"),
        (lambda index: index["packs"]["all"].update(sha256="beef"), "index.json: packs.all.sha256 = 'beef'"),
        (lambda index: index["sprites"]["fan-01/up"].update(width_px=88), r"'fan-01/up/colour.webp' is \(77, 89, 4\)"),
        (lambda index: index["sprites"]["fan-01/up"].update(pack="other"), "no pack 'other', though sprites lie in it"),
        (lambda index: index["sprites"].update(ghost=index["sprites"]["fan-01/up"]), "'ghost/colour.webp' cannot be"),
    ],
)
def test_an_index_that_is_wrong_says_where(folder, damage, message):
    index = json.loads((folder / "index.json").read_text())
    damage(index)
    (folder / "index.json").write_text(json.dumps(index))
    atlas = Atlas(folder)
    with pytest.raises(AtlasError, match=message):
        atlas.sprite("ghost" if "ghost" in message else "fan-01/up")


def test_an_atlas_without_an_index_says_so(tmp_path):
    with pytest.raises(AtlasError, match=re.escape(f"{tmp_path / 'index.json'}: cannot be read")):
        Atlas(tmp_path).sprite("fan-01/up")


def test_the_shipped_atlas_shows_every_model_in_every_pose():
    keys = {
        f"{model.look_of}/{pose.sprite}"
        for split in get_args(SplitName)
        for model in map(model_named, split_names(split))
        for pose in model.poses
    }
    assert keys == set(Atlas().index.sprites)


def test_every_shipped_pack_is_whole_and_its_sprites_as_large_as_their_models():
    """The first held-out model of every look; wires may stick out, the camera stands nearer to what is tall."""
    atlas, seen = Atlas(), set()
    for model in map(model_named, split_names("held-out")):
        if model.look in seen:
            continue
        seen.add(model.look)
        for pose in model.poses:
            sprite = prepared(atlas.sprite(f"{model.look_of}/{pose.sprite}"), 1.0)
            along_lo, along_hi, across_lo, across_hi = sprite.body.reach_mm(0.0)
            length, width, height = model.extents_mm(pose)
            assert 0.75 * length < along_hi - along_lo < length + 130, (model.name, pose.sprite)
            assert 0.75 * width < across_hi - across_lo < width + 130, (model.name, pose.sprite)
            assert 0.6 * height < sprite.tallest_mm < 1.3 * height + 2, (model.name, pose.sprite)
            assert sprite.rgb[:, sprite.alpha > 127].std() > 2.0, "without light and shade"
    assert len(seen) > 30


def test_a_pack_that_is_no_zip_is_refused(folder):

    (folder / "all.zip").write_bytes(b"not a zip")
    index = json.loads((folder / "index.json").read_text())
    index["packs"]["all"]["sha256"] = hashlib.sha256(b"not a zip").hexdigest()
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(AtlasError, match=r"all\.zip: not a zip file"):
        Atlas(folder).sprite("fan-01/up")
