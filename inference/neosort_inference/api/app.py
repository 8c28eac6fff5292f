"""The HTTP interface for technicians and machines, under /api/v1. It reads a feed, asks the loop, touches no device."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from neosort_hardware.types import Decision, Verdict
from neosort_inference.api.alarms import add_alarms
from neosort_inference.api.deps import Feed, Newest
from neosort_inference.api.feed import Shown, ViewFeed
from neosort_inference.api.pictures import label_of
from neosort_inference.asking.channel import Loop, NoLoop
from neosort_inference.telemetry import Snapshot

STREAM_POLL_S = 0.05
STREAM_REPEAT_S = 2.0
HEARD_WITHIN_S = 5.0
_BOUNDARY = "frame"
_NO_CACHE = {"Cache-Control": "no-store"}


def create_app(feed: ViewFeed, loop: Loop | None = None) -> FastAPI:
    """The application over ``feed``. Before the first window everything but /healthz and /metrics answers 503.

    ``loop``: takes orders; left out, nobody does.
    """
    app = FastAPI(title="neosort", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.feed = feed
    app.state.loop = NoLoop() if loop is None else loop
    app.add_api_route("/healthz", healthz, response_class=PlainTextResponse)
    app.add_api_route("/readyz", readyz, response_class=PlainTextResponse)
    app.add_api_route("/metrics", metrics, response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    app.add_api_route("/api/v1/status", status, response_model_exclude={"counts"})
    app.add_api_route("/api/v1/view", view)
    app.add_api_route("/api/v1/frame.jpg", frame, response_class=Response, responses=_content("image/jpeg"))
    app.add_api_route("/api/v1/field.png", field, response_class=Response, responses=_content("image/png"))
    app.add_api_route("/api/v1/stream.mjpeg", stream, response_class=StreamingResponse)
    add_alarms(app)
    return app


def _content(media_type: str) -> dict[int | str, dict[str, object]]:
    return {200: {"content": {media_type: {}}}, 503: {"description": "no window yet"}}


def _wanted(
    feed: Feed,
    newest: Newest,
    n: Annotated[
        int | None, Query(description="number of a view, of the last sixteen; the newest when left out")
    ] = None,
) -> Shown:
    shown = newest if n is None else feed.numbered(n)
    if shown is None:
        raise HTTPException(404, f"view {n} is not kept; the newest is {newest.number}")
    return shown


Wanted = Annotated[Shown, Depends(_wanted)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxOnBelt:
    """A decision as it is drawn, in mm on the belt."""

    track_id: int
    belt_lo_mm: float
    belt_hi_mm: float
    across_lo_mm: float
    across_hi_mm: float
    verdict: Verdict
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOnBelt:
    """Where the picture of a view lies on the belt, and what is drawn on it."""

    number: int
    start_mm: float
    length_mm: float
    across_start_mm: float
    width_mm: float
    boxes: list[BoxOnBelt]


def healthz() -> str:
    """The page's process is alive."""
    return "ok"


def readyz(shown: Newest) -> PlainTextResponse:
    """The line sorts, and its loop has been heard of within the last seconds; 503 otherwise."""
    age_s, state = time.monotonic() - shown.arrived_s, shown.view.snapshot.state
    well = state == "sorting" and age_s <= HEARD_WITHIN_S
    return PlainTextResponse(f"{state}, heard of {age_s:.1f} s ago", status_code=200 if well else 503)


def metrics(feed: Feed, accept: Annotated[str, Header()] = "") -> Response:
    """The line for Prometheus."""
    # Imported when first asked for: a line that no Prometheus watches starts without it.
    from neosort_inference.api.metrics import exposition  # noqa: PLC0415

    content, media_type = exposition(feed, accept)
    return Response(content, media_type=media_type, headers=_NO_CACHE)


def status(shown: Newest) -> Snapshot:
    """The line at the moment of the newest window."""
    return shown.view.snapshot


def view(
    shown: Newest,
    response: Response,
    after: Annotated[
        int | None, Query(description="number of the view already there: 204 when it is the newest")
    ] = None,
) -> ViewOnBelt | None:
    """The geometry of the newest view: with it, pictures and boxes can be laid out along the belt."""
    if after == shown.number:
        response.status_code = 204
        return None
    rows, cols = shown.view.picture.shape[:2]
    return ViewOnBelt(
        number=shown.number,
        start_mm=shown.view.start_mm,
        length_mm=rows * shown.view.mm_per_px,
        across_start_mm=shown.view.across_start_mm,
        width_mm=cols * shown.view.mm_per_px,
        boxes=[_box_on_belt(decision) for decision in shown.view.decisions],
    )


def _box_on_belt(decision: Decision) -> BoxOnBelt:
    return BoxOnBelt(
        track_id=decision.track_id,
        belt_lo_mm=decision.box.belt_lo_mm,
        belt_hi_mm=decision.box.belt_hi_mm,
        across_lo_mm=decision.box.across_lo_mm,
        across_hi_mm=decision.box.across_hi_mm,
        verdict=decision.verdict,
        label=label_of(decision),
    )


def frame(shown: Wanted, overlay: Annotated[bool, Query(description="draw the decisions in")] = True) -> Response:
    """A window's picture."""
    jpeg = shown.overlay_jpeg if overlay else shown.plain_jpeg
    return Response(jpeg, media_type="image/jpeg", headers=_NO_CACHE)


def field(shown: Wanted) -> Response:
    """A window's field as a heat map."""
    return Response(shown.field_png, media_type="image/png", headers=_NO_CACHE)


async def stream(feed: Feed, _first: Newest) -> StreamingResponse:
    """The pictures as they come, decisions drawn in."""
    return StreamingResponse(_mjpeg_parts(feed), media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY}")


async def _mjpeg_parts(feed: ViewFeed) -> AsyncIterator[bytes]:
    """One part per new view; the last one again every two seconds, so that a dead connection is noticed."""
    sent, waited_s = 0, 0.0
    while True:
        shown = feed.latest()
        if shown is not None and (shown.number != sent or waited_s >= STREAM_REPEAT_S):
            jpeg = await asyncio.to_thread(_overlay_jpeg, shown)
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            yield head.encode() + jpeg + b"\r\n"
            sent, waited_s = shown.number, 0.0
        await asyncio.sleep(STREAM_POLL_S)
        waited_s += STREAM_POLL_S


def _overlay_jpeg(shown: Shown) -> bytes:
    return shown.overlay_jpeg
