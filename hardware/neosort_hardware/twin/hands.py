"""What a technician's hands do at the simulated line: lay reference pieces, hold boards up, read witness strips."""

from __future__ import annotations

import numpy as np

from neosort_hardware.reference_pieces import HeldBoard, Placed, WitnessMark
from neosort_hardware.twin.pneumatics import Jet
from neosort_hardware.twin.world import World
from neosort_hardware.types import ArrayF64

RULER_MM = 0.3  # a: one standard deviation of a reading by eye


class SimHands:
    """The hands at one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._read: set[tuple[int, int]] = set()
        self._eye = np.random.default_rng(7)

    def empty_belt(self, empty: bool) -> None:
        self._world.feeding = not empty

    def lay(self, placed: Placed) -> None:
        self._world.pieces.bring(placed)

    def hold(self, held: HeldBoard | None) -> None:
        self._world.held = held

    def put_away(self) -> None:
        self._world.pieces.put_away()

    def run_at(self, speed_m_per_s: float) -> bool:
        return self._world.run_at(1000.0 * speed_m_per_s)

    def turn_array(self, turning: bool) -> None:
        self._world.turned_since_s = 1e-9 * self._world.clock.now_ns() if turning else None

    def witness(self) -> list[WitnessMark]:
        marks = []
        now_ns = self._world.clock.now_ns()
        for jet in self._world.jet_bank.strokes:
            if jet.off_ns <= now_ns and (jet.nozzle, jet.on_ns) not in self._read:
                self._read.add((jet.nozzle, jet.on_ns))
                marks += self._mark(jet)
        return marks

    def _mark(self, jet: Jet) -> list[WitnessMark]:
        """On a strip of paper, measured from its middle; none where none lay there."""
        world = self._world
        station_mm = world.geometry.nozzle_station_mm
        begin_mm, end_mm = (world.motion.position_mm(at_ns) - station_mm for at_ns in (jet.on_ns, jet.off_ns))
        across_mm = world.geometry.nozzles.across_mm(jet.nozzle)
        for laid in world.pieces.laid:
            piece = laid.placed.piece
            inside = abs(begin_mm - laid.belt_mm) < 0.5 * piece.length_mm > abs(end_mm - laid.belt_mm)
            if piece.paper and inside and abs(across_mm - laid.placed.across_mm) < 0.5 * piece.width_mm:
                errors = self._eye.normal(0.0, RULER_MM, 3)
                return [
                    WitnessMark(
                        nozzle=jet.nozzle,
                        begin_mm=float(begin_mm - laid.belt_mm + errors[0]),
                        end_mm=float(end_mm - laid.belt_mm + errors[1]),
                        across_mm=float(across_mm + errors[2]),
                    )
                ]
        return []


class SimConstants:
    """What the simulated world was made with."""

    def __init__(self, world: World) -> None:
        self._world = world

    def channel_matrices(self) -> ArrayF64:
        return self._world.channel_matrices

    def valve_lags_ms(self) -> ArrayF64:
        return self._world.valves.lags_ms
