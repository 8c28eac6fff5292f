"""The report of an evaluation: one HTML file that needs nothing else, and the figures beside it as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from neosort_inference.report import interval_text, number_text, percent
from neosort_inference.report_plots import confusion_map
from neosort_inference.words import kind_title
from neosort_training import evaluation_plots
from neosort_training.evaluation_screen import RATIO, SHARES, ratio_text, shipped_title, short_names
from neosort_training.figures import PURITIES
from neosort_training.gallery import gallery
from neosort_training.lookalikes import SETS
from neosort_training.trial import Trial

Record = dict[str, Any]

WORST_MODELS = 12


def write_report(trial: Trial, record: Record, directory: Path) -> Path:
    """Write report.html and report.json into ``directory`` (made when missing); the HTML's path.

    Raises `OSError` when the directory cannot be written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    (directory / "report.json").write_text(text + "\n", encoding="utf-8")
    page = directory / "report.html"
    page.write_text(render_html(trial, record), encoding="utf-8")
    return page


def render_html(trial: Trial, record: Record) -> str:
    """The report as one HTML page: styles, figures and pictures inside, nothing fetched."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("neosort_training"), PackageLoader("neosort_inference")]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "percent": percent, "interval": interval_text, "kind": kind_title, "number": number_text, "ratio": ratio_text,
        "shipped": shipped_title,
    }  # fmt: skip
    p_ndfeb = record["p_ndfeb_at_purity_95"]
    missed, alarms = gallery(trial, math.inf if p_ndfeb is None else p_ndfeb)
    return environment.get_template("evaluation.html.j2").render(
        r=record,
        sides={"all": record, **record["by_store"]} if len(record["by_store"]) > 1 else record["by_store"],
        titles={"all": "all stores", **short_names(list(record["by_store"]))},
        shares=SHARES,
        ratio=RATIO,
        sets=SETS,
        plots=_plots(trial, record),
        senses=_by_sense(record),
        worst=[row for row in record["models"] if row["missed_g"] > 0][:WORST_MODELS],
        loudest=_loudest(record),
        missed=missed,
        alarms=alarms,
    )


def _plots(trial: Trial, record: Record) -> dict[str, str]:
    """The figures that there is something to show of, by name."""
    outcomes, plots = trial.run.pooled, {}
    if record["bearing"]:
        plots["curve"] = evaluation_plots.recovery_purity(record, PURITIES)
        plots["mass"] = evaluation_plots.magnet_mass(outcomes)
    if record["reliability"]:
        plots["reliability"] = evaluation_plots.reliability(record)
    if record["kinds"]:
        plots["kinds"] = evaluation_plots.kind_bars(record["kinds"])
        plots["confusion"] = confusion_map(record["confusion"], [row["name"] for row in record["kinds"]])
    if record["lookalike_balanced_accuracy"] is not None:
        plots["lookalikes"] = evaluation_plots.look_alikes(_by_sense(record))
    if len(record["ablations"]) > 1:
        plots["ablations"] = evaluation_plots.ablation_bars(record["ablations"])
    return plots


def _by_sense(record: Record) -> list[Record]:
    """The model with both senses, and with each alone where that was run."""
    return [row for row in record["ablations"] if not row["key"].endswith("_dead")]


def _loudest(record: Record) -> list[Record]:
    """Item models without NdFeB that are picked most often."""
    rows = [row for row in record["models"] if not row["bears_ndfeb"] and row["picked_n"]]
    return sorted(rows, key=lambda row: (-row["picked_n"], -row["picked"]))[:WORST_MODELS]
