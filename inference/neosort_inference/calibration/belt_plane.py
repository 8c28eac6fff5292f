"""Where on the belt each pixel looks: a board rides by at several places; its size is the scale, its way the axes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BLUE, GRID, SOFT, inline_svg
from neosort_hardware.types import ArrayF64
from neosort_inference.calibration.board_ride import RideFit, fit_rides
from neosort_inference.calibration.procedure import About, Need, Parameter, Plot, Quantity, Result
from neosort_inference.calibration.riding import BOARD_PARAMETERS, STANDING, RidingBoard

MOST_UNSURE_MM = 1.0
LEAST_SEEN = 0.5  # of the picture's width and of its height


class BeltPlane(RidingBoard):
    """The homography from pixels to the belt, and with it millimetres per pixel."""

    about = About(
        name="belt-plane",
        title="Belt plane and scale",
        purpose="Which place of the belt each pixel of the camera shows, in millimetres.",
        instructions=(
            "Let the belt run, empty; calibrate the lens and the encoder's scale before.",
            "Lay the board on the belt with its middle as far from the belt's zero edge as you have entered: that is "
            "the edge on the left when you look along the travel.",
            "Lay it again at the other places that are named, five rides in all, to the very edges of the view. Of a "
            "belt that stands (choose 'standing') take pictures, inching it on between them.",
        ),
        tools="printed ChArUco board, ruler",
        minutes=3,
        tolerance="1 mm anywhere in the view",
        needs=(Need.MOVING_BELT, Need.EMPTY_BELT, Need.CAMERA),
        parameters=(
            Parameter(
                name="across_mm", title="First board's middle from the belt's zero edge", kind="number", default=300.0,
                unit="mm", least=0, most=3000,
            ),
            STANDING,
            *BOARD_PARAMETERS,
        ),
    )  # fmt: skip
    passes = 5

    def _begin(self) -> None:
        super()._begin()
        self.first_across_mm = float(self.given["across_mm"])

    def result(self) -> Result:
        rides = self.good_rides
        found = fit_rides(rides, self.first_across_mm)
        camera = self.line.config.camera
        size = (camera.width_px, camera.height_px)
        pixel_to_belt = with_station_zero(np.asarray(np.linalg.inv(found.belt_to_pixel), np.float64), size)
        before = np.asarray(self.line.config.calibration.pixel_to_belt)
        seen = np.concatenate([one.pixels for ride in rides for one in ride])
        spans = (seen.max(axis=0) - seen.min(axis=0)) / size
        quantities = (
            Quantity(
                name="pixel", title="Belt to a pixel in the middle", value=pixel_mm(pixel_to_belt, size), unit="mm",
                uncertainty=pixel_mm(pixel_to_belt, size) * found.fit.sigma(0) / abs(found.fit.values[0]),
                before=pixel_mm(before, size), least=0.02, most=10.0,
            ),
            Quantity(
                name="corner", title="Uncertainty in the worst corner", value=_unsure_mm(found, size), unit="mm",
                most=MOST_UNSURE_MM,
            ),
            Quantity(name="residual", title="Corners off", value=found.rms_px, unit="px", most=0.6),
            Quantity(name="seen-across", title="Of the width seen", value=float(spans[0]), unit="", least=LEAST_SEEN),
            Quantity(name="seen-along", title="Of the height seen", value=float(spans[1]), unit="", least=LEAST_SEEN),
            Quantity(
                name="encoder", title="Encoder's scale by the board", value=100 * (found.scale - 1), unit="% off",
                uncertainty=100 * found.scale_sigma, least=-0.5, most=0.5,
            ),
        )  # fmt: skip
        rounded = [[float(f"{value:.10g}") for value in row] for row in pixel_to_belt]
        svg = inline_svg(lambda axes: _draw(axes, before, pixel_to_belt, size), (5, 5))
        return Result(
            procedure=self.about.name, quantities=quantities, changes={"calibration.pixel_to_belt": rounded},
            plots=(Plot(title="The view on the belt, before and after", svg=svg),), evidence=self.evidence(),
        )  # fmt: skip


def with_station_zero(pixel_to_belt: ArrayF64, size: tuple[int, int]) -> ArrayF64:
    """The same with station 0 at the upstream edge of the view: the middle of the edge that lies furthest upstream."""
    width, height = size
    edges = [(0.5 * width, 0), (0.5 * width, height), (0, 0.5 * height), (width, 0.5 * height)]
    first_mm = min(float(places(pixel_to_belt, np.array([edge], np.float64))[0, 1]) for edge in edges)
    moved = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, -first_mm], [0.0, 0.0, 1.0]]) @ pixel_to_belt
    return np.asarray(moved / moved[2, 2], np.float64)


def places(homography: ArrayF64, pixels: ArrayF64) -> ArrayF64:
    """(n, 2) through a homography."""
    seen = np.column_stack([pixels, np.ones(len(pixels))]) @ np.asarray(homography).T
    return np.asarray(seen[:, :2] / seen[:, 2:])


def pixel_mm(pixel_to_belt: ArrayF64, size: tuple[int, int]) -> float:
    """Edge of a square as large as the middle pixel is on the belt."""
    middle = np.array(size) * 0.5
    corner = places(pixel_to_belt, np.add(middle, [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    (a, b), (c, d) = corner[1] - corner[0], corner[2] - corner[0]
    return float(np.sqrt(abs(a * d - b * c)))


def _unsure_mm(found: RideFit, size: tuple[int, int]) -> float:
    """One standard deviation of the worst corner's place."""
    width, height = size
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], np.float64)
    values, covariance = found.fit.values[:8], found.fit.covariance[:8, :8]
    base = _corner_places(values, corners)
    slopes = np.stack(
        [
            (_corner_places(values + step, corners) - base) / step.sum()
            for step in np.diag(1e-6 * np.abs(values) + 1e-12)
        ]
    )  # (8, 4, 2)
    variance = np.einsum("ikd,ij,jkd->k", slopes, covariance, slopes)
    return float(np.sqrt(variance.max()))


def _corner_places(values: ArrayF64, corners: ArrayF64) -> ArrayF64:
    return places(np.linalg.inv(np.append(values, 1.0).reshape(3, 3)), corners)


def _draw(axes: Axes, before: ArrayF64, after: ArrayF64, size: tuple[int, int]) -> None:
    width, height = size
    for homography, colour, label in ((before, SOFT, "before"), (after, BLUE, "after")):
        for share in np.linspace(0, 1, 9):
            for ends in (
                [(share * width, 0), (share * width, height)],
                [(0, share * height), (width, share * height)],
            ):
                begin, end = np.array(ends, np.float64)
                line = places(homography, np.linspace(begin, end, 20))
                edge = share in (0.0, 1.0)
                axes.plot(*line.T, color=colour, linewidth=1.2 if edge else 0.4)
        axes.plot([], [], color=colour, label=label)
    axes.grid(color=GRID)
    axes.set(xlabel="across (mm)", ylabel="station (mm)", aspect="equal")
    axes.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.12))
