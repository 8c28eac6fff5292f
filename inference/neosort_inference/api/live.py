"""The line as it shows now: figures, pictures, the field, and all of them as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from neosort_hardware.types import Decision, Verdict
from neosort_inference.api.deps import Feed, Newest, Viewer
from neosort_inference.api.examples import answers
from neosort_inference.api.feed import Shown, ViewFeed
from neosort_inference.api.health import NO_CACHE
from neosort_inference.api.pictures import label_of
from neosort_inference.api.staying import Watcher, Watching
from neosort_inference.telemetry import Snapshot

STREAM_POLL_S = 0.05
STREAM_REPEAT_S = 2.0
SHUT_OUT = 1008  # RFC 6455: policy violation
_BOUNDARY = "frame"
router = APIRouter(prefix="/api/v1", tags=["live"])


def _content(media_type: str) -> dict[int | str, dict[str, object]]:
    return {200: {"content": {media_type: {}}}}


def _wanted(
    feed: Feed,
    newest: Newest,
    n: Annotated[
        int | None,
        Query(description="number of a view, of the last sixteen; the newest when left out", examples=[5121]),
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


@router.get("/status", response_model_exclude={"counts"}, responses=answers("status"))
def status(_actor: Viewer, shown: Newest) -> Snapshot:
    """The line at the moment of the newest window."""
    return shown.view.snapshot


@router.get("/view", responses={**answers("view"), 204: {"description": "the view already there is the newest"}})
def view(
    _actor: Viewer,
    shown: Newest,
    response: Response,
    after: Annotated[
        int | None,
        Query(description="number of the view already there: 204 when it is the newest", examples=[5121]),
    ] = None,
) -> ViewOnBelt | None:
    """The geometry of the newest view: with it, pictures and boxes can be laid out along the belt."""
    if after == shown.number:
        response.status_code = 204
        return None
    return _on_belt(shown)


def _on_belt(shown: Shown) -> ViewOnBelt:
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


@router.get("/frame.jpg", response_class=Response, responses=_content("image/jpeg"))
def frame(
    _actor: Viewer, shown: Wanted, overlay: Annotated[bool, Query(description="draw the decisions in")] = True
) -> Response:
    """A window's picture."""
    jpeg = shown.overlay_jpeg if overlay else shown.plain_jpeg
    return Response(jpeg, media_type="image/jpeg", headers=NO_CACHE)


@router.get("/field.png", response_class=Response, responses=_content("image/png"))
def field(_actor: Viewer, shown: Wanted) -> Response:
    """A window's field as a heat map."""
    return Response(shown.field_png, media_type="image/png", headers=NO_CACHE)


@router.get(
    "/stream.mjpeg",
    response_class=StreamingResponse,
    responses=_content(f"multipart/x-mixed-replace; boundary={_BOUNDARY}"),
)
async def stream(_actor: Viewer, watcher: Watching, feed: Feed, _first: Newest) -> StreamingResponse:
    """The pictures as they come, decisions drawn in. It ends when the session or token that opened it does."""
    parts = _mjpeg_parts(feed, watcher)
    return StreamingResponse(parts, media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY}")


async def _mjpeg_parts(feed: ViewFeed, watcher: Watcher) -> AsyncIterator[bytes]:
    """One part per new view; the last one again every two seconds, so that a dead connection is noticed."""
    sent, waited_s = 0, 0.0
    while await watcher.stays():
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


@router.websocket("/live")
async def live(
    socket: WebSocket,
    _actor: Viewer,
    watcher: Watching,
    feed: Feed,
    picture: Annotated[Literal["overlay", "plain", "field", "none"], Query()] = "none",
) -> None:
    """Every new view: a text message (JSON: ``status`` as of /status, ``view`` as of /view), then, where a picture is
    asked for, a binary one. A slow reader gets fewer views, never older ones. Closed with 1008 when the session or
    token that opened it ends."""
    await socket.accept()
    sent = 0
    with suppress(WebSocketDisconnect):
        while await watcher.stays():
            shown = feed.latest()
            if shown is not None and shown.number != sent:
                sent = shown.number
                await socket.send_text(await asyncio.to_thread(_told, shown))
                if picture != "none":
                    await socket.send_bytes(await asyncio.to_thread(_PICTURES[picture], shown))
            await _left(socket)
        await socket.close(SHUT_OUT)


async def _left(socket: WebSocket) -> None:
    """Wait for the next look. Raises `WebSocketDisconnect` once nobody listens; what is said meanwhile is nothing."""
    with suppress(TimeoutError):
        message = await asyncio.wait_for(socket.receive(), STREAM_POLL_S)
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))


def _told(shown: Shown) -> str:
    status_ = _SNAPSHOT.dump_json(shown.view.snapshot, exclude={"counts"}).decode()
    return f'{{"status": {status_}, "view": {_VIEW.dump_json(_on_belt(shown)).decode()}}}'


_SNAPSHOT, _VIEW = TypeAdapter(Snapshot), TypeAdapter(ViewOnBelt)
_PICTURES: dict[str, Callable[[Shown], bytes]] = {
    "overlay": lambda shown: shown.overlay_jpeg,
    "plain": lambda shown: shown.plain_jpeg,
    "field": lambda shown: shown.field_png,
}
