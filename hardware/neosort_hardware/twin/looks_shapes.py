"""Outlines that the item drawings are made of, as (n, 2) points in mm: x along the length, y down the picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def arc(x: float, y: float, radius: float, start: float = 0.0, stop: float = 2 * np.pi) -> npt.NDArray[np.float64]:
    """Points on a circle, radians, clockwise in the picture; the full circle as a polygon."""
    angles = np.linspace(start, stop, 49)
    return np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])


def ellipse(x: float, y: float, half_length: float, half_width: float) -> npt.NDArray[np.float64]:
    """Points on an ellipse whose axes lie along the item's."""
    angles = np.linspace(0, 2 * np.pi, 65)
    return np.column_stack([x + half_length * np.cos(angles), y + half_width * np.sin(angles)])


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> npt.NDArray[np.float64]:
    """Outline of a rectangle with rounded corners."""
    radius = min(radius, 0.5 * abs(x1 - x0), 0.5 * abs(y1 - y0))
    if radius <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)
    corners = [
        (x1 - radius, y1 - radius),
        (x0 + radius, y1 - radius),
        (x0 + radius, y0 + radius),
        (x1 - radius, y0 + radius),
    ]
    return np.concatenate(
        [arc(cx, cy, radius, k * np.pi / 2, (k + 1) * np.pi / 2)[::6] for k, (cx, cy) in enumerate(corners)]
    )


def regular(x: float, y: float, radius: float, corners: int, turn: float = 0.0) -> npt.NDArray[np.float64]:
    """A regular polygon."""
    angles = turn + np.arange(corners) * 2 * np.pi / corners
    return np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])
