"""The atlas reader: the contract with the builder, and what it says of damaged packs."""

import hashlib
import json
import re

import numpy as np
import pytest
from tests.hardware.sprite_makers import shipped, write_atlas

from neosort_hardware.twin.atlas import Atlas, AtlasError


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
    assert atlas.holds("fan-01/side")
    assert not atlas.holds("fan-02/up")
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
    assert atlas.holds("fan-01/up")
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


def test_a_pack_that_is_no_zip_is_refused(folder):

    (folder / "all.zip").write_bytes(b"not a zip")
    index = json.loads((folder / "index.json").read_text())
    index["packs"]["all"]["sha256"] = hashlib.sha256(b"not a zip").hexdigest()
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(AtlasError, match=r"all\.zip: not a zip file"):
        Atlas(folder).sprite("fan-01/up")
