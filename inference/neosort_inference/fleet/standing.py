"""How a line's publishing stands, as its process last told the loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

FleetState = Literal[
    "starting", "connected", "unreachable", "refused", "silent", "garbled", "lost", "displaced", "broken"
]
FLEET_STATES: tuple[FleetState, ...] = get_args(FleetState)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStanding:
    """``state``: of the way to the broker; ``detail`` why, in a few words.

    starting: not tried yet; unreachable: nobody answers there; refused: it does not want us, or not what we tell;
    silent: it answers nothing; garbled: it speaks no MQTT 5; lost: the connection broke; displaced: somebody else has
    come under our name; broken: our own process or outbox does not do its work.
    ``waiting``: alarms and lots that the broker has not confirmed. ``sent``: messages it has, by kind, of this run.
    ``lost``: alarms that found no room to wait. ``ledger_trouble``: why closed lots cannot be looked for.
    """

    broker: str
    state: FleetState = "starting"
    detail: str = ""
    waiting: int = 0
    sent: Mapping[str, int] = field(default_factory=dict)
    lost: int = 0
    ledger_trouble: str = ""

    @property
    def connected(self) -> bool:
        """Whether the broker has us."""
        return self.state == "connected"
