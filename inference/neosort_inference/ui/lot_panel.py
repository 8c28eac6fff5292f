"""One lot: what has gone into it, what was weighed, and once it is closed what is said of it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from nicegui import run, ui

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.asking.orders import RefusedError
from neosort_inference.balance.weighing import WEIGHED_WORDS, Weighing
from neosort_inference.faults.catalogue import words_of
from neosort_inference.ledger.records import LedgerError
from neosort_inference.services.lots import Told
from neosort_inference.ui.markup import card, markup, panel, table
from neosort_inference.ui.passport_panel import PassportPanel
from neosort_inference.ui.person import Person
from neosort_inference.ui.site import Site
from neosort_inference.words import kind_title

if TYPE_CHECKING:
    from neosort_inference.passport.document import Weighed


class LotPanel:
    """The lot that is looked at."""

    def __init__(self, site: Site, person: Person) -> None:
        self._lots, self._passports, self._person = site.services.lots, site.services.passports, person
        self._site = site
        self._body = ui.element("div").classes("stack")
        self.say("Choose a lot.")

    def say(self, words: str) -> None:
        """Nothing but that."""
        self._body.clear()
        with self._body, panel("What is in it"):
            markup(f'<p class="note">{html.escape(words)}</p>')

    async def look(self, lot_id: str, *, issue: bool = False) -> None:
        """At that lot, as it stands now. ``issue``: its passport, too, for it has just been closed."""
        try:
            lot = await run.io_bound(self._lots.lot, lot_id)
            weighed = await run.io_bound(self._passports.weighings, lot_id)
        except (LedgerError, RefusedError) as error:
            self.say(str(error))
            return
        if lot is None or weighed is None:
            return
        self._body.clear()
        with self._body:
            with panel("What is in it", lot_id):
                markup(_inside(lot, lot["counted"]))
            with panel("Weighed", "of each the last one counts"):
                self._weighed(lot, weighed)
            if lot["closed"] is not None:
                with panel("Passport", "signed; with 90 % intervals"):
                    passport = PassportPanel(self._site, self._person, lot_id)
            if lot["closed"] is not None:
                await passport.show()
                if issue:
                    await passport.issue()

    def _weighed(self, lot: Told, weighed: list[Weighed]) -> None:
        rows = (
            f'<tr><td>{WEIGHED_WORDS[one.what]}</td><td class="num">{one.mass_kg:,.2f} kg</td>'
            f"<td>{one.at:%Y-%m-%d %H:%M} UTC</td><td>{html.escape(one.by)}</td></tr>"
            for one in weighed
        )
        if weighed:
            markup(table(("<th>what</th>", '<th class="num">mass</th>', "<th>when</th>", "<th>by</th>"), rows))
        else:
            markup('<p class="note">Nothing yet.</p>')
        if lot["closed"] is not None:
            markup('<p class="note">A lot that is closed takes no weighings any more.</p>')
        elif self._person.may(Role.OPERATOR):
            self._scales(lot["lot"])

    def _scales(self, lot_id: str) -> None:
        """A form for one more weighing."""
        with ui.element("div").classes("row"):
            what = ui.select(WEIGHED_WORDS, value="product", label="what was weighed").props("outlined")
            mass = ui.number("mass, kg", min=0, max=1e7).props("outlined")
            sigma = ui.number("± kg", min=0).props('outlined hint="empty: 0.5 %"')

        async def weigh() -> None:
            if mass.value is None:
                ui.notify("How many kilograms?", type="warning")
                return
            weighing = Weighing(what=what.value, mass_kg=float(mass.value), sigma_kg=sigma.value)

            def work(actor: Actor) -> Weighed:
                return self._passports.weigh(actor, lot_id, weighing)

            if await self._person.do(Role.OPERATOR, work) is not None:
                await self.look(lot_id)

        ui.button("Enter it", icon="scale", on_click=weigh, color=None).classes("key").props("unelevated")


def _inside(lot: Told, inside: dict[str, Any]) -> str:
    faults = ", ".join(f"{words_of(name)} ({times:,})" for name, times in inside["faults"].items())
    facts = [("lot", str(lot["lot"])), ("decisions", f"{inside['decisions']:,}")]
    facts += [(name, f"{items:,}") for name, items in inside["verdicts"].items()]
    facts += [
        ("faults", faults or "none"),
        ("pictures kept", f"{inside['pictures']:,}"),
        ("newest hash", lot["head_hash"]),
    ]
    kinds = (
        f'<tr><td>{html.escape(kind_title(name))}</td><td class="num">{items:,}</td></tr>'
        for name, items in inside["kinds"].items()
    )
    return card(facts) + table(("<th>kind</th>", '<th class="num">items</th>'), kinds)
