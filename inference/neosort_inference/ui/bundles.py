"""The bundles there are: look at one, have it look on, sort by it, go back, bring another."""

from __future__ import annotations

import html
from collections.abc import Callable

from nicegui import ui

from neosort_inference.access.role import Role
from neosort_inference.asking.orders import RefusedError
from neosort_inference.bundle import MAX_BYTES, BundleError
from neosort_inference.bundle_metadata import BundleMetadata
from neosort_inference.services.bundles import Kept
from neosort_inference.services.jobs import Job
from neosort_inference.ui.bringing import bring
from neosort_inference.ui.markup import mark, markup, show, when
from neosort_inference.ui.person import Person
from neosort_inference.ui.site import Site

LOOK_EVERY_S = 0.5


class Bundles:
    """``look``: shows what a bundle says of itself."""

    def __init__(self, site: Site, person: Person, look: Callable[[BundleMetadata], None]) -> None:
        self._site, self._person, self._look = site, person, look
        self._bundles, self._jobs = site.services.bundles, site.services.jobs
        self._job: Job | None = None
        self._list = ui.element("div").classes("stack")
        if person.may(Role.ENGINEER):
            bring("Bring a bundle: it is checked first", ".onnx", MAX_BYTES, self._brought)
            self._check = markup("", "check").props("role=status")
            ui.timer(LOOK_EVERY_S, self._follow)
        self.show()

    def show(self) -> None:
        """As they stand now."""
        self._list.clear()
        in_use, shadow = self._bundles.in_use(), self._bundles.shadow
        running = None if in_use is None else in_use.version
        with self._list:
            for kept in self._bundles.all():
                goes = kept.id == running or (running is None and kept.id == self._started_with())
                self._row(kept, goes=goes, shadows=kept.id == shadow)
            if in_use is not None and self._person.may(Role.ENGINEER):
                back = ui.button("Go back to the one before", icon="undo", on_click=self._go_back, color=None)
                back.classes("plain").props("unelevated")

    def _started_with(self) -> str:
        bundle = self._site.running.bundle
        return "" if bundle is None else bundle.stem

    def _row(self, kept: Kept, *, goes: bool, shadows: bool) -> None:
        marks = (mark("ok", "sorts") if goes else "") + (mark("warn", "looks on, decides nothing") if shadows else "")
        under = " · ".join(filter(None, (kept.about, kept.by, when(kept.at or ""), kept.note)))
        engineer = self._person.may(Role.ENGINEER)
        with ui.element("div").classes("kept"):
            markup(f"<div><b>{html.escape(kept.id)}</b> {marks}<small>{html.escape(under)}</small></div>")
            with ui.element("div").classes("row"):
                self._button("What it says", lambda: self._show_card(kept.id))
                if engineer and not goes:
                    self._button("Sort by it", lambda: self._activate(kept.id))
                if engineer and not goes and not shadows:
                    self._button("Let it look on", lambda: self._shadow(kept.id))
                if engineer and shadows:
                    self._button("Looks on no longer", lambda: self._shadow(None))

    def _button(self, words: str, pressed: Callable[[], object]) -> None:
        ui.button(words, on_click=pressed, color=None).classes("plain").props("unelevated")

    def _show_card(self, bundle: str) -> None:
        try:
            self._look(self._bundles.metadata(bundle))
        except (BundleError, RefusedError) as error:
            ui.notify(str(error), type="negative", multi_line=True)

    async def _activate(self, bundle: str) -> None:
        if await self._person.do(Role.ENGINEER, lambda actor: self._bundles.activate(actor, bundle)) is not None:
            ui.notify(f"The line sorts by {bundle} now.", type="positive")
        self.show()

    async def _shadow(self, bundle: str | None) -> None:
        await self._person.do(Role.ENGINEER, lambda actor: self._bundles.look_on(actor, bundle))
        self.show()

    async def _go_back(self) -> None:
        if await self._person.do(Role.ENGINEER, self._bundles.roll_back) is not None:
            ui.notify("The line sorts by the bundle before now.", type="positive")
        self.show()

    async def _brought(self, name: str, content: bytes) -> None:
        note = f"from {name}"
        self._job = await self._person.do(Role.ENGINEER, lambda actor: self._bundles.upload(actor, content, note))

    def _follow(self) -> None:
        """How the check of what was brought goes."""
        if self._job is None:
            return
        job = self._jobs.job(self._job.number)
        if not job.over:
            show(self._check, f"<p>checking: {100 * job.progress:.0f} %</p>")
            return
        self._job = None
        said = mark("ok", "fit to run, and kept") if job.state == "done" else mark("bad", f"refused: {job.why}")
        show(self._check, f"<p>{said}</p>")
        self.show()
