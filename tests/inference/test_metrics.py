"""What Prometheus is told: counted from what happened, in a form that it reads, and all that the dashboard asks for."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.inference.fleet.lines import SNAPSHOT

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_hardware.types import Box, Decision, FieldBlock, Frame, Shot, Verdict
from neosort_inference.api.app import create_app
from neosort_inference.api.feed import ViewFeed
from neosort_inference.api.metrics import exposition
from neosort_inference.counters import Counters, Histogram
from neosort_inference.exchange.shadow import ShadowCounts
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.faults.modes import Mode
from neosort_inference.fleet.standing import FleetStanding
from neosort_inference.opening import open_bundle
from neosort_inference.recipe import Recipe
from neosort_inference.sorting import Sorting, SortingPlan
from neosort_inference.stages import Stages
from neosort_inference.telemetry import Snapshot, WindowView
from neosort_inference.watching import blank_view

DASHBOARD = Path(__file__).parents[2] / "inference" / "deploy" / "grafana" / "neosort-line.json"


class Keeps:
    """A watcher that hands every view to a feed."""

    def __init__(self, feed: ViewFeed) -> None:
        self._feed = feed

    def update(self, snapshot: Snapshot) -> None:
        pass

    def show(self, view: WindowView) -> None:
        self._feed.put(view)

    def asked(self):
        return ()


def asked(feed: ViewFeed, path: str = "/metrics", **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(feed))
        async with httpx.AsyncClient(transport=transport, base_url="http://line") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def samples_of(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def sorted_feed():
    """Four seconds of the simulated line, a dead channel in its array."""
    feed = ViewFeed()
    with open_line(LineConfig(), VirtualClock(), seed=3) as line:
        line.faults.inject("magnetometer.dead", channel=5)
        plan = SortingPlan(bundle=open_bundle(None), recipe=Recipe(), seconds=4.0)
        sorting = Sorting(line, plan, (Keeps(feed),))
        telemetry = sorting.run()
    return feed, telemetry


def test_every_metric_that_the_dashboard_asks_for_is_there(sorted_feed):
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    queries += [
        variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"
    ]
    wanted = {name for query in queries for name in re.findall(r"neosort_\w+(?=[{,)])", query)}
    text = asked(sorted_feed[0]).text
    feed = ViewFeed()
    feed.put(blank_view(replace(SNAPSHOT, fleet=FleetStanding(broker="mqtt://broker", sent={"lot": 1}))))
    text += exposition(feed, "")[0].decode()
    declared = {name for name, _ in samples_of(text)} | set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    assert len(wanted) > 15
    assert wanted <= declared


def test_the_dashboard_stands_by_itself():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}", "whatever the plant's Prometheus is called"
            assert panel["description"]
            assert all("instance=~" in target["expr"] for target in panel["targets"])
    cells = [(p["gridPos"]["x"] + dx, p["gridPos"]["y"] + dy) for p in panels for dx in range(p["gridPos"]["w"])
             for dy in range(p["gridPos"]["h"])]  # fmt: skip
    assert len(set(cells)) == len(cells), "no panel lies on another"


def test_figures_are_those_of_the_run(sorted_feed):
    feed, telemetry = sorted_feed
    told = samples_of(asked(feed).text)
    # The newest view is the last window's: all decisions have been made, later samples may have come.
    decided = {verdict: sum(d.verdict is verdict for d in telemetry.decisions) for verdict in Verdict}
    assert {v: told["neosort_decisions_total", (("verdict", v.value),)] for v in Verdict} == decided
    assert sum(decided.values()) > 3
    assert told["neosort_decision_latency_seconds_count", ()] == len(telemetry.decisions)
    latency_s = sum(d.latency_ms for d in telemetry.decisions) * 1e-3
    assert told["neosort_decision_latency_seconds_sum", ()] == pytest.approx(latency_s)
    assert told["neosort_channel_missing_samples_total", (("channel", "5"),)] == told["neosort_field_samples_total", ()]
    assert told["neosort_channel_missing_samples_total", (("channel", "4"),)] == 0
    valves = [told["neosort_valve_shots_total", (("valve", str(n)),)] for n in range(48)]
    shots = [d.shot for d in telemetry.decisions if d.fired]
    assert sum(valves) == sum(shot.last_nozzle - shot.first_nozzle + 1 for shot in shots)
    assert told["neosort_device_healthy", (("device", "camera"),)] == 1
    assert told["neosort_stage_seconds_total", (("stage", "network"),)] > 0
    assert told["neosort_memory_bytes", ()] > 50e6
    about = next(dict(labels) for name, labels in told if name == "neosort_info")
    assert about == {"line": "line", "bundle": open_bundle(None).metadata.name, "recipe": "default"}


def test_figures_grow_old_when_the_loop_stands(sorted_feed, monkeypatch):
    feed = sorted_feed[0]
    arrived_s = feed.latest().arrived_s
    monkeypatch.setattr("neosort_inference.api.metrics.time.monotonic", lambda: arrived_s + 42.0)
    assert samples_of(asked(feed).text)["neosort_snapshot_age_seconds", ()] == 42.0


def test_the_line_is_ready_while_it_sorts_and_its_loop_is_heard_of(sorted_feed, monkeypatch):
    feed = ViewFeed()
    assert asked(feed, "/readyz").status_code == 503
    sorting = sorted_feed[0].latest().view
    feed.put(sorting)
    assert asked(feed, "/readyz").status_code == 200
    arrived_s = feed.latest().arrived_s
    monkeypatch.setattr("neosort_inference.api.health.time.monotonic", lambda: arrived_s + 6.0)
    silent = asked(feed, "/readyz")
    assert (silent.status_code, silent.text) == (503, "sorting, heard of 6.0 s ago")
    monkeypatch.undo()
    feed.put(replace(sorting, snapshot=replace(sorting.snapshot, state="stopped")))
    assert asked(feed, "/readyz").status_code == 503


def test_before_the_first_window_it_says_that_there_is_none():
    response = asked(ViewFeed())
    assert response.status_code == 200
    assert samples_of(response.text) == {("neosort_line_seen", ()): 0.0}


def test_open_metrics_is_spoken_where_it_is_asked_for(sorted_feed):
    response = asked(sorted_feed[0], accept="application/openmetrics-text; version=1.0.0")
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_counts_stay_out_of_the_status_that_people_read(sorted_feed):
    status = asked(sorted_feed[0], "/api/v1/status").json()
    assert "counts" not in status
    assert status["shots"] >= 0


def test_a_fault_is_told_while_it_is_in_force_and_its_alarm_until_a_person_has_been(sorted_feed):
    book = AlarmBook()
    book.raise_("camera.gone", "no answer", 1)
    book.raise_("interlock.opened", "opened", 2)
    book.clear("interlock.opened", 3)
    book.acknowledge(1, "Ada", 4)
    view = sorted_feed[0].latest().view
    counts = replace(view.snapshot.counts, faults=book.raised)
    feed = ViewFeed()
    feed.put(replace(view, snapshot=replace(view.snapshot, alarms=book.open, counts=counts, mode=Mode.STOP)))
    told = samples_of(asked(feed).text)
    camera, interlock = (("fault", "camera.gone"),), (("fault", "interlock.opened"),)
    assert told["neosort_fault_active", camera] == 1
    assert ("neosort_alarm_waiting", camera) not in told
    assert told["neosort_fault_active", interlock] == told["neosort_alarm_waiting", interlock] == 1, "it stops the line"
    assert told["neosort_faults_total", camera] == 1
    assert told["neosort_mode", (("neosort_mode", "stop"),)] == 1


def test_a_histogram_counts_every_value_once_bounds_included():
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 99.0):
        histogram.add(value)
    assert histogram.distribution().counts == (2, 2, 1)
    assert histogram.distribution().total == 104.0


def test_a_shadow_is_counted_where_there_is_one(sorted_feed):
    seen = sorted_feed[0].latest().view
    assert "neosort_shadow" not in asked(sorted_feed[0]).text
    shadow = ShadowCounts(name="next", items={"both fire": 7, "only the line fires": 2}, windows=30, left_out=4)
    counts = replace(seen.snapshot.counts, shadow=shadow)
    feed = ViewFeed()
    feed.put(replace(seen, snapshot=replace(seen.snapshot, counts=counts)))
    told = samples_of(asked(feed).text)
    assert told["neosort_shadow_items_total", (("what", "only the line fires"),)] == 2
    assert told["neosort_shadow_windows_total", ()] == 30
    assert told["neosort_shadow_windows_left_out_total", ()] == 4
    assert shadow.different == 2
    assert "only the line fires 2; 4 windows left out" in str(shadow)


class Standing:
    """Queues with something in them."""

    waiting = 3
    dropped = 2


class Disk:
    waiting = 7
    dropped = {"/camera": 4, "/field": 1}  # noqa: RUF012 - read only


def test_lost_frames_missing_samples_and_full_queues_are_counted():
    with open_line(LineConfig(), VirtualClock()) as line:
        counters = Counters(
            line, about=dict, stages=Stages.at_zero(), windows=Standing(), recorder=Disk(), left_out={"preview": 3}
        )
        for number in (4, 5, 9):
            counters.on_frame(Frame(image=np.zeros((1, 1, 3), np.uint8), belt_mm=0.0, captured_ns=0, sequence=number))
        field_ut = np.zeros((5, 24, 3), np.float32)
        field_ut[1:4, 7] = np.nan
        saturated = np.zeros((5, 24), np.bool_)
        saturated[0, 2] = True
        counters.on_block(
            FieldBlock(
                field_ut=field_ut,
                saturated=saturated,
                belt_mm=np.zeros(5),
                sampled_ns=np.zeros(5, np.int64),
                sequence=1,
            )
        )
        shot = Shot(shot_id=1, track_id=1, first_nozzle=46, last_nozzle=47, open_mm=0.0, close_mm=1.0)
        counters.on_window([decision(shot, Verdict.FIRED), decision(shot, Verdict.LATE)])
        counts = counters.counts({"camera dark": 2})
    assert (counts.frames, counts.frames_lost, counts.samples) == (3, 3, 5)
    assert (counts.channel_missing[7], sum(counts.channel_missing)) == (3, 3)
    assert (counts.channel_saturated[2], sum(counts.channel_saturated)) == (1, 1)
    assert counts.valve_shots[46:] == (1, 1), "a shot that was refused as late moves no valve"
    assert (counts.windows_waiting, counts.windows_dropped) == (3, 2)
    assert (counts.recording_waiting, counts.recording_dropped) == (7, 5)
    assert counts.faults == {"camera dark": 2}
    assert counts.left_out == {"preview": 3}
    assert counts.verdicts["late"] == counts.verdicts["fired"] == 1


def decision(shot: Shot, verdict: Verdict) -> Decision:
    return Decision(
        track_id=1, box=Box(belt_lo_mm=0.0, belt_hi_mm=50.0, across_lo_mm=0.0, across_hi_mm=50.0), kind="hdd35",
        p_ndfeb=0.9, magnet_g=1.0, magnet_g_sigma=0.1, verdict=verdict, reason="", latency_ms=20.0, distance_mm=100.0,
        decided_ns=0, shot=shot,
    )  # fmt: skip
