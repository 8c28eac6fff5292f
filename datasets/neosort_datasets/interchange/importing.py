"""A data set of whatever format into a picture store, with a word on everything that was wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from neosort_datasets.interchange.claims import ClaimedPicture, InterchangeError
from neosort_datasets.interchange.class_map import read_class_map
from neosort_datasets.interchange.findings import Finding, Findings
from neosort_datasets.interchange.formats import FORMATS, foreign_layouts, recognise
from neosort_datasets.interchange.inspection import Inspection
from neosort_datasets.interchange.source_folder import SourceFolder
from neosort_datasets.interchange.statements import stated_licence, stated_origin
from neosort_datasets.labelled_picture import LabelledPicture
from neosort_datasets.manifest import MANIFEST, NOT_STATED
from neosort_datasets.picture_store import PictureStore, PictureStoreWriter

AUTO = "auto"
BATCH_PICTURES = 500
BATCH_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What came of an import. ``boxes``: by kind. ``licences``: pictures by licence."""

    source_format: str
    origin: str
    pictures: int
    boxes: Counter[str]
    licences: Counter[str]
    findings: Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """``source_format``: a name of `FORMATS` or "auto". ``licence``, ``origin``: empty where the source is to say."""

    source: Path
    store: Path
    source_format: str = AUTO
    class_map: Path | None = None
    licence: str = ""
    origin: str = ""


def import_pictures(
    request: ImportRequest,
    kinds: Collection[str] = (),
    on_picture: Callable[[int, int], None] = lambda done, of: None,
) -> ImportReport:
    """Append what can be used of a data set to a picture store, which is made where there is none.

    ``kinds``: of the catalogue, for the class map. ``on_picture``: told how many pictures are done, of how many.
    Pictures that the store already holds are not taken again, so an import that broke off is simply repeated.
    Raises `InterchangeError` where nothing can be taken, and then writes nothing; `StoreError` where the store cannot
    be written.
    """
    folder, findings = SourceFolder(request.source), Findings()
    name = _format_of(folder, request.source_format)
    class_map = None if request.class_map is None else read_class_map(request.class_map, kinds)
    claims = list(FORMATS[name].read(folder, findings))
    _refuse_without_boxes(folder, claims, findings)
    taken = PictureStore(request.store).fingerprints() if (request.store / MANIFEST).exists() else set()
    inspection = Inspection(
        folder, claims, findings, class_map=class_map, map_path=request.class_map or Path(), taken=taken
    )
    if not inspection.found:
        raise InterchangeError(f"{request.source}: no picture of it can be used; {findings.summary()}")
    origin = request.origin or stated_origin(folder)
    of_source = stated_licence(folder)
    usable = inspection.pictures(origin, lambda stated: request.licence or stated or of_source or NOT_STATED)
    pictures = _told(usable, lambda done: on_picture(done, len(inspection.found)))
    mapped = None if class_map is None else dict(class_map.classes)
    boxes, licences = _write(request.store, pictures, name, mapped, findings)
    report = ImportReport(
        source_format=name,
        origin=origin,
        pictures=licences.total(),
        boxes=boxes,
        licences=licences,
        findings=findings,
    )
    if not report.pictures and not findings.counts[Finding.PICTURE_TWICE]:
        raise InterchangeError(f"{request.source}: no picture of it can be used; {findings.summary()}")
    return report


def _format_of(folder: SourceFolder, asked: str) -> str:
    if asked == AUTO:
        return recognise(folder)
    if asked not in FORMATS:
        raise InterchangeError(f"--format is '{asked}', must be one of {', '.join((AUTO, *FORMATS))}")
    return asked


def _refuse_without_boxes(folder: SourceFolder, claims: list[ClaimedPicture], findings: Findings) -> None:
    if any(claim.boxes for claim in claims):
        return
    foreign = foreign_layouts(folder)
    reasons = [findings.summary(), f"{foreign}, which is not taken" if foreign else ""]
    what = "; ".join(reason for reason in reasons if reason) or f"{len(claims)} pictures are listed, nothing more"
    raise InterchangeError(f"{folder.given}: has no box in it that could be taken ({what})")


def _told(pictures: Iterator[LabelledPicture], on_done: Callable[[int], None]) -> Iterator[LabelledPicture]:
    for done, picture in enumerate(pictures, start=1):
        yield picture
        on_done(done)


def _write(
    store: Path,
    pictures: Iterator[LabelledPicture],
    source_format: str,
    class_map: dict[str, str] | None,
    findings: Findings,
) -> tuple[Counter[str], Counter[str]]:
    """Boxes by kind and pictures by licence that were written. The findings so far go with every batch."""
    boxes: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    told: Counter[Finding] = Counter()
    writer: PictureStoreWriter | None = None
    for batch in _batches(pictures):
        writer = writer or PictureStoreWriter(store)
        news = findings.counts - told
        told += news
        named = {finding.name: count for finding, count in news.items()}
        writer.append(batch, source_format=source_format, class_map=class_map, findings=named)
        licences[batch[0].licence] += len(batch)
        boxes.update(box.kind for picture in batch for box in picture.boxes)
    return boxes, licences


def _batches(pictures: Iterator[LabelledPicture]) -> Iterator[list[LabelledPicture]]:
    batch: list[LabelledPicture] = []
    size = 0
    for picture in pictures:
        full = len(batch) == BATCH_PICTURES or size >= BATCH_BYTES
        if batch and (full or batch[0].licence != picture.licence):
            yield batch
            batch, size = [], 0
        batch.append(picture)
        size += len(picture.content) if isinstance(picture.content, bytes) else 0
    if batch:
        yield batch
