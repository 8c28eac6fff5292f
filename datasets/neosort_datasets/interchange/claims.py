"""What a data set says of a picture, before anybody has looked at the picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class InterchangeError(Exception):
    """A data set cannot be taken or written. The text names file and cause in one sentence."""


class MissingExtraError(Exception):
    """A format needs a library that is not installed. No fault of the data set, and so no `InterchangeError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedBox:
    """A box as its source gives it: edges in the units of its `ClaimedPicture`, not yet checked in any way."""

    label: str
    left: float
    top: float
    right: float
    bottom: float
    source_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedPicture:
    """A picture as its source names it.

    ``file``: as written there, maybe absolute, maybe of another machine; looked for in ``folders``, in that order.
    ``size_px``: (width, height) as written there. ``in_shares``: boxes are in shares of width and height instead of
    pixels. ``embedded``: the picture file itself, where the annotation carries it and there is no other. ``licence``:
    what the source says of this picture, or empty. ``named_in``: the annotation.
    """

    file: str
    folders: tuple[Path, ...]
    named_in: Path
    boxes: tuple[ClaimedBox, ...] = ()
    size_px: tuple[int, int] | None = None
    in_shares: bool = False
    subset: str = ""
    group: str = ""
    licence: str = ""
    embedded: bytes | None = None


def bounding(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of some points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)
