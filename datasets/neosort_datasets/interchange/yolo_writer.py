"""YOLO as it is written, in Ultralytics' layout: data.yaml, images/<subset>/ and labels/<subset>/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from neosort_datasets.interchange.exported_files import put_picture, subset_of
from neosort_datasets.labelled_picture import LabelledPicture, PixelBox

_VALIDATION = ("val", "valid", "validation")


def write(dest: Path, pictures: Iterable[LabelledPicture], kinds: Sequence[str]) -> None:
    """A picture without boxes has an empty text."""
    numbers = {kind: number for number, kind in enumerate(kinds)}
    subsets: set[str] = set()
    for number, picture in enumerate(pictures, start=1):
        subset = subset_of(picture)
        subsets.add(subset)
        name = put_picture(picture, dest / "images" / subset, number)
        labels = dest / "labels" / subset
        labels.mkdir(parents=True, exist_ok=True)
        lines = [f"{numbers[box.kind]} {_shares(box, picture)}\n" for box in picture.boxes]
        (labels / f"{PurePosixPath(name).stem}.txt").write_text("".join(lines), encoding="utf-8")
    (dest / "data.yaml").write_text(_settings(sorted(subsets), kinds), encoding="utf-8")


def _shares(box: PixelBox, picture: LabelledPicture) -> str:
    """Centre, width, height; eight decimals are less than a thousandth of a pixel of any picture."""
    x = (box.left_px + box.right_px) / 2 / picture.width_px
    y = (box.top_px + box.bottom_px) / 2 / picture.height_px
    return f"{x:.8f} {y:.8f} {box.width_px / picture.width_px:.8f} {box.height_px / picture.height_px:.8f}"


def _settings(subsets: list[str], kinds: Sequence[str]) -> str:
    """YAML by hand: every JSON string is a YAML string. Ultralytics wants 'train' and 'val', whatever there is."""
    validation = next((subset for subset in subsets if subset in _VALIDATION), None)
    train = "train" if "train" in subsets else next((s for s in subsets if s != validation), subsets[0])
    lines = [f"train: images/{train}", f"val: images/{validation or train}"]
    lines += [f"{subset}: images/{subset}" for subset in subsets if subset not in (train, validation)]
    names = [f"  {number}: {json.dumps(kind, ensure_ascii=False)}" for number, kind in enumerate(kinds)]
    return "\n".join([*lines, "names:" if names else "names: {}", *names, ""])
