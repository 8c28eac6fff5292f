"""Blow one valve once, to hear and see that it does: only on a line that a person has stopped, and asked twice."""

from __future__ import annotations

from nicegui import ui

from neosort_inference.access.role import Role
from neosort_inference.api.line import Valve, test_valve
from neosort_inference.telemetry import Snapshot
from neosort_inference.ui.dialogs import answers, asked
from neosort_inference.ui.markup import mark, markup, show
from neosort_inference.ui.person import Person
from neosort_inference.ui.shell import HELD_BY
from neosort_inference.ui.site import Site

BLOW_MM = 30.0


class ValveTest:
    """Made where this is called; for whoever may try valves."""

    def __init__(self, site: Site, person: Person) -> None:
        self._loop, self._person = site.loop, person
        config = site.serving.config
        self._banks = {"nozzle": config.diverter.nozzles}
        if config.heavy_diverter is not None:
            self._banks["lane of flaps"] = config.heavy_diverter.lanes
        with ui.element("div").classes("row"):
            self._bank = ui.select(list(self._banks), value="nozzle", label="which").props("outlined")
            self._bank.set_visibility(len(self._banks) > 1)
            self._number = ui.number("number", value=0, min=0, step=1).props("outlined")
            self._blow = ui.button("Blow it once …", icon="air", on_click=self._ask, color=None)
            self._blow.classes("plain").props("unelevated")
        self._why = markup("", "note").props('aria-live="polite"')

    def show(self, snapshot: Snapshot) -> None:
        """Whether it may be now, and why not. The line itself refuses all the same."""
        why = _why_not(snapshot)
        self._blow.set_enabled(not why)
        show(self._why, mark("quiet", why) if why else mark("warn", "make sure that nobody is near the jets"))

    async def _ask(self) -> None:
        """Whoever stands at the jets must know before they blow."""
        which, most = str(self._bank.value), self._banks[str(self._bank.value)] - 1
        number = self._number.value
        if number is None or number != int(number) or not 0 <= number <= most:
            ui.notify(f"There are {which} 0 to {most}.", type="warning")
            return
        with asked(f"Is nobody near the jets? {which.capitalize()} {number:.0f} is about to blow.") as dialog:
            answers(dialog, "Nobody: blow", "Do not", tone="stop")
        if await dialog:
            await self._blow_once(Valve(nozzle=int(number), blow_mm=BLOW_MM, heavy=which != "nozzle"))

    async def _blow_once(self, valve: Valve) -> None:
        blown = await self._person.do(Role.TECHNICIAN, lambda actor: test_valve(valve, actor, self._loop))
        if blown is not None:
            which = "Lane" if valve.heavy else "Nozzle"
            ui.notify(f"{which} {valve.nozzle} blows once.", type="positive")


def _why_not(snapshot: Snapshot) -> str:
    if snapshot.state != "stopped":
        return "a valve can be tried once somebody has stopped the line"
    if not snapshot.stopped_by.startswith(HELD_BY):
        return f"not while the line is stopped by a fault: {snapshot.stopped_by}"
    return ""
