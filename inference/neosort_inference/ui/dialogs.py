"""Dialogs that ask a person something before anything is done. Escape, as a press beside it, is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui


@contextmanager
def asked(words: str, classes: str = "") -> Iterator[ui.dialog]:
    """A dialog that asks ``words``; what is made inside stands below them. Waiting for it gives the answer."""
    with ui.dialog() as dialog, ui.card().classes(classes):
        dialog.props["aria-label"] = words
        ui.label(words)
        yield dialog


def answers(dialog: ui.dialog, yes: str, no: str = "Cancel", *, tone: str = "key") -> None:
    """The two buttons; ``tone``: of the one that has it done. The answer is True, or False."""
    with ui.element("div").classes("row"):
        ui.button(yes, on_click=lambda: dialog.submit(True), color=None).classes(tone).props("unelevated")
        ui.button(no, on_click=lambda: dialog.submit(False), color=None).classes("plain").props("unelevated")
