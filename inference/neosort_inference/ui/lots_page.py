"""Lots: which is open, open one for a supplier's load, close it, and look at one."""

from __future__ import annotations

import html

from nicegui import run, ui
from starlette.requests import Request

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.ledger.records import LedgerError
from neosort_inference.services.lots import Told
from neosort_inference.ui.lot_panel import LotPanel
from neosort_inference.ui.markup import mark, markup, panel, when
from neosort_inference.ui.person import Person
from neosort_inference.ui.shell import LOTS, page_frame
from neosort_inference.ui.site import Site

SHOWN = 20


def lots_page(site: Site, request: Request) -> None:
    """The page at "/lots"."""
    with page_frame(site, request, LOTS, style="lots.css") as frame, ui.element("div").classes("columns"):
        Lots(site, frame.person)


class Lots:
    """The newest lots of the line's ledger, and the one that is looked at."""

    def __init__(self, site: Site, person: Person) -> None:
        self._lots, self._person = site.services.lots, person
        with panel("Lots", f"of line “{site.serving.config.name}”, newest first"):
            if person.may(Role.OPERATOR):
                self._form()
            self._list = ui.element("div").classes("stack")
        self._looked_at = LotPanel(site, person)
        ui.timer(0.1, self.show, once=True)

    def _form(self) -> None:
        with ui.element("div").classes("row"):
            self._supplier = ui.input("supplier").props("outlined maxlength=128")
            self._mass = ui.number("weighed, kg", min=0).props("outlined")
            begin = ui.button("Open a lot", icon="add", on_click=self._open, color=None)
            begin.classes("key").props("unelevated")

    async def show(self) -> None:
        """As they stand now."""
        try:
            lots = await run.io_bound(self._lots.all)
        except LedgerError as error:
            lots = []
            self._looked_at.say(str(error))
        self._list.clear()
        with self._list:
            for lot in (lots or [])[::-1][:SHOWN]:
                self._row(lot)
            if not lots:
                markup('<p class="note">None yet: a run opens one by itself, or a person here.</p>')

    def _row(self, lot: Told) -> None:
        opened = lot["closed"] is None
        mass = "" if lot["mass_in_kg"] is None else f"{lot['mass_in_kg']:g} kg"
        facts = (lot["supplier"], mass, when(lot["opened"]), lot["opened_by"], f"{lot['records']:,} records")
        standing = mark("ok", "open") if opened else mark("quiet", "closed")
        under = html.escape(" · ".join(filter(None, facts)))
        with ui.element("div").classes("kept"):
            markup(f"<div><b>{html.escape(lot['lot'])}</b> {standing}<small>{under}</small></div>")
            with ui.element("div").classes("row"):
                look = ui.button("What is in it", on_click=lambda: self._looked_at.look(lot["lot"]), color=None)
                look.classes("plain").props("unelevated")
                if opened and self._person.may(Role.OPERATOR):
                    close = ui.button("Close", on_click=lambda: self._close(lot["lot"]), color=None)
                    close.classes("plain").props("unelevated")

    async def _open(self) -> None:
        supplier, mass_kg = (self._supplier.value or "").strip(), self._mass.value

        def work(actor: Actor) -> Told:
            return self._lots.open(actor, supplier=supplier, mass_in_kg=mass_kg)

        if await self._person.do(Role.OPERATOR, work) is not None:
            await self.show()

    async def _close(self, lot_id: str) -> None:
        if await self._person.do(Role.OPERATOR, lambda actor: self._lots.close(actor, lot_id)) is not None:
            await self.show()
            await self._looked_at.look(lot_id, issue=True)
