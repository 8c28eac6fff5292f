"""Foreign matter from photographs: what is cut out, what is passed over, and how it lies on the belt."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from neosort_hardware.config import ConfigError, FeedConfig
from neosort_hardware.twin.clutter import LENGTH_MM, Clutter
from neosort_hardware.twin.cutting_out import cut_out
from neosort_hardware.twin.feed import STRANGERS_SHARE, Feeder

pytestmark = pytest.mark.computes

ROWS, COLS = 384, 512
REAL = Path(__file__).parents[3] / "shared" / "data" / "clutter"


def photograph(corner=(180, 120), size=(150, 90), colour=(40, 60, 200), shadow=True, slope=12.0):
    """A box (x, y), (width, height) of one BGR colour on a board that falls off, its shadow to the lower right."""
    rows, cols = np.mgrid[0:ROWS, 0:COLS]
    board = 225 - slope * (cols / COLS) - slope * (rows / ROWS) ** 2
    picture = np.repeat(board[..., None], 3, axis=2) * [0.96, 0.98, 1.0]
    mask = np.zeros((ROWS, COLS), np.float32)
    cv2.rectangle(mask, corner, (corner[0] + size[0] - 1, corner[1] + size[1] - 1), 1, cv2.FILLED)
    if shadow:
        soft = cv2.GaussianBlur(np.roll(mask, (14, 14), (0, 1)), (0, 0), 9)
        picture *= 1 - 0.16 * soft[..., None]
    grain = np.random.default_rng(1).normal(0, 6, (ROWS, COLS, 1))
    picture = picture * (1 - mask[..., None]) + (np.array(colour) + grain) * mask[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_thing_is_cut_out_without_its_shadow() -> None:
    cut = cut_out(photograph())
    assert cut is not None
    assert cut.alpha.shape == pytest.approx((90, 150), abs=4)
    assert (cut.alpha > 127).mean() > 0.95
    red, green, blue = cut.picture[20:-20, 20:-20].reshape(-1, 3).mean(axis=0)
    assert (red, green, blue) == pytest.approx((200, 60, 40), abs=6)
    assert cut.board_rgb == pytest.approx((220, 215, 211), abs=12)


def test_the_same_photograph_is_cut_out_alike() -> None:
    one, again = cut_out(photograph()), cut_out(photograph())
    assert one is not None
    assert again is not None
    assert np.array_equal(one.alpha, again.alpha)


@pytest.mark.parametrize(
    "picture",
    [
        photograph(corner=(-20, 120)),
        photograph(corner=(180, 330)),
        photograph(corner=(0, 0), size=(COLS, ROWS)),
        photograph(size=(8, 8)),
        photograph(size=(1, 1), shadow=False),
        np.random.default_rng(3).integers(0, 255, (ROWS, COLS, 3)).astype(np.uint8),
    ],
)
def test_what_is_cut_by_the_edge_or_tiny_or_not_on_a_plain_board_is_passed_over(picture) -> None:
    assert cut_out(picture) is None


@pytest.fixture(scope="module")
def clutter(tmp_path_factory: pytest.TempPathFactory) -> Clutter:
    """Of thirty usable photographs in a subfolder, one that is not, and one file that is no picture."""
    folder = tmp_path_factory.mktemp("clutter")
    (folder / "some-kind").mkdir()
    for number in range(30):
        colour = (40 + 5 * number, 60, 200 - 5 * number)
        cv2.imwrite(str(folder / "some-kind" / f"a-{number}.png"), photograph(colour=colour))
    cv2.imwrite(str(folder / "cut.png"), photograph(corner=(-20, 120)))
    (folder / "broken.jpg").write_bytes(b"not a picture")
    return Clutter(folder)


def test_every_thing_is_of_one_split_foreign_unmagnetic_and_of_a_size_that_fits(clutter: Clutter) -> None:
    splits = {split: clutter.models(split) for split in ("train", "validation", "held-out")}
    names = [model.name for models in splits.values() for model in models]
    assert len(set(names)) == len(names)
    assert len(splits["train"]) > len(splits["validation"])
    for model in splits["train"]:
        assert model.kind == "foreign"
        assert model.name.startswith("foreign-some_kind.a_")
        assert not model.bears_ndfeb
        assert not model.steel
        assert LENGTH_MM[0] <= max(model.length_mm, model.width_mm) <= LENGTH_MM[1]
        assert model.length_mm / model.width_mm == pytest.approx(150 / 90, rel=0.05)


def test_a_sprite_is_as_large_as_its_model_and_as_red_as_its_photograph(clutter: Clutter) -> None:
    model = clutter.models("train")[0]
    sprite = clutter.sprite(model, 1.0)
    assert clutter.sprite(model, 1.0) is sprite, "made ready once"
    along_lo, along_hi, across_lo, across_hi = sprite.body.reach_mm(0.0)
    assert along_hi - along_lo == pytest.approx(model.length_mm, rel=0.05)
    assert across_hi - across_lo == pytest.approx(model.width_mm, rel=0.05)
    assert sprite.shade[0].min() < 160, "it shades the belt"
    assert sprite.height.max() > 240


def test_a_folder_without_anything_usable_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "cut.png"), photograph(corner=(-20, 120)))
    with pytest.raises(ConfigError, match=r"no picture .* that shows one whole thing on a plain board"):
        Clutter(tmp_path)


def test_a_split_without_any_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), photograph())
    clutter = Clutter(tmp_path)
    empty = [split for split in ("train", "validation", "calibration", "held-out") if not _has(clutter, split)]
    assert len(empty) == 3
    with pytest.raises(ConfigError, match=f"none falls to the split '{empty[0]}'"):
        clutter.models(empty[0])


def _has(clutter: Clutter, split) -> bool:
    try:
        return bool(clutter.models(split))
    except ConfigError:
        return False


def test_half_of_the_foreign_matter_is_strange_and_the_other_kinds_are_as_they_were(clutter: Clutter) -> None:
    feed = FeedConfig(models="train", mix="even", items_per_s_per_m=20.0)
    strangers = clutter.models("train")
    feeder = Feeder(feed, 600.0, 1000.0, 0.0, np.random.default_rng(4), strangers=strangers)
    foreign = [item.model for item in feeder.until(400_000.0) if item.model.kind == "foreign"]
    share = np.mean([model in strangers for model in foreign])
    assert len(foreign) > 150
    assert share == pytest.approx(STRANGERS_SHARE, abs=0.12)


@pytest.mark.skipif(not REAL.is_dir(), reason="the photographs of waste are not beside the checkout")
def test_of_real_photographs_some_can_be_used() -> None:
    pictures = sorted((REAL / "metal").glob("*.jpg"))
    usable = [path for path in pictures if cut_out(np.asarray(cv2.imread(str(path)), np.uint8)) is not None]
    assert len(usable) >= 8
