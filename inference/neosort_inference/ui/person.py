"""Who works at this browser, what they may do, and what they have the line do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from nicegui import run, ui
from starlette.requests import Request

from neosort_hardware.section import ConfigError
from neosort_inference.access.actor import Actor, Identity
from neosort_inference.access.audit import AuditError
from neosort_inference.access.database import AccountError
from neosort_inference.access.entry import Entry
from neosort_inference.access.role import Role
from neosort_inference.api.gate import LOGIN, address_of, identity_of
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.orders import RefusedError
from neosort_inference.bundle import BundleError
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.ledger.records import LedgerError
from neosort_inference.ui.dialogs import answers, asked

LONGEST_NAME = 64
LOOK_EVERY_S = 1.0
REFUSALS = (
    UnheardError, RefusedError, AccountError, AuditError, CalibrationError, BundleError, ConfigError, LedgerError,
)  # fmt: skip
GONE_WITHIN_S = 1.0  # a browser has left the page by then
_Answer = TypeVar("_Answer")


class Person:
    """An account that has logged in; or, where there are no accounts, a name that was given once and is kept on this
    device. ``may`` says what is open to the role; everything done goes into the trail under the name."""

    def __init__(self, entry: Entry, request: Request) -> None:
        self._entry, self._request = entry, request
        # The gate lets nobody through who is not known.
        self._identity = identity_of(entry, request) or Identity(name="nobody", role=Role.VIEWER, via="ended")
        self.name = self._identity.name if self._identity.known else ""
        self._name_dialog()
        pressed = self._log_out if self._identity.known else self.introduce
        told = f"{self.name} · {self._identity.role.value}" if self._identity.known else "your name"
        self._button = ui.button(told, icon="person", on_click=pressed, color=None)
        self._button.classes("plain person").props('unelevated no-caps aria-label="who works here"')
        ui.timer(LOOK_EVERY_S, self._look_again)

    def may(self, role: Role) -> bool:
        """Whether that role's work is open to them."""
        return self._identity.role.covers(role)

    def known_as(self, name: str) -> None:
        """This device knows who works at it. Where people log in, that counts for nothing."""
        if not self._identity.known:
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

    async def do(self, role: Role, work: Callable[[Actor], _Answer]) -> _Answer | None:
        """Do it in their name, beside the page; None where they may not or it is refused, and they are told why."""
        if not (self.name or await self.introduce()):
            return None
        identity = identity_of(self._entry, self._request)  # may have ended since the page was opened
        if identity is None:
            ui.navigate.to(LOGIN)
            return None
        actor = self._entry.actor(replace(identity, name=self.name), address_of(self._request))
        try:
            actor.must(role)
            return await run.io_bound(work, actor)
        except REFUSALS as error:
            ui.notify(str(error), type="negative", multi_line=True)
            return None

    async def _look_again(self) -> None:
        """A page goes on by a socket of its own, long after the request that it was let in by: whoever is shut out
        since, elsewhere or by an admin, is shown nothing more, and one with another role another page."""
        identity = await asyncio.to_thread(self._still_let_in)
        if identity is None:
            client = ui.context.client
            ui.navigate.to(LOGIN)
            await asyncio.sleep(GONE_WITHIN_S)
            if not client.is_deleted:
                client.delete()  # whatever the browser makes of that: nothing more is sent to it
        elif identity.role is not self._identity.role:
            ui.navigate.reload()

    def _still_let_in(self) -> Identity | None:
        try:
            return identity_of(self._entry, self._request)
        except AccountError:
            return None

    def _name_dialog(self) -> None:
        with asked("Who are you? What you have the line do is kept under your name.") as self._dialog:
            self._field = ui.input("your name").props(f"outlined autofocus maxlength={LONGEST_NAME}")
            self._field.on("keydown.enter", self._submit)
            with ui.element("div").classes("row"):
                ui.button("That is me", on_click=self._submit, color=None).classes("key").props("unelevated")
                ui.button("Cancel", on_click=lambda: self._dialog.submit(None), color=None).classes("plain")

    def _submit(self) -> None:
        if (self._field.value or "").strip():
            self._dialog.submit(self._field.value)

    async def _log_out(self) -> None:
        with asked(f"Logged in as {self.name}, {self._identity.role.value}.") as dialog:
            answers(dialog, "Log out", "Stay")
        if await dialog:
            how = json.dumps({"method": "DELETE", "headers": {"X-CSRF-Token": self._identity.csrf or ""}})
            ui.run_javascript(f"fetch('/api/v1/session', {how}).then(() => location.href = '{LOGIN}')")
