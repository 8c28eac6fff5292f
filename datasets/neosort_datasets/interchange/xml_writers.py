"""Pascal VOC and CVAT for images as they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as Xml

from neosort_datasets.interchange import cvat, pascal_voc
from neosort_datasets.interchange.exported_files import edges_px, put_picture, subset_of
from neosort_datasets.labelled_picture import LabelledPicture


def write_voc(dest: Path, pictures: Iterable[LabelledPicture], kinds: Sequence[str]) -> None:
    """Annotations/, JPEGImages/ and ImageSets/Main/<subset>.txt; edges in pixels from 0.

    labelmap.txt names the classes for programs that would otherwise know VOC's own twenty alone.
    """
    annotations, lists = dest / "Annotations", dest / "ImageSets" / "Main"
    annotations.mkdir(parents=True)
    lists.mkdir(parents=True)
    members: dict[str, list[str]] = {}
    for number, picture in enumerate(pictures, start=1):
        name = put_picture(picture, dest / "JPEGImages", number)
        stem = PurePosixPath(name).stem
        members.setdefault(subset_of(picture), []).append(stem)
        _save(_voc_annotation(picture, name), annotations / f"{stem}.xml")
    for subset, stems in members.items():
        (lists / f"{subset}.txt").write_text("".join(f"{stem}\n" for stem in stems), encoding="utf-8")
    classes = "".join(f"{kind}:::\n" for kind in kinds)
    (dest / "labelmap.txt").write_text(f"# label:color_rgb:parts:actions\n{classes}", encoding="utf-8")


def _voc_annotation(picture: LabelledPicture, name: str) -> Xml.Element:
    root = Xml.Element("annotation")
    Xml.SubElement(root, "folder").text = "JPEGImages"
    Xml.SubElement(root, "filename").text = name
    Xml.SubElement(Xml.SubElement(root, "source"), "database").text = picture.origin
    size = Xml.SubElement(root, "size")
    for tag, value in (("width", picture.width_px), ("height", picture.height_px), ("depth", 3)):
        Xml.SubElement(size, tag).text = str(value)
    Xml.SubElement(root, "segmented").text = "0"
    for box in picture.boxes:
        item = Xml.SubElement(root, "object")
        Xml.SubElement(item, "name").text = box.kind
        for tag, text in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
            Xml.SubElement(item, tag).text = text
        bounds = Xml.SubElement(item, "bndbox")
        edges = edges_px(box.left_px, box.top_px, box.right_px, box.bottom_px)
        for tag, edge in zip(pascal_voc.EDGES, edges, strict=True):
            Xml.SubElement(bounds, tag).text = str(int(edge) if edge.is_integer() else edge)
    return root


def write_cvat(dest: Path, pictures: Iterable[LabelledPicture], kinds: Sequence[str]) -> None:
    """annotations.xml of a project, and images/<subset>/."""
    root = Xml.Element("annotations")
    Xml.SubElement(root, "version").text = "1.1"
    project = Xml.SubElement(Xml.SubElement(root, "meta"), "project")
    labels = Xml.SubElement(project, "labels")
    for kind in kinds:
        Xml.SubElement(Xml.SubElement(labels, "label"), "name").text = kind
    sizes: Counter[str] = Counter()
    for number, picture in enumerate(pictures, start=1):
        subset = subset_of(picture)
        sizes[subset] += 1
        image = Xml.SubElement(root, "image", id=str(number - 1), subset=subset)
        image.set("name", put_picture(picture, dest / "images" / subset, number))
        image.set("width", str(picture.width_px))
        image.set("height", str(picture.height_px))
        for box in picture.boxes:
            edges = edges_px(box.left_px, box.top_px, box.right_px, box.bottom_px)
            shape = Xml.SubElement(image, "box", label=box.kind, occluded="0", source="manual", z_order="0")
            for tag, edge in zip(cvat.EDGES, edges, strict=True):
                shape.set(tag, str(edge))
    tasks = Xml.SubElement(project, "tasks")
    for subset, size in sizes.items():
        task = Xml.SubElement(tasks, "task")
        for tag, text in (("name", subset), ("size", str(size)), ("mode", "annotation"), ("subset", subset)):
            Xml.SubElement(task, tag).text = text
    _save(root, dest / "annotations.xml")


def _save(root: Xml.Element, path: Path) -> None:
    Xml.indent(root)
    Xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
