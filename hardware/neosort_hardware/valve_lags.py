"""How long valves take to act, as a configuration says it: one lag for all of them, or one a valve."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

LONGEST_LAG_MS = 50.0


def _bounded(lag_ms: float | tuple[float, ...]) -> float | tuple[float, ...]:
    one_a_valve = lag_ms if isinstance(lag_ms, tuple) else (lag_ms,)
    if not one_a_valve:
        raise ValueError("a list of lags must have one a valve")
    for valve, one_ms in enumerate(one_a_valve):
        if not 0.0 <= one_ms <= LONGEST_LAG_MS:
            whose = f"of valve {valve} " if isinstance(lag_ms, tuple) else ""
            raise ValueError(f"the lag {whose}is {one_ms:g} ms, must lie in 0..{LONGEST_LAG_MS:g}")
    return lag_ms


ValveLag = Annotated[float | tuple[float, ...], AfterValidator(_bounded)]
"""Milliseconds: a number for all valves, or a list with one a valve, in the order of the nozzles."""


def mean_lag_ms(lag_ms: float | tuple[float, ...]) -> float:
    """Of all valves."""
    return sum(lag_ms) / len(lag_ms) if isinstance(lag_ms, tuple) else lag_ms


def each_lag_ms(lag_ms: float | tuple[float, ...], valves: int) -> tuple[float, ...]:
    """Of each valve."""
    return lag_ms if isinstance(lag_ms, tuple) else (lag_ms,) * valves
