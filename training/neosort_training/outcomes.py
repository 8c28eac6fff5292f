"""What a model said of each item, window by window and pooled: what every figure of an evaluation is made from.

Which items are scored, and which detection speaks for an item, says `matching.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from neosort_hardware.types import ArrayBool, ArrayF64, ArrayI64

_TOUCHING_MM = 1.0  # windows side by side may share a row of picture elements

ArrayStr = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOutcome:
    """One window's items and detections, matched.

    Of each of n scored items: ``item`` (n,) its place in the window's ``items``, ``kind`` and ``model`` (n,) of truth,
    ``said`` (n,) the kind predicted or '' where it was not found, ``bears`` (n,), ``magnet_g`` (n,) grams of NdFeB,
    ``magnetised`` (n,) 1 where steel in it is known to hold a moment, 0 where none does, −1 where nobody knows;
    ``p`` P(NdFeB), ``iou`` and ``score`` of its detection, 0 where it has none; ``said_g`` and ``said_g_sigma``:
    grams of NdFeB said, *if* it bears any, NaN where it has none. Of each of m strays: ``stray_p``, ``stray_score``
    (m,). Of each of k detections that count towards average precision: ``hit_score`` (k,), and in ``hit`` (k,)
    whether it was the first at IoU ≥ 0.5 of its item. ``start_mm``, ``end_mm``: the window's stretch of belt.
    """

    start_mm: float
    end_mm: float
    item: ArrayI64
    kind: ArrayStr
    model: ArrayStr
    said: ArrayStr
    bears: ArrayBool
    magnet_g: ArrayF64
    magnetised: ArrayI64
    p: ArrayF64
    iou: ArrayF64
    score: ArrayF64
    said_g: ArrayF64
    said_g_sigma: ArrayF64
    stray_p: ArrayF64
    stray_score: ArrayF64
    hit_score: ArrayF64
    hit: ArrayBool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
    """What a threshold on P(NdFeB) decides about: every scored item, then every stray. All (n + m,).

    A stray bears nothing and weighs nothing. ``item``: index into the items of the `Outcomes`, −1 of a stray.
    """

    p: ArrayF64
    bears: ArrayBool
    magnet_g: ArrayF64
    window: ArrayI64
    item: ArrayI64


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Many windows, pooled. Arrays as `WindowOutcome` has them, end to end.

    ``scene`` (windows,): numbers from 0 on; windows of one scene show one belt, one array, one light. ``overlapping``:
    some windows show the same stretch of belt, so that an item may be scored twice.
    ``window`` (n,), ``stray_window`` (m,), ``hit_window`` (k,): the window that an item, stray or detection lies in.
    """

    overlapping: bool
    scene: ArrayI64
    window: ArrayI64
    item: ArrayI64
    kind: ArrayStr
    model: ArrayStr
    said: ArrayStr
    bears: ArrayBool
    magnet_g: ArrayF64
    magnetised: ArrayI64
    p: ArrayF64
    iou: ArrayF64
    score: ArrayF64
    said_g: ArrayF64
    said_g_sigma: ArrayF64
    stray_window: ArrayI64
    stray_p: ArrayF64
    stray_score: ArrayF64
    hit_window: ArrayI64
    hit_score: ArrayF64
    hit: ArrayBool

    @property
    def windows(self) -> int:
        """How many windows were looked at, empty ones too."""
        return len(self.scene)

    @property
    def scenes(self) -> int:
        """How many scenes they come from."""
        return int(self.scene.max()) + 1 if len(self.scene) else 0

    @property
    def found(self) -> ArrayBool:
        """(n,) items that have a detection."""
        return np.asarray(self.said != "")

    @property
    def magnet_log_error(self) -> ArrayF64:
        """(n,) log(1 + grams said) − log(1 + grams), NaN of items not found."""
        return np.asarray(np.log1p(self.said_g) - np.log1p(self.magnet_g))

    @property
    def magnet_log_sigma(self) -> ArrayF64:
        """(n,) standard deviation of log(1 + grams) as said, NaN of items not found: d(eᵘ − 1) = eᵘ du."""
        return np.asarray(self.said_g_sigma / (1.0 + self.said_g))

    def picks(self) -> Picks:
        """Items and strays as a threshold sees them."""
        strays = len(self.stray_p)
        return Picks(
            p=np.concatenate([self.p, self.stray_p]),
            bears=np.concatenate([self.bears, np.zeros(strays, dtype=bool)]),
            magnet_g=np.concatenate([self.magnet_g, np.zeros(strays)]),
            window=np.concatenate([self.window, self.stray_window]),
            item=np.concatenate([np.arange(len(self.p)), np.full(strays, -1)]),
        )


_OF_ITEMS = (
    *("item", "kind", "model", "said", "bears", "magnet_g", "magnetised"),
    *("p", "iou", "score", "said_g", "said_g_sigma"),
)
_OF_STRAYS = ("stray_p", "stray_score")
_OF_HITS = ("hit_score", "hit")


def pooled(outcomes: Sequence[WindowOutcome]) -> Outcomes:
    """The windows of one store, in its order. A scene ends where the next window lies farther back on the belt."""
    start_mm = np.array([outcome.start_mm for outcome in outcomes])
    end_mm = np.array([outcome.end_mm for outcome in outcomes])
    onward_mm = np.diff(start_mm)
    number = np.arange(len(outcomes))

    def end_to_end(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(outcome, name) for outcome in outcomes])

    def windows_of(name: str) -> ArrayI64:
        return np.repeat(number, [len(getattr(outcome, name)) for outcome in outcomes])

    return Outcomes(
        overlapping=bool(((onward_mm >= 0) & (start_mm[1:] < end_mm[:-1] - _TOUCHING_MM)).any()),
        scene=np.concatenate([[0], np.cumsum(onward_mm < 0)]).astype(np.int64)[: len(outcomes)],
        window=windows_of("p"),
        stray_window=windows_of("stray_p"),
        hit_window=windows_of("hit"),
        **{name: end_to_end(name) for name in (*_OF_ITEMS, *_OF_STRAYS, *_OF_HITS)},
    )


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """Outcomes of several stores as one; windows and scenes are numbered on."""
    first_window = np.cumsum([0] + [part.windows for part in parts])
    first_scene = np.cumsum([0] + [part.scenes for part in parts])
    offsets = {"scene": first_scene, "window": first_window, "stray_window": first_window, "hit_window": first_window}

    def join(name: str) -> npt.NDArray[Any]:
        arrays = [getattr(part, name) for part in parts]
        if name in offsets:
            arrays = [array + first for array, first in zip(arrays, offsets[name], strict=False)]
        return np.concatenate(arrays)

    arrays = {field.name: join(field.name) for field in fields(Outcomes) if field.name != "overlapping"}
    return Outcomes(overlapping=any(part.overlapping for part in parts), **arrays)
