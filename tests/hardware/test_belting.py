"""The belt: the same however it is reached, worn more or less, with debris, its splice, real textures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from neosort_hardware.config import ConfigError
from neosort_hardware.twin.belting import Belting, BeltLook
from neosort_hardware.twin.compositing import WHITE, Lamps
from neosort_hardware.twin.rubber import EMBOSSES, Rubber, RubberStore
from neosort_hardware.twin.scraps import scraps

pytestmark = pytest.mark.computes

RUBBER = Rubber(1.0)
COLS = 320


def belting(seed: int = 1, *, wear: float = 0.5, debris: float = 0.0, rubber: Rubber = RUBBER, **more) -> Belting:
    return Belting(
        rubber, cols=COLS, edge_cols=(20.0, 300.0), mm_per_px=1.0, seed=seed,
        lamps=Lamps(azimuth_rad=0.6, contrast=0.4), look=BeltLook(wear=wear, scraps_per_m2=debris), **more,
    )  # fmt: skip


def test_a_stretch_is_the_same_whatever_was_asked_for_before() -> None:
    once, often = belting(debris=200.0), belting(debris=200.0)
    for first in (-512, 0, 256):
        often.stretch(first, 256)
    assert np.array_equal(once.stretch(512, 256), often.stretch(512, 256))
    assert not np.array_equal(once.stretch(512, 256), belting(2, debris=200.0).stretch(512, 256))


def test_the_rubber_is_dark_and_not_flat_and_its_frame_is_not_belt() -> None:
    for seed in range(6):
        picture = belting(seed).stretch(0, 256).astype(float) / WHITE
        rubber = picture[:, 40:280]
        assert 0.01 < rubber.mean() < 0.12
        assert 0.05 < rubber.std() / rubber.mean() < 0.6
        assert np.ptp(picture[:, 5], axis=0).max() < 1e-3, "the frame stands still, it cannot change along the belt"


def test_stretches_join_without_a_seam() -> None:
    belt = belting(3)
    upper, lower = belt.stretch(0, 256).astype(float), belt.stretch(256, 256).astype(float)
    across_the_seam = np.abs(upper[-1, 30:290] - lower[0, 30:290]).mean()
    inside = np.abs(np.diff(upper[:, 30:290], axis=0)).mean()
    assert across_the_seam < 1.3 * inside


def test_wear_scratches_the_belt() -> None:
    smooth = Rubber(1.0)
    smooth.__dict__["scratches"] = np.full_like(RUBBER.scratches, 128)  # in the place where it would be remembered
    marked = {
        wear: np.abs(
            belting(4, wear=wear).stretch(0, 256).astype(float)
            - belting(4, wear=wear, rubber=smooth).stretch(0, 256).astype(float)
        ).mean()
        for wear in (0.0, 1.0)
    }
    assert marked[1.0] > 2 * marked[0.0] > 0


def test_debris_lies_on_the_belt_and_none_on_the_frame() -> None:
    bare, littered = belting(5).stretch(0, 256), belting(5, debris=400.0).stretch(0, 256)
    changed = (bare != littered).any(axis=2)
    assert not changed[:, :20].any()
    assert not changed[:, 300:].any()
    assert 0.01 < changed[:, 20:300].mean() < 0.4


def test_the_splice_comes_once_a_loop() -> None:
    """Beside a belt so long that its splice is never met: what differs is the splice, a dark groove across."""
    belt, endless = belting(6, loop_rows=2048), belting(6, loop_rows=1 << 40)
    found = []
    for row in range(0, 4096, 256):
        with_it, without = (made.stretch(row, 256).astype(float) for made in (belt, endless))
        if (with_it != without).any():
            found.append(row)
            assert (with_it[:, 20:300] / without[:, 20:300]).min() < 0.55
    assert 2 <= len(found) <= 6
    assert all((row + 2048) % 4096 in found for row in found)


@pytest.mark.parametrize("kind", EMBOSSES)
def test_an_emboss_meets_itself_and_drowns_in_coarse_pixels(kind) -> None:
    along, _ = RUBBER.emboss(kind)
    assert np.abs(along[0] - along[-1]).mean() < 2.5 * np.abs(np.diff(along, axis=0)).mean() + 1e-6
    coarse = Rubber(4.0).emboss(kind)[0]
    assert coarse.std() < along.std()


def test_every_scrap_hides_some_belt_and_lets_it_through_at_its_rim() -> None:
    for scrap in scraps(60, 1.0, np.random.default_rng(0)):
        assert scrap.light.shape[:2] == scrap.through.shape[:2]
        assert scrap.through.min() < 0.97
        rim = np.concatenate([scrap.through[0], scrap.through[-1], scrap.through[:, 0], scrap.through[:, -1]])
        assert rim.min() > 0.9
        assert scrap.light[scrap.through[:, :, 0] > 0.999].sum() == 0


def test_photographs_become_belts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / "belt.jpg"), rng.integers(60, 120, (200, 200, 3)).astype(np.uint8))
    store = RubberStore(tmp_path)
    assert store.rubber(1.0) is store.rubber(1.0)
    different = [
        not np.array_equal(
            belting(seed, rubber=store.rubber(1.0)).stretch(0, 256), belting(seed, rubber=RUBBER).stretch(0, 256)
        )
        for seed in range(12)
    ]
    assert 3 <= sum(different) <= 12


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no pictures of belts"):
        RubberStore(tmp_path)
    (tmp_path / "torn.png").write_bytes(b"not a picture")
    rubber = RubberStore(tmp_path).rubber(1.0)
    with pytest.raises(ConfigError, match=r"torn\.png: not a picture"):
        rubber.photograph(rubber.photographs[0])
