"""Pascal VOC: one XML a picture, boxes by their edges; also as Roboflow and labelImg lay it out.

Edges are taken as they stand: VOC's own numbers count from 1 to the last pixel inclusive, most programs of today
write edges from 0, and no file says which. The difference is one pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from neosort_datasets.interchange.claims import ClaimedBox, ClaimedPicture, InterchangeError
from neosort_datasets.interchange.findings import Finding, Findings
from neosort_datasets.interchange.markup import parse_xml
from neosort_datasets.interchange.numbers import finite_or_nan, whole_size
from neosort_datasets.interchange.source_folder import SourceFolder

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

EDGES = ("xmin", "ymin", "xmax", "ymax")
_XML_LIMIT_BYTES = 64 << 20


def is_voc(root: Element) -> bool:
    """Whether the XML is of this format and shows it."""
    return root.tag == "annotation" and root.find("object/bndbox") is not None


def read(folder: SourceFolder, findings: Findings) -> Iterator[ClaimedPicture]:
    """What each XML claims; one that cannot be read is counted, the others stand."""
    subsets = _subsets(folder)
    for path in folder.with_suffix(".xml"):
        try:
            root = parse_xml(folder.read(path, _XML_LIMIT_BYTES), folder.shown(path))
        except InterchangeError as error:
            findings.add(Finding.ANNOTATION_BROKEN, str(error))
            continue
        if root.tag == "annotation":
            yield _picture(folder, path, root, subsets, findings)


def _picture(
    folder: SourceFolder, path: Path, root: Element, subsets: dict[str, str], findings: Findings
) -> ClaimedPicture:
    where = folder.shown(path)
    boxes = []
    for number, item in enumerate(root.findall("object")):
        box = _box(item, str(number), f"{where} object {number}", findings)
        if box is not None:
            boxes.append(box)
    return ClaimedPicture(
        file=(root.findtext("filename") or "").strip() or f"{path.stem}.jpg",
        folders=_picture_folders(folder.root, path),
        named_in=path,
        boxes=tuple(boxes),
        size_px=whole_size(root.findtext("size/width"), root.findtext("size/height")),
        subset=subsets.get(
            path.stem, path.parent.name if path.parent.name in ("train", "val", "valid", "test") else ""
        ),
    )


def _box(item: Element, number: str, where: str, findings: Findings) -> ClaimedBox | None:
    for _ in item.findall("part"):
        findings.add(Finding.PART, where)
    bounds = item.find("bndbox")
    if bounds is None:
        findings.add(Finding.LINE_BROKEN, where)
        return None
    left, top, right, bottom = (finite_or_nan((bounds.findtext(edge) or "").strip()) for edge in EDGES)
    label = (item.findtext("name") or "").strip()
    return ClaimedBox(label=label, left=left, top=top, right=right, bottom=bottom, source_id=number)


def _picture_folders(root: Path, path: Path) -> tuple[Path, ...]:
    """JPEGImages/ or images/ beside Annotations/, with the same folders inside, or beside the XML."""
    above = path.parent
    inner: tuple[str, ...] = ()
    while above != root and above.name.lower() not in ("annotations", "xmls", "labels"):
        inner, above = (above.name, *inner), above.parent
    bases = [above.parent / name for name in ("JPEGImages", "images", "Images")] if above != root else []
    folders = (path.parent, *(base.joinpath(*inner) for base in bases), *bases, root / "JPEGImages", root)
    return tuple(dict.fromkeys(folders))


def _subsets(folder: SourceFolder) -> dict[str, str]:
    """Subset by picture name, from ImageSets/Main/train.txt and its like; class lists (cat_train.txt) say nothing."""
    subsets: dict[str, str] = {}
    for path in folder.with_suffix(".txt"):
        if path.parent.name == "Main" and path.parent.parent.name == "ImageSets" and "_" not in path.stem:
            lines = folder.read(path, _XML_LIMIT_BYTES).decode("utf-8", errors="replace").splitlines()
            for line in lines:
                if words := line.split():
                    subsets.setdefault(words[0], path.stem)
    return subsets
