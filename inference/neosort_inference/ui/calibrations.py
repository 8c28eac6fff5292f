"""The calibrations that are kept: which is in force, what one changes, apply it, or go back."""

from __future__ import annotations

import html

from nicegui import ui

from neosort_inference.access.role import Role
from neosort_inference.calibration.constants import Difference
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.record import SHORT, Record
from neosort_inference.services.calibrations import Outcome
from neosort_inference.ui.bringing import bring
from neosort_inference.ui.markup import mark, markup, show, table, when
from neosort_inference.ui.person import Person
from neosort_inference.ui.site import Site

MOST_BYTES = 1024 * 1024  # as over the interface


class Calibrations:
    """The list, and what may be done with each."""

    def __init__(self, site: Site, person: Person) -> None:
        self._kept, self._person = site.services.calibrations, person
        if person.may(Role.TECHNICIAN):
            bring("Bring a calibration from a file", ".json", MOST_BYTES, self._brought)
        self._list = ui.element("div").classes("calibrations")
        self.show()

    def show(self) -> None:
        """As they stand now."""
        self._list.clear()
        with self._list:
            try:
                records, in_force = self._kept.all()[::-1], self._kept.in_force()
            except CalibrationError as error:
                markup(f"<p>{mark('bad', str(error))}</p>")
                return
            if in_force is None:
                markup('<p class="note">The line goes by what its own file says.</p>')
            elif self._person.may(Role.TECHNICIAN):
                back = ui.button("Go back to the one before", icon="undo", on_click=self._go_back, color=None)
                back.classes("plain").props("unelevated")
            for record in records:
                self._row(record, in_force)

    def _row(self, record: Record, in_force: Record | None) -> None:
        applied = in_force is not None and record.id == in_force.id
        measured = ", ".join(str(one["procedure"]) for one in record.measured) or "imported"
        under = " · ".join(filter(None, (record.id[:SHORT], when(record.at), record.by, record.note)))
        words = f"<b>{html.escape(measured)}</b> {mark('ok', 'in force') if applied else ''}"
        with ui.element("div").classes("kept"):
            markup(f"<div>{words}<small>{html.escape(under)}</small></div>")
            told = markup("", "differences")
            with ui.element("div").classes("row"):
                look = ui.button("What changes", on_click=lambda: show(told, self._changes(record.id)), color=None)
                look.classes("plain").props("unelevated")
                if not applied and self._person.may(Role.TECHNICIAN):
                    apply = ui.button("Apply", on_click=lambda: self.apply(record.id), color=None)
                    apply.classes("plain").props("unelevated")
                markup(f'<a class="give" href="/api/v1/calibrations/{record.id}/file" download>Take it away</a>')

    async def _brought(self, _name: str, content: bytes) -> None:
        """Take it in; it is not applied."""
        text = content.decode(errors="replace")
        if await self._person.do(Role.TECHNICIAN, lambda actor: self._kept.take_in(actor, text)) is not None:
            ui.notify("It is kept, and not applied yet.", type="positive")
            self.show()

    async def apply(self, record: str) -> None:
        """From now on the line goes by it, or from its next start where it cannot change over while it runs."""
        self._tell(await self._person.do(Role.TECHNICIAN, lambda actor: self._kept.apply(actor, record)))

    async def _go_back(self) -> None:
        self._tell(await self._person.do(Role.TECHNICIAN, self._kept.roll_back))

    def _tell(self, outcome: Outcome | None) -> None:
        if outcome is None:
            return
        if outcome.running:
            ui.notify("The line goes by it now.", type="positive")
        else:
            ui.notify(f"The line goes by it from its next start: {outcome.why}", type="warning", multi_line=True)
        self.show()

    def _changes(self, record: str) -> str:
        """Every constant that differs from those in force."""
        rows = list(map(_row, self._kept.difference(None, record)))
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
