"""One thing photographed on a plain light board → what it covers of the picture, without its shadow.

The board is a smooth surface through the picture's rim, in Lab. What differs from it in hue, lightness or grain is the
thing, a shadow being darker in the same hue; GrabCut (Rother, Kolmogorov and Blake 2004, OpenCV's) finds the edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, ImageU8

_LONGER_PX = 256  # the edge is looked for in a picture so large
_RIM_SHARE = 1 / 14
_BOARD_SHARE = 0.75  # of the rim that must be board
_DIFFERS = 7.0  # from the board, ΔE of a kind
_SURELY = 22.0
_SHADOW = 14.0  # in lightness: a soft shadow is no darker than that
_COVERS = (0.02, 0.6)  # share of the picture
_SOLID = 0.75  # share of its hull that a thing covers
_GRABCUT_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOut:
    """``picture`` (h, w, 3) uint8 RGB and ``alpha`` (h, w) uint8, cropped to the thing; ``board_rgb`` (3,) display
    levels of the board around it."""

    picture: ImageU8
    alpha: ImageU8
    board_rgb: ArrayF32


def cut_out(picture: ImageU8) -> CutOut | None:
    """The thing in a photograph (h, w, 3) uint8 BGR; None where it is not alone, not whole or not on a plain board."""
    scale = _LONGER_PX / max(picture.shape[:2])
    small = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    lab = np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_BGR2LAB), np.float32)
    board = _board(lab)
    rough = None if board is None else _rough(lab, board)
    fine = None if rough is None or board is None else _refined(small, lab, board, rough)
    if fine is None:
        return None
    size = (picture.shape[1], picture.shape[0])
    smooth = cv2.GaussianBlur(cv2.resize(fine * np.float32(1), size, interpolation=cv2.INTER_CUBIC), (0, 0), 1 / scale)
    # A little inside the edge, where nothing of the board is mixed in any more.
    alpha = np.clip((np.asarray(smooth, np.float32) - 0.6) * 255 * 4 + 128, 0, 255).astype(np.uint8)
    col, row, cols, rows = cv2.boundingRect(alpha)
    if not cols:
        return None
    cut = np.s_[row : row + rows, col : col + cols]
    bare = np.median(small[_rim(lab.shape)], axis=0)[::-1].astype(np.float32)
    return CutOut(picture=np.ascontiguousarray(picture[cut][:, :, ::-1]), alpha=alpha[cut], board_rgb=bare)


def _rim(shape: tuple[int, ...]) -> ArrayBool:
    """The pixels near the edges."""
    rows, cols = shape[:2]
    rim = np.ones((rows, cols), np.bool_)
    high, wide = max(3, int(rows * _RIM_SHARE)), max(3, int(cols * _RIM_SHARE))
    rim[high:-high, wide:-wide] = False
    return rim


def _board(lab: ArrayF32) -> ArrayF32 | None:
    """A quadratic surface (h, w, 3) through the rim, fitted anew without what does not lie on it; None where that is
    more than a little."""
    rows, cols = lab.shape[:2]
    y, x = np.mgrid[-0.5 : 0.5 : rows * 1j, -0.5 : 0.5 : cols * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
    rim = _rim(lab.shape)
    design, seen = terms[rim], lab[rim].astype(np.float64)
    kept = np.ones(len(seen), np.bool_)
    surface: ArrayF64 = np.zeros((6, 3))
    for _ in range(4):
        surface = np.linalg.lstsq(design[kept], seen[kept], rcond=None)[0]
        off = np.linalg.norm(seen - design @ surface, axis=1)
        kept = off < max(4.0, 2.5 * float(np.median(off[kept])))
        if kept.mean() < _BOARD_SHARE:
            return None
    return np.asarray(terms @ surface, np.float32)


def _rough(lab: ArrayF32, board: ArrayF32) -> ImageU8 | None:
    """(h, w) 0 or 1: the largest thing that differs from the board; None where it is cut, tiny, huge or ragged."""
    differs = (_unlike(lab, board) > _DIFFERS).astype(np.uint8)
    differs = np.asarray(cv2.morphologyEx(differs, cv2.MORPH_OPEN, _disc(3)), np.uint8)
    thing = _largest(np.asarray(cv2.morphologyEx(differs, cv2.MORPH_CLOSE, _disc(9)), np.uint8))
    if thing is None:
        return None
    col, row, cols, rows = cv2.boundingRect(thing)
    whole = col >= 3 and row >= 3 and col + cols <= thing.shape[1] - 3 and row + rows <= thing.shape[0] - 3
    hull = cv2.convexHull(cv2.findNonZero(thing))
    solid = float(thing.sum()) / max(1.0, cv2.contourArea(hull))
    return thing if whole and _COVERS[0] < thing.mean() < _COVERS[1] and solid > _SOLID else None


def _refined(small: ImageU8, lab: ArrayF32, board: ArrayF32, rough: ImageU8) -> ImageU8 | None:
    """(h, w) 0 or 1: the rough shape with its edge where the colours have it."""
    inner = cv2.erode(rough, _disc(3)) > 0
    sure = (_unlike(lab, board, shadow=25.0) > _SURELY) & inner
    if np.count_nonzero(sure) < 30:
        return rough
    marks = np.where(cv2.dilate(rough, _disc(5)) > 0, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    marks[rough > 0], marks[sure] = cv2.GC_PR_FGD, cv2.GC_FGD
    cv2.setRNGSeed(1)  # the same photograph is cut out alike in every process
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, marks, (0, 0, 1, 1), *models, _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    thing = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.uint8)
    thing = np.asarray(cv2.morphologyEx(thing, cv2.MORPH_OPEN, _disc(3)), np.uint8)
    return _largest(np.asarray(cv2.morphologyEx(thing, cv2.MORPH_CLOSE, _disc(5)), np.uint8))


def _unlike(lab: ArrayF32, board: ArrayF32, shadow: float = _SHADOW) -> ArrayF32:
    """How much each pixel differs from the board: in hue, in lightness beyond what a shadow takes, in grain."""
    off = lab - board
    hue, lightness = np.hypot(off[..., 1], off[..., 2]), off[..., 0]
    grain = cv2.GaussianBlur(np.abs(cv2.Laplacian(lab[..., 0], cv2.CV_32F)), (0, 0), 1.5)
    darker, lighter = np.maximum(-lightness - shadow, 0), np.maximum(lightness, 0)
    return np.asarray(hue + 0.45 * darker + lighter + 1.2 * np.maximum(grain - 2.0, 0), np.float32)


def _largest(mask: ImageU8) -> ImageU8 | None:
    """The largest connected part, its holes filled; None where there is nothing."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    return np.asarray(
        cv2.drawContours(np.zeros_like(mask), [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED), np.uint8
    )


def _disc(size: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
