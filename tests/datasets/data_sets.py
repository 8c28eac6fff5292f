"""Small data sets for the tests of what reads them, whole or with the defects that such things have."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neosort_datasets.interchange.findings import Finding
from neosort_datasets.interchange.importing import ImportReport, ImportRequest, import_pictures
from neosort_datasets.labelled_picture import LabelledPicture, PixelBox
from neosort_datasets.picture_store import PictureStore

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
beside_checkout = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not beside the checkout")


def pixels(width=80, height=60, seed=0):
    """Noise, other for every seed."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def picture_file(path, width=80, height=60, seed=0, **save):
    """A picture file of noise; its suffix says of which kind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(width, height, seed)).save(path, **save)
    return path


def exif(orientation):
    """EXIF data with nothing but that."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def labelled(boxes, *, width=80, height=60, seed=0, name="a.png", **more):
    """A picture with ``boxes`` of (kind, left, top, right, bottom)."""
    stream = io.BytesIO()
    Image.fromarray(pixels(width, height, seed)).save(stream, "PNG")
    return LabelledPicture(
        content=stream.getvalue(),
        suffix=".png",
        width_px=width,
        height_px=height,
        boxes=tuple(
            PixelBox(kind=kind, left_px=left, top_px=top, right_px=right, bottom_px=bottom)
            for kind, left, top, right, bottom in boxes
        ),
        name=name,
        origin=more.pop("origin", "test"),
        licence=more.pop("licence", "MIT"),
        **more,
    )


def coco(folder, images, annotations, categories=((1, "phone"),), file="_annotations.coco.json", **more):
    """COCO's JSON: ``images`` as (id, file, width, height), ``annotations`` as (id, image, category, bbox)."""
    content = {
        "images": [dict(zip(("id", "file_name", "width", "height"), image, strict=True)) for image in images],
        "annotations": [
            dict(zip(("id", "image_id", "category_id", "bbox"), annotation, strict=True))
            if isinstance(annotation, tuple)
            else annotation
            for annotation in annotations
        ],
        "categories": [
            category if isinstance(category, dict) else {"id": category[0], "name": category[1]}
            for category in categories
        ],
        **more,
    }
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return folder


def voc(path, file, objects, size=None):
    """A VOC XML: ``objects`` as (name, xmin, ymin, xmax, ymax)."""
    listed = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>"
        "</bndbox></object>"
        for name, x0, y0, x1, y1 in objects
    )
    stated = "" if size is None else f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<annotation><filename>{file}</filename>{stated}{listed}</annotation>")
    return path


def taken(source, store, **request) -> tuple[PictureStore, ImportReport]:
    """Import ``source`` and open what came of it."""
    report = import_pictures(ImportRequest(source=source, store=store, **request), kinds=("phone", "steel"))
    return PictureStore(store), report


def found(report) -> dict[Finding, int]:
    """The findings that were made."""
    return {finding: count for finding, count in report.findings.counts.items() if count}


def edges(picture):
    """The boxes as (kind, left, top, right, bottom), rounded to a hundredth."""
    return [
        (box.kind, *(round(edge, 2) for edge in (box.left_px, box.top_px, box.right_px, box.bottom_px)))
        for box in picture.boxes
    ]
