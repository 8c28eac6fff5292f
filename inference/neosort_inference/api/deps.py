"""What the interface's routes are handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Request

from neosort_inference.api.feed import Shown, ViewFeed
from neosort_inference.asking.channel import Loop


def _feed(request: Request) -> ViewFeed:
    feed: ViewFeed = request.app.state.feed
    return feed


def _loop(request: Request) -> Loop:
    loop: Loop = request.app.state.loop
    return loop


def _newest(feed: Annotated[ViewFeed, Depends(_feed)]) -> Shown:
    shown = feed.latest()
    if shown is None:
        raise HTTPException(503, "the line has not shown a window yet", headers={"Retry-After": "1"})
    return shown


Feed = Annotated[ViewFeed, Depends(_feed)]
AskLoop = Annotated[Loop, Depends(_loop)]
Newest = Annotated[Shown, Depends(_newest)]
