"""The frame around every page: the rail that leads to the others, how the line stands, alarms, light or dark."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from neosort_inference.access.role import Role
from neosort_inference.api.line import start_sorting, stop_sorting
from neosort_inference.telemetry import Snapshot
from neosort_inference.ui.alarm_panel import AlarmPanel
from neosort_inference.ui.markup import markup, show
from neosort_inference.ui.person import Person
from neosort_inference.ui.site import Site

REFRESH_EVERY_S = 0.5
HELD_BY = "stopped by "  # a person, as the loop says it; a fault has other words


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its path, its name on the rail, the name of its icon in the Material set."""

    path: str
    name: str
    icon: str


LINE = Place("/", "Line", "videocam")
CALIBRATE = Place("/calibrate", "Calibrate", "straighten")
RECIPE = Place("/recipe", "Recipe", "tune")
MODELS = Place("/models", "Models", "memory")
HEALTH = Place("/health", "Health", "monitor_heart")
REVIEW = Place("/review", "Review", "fact_check")
LOTS = Place("/lots", "Lots", "inventory_2")
PLACES = (LINE, CALIBRATE, RECIPE, MODELS, REVIEW, HEALTH, LOTS)


class Frame:
    """The frame of one page in one browser."""

    def __init__(self, site: Site, request: Request, place: Place) -> None:
        self._loop = site.loop
        self._on_theme: list[Callable[[bool], None]] = []
        self._dark = ui.dark_mode(True)
        ui.colors(primary="var(--accent)", positive="var(--ok)", negative="var(--bad)", warning="var(--warn)")
        ui.on("device", self._device)
        ui.timer(0.1, lambda: ui.run_javascript("neosortDevice.tell()"), once=True)
        with ui.element("header").classes("top"):
            markup(f"<h1>{html.escape(place.name)}</h1>")
            self._pills = markup('<span class="pill waiting">waiting for the line</span>', "pills").props("role=status")
            markup('<span class="pill gone" role="alert">no connection</span>')
            self._facts = markup("", "facts")
            self._start = ui.button("Start", icon="play_arrow", on_click=self._start_sorting, color=None)
            self._stop = ui.button("Stop", icon="stop", on_click=self._stop_sorting, color=None)
            self.person = Person(site.entry, request)
        self._start.classes("key").props("unelevated").set_visibility(False)
        self._stop.classes("stop").props("unelevated").set_visibility(False)
        self._alarms = AlarmPanel(site, self.person)
        self.content = (
            ui.element("main").classes(f"page {place.path.strip('/') or 'line'}").props("id=content tabindex=-1")
        )
        ui.timer(REFRESH_EVERY_S, lambda: self._refresh(site))

    def on_theme(self, recolour: Callable[[bool], None]) -> None:
        """``recolour`` is called with whether it is dark, now and whenever that changes."""
        self._on_theme.append(recolour)

    def _device(self, event: GenericEventArguments) -> None:
        self.person.known_as(str(event.args["name"]))
        self._dark.set_value(bool(event.args["dark"]))
        for recolour in self._on_theme:
            recolour(bool(event.args["dark"]))

    def _refresh(self, site: Site) -> None:
        shown = site.feed.latest()
        if shown is not None:
            snapshot = shown.view.snapshot
            show(self._pills, _pills(snapshot))
            show(self._facts, _facts(snapshot))
            self._alarms.show(snapshot.alarms)
            held = snapshot.state == "stopped" and snapshot.stopped_by.startswith(HELD_BY)
            self._start.set_visibility(held)
            self._stop.set_visibility(snapshot.state != "finished" and not held)

    async def _start_sorting(self) -> None:
        answer = await self.person.do(Role.OPERATOR, lambda actor: start_sorting(actor, self._loop))
        if answer and answer.stopped_by:
            ui.notify(f"The line stays stopped: {answer.stopped_by}", type="warning")

    async def _stop_sorting(self) -> None:
        await self.person.do(Role.OPERATOR, lambda actor: stop_sorting(actor, self._loop))


@contextmanager
def page_frame(site: Site, request: Request, place: Place, *, style: str = "", script: str = "") -> Iterator[Frame]:
    """Lay a page out; what is made inside becomes its content. ``style``, ``script``: templates of its own."""
    ui.add_head_html(f"<style>{template('shell.css')}{style and template(style)}</style>")
    ui.add_head_html(f"<script>{template('shell.js')}</script>")
    if script:
        ui.add_body_html(f"<script>{template(script)}</script>")
    with ui.element("div").classes("app"):
        markup(_rail(place), "rail", "nav").props('aria-label="pages"')
        with ui.element("div").classes("work"):
            frame = Frame(site, request, place)
            with frame.content:
                yield frame


@cache
def template(name: str) -> str:
    """A file that is shipped with the program."""
    return files("neosort_inference").joinpath("templates", name).read_text(encoding="utf-8")


def _rail(here: Place) -> str:
    links = "".join(
        f'<a href="{place.path}"{" aria-current=page" if place == here else ""}>{_icon(place.icon)}{place.name}</a>'
        for place in PLACES
    )
    theme = (
        f'<button id="theme" type="button" aria-label="light or dark">{_icon("contrast")}<span>theme</span></button>'
    )
    skip = '<a class="skip" href="#content">to the content</a>'
    return f'{skip}<div class="brand">neosort</div>{links}<div class="end">{theme}</div>'


def _icon(name: str) -> str:
    return f'<i class="material-icons" aria-hidden="true">{name}</i>'


def _pills(snapshot: Snapshot) -> str:
    pills = [f'<span class="pill {snapshot.state}">{snapshot.state}</span>']
    if snapshot.stopped_by:
        pills = [f'<span class="pill stopped">{html.escape(snapshot.stopped_by)}</span>']
    if snapshot.senses != "camera + field":
        pills.append(f'<span class="pill blind">{snapshot.senses}</span>')
    return "".join(pills)


def _facts(snapshot: Snapshot) -> str:
    minutes, seconds = divmod(int(snapshot.elapsed_s), 60)
    return (
        f"<span>belt <b>{snapshot.speed_m_per_s:.2f} m/s</b></span>"
        f'<span class="less">travelled <b>{snapshot.belt_mm / 1000:,.0f} m</b></span>'
        f"<span>time <b>{minutes}:{seconds:02d}</b></span>"
    )
