"""CVAT for images 1.1, of a task or a project; and CVAT for video where the frames lie beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from neosort_datasets.interchange.claims import ClaimedBox, ClaimedPicture, bounding
from neosort_datasets.interchange.findings import Finding, Findings
from neosort_datasets.interchange.markup import parse_xml
from neosort_datasets.interchange.numbers import finite_or_nan, points_of, whole_size
from neosort_datasets.interchange.source_folder import PICTURE_SUFFIXES, SourceFolder

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

EDGES = ("xtl", "ytl", "xbr", "ybr")
_XML_LIMIT_BYTES = 1 << 30


def is_cvat(root: Element) -> bool:
    """Whether the XML is of this format."""
    return root.tag == "annotations" and (root.find("image") is not None or root.find("track") is not None)


def read(folder: SourceFolder, findings: Findings) -> Iterator[ClaimedPicture]:
    """What the XML files claim. Raises `InterchangeError` where one cannot be read."""
    for path in folder.with_suffix(".xml"):
        root = parse_xml(folder.read(path, _XML_LIMIT_BYTES), folder.shown(path))
        if is_cvat(root):
            yield from _images(folder, path, root, findings)
            yield from _frames(folder, path, root, findings)


def _images(folder: SourceFolder, path: Path, root: Element, findings: Findings) -> Iterator[ClaimedPicture]:
    for image in root.iterfind("image"):
        name, subset = image.get("name", ""), image.get("subset", "")
        where = f"{folder.shown(path)} {name}"
        boxes = []
        for number, shape in enumerate(image):
            box = _shape_box(shape, str(number), where, findings)
            if box is not None:
                boxes.append(box)
        yield ClaimedPicture(
            file=name,
            folders=_picture_folders(folder.root, path, subset),
            named_in=path,
            boxes=tuple(boxes),
            size_px=whole_size(image.get("width"), image.get("height")),
            subset=subset,
        )


def _frames(folder: SourceFolder, path: Path, root: Element, findings: Findings) -> Iterator[ClaimedPicture]:
    """The frames of a video that somebody has cut into pictures (frame_000010.png), with the boxes of all tracks."""
    boxes: dict[int, list[ClaimedBox]] = {}
    for track in root.iterfind("track"):
        for shape in track:
            frame, where = shape.get("frame", ""), f"{folder.shown(path)} track {track.get('id')}"
            if not frame.isdigit():
                findings.add(Finding.LINE_BROKEN, where)
                continue
            at_frame = boxes.setdefault(int(frame), [])
            if shape.get("outside") == "1":
                findings.add(Finding.BOX_DELETED, f"{where} frame {frame}")
                continue
            shape.set("label", track.get("label", ""))
            box = _shape_box(shape, track.get("id", ""), f"{where} frame {frame}", findings)
            if box is not None:
                at_frame.append(box)
    size = root.find("meta/task/original_size")
    video = (root.findtext("meta/source") or path.stem).strip()
    for number in sorted(boxes):
        folders = _picture_folders(folder.root, path, "")
        yield ClaimedPicture(
            file=_frame_file(number, folders),
            folders=folders,
            named_in=path,
            boxes=tuple(boxes[number]),
            size_px=None if size is None else whole_size(size.findtext("width"), size.findtext("height")),
            group=video,
        )


def _frame_file(frame: int, folders: tuple[Path, ...]) -> str:
    names = [f"frame_{frame:06d}{suffix}" for suffix in sorted(PICTURE_SUFFIXES)]
    return next((name for name in names for folder in folders if (folder / name).is_file()), names[-1])


def _picture_folders(root: Path, path: Path, subset: str) -> tuple[Path, ...]:
    images = path.parent / "images"
    folders = (images / subset, images, path.parent / subset, path.parent, root / "images" / subset, root)
    return tuple(dict.fromkeys(folders))


def _shape_box(shape: Element, number: str, where: str, findings: Findings) -> ClaimedBox | None:
    corners = _corners(shape, where, findings)
    if corners is None:
        return None
    left, top, right, bottom = corners
    label = shape.get("label", "").strip()
    return ClaimedBox(label=label, left=left, top=top, right=right, bottom=bottom, source_id=number)


def _corners(shape: Element, where: str, findings: Findings) -> tuple[float, float, float, float] | None:
    """Edges of what bounds an item; None, and a finding, for what does not."""
    if shape.tag == "box":
        return _box_corners(shape, where, findings)
    if shape.tag == "polygon":
        findings.add(Finding.OUTLINE_BOXED, where)
        pairs = [point.split(",") for point in shape.get("points", "").split(";")]
        points = points_of([number for pair in pairs for number in pair])
        return bounding(points) if points else None
    if shape.tag == "mask":
        findings.add(Finding.OUTLINE_BOXED, where)
        left, top, width, height = (finite_or_nan(shape.get(key)) for key in ("left", "top", "width", "height"))
        return left, top, left + width, top + height
    if shape.tag == "ellipse":
        findings.add(Finding.OUTLINE_BOXED, where)
        x, y, rx, ry = (finite_or_nan(shape.get(key)) for key in ("cx", "cy", "rx", "ry"))
        return x - rx, y - ry, x + rx, y + ry
    if shape.tag in ("tag", "attribute"):
        findings.add(Finding.WHOLE_LABEL, where)
    else:
        findings.add(Finding.POINTS, where)
    return None


def _box_corners(shape: Element, where: str, findings: Findings) -> tuple[float, float, float, float]:
    left, top, right, bottom = (finite_or_nan(shape.get(edge)) for edge in EDGES)
    angle = finite_or_nan(shape.get("rotation", "0"))
    if math.isnan(angle) or angle % 180 == 0:
        return left, top, right, bottom
    findings.add(Finding.BOX_TURNED, where)
    x, y = (left + right) / 2, (top + bottom) / 2
    cosine, sine = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    half_width = ((right - left) * cosine + (bottom - top) * sine) / 2
    half_height = ((right - left) * sine + (bottom - top) * cosine) / 2
    return x - half_width, y - half_height, x + half_width, y + half_height
