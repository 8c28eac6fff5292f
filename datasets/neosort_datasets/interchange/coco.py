"""COCO: one JSON a subset with images, annotations and categories; also as Roboflow and MMDetection lay it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from neosort_datasets.interchange.claims import ClaimedBox, ClaimedPicture, InterchangeError, bounding
from neosort_datasets.interchange.findings import Finding, Findings
from neosort_datasets.interchange.numbers import finite_or_nan, points_of, whole_size
from neosort_datasets.interchange.source_folder import SourceFolder
from neosort_hardware.config import describe_invalid

PREFIXES = ("instances_", "person_keypoints_", "captions_", "labels_", "panoptic_", "stuff_", "image_info_")


class _Image(BaseModel):
    id: Any = None
    file_name: Any = None
    width: Any = None
    height: Any = None
    license: Any = None


class _Category(BaseModel):
    id: Any = None
    name: Any = None
    supercategory: Any = None


class _Annotation(BaseModel):
    id: Any = None
    image_id: Any = None
    category_id: Any = None
    bbox: Any = None
    segmentation: Any = None
    iscrowd: Any = 0
    caption: Any = None
    segments_info: Any = None
    num_keypoints: Any = None


class _File(BaseModel):
    """Every value may be anything: one bad entry must not cost the whole file."""

    images: list[_Image]
    annotations: list[_Annotation] = []
    categories: list[_Category] = []
    licenses: Any = None


def annotation_files(folder: SourceFolder) -> list[Path]:
    """The JSON files that are COCO."""
    return [path for path in folder.with_suffix(".json") if _is_coco(folder.read(path))]


def _is_coco(data: bytes) -> bool:
    return data.lstrip()[:1] == b"{" and b'"images"' in data and b'"annotations"' in data


def read(folder: SourceFolder, findings: Findings) -> Iterator[ClaimedPicture]:
    """What the annotations of all subsets claim. Raises `InterchangeError` where a file is not COCO."""
    for path in annotation_files(folder):
        yield from _read_file(folder, path, findings)


def _parse(folder: SourceFolder, path: Path) -> _File:
    try:
        return _File.model_validate_json(folder.read(path))
    except ValidationError as error:
        raise InterchangeError(f"{folder.shown(path)}: not COCO ({describe_invalid(error)})") from error


def _read_file(folder: SourceFolder, path: Path, findings: Findings) -> Iterator[ClaimedPicture]:
    content = _parse(folder, path)
    where = folder.shown(path)
    _note_repeated_numbers(content, where, findings)
    labels = _labels(content, where, findings)
    boxes: dict[str, list[ClaimedBox]] = {}
    images = _images_by_id(content, where, findings)
    for annotation in content.annotations:
        key = _key(annotation.image_id)
        name = f"{where} annotation {annotation.id}"
        if key not in images:
            findings.add(Finding.BOX_ORPHANED, name)
        elif (box := _box(annotation, labels, name, findings)) is not None:
            boxes.setdefault(key, []).append(box)
    subset = _subset(folder.root, path)
    folders = _picture_folders(folder.root, path, subset)
    licences = _licences(content)
    for key, image in images.items():
        yield ClaimedPicture(
            file=image.file_name,
            folders=folders,
            named_in=path,
            boxes=tuple(boxes.get(key, ())),
            size_px=whole_size(image.width, image.height),
            subset=subset,
            licence=licences.get(_key(image.license), ""),
        )


def _images_by_id(content: _File, where: str, findings: Findings) -> dict[str, _Image]:
    """Pictures whose number is theirs alone."""
    files: dict[str, set[str]] = {}
    images: dict[str, _Image] = {}
    for image in content.images:
        if not isinstance(image.file_name, str):
            findings.add(Finding.LINE_BROKEN, f"{where} image {image.id}")
            continue
        files.setdefault(_key(image.id), set()).add(image.file_name)
        images[_key(image.id)] = image
    for key, names in files.items():
        if len(names) > 1:
            for name in sorted(names):
                findings.add(Finding.PICTURE_ID_TWICE, name)
            del images[key]
    return images


def _note_repeated_numbers(content: _File, where: str, findings: Findings) -> None:
    ids = Counter(_key(annotation.id) for annotation in content.annotations if annotation.id is not None)
    for number, times in ids.items():
        for _ in range(times - 1):
            findings.add(Finding.ID_TWICE, f"{where} annotation {number}")


def _labels(content: _File, where: str, findings: Findings) -> dict[str, str]:
    """Names by category number; a category that labels nothing and is the group of others is none of items."""
    used = {_key(annotation.category_id) for annotation in content.annotations}
    groups = {category.supercategory for category in content.categories if isinstance(category.supercategory, str)}
    labels = {}
    for category in content.categories:
        name = category.name if isinstance(category.name, str) else str(category.name)
        if _key(category.id) not in used and name in groups:
            findings.add(Finding.CLASS_UNUSED, f"'{name}', number {category.id}")
        labels[_key(category.id)] = name.strip()
    return labels


def _licences(content: _File) -> dict[str, str]:
    """Names of licences by their number; most files have one of an empty name."""
    listed = content.licenses if isinstance(content.licenses, list) else []
    named = [licence for licence in listed if isinstance(licence, dict) and isinstance(licence.get("name"), str)]
    return {_key(licence.get("id")): licence["name"].strip() for licence in named}


def _box(annotation: _Annotation, labels: dict[str, str], name: str, findings: Findings) -> ClaimedBox | None:
    without = _without_box(annotation)
    if without is not None:
        findings.add(without, name)
        return None
    label = labels.get(_key(annotation.category_id))
    if label is None:
        findings.add(Finding.BOX_CLASS_UNKNOWN, f"{name}, class {annotation.category_id}")
        return None
    corners = _corners(annotation, name, findings)
    if corners is None:
        findings.add(Finding.LINE_BROKEN, name)
        return None
    left, top, right, bottom = corners
    source_id = "" if annotation.id is None else _key(annotation.id)
    return ClaimedBox(label=label, left=left, top=top, right=right, bottom=bottom, source_id=source_id)


def _without_box(annotation: _Annotation) -> Finding | None:
    """What an annotation is instead of a box."""
    if annotation.caption is not None:
        return Finding.CAPTION
    if annotation.segments_info is not None:
        return Finding.SEGMENT
    if annotation.iscrowd in (1, True, "1"):
        return Finding.BOX_OF_CROWD
    if not annotation.bbox and not annotation.segmentation:
        return Finding.WHOLE_LABEL
    return None


def _corners(annotation: _Annotation, name: str, findings: Findings) -> tuple[float, float, float, float] | None:
    if annotation.num_keypoints:
        findings.add(Finding.KEYPOINTS_BESIDE, name)
    if isinstance(annotation.bbox, list) and len(annotation.bbox) == 4:
        if annotation.segmentation:
            findings.add(Finding.OUTLINE_BESIDE, name)
        x, y, width, height = (finite_or_nan(value) for value in annotation.bbox)
        return x, y, x + width, y + height
    outlines = annotation.segmentation if isinstance(annotation.segmentation, list) else []
    points = [point for outline in outlines for point in points_of(outline)]
    if not points:
        return None
    findings.add(Finding.OUTLINE_BOXED, name)
    return bounding(points)


def _key(number: object) -> str:
    """Numbers that are 3 in one place and 3.0 or "3" in another are the same."""
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    return str(number)


def _subset(root: Path, path: Path) -> str:
    if path.name == "_annotations.coco.json":
        return "" if path.parent == root else path.parent.name
    stem = path.stem
    for prefix in PREFIXES:
        stem = stem.removeprefix(prefix)
    return "" if stem in ("annotations", "coco", "result", "_annotations.coco") else stem


def _picture_folders(root: Path, path: Path, subset: str) -> tuple[Path, ...]:
    """Where pictures lie in the layouts of COCO, CVAT, Roboflow, MMDetection and Label Studio."""
    bases = [base for base in (path.parent, path.parent.parent, root) if base.is_relative_to(root)]
    inner = ("", "images", "data") if not subset else (subset, f"images/{subset}", "", "images", "data")
    return tuple(dict.fromkeys(base / name for base in bases for name in inner))
