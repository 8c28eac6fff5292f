"""What the pages are made from: everything that a page may read or ask for, handed in."""

from __future__ import annotations

from dataclasses import dataclass

from neosort_inference.api.feed import ViewFeed
from neosort_inference.asking.channel import Loop
from neosort_inference.ui.running import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """``loop``: does what people ask of the line, or refuses; asking waits for the answer."""

    feed: ViewFeed
    loop: Loop
    running: Running
