"""The health of the line: devices, valves, magnetometers, faults, queues, and how it has gone lately."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator, Sequence

from nicegui import ui
from starlette.requests import Request

from neosort_inference.access.role import Role
from neosort_inference.counters import Counts
from neosort_inference.faults.catalogue import words_of
from neosort_inference.telemetry import Snapshot
from neosort_inference.ui.chart import pace_chart
from neosort_inference.ui.drawing import Drawing
from neosort_inference.ui.markup import NONE_YET, card, mark, markup, panel, show, table
from neosort_inference.ui.sensor_trend import SensorTrend
from neosort_inference.ui.shell import HEALTH, page_frame
from neosort_inference.ui.site import Site
from neosort_inference.ui.valve_test import ValveTest

REFRESH_EVERY_S = 1.0
SHARE_BAD = 0.1  # of a magnetometer's samples


def health_page(site: Site, request: Request) -> None:
    """The page at "/health"."""
    with page_frame(site, request, HEALTH, style="health.css") as frame:
        with ui.element("div").classes("columns"):
            with panel("Devices", "each one's word on itself"):
                devices = markup("")
            with panel("Throughput and latency", "last two minutes"):
                pace = Drawing("throughput and latency", lambda ink: pace_chart(ink, site.feed.history()), "trend")
            with panel("Valves", "shots of each, since the run began"):
                valves = markup("")
                test = ValveTest(site, frame.person) if frame.person.may(Role.TECHNICIAN) else None
            with panel("Magnetometers", "samples missing or saturated"):
                channels = markup("")
            with panel("One sensor", "last two minutes"):
                sensor = SensorTrend(site).drawing
            with panel("Faults of this run"):
                faults = markup("")
            with panel("Computing"):
                computing = markup("")
        for drawing in (pace, sensor):
            frame.on_theme(drawing.colour)

    def refresh() -> None:
        shown = site.feed.latest()
        if shown is None:
            return
        snapshot = shown.view.snapshot
        show(devices, _devices(snapshot.counts))
        show(valves, _valves(snapshot.counts))
        if test is not None:
            test.show(snapshot)
        show(channels, _channels(snapshot.counts))
        show(faults, _faults(snapshot))
        show(computing, _computing(snapshot.counts))
        pace.refresh()
        sensor.refresh()

    ui.timer(REFRESH_EVERY_S, refresh)


def _devices(counts: Counts) -> str:
    rows = (
        f"<tr><td>{html.escape(slot.replace('_', ' '))}</td><td>{_word(well)}</td>"
        f"<td>{html.escape(counts.unwell.get(slot, ''))}</td></tr>"
        for slot, well in counts.healthy.items()
    )
    return table(("<th>device</th>", "<th></th>", "<th></th>"), rows)


def _word(well: bool) -> str:
    return mark("ok", "well") if well else mark("bad", "not well")


def _valves(counts: Counts) -> str:
    dead, open_ = set(counts.valves_dead), set(counts.valves_open)
    said = [f"{sum(counts.valve_shots):,} valve strokes of {len(counts.valve_shots)} valves"]
    if not (dead or open_):
        said.append(mark("ok", "none known to be bad"))
    if dead:
        said.append(mark("bad", f"do not blow: {_numbers(dead)}"))
    if open_:
        said.append(mark("bad", f"do not shut: {_numbers(open_)}"))
    return _bars(counts.valve_shots, dead | open_, "valve") + f'<p class="note">{" · ".join(said)}</p>'


def _channels(counts: Counts) -> str:
    samples = max(1, counts.samples)
    missing = {n for n, lost in enumerate(counts.channel_missing) if lost > SHARE_BAD * samples}
    said = (
        mark("warn", f"more than a tenth missing: {_numbers(missing)}") if missing else mark("ok", "all give samples")
    )
    saturated = _bars(counts.channel_saturated, (), "magnetometer, saturated samples")
    return (
        _bars(counts.channel_missing, missing, "magnetometer, missing samples")
        + saturated
        + f'<p class="note">above: missing, below: saturated · {counts.samples:,} samples of each · {said}</p>'
    )


def _bars(values: Sequence[int], bad: Collection[int], words: str) -> str:
    """One bar a number, the tallest as high as there is room; the bad ones marked by shape and colour."""
    highest = max((*values, 1))
    bars = "".join(
        f'<i class="{"bad" if number in bad else ""}" style="height:{100 * value / highest:.0f}%"></i>'
        for number, value in enumerate(values)
    )
    most = max(values, default=0)
    told = f"{words} 0 to {len(values) - 1}, at most {most:,}"
    ends = f"<span>0</span><span>most: {most:,}</span><span>{len(values) - 1}</span>"
    return f'<div class="bars" role="img" aria-label="{told}">{bars}</div><div class="ends">{ends}</div>'


def _numbers(numbers: Collection[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _faults(snapshot: Snapshot) -> str:
    if not snapshot.counts.faults:
        return f"<p>{mark('ok', 'no fault since the run began')}</p>"
    return table(("<th>fault</th>", '<th class="num">times</th>', "<th>now</th>"), _fault_rows(snapshot))


def _fault_rows(snapshot: Snapshot) -> Iterator[str]:
    here = {alarm.fault: alarm for alarm in snapshot.alarms}
    for fault, times in sorted(snapshot.counts.faults.items(), key=lambda one: (one[0] not in here, one[0])):
        alarm = here.get(fault)
        if alarm is None:
            now = mark("quiet", "over")
        elif alarm.standing:
            now = mark("bad", "standing")
        else:
            now = mark("warn", "over, not acknowledged")
        yield f'<tr><td>{html.escape(words_of(fault))}</td><td class="num">{times:,}</td><td>{now}</td></tr>'


def _computing(counts: Counts) -> str:
    windows = sum(counts.window_s.counts)
    each = NONE_YET if not windows else f"{1e3 * counts.window_s.total / windows:.1f} ms in the mean"
    return card(
        (
            ("a window takes", each),
            ("frames", f"{counts.frames:,}, lost {counts.frames_lost:,}"),
            ("windows waiting", f"{counts.windows_waiting}, dropped {counts.windows_dropped:,}"),
            ("recording waiting", f"{counts.recording_waiting}, dropped {counts.recording_dropped:,}"),
            ("memory of the loop", f"{counts.memory_bytes / 1e6:,.0f} MB"),
            ("processor time", f"{counts.processor_s:,.0f} s"),
            ("sorts by", " · ".join(f"{name} “{value}”" for name, value in counts.about.items())),
        )
    )
