"""COCO as it is written: annotations/instances_<subset>.json and images/<subset>/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from neosort_datasets.interchange.exported_files import edges_px, put_picture, subset_of
from neosort_datasets.labelled_picture import LabelledPicture


def write(dest: Path, pictures: Iterable[LabelledPicture], kinds: Sequence[str]) -> None:
    """Numbers of pictures and boxes count through all subsets, from 1."""
    categories = {kind: number for number, kind in enumerate(kinds, start=1)}
    files: dict[str, dict[str, Any]] = {}
    box_numbers = count(1)
    for number, picture in enumerate(pictures, start=1):
        subset = subset_of(picture)
        content = files.setdefault(subset, _empty_file(categories))
        content["images"].append(
            {
                "id": number,
                "file_name": put_picture(picture, dest / "images" / subset, number),
                "width": picture.width_px,
                "height": picture.height_px,
                "license": _licence_number(content["licenses"], picture.licence),
            }
        )
        content["annotations"] += _annotations(picture, number, categories, box_numbers)
    (dest / "annotations").mkdir()
    for subset, content in files.items():
        (dest / "annotations" / f"instances_{subset}.json").write_text(json.dumps(content), encoding="utf-8")


def _annotations(
    picture: LabelledPicture, number: int, categories: dict[str, int], box_numbers: Iterable[int]
) -> list[dict[str, Any]]:
    annotations = []
    for box, box_number in zip(picture.boxes, box_numbers, strict=False):
        left, top, right, bottom = edges_px(box.left_px, box.top_px, box.right_px, box.bottom_px)
        annotations.append(
            {
                "id": box_number,
                "image_id": number,
                "category_id": categories[box.kind],
                "bbox": [left, top, round(right - left, 3), round(bottom - top, 3)],
                "area": round((right - left) * (bottom - top), 3),
                "iscrowd": 0,
                "segmentation": [],
            }
        )
    return annotations


def _empty_file(categories: dict[str, int]) -> dict[str, Any]:
    listed = [{"id": number, "name": kind, "supercategory": ""} for kind, number in categories.items()]
    return {"info": {}, "licenses": [], "categories": listed, "images": [], "annotations": []}


def _licence_number(licences: list[dict[str, Any]], name: str) -> int:
    for licence in licences:
        if licence["name"] == name:
            return int(licence["id"])
    licences.append({"id": len(licences) + 1, "name": name, "url": ""})
    return len(licences)
