"""What the pages are made from: everything that a page may read or ask for, handed in."""

from __future__ import annotations

from dataclasses import dataclass

from neosort_inference.api.alarms import Acknowledge
from neosort_inference.api.feed import ViewFeed
from neosort_inference.ui.running import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """``acknowledge``: hands an acknowledgement to the loop, false when nobody takes it."""

    feed: ViewFeed
    acknowledge: Acknowledge
    running: Running
