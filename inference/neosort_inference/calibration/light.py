"""Exposure, focus, white and flat field: white sheets ride by, and a printed board."""

from __future__ import annotations

import cv2
import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BLUE, SOFT, inline_svg
from neosort_hardware.calibrated import CalibratedCamera, gains_of
from neosort_hardware.config import LineConfig
from neosort_hardware.reference_pieces import Placed, ReferencePiece
from neosort_hardware.slots import LONGEST_US, SHORTEST_US
from neosort_hardware.types import ArrayF64, Frame, ImageU8
from neosort_inference.calibration.boards import BoardFinder, Sighting, with_sighting
from neosort_inference.calibration.exposure import (
    MOST_CLIPPED,
    MOST_STEPS,
    WHITE_LEVELS,
    ExposureSearch,
    SheetSeen,
)
from neosort_inference.calibration.flat_field import coarse_levels, light_of, tint, unevenness
from neosort_inference.calibration.procedure import (
    About,
    CalibrationError,
    Guidance,
    Need,
    Parameter,
    Picture,
    Plot,
    Procedure,
    Quantity,
    Result,
)
from neosort_inference.calibration.riding import BOARD_PARAMETERS, board_of
from neosort_inference.calibration.sharpness import edge_sigma_px

SHEETS = 3  # frames of nothing but white: all but the last are fitted, the last one tells what is left
MOST_UNEVEN = 3.0  # %, one standard deviation of what is left
MOST_BLUR_PX = 1.2
_BRIGHTER = 1.25  # than the belt: what is taken for the sheet
_EVEN = 0.25  # of the mean: the lamps' own fall-off is less, the edge of a sheet more
_DARK = 3.0  # levels: where nothing is seen, nothing is bright
STALE = 2  # frames after another exposure was told: one may be on its way
LOOKS = 12  # frames by which the bare belt has been seen, whatever has been laid on it
BELT_LEVELS = (1.0, 190.0)  # of a belt beside which a white sheet shows
MOST_SMEAR_PX = 1.0  # of travel during an exposure
GIVEN_UP = 4  # pictures of something on the belt in which the board is not to be found: it is out of focus


class Light(Procedure):
    """Exposure, white balance and flat field as gains; focus is judged, and set at the lens."""

    about = About(
        name="light",
        title="Exposure, focus, white and flat field",
        purpose="A white sheet looks evenly white wherever it lies, neither dark nor clipped, and edges are sharp.",
        instructions=(
            "Let the belt run, empty, lamps as they always are.",
            "Lay a white matt sheet on it, wider than the view and three times as long; again where it asks for it.",
            "Lay the board on it for the focus.",
        ),
        tools="white matt sheet (roll of paper), printed board",
        minutes=2,
        tolerance="3 % over the picture, edges to 1.2 px",
        needs=(Need.MOVING_BELT, Need.EMPTY_BELT, Need.CAMERA),
        parameters=(
            Parameter(
                name="grey",
                title="Reflectance of the sheet",
                kind="number",
                default=0.85,
                least=0.3,
                most=1.0,
            ),
            *BOARD_PARAMETERS,
        ),
    )

    def _begin(self) -> None:
        self.board = board_of(self.given)
        self._finder = BoardFinder(self.board)
        camera = self.line.config.camera
        self._exposure = ExposureSearch(camera.exposure_us, *_exposures_us(self.line.config))
        self._not_told = ""  # why the camera does not take another exposure
        self._look_anew()
        self._stale = 0
        self._board: tuple[Frame, Sighting] | None = None
        self._not_found = 0  # frames in which something lay that was not found to be the board
        self._jpeg: bytes | None = None

    def props(self) -> tuple[Placed, ...]:
        belt_mm = self.line.config.belt.width_mm
        view_mm = 1.1 * self.line.config.camera.height_px * _pixel_mm(self.line.config)
        sheet = ReferencePiece(
            name="white sheet", length_mm=view_mm + 4 * self.line.config.camera.trigger_every_mm,
            width_mm=belt_mm + 120, grey=float(self.given["grey"]),
        )  # fmt: skip
        width, height = self.board.size_mm
        board = ReferencePiece(name="board", length_mm=height + 20, width_mm=width + 20, board=self.board)
        gap_mm = 0.5 * sheet.length_mm + 2 * view_mm
        middle = 0.5 * belt_mm
        once, again = [(sheet, 0.0), (board, 3.0), (board, 3.0)], [(sheet, 0.0), (board, 3.0)]
        return tuple(
            Placed(piece=piece, across_mm=middle, gap_mm=gap_mm, yaw_deg=turn)
            for piece, turn in (*once, *MOST_STEPS * again)
        )

    def see_frame(self, frame: Frame) -> None:
        if self._stale > 0:
            self._stale -= 1
            return
        coarse = coarse_levels(frame.image)
        grey = coarse.mean(axis=2)
        self._look_at_belt(grey)
        bright = float(grey.min()) > _BRIGHTER * self._belt_level + _DARK
        if bright and float(grey.std()) < _EVEN * float(grey.mean()):
            self._see_sheet(frame, coarse)
        elif self._board is None and not bright and self._sheets:
            self._see_board(frame, grey)

    def _look_anew(self) -> None:
        """Of belt and sheets nothing is known at this exposure."""
        self._belt_level, self._empty_std = np.inf, np.inf
        self._looks = 0
        self._sheets: list[Frame] = []

    def _look_at_belt(self, grey: ArrayF64) -> None:
        """The darkest that was seen is the belt: a sheet or a board may lie on it at the first look."""
        self._belt_level = min(self._belt_level, float(np.median(grey)))
        self._empty_std = min(self._empty_std, float(grey.std()))
        self._looks += 1
        if self._looks == LOOKS and not BELT_LEVELS[0] <= self._belt_level <= BELT_LEVELS[1]:
            self._expose(self._exposure.changed_by(0.3 if self._belt_level > BELT_LEVELS[1] else 3.0))

    def _see_sheet(self, frame: Frame, coarse: ArrayF64) -> None:
        if len(self._sheets) >= SHEETS:
            return
        self._jpeg = with_sighting(frame.image, None)
        if not self._sheets and not self._not_told:
            wanted_us = self._exposure.next_us(SheetSeen.of(frame.image, coarse))
            if wanted_us is not None:
                self._expose(wanted_us)
                return
        self._sheets.append(frame)

    def _expose(self, wanted_us: float | None) -> None:
        if wanted_us is None or self._not_told:
            return
        self._not_told = self.line.expose(wanted_us)
        if not self._not_told:
            self._stale = STALE
            self._look_anew()

    def _see_board(self, frame: Frame, grey: ArrayF64) -> None:
        found = self._finder.find(frame.image)
        if found is not None and len(found.pixels) >= (self.board.cols - 1) * (self.board.rows - 1) // 2:
            self._board = (frame, found)
            self._jpeg = with_sighting(frame.image, found)
        elif len(self._sheets) >= SHEETS and float(grey.std()) > 2 * self._empty_std:
            self._not_found += 1

    def guidance(self) -> Guidance:
        missing = []
        if len(self._sheets) < SHEETS:
            missing.append(f"{SHEETS - len(self._sheets)} pictures of nothing but white")
        if self._board is None and self._not_found < GIVEN_UP:
            missing.append("the board")
        sheet = "the white sheet again" if self._exposure.searching else "the white sheet"
        what = f"{sheet}, then the board," if len(self._sheets) < SHEETS else "the board"
        return Guidance(
            text=f"Lay {what} on the running belt." if missing else "Thank you.",
            progress=(len(self._sheets) + (self._board is not None)) / (SHEETS + 1),
            missing=tuple(missing),
            picture_jpeg=self._jpeg,
            done=not missing,
        )

    def result(self) -> Result:
        if len(self._sheets) < SHEETS or (self._board is None and self._not_found < GIVEN_UP):
            raise CalibrationError("light: the white sheet or the board has not been seen yet")
        fitted_on = np.mean([coarse_levels(frame.image) for frame in self._sheets[:-1]], axis=0)
        light = light_of(fitted_on)
        last = self._sheets[-1].image
        size = (last.shape[1], last.shape[0])
        after = CalibratedCamera.lit(last, gains_of(light, size))
        blur_px = float("inf") if self._board is None else _blur_px(*self._board)
        clipped = float((last >= 255).any(axis=2).mean())
        level = float(last.mean())
        quantities = (
            Quantity(
                name="level", title="White sheet's level", value=level, unit="of 255", least=WHITE_LEVELS[0],
                most=WHITE_LEVELS[1],
            ),
            *self._exposure_told(),
            Quantity(name="clipped", title="Of it clipped", value=100 * clipped, unit="%", most=100 * MOST_CLIPPED),
            Quantity(
                name="uneven", title="Unevenness left", value=unevenness(after), unit="%", most=MOST_UNEVEN,
                before=unevenness(last),
            ),
            Quantity(
                name="tint", title="Tint left", value=tint(after), unit="%", most=MOST_UNEVEN, before=tint(last)
            ),
            Quantity(name="blur", title="Blur of an edge", value=blur_px, unit="px", most=MOST_BLUR_PX),
        )  # fmt: skip
        svg = inline_svg(lambda axes: _draw(axes, last, after), (6, 3))
        return Result(
            procedure=self.about.name,
            quantities=quantities,
            changes={"calibration.light": light.model_dump(mode="json"), **self._exposure_set()},
            notes=self._advice(level, blur_px),
            plots=(Plot(title="The white sheet along the picture's diagonal", svg=svg),),
            pictures=(
                Picture(title="before", jpeg=with_sighting(last, None)),
                Picture(title="after", jpeg=with_sighting(after, None)),
            ),
            evidence={"sheet_levels": np.round(fitted_on, 2).tolist(), "belt_mm": [f.belt_mm for f in self._sheets]},
        )

    def _exposure_set(self) -> dict[str, object]:
        told = self._exposure.searching and not self._not_told
        return {"camera.exposure_us": self._exposure.exposure_us} if told else {}

    def _exposure_told(self) -> tuple[Quantity, ...]:
        if not self._exposure_set():
            return ()
        return (
            Quantity(
                name="exposure", title="Exposure", value=self._exposure.exposure_us, unit="us",
                before=self.line.config.camera.exposure_us, most=self._exposure.longest_us,
            ),
        )  # fmt: skip

    def _advice(self, level: float, blur_px: float) -> tuple[str, ...]:
        notes = []
        if self._not_told:
            notes.append(f"about {self._exposure.exposure_us:g} us of exposure are wanted; set them: {self._not_told}")
        if level < WHITE_LEVELS[0]:
            notes.append(
                "the sheet is dark: more light or a wider aperture; beyond "
                f"{self._exposure.longest_us:g} us of exposure the belt's travel smears the picture"
            )
        if level > WHITE_LEVELS[1]:
            notes.append("the sheet is clipped: a shorter exposure or less light")
        if blur_px > MOST_BLUR_PX:
            notes.append("edges are soft: focus the lens, clean its window")
        return tuple(notes)


def _exposures_us(config: LineConfig) -> tuple[float, float]:
    """The shortest that a camera may be told, and the longest: a pixel of travel, or what the line has by now."""
    smear_us = 1e3 * MOST_SMEAR_PX * _pixel_mm(config) / config.belt.speed_m_per_s
    return SHORTEST_US, min(max(smear_us, config.camera.exposure_us), LONGEST_US)


def _pixel_mm(config: LineConfig) -> float:
    """Of the belt, on the average of both directions."""
    (a, b, _), (c, d, _) = config.calibration.pixel_to_belt[:2]
    return float(abs(a * d - b * c) ** 0.5) or 1.0


def _blur_px(frame: Frame, sighting: Sighting) -> float:
    return edge_sigma_px(np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), np.uint8), sighting)


def _draw(axes: Axes, before: ImageU8, after: ImageU8) -> None:
    for image, colour, label in ((before, SOFT, "before"), (after, BLUE, "after")):
        coarse = coarse_levels(image).mean(axis=2)
        places = np.linspace(0, 1, 40)
        rows, cols = (np.round(places * (count - 1)).astype(int) for count in coarse.shape)
        axes.plot(100 * places, coarse[rows, cols], color=colour, label=label)
    axes.set(xlabel="along the diagonal (%)", ylabel="level", ylim=(0, 260))
    axes.legend()
