"""The layouts and shapes of each format that no set beside the checkout shows."""

from __future__ import annotations

import json

import pytest
from tests.datasets.data_sets import coco, edges, found, taken, voc
from tests.datasets.data_sets import picture_file as save

from neosort_datasets.interchange.claims import InterchangeError
from neosort_datasets.interchange.findings import Finding
from neosort_datasets.interchange.importing import ImportRequest, import_pictures
from neosort_datasets.interchange.inspection import photograph_of


class TestYolo:
    """80 × 60 pixels: a box of 0.5 0.5 0.25 0.5 is (30, 15) to (50, 45)."""

    BOX = (30, 15, 50, 45)

    def test_names_as_a_table_and_paths_that_lead_nowhere(self, tmp_path):
        save(tmp_path / "set" / "train" / "images" / "a.jpg")
        labels = tmp_path / "set" / "train" / "labels"
        labels.mkdir()
        (labels / "a.txt").write_text("7 0.5 0.5 0.25 0.5\n")
        (tmp_path / "set" / "data.yaml").write_text("path: /content/x\ntrain: ../train/images\nnames: {7: hub motor}\n")
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert (edges(store[0]), store[0].subset) == ([("hub motor", *self.BOX)], "train")
        assert found(report) == {}

    def test_every_shape_a_line_can_have(self, tmp_path):
        save(tmp_path / "set" / "a.jpg")
        lines = [
            "0 0.5 0.5 0.25 0.5",
            "0 0.5 0.5 0.25 0.5 0.93",  # the same with a confidence
            "0 0.1 0.1 0.2 0.1 0.2 0.3 0.1 0.3",  # an outline
            "5 0.5 0.5 0.25 0.5",  # a class that has no name
            "0 0.5 0.5 0.25",
            "zero 0.5 0.5 0.25 0.5",
            "0 0.5 inf 0.25 0.5",
            "",
            "0.5 0.5 0.5 0.25 0.5",
        ]
        (tmp_path / "set" / "a.txt").write_text("\n".join(lines))
        (tmp_path / "set" / "classes.txt").write_text("phone\n")
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert edges(store[0]) == [("phone", *self.BOX), ("phone", 8, 6, 16, 18)]
        assert found(report) == {
            Finding.BOX_TWICE: 1,
            Finding.OUTLINE_BOXED: 1,
            Finding.BOX_CLASS_UNKNOWN: 1,
            Finding.LINE_BROKEN: 3,
            Finding.BOX_NOT_FINITE: 1,
        }

    def test_keypoints_behind_the_box_where_the_settings_say_so(self, tmp_path):
        save(tmp_path / "set" / "images" / "a.jpg")
        (tmp_path / "set" / "labels").mkdir()
        (tmp_path / "set" / "labels" / "a.txt").write_text("0 0.5 0.5 0.25 0.5 0.1 0.2 2 0.3 0.4 2\n")
        (tmp_path / "set" / "data.yaml").write_text("names: [phone]\nkpt_shape: [2, 3]\n")
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert edges(store[0]) == [("phone", *self.BOX)]
        assert found(report) == {Finding.KEYPOINTS_BESIDE: 1}

    def test_no_names_at_all_backgrounds_and_labels_without_a_picture(self, tmp_path):
        for number, name in enumerate("abc"):
            save(tmp_path / "set" / "images" / f"{name}.jpg", seed=number)
        labels = tmp_path / "set" / "labels"
        labels.mkdir()
        (labels / "a.txt").write_text("3 0.5 0.5 0.25 0.5\n")
        (labels / "b.txt").write_text("")
        (labels / "gone.txt").write_text("3 0.5 0.5 0.25 0.5\n")
        (labels / "notes.txt").write_text("checked by Anna\n")
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert [edges(picture) for picture in store] == [[("3", *self.BOX)], [], []]
        assert found(report) == {
            Finding.CLASS_NUMBERED: 1,
            Finding.PICTURE_EMPTY: 2,
            Finding.PICTURE_UNLABELLED: 1,
            Finding.PICTURE_MISSING: 1,
        }

    def test_rounding_to_six_decimals_is_no_reaching_out(self, tmp_path):
        save(tmp_path / "set" / "a.png", 4000, 30)
        (tmp_path / "set" / "a.txt").write_text("0 0.499999 0.500000 1.000003 1.000000\n")
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert edges(store[0]) == [("0", 0, 0, 4000, 30)]
        assert found(report) == {Finding.CLASS_NUMBERED: 1}

    def test_a_source_inside_a_folder_of_that_name_looks_for_no_labels_outside(self, tmp_path):
        """…/images/set beside …/labels/set: the labels are not of the source, whatever their path."""
        save(tmp_path / "images" / "set" / "a.jpg")
        (tmp_path / "labels" / "set").mkdir(parents=True)
        (tmp_path / "labels" / "set" / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n")
        with pytest.raises(InterchangeError, match="none of coco"):
            import_pictures(ImportRequest(source=tmp_path / "images" / "set", store=tmp_path / "store"))


class TestCvat:
    """Shapes as CVAT writes them."""

    def test_shapes_that_bound_an_item_and_those_that_do_not(self, tmp_path):
        save(tmp_path / "set" / "images" / "a.jpg")
        shapes = """
          <box label="turned" xtl="30" ytl="20" xbr="50" ybr="30" rotation="90"/>
          <box label="over" xtl="30" ytl="20" xbr="50" ybr="30" rotation="180"/>
          <polygon label="outline" points="1,2;11,3;6,15"/>
          <mask label="mask" rle="3,4" left="5" top="6" width="7" height="8"/>
          <ellipse label="round" cx="40" cy="30" rx="8" ry="4"/>
          <polyline label="line" points="1,2;3,4"/>
          <cuboid label="cuboid" xtl1="1"/>
          <tag label="whole"/>
          <box label="lost" xtl="30" ytl="" xbr="50" ybr="30"/>"""
        (tmp_path / "set" / "annotations.xml").write_text(
            f'<annotations><image id="0" name="a.jpg" width="80" height="60">{shapes}</image></annotations>'
        )
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert edges(store[0]) == [
            ("turned", 35, 15, 45, 35),
            ("over", 30, 20, 50, 30),
            ("outline", 1, 2, 11, 15),
            ("mask", 5, 6, 12, 14),
            ("round", 32, 26, 48, 34),
        ]
        assert found(report) == {
            Finding.BOX_TURNED: 1,
            Finding.OUTLINE_BOXED: 3,
            Finding.POINTS: 2,
            Finding.WHOLE_LABEL: 1,
            Finding.BOX_NOT_FINITE: 1,
        }

    def test_frames_of_a_video_belong_together(self, tmp_path):
        for frame in (0, 5):
            save(tmp_path / "set" / "images" / f"frame_{frame:06d}.png", seed=frame)
        boxes = "".join(
            f'<box frame="{frame}" outside="{outside}" xtl="{frame}" ytl="0" xbr="20" ybr="20"/>'
            for frame, outside in ((0, 0), (5, 0), (6, 1), (7, 0))
        )
        (tmp_path / "set" / "annotations.xml").write_text(
            "<annotations><meta><source>belt.mp4</source></meta>"
            f'<track id="3" label="phone">{boxes}</track></annotations>'
        )
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert [edges(picture) for picture in store] == [[("phone", 0, 0, 20, 20)], [("phone", 5, 0, 20, 20)]]
        assert {picture.group for picture in store} == {"belt.mp4"}
        assert found(report) == {Finding.BOX_DELETED: 1, Finding.PICTURE_MISSING: 2}


class TestLabelMe:
    """The program of today, and the web tool."""

    def test_shapes(self, tmp_path):
        save(tmp_path / "set" / "a.jpg")
        shapes = [
            {"label": "box", "points": [[20, 30], [10, 5]], "shape_type": "rectangle"},
            {"label": "outline", "points": [[1, 2], [11, 3], [6, 15]]},
            {"label": "mask", "points": [[5, 6], [12, 14]], "shape_type": "mask", "mask": "…"},
            {"label": "line", "points": [[5, 6], [12, 14]], "shape_type": "line"},
            {"label": "broken", "points": [["x", 6]], "shape_type": "rectangle"},
            {"label": "no points"},
        ]
        (tmp_path / "set" / "a.json").write_text(json.dumps({"shapes": shapes, "imagePath": "a.jpg"}))
        (tmp_path / "set" / "b.json").write_text('{"shapes": [{"label":')
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert edges(store[0]) == [("box", 10, 5, 20, 30), ("outline", 1, 2, 11, 15), ("mask", 5, 6, 12, 14)]
        assert found(report) == {
            Finding.OUTLINE_BOXED: 2,
            Finding.POINTS: 1,
            Finding.LINE_BROKEN: 2,
            Finding.ANNOTATION_BROKEN: 1,
        }

    def test_what_the_web_tool_marks_as_deleted_is_gone(self, tmp_path):
        save(tmp_path / "set" / "a.jpg")
        points = "<polygon><pt><x>1</x><y>2</y></pt><pt><x>11</x><y>15</y></pt></polygon>"
        objects = "".join(
            f"<object><name>{name}</name><deleted>{deleted}</deleted><type>bounding_box</type>{points}</object>"
            for name, deleted in (("phone", 0), ("steel", 1))
        )
        (tmp_path / "set" / "a.xml").write_text(f"<annotation><filename>a.jpg</filename>{objects}</annotation>")
        store, report = taken(tmp_path / "set", tmp_path / "store")
        assert (report.source_format, edges(store[0])) == ("labelme", [("phone", 1, 2, 11, 15)])
        assert found(report) == {Finding.BOX_DELETED: 1}


def test_voc_without_a_size_in_nested_folders(tmp_path):
    save(tmp_path / "set" / "JPEGImages" / "day1" / "a.jpg")
    voc(tmp_path / "set" / "Annotations" / "day1" / "a.xml", "a.jpg", [("phone", 1.5, 2, 11, 15), ("", 1, 1, 5, 5)])
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert edges(store[0]) == [("phone", 1.5, 2, 11, 15)]
    assert found(report) == {Finding.BOX_UNNAMED: 1}


def test_coco_whose_boxes_are_outlines_alone(tmp_path):
    save(tmp_path / "set" / "images" / "train2017" / "a.jpg")
    outline = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 2, 11, 3, 6, 15]]}
    coded = {"id": 2, "image_id": 1, "category_id": 1, "segmentation": {"counts": "abc", "size": [60, 80]}}
    coco(
        tmp_path / "set",
        [(1, "a.jpg", 80, 60)],
        [outline, coded],
        file="annotations/instances_train2017.json",
    )
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert (edges(store[0]), store[0].subset) == ([("phone", 1, 2, 11, 15)], "train2017")
    assert found(report) == {Finding.OUTLINE_BOXED: 1, Finding.LINE_BROKEN: 1}


def test_numbers_that_are_text_or_fractions_in_coco_are_the_same_numbers(tmp_path):
    save(tmp_path / "set" / "a.jpg")
    annotations = [{"id": "1", "image_id": 1.0, "category_id": "1", "bbox": ["1", "2", "3", "4"], "iscrowd": 0}]
    coco(tmp_path / "set", [(1, "a.jpg", "80", "60")], annotations)
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert edges(store[0]) == [("phone", 1, 2, 4, 6)]
    assert found(report) == {}


@pytest.mark.parametrize(
    ("name", "photograph"),
    [
        ("train/cat_jpg.rf.0123456789abcdef.jpg", "cat_jpg"),
        ("valid/cat_jpg.rf.fedcba9876543210.jpg", "cat_jpg"),
        ("cat.jpg", "cat"),
        ("mr.rf.jpg", "mr.rf"),
    ],
)
def test_augmented_copies_of_a_photograph_are_known(name, photograph):
    assert photograph_of(name) == photograph
