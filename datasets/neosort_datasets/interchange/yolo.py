"""YOLO: a text file beside each picture, one line a box in shares of width and height.

Layouts: Ultralytics and Roboflow (data.yaml, images/ and labels/), Darknet (obj.data, obj.names, text beside the
picture), and loose folders with obj.names or classes.txt. The paths in data.yaml and obj.data are wrong more often
than not, so pictures are found by where their labels lie.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neosort_datasets.interchange.claims import ClaimedBox, ClaimedPicture, InterchangeError, bounding
from neosort_datasets.interchange.findings import Finding, Findings
from neosort_datasets.interchange.markup import parse_yaml
from neosort_datasets.interchange.numbers import finite_or_nan, points_of
from neosort_datasets.interchange.source_folder import SourceFolder

NAME_LISTS = ("obj.names", "classes.txt", "_darknet.labels", "classes.names")
LABEL_FOLDERS = {"images": ("labels", "annotations")}  # beside it, whatever the case of the letters
_TEXT_LIMIT_BYTES = 64 << 20


def settings_files(folder: SourceFolder) -> list[Path]:
    """data.yaml and its like: YAML with class names."""
    found = []
    for path in folder.with_suffix(".yaml", ".yml"):
        content = parse_yaml(folder.read(path, _TEXT_LIMIT_BYTES), folder.shown(path))
        if isinstance(content, dict) and "names" in content:
            found.append(path)
    return found


def is_yolo(folder: SourceFolder) -> bool:
    """Whether class names stand in a file of YOLO's, or pictures have text files where YOLO keeps them."""
    if any(path.name in (*NAME_LISTS, "obj.data") for path in folder.files):
        return True
    return bool(settings_files(folder)) or any(_label_file(folder, picture) for picture in folder.pictures())


def read(folder: SourceFolder, findings: Findings) -> Iterator[ClaimedPicture]:
    """What the label files claim of every picture."""
    names, has_keypoints = _class_names(folder)
    used: set[Path] = set()
    for picture in folder.pictures():
        labels = _label_file(folder, picture)
        if labels is None:
            findings.add(Finding.PICTURE_UNLABELLED, folder.shown(picture))
            boxes: tuple[ClaimedBox, ...] = ()
        else:
            used.add(labels)
            boxes = tuple(_boxes(folder, labels, names, has_keypoints, findings))
        yield ClaimedPicture(
            file=folder.shown(picture),
            folders=(folder.root,),
            named_in=labels or picture,
            boxes=boxes,
            in_shares=True,
            subset=_subset(folder, picture),
        )
    label_folders = {path.parent for path in used}
    for path in folder.with_suffix(".txt"):
        if path.parent in label_folders and path not in used and _first_line_is_box(folder, path):
            findings.add(Finding.PICTURE_MISSING, f"{folder.shown(path)} labels it")


def _label_file(folder: SourceFolder, picture: Path) -> Path | None:
    """The text beside the picture, or in labels/ where it is in images/, nearest first."""
    beside = picture.with_suffix(".txt")
    if beside.is_file():
        return beside
    parts = picture.relative_to(folder.root).parts
    for index in range(len(parts) - 2, -1, -1):
        for other in LABEL_FOLDERS.get(parts[index].lower(), ()):
            for name in (other, other.capitalize()):
                labels = folder.root.joinpath(*parts[:index], name, *parts[index + 1 :]).with_suffix(".txt")
                if labels.is_file():
                    return labels
    return None


def _subset(folder: SourceFolder, picture: Path) -> str:
    """The folder that is neither images/ nor the data set itself: train/images/a.jpg and images/train/a.jpg."""
    for part in picture.relative_to(folder.root).parts[:-1]:
        if part.lower() in ("train", "val", "valid", "validation", "test"):
            return part
    return ""


def _class_names(folder: SourceFolder) -> tuple[dict[int, str], bool]:
    """Names by number, empty where nothing names them; and whether lines carry keypoints behind the box."""
    for path in settings_files(folder):
        content = parse_yaml(folder.read(path, _TEXT_LIMIT_BYTES), folder.shown(path))
        return _names_in_settings(content, folder.shown(path)), "kpt_shape" in content
    for path in (path for path in folder.files if path.name in NAME_LISTS):
        text = folder.read(path, _TEXT_LIMIT_BYTES).decode("utf-8", errors="replace")
        return {number: line.strip() for number, line in enumerate(text.splitlines()) if line.strip()}, False
    return {}, False


def _names_in_settings(content: dict[str, Any], where: str) -> dict[int, str]:
    names = content["names"]
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(isinstance(number, int) for number in names):
        raise InterchangeError(f"{where}: names is {type(names).__name__}, must be a list or a table by number")
    for number, name in names.items():
        if not isinstance(name, str | int | float | bool):  # a list that holds itself ten times, nine deep, is YAML too
            raise InterchangeError(f"{where}: name of class {number} is {type(name).__name__}, must be text")
    return {number: str(name).strip() for number, name in names.items()}


def _boxes(
    folder: SourceFolder, path: Path, names: dict[int, str], has_keypoints: bool, findings: Findings
) -> Iterator[ClaimedBox]:
    text = folder.read(path, _TEXT_LIMIT_BYTES).decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{folder.shown(path)} line {number}"
        box = _box(line.split(), names, has_keypoints, where, findings)
        if box is not None:
            yield box


def _box(
    words: list[str], names: dict[int, str], has_keypoints: bool, where: str, findings: Findings
) -> ClaimedBox | None:
    class_number = finite_or_nan(words[0])
    corners = _corners(words[1:], has_keypoints, where, findings)
    if corners is None or math.isnan(class_number) or class_number != int(class_number):
        findings.add(Finding.LINE_BROKEN, where)
        return None
    label = names.get(int(class_number)) if names else str(int(class_number))
    if label is None:
        findings.add(Finding.BOX_CLASS_UNKNOWN, f"{where}, class {words[0]}")
        return None
    left, top, right, bottom = corners
    return ClaimedBox(label=label, left=left, top=top, right=right, bottom=bottom, source_id=where.rpartition(" ")[2])


def _corners(
    words: list[str], has_keypoints: bool, where: str, findings: Findings
) -> tuple[float, float, float, float] | None:
    """Centre, width, height (and a confidence); the points of an outline; or a box with keypoints behind it."""
    if len(words) in (4, 5) or (has_keypoints and len(words) > 5):
        if len(words) > 5:
            findings.add(Finding.KEYPOINTS_BESIDE, where)
        x, y, width, height = (finite_or_nan(word) for word in words[:4])
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    points = points_of(words)
    if len(words) < 6 or len(words) % 2 or len(points) != len(words) // 2:
        return None
    findings.add(Finding.OUTLINE_BOXED, where)
    return bounding(points)


def _first_line_is_box(folder: SourceFolder, path: Path) -> bool:
    text = folder.read(path, _TEXT_LIMIT_BYTES).decode("utf-8", errors="replace").strip()
    words = text.splitlines()[0].split() if text else []
    return len(words) >= 5 and not any(math.isnan(finite_or_nan(word)) for word in words)
