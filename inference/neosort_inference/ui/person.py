"""Who works at this browser, and what they ask of the line."""

from __future__ import annotations

import json

from nicegui import run, ui

from neosort_inference.asking.channel import Loop, UnheardError
from neosort_inference.asking.orders import Order, RefusedError, Result

LONGEST_NAME = 64


class Person:
    """A name given once and kept on this device; whatever is asked of the line is asked in it."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.name = ""
        with ui.dialog() as self._dialog, ui.card():
            ui.label("Who are you? What you have the line do is kept under your name.")
            self._field = ui.input("your name").props(f"outlined autofocus maxlength={LONGEST_NAME}")
            self._field.on("keydown.enter", self._submit)
            with ui.element("div").classes("row"):
                ui.button("That is me", on_click=self._submit, color=None).classes("key").props("unelevated")
                ui.button("Cancel", on_click=lambda: self._dialog.submit(None), color=None).classes("plain")
        self._button = ui.button("your name", icon="person", on_click=self.introduce, color=None)
        self._button.classes("plain person").props('unelevated no-caps aria-label="who works here"')

    def known_as(self, name: str) -> None:
        """This device knows who works at it."""
        self.name = name.strip()[:LONGEST_NAME]
        self._button.set_text(self.name or "your name")

    async def introduce(self) -> str:
        """Ask for the name; empty where nobody gives one."""
        self._field.set_value(self.name)
        given = await self._dialog
        if given:
            self.known_as(given)
            ui.run_javascript(f"localStorage.setItem('name', {json.dumps(self.name)})")
        return self.name

    async def ask(self, order: Order) -> Result | None:
        """Have the line do it, and say so where it does not; None then."""
        by = self.name or await self.introduce()
        if not by:
            return None
        try:
            return await run.io_bound(self._loop.ask, order, by)
        except (UnheardError, RefusedError) as error:
            ui.notify(str(error), type="negative", multi_line=True)
            return None

    def _submit(self) -> None:
        if (self._field.value or "").strip():
            self._dialog.submit(self._field.value)
