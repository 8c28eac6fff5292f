"""Where the nozzles are, along and across, and how long the valves take: test shots at paper, the marks measured."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BLUE, SOFT, WARN, inline_svg
from neosort_hardware.reference_pieces import Placed, ReferencePiece, WitnessMark
from neosort_hardware.types import ArrayF64, EncoderSample, Frame, Shot, ShotOutcome
from neosort_inference.calibration.boards import BoardFinder, Sighting, spread_out, with_sighting
from neosort_inference.calibration.lags_found import lags_found
from neosort_inference.calibration.procedure import (
    About,
    Action,
    CalibrationError,
    Guidance,
    Need,
    Parameter,
    Plot,
    Procedure,
    Quantity,
    Result,
    Value,
    checked_values,
)
from neosort_inference.calibration.riding import BOARD_PARAMETERS, board_of, place_of
from neosort_inference.calibration.witness_marks import Asked, MarksFit, fit_marks, matched, read_marks

STRIPS = 3  # at each speed
SLOWER = 0.5  # of the line's speed: the second one
STRIP_MM = 960.0
GROUP = 8  # nozzles that blow together: a compressor's worth
SLOTS_MM = (*np.arange(-430.0, -160.0, 40.0), *np.arange(170.0, 440.0, 40.0))  # clear of the board in the middle
BLOW_MM = 20.0
GONE = 1.2  # frames without the board: it has left the view, and the strip's shots can be handed over
SLOW_MS = 1.0  # a valve that is so much later than the others wants looking at
MOST_LEFT_MM = 2.0
TYPED = Parameter(
    name="marks", title="Marks", kind="text", default="",
    help="'strip nozzle begin end across', the last three in mm from the strip's middle, divided by semicolons",
)  # fmt: skip


class Nozzles(Procedure):
    """Station and place across of the nozzles, lag of each valve."""

    about = About(
        name="nozzles",
        title="Nozzles and valves",
        purpose="A shot that is meant for a place of the belt hits that place, at every speed.",
        instructions=(
            "Calibrate encoder and belt plane before. Let the belt run, empty, nobody near the jets.",
            "Lay strips of paper with a board in their middle on the belt: three at the line's speed, three at half of "
            "it. The jets blow at them, each group of nozzles in its turn.",
            "Measure each mark from the strip's middle, along the belt and across, and enter it.",
        ),
        tools="strips of dusted or carbon paper a metre long with a printed board in the middle, ruler",
        minutes=10,
        tolerance="1.5 mm along and across, 0.3 ms of lag",
        needs=(Need.MOVING_BELT, Need.EMPTY_BELT, Need.CAMERA, Need.FREE_JETS),
        parameters=(
            Parameter(
                name="speeds", title="Belt speeds", kind="choice", default="two", choices=("two", "one"),
                help="one: the lags' mean is taken for right",
            ),
            *BOARD_PARAMETERS,
        ),
    )  # fmt: skip

    def _begin(self) -> None:
        config = self.line.config
        self._finder = BoardFinder(board_of(self.given))
        self._ids = count(1)
        self._asked: list[Asked] = []
        self._marks: list[tuple[int, WitnessMark]] = []
        self._in_view: list[Sighting] = []
        self._done_mm: list[float] = []  # strips shot at, by their middles
        self._last_seen_mm = -np.inf
        self._speed = config.belt.speed_m_per_s
        self._clock: list[tuple[int, float]] = []
        self._waiting = ""  # for a person: 'slower', 'marks'
        self._jpeg: bytes | None = None
        self._wanted = STRIPS * (1 if self.given["speeds"] == "one" else 2)
        room_mm = config.calibration.nozzle_station_mm - 0.5 * STRIP_MM
        if room_mm < config.camera.height_px * 0.5:
            raise CalibrationError(
                f"nozzles: calibration.nozzle_station_mm is {config.calibration.nozzle_station_mm:g}, too near the "
                f"camera for strips of {STRIP_MM:g} mm"
            )

    def props(self) -> tuple[Placed, ...]:
        width_mm = self.line.config.belt.width_mm
        strip = ReferencePiece(
            name="witness strip", length_mm=STRIP_MM, width_mm=width_mm, grey=0.7, board=self._finder.board, paper=True
        )
        gap_mm = STRIP_MM + self.line.config.calibration.nozzle_station_mm
        return tuple(Placed(piece=strip, across_mm=0.5 * width_mm, gap_mm=gap_mm) for _ in range(self._wanted + 1))

    def see_frame(self, frame: Frame) -> None:
        found = self._finder.find(frame.image, frame.belt_mm)
        if found is not None and spread_out(found):
            self._in_view.append(found)
            self._last_seen_mm = frame.belt_mm
            self._jpeg = with_sighting(frame.image, found)

    def see_travel(self, sample: EncoderSample) -> None:
        self._marks += [(self._strip_at(sample.belt_mm), mark) for mark in self.line.witness()]
        self._clock = [*self._clock[-40:], (sample.sampled_ns, sample.belt_mm)]
        gone = sample.belt_mm > self._last_seen_mm + GONE * self.line.config.camera.trigger_every_mm
        if self._in_view and gone and len(self._done_mm) < self._wanted:
            middle_mm = float(np.median([place_of(one, self.line.config)[0] for one in self._in_view]))
            self._in_view = []
            self._shoot_at(middle_mm)
        if self._done_mm and sample.belt_mm > self._done_mm[-1] + self._station_mm + STRIP_MM:
            self._go_on()

    def _strip_at(self, belt_mm: float) -> int:
        """Which strip is at the nozzles."""
        away = [abs(belt_mm - middle_mm - self._station_mm) for middle_mm in self._done_mm]
        return int(np.argmin(away)) if away else -1

    @property
    def _station_mm(self) -> float:
        return self.line.config.calibration.nozzle_station_mm

    def _shoot_at(self, middle_mm: float) -> None:
        """Every slot of a strip, a group of nozzles each."""
        nozzles = self.line.config.diverter.nozzles
        groups = [(first, min(first + GROUP, nozzles) - 1) for first in range(0, nozzles, GROUP)]
        speed = self._measured_speed()
        for number, slot_mm in enumerate(SLOTS_MM):
            first, last = groups[(number + 2 * len(self._done_mm)) % len(groups)]
            open_mm = middle_mm + float(slot_mm) + self._station_mm
            shot = Shot(
                shot_id=next(self._ids), track_id=0, first_nozzle=first, last_nozzle=last, open_mm=open_mm,
                close_mm=open_mm + BLOW_MM,
            )  # fmt: skip
            if self.line.fire(shot) is ShotOutcome.ACCEPTED:
                begin_mm = float(slot_mm)
                self._asked.append(
                    Asked(
                        strip=len(self._done_mm), first_nozzle=first, last_nozzle=last, begin_mm=begin_mm,
                        end_mm=begin_mm + BLOW_MM, speed_m_per_s=speed,
                    )
                )  # fmt: skip
        self._done_mm.append(middle_mm)

    def _measured_speed(self) -> float:
        (first_ns, first_mm), (last_ns, last_mm) = self._clock[0], self._clock[-1]
        return (last_mm - first_mm) / max(1, last_ns - first_ns) * 1e6

    def _go_on(self) -> None:
        """After a strip: to the other speed, and in the end to the ruler."""
        if (
            len(self._done_mm) == STRIPS
            and self._wanted > STRIPS
            and self._speed == self.line.config.belt.speed_m_per_s
        ):
            if self.line.run_at(SLOWER * self._speed):
                self._speed *= SLOWER
            else:
                self._waiting = "slower"
        elif len(self._done_mm) >= self._wanted and not self._marks:
            self._waiting = "marks"

    def act(self, action: str, values: Mapping[str, Value]) -> None:
        if action != self._waiting or not action:
            super().act(action, values)
        elif action == "slower":
            self._speed *= SLOWER
            self._waiting = ""
        else:
            self._marks = read_marks(str(checked_values("marks", (TYPED,), values)["marks"]))
            if self._marks:
                self._waiting = ""

    def guidance(self) -> Guidance:
        over = len(self._done_mm)
        progress = over / (self._wanted + 1)
        if self._waiting == "slower":
            slower = Action(name="slower", title="It runs slower now")
            return Guidance(
                text="Set the belt to half its speed.",
                progress=progress,
                actions=(slower,),
                missing=("half the speed",),
            )
        if self._waiting == "marks":
            entered = Action(name="marks", title="These are the marks", fields=(TYPED,))
            return Guidance(
                text="Measure the marks from each strip's middle.", progress=progress, actions=(entered,),
                missing=("the marks",),
            )  # fmt: skip
        last_over = over >= self._wanted and self.line.belt_mm > self._done_mm[-1] + self._station_mm + STRIP_MM
        done = last_over and bool(self._marks)
        return Guidance(
            text="Thank you."
            if done
            else "Lay a strip of paper on the running belt, its board in the middle, face up.",
            progress=1.0 if done else progress,
            missing=() if done else (f"strip {min(over + 1, self._wanted)} of {self._wanted}",),
            picture_jpeg=self._jpeg,
            done=done,
        )

    def result(self) -> Result:
        config = self.line.config
        found = matched(self._asked, self._marks)
        fit = fit_marks(found, config.diverter.nozzles)
        if self.given["speeds"] == "two" and not fit.two_speeds:
            raise CalibrationError("nozzles: the belt ran at one speed only; run it at half, or set speeds=one")
        station_mm = config.calibration.nozzle_station_mm - fit.station_mm
        firsts = np.array([m.mark.across_mm - m.mark.nozzle * config.diverter.pitch_mm for m in found])
        first_mm, first_sigma = float(np.median(firsts)), float(np.std(firsts) / np.sqrt(len(firsts)))
        quantities = [
            Quantity(
                name="station", title="Nozzles behind the view's upstream edge", value=station_mm, unit="mm",
                uncertainty=fit.sigmas[0], before=config.calibration.nozzle_station_mm,
                least=config.calibration.array_station_mm, most=20_000,
            ),
            Quantity(
                name="from-array", title="Nozzles behind the array", unit="mm",
                value=station_mm - config.calibration.array_station_mm, uncertainty=fit.sigmas[0], least=50.0,
                before=config.calibration.nozzle_station_mm - config.calibration.array_station_mm,
            ),
            Quantity(
                name="first-nozzle", title="Nozzle 0 across the belt", value=first_mm, unit="mm",
                uncertainty=first_sigma,
                before=config.diverter.first_across_mm,
            ),
            Quantity(name="left", title="Marks off, rms", value=fit.left_mm, unit="mm", most=MOST_LEFT_MM),
            Quantity(name="unsure", title="Uncertainty of the station", value=fit.sigmas[0], unit="mm", most=0.7),
        ]  # fmt: skip
        changes: dict[str, object] = {
            "calibration.nozzle_station_mm": round(station_mm, 3),
            "diverter.first_across_mm": round(first_mm, 3),
        }
        for lag in lags_found(config, fit):
            quantities += lag.quantities()
            changes |= lag.changes()
        svg = inline_svg(lambda axes: _draw(axes, fit.opening.later_ms), (7, 3))
        return Result(
            procedure=self.about.name, quantities=tuple(quantities), changes=changes, notes=_notes(fit),
            plots=(Plot(title="How much later than the mean each valve opens", svg=svg),),
            evidence={
                "valve_ms": _as_json(fit.opening.later_ms),
                "valve_close_ms": _as_json(fit.closing.later_ms),
                "marks": [
                    [m.mark.nozzle, round(m.mark.begin_mm, 2), round(m.mark.end_mm, 2), round(m.mark.across_mm, 2),
                     m.asked.begin_mm, round(m.asked.speed_m_per_s, 4)]
                    for m in found
                ],
            },
        )  # fmt: skip


def _as_json(later_ms: ArrayF64) -> list[float | None]:
    return [None if np.isnan(one) else round(float(one), 4) for one in later_ms]


def _notes(fit: MarksFit) -> tuple[str, ...]:
    valve_ms = fit.opening.later_ms
    silent = np.flatnonzero(np.isnan(valve_ms))
    slow = np.flatnonzero(np.nan_to_num(valve_ms) > SLOW_MS)
    notes = [
        f"valve {valve} opens {valve_ms[valve]:.1f} ms later than the others: clean or change it" for valve in slow
    ]
    if silent.size:
        named = ", ".join(map(str, silent[:12]))
        notes.append(f"no mark of nozzle {named}: is it blocked, or its valve dead?")
    return tuple(notes)


def _draw(axes: Axes, valve_ms: ArrayF64) -> None:
    axes.axhline(0.0, color=SOFT)
    colours = [WARN if abs(np.nan_to_num(one)) > SLOW_MS else BLUE for one in valve_ms]
    axes.bar(range(len(valve_ms)), np.nan_to_num(valve_ms), color=colours)
    axes.set(xlabel="nozzle", ylabel="ms later")
