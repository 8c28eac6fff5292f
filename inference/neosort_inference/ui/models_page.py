"""The models: what the bundle that the line sorts by says of itself."""

from __future__ import annotations

import html
from collections.abc import Iterator

from nicegui import ui
from starlette.requests import Request

from neosort_inference.bundle_card import SENSES, described, kinds_on_card, origin
from neosort_inference.bundle_metadata import BundleMetadata, GuaranteedThreshold, Threshold
from neosort_inference.ui.bundles import Bundles
from neosort_inference.ui.markup import NONE_YET, markup, panel, table
from neosort_inference.ui.shadow_panel import shadow_panel
from neosort_inference.ui.shell import MODELS, page_frame
from neosort_inference.ui.site import Site
from neosort_inference.words import kind_title


def models_page(site: Site, request: Request) -> None:
    """The page at "/models"."""
    with page_frame(site, request, MODELS) as frame:
        with panel("Bundles", "the program's own, and those that were uploaded"):
            shelf = ui.element("div").classes("shelf")
        shadow_panel(site)
        card = ui.element("div").classes("stack")

        def look(metadata: BundleMetadata) -> None:
            card.clear()
            with card:
                bundle_card(metadata)

        with shelf:
            Bundles(site, frame.person, look)
        look(site.bundle())


def bundle_card(metadata: BundleMetadata) -> None:
    """Everything that a bundle says of itself."""
    with panel(f"What “{metadata.name}” says of itself"):
        markup(f"<p>{html.escape(described(metadata))}</p>")
    with ui.element("div").classes("columns"):
        with panel("Thresholds", "found on validation windows, proven on calibration scenes"):
            markup(_thresholds(metadata), "scroll")
        with panel("Kinds", "how often each is taken for itself"):
            markup(_kinds(metadata), "scroll")
    with panel("How it was made", metadata.training.made_at):
        for said in origin(metadata):
            markup(f'<p class="note">{html.escape(said)}</p>')


def _thresholds(metadata: BundleMetadata) -> str:
    points = () if metadata.guarantee is None else metadata.guarantee.points
    found = {(point.blind, point.purity_target): point for point in metadata.thresholds}
    proven = {(point.blind, point.purity_target): point for point in points}
    rows = []
    for blind, words in SENSES.items():
        for target in sorted({target for sense, target in (found | proven) if sense == blind}):
            cells = (*_point(found.get((blind, target))), *_point(proven.get((blind, target))))
            numbers = "".join(f'<td class="num">{cell}</td>' for cell in cells)
            rows.append(f'<tr><td>{words}</td><td class="num">{100 * target:g} %</td>{numbers}</tr>')
    names = ("purity ≥", "found: P ≥", "recovery", "proven: P ≥", "recovery")
    return table(("<th>senses</th>", *(f'<th class="num">{name}</th>' for name in names)), rows)


def _point(point: Threshold | GuaranteedThreshold | None) -> tuple[str, str]:
    if point is None or point.p_ndfeb is None or not point.recovery:
        return NONE_YET, NONE_YET
    return f"{point.p_ndfeb:.3f}", f"{100 * point.recovery:.1f} %"


def _kinds(metadata: BundleMetadata) -> str:
    head = ("<th>kind</th>", *(f'<th class="num">{name}</th>' for name in ("items", "right", "grams off by")))
    return table((*head, "<th>else most often</th>"), _kind_rows(metadata))


def _kind_rows(metadata: BundleMetadata) -> Iterator[str]:
    for one in kinds_on_card(metadata):
        right = NONE_YET if one.itself is None else f"{100 * one.itself:.0f} %"
        grams = NONE_YET if one.grams_off is None else f"{100 * one.grams_off:.0f} %"
        numbers = "".join(f'<td class="num">{cell}</td>' for cell in (f"{one.items:,}", right, grams))
        yield f"<tr><td>{html.escape(kind_title(one.kind))}</td>{numbers}<td>{html.escape(one.other)}</td></tr>"
