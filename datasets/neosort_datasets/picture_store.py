"""An append-only store of labelled pictures: the files as they were made, and a manifest that can prove them whole.

Layout of a store::

    manifest.jsonl            one line a batch: name, pictures, sha256 of each file, origin, licence, format, class map,
                              what was found wrong with the source
    batch-00000/labels.json   per picture: file, size, name in its source, subset, group, boxes
    batch-00000/00000.jpg     a picture, byte for byte as its source had it

What a torn write leaves is `neosort_datasets.manifest`'s care.
"""

from __future__ import annotations

import bisect
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from neosort_datasets.labelled_picture import LabelledPicture, PixelBox, fingerprint
from neosort_datasets.manifest import MANIFEST, FileName, FolderEntry, Manifest, StoreError
from neosort_hardware.config import Section, describe_invalid

LABELS = "labels.json"


class BatchEntry(FolderEntry):
    """One line of a picture store's manifest."""

    batch: str = Field(pattern=r"^batch-\d{5,}$")
    pictures: int = Field(ge=1)
    source_format: str = Field(description="coco, yolo, voc, cvat, labelme")
    class_map: dict[str, str] | None = Field(None, description="external class to kind; None: classes as they came")
    findings: dict[str, int] = Field(default_factory=dict, description="what was wrong with the source, counted")

    @property
    def folder(self) -> str:
        """The batch's name."""
        return self.batch


class PictureLabels(Section):
    """What is known of one picture besides its pixels; as in `LabelledPicture`."""

    file: FileName
    width_px: int = Field(ge=1)
    height_px: int = Field(ge=1)
    name: str
    subset: str
    group: str
    boxes: tuple[PixelBox, ...]


_LABELS = TypeAdapter(list[PictureLabels])


def picture_manifest(path: Path) -> Manifest[BatchEntry]:
    """The manifest of the picture store at ``path``."""
    return Manifest(path, BatchEntry, "batch")


class PictureStoreWriter:
    """Appends batches to a store, which it creates where there is none. One writer at a time."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreError` where ``path`` holds something else."""
        self._path, self._manifest = path, picture_manifest(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: cannot be made a store ({error})") from error
        if (path / MANIFEST).exists():
            PictureStore(path)

    def append(
        self,
        pictures: Sequence[LabelledPicture],
        *,
        source_format: str,
        class_map: dict[str, str] | None = None,
        findings: Mapping[str, int] | None = None,
    ) -> str:
        """Write ``pictures``, all of one origin and licence, as one batch and return its name.

        Raises `StoreError`; the store is then as before.
        """
        sources = {(picture.origin, picture.licence) for picture in pictures}
        if len(sources) != 1:
            raise StoreError(f"{self._path}: a batch is of one source, not of {len(sources)}")
        ((origin, licence),) = sources

        def describe(name: str, hashes: dict[str, str]) -> BatchEntry:
            return BatchEntry(
                batch=name,
                pictures=len(pictures),
                sha256=hashes,
                origin=origin,
                licence=licence,
                source_format=source_format,
                class_map=class_map,
                findings=dict(findings or {}),
            )

        return self._manifest.append(lambda folder: _write_batch(folder, pictures), describe)


class PictureStore:
    """Reads a store. Lines of the manifest that cannot be read are passed over here and reported by `verify`."""

    def __init__(self, path: Path) -> None:
        self._path, self._manifest = path, picture_manifest(path)
        self.entries, self._torn = self._manifest.read()
        if not self.entries:
            raise StoreError(f"{path / MANIFEST}: names no readable batch of pictures")
        self._ends = list(itertools.accumulate(entry.pictures for entry in self.entries))
        self._labels: dict[int, list[PictureLabels]] = {}

    @property
    def path(self) -> Path:
        """The folder."""
        return self._path

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> LabelledPicture:
        """Picture ``index``, its file not yet read. Raises `StoreError` where the labels are damaged."""
        labels, entry = self._labels_of(index), self.entry_of(index)
        file = self._path / entry.batch / labels.file
        return LabelledPicture(
            content=file,
            suffix=file.suffix,
            width_px=labels.width_px,
            height_px=labels.height_px,
            boxes=labels.boxes,
            name=labels.name,
            subset=labels.subset,
            group=labels.group,
            origin=entry.origin,
            licence=entry.licence,
        )

    def entry_of(self, index: int) -> BatchEntry:
        """The manifest's line of the batch that holds picture ``index``."""
        return self.entries[bisect.bisect_right(self._ends, index)]

    def _labels_of(self, index: int) -> PictureLabels:
        if not 0 <= index < len(self):
            raise IndexError(f"{self._path}: picture {index} asked for, the store holds {len(self)}")
        number = bisect.bisect_right(self._ends, index)
        return self._batch_labels(number)[index - (self._ends[number] - self.entries[number].pictures)]

    def __iter__(self) -> Iterator[LabelledPicture]:
        return (self[index] for index in range(len(self)))

    def _batch_labels(self, number: int) -> list[PictureLabels]:
        if number not in self._labels:
            entry = self.entries[number]
            labels = _read_labels(self._path / entry.batch / LABELS)
            if len(labels) != entry.pictures:
                text = f"labels {len(labels)} pictures, the manifest {entry.pictures}"
                raise StoreError(f"{self._path / entry.batch / LABELS}: {text}")
            self._labels[number] = labels
        return self._labels[number]

    def kinds(self) -> list[str]:
        """Every class that occurs, sorted."""
        return sorted({box.kind for picture in self for box in picture.boxes})

    def digest_of(self, index: int) -> str:
        """sha256 of picture ``index``, as the manifest has it. Raises `StoreError` where it has none."""
        file = self._labels_of(index).file
        digest = self.entry_of(index).sha256.get(file)
        if digest is None:
            raise StoreError(f"{self._path / MANIFEST}: {self.entry_of(index).batch} lists no {file}")
        return digest

    def fingerprints(self) -> Counter[str]:
        """How often each picture is in the store with boxes in the same places."""
        return Counter(fingerprint(self.digest_of(index), self[index].boxes) for index in range(len(self)))

    def verify(self) -> list[str]:
        """Every file that is not as it was written, a sentence each; empty when all are. Reads every byte."""
        return [*self._torn, *self._manifest.damage(self.entries)]


def _write_batch(folder: Path, pictures: Sequence[LabelledPicture]) -> None:
    labels = []
    for number, picture in enumerate(pictures):
        file = f"{number:05d}{picture.suffix}"
        (folder / file).write_bytes(picture.data())
        labels.append(
            {
                "file": file,
                "width_px": picture.width_px,
                "height_px": picture.height_px,
                "name": picture.name,
                "subset": picture.subset,
                "group": picture.group,
                "boxes": [asdict(box) for box in picture.boxes],
            }
        )
    (folder / LABELS).write_text(json.dumps(labels), encoding="utf-8")


def _read_labels(path: Path) -> list[PictureLabels]:
    try:
        return _LABELS.validate_json(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise StoreError(f"{path}: not the labels of a batch ({describe_invalid(error)})") from error
