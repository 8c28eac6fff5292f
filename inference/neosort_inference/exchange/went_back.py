"""That a line has left by itself what it was told to go by, as the loop tells those who keep the record of it."""

from __future__ import annotations

from dataclasses import dataclass

from neosort_inference.asking.orders import Exchanged

ITSELF = "the line"


@dataclass(frozen=True, slots=True, kw_only=True)
class WentBack:
    """``number``: of such in this run, from 1. ``what`` of that ``version`` (as the order to go by it had it) was left
    for what was gone by before, and ``why``."""

    number: int
    what: Exchanged
    version: str
    why: str
