"""Versions of recipes: which the line sorts by, what another would change, have it sort by that, or go back."""

from __future__ import annotations

import html
import re

from nicegui import ui

from neosort_inference.access.role import Role
from neosort_inference.in_use import Use
from neosort_inference.recipe import Recipe
from neosort_inference.services.recipes import Version
from neosort_inference.ui.markup import mark, markup, when
from neosort_inference.ui.person import Person
from neosort_inference.ui.site import Site

SHOWN = 8
FIRST = "line"


class Versions:
    """The newest, and what may be done with each."""

    def __init__(self, site: Site, person: Person) -> None:
        self._recipes, self._person = site.services.recipes, person
        in_use = self._recipes.in_use()
        if in_use is None:
            markup('<p class="note">None was activated: the line sorts by what it was started with.</p>')
        elif person.may(Role.ENGINEER):
            back = ui.button("Go back to the one before", icon="undo", on_click=self._go_back, color=None)
            back.classes("plain").props("unelevated")
        newest = sorted(self._recipes.all(), key=lambda one: one.at, reverse=True)
        for version in newest[:SHOWN]:
            self._row(version, in_use)

    def _row(self, version: Version, in_use: Use | None) -> None:
        goes = in_use is not None and in_use.version == version.id
        under = " · ".join(filter(None, (threshold_of(version.recipe), when(version.at), version.by, version.note)))
        words = f"<b>{html.escape(version.id)}</b> {mark('ok', 'in use') if goes else ''}"
        with ui.element("div").classes("kept"):
            markup(f"<div>{words}<small>{html.escape(under)}</small></div>")
            if not goes and self._person.may(Role.ENGINEER):
                sort_by = ui.button("Sort by it", on_click=lambda: self._activate(version.id), color=None)
                sort_by.classes("plain").props("unelevated")

    async def _activate(self, version: str) -> None:
        if await self._person.do(Role.ENGINEER, lambda actor: self._recipes.activate(actor, version)) is not None:
            ui.navigate.reload()

    async def _go_back(self) -> None:
        if await self._person.do(Role.ENGINEER, self._recipes.roll_back) is not None:
            ui.navigate.reload()


def threshold_of(recipe: Recipe) -> str:
    """How its threshold is set."""
    if recipe.min_p_ndfeb is not None:
        return f"fires from P(NdFeB) {recipe.min_p_ndfeb:.4g} on"
    return f"purity of {100 * recipe.purity_target:g} %"


def name_of(recipe: Recipe) -> str:
    """What new versions of it are called: its own name where that may be one."""
    name = re.sub(r"[^a-z0-9-]+", "-", recipe.name.lower()).strip("-")[:32]
    return name if name and name != "default" else FIRST
