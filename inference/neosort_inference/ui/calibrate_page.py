"""Calibrate: the procedures in the order in which a new line needs them, and the calibrations that there are."""

from __future__ import annotations

import html

from nicegui import ui
from starlette.requests import Request

from neosort_inference.calibration.procedure import About
from neosort_inference.calibration.registry import procedures
from neosort_inference.ui.calibrations import Calibrations
from neosort_inference.ui.markup import markup, panel
from neosort_inference.ui.shell import CALIBRATE, page_frame
from neosort_inference.ui.site import Site


def calibrate_page(site: Site, request: Request) -> None:
    """The page at "/calibrate"."""
    with page_frame(site, request, CALIBRATE, style="calibrate.css") as frame, ui.element("div").classes("columns"):
        with panel("Procedures", "in the order in which a new line needs them"):
            for number, procedure in enumerate(procedures(), 1):
                _row(number, procedure.about)
        with panel("Calibrations", "newest first; never changed"):
            Calibrations(site, frame.person)


def _row(number: int, about: About) -> None:
    minutes = f"{about.minutes:g} minute{'' if about.minutes == 1 else 's'}"
    words = (
        f'<span class="number">{number}</span><span><b>{html.escape(about.title)}</b>'
        f"<span>{html.escape(about.purpose)}</span><small>{html.escape(about.tools)} · {minutes}</small></span>"
    )
    markup(f'<a class="procedure" href="/calibrate/{about.name}">{words}</a>')
