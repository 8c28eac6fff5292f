"""Which windows people are asked about: those with an item that the bundle is not sure of, once all is decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from neosort_hardware.types import Decision
from neosort_inference.telemetry import WindowView

LEAST_P, MOST_P = 0.2, 0.8  # P(NdFeB) between these: the bundle does not know
EVERY_MM = 5000.0  # of belt: people are asked about a window now and then, not about all that passes


def uncertain(decision: Decision) -> bool:
    """Whether the bundle does not know if it bears NdFeB."""
    return LEAST_P <= decision.p_ndfeb <= MOST_P


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A window, and every decision about an item that reaches into it."""

    view: WindowView
    decisions: tuple[Decision, ...]


@dataclass(slots=True)
class _Forming:
    view: WindowView
    end_mm: float
    seen_to_mm: float
    decisions: dict[int, Decision] = field(default_factory=dict)


class Picker:
    """Follows the views, and hands a window on to ``take`` when the belt has passed so far that nothing in it is still
    to be decided. One that views have been left out of meanwhile is let go: a label that lacks an item teaches wrongly.
    """

    def __init__(self, take: Callable[[Candidate], None]) -> None:
        self._take = take
        self._forming: _Forming | None = None
        self._next_mm = -np.inf

    def see(self, view: WindowView) -> None:
        """The next view."""
        if view.start_mm < self._next_mm - EVERY_MM:
            self._next_mm = -np.inf  # the count has begun anew
        end_mm = view.start_mm + view.picture.shape[0] * view.mm_per_px
        forming = self._forming
        if forming is not None:
            if not forming.view.start_mm <= view.start_mm <= forming.seen_to_mm:
                self._forming = forming = None
            else:
                forming.seen_to_mm = max(forming.seen_to_mm, end_mm)
                _add(forming, view)
        if forming is not None and view.start_mm >= forming.end_mm:
            self._forming = None
            self._next_mm = forming.view.start_mm + EVERY_MM
            self._take(Candidate(view=forming.view, decisions=tuple(forming.decisions.values())))
        elif forming is None and view.start_mm >= self._next_mm and whole(view) and any(map(uncertain, view.decisions)):
            self._forming = forming = _Forming(view, end_mm, end_mm)
            _add(forming, view)


def _add(forming: _Forming, view: WindowView) -> None:
    for one in view.decisions:
        if one.box.belt_hi_mm > forming.view.start_mm and one.box.belt_lo_mm < forming.end_mm:
            forming.decisions[one.track_id] = one


def whole(view: WindowView) -> bool:
    """Whether the picture is as the network saw it: not thinned on its way here, nor the first of a line."""
    rows, cols = view.picture.shape[:2]
    field_rows, field_cols = view.field_ut.shape[1:]
    cell = int(rows // field_rows)
    return bool(cell > 1 and (rows, cols) == (cell * field_rows, cell * field_cols))
