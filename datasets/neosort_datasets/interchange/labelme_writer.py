"""LabelMe as it is written: <subset>/ with a JSON beside each picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from neosort_datasets.interchange.exported_files import edges_px, put_picture, subset_of
from neosort_datasets.labelled_picture import LabelledPicture

VERSION = "5.5.0"  # of LabelMe, whose files these are like


def write(dest: Path, pictures: Iterable[LabelledPicture], kinds: Sequence[str]) -> None:
    """Boxes as rectangles; the picture lies beside, not inside."""
    for number, picture in enumerate(pictures, start=1):
        folder = dest / subset_of(picture)
        name = put_picture(picture, folder, number)
        content: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": [
                _rectangle(box.kind, box.left_px, box.top_px, box.right_px, box.bottom_px) for box in picture.boxes
            ],
            "imagePath": name,
            "imageData": None,
            "imageHeight": picture.height_px,
            "imageWidth": picture.width_px,
        }
        (folder / name).with_suffix(".json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def _rectangle(kind: str, left_px: float, top_px: float, right_px: float, bottom_px: float) -> dict[str, object]:
    left, top, right, bottom = edges_px(left_px, top_px, right_px, bottom_px)
    return {
        "label": kind,
        "points": [[left, top], [right, bottom]],
        "group_id": None,
        "description": "",
        "shape_type": "rectangle",
        "flags": {},
        "mask": None,
    }
