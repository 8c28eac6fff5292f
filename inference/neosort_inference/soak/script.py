"""Faults that come and go at random, and a person who acknowledges what has stopped the line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from neosort_hardware.config import LineConfig
from neosort_hardware.devices import Faults
from neosort_hardware.faults import Detail, must_be_told

EVERY_S = 30.0  # of the line's clock, on average
LASTS_S = (0.5, 8.0)
PERSON_EVERY_S = 5.0
JUMPS_MM = 200.0


class FaultScript:
    """Switches faults of a simulated line on and off as its clock goes; several may stand at once.

    ``names``: those to choose from, each once before any comes again. ``acknowledge``: called every few seconds, as a
    person who looks in would.
    """

    def __init__(
        self, faults: Faults, config: LineConfig, names: Sequence[str], seed: int, acknowledge: Callable[[], object]
    ) -> None:
        self._faults, self._config, self._names = faults, config, tuple(names)
        self._acknowledge = acknowledge
        self._rng = np.random.default_rng((seed, 1))
        self._ends: list[tuple[int, str, dict[str, Detail]]] = []
        self._deck: list[str] = []
        self._next_ns: int | None = None
        self._person_ns = 0
        self.injected: Counter[str] = Counter()

    def turn(self, now_ns: int) -> None:
        """Let happen what is due by now."""
        if self._next_ns is None:
            self._next_ns = now_ns + self._wait_ns()
        for end in [end for end in self._ends if end[0] <= now_ns]:
            self._faults.clear(end[1], **end[2])
            self._ends.remove(end)
        if self._names and now_ns >= self._next_ns:
            self._next_ns = now_ns + self._wait_ns()
            self._begin(now_ns)
        if now_ns >= self._person_ns:
            self._person_ns = now_ns + round(PERSON_EVERY_S * 1e9)
            self._acknowledge()

    def _begin(self, now_ns: int) -> None:
        if not self._deck:
            self._deck = [str(name) for name in self._rng.permutation(self._names)]
        name = self._deck.pop()
        if any(name == standing for _, standing, _ in self._ends):
            return
        details = {detail: self._detail(detail) for detail in must_be_told(name)}
        if details.get("other") == details.get("channel") is not None:
            details["other"] = (int(details["channel"]) + 1) % self._config.magnetometer.channels
        self._faults.inject(name, **details)
        self._ends.append((now_ns + round(self._rng.uniform(*LASTS_S) * 1e9), name, details))
        self.injected[name] += 1

    def _detail(self, name: str) -> Detail:
        drawn: dict[str, Callable[[], Detail]] = {
            "channel": lambda: int(self._rng.integers(self._config.magnetometer.channels)),
            "other": lambda: int(self._rng.integers(self._config.magnetometer.channels)),
            "valve": lambda: int(self._rng.integers(self._config.diverter.nozzles)),
            "share": lambda: float(self._rng.uniform(0.05, 0.9)),
            "by_mm": lambda: float(self._rng.uniform(-JUMPS_MM, JUMPS_MM)),
        }
        return drawn[name]()

    def _wait_ns(self) -> int:
        return round(self._rng.exponential(EVERY_S) * 1e9)
