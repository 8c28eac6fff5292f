"""In which frame an annotation's boxes are drawn, and how they come into the picture's own, upright frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neosort_datasets.interchange.claims import ClaimedBox, ClaimedPicture, bounding
from neosort_datasets.interchange.findings import Finding
from neosort_datasets.picture_file import PictureFacts

SHAPE_TOLERANCE = 0.02  # width to height may differ by this much and still be the same picture, resized


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Boxes are multiplied by ``scale_x``, ``scale_y``, then turned by EXIF ``orientation`` (1: not at all).

    ``width``, ``height``: of the frame after scaling, in pixels. ``scaled``: the picture was resized after it was
    annotated.
    """

    scale_x: float
    scale_y: float
    width: float
    height: float
    orientation: int
    scaled: bool


def frame_of(claim: ClaimedPicture, facts: PictureFacts) -> Frame | Finding:
    """The frame that the claim's boxes are in.

    Annotation tools show a picture upright and write the upright size; some write the size as stored, and then mean
    that. A size of neither shape is of another picture.
    """
    upright = Frame(scale_x=1.0, scale_y=1.0, width=facts.width_px, height=facts.height_px, orientation=1, scaled=False)
    stored = replace(upright, width=facts.stored_width_px, height=facts.stored_height_px, orientation=facts.orientation)
    if claim.in_shares:
        return replace(upright, scale_x=upright.width, scale_y=upright.height)
    if claim.size_px is None or min(claim.size_px) <= 0:
        return upright
    for frame in (upright, stored):
        if claim.size_px == (frame.width, frame.height):
            return frame
    for frame in (upright, stored):
        scale_x, scale_y = frame.width / claim.size_px[0], frame.height / claim.size_px[1]
        if abs(scale_x / scale_y - 1) <= SHAPE_TOLERANCE:
            return replace(frame, scale_x=scale_x, scale_y=scale_y, scaled=True)
    return Finding.SIZE_CONTRADICTS


def fit_box(box: ClaimedBox, frame: Frame) -> ClaimedBox:
    """``box`` in pixels of the upright picture; a box whose edges are the wrong way round stays so."""
    left, right = box.left * frame.scale_x, box.right * frame.scale_x
    top, bottom = box.top * frame.scale_y, box.bottom * frame.scale_y
    if frame.orientation != 1 and left <= right and top <= bottom:
        corners = [turned(x, y, frame) for x, y in ((left, top), (right, bottom))]
        left, top, right, bottom = bounding(corners)
    return replace(box, left=left, top=top, right=right, bottom=bottom)


def turned(x: float, y: float, frame: Frame) -> tuple[float, float]:
    """A point of the picture as stored, in the upright picture (EXIF 2.3, 4.6.4); ``frame`` has the size as stored."""
    w, h = frame.width, frame.height
    return {
        1: (x, y),
        2: (w - x, y),
        3: (w - x, h - y),
        4: (x, h - y),
        5: (y, x),
        6: (h - y, x),
        7: (h - y, w - x),
        8: (y, w - x),
    }[frame.orientation]
