"""LabelMe: one JSON a picture, as the program of today writes it, or the XML of the web tool it is named after."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from neosort_datasets.interchange.claims import ClaimedBox, ClaimedPicture, InterchangeError, bounding
from neosort_datasets.interchange.findings import Finding, Findings
from neosort_datasets.interchange.markup import parse_xml
from neosort_datasets.interchange.numbers import finite_or_nan, points_of, whole_size
from neosort_datasets.interchange.source_folder import SourceFolder
from neosort_hardware.config import describe_invalid

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_LIMIT_BYTES = 512 << 20  # the picture may be inside
_UNBOUNDED = ("point", "points", "line", "linestrip")


class _File(BaseModel):
    shapes: list[dict[str, Any]]
    imagePath: Any = None  # noqa: N815 - as LabelMe spells it
    imageData: Any = None  # noqa: N815
    imageHeight: Any = None  # noqa: N815
    imageWidth: Any = None  # noqa: N815


def is_labelme_json(data: bytes) -> bool:
    """Whether the JSON is of this format."""
    return data.lstrip()[:1] == b"{" and b'"shapes"' in data and b'"imagePath"' in data


def is_labelme_xml(root: Element) -> bool:
    """Whether the XML is of the web tool and shows it."""
    return root.tag == "annotation" and any(root.find(f"object/{tag}") is not None for tag in ("polygon", "segm"))


def read(folder: SourceFolder, findings: Findings) -> Iterator[ClaimedPicture]:
    """What each JSON and XML claims; one that cannot be read is counted, the others stand."""
    for path in folder.with_suffix(".json", ".xml"):
        try:
            picture = _read_file(folder, path, findings)
        except InterchangeError as error:
            findings.add(Finding.ANNOTATION_BROKEN, str(error))
            continue
        if picture is not None:
            yield picture


def _read_file(folder: SourceFolder, path: Path, findings: Findings) -> ClaimedPicture | None:
    data, where = folder.read(path, _LIMIT_BYTES), folder.shown(path)
    if path.suffix.lower() == ".xml":
        root = parse_xml(data, where)
        return _of_xml(folder, path, root, findings) if root.tag == "annotation" else None
    try:
        content = _File.model_validate_json(data)
    except ValidationError as error:
        raise InterchangeError(f"{where}: not LabelMe ({describe_invalid(error)})") from error
    return _of_json(folder, path, content, findings)


def _of_json(folder: SourceFolder, path: Path, content: _File, findings: Findings) -> ClaimedPicture:
    boxes = []
    for number, shape in enumerate(content.shapes):
        where = f"{folder.shown(path)} shape {number}"
        corners = _shape_corners(shape, where, findings)
        if corners is not None:
            left, top, right, bottom = corners
            label = str(shape.get("label", "")).strip()
            boxes.append(ClaimedBox(label=label, left=left, top=top, right=right, bottom=bottom, source_id=str(number)))
    file = content.imagePath if isinstance(content.imagePath, str) else f"{path.stem}.jpg"
    folders = (path.parent, path.parent.parent / "images", folder.root)
    beside = isinstance(folder.find(file, folders), Path)
    return ClaimedPicture(
        file=file,
        folders=folders,
        named_in=path,
        boxes=tuple(boxes),
        size_px=whole_size(content.imageWidth, content.imageHeight),
        subset=path.parent.name if path.parent != folder.root else "",
        embedded=None if beside else _embedded(content.imageData),
    )


def _embedded(data: object) -> bytes | None:
    if not isinstance(data, str) or not data:
        return None
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        return None


def _shape_corners(shape: dict[str, Any], where: str, findings: Findings) -> tuple[float, float, float, float] | None:
    kind = shape.get("shape_type", "polygon")
    listed = shape.get("points")
    points = [point for pair in listed for point in points_of(pair)] if isinstance(listed, list) else []
    if kind in _UNBOUNDED:
        findings.add(Finding.POINTS, where)
        return None
    if len(points) < 2:
        findings.add(Finding.LINE_BROKEN, where)
        return None
    if kind == "circle":  # its centre and one point on it
        findings.add(Finding.OUTLINE_BOXED, where)
        (x, y), on_it = points[0], points[1]
        radius = math.dist((x, y), on_it)
        return x - radius, y - radius, x + radius, y + radius
    if kind != "rectangle":
        findings.add(Finding.OUTLINE_BOXED, where)
    return bounding(points)


def _of_xml(folder: SourceFolder, path: Path, root: Element, findings: Findings) -> ClaimedPicture:
    boxes = []
    for number, item in enumerate(root.findall("object")):
        where = f"{folder.shown(path)} object {number}"
        if (item.findtext("deleted") or "").strip() == "1":
            findings.add(Finding.BOX_DELETED, where)
            continue
        corners = _object_corners(item, where, findings)
        if corners is not None:
            left, top, right, bottom = corners
            label = (item.findtext("name") or "").strip()
            source_id = (item.findtext("id") or str(number)).strip()
            boxes.append(ClaimedBox(label=label, left=left, top=top, right=right, bottom=bottom, source_id=source_id))
    subset = (root.findtext("folder") or "").strip()
    images = folder.root / "Images"
    return ClaimedPicture(
        file=(root.findtext("filename") or "").strip(),
        folders=(images / subset, images, path.parent, folder.root),
        named_in=path,
        boxes=tuple(boxes),
        size_px=whole_size(root.findtext("imagesize/ncols"), root.findtext("imagesize/nrows")),
        subset=subset,
    )


def _object_corners(item: Element, where: str, findings: Findings) -> tuple[float, float, float, float] | None:
    bounds = item.find("segm/box")
    if bounds is not None:
        findings.add(Finding.OUTLINE_BESIDE, where)
        left, top, right, bottom = (finite_or_nan(bounds.findtext(edge)) for edge in ("xmin", "ymin", "xmax", "ymax"))
        return left, top, right, bottom
    points = points_of([point.findtext(axis) for point in item.iterfind("polygon/pt") for axis in ("x", "y")])
    if len(points) < 2:
        findings.add(Finding.LINE_BROKEN, where)
        return None
    if (item.findtext("type") or "").strip() != "bounding_box":
        findings.add(Finding.OUTLINE_BOXED, where)
    return bounding(points)
