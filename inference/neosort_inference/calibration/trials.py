"""Every procedure tried on a simulated line whose true constants are known and are not what the line takes them for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import Line, open_line
from neosort_inference.calibration.constants import with_constants
from neosort_inference.calibration.procedure import CalibrationError, Result, Value
from neosort_inference.calibration.registry import procedure_named
from neosort_inference.calibration.session import CalibrationSession

MOST_S = 300.0  # of the line's time: a trial that takes longer has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One planted constant. ``before``: what the line took it for; ``tolerance``: how far ``found`` may be off."""

    constant: str
    unit: str
    before: float
    planted: float
    found: float
    tolerance: float

    @property
    def within(self) -> bool:
        return abs(self.found - self.planted) <= self.tolerance


Compare = Callable[[Result, LineConfig, Line], list[Recovered]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """``line``: the simulated line, its truth planted; ``compare``: what to make of the result."""

    procedure: str
    line: Mapping[str, Any]
    compare: Compare
    parameters: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a trial."""

    procedure: str
    seed: int
    passed: bool
    line_s: float
    rows: tuple[Recovered, ...]

    @property
    def within(self) -> bool:
        """Whether the procedure has passed by its own limits and everything planted was recovered."""
        return self.passed and all(row.within for row in self.rows)


def tried(trial: Trial, seed: int) -> Tried:
    """Run a trial in virtual time. Raises `CalibrationError` where the procedure comes to no end."""
    config = LineConfig.model_validate(trial.line)
    with open_line(config, VirtualClock(), seed) as line:
        result = run_through(line, trial.procedure, trial.parameters)
        rows = tuple(trial.compare(result, with_constants(config, result.changes), line))
        line_s = line.clock.now_ns() * 1e-9
    return Tried(procedure=trial.procedure, seed=seed, passed=result.passed, line_s=line_s, rows=rows)


def run_through(line: Line, procedure: str, parameters: Mapping[str, Value]) -> Result:
    """A procedure to its end, nobody looking on."""
    session = CalibrationSession(line, procedure_named(procedure)(), parameters)
    end_ns = line.clock.now_ns() + round(MOST_S * 1e9)
    while session.state == "running":
        guidance = session.step()
        if line.clock.now_ns() > end_ns:
            session.cancel()
            raise CalibrationError(f"{procedure}: after {MOST_S:g} s still missing {', '.join(guidance.missing)}")
    return session.result()
