"""The calibrations that are kept: which is in force, what one changes, apply it, or go back."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nicegui import ui

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.asking.orders import Activate
from neosort_inference.calibration.constants import Difference, constants_of, differences
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.record import SHORT, Record
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.ui.markup import mark, markup, show, table
from neosort_inference.ui.person import Person
from neosort_inference.ui.site import Site


class Calibrations:
    """The list, and what may be done with each."""

    def __init__(self, site: Site, person: Person) -> None:
        self._site, self._person = site, person
        self._store = CalibrationStore(site.serving.state.calibrations)
        self._list = ui.element("div").classes("calibrations")
        self.show()

    def show(self) -> None:
        """As they stand now."""
        self._list.clear()
        with self._list:
            try:
                records, in_force = self._store.records()[::-1], self._store.in_force()
            except CalibrationError as error:
                markup(f"<p>{mark('bad', str(error))}</p>")
                return
            if not records:
                markup('<p class="note">None yet: the line goes by what its own file says.</p>')
            for record in records:
                self._row(record, in_force)
            if in_force is not None:
                ui.button("Go back to the one before", icon="undo", on_click=self._go_back, color=None).classes("plain")

    def _row(self, record: Record, in_force: Record | None) -> None:
        applied = in_force is not None and record.id == in_force.id
        measured = ", ".join(str(one["procedure"]) for one in record.measured) or "imported"
        when = record.at.replace("T", " ").removesuffix("+00:00")
        words = f"<b>{html.escape(measured)}</b> {mark('ok', 'in force') if applied else ''}"
        under = " · ".join(filter(None, (record.id[:SHORT], f"{when} UTC", record.by, record.note)))
        with ui.element("div").classes("calibration"):
            markup(f"<div>{words}<small>{html.escape(under)}</small></div>")
            before = constants_of(self._site.serving.config) if in_force is None else in_force.constants
            told = markup("", "differences")
            with ui.element("div").classes("row"):
                ui.button(
                    "What changes", on_click=lambda: show(told, _differences(before, record.constants)), color=None
                ).classes("plain").props("unelevated")
                if not applied:
                    ui.button("Apply", on_click=lambda: self.apply(record.id), color=None).classes("plain").props(
                        "unelevated"
                    )

    async def apply(self, record: str) -> None:
        """From now on the line goes by it, or from its next start where it cannot change over while it runs."""
        config = self._site.serving.config

        def work(actor: Actor) -> Record:
            before = self._store.in_force()
            applied = self._store.apply(record, config, by=actor.name, at=_now())
            actor.note("calibration.apply", record[:SHORT], old=_named(before), new=_named(applied))
            return applied

        if await self._person.do(Role.TECHNICIAN, work) is not None:
            await self._activate(record)
        self.show()

    async def _go_back(self) -> None:
        def work(actor: Actor) -> tuple[Record | None]:
            before = self._store.in_force()
            back = self._store.roll_back(self._site.serving.config, by=actor.name, at=_now())
            actor.note("calibration.roll-back", "line", old=_named(before), new=_named(back))
            return (back,)

        if (done := await self._person.do(Role.TECHNICIAN, work)) is not None:
            if done[0] is None:
                ui.notify("From its next start the line goes by its own file.", type="warning")
            else:
                await self._activate(done[0].id)
        self.show()

    async def _activate(self, record: str) -> None:
        file = self._store.folder / "records" / f"{record}.json"
        order = Activate(what="calibration", file=str(file.absolute()), version=record[:SHORT])
        if await self._person.do(Role.TECHNICIAN, lambda actor: self._site.loop.ask(order, actor.name)) is None:
            ui.notify("The line goes by it from its next start.", type="warning", multi_line=True)
        else:
            ui.notify("The line goes by it now.", type="positive")


def _named(record: Record | None) -> str | None:
    """What a calibration is called in the trail."""
    return None if record is None else record.id[:SHORT]


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Every constant that differs from those in force."""
    rows = list(map(_row, differences(before, after)))
    if not rows:
        return '<p class="note">Nothing: the same constants.</p>'
    return table(("<th>constant</th>", '<th class="num">in force</th>', '<th class="num">there</th>'), rows)


def _row(one: Difference) -> str:
    numbers = "".join(f'<td class="num">{html.escape(_short(value))}</td>' for value in (one.before, one.after))
    return f"<tr><td>{html.escape(one.constant)}</td>{numbers}</tr>"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "—" if value is None else str(value)
    return text if len(text) <= 28 else text[:27] + "…"


def _now() -> datetime:
    return datetime.now(UTC)
