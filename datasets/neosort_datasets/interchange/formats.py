"""The five formats by name: how each is recognised and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from neosort_datasets.interchange import coco, cvat, labelme, pascal_voc, yolo
from neosort_datasets.interchange.claims import ClaimedPicture, InterchangeError
from neosort_datasets.interchange.findings import Findings
from neosort_datasets.interchange.markup import parse_xml
from neosort_datasets.interchange.source_folder import SourceFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """``is_it``: whether a folder shows signs of the format; ``read``: its claims."""

    is_it: Callable[[SourceFolder], bool]
    read: Callable[[SourceFolder, Findings], Iterator[ClaimedPicture]]


def _has_coco(folder: SourceFolder) -> bool:
    return bool(coco.annotation_files(folder))


def _has_labelme(folder: SourceFolder) -> bool:
    if any(labelme.is_labelme_json(folder.read(path)) for path in folder.with_suffix(".json")):
        return True
    return _any_xml(folder, labelme.is_labelme_xml)


def _any_xml(folder: SourceFolder, shows: Callable[..., bool]) -> bool:
    """Whether one XML that can be read shows it; what is broken is the reader's to report."""
    for path in folder.with_suffix(".xml"):
        try:
            root = parse_xml(folder.read(path), folder.shown(path))
        except InterchangeError:
            continue
        if shows(root):
            return True
    return False


FORMATS: dict[str, Format] = {
    "coco": Format(is_it=_has_coco, read=coco.read),
    "yolo": Format(is_it=yolo.is_yolo, read=yolo.read),
    "voc": Format(is_it=lambda folder: _any_xml(folder, pascal_voc.is_voc), read=pascal_voc.read),
    "cvat": Format(is_it=lambda folder: _any_xml(folder, cvat.is_cvat), read=cvat.read),
    "labelme": Format(is_it=_has_labelme, read=labelme.read),
}

# Layouts that are none of the five, by a file or folder that only they have.
_FOREIGN = {
    "*.createml.json": "CreateML",
    "_classes.csv": "labels of whole pictures as CSV",
    "_annotations.csv": "boxes as CSV",
    "*.tfrecord": "TFRecord",
    "labelTxt": "boxes at an angle (DOTA)",
}


def recognise(folder: SourceFolder) -> str:
    """The name of the one format that a folder is in. Raises `InterchangeError` where it is none or several."""
    foreign = foreign_layouts(folder)
    found = [name for name, known in FORMATS.items() if known.is_it(folder)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InterchangeError(f"{folder.given}: looks like {' and '.join(found)}; say which with --format")
    what = f"what is there is {foreign}, which is not taken" if foreign else "no annotation of theirs in it"
    raise InterchangeError(f"{folder.given}: none of {', '.join(FORMATS)}; {what}")


def foreign_layouts(folder: SourceFolder) -> str:
    """What else lies there, in words, or empty."""
    found = [text for pattern, text in _FOREIGN.items() if any(folder.root.rglob(pattern))]
    return ", ".join(found)
