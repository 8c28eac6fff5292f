"""The calibration procedure that goes on at the line: begun, stepped through, ended, kept; each noted in the trail."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.asking.channel import Loop
from neosort_inference.asking.orders import (
    BeginProcedure,
    CancelProcedure,
    KeepProcedure,
    Result,
    ShowProcedure,
    StepProcedure,
)
from neosort_inference.services.doing import have_done

BEGIN_WITHIN_S = 60.0  # a simulated line makes its pieces first


class Procedures:
    """The loop runs it, one at a time. Raises as `Loop.ask`."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def standing(self, name: str) -> Result:
        """How the one that goes on stands, or the last one. ``name``: of whoever asks."""
        return self._loop.ask(ShowProcedure(), name)

    def begin(self, actor: Actor, procedure: str, settings: Mapping[str, JsonValue]) -> Result:
        """Begin one on a line that a person has stopped."""
        actor.must(Role.TECHNICIAN)
        order = BeginProcedure(procedure=procedure, settings=dict(settings))
        return have_done(
            actor, self._loop, order, "procedure.start", procedure, new=order.settings, within_s=BEGIN_WITHIN_S
        )

    def step(self, actor: Actor, action: str, values: Mapping[str, JsonValue]) -> Result:
        """Press one of the buttons that it shows."""
        actor.must(Role.TECHNICIAN)
        order = StepProcedure(action=action, values=dict(values))
        return have_done(actor, self._loop, order, "procedure.step", action, new=order.values)

    def cancel(self, actor: Actor) -> Result:
        """End it and keep nothing of it."""
        actor.must(Role.TECHNICIAN)
        return have_done(actor, self._loop, CancelProcedure(), "procedure.cancel", "procedure")

    def keep(self, actor: Actor, note: str = "") -> Result:
        """Keep what it has found as a calibration, which is not applied."""
        actor.must(Role.TECHNICIAN)
        new: JsonValue = {"note": note}
        return have_done(actor, self._loop, KeepProcedure(note=note), "calibration.keep", "procedure", new=new)
