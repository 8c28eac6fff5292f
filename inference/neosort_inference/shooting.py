"""From an item that is due to the shot that a diverter has taken for it, or the reason why there is none."""

from __future__ import annotations

from collections import deque

from neosort_datasets.window import BeltWindow
from neosort_hardware.clock import Clock
from neosort_hardware.types import Decision, Shot, ShotOutcome, Verdict
from neosort_inference.ejection import ShotPlanner
from neosort_inference.exchange.ways import Ways
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.faults.jets import Air
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.recipe import NoShot
from neosort_inference.tracks import Track, Tracker

HANDED = 256  # shots remembered: more than lie between the array and the nozzles at 33 a second and 0.5 m/s
_ANSWERS: dict[ShotOutcome, NoShot | None] = {
    ShotOutcome.ACCEPTED: None,
    ShotOutcome.LATE: NoShot(verdict=Verdict.LATE, reason="too late"),
    ShotOutcome.REFUSED: NoShot(verdict=Verdict.REFUSED, reason="refused by the diverter"),
}


class Shooting:
    """Judges, aims and hands over, by the way that windows go now. Used in the loop's thread alone."""

    def __init__(self, clock: Clock, *, ways: Ways, tracker: Tracker, reached: ReachedLine) -> None:
        self._clock = clock
        self._ways = ways
        self._tracker = tracker
        self._reached = reached
        self._air = Air(lambda: reached.plant_state)
        self._handed: deque[Shot] = deque(maxlen=HANDED)

    def settle(self, track: Track, window: BeltWindow, stopped: str) -> Decision:
        """What is decided of an item that ``window`` has shown, its shot handed over. ``stopped``: why no shot may be
        fired now; empty while they may."""
        aim = self._aim(track, stopped)
        shot, no_shot = (aim, self._hand_over(aim)) if isinstance(aim, Shot) else (None, aim)
        now_ns = self._clock.now_ns()
        detection = track.detection
        last_sensor_mm = track.box.belt_hi_mm + self._ways.now.geometry.array_station_mm
        return Decision(
            track_id=track.track_id,
            box=track.box,
            kind=detection.kind,
            p_ndfeb=detection.p_ndfeb,
            magnet_g=detection.magnet_g,
            magnet_g_sigma=detection.magnet_g_sigma,
            verdict=Verdict.FIRED if no_shot is None else no_shot.verdict,
            reason="" if no_shot is None else no_shot.reason,
            latency_ms=(now_ns - window.last_input_ns) * 1e-6,
            distance_mm=self._reached.belt_mm() - last_sensor_mm,
            decided_ns=now_ns,
            shot=shot,
        )

    def recall(self) -> tuple[Shot, ...]:
        """The shots handed over that will not blow, for every valve has been shut; they are forgotten."""
        belt_mm = self._reached.belt_mm()
        recalled = tuple(shot for shot in self._handed if shot.open_mm > belt_mm)
        self._handed.clear()
        return recalled

    def _hand_over(self, shot: Shot) -> NoShot | None:
        """None when the diverter takes the shot, else why it does not."""
        outcome = self._reached.schedule(shot)
        if outcome is None:
            gone = "heavy_diverter.gone" if shot.heavy else "diverter.gone"
            return NoShot(verdict=Verdict.REFUSED, reason=CATALOGUE[gone].words)
        if outcome is ShotOutcome.ACCEPTED:
            self._handed.append(shot)
        return _ANSWERS[outcome]

    def _aim(self, track: Track, stopped: str) -> Shot | NoShot:
        """The shot for a track, or why there is none."""
        judge = self._ways.now.judges[self._ways.blind]
        if no_shot := judge.why_not(track.detection):
            return no_shot
        if stopped:
            return NoShot(verdict=Verdict.REFUSED, reason=stopped)
        planner = self._planner_for(judge.heavy(track.detection))
        if planner is self._ways.now.planner and self._air.too_heavy(track.detection.kind):
            return NoShot(verdict=Verdict.REFUSED, reason=CATALOGUE["air.low"].words)
        beside = self._tracker.neighbours(track, planner.reach_mm)
        protected = [t.box for t in beside if judge.forbidden(t.detection)]
        spared = [t.box for t in beside if judge.why_not(t.detection)]
        shot = planner.plan(track.track_id, track.box, spared, protected)
        if isinstance(shot, Shot) and not planner.within_rate(self._clock.now_ns()):
            return NoShot(verdict=Verdict.REFUSED, reason=planner.at_its_limit)
        return shot

    def _planner_for(self, heavy: bool) -> ShotPlanner:
        """Of the diverter that is to throw it."""
        way = self._ways.now
        return way.heavy_planner if heavy and way.heavy_planner is not None else way.planner
