"""Pictures that come and do not show the belt: frozen, dark, out of focus, or through a dirty window."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from neosort_hardware.types import ArrayF32, Frame, ImageU8

THUMB_PX = 16  # picture elements to a side of a cell of the thumbnail
CROP_PX = 512  # of the middle of the picture, in which sharpness is measured
DARK_LEVEL = 24.0  # of 255: where the brightest hundredth is no brighter, the lamps are out
LEARNT_LOOKS = 12  # the first looks say what is usual
BLUR_SHARE = 0.6  # of the usual fine detail: less is out of focus
BLURRED_LOOKS = 4
REPEATS = 2
DIRT_LOOKS = 24  # of which most see the bare belt everywhere
DIRT_EVERY = 6
DIRT_SHARE = 0.75  # of its usual brightness, beside that of the whole picture
DIRT_CELLS = 0.005  # share of cells


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a picture. ``cells``: mean brightness (rows, cols) float32; ``brightest``: 99th percentile of
    them all, of 255; ``detail``: mean strength of what is some two to four picture elements large."""

    cells: ArrayF32
    brightest: float
    detail: float


def look_at(image: ImageU8) -> Look:
    """Some 0.1 ms for 640 × 512."""
    # Halved first: of single picture elements the sensor's noise is the larger part.
    half = cv2.extractChannel(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), 1)
    rows, cols = half.shape
    size = (max(1, 2 * cols // THUMB_PX), max(1, 2 * rows // THUMB_PX))
    crop = CROP_PX // 2
    top, left = max(0, (rows - crop) // 2), max(0, (cols - crop) // 2)
    middle = half[top : top + crop, left : left + crop].astype(np.float32)
    few = half[::4, ::4].ravel()
    brightest = len(few) - 1 - len(few) // 100
    return Look(
        cells=np.asarray(cv2.resize(half, size, interpolation=cv2.INTER_AREA), np.float32),
        brightest=float(np.partition(few, brightest)[brightest]),
        detail=float(cv2.norm(middle, cv2.GaussianBlur(middle, (5, 5), 1.0), cv2.NORM_L1)) / middle.size,
    )


class FrozenPicture:
    """The very same picture again and again: a living camera's noise never repeats itself."""

    fault = "camera.frozen"

    def __init__(self) -> None:
        self._last: ImageU8 | None = None
        self._repeats = 0

    def repeated(self, image: ImageU8) -> bool:
        """Whether it is the one before; remembers it."""
        few: ImageU8 = image[::32, ::4, 1].copy()
        same = self._last is not None and np.array_equal(few, self._last)
        self._last = few
        self._repeats = self._repeats + 1 if same else 0
        return same

    def says(self, now_ns: int) -> str:
        return f"the same picture {self._repeats + 1} times" if self._repeats >= REPEATS else ""


class DarkPicture:
    """Nothing in the picture is bright."""

    fault = "camera.dark"

    def __init__(self) -> None:
        self._brightest = 255.0

    def see(self, look: Look) -> bool:
        """Whether it is dark."""
        self._brightest = look.brightest
        return look.brightest < DARK_LEVEL

    def says(self, now_ns: int) -> str:
        dark = self._brightest < DARK_LEVEL
        return f"the brightest hundredth is {self._brightest:.0f} of 255" if dark else ""


class BlurredPicture:
    """Much less fine detail than the run began with. A camera that was out of focus then is not told apart."""

    fault = "camera.blurred"

    def __init__(self) -> None:
        self._learnt: list[float] = []
        self._usual = 0.0
        self._share = 1.0
        self._looks = 0

    def see(self, look: Look) -> None:
        if len(self._learnt) < LEARNT_LOOKS:
            self._learnt.append(look.detail)
            self._usual = float(np.median(self._learnt))
            return
        self._share = look.detail / max(self._usual, 1e-6)
        self._looks = self._looks + 1 if self._share < BLUR_SHARE else 0

    def says(self, now_ns: int) -> str:
        return f"{100 * self._share:.0f} % of the usual fine detail" if self._looks >= BLURRED_LOOKS else ""


class DirtyWindow:
    """Patches that stay where they are in the picture, darker than when the run began: dirt on lens or window, or a
    lamp that has failed. Each cell's median over many looks is the bare belt, whatever passes."""

    fault = "camera.dirty"

    def __init__(self) -> None:
        self._looks: deque[ArrayF32] = deque(maxlen=DIRT_LOOKS)
        self._usual: ArrayF32 | None = None
        self._share = 0.0
        self._since = 0

    def see(self, look: Look) -> None:
        self._looks.append(look.cells)
        self._since += 1
        if self._since < DIRT_EVERY or len(self._looks) < DIRT_LOOKS:
            return
        self._since = 0
        by_cell = np.stack([cells.ravel() for cells in self._looks], axis=1)
        belt = np.partition(by_cell, DIRT_LOOKS // 2, axis=1)[:, DIRT_LOOKS // 2]
        if self._usual is None:
            self._usual = np.maximum(belt, 1.0)
        ratio = belt / self._usual
        self._share = float(np.mean(ratio < DIRT_SHARE * np.median(ratio)))

    def says(self, now_ns: int) -> str:
        return f"{100 * self._share:.1f} % of the picture is darker than it was" if self._share > DIRT_CELLS else ""


class Pictures:
    """Looks at every frame once, for all of them. A repeated or dark picture says nothing of focus and dirt."""

    def __init__(self) -> None:
        self._frozen, self._dark, self._blurred, self._dirty = (
            FrozenPicture(), DarkPicture(), BlurredPicture(), DirtyWindow(),
        )  # fmt: skip
        self.symptoms = (self._frozen, self._dark, self._blurred, self._dirty)

    def see_frame(self, frame: Frame) -> None:
        """A frame as the camera gave it."""
        if self._frozen.repeated(frame.image):
            return
        look = look_at(frame.image)
        if not self._dark.see(look):
            self._blurred.see(look)
            self._dirty.see(look)
