"""The line, live: what it sees, what it decides, and how well that goes."""

from __future__ import annotations

import html

from nicegui import ui
from starlette.requests import Request

from neosort_hardware.types import Decision, Verdict
from neosort_inference.api.pictures import FIELD_HI_UT, FIELD_LO_UT, scale_colours, scale_position
from neosort_inference.telemetry import Snapshot
from neosort_inference.ui.chart import pace_chart
from neosort_inference.ui.drawing import Drawing
from neosort_inference.ui.markup import NONE_YET, markup, milliseconds, percent, show, table, tile
from neosort_inference.ui.shell import LINE, page_frame
from neosort_inference.ui.site import Site
from neosort_inference.words import kind_title

NUMBERS_EVERY_S = 0.25
CHART_EVERY_S = 1.0
DECISIONS_SHOWN = 12

_LEGEND = (
    '<span class="fired"><i></i>fired</span><span class="late"><i></i>late or refused</span>'
    '<span class="forbidden"><i></i>never fired at</span><span class="passed"><i></i>passed</span>'
)


def line_page(site: Site, request: Request) -> None:
    """The page at "/"."""
    with page_frame(site, request, LINE, style="line.css", script="belt.js") as frame:
        _belt_panels()
        with ui.element("div").classes("side"):
            tiles = _Tiles()
            with ui.element("section").classes("panel chart-panel"):
                markup("<h2>Throughput and latency <small>last two minutes</small></h2>")
                chart = Drawing("throughput and latency", lambda ink: pace_chart(ink, site.feed.history()))
            decisions = _DecisionList()
    frame.on_theme(chart.colour)

    def refresh_numbers() -> None:
        shown = site.feed.latest()
        if shown is not None:
            # A blinded sense is also said on its own panel.
            frame.content.classes(replace=f"page line {shown.view.snapshot.senses.replace(' ', '-')}")
            tiles.show(shown.view.snapshot)
            decisions.show(site.feed.last_decisions())

    ui.timer(NUMBERS_EVERY_S, refresh_numbers)
    ui.timer(CHART_EVERY_S, chart.refresh)


def _belt_panels() -> None:
    with ui.element("section").classes("panel"):
        markup('<h2>Camera <small class="less">belt travel ↑</small></h2>')
        ui.element("div").classes("belt").props("id=belt-picture")
        markup(_LEGEND, "legend")
    with ui.element("section").classes("panel"):
        markup('<h2>Magnetic field <small class="less">|B| at the sensors, same stretch</small></h2>')
        ui.element("div").classes("belt").props("id=belt-field")
        markup(_scale_html(), "legend")


def _scale_html() -> str:
    """Colour bar of the field with its ticks in µT."""
    bar = f'<div class="bar" style="background:linear-gradient(90deg,{",".join(scale_colours())})"></div>'
    ticks = "".join(
        f'<span style="left:{100 * scale_position(tick):.1f}%">{tick:g}{unit}</span>'
        for tick, unit in ((FIELD_LO_UT, ""), (1.0, ""), (10.0, ""), (100.0, ""), (FIELD_HI_UT, " µT"))
    )
    return f'<div class="scale">{bar}{ticks}</div><span class="note">hatched: not known · framed: saturated</span>'


class _Tiles:
    """The numbers that count, large."""

    def __init__(self) -> None:
        names = ("Recovery", "Purity", "Items", "Shots", "Late / refused", "Latency p99")
        with ui.element("div").classes("tiles"):
            self._tiles = {name: markup(tile(name, NONE_YET, " "), "tile-n") for name in names}
        for name in names[:2]:
            self._tiles[name].classes("wide")

    def show(self, snapshot: Snapshot) -> None:
        self._set("Recovery", percent(snapshot.recovery), _under(snapshot.recovery, "of NdFeB mass"))
        self._set("Purity", percent(snapshot.purity), _under(snapshot.purity, "of items in product"))
        self._set("Items", f"{snapshot.items_per_s:.1f}<small>/s</small>", f"{snapshot.items_seen:,} seen")
        self._set("Shots", f"{snapshot.shots:,}", f"{snapshot.bearing_seen:,} bearing seen")
        self._set("Late / refused", f"{snapshot.late:,}<small>/</small> {snapshot.refused:,}", "decided, never fired")
        half = NONE_YET if snapshot.latency_p50_ms is None else f"{snapshot.latency_p50_ms:.0f} ms"
        self._set("Latency p99", milliseconds(snapshot.latency_p99_ms), f"p50 {half}")
        bad = bool(snapshot.late or snapshot.refused)
        self._tiles["Late / refused"].classes(add="warn" if bad else "", remove="" if bad else "warn")

    def _set(self, name: str, number: str, under: str) -> None:
        show(self._tiles[name], tile(name, number, under))


class _DecisionList:
    """The last decisions, newest on top."""

    def __init__(self) -> None:
        with ui.element("section").classes("panel"):
            markup("<h2>Last decisions</h2>")
            self._list = markup("", "list")

    def show(self, decisions: tuple[Decision, ...]) -> None:
        head = (
            "<th>item</th>",
            '<th class="num">P<span class="less">(NdFeB)</span></th>',
            '<th class="num">magnet</th>',
            "<th>decision</th>",
        )
        show(self._list, table(head, (_decision_row(decision) for decision in decisions[:DECISIONS_SHOWN])))


def _decision_row(decision: Decision) -> str:
    verdict = decision.verdict
    bears = decision.magnet_g >= 0.05
    sigma = f'<span class="less"> ± {decision.magnet_g_sigma:.1g}</span>'
    grams = f"{decision.magnet_g:{'.3g' if decision.magnet_g >= 1 else '.2f'}}"
    magnet = f"{grams}{sigma} g" if bears else NONE_YET
    said = decision.reason if verdict in (Verdict.LATE, Verdict.REFUSED) and decision.reason else verdict.value
    return (
        f'<tr class="{verdict.value}"><td>{html.escape(kind_title(decision.kind))}</td>'
        f'<td class="num">{decision.p_ndfeb:.2f}</td><td class="num">{magnet}</td>'
        f'<td class="verdict">{html.escape(said)}</td></tr>'
    )


def _under(share: float | None, meaning: str) -> str:
    return meaning if share is not None else "not known without truth"
