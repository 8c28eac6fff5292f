"""What is wrong with a data set is put right or left out, and always told; what is hostile gets nowhere."""

from __future__ import annotations

import base64
import json
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.datasets.data_sets import coco, edges, exif, found, taken, voc
from tests.datasets.data_sets import picture_file as save

from neosort_datasets import picture_file
from neosort_datasets.interchange.claims import ClaimedBox, ClaimedPicture, InterchangeError, MissingExtraError
from neosort_datasets.interchange.findings import Finding
from neosort_datasets.interchange.frames import fit_box, frame_of
from neosort_datasets.interchange.importing import ImportRequest, import_pictures
from neosort_datasets.picture_file import PictureFacts, decode_upright, examine
from neosort_hardware.config import ConfigError


def test_a_sound_set_has_nothing_wrong_with_it(tmp_path):
    save(tmp_path / "set" / "a.jpg")
    coco(tmp_path / "set", [(1, "a.jpg", 80, 60)], [(1, 1, 1, [5, 6, 20, 30])])
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert found(report) == {}
    assert edges(store[0]) == [("phone", 5, 6, 25, 36)]
    assert store[0].data() == (tmp_path / "set" / "a.jpg").read_bytes()


def test_boxes_that_are_none_or_reach_out(tmp_path):
    save(tmp_path / "set" / "a.jpg")
    boxes = [[70, 50, 30, 30], [-5, -5, 10, 10], [200, 10, 5, 5], [-9, 0, 9, 9], [5, 5, 0, 4], [5, 5, 4, -1]]
    listed = [(number, 1, 1, box) for number, box in enumerate(boxes)]
    listed += [(90, 1, 1, [5, 5, "wide", 4]), (91, 1, 1, [1, 2, 3]), (92, 1, 7, [1, 1, 2, 2]), (93, 8, 1, [1, 1, 2, 2])]
    coco(tmp_path / "set", [(1, "a.jpg", 80, 60)], [*listed, (93, 1, 1, [70, 50, 30, 30])])
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert edges(store[0]) == [("phone", 70, 50, 80, 60), ("phone", 0, 0, 5, 5)]
    assert found(report) == {
        Finding.BOX_CLIPPED: 3,
        Finding.BOX_OUTSIDE: 2,
        Finding.BOX_EMPTY: 2,
        Finding.BOX_NOT_FINITE: 1,
        Finding.LINE_BROKEN: 1,
        Finding.BOX_CLASS_UNKNOWN: 1,
        Finding.BOX_ORPHANED: 1,
        Finding.ID_TWICE: 1,
        Finding.BOX_TWICE: 1,
    }


def test_numbers_that_are_infinite_or_not_there_cost_one_box_and_no_more(tmp_path):
    save(tmp_path / "set" / "a.jpg")
    coco(tmp_path / "set", [(1, "a.jpg", 80, 60)], [(1, 1, 1, [1, 1, float("nan"), 2]), (2, 1, 1, [3, 3, 4, 4])])
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert edges(store[0]) == [("phone", 3, 3, 7, 7)]
    assert found(report) == {Finding.BOX_NOT_FINITE: 1}


def test_pictures_that_cannot_be_used_are_left_out_each_with_its_cause(tmp_path, monkeypatch):
    folder = tmp_path / "set"
    for number, name in enumerate(("whole.jpg", "half.jpg", "half.png", "large.png", "unlisted.jpg")):
        save(folder / name, 80, 60 if name != "large.png" else 70, seed=number)
    for name in ("half.jpg", "half.png"):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])
    (folder / "text.jpg").write_text("not a picture")
    (folder / "empty.jpg").write_bytes(b"")
    monkeypatch.setattr(picture_file, "PIXEL_LIMIT", 80 * 60)
    names = ["whole.jpg", "half.jpg", "half.png", "large.png", "text.jpg", "empty.jpg", "gone.jpg"]
    coco(
        folder,
        [(number, name, None, None) for number, name in enumerate(names)],
        [(number, number, 1, [1, 1, 9, 9]) for number in range(len(names))],
    )
    store, report = taken(folder, tmp_path / "store")
    assert [picture.name for picture in store] == ["whole.jpg"]
    assert found(report) == {
        Finding.PICTURE_CUT_SHORT: 2,
        Finding.PICTURE_TOO_LARGE: 1,
        Finding.PICTURE_UNREADABLE: 2,
        Finding.PICTURE_MISSING: 1,
        Finding.PICTURE_UNLISTED: 1,
    }


def test_a_picture_that_says_it_is_enormous_is_never_decoded(tmp_path):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with pytest.raises(picture_file.PictureError) as refused:
        examine(bomb)
    assert refused.value.fault == "too large"


def test_paths_that_lead_out_are_refused_whether_written_or_linked(tmp_path):
    secret = save(tmp_path / "secret.jpg", seed=5)
    save(tmp_path / "set" / "a.jpg")
    (tmp_path / "set" / "link.jpg").symlink_to(secret)
    names = [
        "a.jpg",
        "../secret.jpg",
        "x/../../secret.jpg",
        "link.jpg",
        str(secret),
        "C:\\pics\\a.jpg",
        "bad\0name.jpg",
    ]
    coco(
        tmp_path / "set",
        [(number, name, 80, 60) for number, name in enumerate(names)],
        [(number, number, 1, [1, 1, 9 + number, 9]) for number in range(len(names))],
    )
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert [picture.name for picture in store] == ["a.jpg"]
    assert [box[3] for box in edges(store[0])] == [10, 15], "the path of another machine ends in a picture that is here"
    assert found(report) == {Finding.PATH_CLIMBS: 4, Finding.PICTURE_MISSING: 2}


def test_a_path_up_and_down_again_inside_the_source_is_none_of_them(tmp_path):
    save(tmp_path / "set" / "images" / "a.jpg")
    (tmp_path / "set" / "labels").mkdir()
    shape = {"label": "phone", "points": [[9, 9], [1, 1]], "shape_type": "rectangle"}
    content = {"shapes": [shape], "imagePath": "../images/a.jpg", "imageHeight": 60, "imageWidth": 80}
    (tmp_path / "set" / "labels" / "a.json").write_text(json.dumps(content))
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert edges(store[0]) == [("phone", 1, 1, 9, 9)]
    assert found(report) == {}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_follow_a_picture_that_is_upright_by_its_exif_mark(tmp_path, orientation):
    """The same box annotated in the upright frame and in the frame as stored is the same box of the store."""
    stored = np.zeros((60, 80, 3), dtype=np.uint8)
    stored[10:20, 30:60] = 255
    folder = tmp_path / "set"
    folder.mkdir()
    Image.fromarray(stored).save(folder / "a.png", exif=exif(orientation))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(folder / "a.png")))
    rows, cols = np.nonzero(upright[..., 0])
    expected = ("phone", cols.min(), rows.min(), cols.max() + 1, rows.max() + 1)
    coco(folder, [(1, "a.png", 80, 60)], [(1, 1, 1, [30, 10, 30, 10])])
    if upright.shape[:2] != (60, 80):
        store, report = taken(folder, tmp_path / "stored")
        assert edges(store[0]) == [expected]
        assert found(report) == {Finding.PICTURE_TURNED: 1}
    width, height = upright.shape[1], upright.shape[0]
    _, left, top, right, bottom = (int(v) if not isinstance(v, str) else v for v in expected)
    coco(folder, [(1, "a.png", width, height)], [(1, 1, 1, [left, top, right - left, bottom - top])])
    store, _ = taken(folder, tmp_path / "upright")
    assert edges(store[0]) == [expected]
    assert (store[0].width_px, store[0].height_px) == (width, height)
    np.testing.assert_array_equal(decode_upright(store[0].data()), upright)


def test_a_mirror_image_has_its_boxes_mirrored():
    """Orientation 2 keeps the size, so nothing but the tools' habit says which frame is meant: the upright one."""
    facts = PictureFacts(suffix=".jpg", stored_width_px=80, stored_height_px=60, orientation=2)
    claim = ClaimedPicture(file="a", folders=(), named_in=None, size_px=(80, 60))
    box = ClaimedBox(label="phone", left=1, top=2, right=3, bottom=4)
    assert fit_box(box, frame_of(claim, facts)) == box


def test_sizes_that_differ_scale_boxes_or_cost_the_picture(tmp_path):
    folder = tmp_path / "set"
    for number, name in enumerate("abc"):
        save(folder / f"{name}.jpg", seed=number)
    images = [(1, "a.jpg", 160, 120), (2, "b.jpg", 60, 80), (3, "c.jpg", 0, 0)]
    coco(folder, images, [(number, number, 1, [10, 20, 30, 40]) for number in (1, 2, 3)])
    store, report = taken(folder, tmp_path / "store")
    assert {picture.name: edges(picture) for picture in store} == {
        "a.jpg": [("phone", 5, 10, 20, 30)],
        "c.jpg": [("phone", 10, 20, 40, 60)],
    }
    assert found(report) == {Finding.SIZE_SCALED: 1, Finding.SIZE_CONTRADICTS: 1}


def test_two_pictures_of_one_number_are_left_out_and_one_listed_twice_is_not(tmp_path):
    folder = tmp_path / "set"
    for number, name in enumerate("abc"):
        save(folder / f"{name}.jpg", seed=number)
    images = [(1, "a.jpg", 80, 60), (1, "b.jpg", 80, 60), (2, "c.jpg", 80, 60), (3, "c.jpg", 80, 60)]
    coco(folder, images, [(1, 1, 1, [1, 1, 5, 5]), (2, 2, 1, [2, 2, 5, 5]), (3, 3, 1, [3, 3, 5, 5])])
    store, report = taken(folder, tmp_path / "store")
    assert [edges(picture) for picture in store] == [[("phone", 2, 2, 7, 7), ("phone", 3, 3, 8, 8)]]
    assert found(report)[Finding.PICTURE_ID_TWICE] == 2


def test_an_import_repeated_takes_nothing_twice_and_one_broken_off_is_gone_on_with(tmp_path):
    folder = tmp_path / "set"
    for number, name in enumerate("ab"):
        save(folder / f"{name}.jpg", seed=number)
    coco(folder, [(1, "a.jpg", 80, 60)], [(1, 1, 1, [1, 1, 5, 5])])
    taken(folder, tmp_path / "store")
    coco(folder, [(1, "a.jpg", 80, 60), (2, "b.jpg", 80, 60)], [(1, 1, 1, [1, 1, 5, 5]), (2, 2, 1, [1, 1, 5, 5])])
    store, report = taken(folder, tmp_path / "store")
    assert [picture.name for picture in store] == ["a.jpg", "b.jpg"]
    assert (report.pictures, found(report)) == (1, {Finding.PICTURE_TWICE: 1})
    _, again = taken(folder, tmp_path / "store")
    assert (again.pictures, found(again)) == (0, {Finding.PICTURE_TWICE: 2})


def test_a_picture_inside_its_annotation_is_taken_where_there_is_no_file(tmp_path):
    data = save(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "set").mkdir()
    shape = {"label": "phone", "points": [[10, 10], [20, 10]], "shape_type": "circle"}
    content = {
        "shapes": [shape, {"label": "x", "points": [[1, 1]], "shape_type": "point"}],
        "imagePath": "/home/somebody/a.jpg",
        "imageData": base64.b64encode(data).decode(),
    }
    (tmp_path / "set" / "a.json").write_text(json.dumps(content))
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert (store[0].data(), edges(store[0])) == (data, [("phone", 0, 0, 20, 20)])
    assert found(report) == {Finding.PICTURE_EMBEDDED: 1, Finding.OUTLINE_BOXED: 1, Finding.POINTS: 1}


def test_xml_with_entities_is_never_expanded(tmp_path):
    save(tmp_path / "set" / "a.jpg")
    voc(tmp_path / "set" / "a.xml", "a.jpg", [("phone", 1, 1, 9, 9)])
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><annotation><filename>&b;</filename></annotation>'
    )
    (tmp_path / "set" / "bomb.xml").write_text(bomb)
    outside = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{secret}">]><annotation><filename>&a;</filename></annotation>'
    (tmp_path / "set" / "outside.xml").write_text(outside)
    (tmp_path / "set" / "torn.xml").write_text("<annotation><filename>a.jpg</file")
    store, report = taken(tmp_path / "set", tmp_path / "store")
    assert len(store) == 1
    assert found(report) == {Finding.ANNOTATION_BROKEN: 3}


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("_annotations.coco.json", '{"images": [], "annotations": [{"id": 1', "not COCO"),
        ("_annotations.coco.json", '{"images": 3, "annotations": []}', "not COCO .images = 3"),
        ("_annotations.coco.json", "[" * 100_000, "none of coco"),
        ("data.yaml", "names: [a, b", "not YAML"),
        ("data.yaml", "names: !!python/object/apply:os.system [ls]", "not YAML"),
        ("data.yaml", "names: 3", "names is int"),
        (
            "data.yaml",
            f"a: &a [x, x]\nb: &b [{'*a, ' * 9}]\nnames: [{'*b, ' * 9}]",
            "name of class 0 is list, must be text",
        ),
        ("_annotations.coco.json", '{"annotations": [], "images": ' + "[" * 100_000, "not COCO"),
        ("annotations.xml", "<annotations><image name='a.jpg'>", "none of coco"),
        ("readme.txt", "hello", "no annotation of theirs"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_written(tmp_path, file, content, why):
    save(tmp_path / "set" / "a.jpg")
    (tmp_path / "set" / file).write_text(content)
    with pytest.raises(InterchangeError, match=why):
        import_pictures(ImportRequest(source=tmp_path / "set", store=tmp_path / "store"))
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("module", "file", "content"),
    [
        ("yaml", "data.yaml", "names: [a]"),
        ("defusedxml", "a.xml", "<annotation><object><bndbox/></object></annotation>"),
    ],
)
def test_a_missing_extra_is_named(tmp_path, monkeypatch, module, file, content):
    monkeypatch.setitem(sys.modules, module, None)
    save(tmp_path / "set" / "a.jpg")
    (tmp_path / "set" / file).write_text(content)
    with pytest.raises(MissingExtraError, match=r"needs the extra 'interchange': pip install 'neosort\[interchange\]'"):
        import_pictures(ImportRequest(source=tmp_path / "set", store=tmp_path / "store"))


def test_two_formats_in_one_folder_are_asked_about(tmp_path):
    save(tmp_path / "set" / "a.jpg")
    voc(tmp_path / "set" / "a.xml", "a.jpg", [("steel", 1, 1, 9, 9)])
    coco(tmp_path / "set", [(1, "a.jpg", 80, 60)], [(1, 1, 1, [5, 6, 20, 30])])
    with pytest.raises(InterchangeError, match="looks like coco and voc; say which with --format"):
        import_pictures(ImportRequest(source=tmp_path / "set", store=tmp_path / "store"))
    store, _ = taken(tmp_path / "set", tmp_path / "store", source_format="voc")
    assert store.kinds() == ["steel"]


def test_a_file_in_place_of_a_folder_is_told_what_to_do(tmp_path):
    (tmp_path / "set.zip").write_bytes(b"PK")
    with pytest.raises(InterchangeError, match="unpack it first"):
        import_pictures(ImportRequest(source=tmp_path / "set.zip", store=tmp_path / "store"))


class TestClassMap:
    """What classes are called, and which are wanted."""

    @pytest.fixture
    def folder(self, tmp_path):
        save(tmp_path / "set" / "a.jpg")
        categories = [
            {"id": 0, "name": "E-waste", "supercategory": "none"},
            *({"id": number, "name": str(number), "supercategory": "E-waste"} for number in (1, 2)),
        ]
        boxes = [(1, 1, 1, [1, 1, 5, 5]), (2, 1, 2, [9, 9, 5, 5])]
        return coco(tmp_path / "set", [(1, "a.jpg", 80, 60)], boxes, categories)

    @pytest.fixture
    def write(self, tmp_path):
        def write_map(text):
            (tmp_path / "map.toml").write_text(text)
            return tmp_path / "map.toml"

        return write_map

    def test_kinds_take_the_place_of_classes_and_nothing_drops_them(self, folder, tmp_path, write):
        store, report = taken(folder, tmp_path / "store", class_map=write('[classes]\n"1" = "phone"\n"2" = ""'))
        assert edges(store[0]) == [("phone", 1, 1, 6, 6)]
        assert found(report) == {Finding.CLASS_UNUSED: 1, Finding.BOX_DROPPED: 1}
        assert store.entries[0].class_map == {"1": "phone", "2": ""}

    def test_the_group_of_all_classes_need_not_be_mapped_but_every_other(self, folder, tmp_path, write):
        with pytest.raises(ConfigError, match=r"map.toml: does not say what the source's '2' are"):
            taken(folder, tmp_path / "store", class_map=write('[classes]\n"1" = "phone"'))
        assert not (tmp_path / "store").exists()

    def test_all_others_can_be_dropped_or_named_at_once(self, folder, tmp_path, write):
        store, _ = taken(folder, tmp_path / "store", class_map=write('others = "steel"\n[classes]\n"1" = "phone"'))
        assert store.kinds() == ["phone", "steel"]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ('[classes]\n"1" = "telephone"', "no kind 'telephone' in the catalogue; kinds are phone, steel"),
            ("[classes", "not valid TOML"),
            ('classes = "phone"', "classes = 'phone'"),
            ('[klasses]\n"1" = "phone"', "map.toml: "),
        ],
    )
    def test_a_map_that_is_wrong_is_told_so(self, folder, tmp_path, write, text, why):
        with pytest.raises(ConfigError, match=why):
            taken(folder, tmp_path / "store", class_map=write(text))


class TestLicence:
    """Given, stated of the picture, stated of the source, or not stated: in that order."""

    @pytest.fixture
    def folder(self, tmp_path):
        for number, name in enumerate("ab"):
            save(tmp_path / "set" / f"{name}.jpg", seed=number)
        content = coco(tmp_path / "set", [(1, "a.jpg", 80, 60), (2, "b.jpg", 80, 60)], [(1, 1, 1, [1, 1, 5, 5])])
        path = content / "_annotations.coco.json"
        written = json.loads(path.read_text())
        written["licenses"] = [{"id": 4, "name": "CC BY 4.0", "url": ""}]
        written["images"][0]["license"] = 4
        path.write_text(json.dumps(written))
        return content

    def test_each_picture_bears_its_own(self, folder, tmp_path):
        store, report = taken(folder, tmp_path / "store")
        assert [picture.licence for picture in store] == ["CC BY 4.0", "not stated"]
        assert [entry.licence for entry in store.entries] == ["CC BY 4.0", "not stated"]
        assert report.licences == {"CC BY 4.0": 1, "not stated": 1}

    def test_a_readme_of_roboflow_speaks_for_the_rest(self, folder, tmp_path):
        (folder / "README.dataset.txt").write_text("# Set\nhttps://example.org/set\n\nLicense: MIT\n")
        store, report = taken(folder, tmp_path / "store")
        assert [picture.licence for picture in store] == ["CC BY 4.0", "MIT"]
        assert report.origin == "https://example.org/set"

    def test_what_is_given_goes_before_all(self, folder, tmp_path):
        store, _ = taken(folder, tmp_path / "store", licence="by letter of 3 May", origin="the plant in Halle")
        assert {(picture.licence, picture.origin) for picture in store} == {
            ("by letter of 3 May", "the plant in Halle")
        }
