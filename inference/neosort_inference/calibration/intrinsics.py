"""What the lens does: focal length, axis and distortion, from views of a board held up at many tilts (OpenCV)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BAD, BLUE, inline_svg
from neosort_hardware.reference_pieces import Board, HeldBoard
from neosort_hardware.types import ArrayF64, Frame
from neosort_inference.calibration.boards import BoardFinder, Sighting, with_sighting
from neosort_inference.calibration.procedure import (
    About,
    CalibrationError,
    Guidance,
    Need,
    Parameter,
    Plot,
    Procedure,
    Quantity,
    Result,
)
from neosort_inference.calibration.riding import BOARD_PARAMETERS, board_of

LEAST_VIEWS = 4
LEAST_CORNERS = 8
OUTLIER = 2.5  # times the median view's error…
OUTLIER_PX = 0.15  # …and that much above it
MOST_RMS_PX = 0.6
MOST_UNSURE = 2.0  # % of the focal length
AFTERWARDS = "the belt plane was measured through the lens as it was taken to be before: run belt-plane next"
MOVED = 0.015  # of the picture's width that a view's corners have moved on average, to be another view
_FLAGS = {"plain": cv2.CALIB_FIX_K3 | cv2.CALIB_ZERO_TANGENT_DIST, "full": 0}
_TILTS_DEG = ((-28, 8), (24, -20), (0, 30), (18, 22), (-24, -18), (30, 0), (-10, -32), (12, -8), (-18, 26), (26, 14))


@dataclass(frozen=True, slots=True, kw_only=True)
class LensFit:
    """OpenCV's pinhole (fx, fy, cx, cy; first pixel's centre at 0) with standard deviations (4,), distortion (5,), and
    the error (px) of each view by its number, of those left out too."""

    pinhole: ArrayF64
    pinhole_sigma: ArrayF64
    distortion: ArrayF64
    rms_px: float
    view_px: dict[int, float]
    left_out: tuple[int, ...]


class Intrinsics(Procedure):
    """Camera matrix and distortion."""

    about = About(
        name="intrinsics",
        title="Camera lens",
        purpose="Focal length, optical axis and distortion of the lens, so that straight edges are straight.",
        instructions=(
            "Let the belt run, empty: it triggers the camera.",
            "Hold the board over the belt in the camera's view, tilted each time another way by 20 to 35 degrees, so "
            "near that it fills a third of the picture; reach every corner of the picture.",
        ),
        tools="printed ChArUco board or chessboard on something stiff",
        minutes=3,
        tolerance="1 % of the focal length, straight to 0.5 px",
        needs=(Need.MOVING_BELT, Need.EMPTY_BELT, Need.CAMERA),
        parameters=(
            Parameter(name="views", title="Views", kind="integer", default=16, least=LEAST_VIEWS, most=60),
            Parameter(
                name="model", title="Distortion", kind="choice", default="plain", choices=tuple(_FLAGS),
                help="plain: k1, k2; full: k3, p1, p2 as well, which few views do not tell from noise",
            ),
            *BOARD_PARAMETERS,
        ),
    )  # fmt: skip

    def _begin(self) -> None:
        self.board = board_of(self.given)
        self._finder = BoardFinder(self.board)
        self.views: list[Sighting] = []
        self.size = (0, 0)
        self._jpeg: bytes | None = None

    def held(self) -> tuple[HeldBoard, ...]:
        camera, picture = self.line.config.camera, self.line.config.twin.picture
        return tuple(_held(self.board, n, (camera.width_px, camera.height_px), picture.focal_px) for n in range(60))

    def see_frame(self, frame: Frame) -> None:
        self.size = (frame.image.shape[1], frame.image.shape[0])
        found = self._finder.find(frame.image, frame.belt_mm)
        if found is not None and len(found.pixels) >= LEAST_CORNERS and self._is_new(found):
            self.views.append(found)
            self._jpeg = with_sighting(frame.image, found)
        elif self._jpeg is None:
            self._jpeg = with_sighting(frame.image, None)

    def _is_new(self, found: Sighting) -> bool:
        return all(_moved_px(found, one) > MOVED * self.size[0] for one in self.views[-1:])

    def guidance(self) -> Guidance:
        wanted = int(self.given["views"])
        left = wanted - len(self.views)
        reached = self._reached()
        missing = tuple(name for name, there in reached.items() if not there)
        return Guidance(
            text="Hold the board up, tilted another way, in another part of the picture." if left > 0 else "Thank you.",
            progress=min(1.0, len(self.views) / wanted),
            missing=(*(f"the picture's {name}" for name in missing), *((f"{left} views",) if left > 0 else ())),
            picture_jpeg=self._jpeg,
            done=left <= 0,
        )

    def _reached(self) -> dict[str, bool]:
        if not self.views:
            return dict.fromkeys(("left", "right", "top", "bottom"), False)
        seen = np.concatenate([view.pixels for view in self.views])
        low, high = seen.min(axis=0) / self.size, seen.max(axis=0) / self.size
        return {"left": low[0] < 0.2, "right": high[0] > 0.8, "top": low[1] < 0.2, "bottom": high[1] > 0.8}

    def result(self) -> Result:
        found = fit_lens(self.views, self.size, str(self.given["model"]))
        fx, fy, cx, cy = found.pinhole
        unsure = 100 * float((found.pinhole_sigma[:2] / found.pinhole[:2]).max())
        names = ("Focal length along u", "Focal length along v", "Axis at u", "Axis at v")
        limits = ((0.2 * self.size[0], 20.0 * self.size[0]),) * 2 + tuple((0.25 * s, 0.75 * s) for s in self.size)
        before = self.line.config.calibration.lens
        known = (None,) * 4 if before is None else (*before.focal_px, *(c - 0.5 for c in before.centre_px))
        pinhole = tuple(
            Quantity(
                name=name, title=title, value=float(value), unit="px", uncertainty=float(sigma), least=low, most=high,
                before=was,
            )
            for name, title, value, sigma, (low, high), was in zip(
                ("fx", "fy", "cx", "cy"), names, found.pinhole, found.pinhole_sigma, limits, known, strict=True
            )
        )  # fmt: skip
        lens = {
            "focal_px": [round(float(fx), 4), round(float(fy), 4)],
            "centre_px": [round(float(cx) + 0.5, 4), round(float(cy) + 0.5, 4)],
            "distortion": [round(float(k), 8) for k in found.distortion],
        }
        svg = inline_svg(lambda axes: _draw(axes, found), (6, 3))
        return Result(
            procedure=self.about.name,
            quantities=(
                *pinhole,
                Quantity(name="residual", title="Corners off", value=found.rms_px, unit="px", most=MOST_RMS_PX),
                Quantity(
                    name="unsure", title="Uncertainty of the focal length", value=unsure, unit="%", most=MOST_UNSURE
                ),
            ),
            changes={"calibration.lens": lens},
            notes=(*(_about_outlier(found, number) for number in found.left_out), AFTERWARDS),
            plots=(Plot(title="Each view's error", svg=svg),),
            evidence={
                "size_px": list(self.size),
                "views": [
                    {"pixels": np.round(view.pixels, 3).tolist(), "board_mm": view.board_mm.tolist()}
                    for view in self.views
                ],
            },
        )


def fit_lens(views: list[Sighting], size: tuple[int, int], model: str = "plain") -> LensFit:
    """Pinhole and distortion by a ``model`` of `_FLAGS`; a view much worse than the others is left out."""
    if len(views) < LEAST_VIEWS:
        raise CalibrationError(f"intrinsics: {len(views)} views of the board, at least {LEAST_VIEWS} are needed")
    kept = list(range(len(views)))
    first_px: dict[int, float] = {}
    while True:
        pinhole, sigma, distortion, rms_px, errors = _calibrated([views[n] for n in kept], size, model)
        view_px = dict(zip(kept, errors, strict=True))
        first_px = first_px or view_px
        limit = max(OUTLIER * float(np.median(errors)), float(np.median(errors)) + OUTLIER_PX)
        worst = max(kept, key=lambda n: view_px[n])
        if view_px[worst] <= limit or len(kept) <= LEAST_VIEWS:
            break
        kept.remove(worst)
    return LensFit(
        pinhole=pinhole, pinhole_sigma=sigma, distortion=distortion, rms_px=rms_px, view_px=first_px | view_px,
        left_out=tuple(n for n in range(len(views)) if n not in kept),
    )  # fmt: skip


def _calibrated(
    views: list[Sighting], size: tuple[int, int], model: str
) -> tuple[ArrayF64, ArrayF64, ArrayF64, float, list[float]]:
    """Pinhole (4,), its standard deviations (4,), distortion (5,), error of all, error of each view (px)."""
    objects = [np.column_stack([view.board_mm, np.zeros(len(view.board_mm))]).astype(np.float32) for view in views]
    pixels = [(view.pixels - 0.5).astype(np.float32).reshape(-1, 1, 2) for view in views]
    rms, matrix, distortion, _, _, sigmas, _, errors = cv2.calibrateCameraExtended(
        objects, pixels, size, np.eye(3), np.zeros(5), flags=_FLAGS[model]
    )
    pinhole = np.array([matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]])
    return (
        pinhole,
        np.asarray(sigmas, np.float64).ravel()[:4],
        np.asarray(distortion, np.float64).ravel()[:5],
        float(rms),
        [float(error) for error in np.asarray(errors).ravel()],
    )


def _about_outlier(found: LensFit, number: int) -> str:
    others = np.median([error for view, error in found.view_px.items() if view not in found.left_out])
    return f"view {number + 1} was left out: {found.view_px[number]:.2f} px off, the others {others:.2f}"


def _moved_px(one: Sighting, other: Sighting) -> float:
    """How far the corners that both show have moved, on average."""
    there = {tuple(corner): pixel for corner, pixel in zip(other.board_mm.tolist(), other.pixels, strict=True)}
    both = [
        (pixel, there[tuple(corner)])
        for corner, pixel in zip(one.board_mm.tolist(), one.pixels, strict=True)
        if tuple(corner) in there
    ]
    return float(np.mean([np.linalg.norm(now - then) for now, then in both])) if both else float("inf")


def _held(board: Board, number: int, size: tuple[int, int], focal_px: float) -> HeldBoard:
    """A board as the twin's hands hold it for the view of that number: tilted, and in another ninth of the picture."""
    tilt_x, tilt_y = (float(np.radians(angle)) for angle in _TILTS_DEG[number % len(_TILTS_DEG)])
    width_mm, height_mm = board.size_mm
    away_mm = focal_px * width_mm / (0.42 * size[0])
    at = np.array([(number * 4) % 9 % 3 - 1, (number * 4) % 9 // 3 - 1]) * 0.22 * np.asarray(size)
    turn, _ = cv2.Rodrigues(np.array([tilt_x, tilt_y, 0.1 * (number % 5 - 2)]))
    middle = np.array([*(at / focal_px * away_mm), away_mm])
    corner = middle - turn @ np.array([0.5 * width_mm, 0.5 * height_mm, 0.0])
    vector, _ = cv2.Rodrigues(turn)
    x, y, z = (float(value) for value in np.ravel(vector))
    u, v, w = (float(value) for value in corner)
    return HeldBoard(board=board, turn=(x, y, z), place_mm=(u, v, w))


def _draw(axes: Axes, found: LensFit) -> None:
    numbers = sorted(found.view_px)
    colours = [BAD if number in found.left_out else BLUE for number in numbers]
    axes.bar([number + 1 for number in numbers], [found.view_px[number] for number in numbers], color=colours)
    axes.set(xlabel="view", ylabel="px off")
