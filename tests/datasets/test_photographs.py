"""Photographs stand in for a belt: each whole, alone in its view, upright, and the bad ones named."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from neosort_datasets.photographs import GAP_MM, PhotographError, letterbox, list_photographs, photograph_frames
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig
from neosort_hardware.types import Frame

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ewaste-coco"
RED = (200, 30, 20)


def save(path: Path, width: int, height: int, rgb: tuple[int, int, int] = RED) -> Path:
    """A picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), rgb).save(path)
    return path


class Complaints:
    """What was said to be unreadable."""

    def __init__(self) -> None:
        self.heard: list[tuple[Path, str]] = []

    def __call__(self, path: Path, cause: str) -> None:
        self.heard.append((path, cause))


def frames_of(source: Path, config: LineConfig | None = None) -> tuple[list[Frame], list[tuple[Path, str]]]:
    complaints = Complaints()
    return list(photograph_frames(source, config or LineConfig(), complaints)), complaints.heard


def test_a_folder_is_walked_in_order_and_every_kind_of_file_read(tmp_path: Path) -> None:
    names = ["a/2.png", "a/10.JPG", "b.webp", "c.bmp", "d.jpeg"]
    for number, name in enumerate(names):
        save(tmp_path / name, 64, 64, (40 * number, 40 * number, 40 * number))
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    assert [path.relative_to(tmp_path).as_posix() for path in list_photographs(tmp_path)] == sorted(names)
    frames, complaints = frames_of(tmp_path)
    assert not complaints
    shades = [int(frame.image[256, 320, 0]) for frame in frames]
    assert shades == pytest.approx([40, 0, 80, 120, 160], abs=3)
    assert [frame.sequence for frame in frames] == [1, 2, 3, 4, 5]


def test_no_two_photographs_share_a_view_and_stamps_follow_the_belt(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.png", 30, 30)
    config = LineConfig.model_validate({"belt": {"speed_m_per_s": 2.0}})
    frames, _ = frames_of(tmp_path, config)
    corners = np.array([[0.0, 0.0], [640.0, 512.0]])
    views = [LineGeometry.of(config).pixels_to_belt(corners, frame.belt_mm)[:, 1] for frame in frames]
    for before, after in pairwise(views):
        assert after.min() - before.max() == pytest.approx(GAP_MM)
    assert np.diff([frame.captured_ns for frame in frames]) == pytest.approx((512 + GAP_MM) / 2.0 * 1e6)
    assert frames[0].captured_ns == 0


def test_the_whole_photograph_is_shown_in_rgb_on_grey(tmp_path: Path) -> None:
    (frame,), _ = frames_of(save(tmp_path / "wide.png", 1280, 320))
    assert frame.image.shape == (512, 640, 3)
    assert frame.image.dtype == np.uint8
    filled = np.all(frame.image == RED, axis=2)
    assert np.flatnonzero(filled.any(axis=1)).tolist() == list(range(176, 336))
    assert filled[176:336].all()
    assert np.all(frame.image[~filled] == 114)


@given(st.integers(1, 900), st.integers(1, 900))
def test_a_letterbox_keeps_the_shape(width: int, height: int) -> None:
    boxed = letterbox(np.full((height, width, 3), 255, dtype=np.uint8), 160, 128)
    shown = np.all(boxed == 255, axis=2)
    rows, cols = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    scale = min(160 / width, 128 / height)
    assert boxed.shape == (128, 160, 3)
    assert len(rows) == pytest.approx(max(1, height * scale), abs=0.51)
    assert len(cols) == pytest.approx(max(1, width * scale), abs=0.51)
    assert abs(rows[0] - (127 - rows[-1])) <= 1
    assert abs(cols[0] - (159 - cols[-1])) <= 1


def test_exif_orientation_is_honoured(tmp_path: Path) -> None:
    upright = np.zeros((60, 40, 3), dtype=np.uint8)
    upright[:30] = 250  # bright above
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side, to be turned clockwise
    Image.fromarray(np.rot90(upright)).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    (frame,), _ = frames_of(tmp_path)
    assert frame.image[100, 320].mean() > 200
    assert frame.image[400, 320].mean() < 50


def test_unreadable_pictures_are_named_and_leave_no_gap(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 30, 30)
    (tmp_path / "2.jpg").write_bytes(b"")
    (tmp_path / "3.jpg").write_bytes(b"this is no picture")
    (tmp_path / "4.png").write_bytes((tmp_path / "1.png").read_bytes()[:30])
    (tmp_path / "5.png").symlink_to(tmp_path / "gone.png")
    save(tmp_path / "6.png", 30, 30)
    frames, complaints = frames_of(tmp_path)
    assert [path.name for path, _ in complaints] == ["2.jpg", "3.jpg", "4.png"]
    assert complaints[0][1] == "the file is empty"
    assert all(cause and "\n" not in cause for _, cause in complaints)
    assert [frame.sequence for frame in frames] == [1, 2]
    assert frames[1].belt_mm - frames[0].belt_mm == 512 + GAP_MM


@pytest.mark.parametrize(
    ("name", "words"),
    [("empty", "holds no photograph"), ("gone", "no such folder"), ("notes.txt", "not a photograph")],
)
def test_a_source_without_photographs_is_refused_at_once(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    with pytest.raises(PhotographError, match=words) as caught:
        photograph_frames(tmp_path / name, LineConfig(), Complaints())
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/ewaste-coco is not beside the checkout")
def test_real_photographs_all_become_frames() -> None:
    paths = list_photographs(REAL)
    frames, complaints = frames_of(REAL / "test")
    assert len(paths) == 239
    assert not complaints
    assert len(frames) == len(list_photographs(REAL / "test")) > 10
    for frame in frames:
        assert frame.image.shape == (512, 640, 3)
        assert frame.image[:, 64:576].std() > 5  # something is to be seen
