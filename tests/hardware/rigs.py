"""Opened lines with a peer behind them that the conformance suite can cut off, bring back and ask what it saw.

A driver joins the suite with a rig of its own here, a fixture in `conftest.py`, and the fixture's name in
`conformance.py`.
"""

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace

from tests.hardware.array_process import ArrayProcess
from tests.hardware.controller_process import ControllerProcess
from tests.hardware.iio_process import IioProcess
from tests.hardware.modbus_peers import CONTACTS, MUTE, LibmodbusPeer, free_port
from tests.hardware.waiting import WITHIN_S

from neosort_hardware.clock import RealClock, VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line, simulated_line
from neosort_hardware.twin.world import World

STEP_S = 0.02
NO_LAG = {"valve_open_lag_ms": 0.0, "valve_close_lag_ms": 0.0, "jet_lag_ms": 0.0}
EMPTY_BELT = {"feed": {"items_per_s_per_m": 0.0}, "speed_ripple": 0.0, "belt_ut": 0.0, "passing_steel_ut": 0.0}


@dataclass(frozen=True)
class Blow:
    """What the peer saw a nozzle do, in the line's millimetres; ``closed_mm`` None while it is open."""

    nozzle: int
    opened_mm: float
    closed_mm: float | None


class Rig:
    """A line in real time. ``slack_mm``: what its clocks and belt leave uncertain of a place."""

    slack_mm = 0.0
    heartbeat_s = 1.5
    max_on_s = 0.4
    settle_s = 0.0  # until the host knows the counter

    def __init__(self, config):
        self.config = config
        with ExitStack() as undo:
            undo.callback(self.end_peer)
            self.line = self.opened()
            undo.callback(self.line.close)
            self.pass_time(self.settle_s)
            undo.pop_all()

    def opened(self):
        """The line that the configuration describes."""
        return open_line(self.config, RealClock(), 1)

    def close(self):
        """Line first, then the peer."""
        self.line.close()
        self.end_peer()

    def end_peer(self):
        """Where there is one."""

    def pass_time(self, seconds, alive=True):
        """Let the belt run, the host alive or silent."""
        end = self.line.clock.now_ns() + round(seconds * 1e9)
        while self.line.clock.now_ns() < end:
            if alive:
                self.line.diverter.heartbeat()
            self.wait(STEP_S)

    def wait(self, seconds):
        """A moment of the line's clock."""
        threading.Event().wait(seconds)

    def belt_mm(self):
        """Where the belt is."""
        return self.line.encoder.read().belt_mm

    def stand(self):
        """The belt stops."""
        self.line.faults.inject("encoder.stopped")

    def cut(self, slot):
        """The device of that slot is there no more."""
        raise NotImplementedError

    def restore(self, slot):
        """It is there again."""
        raise NotImplementedError

    def blows(self):
        """All that the nozzles have done, as the peer knows it."""
        raise NotImplementedError


class TwinRig(Rig):
    """The simulated line in virtual time."""

    slack_mm = 3.0  # valves are not alike

    def __init__(self, **slots):
        config = LineConfig.model_validate(
            slots
            | {
                "calibration": NO_LAG,
                "twin": EMPTY_BELT,
                "diverter": {"heartbeat_ms": 1e3 * self.heartbeat_s, "max_on_ms": 1e3 * self.max_on_s},
            }
        )
        self.world = World(config, VirtualClock(5_000_000_000), 1)
        self.config = config
        self.line = simulated_line(self.world)

    def wait(self, seconds):
        self.line.clock.sleep_until(self.line.clock.now_ns() + round(seconds * 1e9))
        self.world.advance()

    def cut(self, slot):
        self.line.faults.inject("interlock.opened" if slot == "interlock" else f"{slot}.gone")

    def restore(self, slot):
        self.line.faults.clear("interlock.opened" if slot == "interlock" else f"{slot}.gone")

    def mute(self, slot):
        """It has nothing to say."""
        self.line.faults.inject(f"{slot}.silent")

    def open_interlock(self):
        """Somebody presses the emergency stop."""
        self.line.faults.inject("interlock.opened")

    def exposure_us(self):
        """For how long the camera exposes."""
        return self.world.exposure_us

    def strokes(self):
        """What each valve did: its number, when it began, when it was open and when it was shut."""
        return [(jet.nozzle, jet.on_ns, jet.on_ns, jet.off_ns) for jet in self.world.jet_bank.strokes]

    def blows(self):
        self.world.advance()
        now_ns, place = self.line.clock.now_ns(), self.world.motion.position_mm
        return [
            Blow(number, place(open_ns), place(shut_ns) if shut_ns <= now_ns else None)
            for number, began_ns, open_ns, shut_ns in self.strokes()
            if began_ns <= now_ns
        ]


class FlapsRig(TwinRig):
    """The simulated line's flaps as its diverter."""

    slack_mm = 15.0  # of 90 and 110 ms of travel at 1 m/s, no two alike

    def __init__(self):
        limits = {"heartbeat_ms": 1e3 * self.heartbeat_s, "max_on_ms": 1e3 * self.max_on_s}
        super().__init__(heavy_diverter=limits)
        self.line = replace(self.line, diverter=self.line.heavy_diverter)

    def strokes(self):
        return [(one.lane, one.start_ns, one.out_ns, one.back_ns) for one in self.world.flap_bank.strokes]


class ControllerRig(Rig):
    """Encoder, diverter and interlock on the reference controller."""

    slack_mm = 0.5
    settle_s = 0.1

    def __init__(self, program, link):
        self._program, self._link = program, link
        self._strokes = []
        self.board = ControllerProcess(program, link=link)
        on_board = {"driver": "serial", "port": str(link), "answer_ms": 400}
        limits = {"heartbeat_ms": 1e3 * self.heartbeat_s, "max_on_ms": 1e3 * self.max_on_s}
        slots = self.slots(on_board, limits)
        super().__init__(LineConfig.model_validate(slots | {"calibration": NO_LAG, "twin": EMPTY_BELT}))

    def slots(self, on_board, limits):
        """What hangs on it."""
        return {"encoder": on_board, "interlock": on_board, "diverter": on_board | limits}

    def end_peer(self):
        self.board.close()

    def cut(self, slot):
        self.blows()
        self.board.kill()

    def restore(self, slot):
        self.board = ControllerProcess(self._program, link=self._link)

    def open_interlock(self):
        """Somebody presses the emergency stop."""
        self.board.tell("interlock open")

    def blows(self):
        self.board.tell("jump 0")  # everything that was said before has been heard then
        self._strokes += self.board.take_strokes()
        blows, open_at = [], {}
        for stroke in self._strokes:
            place_mm = self.place_mm(stroke.count)
            if stroke.opened:
                open_at[stroke.valve] = place_mm
            elif stroke.valve in open_at:
                blows.append(Blow(stroke.valve, open_at.pop(stroke.valve), place_mm))
        return blows + [Blow(valve, place_mm, None) for valve, place_mm in open_at.items()]

    def place_mm(self, count):
        """The board's count on the line's belt: the line's encoder is this board."""
        return 0.5 * self.line.diverter.link.belt.counts_at(count)


class ArrayRig(Rig):
    """A magnetometer array on the array board."""

    slack_mm = 80.0  # of a machine that is busy with other things at 1 m/s

    def __init__(self, link):
        self._link = link
        self.board = ArrayProcess(link)
        array = {"driver": "serial", "port": str(link), "channels": 40, "pitch_mm": 15.0, "apart_mm": 100.0}
        super().__init__(
            LineConfig.model_validate(
                {"magnetometer": {**array, "answer_ms": 400, "silent_ms": 1500}, "twin": EMPTY_BELT}
            )
        )

    def end_peer(self):
        self.board.close()

    def cut(self, slot):
        self.board.kill()

    def restore(self, slot):
        self.board = ArrayProcess(self._link, first_count=12_345)

    def mute(self, slot):
        """It has nothing to say."""
        self.board.tell("mute")


class IioRig(Rig):
    """A magnetometer array behind the IIO daemon's protocol."""

    slack_mm = 80.0  # of a machine that is busy with other things at 1 m/s

    def __init__(self):
        self.peer = IioProcess()
        array = {"driver": "iio", "uri": self.peer.uri, "device": "neo-array", "silent_ms": 2000}
        super().__init__(LineConfig.model_validate({"magnetometer": array, "twin": EMPTY_BELT}))

    def end_peer(self):
        self.peer.kill()

    def cut(self, slot):
        self.peer.kill()

    def restore(self, slot):
        self.peer = IioProcess(self.peer.port, ahead_ns=10**12)

    def mute(self, slot):
        """It has nothing to say."""
        self.peer.tell("mute")


class ModbusRig(Rig):
    """Encoder, array, interlock and jets on the libmodbus peer; a subclass says who is on time."""

    slack_mm = 100.0  # of a machine that is busy with other things at 1 m/s
    settle_s = 0.1
    mode = "controller"

    def __init__(self):
        self._port = free_port()
        self._blows = []
        self.peer = LibmodbusPeer(self._port)
        there = {"driver": "modbus", "peer": {"port": self._port, "timeout_ms": 400}}
        limits = {"heartbeat_ms": 1e3 * self.heartbeat_s, "max_on_ms": 1e3 * self.max_on_s}
        array = {"first_register": 20, "sample_register": 10, "count_register": 11, "absent": -32768}
        slots = {
            "encoder": there | {"slow_ms": 50, "stale_ms": 1500},
            "magnetometer": there | array,
            "interlock": there | {"stale_ms": 1500, "contacts": ["emergency stop", "guard"]},
            "plant": there | {"stale_ms": 1500, "chute_full": 4, "air_register": 4},
            "calibration": NO_LAG,
            "twin": EMPTY_BELT,
        }
        shots = there | {"answer_ms": 200, "late_ms": 20}
        super().__init__(LineConfig.model_validate(slots | self.diverters(shots, limits)))

    def diverters(self, shots, limits):
        """What executes them."""
        return {"diverter": shots | limits | {"mode": self.mode}}

    def end_peer(self):
        self.peer.kill()

    def cut(self, slot):
        self._keep_blows()
        self.peer.kill()
        if slot == "interlock":  # it looks again and again, and not when it is asked
            patiently(self, lambda: not self.line.interlock.read().closed)

    def restore(self, slot):
        self.peer = LibmodbusPeer(self._port)

    def mute(self, slot):
        """It has nothing to say."""
        self.peer.set_coil(MUTE)

    def open_interlock(self):
        """Somebody presses the emergency stop."""
        self.peer.set_coil(CONTACTS, False)
        patiently(self, lambda: not self.line.interlock.read().closed)

    def blows(self):
        self._keep_blows()
        return self._blows

    def _keep_blows(self):
        self.peer.hear_out()
        self._blows, open_at = [], {}
        for move in self.peer.moves():
            if move.opened:
                open_at[move.valve] = 0.5 * move.count
            elif move.valve in open_at:
                self._blows.append(Blow(move.valve, open_at.pop(move.valve), 0.5 * move.count))
        self._blows += [Blow(valve, place_mm, None) for valve, place_mm in open_at.items()]


class CoilsRig(ModbusRig):
    """The same, the jets on plain coils that the shot process times."""

    mode = "coils"


def patiently(rig, attempt, seconds=WITHIN_S):
    """What ``attempt`` gives once it gives something, however the machine dawdles."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if found := attempt():
            return found
        rig.wait(STEP_S)
    raise AssertionError("nothing within the time")
