"""Names and files of exported pictures, the same whatever the format beside them."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from neosort_datasets.interchange.claims import InterchangeError
from neosort_datasets.labelled_picture import LabelledPicture
from neosort_datasets.picture_file import PictureError, upright_file

ALL = "all"  # the subset of pictures whose source has none


def subset_of(picture: LabelledPicture) -> str:
    """A subset's name that can be a folder's."""
    return _clean(picture.subset) or ALL


def put_picture(picture: LabelledPicture, folder: Path, number: int) -> str:
    """Write the picture, upright without an EXIF mark, into ``folder``; its name there, unique by ``number``.

    Raises `InterchangeError` where the picture is damaged.
    """
    try:
        data, suffix = upright_file(picture.data())
    except (PictureError, OSError) as error:
        raise InterchangeError(f"{picture.name}: cannot be exported ({error})") from error
    name = f"{number:06d}-{_clean(PurePosixPath(picture.name).stem)}{suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return name


def edges_px(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    """Edges as they are written: to a thousandth of a pixel."""
    return round(float(left), 3), round(float(top), 3), round(float(right), 3), round(float(bottom), 3)


def _clean(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80]
