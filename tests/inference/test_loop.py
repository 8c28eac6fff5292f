"""The loop among devices that record what is asked of them: shots, refusals, and valves closed on any exit."""

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError, EndOfStream
from neosort_hardware.line import Line
from neosort_hardware.types import Box, DeviceHealth, EncoderSample, Frame, InterlockState, ShotOutcome, Verdict
from neosort_inference.detector import Detection
from neosort_inference.ejection import ShotPlanner
from neosort_inference.exchange.way import Means, Way
from neosort_inference.exchange.ways import Ways
from neosort_inference.faults.building import watch_of
from neosort_inference.faults.load import Load
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.loop import Listeners, SortingLoop, nobody_listens
from neosort_inference.recipe import Judge, Recipe
from neosort_inference.stages import Stages
from neosort_inference.telemetry import Telemetry
from neosort_inference.tracks import Tracker

CONFIG = LineConfig()
GRID = WindowGrid()
KINDS = ("hdd35", "lithium_cell")
HOP_MM = 256.0
STEP_NS = 256_000_000


class FakeDevice:
    """Part of every fake device; notes in ``calls`` what is asked of it, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    @property
    def name(self) -> str:
        return "fake device"

    def health(self) -> DeviceHealth:
        return DeviceHealth(name=self.name, ok=True)

    def close(self) -> None:
        self.calls.append("close")


class FakeCamera(FakeDevice):
    """A frame a turn, for so many turns."""

    def __init__(self, clock: VirtualClock, frames: int) -> None:
        super().__init__()
        self._clock, self._left, self._sequence = clock, frames, 0

    def read(self, timeout_s: float) -> Frame:
        if self._left == 0:
            raise EndOfStream("no more")
        self._left -= 1
        self._sequence += 1
        self._clock.sleep_until(self._clock.now_ns() + STEP_NS)
        image = np.random.default_rng(self._sequence).integers(50, 200, (64, 64, 3), np.uint8)  # a living camera's
        return Frame(image=image, belt_mm=self._clock.now_ns() * 1e-6, captured_ns=0, sequence=self._sequence)


class FakeMagnetometer(FakeDevice):
    """Has nothing to say."""

    def read(self, timeout_s: float) -> None:
        return None


class FakeEncoder(FakeDevice):
    """1 m/s."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def read(self) -> EncoderSample:
        now_ns = self._clock.now_ns()
        return EncoderSample(belt_mm=now_ns * 1e-6, counts=0, sampled_ns=now_ns)


class FakeDiverter(FakeDevice):
    """Gives the answer it is told to give."""

    def __init__(self, answer: ShotOutcome) -> None:
        super().__init__()
        self._answer = answer
        self.shots = []
        self.unwell_in: range = range(0)
        self.unheard = False  # nobody has spoken to it for too long
        self.lost = False
        self._asked = 0

    def health(self) -> DeviceHealth:
        self._asked += 1
        if self.unheard or self._asked in self.unwell_in:
            return DeviceHealth(name=self.name, ok=False, detail="host was silent for too long")
        return super().health()

    def schedule(self, shot) -> ShotOutcome:
        self.calls.append("schedule")
        self.shots.append(shot)
        return self._answer

    def heartbeat(self) -> None:
        self._answer_to("heartbeat")
        self.unheard = False

    def close_all(self) -> None:
        self._answer_to("close_all")

    def _answer_to(self, call: str) -> None:
        self.calls.append(call)
        if self.lost:
            raise DeviceError(self.name, "does not answer")


class FakeInterlock(FakeDevice):
    """Opened in some turns."""

    def __init__(self, opened_in: range) -> None:
        super().__init__()
        self._opened_in, self._turn = opened_in, 0

    def read(self) -> InterlockState:
        self._turn += 1
        return InterlockState(closed=self._turn not in self._opened_in)


class OneWindowAFrame:
    """In place of the assembler: every frame is a window at once."""

    waiting = dropped = 0

    def __init__(self) -> None:
        self.blind = "field"
        self._frames: list[Frame] = []

    def add_frame(self, frame: Frame) -> None:
        self._frames.append(frame)

    def ready(self, belt_mm: float) -> list[BeltWindow]:
        frames, self._frames = self._frames, []
        return [window(frame.sequence) for frame in frames]


def window(number: int) -> BeltWindow:
    return BeltWindow(
        grid=GRID,
        start_mm=HOP_MM * number,
        picture=np.zeros((1, 1, 3), np.uint8),
        field_ut=np.zeros((3, 1, 1), np.float32),
        field_mask=np.zeros((2, 1, 1), np.float32),
        last_input_ns=0,
        sequence=number,
    )


def detection(at_mm: float, p_ndfeb=0.9, cell_p=0.0, across_mm=300.0) -> Detection:
    return Detection(
        box=Box(belt_lo_mm=at_mm, belt_hi_mm=at_mm + 60, across_lo_mm=across_mm, across_hi_mm=across_mm + 60),
        score=0.9,
        kind="hdd35",
        kind_p=np.array([1 - cell_p, cell_p], np.float32),
        p_ndfeb=p_ndfeb,
        magnet_g=20.0,
        magnet_g_sigma=2.0,
    )


class OneDiskAWindow:
    """In place of the detector: one bearing item early in each window, and what a test adds."""

    def __init__(self, *, breaks_at: int = 0, beside=()) -> None:
        self._breaks_at, self._beside = breaks_at, beside

    def detect(self, seen: BeltWindow) -> list[Detection]:
        if seen.sequence == self._breaks_at:
            raise RuntimeError("the model has broken down")
        return [detection(seen.start_mm + 20.0), *(one(seen.start_mm) for one in self._beside)]


@dataclass
class Bench:
    """A loop among fakes. ``frames``: after so many the source ends."""

    frames: int = 6
    answer: ShotOutcome = ShotOutcome.ACCEPTED
    opened_in: range = range(0)
    detector: OneDiskAWindow = field(default_factory=OneDiskAWindow)
    recipe: Recipe = field(default_factory=Recipe)
    listeners: Listeners = field(default_factory=nobody_listens)

    def __post_init__(self) -> None:
        clock = VirtualClock()
        geometry = LineGeometry.of(CONFIG)
        self.diverter = FakeDiverter(self.answer)
        self.telemetry = Telemetry(started_ns=0)
        self.stages = Stages.at_zero()
        line = Line(
            config=CONFIG,
            geometry=geometry,
            clock=clock,
            camera=FakeCamera(clock, self.frames),
            magnetometer=FakeMagnetometer(),
            encoder=FakeEncoder(clock),
            diverter=self.diverter,
            interlock=FakeInterlock(self.opened_in),
        )
        reached, tracker = ReachedLine(line), Tracker(HOP_MM)
        self.loop = SortingLoop(
            line,
            ways=Ways(
                Way(
                    means=Means(bundle=None, recipe=self.recipe, config=CONFIG),
                    geometry=geometry,
                    assembler=OneWindowAFrame(),
                    detector=self.detector,
                    judges=dict.fromkeys(("none", "camera", "field"), Judge(self.recipe, KINDS, 0.5)),
                    planner=ShotPlanner(geometry.jets, 2.0, self.recipe.max_shots_per_s),
                    heavy_planner=None,
                    hop_mm=HOP_MM,
                ),
                tracker,
            ),
            tracker=tracker,
            reached=reached,
            watch=watch_of(
                CONFIG, reached, self.telemetry.alarms, "field", window_mm=GRID.length_mm, load=Load(), recording=None
            ),
            telemetry=self.telemetry,
            listeners=self.listeners,
            stages=self.stages,
        )

    def run(self):
        self.loop.run(lambda: True)
        return self.telemetry.decisions


def test_every_bearing_item_is_shot_at_once_where_it_will_be():
    bench = Bench()
    decisions = bench.run()
    assert [decision.verdict for decision in decisions] == [Verdict.FIRED] * 6
    assert [decision.shot for decision in decisions] == bench.diverter.shots
    for number, shot in enumerate(bench.diverter.shots, 1):
        middle_mm = HOP_MM * number + 50.0 + CONFIG.calibration.nozzle_station_mm
        assert 0.5 * (shot.open_mm + shot.close_mm) == pytest.approx(middle_mm)
    assert all(decision.reason == "" for decision in decisions)


def test_the_host_is_heard_before_anything_else_in_every_turn():
    bench = Bench()
    bench.run()
    assert bench.diverter.calls[0] == "heartbeat"
    assert bench.diverter.calls.count("heartbeat") >= 6


def test_that_a_line_took_long_to_be_opened_is_no_alarm():
    bench = Bench()
    bench.diverter.unheard = True
    bench.run()
    assert bench.telemetry.snapshot(1, 0.0, 1.0).alarms == ()


def test_a_silence_the_diverter_has_acted_on_is_told_until_somebody_takes_note():
    bench = Bench()
    bench.diverter.unwell_in = range(3, 4)
    bench.run()
    (alarm,) = bench.telemetry.snapshot(1, 0.0, 1.0).alarms
    assert (alarm.fault, alarm.detail) == ("diverter.unwell", "host was silent for too long")
    assert not alarm.standing
    assert all(decision.fired for decision in bench.telemetry.decisions), "it shuts by itself, and goes on"


def test_valves_are_closed_when_the_source_ends():
    bench = Bench(frames=3)
    assert len(bench.run()) == 3
    assert bench.diverter.calls[-1] == "close_all"


def test_valves_are_closed_when_told_to_stop():
    bench = Bench()
    turns = iter([True, True, False])
    bench.loop.run(lambda: next(turns))
    assert bench.diverter.calls[-1] == "close_all"
    assert bench.diverter.calls.count("heartbeat") == 3, "at the start, and in every turn"


@pytest.mark.parametrize("error", [RuntimeError, DeviceError, KeyboardInterrupt])
def test_valves_are_closed_whatever_a_listener_does(error):
    def fail(_window, _decisions):
        raise error("fake device", "gone") if error is DeviceError else error

    bench = Bench(listeners=replace(nobody_listens(), on_window=fail))
    with pytest.raises(error):
        bench.run()
    assert bench.diverter.calls[-1] == "close_all"


def test_valves_are_closed_when_the_detector_breaks_down_and_the_error_is_not_hidden():
    bench = Bench(detector=OneDiskAWindow(breaks_at=3))
    with pytest.raises(RuntimeError, match="the model has broken down"):
        bench.run()
    assert bench.diverter.calls[-1] == "close_all"
    assert len(bench.diverter.shots) == 2


def test_an_interlock_opened_in_mid_run_shuts_the_valves_and_shots_wait_for_a_person_after_it_is_closed():
    bench = Bench(frames=14, opened_in=range(3, 5))
    turns = itertools.count(1)

    def carry_on():
        if next(turns) in (4, 11):  # while it is open, which is too early, and again when it has long been closed
            assert bench.telemetry.alarms.acknowledge(None, "Ada", 1) == 1
        return True

    bench.loop.run(carry_on)
    decisions = bench.telemetry.decisions
    assert [decision.fired for decision in decisions] == [True, True, *[False] * 8, True, True, True, True]
    refused = [decision for decision in decisions if not decision.fired]
    assert {(one.verdict, one.reason, one.shot) for one in refused} == {(Verdict.REFUSED, "interlock open", None)}
    calls = [call for call in bench.diverter.calls if call != "heartbeat"]
    assert calls == ["schedule", "schedule", "close_all", *["schedule"] * 4, "close_all"]
    assert bench.telemetry.faults_seen == ["interlock open"]
    snapshot = bench.telemetry.snapshot(1, 0.0, 1.0)
    assert (snapshot.faults, snapshot.alarms, snapshot.mode) == ((), (), "camera only"), "over and done with"


def test_a_diverter_that_is_lost_is_asked_ever_more_seldom_and_shut_as_soon_as_it_is_back():
    bench = Bench(frames=60)
    turns = itertools.count(1)

    def carry_on():
        turn = next(turns)
        bench.diverter.lost = 2 <= turn < 40
        if turn == 40:
            assert len(bench.diverter.calls) < 15, "an answer that does not come may be waited for each time"
            bench.diverter.calls.clear()
        return True

    bench.loop.run(carry_on)
    assert bench.diverter.calls[:2] == ["heartbeat", "close_all"]
    assert bench.diverter.calls.count("close_all") == 2, "and when the source ends"


@pytest.mark.parametrize(
    ("answer", "verdict", "reason"),
    [
        (ShotOutcome.LATE, Verdict.LATE, "too late"),
        (ShotOutcome.REFUSED, Verdict.REFUSED, "refused by the diverter"),
    ],
)
def test_a_shot_the_diverter_does_not_take_is_counted_and_never_tried_again(answer, verdict, reason):
    bench = Bench(answer=answer)
    decisions = bench.run()
    assert [(decision.verdict, decision.reason) for decision in decisions] == [(verdict, reason)] * 6
    assert not any(decision.fired for decision in decisions)
    assert [decision.shot for decision in decisions] == bench.diverter.shots, "kept as planned, handed over once"
    snapshot = bench.telemetry.snapshot(1, 0.0, 1.0)
    assert (snapshot.shots, snapshot.late + snapshot.refused) == (0, 6)


def test_what_bears_nothing_is_let_pass():
    bench = Bench(detector=OneDiskAWindow(beside=[lambda mm: detection(mm + 20, p_ndfeb=0.1, across_mm=100)]))
    verdicts = [decision.verdict for decision in bench.run()]
    assert verdicts.count(Verdict.FIRED) == verdicts.count(Verdict.PASSED) == 6
    assert len(bench.diverter.shots) == 6


def test_a_cell_in_the_blast_forbids_the_shot():
    beside = [lambda mm: detection(mm + 55, cell_p=0.9)]
    bench = Bench(detector=OneDiskAWindow(beside=beside))
    decisions = bench.run()
    assert not bench.diverter.shots
    assert {(decision.verdict, decision.reason) for decision in decisions} == {
        (Verdict.REFUSED, "a protected item lies in the blast"),
        (Verdict.FORBIDDEN, "may be a kind never to be fired at"),
    }


def test_the_air_supplys_limit_refuses_what_is_too_much():
    bench = Bench(recipe=Recipe(max_shots_per_s=2.0))  # four items a second come
    decisions = bench.run()
    assert len(bench.diverter.shots) == sum(decision.fired for decision in decisions) == 4
    refused = [decision for decision in decisions if not decision.fired]
    assert {(d.verdict, d.reason) for d in refused} == {(Verdict.REFUSED, "air supply at its limit")}
