"""How much belt a count is, and which way round: a board of known size rides by, or a tape measure says how far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BLUE, SOFT, inline_svg
from neosort_hardware.types import EncoderSample
from neosort_inference.calibration.board_ride import RideFit, fit_rides
from neosort_inference.calibration.boards import Sighting
from neosort_inference.calibration.procedure import (
    About,
    Action,
    CalibrationError,
    Guidance,
    Need,
    Parameter,
    Plot,
    Quantity,
    Result,
    Value,
    checked_values,
)
from neosort_inference.calibration.riding import BOARD_PARAMETERS, STANDING, RidingBoard

BACKWARDS_COUNTS = 200  # this many counts down on a belt that runs forwards are no vibration
STANDING_PASSES = 6  # where the belt stands its place is known to a count, where travel triggers, to its edge
LEAST_TAPE_MM = 1000.0
TAPE = Parameter(
    name="travelled_mm", title="Travelled, by the tape", kind="number", default=0.0, unit="mm", least=LEAST_TAPE_MM,
    most=100_000,
)  # fmt: skip


class EncoderScale(RidingBoard):
    """Millimetres of belt per count."""

    about = About(
        name="encoder-scale",
        title="Encoder scale and direction",
        purpose="How many millimetres the belt moves per count, and whether the count rises as it runs forwards.",
        instructions=(
            "Let the belt run forwards, empty.",
            "Lay the board on it before the camera, three times at different places across (a belt that stands: choose "
            "'standing', six times, and inch the belt on between pictures); or choose 'tape': mark the "
            "belt, press, let it run at least a metre, press again and say how far the mark has come.",
        ),
        tools="printed ChArUco board, or a tape measure",
        minutes=2,
        tolerance="0.1 %",
        needs=(Need.MOVING_BELT, Need.EMPTY_BELT, Need.CAMERA),
        parameters=(
            Parameter(name="method", title="Measured by", kind="choice", default="board", choices=("board", "tape")),
            STANDING,
            *BOARD_PARAMETERS,
        ),
    )
    passes = 3

    def _begin(self) -> None:
        super()._begin()
        if self.given["belt"] == "standing":
            self.passes = STANDING_PASSES
        self.first_across_mm = 0.5 * self.line.config.belt.width_mm
        self._first: EncoderSample | None = None
        self._newest: EncoderSample | None = None
        self._marked: EncoderSample | None = None
        self._taped: list[tuple[int, float]] = []

    @property
    def _backwards(self) -> bool:
        return (
            self._first is not None
            and self._newest is not None
            and self._newest.counts < self._first.counts - BACKWARDS_COUNTS
        )

    def see_travel(self, sample: EncoderSample) -> None:
        super().see_travel(sample)
        self._first = self._first or sample
        self._newest = sample

    def act(self, action: str, values: Mapping[str, Value]) -> None:
        if self.given["method"] != "tape" or self._newest is None:
            super().act(action, values)
        elif action == "mark" and self._marked is None:
            self._marked = self._newest
        elif action == "measured" and self._marked is not None:
            travelled_mm = float(checked_values("measured", (TAPE,), values)["travelled_mm"])
            self._taped.append((self._newest.counts - self._marked.counts, travelled_mm))
            self._marked = None
        else:
            super().act(action, values)

    def guidance(self) -> Guidance:
        if self._backwards:
            return Guidance(text="The count falls while the belt runs forwards.", progress=1.0, done=True)
        if self.given["method"] == "board":
            return super().guidance()
        if self._taped:
            return Guidance(text="Thank you.", progress=1.0, done=True)
        if self._marked is None:
            mark = Action(name="mark", title="The mark is at the tape's zero")
            return Guidance(
                text="Make a mark on the belt at a fixed point, then press.", progress=0.0, actions=(mark,),
                missing=("where the mark begins",),
            )  # fmt: skip
        measured = Action(name="measured", title="It has come so far", fields=(TAPE,))
        return Guidance(
            text="Let the belt run at least a metre and stop, then say how far the mark has come.", progress=0.5,
            actions=(measured,), missing=("how far the mark has come",),
        )  # fmt: skip

    def result(self) -> Result:
        direction = Quantity(
            name="direction", title="Direction of the count", value=-1.0 if self._backwards else 1.0, unit="",
            least=1.0, most=1.0,
        )  # fmt: skip
        if self._backwards:
            note = "the count falls: swap the encoder's A and B, or turn the direction in its controller"
            return Result(procedure=self.about.name, quantities=(direction,), notes=(note,), evidence=self.evidence())
        found = self._of_tape() if self.given["method"] == "tape" else self._of_board()
        return replace(found, quantities=(direction, *found.quantities))

    def _of_tape(self) -> Result:
        if not self._taped:
            raise CalibrationError("encoder-scale: the tape has not been read yet")
        counts, travelled_mm = self._taped[-1]
        if counts <= 0:
            raise CalibrationError("encoder-scale: no counts between the two marks: is the encoder connected?")
        mm_per_count = travelled_mm / counts
        sigma = np.hypot(0.5 / counts, 1.0 / travelled_mm) * mm_per_count  # half a count, and a millimetre of the tape
        return self._found(mm_per_count, float(sigma), (), {"counts": counts, "travelled_mm": travelled_mm})

    def _of_board(self) -> Result:
        before = self.line.config.encoder.mm_per_count
        ride = fit_rides(self.good_rides, self.first_across_mm)
        alone = [_alone(one, self.first_across_mm) for one in self.good_rides]
        scales = [one.scale for one in alone if one is not None]
        apart = 100 * float(np.ptp(scales)) if len(scales) > 1 else 0.0
        spread = float(np.std(scales, ddof=1) / np.sqrt(len(scales))) if len(scales) > 1 else 0.0
        sigma = before * max(ride.scale_sigma, spread)
        more = (
            Quantity(name="residual", title="Corners off", value=ride.rms_px, unit="px", most=0.6),
            Quantity(name="rides-apart", title="Rides apart from each other", value=apart, unit="%", most=1.0),
        )
        result = self._found(before * ride.scale, sigma, more, self.evidence())
        svg = inline_svg(
            lambda axes: _draw(axes, [before * one for one in scales], before, before * ride.scale), (6, 3)
        )
        return replace(result, plots=(Plot(title="Each ride's own scale", svg=svg),))

    def _found(
        self, mm_per_count: float, sigma: float, more: tuple[Quantity, ...], evidence: Mapping[str, object]
    ) -> Result:
        before = self.line.config.encoder.mm_per_count
        scale = Quantity(
            name="scale", title="Belt per count", value=mm_per_count, unit="mm", uncertainty=sigma, before=before,
            least=0.001, most=10.0,
        )  # fmt: skip
        sure = Quantity(
            name="uncertainty", title="Uncertainty of the scale", value=100 * sigma / mm_per_count, unit="%", most=0.2
        )
        return Result(
            procedure=self.about.name,
            quantities=(scale, sure, *more),
            changes={"encoder.mm_per_count": round(mm_per_count, 7)},
            evidence=evidence,
        )


def _alone(ride: Sequence[Sighting], first_across_mm: float) -> RideFit | None:
    try:
        return fit_rides([ride], first_across_mm)
    except CalibrationError:
        return None


def _draw(axes: Axes, scales: list[float], before: float, found: float) -> None:
    axes.axhline(before, color=SOFT, linestyle="--", label="before")
    axes.axhline(found, color=BLUE, label="found")
    axes.plot(range(1, len(scales) + 1), scales, "o", color=BLUE)
    axes.set(xlabel="ride", ylabel="mm per count")
    axes.set_xticks(range(1, len(scales) + 1))
    axes.legend()
