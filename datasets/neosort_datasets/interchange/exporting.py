"""A store's pictures as a data set that other programs read. It appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from neosort_datasets.interchange import coco_writer, labelme_writer, xml_writers, yolo_writer
from neosort_datasets.interchange.claims import InterchangeError
from neosort_datasets.labelled_picture import LabelledPicture

SOURCES = "SOURCES.txt"
_Writer = Callable[[Path, Iterable[LabelledPicture], Sequence[str]], None]
WRITERS: dict[str, _Writer] = {
    "coco": coco_writer.write,
    "yolo": yolo_writer.write,
    "voc": xml_writers.write_voc,
    "cvat": xml_writers.write_cvat,
    "labelme": labelme_writer.write,
}


@dataclass(slots=True, kw_only=True)
class ExportReport:
    """What was written. ``boxes``: by kind. ``sources``: pictures by (origin, licence)."""

    pictures: int = 0
    boxes: Counter[str] = field(default_factory=Counter)
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)


def export_pictures(
    pictures: Iterable[LabelledPicture], kinds: Sequence[str], dest: Path, target_format: str
) -> ExportReport:
    """Write ``pictures`` to the new folder ``dest``, with a list of their sources and licences.

    ``kinds``: every class that may occur; their order numbers them. Raises `InterchangeError`, ``dest`` is then as
    before.
    """
    if target_format not in WRITERS:
        raise InterchangeError(f"--format is '{target_format}', must be one of {', '.join(WRITERS)}")
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise InterchangeError(f"{dest}: is there already and not empty")
    report = ExportReport()
    temporary = dest.absolute().parent / f".unfinished-{dest.name}-{os.getpid()}"
    try:
        temporary.mkdir(parents=True)
        WRITERS[target_format](temporary, _counted(pictures, report), kinds)
        (temporary / SOURCES).write_text(_sources(report), encoding="utf-8")
        if dest.exists():
            dest.rmdir()
        temporary.rename(dest)
    except OSError as error:
        raise InterchangeError(f"{dest}: cannot be written ({error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return report


def _counted(pictures: Iterable[LabelledPicture], report: ExportReport) -> Iterator[LabelledPicture]:
    for picture in pictures:
        yield picture
        report.pictures += 1
        report.boxes.update(box.kind for box in picture.boxes)
        report.sources[picture.origin, picture.licence] += 1


def _sources(report: ExportReport) -> str:
    lines = [
        f"{count} pictures from {origin}; licence: {licence}" for (origin, licence), count in report.sources.items()
    ]
    return "\n".join([*lines, ""])
