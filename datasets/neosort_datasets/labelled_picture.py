"""A picture and the boxes in it, whoever drew them: what every exchange format is read into and written from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelBox:
    """One item in a picture: the edges of its box in pixels of the *upright* picture, x to the right, y down.

    A box around the whole picture is (0, 0, width_px, height_px). ``source_id``: how its source names it, or empty.
    """

    kind: str
    left_px: float
    top_px: float
    right_px: float
    bottom_px: float
    source_id: str = ""

    @property
    def width_px(self) -> float:
        """Extent along x."""
        return self.right_px - self.left_px

    @property
    def height_px(self) -> float:
        """Extent along y."""
        return self.bottom_px - self.top_px


def fingerprint(digest: str, boxes: Iterable[PixelBox]) -> str:
    """The same for the same file (its sha256) with boxes in the same places, whatever they are called."""
    edges = sorted((round(box.left_px), round(box.top_px), round(box.right_px), round(box.bottom_px)) for box in boxes)
    return f"{digest} {edges}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPicture:
    """A picture file, as it was made, and its boxes.

    ``content``: the compressed file, or where it lies. ``suffix``: ".jpg", ".png", … ``width_px``, ``height_px``:
    upright. ``name``: its path in its source, with slashes. ``subset``: "train", "val", … where the source says so.
    ``group``: what must never lie on both sides of a split: the photograph before it was copied and augmented, or the
    video that frames were cut from. ``origin``, ``licence``: of the source.
    """

    content: Path | bytes
    suffix: str
    width_px: int
    height_px: int
    boxes: tuple[PixelBox, ...]
    name: str
    subset: str = ""
    group: str = ""
    origin: str
    licence: str

    def data(self) -> bytes:
        """The compressed file. Raises `OSError`."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()
