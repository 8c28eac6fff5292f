"""The alarms, on every page, with a button for the person who takes note of them."""

from __future__ import annotations

import html

from nicegui import ui

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.api.alarms import Taken, acknowledge
from neosort_inference.faults.alarms import Alarm
from neosort_inference.ui.markup import markup, show
from neosort_inference.ui.person import Person
from neosort_inference.ui.site import Site


class AlarmPanel:
    """Hidden while there is nothing to tell."""

    def __init__(self, site: Site, person: Person) -> None:
        self._site, self._person = site, person
        self._heard: frozenset[int] = frozenset()  # numbers of the alarms that there were when last looked
        self._voice = markup("", "heard").props("role=alert")
        with ui.element("section").classes("alarms").props('aria-label="alarms"') as self._panel:
            with ui.element("div").classes("told"):
                self._list = markup("")
            ui.button("Acknowledge all", on_click=self._take_note, color=None).classes("key").props("unelevated")
        self._panel.set_visibility(False)

    def show(self, alarms: tuple[Alarm, ...]) -> None:
        """Tell of them, the gravest first as they come."""
        self._panel.set_visibility(bool(alarms))
        self._say(alarms)
        show(self._list, "".join(_row(alarm) for alarm in alarms))

    def _say(self, alarms: tuple[Alarm, ...]) -> None:
        """To whoever has the page read out: each alarm once, as it comes, and not whenever a figure of it changes."""
        numbers = frozenset(alarm.number for alarm in alarms)
        new = [alarm for alarm in alarms if alarm.number not in self._heard]
        if new:
            words = "; ".join(f"{alarm.words}, {alarm.severity.value}" for alarm in new)
            show(self._voice, html.escape(f"Alarm: {words}"))
        elif not alarms and self._heard:
            show(self._voice, "No alarms any more")
        self._heard = numbers

    async def _take_note(self) -> None:
        await self._person.do(Role.OPERATOR, self._acknowledge)

    def _acknowledge(self, actor: Actor) -> None:
        if (shown := self._site.feed.latest()) is not None:
            acknowledge(Taken(by=actor.name), actor, shown, self._site.loop)


def _row(alarm: Alarm) -> str:
    """One alarm as markup; whatever comes from the line is escaped."""
    told = [alarm.detail] if alarm.detail and alarm.detail != alarm.words else []
    told.append("standing" if alarm.standing else "over" if not alarm.needs_person else "over: acknowledge to go on")
    if alarm.times > 1:
        told.append(f"{alarm.times} times")
    if alarm.acknowledged_ns is not None:
        told.append(f"noted by {alarm.by}")
    severity = alarm.severity.value
    return (
        f'<div class="alarm {severity}"><i></i><span><b>{html.escape(alarm.words)}</b><em>{severity} · '
        f"no. {alarm.number}</em><small>{html.escape(' · '.join(told))}</small></span></div>"
    )
