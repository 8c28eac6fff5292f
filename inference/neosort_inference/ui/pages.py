"""All pages, on the interface's own application, and the server of both."""

from __future__ import annotations

from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from neosort_inference.access.entry import Entry
from neosort_inference.access.serving import Serving
from neosort_inference.api.app import create_app
from neosort_inference.api.feed import ViewFeed
from neosort_inference.api.gate import Gate
from neosort_inference.asking.channel import Loop
from neosort_inference.services.services import Services
from neosort_inference.ui.calibrate_page import calibrate_page
from neosort_inference.ui.health_page import health_page
from neosort_inference.ui.line_page import line_page
from neosort_inference.ui.login import add_login
from neosort_inference.ui.lots_page import lots_page
from neosort_inference.ui.models_page import models_page
from neosort_inference.ui.recipe_page import recipe_page
from neosort_inference.ui.review_page import review_page
from neosort_inference.ui.running import Running
from neosort_inference.ui.shell import CALIBRATE, HEALTH, LINE, LOTS, MODELS, RECIPE, REVIEW, Place
from neosort_inference.ui.site import Site
from neosort_inference.ui.wizard import add_wizard

RECONNECT_WITHIN_S = 20.0  # a tablet that has lost the network for so long goes on where it was
Build = Callable[[Site, Request], None]
PAGES: dict[Place, Build] = {
    LINE: line_page,
    CALIBRATE: calibrate_page,
    RECIPE: recipe_page,
    MODELS: models_page,
    REVIEW: review_page,
    HEALTH: health_page,
    LOTS: lots_page,
}


def add_pages(app: FastAPI, site: Site) -> None:
    """Serve the pages on ``app``. Everything they load comes from this process; nothing from elsewhere."""
    for place, build in PAGES.items():
        ui.page(place.path, title=f"neosort · {place.name}")(_built(build, site))
    add_wizard(app, site)
    ui.run_with(
        app, title="neosort", favicon="🧲", dark=True, tailwind=False, show_welcome_message=False,
        reconnect_timeout=RECONNECT_WITHIN_S,
    )  # fmt: skip


def _built(build: Build, site: Site) -> Callable[[Request], None]:
    def page(request: Request) -> None:
        build(site, request)

    return page


def page_server(loop: Loop, running: Running, serving: Serving) -> tuple[ViewFeed, uvicorn.Server]:
    """A server of the interface and the pages, not yet running, and the feed that they show."""
    feed, entry = ViewFeed(), Entry(serving)
    services = Services.of(serving, feed, loop)
    app = create_app(feed, loop, entry, services)
    app.add_middleware(Gate)
    add_login(app)
    add_pages(app, Site(feed=feed, loop=loop, running=running, serving=serving, entry=entry, services=services))
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    return feed, uvicorn.Server(config)
