"""The bundle that looks on, live: how often it would have decided otherwise, and on which items lately."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any, cast

from nicegui import ui

from neosort_inference.exchange.shadow import DIFFERENT, Compared, ShadowCounts
from neosort_inference.ui.markup import NONE_YET, mark, markup, panel, show, table, tile
from neosort_inference.ui.site import Site
from neosort_inference.words import kind_title

REFRESH_EVERY_S = 1.0
TILES = (Compared.BOTH_FIRE, Compared.BOTH_PASS, Compared.LINE_FIRES, Compared.SHADOW_FIRES)
_HEAD = (
    "<th>decided otherwise</th>", "<th>by the line</th>", '<th class="num">P</th>', "<th>by the shadow</th>",
    '<th class="num">P</th>', '<th class="num">at, m</th>',
)  # fmt: skip


def shadow_panel(site: Site) -> None:
    """A panel that is there while a bundle looks on."""
    with ui.element("div") as whole, panel("In the shadow", "looks at the same windows, fires nothing"):
        with ui.element("div").classes("tiles"):
            tiles = {what: markup(tile(_title(what), NONE_YET, ""), "tile-n") for what in TILES}
        said = markup("", "note")
        recent = markup("", "scroll")
    whole.set_visibility(False)

    def refresh() -> None:
        shown = site.feed.latest()
        counts = None if shown is None else shown.view.snapshot.counts.shadow
        whole.set_visibility(counts is not None)
        if counts is None:
            return
        for what, element in tiles.items():
            show(element, tile(_title(what), f"{counts.items.get(what.value, 0):,}", _share(counts, what)))
            element.classes(add="warn" if what in DIFFERENT and counts.items.get(what.value) else "")
        show(said, _said(counts))
        show(recent, table(_HEAD, map(_row, counts.recent)) if counts.recent else "")

    ui.timer(REFRESH_EVERY_S, refresh)


def _title(what: Compared) -> str:
    return what.value.capitalize()


def _share(counts: ShadowCounts, what: Compared) -> str:
    items = sum(counts.items.values())
    return f"{100 * counts.items.get(what.value, 0) / items:.1f} % of items" if items else " "


def _said(counts: ShadowCounts) -> str:
    alone = (f"{one.value}: {counts.items.get(one.value, 0):,}" for one in (Compared.LINE_SEES, Compared.SHADOW_SEES))
    words = [f"“{html.escape(counts.name)}” has looked at {counts.windows:,} windows", *alone]
    if counts.left_out:
        words.append(mark("warn", f"{counts.left_out:,} windows left out for want of time"))
    if counts.trouble:
        words.append(mark("bad", f"it has ended by itself: {counts.trouble}"))
    return " · ".join(words)


def _row(told: Mapping[str, object]) -> str:
    line, shadow = (cast("Mapping[str, Any] | None", told[who]) for who in ("line", "shadow"))
    at_m = next(one["belt_mm"] for one in (line, shadow) if one is not None) / 1000
    cells = "".join(_cells(line)) + "".join(_cells(shadow))
    return f'<tr><td>{html.escape(str(told["what"]))}</td>{cells}<td class="num">{at_m:,.1f}</td></tr>'


def _cells(said: Mapping[str, Any] | None) -> Iterator[str]:
    if said is None:
        yield '<td>not seen</td><td class="num"></td>'
    else:
        yield f'<td>{html.escape(kind_title(said["kind"]))}</td><td class="num">{said["p_ndfeb"]:.2f}</td>'
