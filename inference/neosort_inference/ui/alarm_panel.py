"""The alarms on the page, with a button for the person who takes note of them."""

from __future__ import annotations

import html

from nicegui import ui

from neosort_inference.api.alarms import Acknowledge
from neosort_inference.faults.alarms import Acknowledgement, Alarm


class AlarmPanel:
    """Hidden while there is nothing to tell."""

    def __init__(self, acknowledge: Acknowledge) -> None:
        self._acknowledge = acknowledge
        with ui.element("section").classes("panel alarms") as self._panel:
            self._list = ui.html("", sanitize=False)
            with ui.element("div").classes("row"):
                self._by = ui.input("your name").props("dense dark maxlength=64")
                ui.button("Acknowledge all", on_click=self._take_note).props("dense")
        self._panel.set_visibility(False)

    def show(self, alarms: tuple[Alarm, ...]) -> None:
        self._panel.set_visibility(bool(alarms))
        content = "".join(_row(alarm) for alarm in alarms)
        if self._list.content != content:
            self._list.set_content(content)

    def _take_note(self) -> None:
        by = (self._by.value or "").strip()
        if not by:
            ui.notify("Who acknowledges? Write your name first.", type="warning")
        elif not self._acknowledge(Acknowledgement(number=None, by=by)):
            ui.notify("The line does not listen.", type="negative")


def _row(alarm: Alarm) -> str:
    """One alarm as a line of markup; whatever comes from the line is escaped."""
    told = [alarm.detail] if alarm.detail and alarm.detail != alarm.words else []
    told.append("standing" if alarm.standing else "over" if not alarm.needs_person else "over: acknowledge to go on")
    if alarm.times > 1:
        told.append(f"{alarm.times} times")
    if alarm.acknowledged_ns is not None:
        told.append(f"noted by {alarm.by}")
    words = html.escape(" · ".join(told))
    return (
        f'<div class="alarm {alarm.severity.value}"><b>{html.escape(alarm.words)}</b> '
        f"<span>{alarm.number}</span> <small>{words}</small></div>"
    )
