"""Channels that are mixed up or the wrong way round, as passes of a magnet show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neosort_inference.calibration.magnet_passes import UPRIGHT, Passed, PassesFit

ITS_OWN = 0.97  # of a channel's signal explained by the field at its place: there is nothing to look for
BETTER = 0.97  # explained by the field at another's place: it is mixed up with that one


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """``order``: which reading stands where each channel's should, empty where all do; ``notes``: in words."""

    order: tuple[int, ...]
    notes: tuple[str, ...]


def wiring_of(found: PassesFit, passed: Passed) -> Wiring:
    """Compares what a channel reads with the field at every other channel's place."""
    count = len(passed.across_mm)
    at_home = np.where(np.isfinite(found.explained), found.explained, 0.0) >= ITS_OWN
    strangers = [int(channel) for channel in np.flatnonzero(passed.usable & ~at_home)]
    belongs = {channel: _place_of(channel, strangers, found, passed) for channel in strangers}
    order, notes = list(range(count)), []
    for channel, place in belongs.items():
        if place is not None and place != channel and belongs.get(place) == channel:
            order[place] = channel
            if channel < place:
                notes.append(f"channels {channel} and {place} are in each other's place: put right in the calibration")
    for channel in range(count):
        turned = "".join("xyz"[axis] for axis in range(3) if found.matrices[channel, axis, axis] < -UPRIGHT)
        if at_home[channel] and turned:
            notes.append(f"channel {channel} reads {turned} the wrong way round: put right in the calibration")
    return Wiring(order=tuple(order) if order != sorted(order) else (), notes=tuple(notes))


def _place_of(channel: int, places: Sequence[int], found: PassesFit, passed: Passed) -> int | None:
    """At whose place the field is what a channel reads."""
    fits = {place: passed.fit_at(found.ways, found.height_mm, place, channel) for place in places}
    shares = {place: fit[2] for place, fit in fits.items() if fit is not None and fit[2] >= BETTER}
    return max(shares, key=lambda place: shares[place]) if shares else None
