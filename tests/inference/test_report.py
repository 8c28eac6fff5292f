"""The report: its keys, its nulls, and an HTML page that needs nothing but itself."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console

from neosort_hardware.types import Box, Decision, ItemTruth, Landing, Shot, Verdict
from neosort_inference.decision_log import DecisionLog
from neosort_inference.report import build_report, print_report, render_html, write_report
from neosort_inference.report_plots import loss_bars
from neosort_inference.telemetry import Telemetry

pytestmark = pytest.mark.computes

PROMISED = {
    *("items", "bearing", "shots", "recovery", "recovery_items", "purity", "late", "fired_late", "latency_ms", "loss"),
    *("recovery_ci", "recovery_items_ci", "purity_ci", "decision_distance_mm", "window_ms", "seconds"),
    *("seconds_to_first_shot", "belt_m", "senses", "seed", "kinds", "confusion", "spurious", "never_fired_kinds"),
    *("line", "bundle", "versions", "machine"),
}
NEED_TRUTH = (
    *("items", "bearing", "recovery", "recovery_items", "purity", "recovery_ci", "recovery_items_ci", "purity_ci"),
    *("kinds", "confusion", "spurious"),
)


def a_run(count: int = 40, blind="none") -> Telemetry:
    """Every third item a disk that is fired at, the first of which lands beside the product; one late."""
    telemetry = Telemetry(started_ns=1_000_000_000, start_belt_mm=500.0, blind=blind)
    for which in range(count):
        bears = which % 3 == 0
        at_mm = 500.0 + 300.0 * which
        box = Box(belt_lo_mm=at_mm, belt_hi_mm=at_mm + 100, across_lo_mm=100.0, across_hi_mm=200.0)
        late = which == 3
        fired = bears and not late
        shot = Shot(shot_id=which, track_id=which, first_nozzle=7, last_nozzle=15, open_mm=at_mm, close_mm=at_mm + 100)
        kind = "hdd35" if bears else "pcb"
        telemetry.on_items(
            [
                ItemTruth(
                    item_id=which,
                    model=f"{kind}-01",
                    kind=kind,
                    bears_ndfeb=bears,
                    magnet_g=20.0 if bears else 0.0,
                    mass_g=500.0,
                    box=box,
                    visible_fraction=1.0,
                )
            ]
        )
        telemetry.on_decision(
            Decision(
                track_id=which,
                box=box,
                kind=kind,
                p_ndfeb=0.9 if bears else 0.1,
                magnet_g=19.0,
                magnet_g_sigma=3.0,
                verdict=Verdict.FIRED if fired else Verdict.LATE if late else Verdict.PASSED,
                reason="" if fired else "too late" if late else "not bearing",
                latency_ms=30.0 + which,
                distance_mm=100.0,
                decided_ns=1_000_000_000 + (which + 1) * 300_000_000,
                shot=shot if fired else None,
            )
        )
        place = "product" if fired and which > 0 else "rest"
        telemetry.on_landings([Landing(item_id=which, place=place, landed_ns=0, impulse_ns=0.0, shot_ids=())])
        telemetry.on_window(9.0)
    telemetry.snapshot(1_000_000_000 + count * 300_000_000, 500.0 + 300.0 * count, 1.0)
    return telemetry


def test_the_report_holds_what_was_promised_and_the_figures_are_right():
    report = build_report(
        a_run(), "twin", truth=True, seed=7, never_fired_kinds=("lithium_cell",), bundle={"name": "b"}
    )
    assert set(report) >= PROMISED
    assert set(report["latency_ms"]) == {"p50", "p99", "p999"}
    assert set(report["loss"]) == {"recognition", "timing", "coejection", "false_alarm"}
    assert (report["items"], report["bearing"], report["shots"], report["late"], report["fired_late"]) == (
        40,
        14,
        13,
        1,
        0,
    )
    assert report["recovery"] == pytest.approx(12 / 14)
    assert report["loss"]["timing"] == pytest.approx(2 / 14)
    assert report["loss"]["recognition"] == 0.0
    assert report["purity"] == 1.0
    assert report["latency_ms"]["p50"] == pytest.approx(49.5)
    assert report["seconds"] == pytest.approx(12.0)
    assert report["belt_m"] == pytest.approx(12.0)
    assert report["seconds_to_first_shot"] == pytest.approx(0.3)
    assert report["line"]["config"] == "twin"
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_without_truth_what_needs_it_is_null_and_the_rest_stands():
    report = build_report(a_run(), "line", truth=False)
    assert set(report) >= PROMISED
    assert all(report[key] is None for key in NEED_TRUTH)
    assert set(report["loss"].values()) == {None}
    assert (report["shots"], report["late"], report["decisions"]) == (13, 1, 40)
    assert report["decided_kinds"]["hdd35"] == {"seen": 14, "fired": 13}


def test_a_shot_fired_late_cannot_hide():
    telemetry = a_run()
    assert build_report(telemetry, "twin", truth=True)["fired_late"] == 0
    for late in (900, 901):
        shot = Shot(shot_id=late, track_id=late, first_nozzle=7, last_nozzle=15, open_mm=0.0, close_mm=1.0)
        telemetry.on_decision(replace(telemetry.decisions[3], shot=shot))
    hit = Landing(item_id=1, place="product", landed_ns=0, impulse_ns=0.1, shot_ids=(900, 3, 901))
    telemetry.on_landings([hit])
    assert build_report(telemetry, "twin", truth=True)["fired_late"] == 2


def test_the_page_asks_nobody_for_anything(tmp_path):
    telemetry = a_run()
    page = write_report(build_report(telemetry, "twin", truth=True), tmp_path / "new" / "dir", telemetry)
    text = page.read_text(encoding="utf-8")
    without_names_of_formats = re.sub(r'xmlns(:xlink)?="[^"]*"', "", text)
    assert "http" not in without_names_of_formats
    assert not re.search(r"<script|@import|url\((?!#)|<link(?! rel=\"icon\" href=\"data:)", text)
    assert "85.7 %" in text
    assert text.count("<svg") == 4
    assert not re.search(r"#0[0-9a-d]0[0-9a-e]0[0-9a-f]\b", text)  # every colour was given to the page
    ids = re.findall(r"\bid=\"(p[0-9a-f]{8,})\"", text)
    assert len(ids) == len(set(ids))  # clip paths of one figure must not cut another


def test_the_json_and_the_lines_hold_the_same_run(tmp_path):
    telemetry = a_run()
    report = build_report(telemetry, "twin", truth=True)
    write_report(report, tmp_path, telemetry)
    with DecisionLog(tmp_path / "decisions.jsonl") as log:
        for decision in telemetry.decisions:
            log.write(decision)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == report
    lines = [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 40
    assert sum(line["fired"] for line in lines) == report["shots"]
    first, _, _, late = lines[:4]
    assert (first["belt_mm"], first["across_mm"], first["nozzles"]) == (550.0, 150.0, [7, 15])
    assert late["late"]
    assert [line["verdict"] for line in lines[:4]] == ["fired", "passed", "passed", "late"]
    assert late["reason"] == "too late"
    assert set(first) >= {"kind", "p_ndfeb", "magnet_g", "magnet_g_sigma", "latency_ms"}


@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_run_that_hardly_happened_still_has_a_report(count, truth, tmp_path):
    telemetry = a_run(count, blind="camera")
    report = build_report(telemetry, "twin", truth=truth)
    text = write_report(report, tmp_path, telemetry).read_text(encoding="utf-8")
    assert "nan" not in re.findall(r"[a-z]+", text.lower())
    assert "field only" in text
    print_report(report, Console(file=io.StringIO()))


def test_names_from_outside_are_escaped():
    text = render_html(build_report(a_run(), "<b>twin</b>", truth=True, bundle={"name": "<script>"}), a_run())
    assert "<b>twin" not in text
    assert "<script" not in text


def test_the_screen_says_what_the_file_says():
    console = Console(file=io.StringIO(), width=160)
    print_report(build_report(a_run(), "twin", truth=True), console)
    text = console.file.getvalue()
    for word in ("85.7 %", "100.0 %", "14 bear NdFeB", "49.5 ms", "fired late: 0"):
        assert word in text
    console = Console(file=io.StringIO(), width=160)
    print_report(build_report(a_run(), "line", truth=False), console)
    assert "need the truth" in console.file.getvalue()


class _Balanced(HTMLParser):
    VOID = frozenset({"meta", "link", "br", "path", "use", "img", "rect"})

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_every_element_is_closed():
    parser = _Balanced()
    parser.feed(render_html(build_report(a_run(), "twin", truth=True), a_run()))
    assert parser.open == []


@pytest.mark.parametrize("shares", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.01, 0.98, 0.01), (0.05, 0.05, 0.9)])
def test_loss_bars_name_every_loss_there_is(shares):
    svg = loss_bars(shares, None)
    for share, name in zip(shares, ("in the product", "recognition", "timing"), strict=True):
        assert (f"{name} {100 * share:.1f}" in svg) == (share > 0)
