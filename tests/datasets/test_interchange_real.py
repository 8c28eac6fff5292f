"""The real-life data sets beside the checkout: what each gives, and what is said of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.datasets.data_sets import SHARED, beside_checkout, edges, found, taken

from neosort_datasets.interchange.claims import InterchangeError
from neosort_datasets.interchange.findings import Finding
from neosort_datasets.interchange.importing import ImportRequest, import_pictures
from neosort_datasets.picture_store import PictureStore

pytestmark = beside_checkout
IMPORTERS = SHARED / "importers"

# Source, its format, pictures, boxes, and of the findings those that make the set what it is.
TAKEN = [
    ("coco_dataset/coco", "coco", 2, 2, {Finding.CAPTION: 3, Finding.SEGMENT: 2, Finding.BOX_TWICE: 2}),
    ("coco_dataset/coco_instances", "coco", 2, 2, {Finding.BOX_OF_CROWD: 1, Finding.OUTLINE_BESIDE: 1}),
    ("coco_dataset/coco_person_keypoints", "coco", 2, 2, {Finding.KEYPOINTS_BESIDE: 2}),
    ("coco_dataset/coco_roboflow", "coco", 2, 2, {Finding.BOX_OF_CROWD: 1}),
    ("coco_dataset/mmdet_coco", "coco", 2, 2, {Finding.BOX_OF_CROWD: 1}),
    ("roboflow_dataset/coco", "coco", 3, 3, {Finding.BOX_OF_CROWD: 1, Finding.PICTURE_TWICE_OTHERWISE: 2}),
    ("roboflow_dataset/yolo", "yolo", 3, 4, {Finding.PICTURE_TWICE_OTHERWISE: 2}),
    ("roboflow_dataset/voc", "voc", 3, 4, {Finding.PICTURE_TWICE_OTHERWISE: 2}),
    ("voc_dataset/voc_dataset1", "voc", 1, 2, {Finding.PART: 1, Finding.PICTURE_UNLISTED: 3}),
    ("voc_dataset/voc_dataset3", "voc", 1, 1, {}),
    ("yolo_dataset/annotations", "yolo", 1, 2, {}),
    ("yolo_dataset/labels", "yolo", 1, 2, {Finding.PICTURE_TWICE: 1}),
    ("yolo_dataset/strict", "yolo", 1, 2, {}),
    ("cvat_dataset/for_images/export_task", "cvat", 2, 1, {Finding.POINTS: 2, Finding.BOX_UNNAMED: 1}),
    ("cvat_dataset/for_images/export_project", "cvat", 2, 2, {Finding.PICTURE_TWICE: 4, Finding.POINTS: 6}),
    ("cvat_dataset/for_video", "cvat", 2, 1, {Finding.BOX_DELETED: 4, Finding.POINTS: 2}),
    ("labelme_dataset", "labelme", 1, 7, {Finding.OUTLINE_BOXED: 4, Finding.OUTLINE_BESIDE: 2}),
]  # fmt: skip

REFUSED = [
    ("coco_dataset/coco_captions", "3 × caption"),
    ("coco_dataset/coco_image_info", "2 pictures are listed, nothing more"),
    ("coco_dataset/coco_labels", "3 × label of a whole picture"),
    ("coco_dataset/coco_panoptic", "2 × segment of a panoptic mask"),
    ("coco_dataset/coco_stuff", "2 × region of a crowd or of stuff"),
    ("voc_dataset/voc_dataset2", "5 × picture named but not there"),
    ("roboflow_dataset/createml", "CreateML, which is not taken"),
    ("roboflow_dataset/multiclass", "labels of whole pictures as CSV, which is not taken"),
    ("roboflow_dataset/tfrecord", "TFRecord, which is not taken"),
    ("roboflow_dataset/yolo_obb", "boxes at an angle .DOTA., which is not taken"),
]


@pytest.mark.parametrize(("name", "expected"), [(row[0], row[1:]) for row in TAKEN], ids=[row[0] for row in TAKEN])
def test_every_layout_is_recognised_and_gives_its_boxes(tmp_path, name, expected):
    source_format, pictures, boxes, findings = expected
    store, report = taken(IMPORTERS / name, tmp_path / "store")
    assert (report.source_format, report.pictures, report.boxes.total()) == (source_format, pictures, boxes)
    assert len(store) == pictures
    assert sum(len(picture.boxes) for picture in store) == boxes
    assert findings.items() <= found(report).items()
    if not findings:
        assert found(report) == {}
    assert store.verify() == []


@pytest.mark.parametrize(("name", "why"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_has_no_boxes_is_refused_with_a_word_on_what_it_is(tmp_path, name, why):
    with pytest.raises(InterchangeError, match=why):
        import_pictures(ImportRequest(source=IMPORTERS / name, store=tmp_path / "store"))
    assert not (tmp_path / "store").exists()


def test_boxes_stand_where_each_format_puts_them(tmp_path):
    coco, _ = taken(IMPORTERS / "coco_dataset/coco_instances", tmp_path / "coco")
    assert {picture.name: edges(picture) for picture in coco} == {
        "images/train/a.jpg": [("b", 2, 2, 5, 3)],
        "images/val/b.jpg": [("a", 0, 0, 1, 2)],
    }
    assert {picture.name: picture.subset for picture in coco} == {
        "images/train/a.jpg": "train",
        "images/val/b.jpg": "val",
    }
    yolo, _ = taken(IMPORTERS / "yolo_dataset/strict", tmp_path / "yolo")
    assert edges(yolo[0]) == [("label_2", 0, 2, 4, 4), ("label_4", 3, 3, 5, 6)]
    cvat, _ = taken(IMPORTERS / "cvat_dataset/for_images/export_task", tmp_path / "cvat")
    assert edges(cvat[0]) == [("label1", 0, 2, 4, 4)]
    voc, _ = taken(IMPORTERS / "voc_dataset/voc_dataset1", tmp_path / "voc")
    assert edges(voc[0]) == [("cat", 1, 2, 3, 4), ("person", 4, 5, 6, 7)]
    assert voc[0].subset == "train"
    labelme, _ = taken(IMPORTERS / "labelme_dataset", tmp_path / "labelme")
    assert edges(labelme[0])[:2] == [("window", 43, 34, 45, 37), ("license plate", 58, 66, 62, 68)]


def test_roboflow_formats_of_one_set_agree(tmp_path):
    yolo, _ = taken(IMPORTERS / "roboflow_dataset/yolo", tmp_path / "yolo")
    voc, _ = taken(IMPORTERS / "roboflow_dataset/voc", tmp_path / "voc")
    assert sorted(map(edges, yolo)) == sorted(map(edges, voc))


def test_ewaste_of_roboflow_with_its_numbers_for_names(tmp_path):
    store, report = taken(SHARED / "ewaste-coco", tmp_path / "store")
    assert (report.pictures, report.boxes) == (239, Counter({"5": 106, "3": 81, "0": 63, "2": 42, "4": 22, "1": 19}))
    assert found(report) == {Finding.CLASS_NUMBERED: 6, Finding.CLASS_UNUSED: 2}
    assert report.licences == {"CC BY 4.0": 239}
    assert report.origin == "https://universe.roboflow.com/object-detection/e-waste-mx8fq"
    assert {picture.subset for picture in store} == {"valid", "test"}
    assert store.verify() == []


def test_ewaste_under_the_class_map_that_is_shipped(tmp_path):
    from neosort_datasets.synthetic import KINDS  # noqa: PLC0415 - the simulated world, for this test alone

    class_map = Path(__file__).resolve().parents[2] / "datasets" / "configs" / "classes-ewaste-roboflow.toml"
    request = ImportRequest(source=SHARED / "ewaste-coco", store=tmp_path / "store", class_map=class_map)
    report = import_pictures(request, KINDS)
    assert report.boxes == Counter({"foreign": 106, "phone": 81})
    assert report.findings.counts[Finding.BOX_DROPPED] == 63 + 19 + 42 + 22
    assert PictureStore(tmp_path / "store").kinds() == ["foreign", "phone"]
