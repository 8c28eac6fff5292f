"""What a procedure has found, for a technician: passed or not, every value with its uncertainty, before and after."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nicegui import ui

from neosort_inference.ui.markup import mark, markup, table


def show_found(found: Mapping[str, Any], folder: Path) -> None:
    """``found``: a result as `Standing` tells it; its plots and pictures lie in ``folder``."""
    names = (
        "<th>what</th>",
        *(f'<th class="num">{name}</th>' for name in ("before", "found", "±", "limits")),
        "<th></th>",
    )
    markup(f'<div class="scroll">{table(names, map(_row, found["quantities"]))}</div>')
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in found["notes"])
    markup(f"<ul class=note>{notes}</ul>" if notes else "")
    with ui.element("div").classes("columns evidence"):
        for plot in found["plots"]:
            svg = _svg(folder / Path(plot["file"]).name)
            markup(f"<figure><figcaption>{html.escape(plot['title'])}</figcaption>{svg}</figure>")
        for picture in found["pictures"]:
            image = f'<img src="/calibrate/files/{html.escape(picture["file"])}" alt="">'
            markup(f"<figure><figcaption>{html.escape(picture['title'])}</figcaption>{image}</figure>")


def _row(quantity: Mapping[str, Any]) -> str:
    said = _limits(quantity["least"], quantity["most"])
    value = _digits(quantity["value"], quantity["uncertainty"])
    sure = "" if quantity["uncertainty"] is None else _digits(quantity["uncertainty"], quantity["uncertainty"])
    before = "" if quantity["before"] is None else _digits(quantity["before"], quantity["uncertainty"])
    cells = "".join(
        f'<td class="num">{cell}</td>' for cell in (before, f"<b>{value}</b> {quantity['unit']}", sure, said)
    )
    passed = mark("ok", "within") if quantity["passed"] else mark("bad", "outside")
    return f"<tr><td>{html.escape(quantity['title'])}</td>{cells}<td>{passed if said else ''}</td></tr>"


def _limits(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"{least:g} to {most:g}"
    return f"≥ {least:g}" if least is not None else f"≤ {most:g}" if most is not None else ""


def _digits(value: float, uncertainty: float | None) -> str:
    """The value with as many decimals as its uncertainty bears out."""
    if uncertainty is None or not uncertainty > 0 or not math.isfinite(value):
        return f"{value:.4g}"
    return f"{value:.{max(0, min(8, 1 - math.floor(math.log10(uncertainty))))}f}"


def _svg(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return '<p class="note">the figure is gone: another procedure has been begun since</p>'
