"""Pieces for tests of faults: a twin line in virtual time on which things happen at their times."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from tests.whole_line import FakeBundle

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import Line, simulated_line
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.world import World
from neosort_inference.faults.alarms import Alarm
from neosort_inference.faults.fates import fates, summed
from neosort_inference.faults.modes import Mode
from neosort_inference.recipe import Recipe
from neosort_inference.sorting import Sorting, SortingPlan
from neosort_inference.telemetry import Telemetry

SCENERY = Scenery()  # shared: every sprite is read once
RECIPE = Recipe(min_p_ndfeb=0.5)
WAY_S = 4.0  # from the camera's view to past the nozzles, at 1 m/s or more


@dataclass
class Played:
    """A run with its events. ``modes``: (second, mode) at every change. ``undecided_m``: metres, by fault. ``blown_s``:
    when valves began to blow for a shot."""

    telemetry: Telemetry
    started_ns: int
    modes: list[tuple[float, Mode]]
    undecided_m: dict[str, float]
    blown_s: list[float]

    def alarm(self, fault: str) -> Alarm:
        """The one alarm of a fault."""
        book = self.telemetry.alarms
        (found,) = [alarm for alarm in (*book.open, *book.past) if alarm.fault == fault]
        return found

    def at_s(self, stamp_ns: int | None) -> float:
        assert stamp_ns is not None
        return (stamp_ns - self.started_ns) * 1e-9

    def faults(self) -> set[str]:
        """Every fault that was raised."""
        return set(self.telemetry.alarms.raised)

    def mode_at(self, second: float) -> Mode:
        return [mode for at_s, mode in self.modes if at_s <= second][-1]

    def fates(self) -> dict[int, str]:
        return fates(self.telemetry, WAY_S)

    def sums(self):
        return summed(self.fates())

    def fired_s(self) -> list[float]:
        """When shots were handed over."""
        return [self.at_s(decision.decided_ns) for decision in self.telemetry.decisions if decision.fired]


class SlowBundle(FakeBundle):
    """Knows the truth; may become slow (``takes_ns`` for a window) or blind (``mute``)."""

    def __init__(self, clock) -> None:
        super().__init__([])
        self._clock = clock
        self.takes_ns = 0
        self.mute = False

    def run(self, window):
        self._clock.charge(self.takes_ns)
        known, self.items = self.items, [] if self.mute else self.items
        found = super().run(window)
        self.items = known
        return found


class Script:
    """The truth of a line, handed on every turn: what is to happen by then happens before."""

    def __init__(self, line: Line, known: list, events: dict[float, Callable]) -> None:
        self._line, self._truth, self._known = line, line.truth, known
        self._events = sorted(events.items())
        self._started_ns = line.clock.now_ns()
        self.sorting: Sorting | None = None
        self.modes: list[tuple[float, Mode]] = []
        self.world: World | None = None
        self.blown_ns: set[int] = set()

    def items(self):
        now_s = (self._line.clock.now_ns() - self._started_ns) * 1e-9
        if self.world is not None:
            self.blown_ns |= {jet.on_ns for jet in self.world.jet_bank.strokes}
        mode = self.sorting.telemetry.mode
        if not self.modes or self.modes[-1][1] is not mode:
            self.modes.append((now_s, mode))
        while self._events and self._events[0][0] <= now_s:
            self._events.pop(0)[1](self._line, self.sorting)
        items = self._truth.items()
        self._known.extend(items)
        return items

    def landings(self):
        return self._truth.landings()


def inject(fault, **details):
    """An event: the fault comes."""
    return lambda line, _sorting: line.faults.inject(fault, **details)


def clear(fault, **details):
    """An event: the fault goes."""
    return lambda line, _sorting: line.faults.clear(fault, **details)


def acknowledge(by="Ada"):
    """An event: somebody acknowledges all there is."""
    return lambda _line, sorting: sorting.acknowledge(None, by)


def play(
    events, seconds=10.0, *, seed=3, speed=1.0, blind="none", keeper=None, recorder=None, fleet=None, **settings
) -> Played:
    """Sort for so many seconds while ``events`` (second → event) happen. ``settings``: more of the configuration.

    Computing takes no time but what an event or the bundle charges: what comes when is the same on every machine.
    Longer blocks than a real array's make turns fewer, and the test faster.
    """
    layout = {"belt": {"speed_m_per_s": speed}, "magnetometer": {"block_ms": 20.0}} | settings
    world = World(LineConfig.model_validate(layout), VirtualClock(computing_ns=lambda: 0), seed, SCENERY)
    with simulated_line(world) as opened:
        bundle = SlowBundle(opened.clock)
        script = Script(opened, bundle.items, events)
        script.world = world
        line = dataclasses.replace(opened, truth=script)
        plan = SortingPlan(bundle=bundle, recipe=RECIPE, seconds=seconds, blind=blind)
        script.sorting = Sorting(line, plan, recorder=recorder, keeper=keeper, fleet=fleet)
        started_ns = line.clock.now_ns()
        telemetry = script.sorting.run()
        return Played(
            telemetry=telemetry,
            started_ns=started_ns,
            modes=script.modes,
            undecided_m=script.sorting.undecided.metres,
            blown_s=[(blown_ns - started_ns) * 1e-9 for blown_ns in sorted(script.blown_ns)],
        )
