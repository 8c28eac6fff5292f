"""What goes out comes back: every format, whatever the boxes; and belt windows as pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.datasets.data_sets import edges, exif, found, labelled
from tests.datasets.data_sets import picture_file as save
from tests.datasets.window_stores import GRID, item, window, writer

from neosort_datasets.interchange.claims import InterchangeError
from neosort_datasets.interchange.exporting import SOURCES, WRITERS, export_pictures
from neosort_datasets.interchange.findings import Finding
from neosort_datasets.interchange.importing import ImportRequest, import_pictures
from neosort_datasets.picture_store import PictureStore, PictureStoreWriter
from neosort_datasets.store import WindowStore
from neosort_datasets.window_pictures import SHOWN_SHARE, window_pictures

WIDTH, HEIGHT = 80, 60
# Names as people give them: spaces, letters of any alphabet, what YAML, XML and JSON have meanings for.
KINDS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\x7f"), min_size=1, max_size=12) | (
    st.sampled_from(
        ['hard disk 3.5"', "yes", "null", "0", "a: b", "<b>&amp;", "- x", "#1", "naïve µ", "[x]", "'", "{}"]
    )
)


@st.composite
def boxes(draw):
    """Some boxes of a picture, no two in one place."""
    found_boxes = {}
    for _ in range(draw(st.integers(0, 5))):
        left, top = draw(st.floats(0, WIDTH - 1)), draw(st.floats(0, HEIGHT - 1))
        width, height = draw(st.floats(0.5, WIDTH)), draw(st.floats(0.5, HEIGHT))
        box = (left, top, min(WIDTH, left + width), min(HEIGHT, top + height))
        found_boxes[tuple(round(edge, 1) for edge in box)] = (draw(KINDS), *box)
    return list(found_boxes.values())


def exported(pictures, dest, target_format):
    kinds = sorted({box.kind for picture in pictures for box in picture.boxes})
    return export_pictures(pictures, kinds, dest, target_format)


@pytest.mark.parametrize("target_format", WRITERS)
@settings(max_examples=12, deadline=None)
@given(sets=st.lists(boxes(), min_size=1, max_size=3).filter(any))
def test_boxes_and_names_come_back(tmp_path_factory, target_format, sets):
    folder = tmp_path_factory.mktemp("set")
    pictures = [
        labelled(listed, seed=number, name=f"{number}/bild ä {number}.png", subset=("", "train", "val")[number])
        for number, listed in enumerate(sets)
    ]
    exported(pictures, folder / "out", target_format)
    report = import_pictures(ImportRequest(source=folder / "out", store=folder / "store"))
    assert report.source_format == target_format
    assert set(found(report)) <= {Finding.PICTURE_EMPTY, Finding.CLASS_NUMBERED}
    back = {picture.data(): picture for picture in PictureStore(folder / "store")}
    assert len(back) == len(pictures)
    for picture in pictures:
        found_boxes, expected = edges(back[picture.data()]), edges(picture)
        assert [box[0] for box in found_boxes] == [box[0] for box in expected]
        for one, other in zip(found_boxes, expected, strict=True):
            np.testing.assert_allclose(one[1:], other[1:], atol=0.011)
        assert back[picture.data()].subset == (picture.subset or "all" if target_format != "yolo" else picture.subset)
    shutil.rmtree(folder)


def test_a_turned_picture_goes_out_upright(tmp_path):
    path = save(tmp_path / "a.jpg", 80, 60, exif=exif(6))
    picture = labelled([("phone", 1, 2, 30, 40)], width=60, height=80)
    turned = type(picture)(
        content=path,
        suffix=".jpg",
        width_px=60,
        height_px=80,
        boxes=picture.boxes,
        name="a.jpg",
        origin="x",
        licence="y",
    )
    exported([turned], tmp_path / "out", "coco")
    (file,) = (tmp_path / "out" / "images" / "all").iterdir()
    with Image.open(file) as written:
        assert (written.size, written.getexif().get(0x0112, 1)) == ((60, 80), 1)


def test_an_export_says_where_its_pictures_are_from(tmp_path):
    pictures = [
        labelled([("phone", 1, 1, 9, 9)], seed=n, origin=origin, licence=licence)
        for n, (origin, licence) in enumerate([("x", "MIT"), ("y", "CC BY 4.0"), ("x", "MIT")])
    ]
    report = exported(pictures, tmp_path / "out", "coco")
    assert (report.pictures, report.boxes.total()) == (3, 3)
    said = (tmp_path / "out" / SOURCES).read_text()
    assert said == "2 pictures from x; licence: MIT\n1 pictures from y; licence: CC BY 4.0\n"
    content = json.loads((tmp_path / "out" / "annotations" / "instances_all.json").read_text())
    names = {licence["id"]: licence["name"] for licence in content["licenses"]}
    assert [names[image["license"]] for image in content["images"]] == ["MIT", "CC BY 4.0", "MIT"]


def test_an_export_appears_whole_or_not_at_all(tmp_path):
    whole, broken = labelled([("phone", 1, 1, 9, 9)]), tmp_path / "broken.jpg"
    broken.write_bytes(b"none")
    bad = type(whole)(
        content=broken, suffix=".jpg", width_px=80, height_px=60, boxes=(), name="broken.jpg", origin="x", licence="y"
    )
    with pytest.raises(InterchangeError, match=r"broken.jpg: cannot be exported"):
        exported([whole, bad], tmp_path / "out", "voc")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.jpg"]
    exported([whole], tmp_path / "out", "voc")
    with pytest.raises(InterchangeError, match="is there already and not empty"):
        exported([whole], tmp_path / "out", "voc")
    with pytest.raises(InterchangeError, match="must be one of coco, yolo, voc, cvat, labelme"):
        exported([whole], tmp_path / "other", "tfrecord")


def test_windows_go_out_as_pictures_with_what_shows_of_their_items(tmp_path):
    """Of three items one lies inside, one is clipped at the window's edge, of one a sliver shows."""
    across = {"across_lo_mm": 6.0, "across_hi_mm": 16.0}
    inside = item(1, kind="phone", belt_lo_mm=104.0, belt_hi_mm=124.0, **across)
    clipped = item(2, kind="steel", belt_lo_mm=122.0, belt_hi_mm=142.0, **across)
    sliver = item(3, kind="ram", belt_lo_mm=131.0, belt_hi_mm=151.0, **across)
    writer(tmp_path / "store").append([window(0, start_mm=100.0, items=(inside, clipped, sliver))])
    store = WindowStore(tmp_path / "store")
    (picture,) = window_pictures(store)
    assert (picture.width_px, picture.height_px) == (GRID.cols, GRID.rows)
    assert edges(picture) == [("phone", 10, 4, 20, 24), ("steel", 10, 22, 20, 32)]
    assert SHOWN_SHARE > 1 / 20
    report = export_pictures(window_pictures(store), store.kinds(), tmp_path / "out", "yolo")
    assert report.boxes == {"phone": 1, "steel": 1}
    back = import_pictures(ImportRequest(source=tmp_path / "out", store=tmp_path / "back"))
    assert back.boxes == report.boxes


def test_a_picture_store_gives_back_what_it_was_given(tmp_path):
    pictures = [
        labelled([("phone", 1.5, 2.25, 30, 40)], seed=n, name=f"{n}.png", subset="val", group="g") for n in range(3)
    ]
    writer_ = PictureStoreWriter(tmp_path / "store")
    writer_.append(pictures[:2], source_format="coco", class_map={"a": "phone"}, findings={"CAPTION": 3})
    writer_.append(pictures[2:], source_format="voc")
    store = PictureStore(tmp_path / "store")
    assert len(store) == 3
    for picture, kept in zip(pictures, store, strict=True):
        assert kept.data() == picture.data()
        for name in ("width_px", "height_px", "boxes", "name", "subset", "group", "origin", "licence", "suffix"):
            assert getattr(kept, name) == getattr(picture, name)
    assert [(e.source_format, e.class_map, e.findings) for e in store.entries] == [
        ("coco", {"a": "phone"}, {"CAPTION": 3}),
        ("voc", None, {}),
    ]
    assert store.verify() == []
    with pytest.raises(IndexError):
        store[3]


def test_ultralytics_settings_name_folders_that_are_there(tmp_path):
    pictures = [labelled([("phone", 1, 1, 9, 9)], seed=n, subset=s) for n, s in enumerate(("train", "valid", "test"))]
    exported(pictures, tmp_path / "out", "yolo")
    text = (tmp_path / "out" / "data.yaml").read_text()
    assert text.splitlines() == [
        "train: images/train",
        "val: images/valid",
        "test: images/test",
        "names:",
        '  0: "phone"',
    ]
    assert all((Path(tmp_path / "out") / "images" / subset).is_dir() for subset in ("train", "valid", "test"))
