"""The alarms, on every page, with a button for the person who takes note of them."""

from __future__ import annotations

import html

from nicegui import run, ui

from neosort_inference.asking.channel import Loop, UnheardError
from neosort_inference.asking.orders import Acknowledge, RefusedError
from neosort_inference.faults.alarms import Alarm
from neosort_inference.ui.markup import markup, show


class AlarmPanel:
    """Hidden while there is nothing to tell."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        with ui.element("section").classes("alarms").props('aria-label="alarms" role="alert"') as self._panel:
            with ui.element("div").classes("told"):
                self._list = markup("")
            with ui.element("div").classes("row"):
                self._by = ui.input("your name").props("outlined maxlength=64").on("keydown.enter", self._take_note)
                ui.button("Acknowledge all", on_click=self._take_note, color=None).classes("key").props("unelevated")
        self._panel.set_visibility(False)

    def show(self, alarms: tuple[Alarm, ...]) -> None:
        """Tell of them, the gravest first as they come."""
        self._panel.set_visibility(bool(alarms))
        show(self._list, "".join(_row(alarm) for alarm in alarms))

    async def _take_note(self) -> None:
        by = (self._by.value or "").strip()
        if not by:
            ui.notify("Who acknowledges? Write your name first.", type="warning")
            return
        try:
            await run.io_bound(self._loop.ask, Acknowledge(), by)
        except (UnheardError, RefusedError) as error:
            ui.notify(str(error), type="negative")


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
        f"no. {alarm.number}</em></span><small>{html.escape(' · '.join(told))}</small></div>"
    )
