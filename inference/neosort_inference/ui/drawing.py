"""A chart on a page that is drawn anew when its data or the theme changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from neosort_inference.ui.chart import INK, Ink


class Drawing:
    """``draw``: gives the chart's options in given colours. ``words``: what it shows, for whoever does not see it."""

    def __init__(self, words: str, draw: Callable[[Ink], dict[str, Any]], classes: str = "chart") -> None:
        self._draw = draw
        self._ink = INK[True]
        self._chart = ui.echart(draw(self._ink)).classes(classes).props(f'role=img aria-label="{words}"')

    def refresh(self) -> None:
        """Draw it anew."""
        self._chart.options.clear()
        self._chart.options.update(self._draw(self._ink))
        self._chart.update()

    def colour(self, dark: bool) -> None:
        """Draw it in the colours of a theme."""
        self._ink = INK[dark]
        self.refresh()
