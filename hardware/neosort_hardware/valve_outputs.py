"""The output side of a bank of jets that is timed here: 'exactly these valves open, now', and who opens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from neosort_hardware.devices import Encoder
from neosort_hardware.shot_timer import ShotLimits


class ValveOutputs(Protocol):
    """Outputs, one a valve. Whoever opens them finds all of them shut."""

    def set_open(self, nozzles: frozenset[int]) -> None:
        """Exactly these valves open, every other shut; returns once the outputs have it.

        Called again with the same valves now and then, so that a watchdog in the outputs sees a living host. Raises
        `DeviceError` within 0.1 s; nobody knows then how the valves stand.
        """

    def close(self) -> None:
        """Every valve shut where that is still possible, then let go. Idempotent, never raises."""


class OpensOutputs(Protocol):
    """How to reach the outputs. Pickles, for it is the shot process that opens them."""

    def open_outputs(self) -> ValveOutputs:
        """Connect, every valve shut. Raises `DeviceError`."""


class OpensEncoder(Protocol):
    """How to reach the belt's encoder from another process. Pickles."""

    def open_encoder(self) -> Encoder:
        """Connect. Raises `DeviceError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotRig:
    """All that a shot process needs to know.

    ``encoder`` None: the host tells it of the belt. ``refresh_ms``: outputs are written anew at least this often, which
    finds out when they are gone before a shot is lost to it.
    """

    name: str
    outputs: OpensOutputs
    encoder: OpensEncoder | None
    mm_per_count: float
    limits: ShotLimits
    refresh_ms: float = 100.0
