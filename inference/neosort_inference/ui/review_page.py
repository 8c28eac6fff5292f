"""Review: items that the bundle was not sure of; a person says what each is, and the next bundle learns from it."""

from __future__ import annotations

import html
from collections.abc import Callable

from nicegui import ui
from starlette.requests import Request

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.services.review import Item
from neosort_inference.ui.markup import markup, panel, tile, when
from neosort_inference.ui.person import Person
from neosort_inference.ui.shell import REVIEW, page_frame
from neosort_inference.ui.site import Site
from neosort_inference.words import kind_title


def review_page(site: Site, request: Request) -> None:
    """The page at "/review"."""
    with page_frame(site, request, REVIEW, style="review.css") as frame:
        Review(site, frame.person)


class Review:
    """One item after the other, the oldest first."""

    def __init__(self, site: Site, person: Person) -> None:
        self._review, self._person = site.services.review, person
        self._kinds = {kind: kind_title(kind) for kind in site.bundle().kinds}
        self._body = ui.element("div").classes("stack")
        self.show()

    def show(self) -> None:
        """The item that has waited longest."""
        waiting = self._review.waiting()
        self._body.clear()
        with self._body:
            if not waiting:
                with panel("Nothing waits"):
                    markup("<p>Items that the bundle is not sure of come here by themselves while the line sorts.</p>")
                    again = ui.button("Look again", icon="refresh", on_click=self.show, color=None)
                    again.classes("plain").props("unelevated")
                return
            self._item(waiting[0], len(waiting))

    def _item(self, item: Item, waiting: int) -> None:
        with panel("What is this?", f"{waiting} wait{'s' if waiting == 1 else ''}"), ui.element("div").classes("asked"):
            picture = f'<img src="/api/v1/review/{item.id}/picture.jpg" alt="the item">'
            markup(picture, "looked")
            with ui.element("div").classes("stack"):
                self._figures(item)
                if self._person.may(Role.OPERATOR):
                    self._say(item)

    def _figures(self, item: Item) -> None:
        with ui.element("div").classes("tiles"):
            markup(tile("The line takes it for", html.escape(kind_title(item.kind)), item.verdict), "tile-n words")
            markup(tile("P(NdFeB)", f"{item.p_ndfeb:.2f}", "not sure"), "tile-n")
            grams = f"{item.magnet_g:.3g}<small>g</small>"
            markup(tile("Magnet, if any", grams, f"± {item.magnet_g_sigma:.1g} g"), "tile-n")
        markup(f'<p class="note">seen {html.escape(when(item.at))}, item {html.escape(item.id)}</p>')

    def _say(self, item: Item) -> None:
        with ui.element("div").classes("row"):
            self._button("That is right", "check", "key", lambda actor: self._review.confirm(actor, item.id))
            self._button("Nobody can tell", "delete", "plain", lambda actor: self._review.discard(actor, item.id))
        markup('<p class="note">or it is something else:</p>')
        kind = ui.select(self._kinds, value=item.kind if item.kind in self._kinds else None, label="kind")
        kind.props("outlined")
        with ui.element("div").classes("row"):
            bears = ui.switch("bears NdFeB", value=item.bears_ndfeb)
            grams = ui.number("grams of NdFeB", value=round(item.magnet_g, 1), min=0, max=100_000).props("outlined")
            self._button(
                "It is that", "edit", "key",
                lambda actor: self._review.correct(
                    actor, item.id, kind=kind.value, bears_ndfeb=bears.value, magnet_g=float(grams.value or 0.0)
                ),
            )  # fmt: skip

    def _button(self, words: str, icon: str, classes: str, work: Callable[[Actor], None]) -> None:
        async def pressed() -> None:
            await self._person.do(Role.OPERATOR, work)
            self.show()

        ui.button(words, icon=icon, on_click=pressed, color=None).classes(classes).props("unelevated")
