"""A lot's passport: have it issued, with an assay or without; what it says, and what the lot is given away as."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nicegui import run, ui

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.asking.orders import RefusedError
from neosort_inference.balance.composition import Assay
from neosort_inference.ledger.records import LedgerError
from neosort_inference.passport.cli import Form
from neosort_inference.services.jobs import Job
from neosort_inference.ui.given_away import ask_for_assay, ask_for_events
from neosort_inference.ui.markup import card, mark, markup, show, table, when
from neosort_inference.ui.person import Person
from neosort_inference.ui.site import Site

if TYPE_CHECKING:
    from neosort_inference.passport.checking import Checked
    from neosort_inference.passport.document import LotPassport

LOOK_EVERY_S = 0.5
FORMS = {
    Form.HTML: "Report", Form.PDF: "Report, PDF", Form.JSON: "Passport, JSON", Form.CSV: "Decisions, CSV",
    Form.PARQUET: "Decisions, Parquet",
}  # fmt: skip


class PassportPanel:
    """Of one closed lot, made where this is called."""

    def __init__(self, site: Site, person: Person, lot_id: str) -> None:
        self._passports, self._jobs = site.services.passports, site.services.jobs
        self._person, self._lot_id = person, lot_id
        self._job: Job | None = None
        self._body = ui.element("div").classes("stack")
        self._progress = markup("", "check")
        ui.timer(LOOK_EVERY_S, self._follow)

    async def show(self) -> None:
        """As it stands now."""
        try:
            passport = await run.io_bound(self._passports.issued, self._lot_id)
            checked = await run.io_bound(self._passports.check, self._lot_id)
        except (LedgerError, RefusedError) as error:
            passport, checked, words = None, None, str(error)
        self._body.clear()
        with self._body:
            if passport is None or checked is None:
                markup(f'<p class="note">{html.escape(words)}</p>')
            else:
                self._told(passport, checked)
            if self._person.may(Role.OPERATOR):
                with ui.element("div").classes("row"):
                    self._button("Issue it" if passport is None else "Issue it anew", "verified", self.issue)
                    self._button("With an assay …", "science", self._with_assay)

    async def issue(self, assay: Assay | None = None) -> None:
        """Have it made."""

        def work(actor: Actor) -> Job:
            return self._passports.issue(actor, self._lot_id, assay=assay)

        self._job = await self._person.do(Role.OPERATOR, work)

    def _told(self, passport: LotPassport, checked: Checked) -> None:
        from neosort_inference.passport import words  # noqa: PLC0415

        markup(_verdict(checked))
        facts = [*words.summary(passport)[:4], ("issued", when(passport.issued.isoformat()))]
        markup(card([*facts, ("stands on", passport.balance.basis.composition)]))
        markup(_gaps(words.gap_rows(passport)))
        head = ("<th>rare earth</th>", "<th>in the product</th>", "<th>in the rest</th>", "<th>as oxide</th>")
        markup(table(head, map(_row, words.rare_earth_rows(passport))), "scroll")
        links = "".join(
            f'<a class="give" href="/api/v1/lots/{self._lot_id}/export/{form.value}" target="_blank">{name}</a>'
            for form, name in FORMS.items()
        )
        markup(links, "row")
        self._button("Events, EPCIS …", "local_shipping", self._events)

    def _button(self, words: str, icon: str, pressed: object) -> None:
        ui.button(words, icon=icon, on_click=pressed, color=None).classes("plain").props("unelevated")  # type: ignore[arg-type]

    async def _with_assay(self) -> None:
        assay = await ask_for_assay()
        if assay is not None:
            await self.issue(assay)

    async def _events(self) -> None:
        trace = await ask_for_events()
        if trace is None:
            return
        content = await self._person.do(
            Role.VIEWER, lambda _: self._passports.exported(self._lot_id, Form.EPCIS, trace)
        )
        if content is not None:
            ui.download.content(content, f"{self._lot_id}{Form.EPCIS.suffix}", "application/ld+json")

    async def _follow(self) -> None:
        """How the work on it goes."""
        if self._job is None:
            return
        job = self._jobs.job(self._job.number)
        show(self._progress, "" if job.over else "<p>The passport is being made …</p>")
        if job.over:
            self._job = None
            if job.why:
                ui.notify(job.why, type="negative", multi_line=True)
            await self.show()


def _verdict(checked: Checked) -> str:
    if checked.faults:
        return "".join(f"<p>{mark('bad', fault)}</p>" for fault in checked.faults)
    return f"<p>{mark('ok', 'whole, signed by this line’s ledger, and of the lot as it is kept')}</p>"


def _gaps(rows: Iterable[tuple[str, ...]]) -> str:
    """What was weighed against what was counted, and whether the gap lies among 90 % of those to be expected."""
    cells = [
        f"<tr><td>{html.escape(about)}<br>{mark('bad' if held.startswith('OUTSIDE') else 'ok', held.lower())}</td>"
        + "".join(f'<td class="num">{html.escape(mass)}</td>' for mass in masses)
        + "</tr>"
        for about, *masses, held in rows
    ]
    if not cells:
        return '<p class="note">Nothing was weighed that its figures could be held against.</p>'
    head = (
        "<th>held against each other</th>",
        *(f'<th class="num">{name}</th>' for name in ("weighed", "expected", "gap")),
    )
    return f'<div class="scroll">{table(head, cells)}</div>'


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
