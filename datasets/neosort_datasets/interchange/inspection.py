"""Claims held against the pictures themselves: what stands becomes `LabelledPicture`, the rest a finding."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from neosort_datasets.interchange.claims import ClaimedBox, ClaimedPicture, InterchangeError
from neosort_datasets.interchange.class_map import ClassMap
from neosort_datasets.interchange.findings import Finding, Findings
from neosort_datasets.interchange.frames import fit_box, frame_of
from neosort_datasets.interchange.source_folder import SourceFolder
from neosort_datasets.labelled_picture import LabelledPicture, PixelBox, fingerprint
from neosort_datasets.picture_file import FILE_LIMIT_BYTES, PictureError, PictureFacts, examine

ROUNDING_PX = 0.02  # six decimals of a share are this much of a very large picture
LABEL_LENGTH = 200
_FAULTS = {
    "unreadable": Finding.PICTURE_UNREADABLE,
    "cut short": Finding.PICTURE_CUT_SHORT,
    "too large": Finding.PICTURE_TOO_LARGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _FoundPicture:
    """A picture file that is there, and all that is claimed of it. ``path`` is None where it is embedded."""

    path: Path | None
    name: str
    claims: tuple[ClaimedPicture, ...]


class Inspection:
    """Inspects the pictures of one source. ``findings`` grows as pictures are asked for."""

    def __init__(
        self,
        folder: SourceFolder,
        claims: Iterable[ClaimedPicture],
        findings: Findings,
        *,
        class_map: ClassMap | None = None,
        map_path: Path = Path("class map"),
        taken: Iterable[str] = (),
    ) -> None:
        """Finds the files and checks the classes; ``taken``: fingerprints of pictures that are not wanted once more."""
        self._folder, self._findings, self._class_map = folder, findings, class_map
        self._taken = set(taken)
        self._digests = {mark.partition(" ")[0] for mark in self._taken}
        self.found = self._find(claims)
        labels = {box.label for picture in self.found for claim in picture.claims for box in claim.boxes}
        if class_map is not None:
            class_map.require(filter(_usable, labels), map_path)
        else:
            for label in sorted(labels):
                if label.isdigit():
                    findings.add(Finding.CLASS_NUMBERED, f"'{label}'")

    def _find(self, claims: Iterable[ClaimedPicture]) -> list[_FoundPicture]:
        by_file: dict[Path | str, list[ClaimedPicture]] = {}
        for claim in claims:
            where: Path | Finding | str = self._folder.find(claim.file, claim.folders)
            if isinstance(where, Finding) and claim.embedded is not None:
                self._findings.add(Finding.PICTURE_EMBEDDED, claim.file)
                where = f"{self._folder.shown(claim.named_in)}:{claim.file}"
            if isinstance(where, Finding):
                self._findings.add(where, claim.file)
            else:
                by_file.setdefault(where, []).append(claim)
        for path in (path for path in self._folder.pictures() if path not in by_file):
            self._findings.add(Finding.PICTURE_UNLISTED, self._folder.shown(path))
        for path in self._folder.leading_out:
            self._findings.add(Finding.PATH_CLIMBS, self._folder.shown(path))
        return [
            _FoundPicture(
                path=where if isinstance(where, Path) else None,
                name=self._folder.shown(where) if isinstance(where, Path) else PurePosixPath(found[0].file).name,
                claims=tuple(found),
            )
            for where, found in by_file.items()
        ]

    def pictures(self, origin: str, licence: Callable[[str], str]) -> Iterator[LabelledPicture]:
        """Every picture that can be used, in the order of the claims; ``licence`` of what is stated of a picture."""
        for found in self.found:
            picture = self._inspect(found, origin, licence(found.claims[0].licence))
            if picture is not None:
                yield picture

    def _inspect(self, found: _FoundPicture, origin: str, licence: str) -> LabelledPicture | None:
        try:
            data = self._data(found)
            facts = examine(data)
        except PictureError as error:
            self._findings.add(_FAULTS[error.fault], f"{found.name} ({error})")
            return None
        except InterchangeError as error:
            self._findings.add(Finding.PICTURE_UNREADABLE, str(error))
            return None
        boxes = self._boxes(found, facts)
        if boxes is None or self._is_taken(hashlib.sha256(data).hexdigest(), boxes, found.name):
            return None
        if facts.orientation != 1:
            self._findings.add(Finding.PICTURE_TURNED, found.name)
        if not boxes:
            self._findings.add(Finding.PICTURE_EMPTY, found.name)
        claim = found.claims[0]
        return LabelledPicture(
            content=data,
            suffix=facts.suffix,
            width_px=facts.width_px,
            height_px=facts.height_px,
            boxes=boxes,
            name=found.name,
            subset=claim.subset,
            group=claim.group or photograph_of(found.name),
            origin=origin,
            licence=licence,
        )

    def _is_taken(self, digest: str, boxes: tuple[PixelBox, ...], name: str) -> bool:
        mark = fingerprint(digest, boxes)
        if mark in self._taken:
            self._findings.add(Finding.PICTURE_TWICE, name)
            return True
        if digest in self._digests:
            self._findings.add(Finding.PICTURE_TWICE_OTHERWISE, name)
        self._taken.add(mark)
        self._digests.add(digest)
        return False

    def _data(self, found: _FoundPicture) -> bytes:
        if found.path is not None:
            return self._folder.read(found.path, FILE_LIMIT_BYTES)
        return found.claims[0].embedded or b""

    def _boxes(self, found: _FoundPicture, facts: PictureFacts) -> tuple[PixelBox, ...] | None:
        """The boxes of all claims, each once; None where a claim is of another picture than this."""
        kept: dict[tuple[str | float, ...], PixelBox] = {}
        for claim in found.claims:
            frame = frame_of(claim, facts)
            if isinstance(frame, Finding):
                self._findings.add(frame, f"{found.name} ({claim.size_px} annotated)")
                return None
            if frame.scaled:
                self._findings.add(Finding.SIZE_SCALED, found.name)
            for claimed in claim.boxes:
                where = f"{found.name} {claimed.source_id or claimed.label}".strip()
                box = self._box(fit_box(claimed, frame), facts, where)
                if box is None:
                    continue
                edges = (round(v, 2) for v in (box.left_px, box.top_px, box.right_px, box.bottom_px))
                key: tuple[str | float, ...] = (box.kind, *edges)
                if key in kept:
                    self._findings.add(Finding.BOX_TWICE, where)
                kept.setdefault(key, box)
        return tuple(kept.values())

    def _box(self, claimed: ClaimedBox, facts: PictureFacts, where: str) -> PixelBox | None:
        kind = self._kind(claimed.label, where)
        if kind is None:
            return None
        left, top = max(0.0, claimed.left), max(0.0, claimed.top)
        right, bottom = min(float(facts.width_px), claimed.right), min(float(facts.height_px), claimed.bottom)
        if not all(map(math.isfinite, (claimed.left, claimed.top, claimed.right, claimed.bottom))):
            self._findings.add(Finding.BOX_NOT_FINITE, where)
        elif claimed.right - claimed.left <= ROUNDING_PX or claimed.bottom - claimed.top <= ROUNDING_PX:
            self._findings.add(Finding.BOX_EMPTY, where)
        elif right - left <= ROUNDING_PX or bottom - top <= ROUNDING_PX:
            self._findings.add(Finding.BOX_OUTSIDE, where)
        else:
            beyond = max(left - claimed.left, top - claimed.top, claimed.right - right, claimed.bottom - bottom)
            if beyond > ROUNDING_PX:
                self._findings.add(Finding.BOX_CLIPPED, where)
            return PixelBox(
                kind=kind, left_px=left, top_px=top, right_px=right, bottom_px=bottom, source_id=claimed.source_id
            )
        return None

    def _kind(self, label: str, where: str) -> str | None:
        if not _usable(label):
            self._findings.add(Finding.BOX_UNNAMED, where)
            return None
        kind = label if self._class_map is None else self._class_map.kind_of(label)
        if not kind:
            self._findings.add(Finding.BOX_DROPPED, where)
        return kind or None


def _usable(label: str) -> bool:
    return 0 < len(label) <= LABEL_LENGTH and label.isprintable()


def photograph_of(name: str) -> str:
    """The photograph behind a file: Roboflow names the augmented copies of 'cat.jpg' 'cat_jpg.rf.0123….jpg'."""
    stem = PurePosixPath(name).stem
    return re.sub(r"\.rf\.[0-9a-zA-Z]{8,}$", "", stem)
