"""Figures as SVG to be set inline in an HTML page, in the page's own colours, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Drawn in these, which nothing else uses, and replaced by the page's variables in the finished SVG.
INK, SOFT, GRID = "#010203", "#040506", "#070809"
GOOD, WARN, BAD, BLUE, VIOLET = "#0a0b0c", "#0d0e0f", "#101112", "#131415", "#161718"
_VARIABLES = {
    INK: "--ink", SOFT: "--soft", GRID: "--line", GOOD: "--good", WARN: "--warn", BAD: "--bad", BLUE: "--blue",
    VIOLET: "--violet",
}  # fmt: skip
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "neosort",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "grid.color": GRID,
    "axes.grid": False,
    "legend.frameon": False,
}


def inline_svg(draw: Callable[[Axes], None], size_in: tuple[float, float]) -> str:
    """A figure with one pair of axes as an inline SVG element; the page sets its size, the shape stays."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size_in, layout="constrained")
        draw(figure.add_subplot())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return re.sub(r'\b(width|height)="[^"]*pt"', "", svg, count=2)
