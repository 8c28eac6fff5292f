"""The page for the people at the line: what it sees, what it decides, and how well that goes."""

from __future__ import annotations

import html
from importlib.resources import files

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from neosort_hardware.types import Decision, Verdict
from neosort_inference.api.alarms import Acknowledge
from neosort_inference.api.app import create_app
from neosort_inference.api.feed import ViewFeed
from neosort_inference.api.pictures import FIELD_HI_UT, FIELD_LO_UT, scale_colours, scale_position
from neosort_inference.telemetry import Snapshot
from neosort_inference.ui.alarm_panel import AlarmPanel
from neosort_inference.ui.chart import chart_options, fill_chart
from neosort_inference.words import kind_title

NUMBERS_EVERY_S = 0.25
CHART_EVERY_S = 1.0
DECISIONS_SHOWN = 12
NONE_YET = "—"

_LEGEND = (
    '<span class="fired"><i></i>fired</span><span class="late"><i></i>late or refused</span>'
    '<span class="forbidden"><i></i>never fired at</span><span class="passed"><i></i>passed</span>'
)


def add_page(app: FastAPI, feed: ViewFeed, acknowledge: Acknowledge) -> None:
    """Serve the page at "/" of ``app``. Everything it loads comes from this process; nothing from elsewhere."""
    templates = files("neosort_inference").joinpath("templates")
    style = templates.joinpath("page.css").read_text(encoding="utf-8")
    script = templates.joinpath("belt.js").read_text(encoding="utf-8")

    @ui.page("/")
    def index() -> None:
        ui.add_head_html(f"<style>{style}</style>")
        ui.add_body_html(f"<script>{script}</script>")
        with ui.element("div").classes("board") as board:
            numbers = _Top()
            alarms = AlarmPanel(acknowledge)
            _belt_panels()
            with ui.element("div").classes("side"):
                tiles, chart, decisions = _Tiles(), _Chart(), _DecisionList()

        def refresh_numbers() -> None:
            shown = feed.latest()
            if shown is not None:
                # A blinded sense is also said on its own panel.
                board.classes(replace=f"board {shown.view.snapshot.senses.replace(' ', '-')}")
                numbers.show(shown.view.snapshot)
                alarms.show(shown.view.snapshot.alarms)
                tiles.show(shown.view.snapshot)
                decisions.show(feed.last_decisions())

        ui.timer(NUMBERS_EVERY_S, refresh_numbers)
        ui.timer(CHART_EVERY_S, lambda: chart.show(feed.history()))

    ui.run_with(app, title="neosort", favicon="🧲", dark=True, tailwind=False, show_welcome_message=False)


def page_server(acknowledge: Acknowledge) -> tuple[ViewFeed, uvicorn.Server]:
    """A server of the interface and the page, not yet running, and the feed that it shows."""
    feed = ViewFeed()
    app = create_app(feed, acknowledge)
    add_page(app, feed, acknowledge)
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    return feed, uvicorn.Server(config)


def _belt_panels() -> None:
    with ui.element("section").classes("panel"):
        _html("<h2>Camera <small>belt travel ↑</small></h2>")
        ui.element("div").classes("belt").props("id=belt-picture")
        _html(_LEGEND, "legend")
    with ui.element("section").classes("panel"):
        _html("<h2>Magnetic field <small>|B| at the sensors, same stretch</small></h2>")
        ui.element("div").classes("belt").props("id=belt-field")
        _html(_scale_html(), "legend")


def _scale_html() -> str:
    """Colour bar of the field with its ticks in µT."""
    bar = f'<div class="bar" style="background:linear-gradient(90deg,{",".join(scale_colours())})"></div>'
    ticks = "".join(
        f'<span style="left:{100 * scale_position(tick):.1f}%">{tick:g}{unit}</span>'
        for tick, unit in ((FIELD_LO_UT, ""), (1.0, ""), (10.0, ""), (100.0, ""), (FIELD_HI_UT, " µT"))
    )
    return f'<div class="scale">{bar}{ticks}</div><span class="note">hatched: not known · framed: saturated</span>'


def _html(content: str, classes: str = "") -> ui.html:
    """Markup of our own making; whatever comes from the line is escaped before it gets here."""
    element = ui.html(content, sanitize=False)
    return element.classes(classes) if classes else element


class _Top:
    """Name, state of the line, senses, faults, and the plain facts of the run."""

    def __init__(self) -> None:
        with ui.element("header").classes("top"):
            _html('<span class="brand">neosort<small>NdFeB recovery line</small></span>')
            self._pills = _html('<span class="pill waiting">waiting for the line</span>', "pills")
            _html('<span class="pill gone">no connection</span>')
            self._facts = _html("", "facts")

    def show(self, snapshot: Snapshot) -> None:
        pills = [f'<span class="pill {snapshot.state}">{snapshot.state}</span>']
        if snapshot.senses != "camera + field":
            pills.append(f'<span class="pill blind">{snapshot.senses}</span>')
        pills += [f'<span class="pill fault">{html.escape(fault)}</span>' for fault in snapshot.faults[:3]]
        _set(self._pills, "".join(pills))
        minutes, seconds = divmod(int(snapshot.elapsed_s), 60)
        facts = (
            f"<span>belt <b>{snapshot.speed_m_per_s:.2f} m/s</b></span>"
            f"<span>travelled <b>{snapshot.belt_mm / 1000:,.0f} m</b></span>"
            f"<span>time <b>{minutes}:{seconds:02d}</b></span>"
            f"<span>senses <b>{snapshot.senses}</b></span>"
        )
        _set(self._facts, facts)


class _Tiles:
    """The numbers that count, large."""

    def __init__(self) -> None:
        with ui.element("div").classes("tiles"):
            names = {
                "recovery": ("Recovery", True),
                "purity": ("Purity", True),
                "rate": ("Items", False),
                "shots": ("Shots", False),
                "late": ("Late", False),
                "p50": ("Latency p50", False),
                "p99": ("Latency p99", False),
                "refused": ("Refused", False),
            }
            self._tiles = {key: _html("", "tile-n wide" if wide else "tile-n") for key, (_, wide) in names.items()}
            self._names = {key: name for key, (name, _) in names.items()}
        for key in names:
            self._set(key, NONE_YET, "&nbsp;")

    def show(self, snapshot: Snapshot) -> None:
        self._set("recovery", _percent(snapshot.recovery), _under(snapshot.recovery, "of NdFeB mass"))
        self._set("purity", _percent(snapshot.purity), _under(snapshot.purity, "bearing items in product"))
        self._set("rate", f"{snapshot.items_per_s:.1f}<small>/s</small>", f"{snapshot.items_seen:,} seen")
        self._set("shots", f"{snapshot.shots:,}", f"{snapshot.bearing_seen:,} bearing seen")
        self._set("late", f"{snapshot.late:,}", "never fired")
        self._set("refused", f"{snapshot.refused:,}", "no shot to be had")
        self._set("p50", _milliseconds(snapshot.latency_p50_ms), "sensed → scheduled")
        self._set("p99", _milliseconds(snapshot.latency_p99_ms), f"{snapshot.windows:,} windows")
        for key, bad in (("late", snapshot.late), ("refused", snapshot.refused)):
            self._tiles[key].classes(add="warn" if bad else "", remove="" if bad else "warn")

    def _set(self, key: str, number: str, under: str) -> None:
        name = f'<div class="name">{self._names[key]}</div>'
        _set(self._tiles[key], f'{name}<div class="number">{number}</div><div class="under">{under}</div>')


class _Chart:
    """Throughput and latency of the last two minutes."""

    def __init__(self) -> None:
        with ui.element("section").classes("panel"):
            _html("<h2>Throughput and latency <small>last two minutes</small></h2>")
            self._chart = ui.echart(chart_options()).classes("chart")

    def show(self, history: tuple[Snapshot, ...]) -> None:
        fill_chart(self._chart.options, history)
        self._chart.update()


class _DecisionList:
    """The last decisions, newest on top."""

    def __init__(self) -> None:
        with ui.element("section").classes("panel"):
            _html("<h2>Last decisions</h2>")
            self._list = _html("", "list")

    def show(self, decisions: tuple[Decision, ...]) -> None:
        rows = "".join(_decision_row(decision) for decision in decisions[:DECISIONS_SHOWN])
        head = '<th>item</th><th class="num">P(NdFeB)</th><th class="num">magnet</th><th>decision</th>'
        _set(self._list, f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _decision_row(decision: Decision) -> str:
    verdict = decision.verdict
    bears = decision.magnet_g >= 0.05
    magnet = f"{decision.magnet_g:.3g} ± {decision.magnet_g_sigma:.1g} g" if bears else NONE_YET
    said = decision.reason if verdict in (Verdict.LATE, Verdict.REFUSED) and decision.reason else verdict.value
    return (
        f'<tr class="{verdict.value}"><td>{html.escape(kind_title(decision.kind))}</td>'
        f'<td class="num">{decision.p_ndfeb:.2f}</td><td class="num">{magnet}</td>'
        f'<td class="verdict">{html.escape(said)}</td></tr>'
    )


def _set(element: ui.html, content: str) -> None:
    if element.content != content:  # what has not changed need not travel to every screen again
        element.set_content(content)


def _under(share: float | None, meaning: str) -> str:
    return meaning if share is not None else "not known without truth"


def _percent(share: float | None) -> str:
    return NONE_YET if share is None else f"{100 * share:.1f}<small>%</small>"


def _milliseconds(latency_ms: float | None) -> str:
    return NONE_YET if latency_ms is None else f"{latency_ms:.0f}<small>ms</small>"
