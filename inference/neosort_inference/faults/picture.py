"""Pictures that come and do not show the belt: frozen, dark, out of focus, or through a dirty window."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np

from neosort_hardware.types import ArrayF32, Frame, ImageU8

CELL_PX = 16  # picture elements to a side of a cell of the thumbnail, of which the first two rows are looked at
ROWS_PX = 2
CROP_PX = 512  # across the middle of the picture, in which sharpness is measured
DARK_LEVEL = 24  # of 255: where the brightest hundredth is no brighter, the lamps are out
LOOK_EVERY = 2  # pictures: neighbours show half the same belt
LEARNT_LOOKS = 8  # the first looks say what is usual
BLUR_SHARE = 0.6  # of the usual fine detail: less is out of focus
BLURRED_LOOKS = 3
REPEATS = 2
DIRT_LOOKS = 12  # of which most see the bare belt everywhere
DIRT_EVERY = 4
DIRT_SHARE = 0.75  # of its usual brightness, beside that of the whole picture
DIRT_CELLS = 0.005  # share of cells
# A place less what lies around it, and nothing done to it.
FINE: ArrayF32 = np.asarray(np.eye(1, 5, 2)[0] - cv2.getGaussianKernel(5, 1.0)[:, 0], np.float32)
AS_IT_IS: ArrayF32 = np.ones(1, np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a picture. ``few``: two rows of every cell at half their size, (rows, cols) uint8; ``detail``:
    mean strength of what is some two to four picture elements wide."""

    few: ImageU8
    detail: float

    def cells(self) -> ImageU8:
        """Mean brightness (rows, cols) uint8 of squares of `CELL_PX`."""
        rows, cols = self.few.shape
        return np.asarray(cv2.resize(self.few, (max(1, 2 * cols // CELL_PX), rows), interpolation=cv2.INTER_AREA))


def look_at(image: ImageU8) -> Look:
    """Two rows of every cell say as much as all of them: an eighth of the picture."""
    cols = image.shape[1]
    rows, tall = (image.shape[0] // CELL_PX, CELL_PX) if image.shape[0] >= CELL_PX else (1, image.shape[0])
    pairs = image[: rows * tall].reshape(rows, tall * cols, 3)[:, : ROWS_PX * cols]
    # Halved first: of single picture elements the sensor's noise is the larger part.
    whole = cv2.extractChannel(pairs, 1).reshape(-1, cols)
    few = np.asarray(cv2.resize(whole, (max(1, cols // 2), rows), interpolation=cv2.INTER_AREA), np.uint8)
    left = max(0, (few.shape[1] - CROP_PX // 2) // 2)
    middle = few[:, left : left + CROP_PX // 2]
    # Along the rows alone: what is out of focus is so in every direction.
    fine = cv2.sepFilter2D(middle, cv2.CV_32F, FINE, AS_IT_IS)
    return Look(few=few, detail=float(cv2.norm(fine, cv2.NORM_L1)) / middle.size)


def two_rows_of(image: ImageU8) -> ImageU8:
    """(2, cols, 3), a quarter of the picture from its top and from its bottom: enough to tell whether anything is lit,
    and whether it is the same picture as before."""
    rows = image.shape[0]
    return image[rows // 4 :: max(1, rows // 2)][:2]


class FrozenPicture:
    """The very same picture again and again: a living camera's noise never repeats itself."""

    fault = "camera.frozen"

    def __init__(self) -> None:
        self._last = b""
        self._repeats = 0

    def see(self, rows: ImageU8) -> bool:
        """Whether they are what they were before; remembers them."""
        few = rows.tobytes()
        same, self._last = few == self._last, few
        self._repeats = self._repeats + 1 if same else 0
        return same

    def says(self, now_ns: int) -> str:
        return f"the same picture {self._repeats + 1} times" if self._repeats >= REPEATS else ""


class DarkPicture:
    """Nothing in the picture is bright."""

    fault = "camera.dark"

    def __init__(self) -> None:
        self._words = ""

    def see(self, rows: ImageU8) -> bool:
        """Whether it is dark."""
        dark = int(np.count_nonzero(rows >= DARK_LEVEL)) <= rows.size // 100
        self._words = f"the brightest hundredth is {np.percentile(rows, 99):.0f} of 255" if dark else ""
        return dark

    def says(self, now_ns: int) -> str:
        return self._words


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
            self._usual = median(self._learnt)
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
        self._kept: deque[ArrayF32] = deque(maxlen=DIRT_LOOKS)  # brightness of the cells (cells,)
        self._usual: ArrayF32 | None = None
        self._share = 0.0
        self._looks = 0

    def see(self, look: Look) -> None:
        self._kept.append(look.cells().ravel().astype(np.float32))
        self._looks += 1
        if self._looks % DIRT_EVERY == 0 and len(self._kept) == DIRT_LOOKS:
            by_cell = np.stack(self._kept, axis=1)
            self._judge(np.partition(by_cell, DIRT_LOOKS // 2, axis=1)[:, DIRT_LOOKS // 2])

    def _judge(self, belt: ArrayF32) -> None:
        if self._usual is None:
            self._usual = np.maximum(belt, 1.0)
        ratio = belt / self._usual
        middle = np.partition(ratio, ratio.size // 2)[ratio.size // 2]
        self._share = float(np.mean(ratio < DIRT_SHARE * middle))

    def says(self, now_ns: int) -> str:
        return f"{100 * self._share:.1f} % of the picture is darker than it was" if self._share > DIRT_CELLS else ""


class Pictures:
    """Sees every frame, for all of them. A repeated or dark picture says nothing of focus and dirt."""

    def __init__(self) -> None:
        self._frozen, self._dark, self._blurred, self._dirty = (
            FrozenPicture(), DarkPicture(), BlurredPicture(), DirtyWindow(),
        )  # fmt: skip
        self.symptoms = (self._frozen, self._dark, self._blurred, self._dirty)
        self._frames = 0

    def see_frame(self, frame: Frame) -> None:
        """A frame as the camera gave it."""
        rows = two_rows_of(frame.image)
        if self._frozen.see(rows) or self._dark.see(rows):
            return
        self._frames += 1
        if self._frames % LOOK_EVERY == 0:
            look = look_at(frame.image)
            self._blurred.see(look)
            self._dirty.see(look)
