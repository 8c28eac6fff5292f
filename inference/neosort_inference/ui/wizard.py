"""One procedure as a technician goes through it: prepare, measure, see the result, apply or discard it."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from nicegui import run, ui
from starlette.requests import Request

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.api.line import stop_sorting
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.orders import RefusedError, Result
from neosort_inference.calibration.procedure import About, CalibrationError, Need
from neosort_inference.calibration.registry import procedure_named
from neosort_inference.ui.calibrations import Calibrations
from neosort_inference.ui.fields import Fields
from neosort_inference.ui.found import show_found
from neosort_inference.ui.markup import Tone, mark, markup, panel, show
from neosort_inference.ui.shell import CALIBRATE, Frame, page_frame
from neosort_inference.ui.site import Site

LOOK_EVERY_S = 0.4
SEEN_S = 1.5  # until a message has been read
STEPS = ("Prepare", "Measure", "Result")
OVER = ("done", "failed", "cancelled")
Told = Mapping[str, Any]  # how the procedure stands, see `Standing`


def add_wizard(app: FastAPI, site: Site) -> None:
    """Serve the pages under "/calibrate/" and what they show."""

    @ui.page("/calibrate/{name}", title="neosort · Calibrate")
    def page(name: str, request: Request) -> None:
        wizard_page(site, request, name)

    @app.get("/calibrate/files/{name}", include_in_schema=False)
    def file(name: str) -> Response:
        path = site.serving.state.procedure / Path(name).name
        try:
            return Response(path.read_bytes(), media_type="image/jpeg", headers={"Cache-Control": "no-store"})
        except OSError:
            return Response(status_code=404)


def wizard_page(site: Site, request: Request, name: str) -> None:
    """One procedure's."""
    with page_frame(site, request, CALIBRATE, style="calibrate.css") as frame:
        try:
            about = procedure_named(name).about
        except CalibrationError as error:
            with panel("No such procedure"):
                markup(f"<p>{html.escape(str(error))}</p>")
            return
        Wizard(site, frame, about)


class Wizard:
    """Shows how the procedure stands, whoever has begun it, and hands on what the technician does."""

    def __init__(self, site: Site, frame: Frame, about: About) -> None:
        self._site, self._person, self._about = site, frame.person, about
        self._procedures = site.services.procedures
        self._folder = site.serving.state.procedure
        self._left = 0  # the number of the procedure that this technician has done with
        self._shown: Any = None
        markup(f'<a class="back" href="{CALIBRATE.path}">◀ all procedures</a>')
        with panel(about.title, about.tolerance and f"tolerance {about.tolerance}"):
            self._steps = markup("", "steps")
            self._body = ui.element("div").classes("wizard")
        self._draw("prepare", None)
        ui.timer(LOOK_EVERY_S, self._look)

    async def _look(self) -> None:
        try:
            told: Told | None = await run.io_bound(self._procedures.standing, "page")
        except (RefusedError, UnheardError):
            told = None
        if told is None or told["procedure"] != self._about.name or told["number"] == self._left:
            where = "prepare" if told is None or told["state"] in OVER or told["number"] == self._left else "other"
            self._draw(where, told)
        elif told["state"] in ("running", "working"):
            self._draw("measure", told)
            self._guide(told)
        else:
            self._draw("result", told)

    def _draw(self, where: str, told: Told | None) -> None:
        """Lay the body out anew where something else is to be shown."""
        key = (where, None if told is None or where == "prepare" else told["number"])
        if key == self._shown:
            return
        self._shown = key
        show(self._steps, _steps(where))
        self._body.clear()
        with self._body:
            if where == "prepare":
                self._prepare()
            elif where == "other":
                words = f"{told['by']} is measuring: {told['procedure']}. One procedure at a time." if told else ""
                markup(f"<p>{mark('warn', words)}</p>")
            elif where == "measure":
                self._measure()
            elif told is not None:
                self._result(told)

    def _prepare(self) -> None:
        about = self._about
        steps = "".join(f"<li>{html.escape(one)}</li>" for one in about.instructions)
        with ui.element("div").classes("columns"):
            need = f"You need: {html.escape(about.tools)}. It takes about {about.minutes:g} minutes."
            with ui.element("div"):
                markup(f'<p>{html.escape(about.purpose)}</p><ol>{steps}</ol><p class="note">{need}</p>')
                begin = ui.button("Stop the line and begin", icon="play_arrow", on_click=self._begin, color=None)
                begin.classes("key").props("unelevated")
            with ui.element("div").classes("needs"):
                markup("".join(f"<p>{mark(_tone(need), need.value)}</p>" for need in about.needs))
                self._fields = Fields(about.parameters)

    def _measure(self) -> None:
        with ui.element("div").classes("columns measuring"):
            with ui.element("div").classes("live"):
                self._picture = markup("")
            with ui.element("div").classes("guide"):
                self._text = markup("", "text").props('aria-live="polite"')
                self._progress = ui.linear_progress(0.0, show_value=False, size="18px")
                self._missing = markup("", "missing")
                self._actions = ui.element("div").classes("actions")
                self._offered: Any = None
                ui.button("Cancel", icon="close", on_click=self._cancel, color=None).classes("plain")

    def _guide(self, told: Told) -> None:
        working = told["state"] == "working"
        show(self._text, html.escape("Computing the result …" if working else str(told["text"])))
        self._progress.set_value(1.0 if working else told["progress"])
        missing = "".join(f"<li>{html.escape(str(one))}</li>" for one in told["missing"] or ())
        show(self._missing, f"<p class=note>still to be seen</p><ul>{missing}</ul>" if missing else "")
        if told["picture"]:
            show(self._picture, f'<img src="/calibrate/files/{told["picture"]}" alt="what the camera sees">')
        else:
            show(self._picture, '<img src="/api/v1/stream.mjpeg" alt="what the camera sees">')
        if told["actions"] != self._offered:
            self._offered = told["actions"]
            self._actions.clear()
            with self._actions:
                for action in told["actions"] or ():
                    self._action(action)

    def _action(self, action: Mapping[str, Any]) -> None:
        fields = Fields.of_told(action["fields"])

        async def act() -> None:
            values = dict(fields.values())
            await self._do(lambda actor: self._procedures.step(actor, action["name"], values))

        ui.button(action["title"], on_click=act, color=None).classes("key").props("unelevated")

    def _result(self, told: Told) -> None:
        if told["state"] == "failed":
            markup(f"<p>{mark('bad', 'Failed')}</p><p>{html.escape(str(told['why']))}</p>")
        elif told["state"] == "cancelled":
            markup(f"<p>{mark('quiet', 'Cancelled: nothing was changed.')}</p>")
        found = told["result"] if told["state"] == "done" else None
        passed = found is not None and found["passed"]
        with ui.element("div").classes("row verdict"):
            if found is not None:
                markup(mark("ok", "Passed") if passed else mark("bad", "Not passed: nothing of it can be applied"))
            if found is not None and passed and found["changes"]:
                ui.button("Apply", icon="check", on_click=self._apply, color=None).classes("key").props("unelevated")
            leave = ui.button("Discard" if passed else "Measure again", icon="undo", color=None)
            leave.classes("plain").props("unelevated").on_click(lambda: self._leave(told["number"]))
        if found is not None:
            show_found(found, self._folder)

    async def _begin(self) -> None:
        settings = dict(self._fields.values())
        shown = self._site.feed.latest()
        sorts = shown is not None and shown.view.snapshot.state == "sorting"

        def work(actor: Actor) -> Result:
            if sorts:
                stop_sorting(actor, self._site.loop)
            return self._procedures.begin(actor, self._about.name, settings)

        await self._do(work)

    async def _cancel(self) -> None:
        await self._do(self._procedures.cancel)

    async def _do(self, work: Callable[[Actor], Result]) -> Result | None:
        return await self._person.do(Role.TECHNICIAN, work)

    async def _apply(self) -> None:
        kept = await self._do(self._procedures.keep)
        if kept is not None:
            with self._body:
                await Calibrations(self._site, self._person).apply(str(kept["record"]))
            await asyncio.sleep(SEEN_S)
            ui.navigate.to(CALIBRATE.path)

    async def _leave(self, number: int) -> None:
        await self._cancel()
        self._left = number


def _tone(need: Need) -> Tone:
    return "warn" if need is Need.FREE_JETS else "quiet"


def _steps(where: str) -> str:
    at = {"prepare": 0, "other": 0, "measure": 1, "result": 2}[where]
    return "".join(
        f'<span class="{"here" if which == at else "past" if which < at else ""}"'
        f"{' aria-current=step' if which == at else ''}><i>{which + 1}</i>{name}</span>"
        for which, name in enumerate(STEPS)
    )
