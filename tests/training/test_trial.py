"""An evaluation from store to report, with a model whose answers are known: figures, page and commands."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from tests.training.conftest import KINDS, SMALL_GRID, SMALL_MODEL, invented_window
from typer.testing import CliRunner

import neosort_inference
from neosort_datasets.store import WindowStoreWriter
from neosort_inference.bundle import RawDetections
from neosort_training.checkpoint import Checkpoint, save_checkpoint
from neosort_training.cli import app
from neosort_training.evaluation_report import write_report
from neosort_training.evaluation_screen import print_trial
from neosort_training.figures import trial_record
from neosort_training.model import PEAKS, NeoNet
from neosort_training.redraws import Unit
from neosort_training.running import LoadedModel, ShippedThreshold, evenly_spread, load_model, window_of
from neosort_training.trial import TrialPlan, run_trial

# What `evaluate --json` is asked for by others; each but the counts with its interval.
PLAIN = (
    *("recovery_at_purity_95", "recovery_mass_at_purity_95", "recovery_at_purity_98", "recovery_mass_at_purity_98"),
    *("ap50", "magnet_mass_median_relative_error", "ece", "lookalike_balanced_accuracy"),
    *("lookalike_balanced_accuracy_disk", "fused_error_vs_best_single_sense"),
)


class Oracle:
    """Knows every item of its stores. Without a field it judges by the picture: every disk bears, nothing else does;
    without a picture it finds blocks alone. It takes every seventh disk for plastic and sees a stray now and then."""

    def __init__(self, *stores):
        self._by_start = {store[i].window.start_mm: store[i] for store in stores for i in range(len(store))}

    def run(self, window):
        labelled = self._by_start[window.start_mm]
        blind_field, blind_camera = not window.field_mask.any(), bool(np.ptp(window.picture) == 0)
        rows = [self._row(item, window, blind_field, blind_camera) for item in labelled.items]
        if window.sequence % 5 == 0:
            rows.append(((1.0, 1.0, 9.0, 9.0), 0.45, 2, 0.93, 1.0))
        rows = sorted(rows, key=lambda row: -row[1])
        empty = [((0.0, 0.0, 1.0, 1.0), 0.0, 0, 0.0, 0.0)] * (PEAKS - len(rows))
        boxes, score, kind, p, grams = zip(*rows, *empty, strict=True)
        return RawDetections(
            boxes_mm=np.array(boxes, dtype=np.float32),
            score=np.array(score, dtype=np.float32),
            kind_p=np.eye(len(KINDS), dtype=np.float32)[list(kind)],
            p_ndfeb=np.array(p, dtype=np.float32),
            magnet_g=np.array(grams, dtype=np.float32),
            magnet_g_sigma=np.ones(PEAKS, dtype=np.float32),
        )

    @staticmethod
    def _row(item, window, blind_field, blind_camera):
        box = item.box
        edges = (
            *(box.belt_lo_mm - window.start_mm, box.across_lo_mm - window.grid.across_start_mm),
            *(box.belt_hi_mm - window.start_mm, box.across_hi_mm - window.grid.across_start_mm),
        )
        missed = item.kind == "disk" and window.sequence % 7 == 0
        bears = (item.bears_ndfeb and not missed) if not blind_field else item.kind == "disk"
        if blind_camera:
            bears = item.kind == "block"
        kind = KINDS.index("plastic" if missed else item.kind)
        return edges, 0.9, kind, 0.95 if bears else 0.1, 1.1 * item.magnet_g


@pytest.fixture
def stores(make_store):
    """Of two lines."""
    return [make_store("line-1", 20, 0), make_store("line-2", 14, 50)]


@pytest.fixture
def plan(stores):
    model = LoadedModel(
        path=stores[0].path / "oracle.onnx",
        predictor=Oracle(*stores),
        kinds=KINDS,
        grid=SMALL_GRID,
        thresholds=(
            ShippedThreshold(blind="none", purity_target=0.9, p_ndfeb=0.5),
            ShippedThreshold(blind="none", purity_target=0.9, p_ndfeb=0.94, confidence=0.95),
            ShippedThreshold(blind="field", purity_target=0.9, p_ndfeb=0.99),
        ),
        description={"name": "oracle"},
    )
    return TrialPlan(
        model=model, sources=tuple(evenly_spread(stores, 0)), dead_sensors=True, unit=Unit.WINDOWS, draws=100
    )


@pytest.fixture
def trial(plan):
    return run_trial(plan, lambda title: None)


@pytest.fixture
def record(trial):
    return trial_record(trial, "neosort-train evaluate oracle.onnx line-1 line-2")


def test_every_figure_stands_under_its_key_for_each_store_and_for_all(record, stores):
    for figures in (record, *record["by_store"].values()):
        for key in PLAIN:
            assert {key, f"{key}_ci95"} <= figures.keys()
        for key in ("recovery_at_purity_95", "recovery_mass_at_purity_95", "ap50", "ece"):
            low, high = figures[f"{key}_ci95"]
            assert 0 <= low <= figures[key] <= high <= 1, key
    assert list(record["by_store"]) == [str(store.path) for store in stores]
    assert record["windows"] == 34 == sum(one["windows"] for one in record["by_store"].values())
    assert record["items"] == sum(one["items"] for one in record["by_store"].values())
    json.dumps(record, allow_nan=False)


def test_figures_are_those_of_the_oracle(record, trial):
    outcomes = trial.run.pooled
    missed = (outcomes.kind == "disk") & (outcomes.said == "plastic")
    assert missed.any()
    assert record["strays"] == 7
    shipped, proven = record["at_shipped_thresholds"]
    hits = int((outcomes.bears & ~missed).sum())
    assert shipped["recovery"] == pytest.approx(hits / outcomes.bears.sum())
    assert shipped["purity"] == pytest.approx(hits / (hits + 7))
    assert shipped["purity_gap"] == pytest.approx(hits / (hits + 7) - 0.9)
    assert (proven["purity"], proven["confidence"]) == (1.0, 0.95)
    assert record["recovery_at_purity_95"] == pytest.approx(hits / outcomes.bears.sum())
    assert record["p_ndfeb_at_purity_95"] == pytest.approx(0.95), "above the strays"
    assert record["magnet_mass_median_relative_error"] == pytest.approx(0.1, abs=1e-5)
    assert record["kind_accuracy"] == pytest.approx(1 - missed.sum() / len(outcomes.p))
    assert record["confusion"]["disk"] == {
        "disk": int(((outcomes.kind == "disk") & ~missed).sum()), "plastic": int(missed.sum())
    }  # fmt: skip


def test_what_is_taken_away_has_a_row(record):
    rows = {row["key"]: row for row in record["ablations"]}
    assert list(rows) == ["both_senses", "camera_only", "field_only", "one_sensor_dead", "four_sensors_dead"]
    assert rows["field_only"]["recovery"] < rows["both_senses"]["recovery"]
    assert rows["both_senses"]["ap50"] == record["ap50"]


def test_kinds_come_bearing_first_and_models_by_what_is_lost(record):
    assert [row["name"] for row in record["kinds"]] == ["block", "disk", "plastic"]
    assert record["models"][0]["name"] == "disk-1"
    assert record["models"][0]["missed_g"] > 0
    assert all(later["missed_g"] <= one["missed_g"] for one, later in pairwise(record["models"]))


def test_a_blind_model_has_no_single_senses(plan, stores):
    blind = TrialPlan(model=plan.model, sources=plan.sources, blind="field", draws=100)
    record = trial_record(run_trial(blind, lambda title: None), "")
    assert record["fused_error_vs_best_single_sense"] is None
    assert [row["key"] for row in record["ablations"]] == ["camera_only"]


def test_loss_against_a_reference_is_paired(plan):
    same = TrialPlan(model=plan.model, sources=plan.sources, reference=plan.model, draws=100)
    record = trial_record(run_trial(same, lambda title: None), "")
    assert record["loss_against_reference_recovery_at_purity_95"] == 0.0
    assert record["loss_against_reference_recovery_at_purity_95_ci95"] == [0.0, 0.0]


def test_a_store_named_twice_is_refused(plan):
    with pytest.raises(ValueError, match="line-1: named twice"):
        TrialPlan(model=plan.model, sources=(plan.sources[0], plan.sources[0]))


def test_windows_of_training_items_are_remarked_on(record):
    assert any("training split" in note for note in record["notes"])
    assert any("No figure for look-alikes" in note for note in record["notes"])


def test_the_shipped_bundle_brings_its_thresholds():
    shipped = load_model(Path(neosort_inference.__file__).parent / "models" / "neosort.onnx")
    assert {point.blind for point in shipped.thresholds} <= {"none", "camera", "field"}
    assert all(0 < point.p_ndfeb <= 1 for point in shipped.thresholds)
    assert shipped.thresholds
    assert shipped.description["name"]


def test_windows_are_spread_evenly_and_found_again(stores):
    sources = evenly_spread(stores, 10)
    assert [len(source) for source in sources] == [5, 4]
    assert window_of(sources, 6) == (sources[1], 1)
    assert sources[1].window(1).window.start_mm == stores[1][4].window.start_mm
    with pytest.raises(IndexError):
        window_of(sources, 9)


class _Page(HTMLParser):
    """Sections, figures and everything that a page would fetch."""

    def __init__(self):
        super().__init__()
        self.svgs, self.images, self.fetched = 0, [], []

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.svgs += tag == "svg"
        if tag == "img":
            self.images.append(told["src"])
        for name in ("src", "href"):
            value = told.get(name)
            if value and not value.startswith(("data:", "#")):
                self.fetched.append(value)
        assert tag != "script"


def test_the_report_is_one_page_with_its_plots_and_pictures(trial, record, tmp_path):
    page = write_report(trial, record, tmp_path / "report")
    text = page.read_text(encoding="utf-8")
    parsed = _Page()
    parsed.feed(text)
    assert parsed.fetched == []
    assert parsed.svgs == 6, "curve, reliability, mass, ablations, kinds, confusion; there are no look-alikes"
    missed = sum(row["n"] - row["picked_n"] for row in record["kinds"] if row["bears_ndfeb"])
    assert len(parsed.images) == 2 * (min(12, missed) + 12)
    assert all(source.startswith("data:image/jpeg;base64,") for source in parsed.images)
    words = re.sub(r"<[^>]+>", " ", text)
    for said in ("Recovery and purity", "Kind by kind", "The worst misses", "Taken for plastic", "belongs to no item"):
        assert said in words
    assert "line-1" in words
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == json.loads(json.dumps(record))


def test_the_screen_says_it_all(record):
    console = Console(width=100)
    with console.capture() as captured:
        print_trial(record, console)
    text = captured.get()
    for said in ("recovery of items at purity ≥ 95 %", "line-2", "for purity ≥ 90%", "four sensors dead", "Note:"):
        assert said in text


@pytest.fixture
def checkpoint(tmp_path):
    """``checkpoint(seed)``: a network that learnt nothing yet."""

    def make(seed):
        torch.manual_seed(seed)
        net = NeoNet(SMALL_MODEL, len(KINDS))
        path = tmp_path / f"net-{seed}.pt"
        empty = {"optimiser": {}, "scheduler": {}, "stores": [], "validation": ()}
        counts = {"epochs": 1, "epoch": 0, "batches": 0, "step": 0}
        save_checkpoint(
            path,
            Checkpoint(
                name="fresh", kinds=KINDS, grid=SMALL_GRID, model=SMALL_MODEL, config_text="", command="",
                torch_version="", net=net.state_dict(), ema=net.state_dict(), **empty, **counts,
            ),
        )  # fmt: skip
        return path

    return make


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_evaluate_and_compare_on_the_command_line(checkpoint, make_store, tmp_path):
    """A network that learnt nothing has figures, too, bad ones, and a report."""
    store, out = make_store("store", 6, 0), tmp_path / "out"
    one, other = checkpoint(1), checkpoint(2)
    result = invoke(
        *("evaluate", one, store.path, "--json", out / "one.json", "--report", out / "page", "--draws", 100),
    )
    assert result.exit_code == 0, result.output
    figures = json.loads((out / "one.json").read_text(encoding="utf-8"))
    assert (figures["windows"], figures["draws"], figures["resampled"]) == (6, 100, "windows")
    assert figures["items"] > 0
    assert (out / "page" / "report.html").stat().st_size > 20_000
    result = invoke("compare", one, other, store.path, "--json", out / "both.json", "--draws", 100)
    assert result.exit_code == 0, result.output
    told = json.loads((out / "both.json").read_text(encoding="utf-8"))
    assert told["ap50"]["difference"] == pytest.approx(told["ap50"]["b"] - told["ap50"]["a"])
    assert {row["b_is"] for row in told.values() if isinstance(row, dict)} <= {
        *("better", "worse", "no difference shown", "not defined"),
    }


def test_what_cannot_be_evaluated_is_said_in_one_sentence(checkpoint, make_store, tmp_path):
    store, model = make_store("store", 2, 0), checkpoint(1)
    shorter = replace(SMALL_GRID, rows=96)
    writer = WindowStoreWriter(tmp_path / "other", shorter, split="train", seed=1, origin="rectangles")
    writer.append([invented_window(0, shorter)])
    for arguments, words in (
        ((model, tmp_path / "other"), "other: holds windows of"),
        ((model, tmp_path / "nowhere"), "nowhere"),
        ((model, store.path, store.path), "named twice"),
        ((tmp_path / "none.onnx", store.path), "none.onnx"),
    ):
        result = invoke("evaluate", *arguments)
        assert result.exit_code == 2, result.output
        assert words in result.stderr
