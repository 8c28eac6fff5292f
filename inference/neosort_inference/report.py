"""The report of a run: the figures as a dict, on screen, as JSON, and as one HTML file that needs nothing else."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.console import Console
from rich.table import Table

from neosort_hardware.types import Verdict
from neosort_inference.resampling import Interval
from neosort_inference.score import Score, score_run
from neosort_inference.telemetry import Telemetry
from neosort_inference.words import kind_title

Report = dict[str, Any]

NONE_YET = "—"
_NEED_TRUTH = (
    *("items", "bearing", "product", "recovery", "recovery_ci", "recovery_items", "recovery_items_ci"),
    *("purity", "purity_ci", "spurious", "duplicates", "kinds", "confusion", "heavy"),
)
_PACKAGES = ("neosort", "numpy", "onnxruntime", "opencv-python-headless")


def build_report(
    telemetry: Telemetry,
    config_name: str,
    *,
    truth: bool,
    seed: int | None = None,
    line: dict[str, Any] | None = None,
    bundle: dict[str, Any] | None = None,
    never_fired_kinds: Sequence[str] = (),
    bootstrap: int = 1000,
) -> Report:
    """Every figure of a run, ready for JSON. Without ``truth`` the keys that need it are None.

    ``line`` and ``bundle``: whatever the caller wants to be remembered of them. Counts are those of the whole run;
    percentiles and what needs the truth are of the last decisions where there were more than telemetry keeps, and
    ``figures_of_last`` then says how many that is.
    """
    score = score_run(*telemetry.whole_stretch(), bootstrap=bootstrap) if truth else None
    decisions, verdicts = telemetry.decisions, telemetry.verdicts
    return {
        **truth_figures(score),
        "decisions": telemetry.decided,
        "figures_of_last": telemetry.kept if telemetry.decided > len(decisions) else None,
        "shots": verdicts[Verdict.FIRED],
        "late": verdicts[Verdict.LATE],
        "refused": verdicts[Verdict.REFUSED],
        "forbidden": verdicts[Verdict.FORBIDDEN],
        "fired_late": telemetry.fired_late,
        "latency_ms": percentiles([d.latency_ms for d in decisions], {"p50": 50, "p99": 99, "p999": 99.9}),
        "decision_distance_mm": percentiles([d.distance_mm for d in decisions], {"p50": 50, "p99": 99}),
        "window_ms": percentiles(list(telemetry.window_ms), {"p50": 50, "p99": 99}),
        "windows": telemetry.windows,
        "seconds": (telemetry.ended_ns - telemetry.started_ns) * 1e-9,
        "seconds_to_first_shot": telemetry.seconds_to_first_shot,
        "belt_m": (telemetry.end_belt_mm - telemetry.start_belt_mm) * 1e-3,
        "senses": telemetry.senses,
        "faults": list(telemetry.faults_seen),
        "decided_kinds": {
            kind: {"seen": count, "fired": telemetry.fired_kinds[kind]}
            for kind, count in telemetry.seen_kinds.most_common()
        },
        "never_fired_kinds": list(never_fired_kinds),
        "seed": seed,
        "line": {"config": config_name, **(line or {})},
        "bundle": dict(bundle or {}),
        "versions": versions(),
        "machine": machine(),
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def truth_figures(score: Score | None) -> Report:
    """The figures that need the truth; all None without."""
    if score is None:
        empty: Report = dict.fromkeys(_NEED_TRUTH)
        return empty | {"loss": dict.fromkeys(("recognition", "timing", "coejection", "false_alarm"))}
    figures = asdict(score)
    return (
        figures
        | {"kinds": [asdict(row) for row in score.kinds]}
        | {key: _pair(figures[key]) for key in ("recovery_ci", "recovery_items_ci", "purity_ci")}
    )


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)


def percentiles(values: Sequence[float], wanted: dict[str, float]) -> dict[str, float | None]:
    """The ``wanted`` percentiles of values by name, all None where there are no values."""
    if not values:
        return dict.fromkeys(wanted)
    found = np.percentile(np.asarray(values, dtype=np.float64), list(wanted.values()))
    return {name: float(value) for name, value in zip(wanted, found, strict=True)}


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {"system": platform.system(), "architecture": platform.machine(), "cpus": os.cpu_count()}


def versions() -> dict[str, str]:
    """Versions of what the figures hang on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # run from a source tree, or another build of the same library
    return found


def write_report(report: Report, directory: Path, telemetry: Telemetry) -> Path:
    """Write report.json and report.html into ``directory`` (made when missing); the HTML's path.

    Raises `OSError` when the directory cannot be written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    (directory / "report.json").write_text(text + "\n", encoding="utf-8")
    page = directory / "report.html"
    page.write_text(render_html(report, telemetry), encoding="utf-8")
    return page


def render_html(report: Report, telemetry: Telemetry) -> str:
    """The report as one HTML page: styles and figures inside, nothing fetched."""
    environment = Environment(
        loader=PackageLoader("neosort_inference", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"percent": percent, "interval": interval_text, "kind": kind_title, "number": number_text}
    return environment.get_template("report.html.j2").render(r=report, figures=_figures(report, telemetry))


def _figures(report: Report, telemetry: Telemetry) -> dict[str, str]:
    """The figures that this run has data for, by name."""
    from neosort_inference import report_plots  # noqa: PLC0415 - brings matplotlib, which no line needs while it sorts

    decisions, figures = telemetry.decisions, {}
    loss = report["loss"]
    if report["recovery"] is not None:
        recovery = (report["recovery"], loss["recognition"], loss["timing"])
        purity = (report["purity"], loss["coejection"], loss["false_alarm"]) if report["purity"] is not None else None
        figures["loss"] = report_plots.loss_bars(recovery, purity)
    if report["confusion"]:
        figures["confusion"] = report_plots.confusion_map(report["confusion"], [row["kind"] for row in report["kinds"]])
    if decisions:
        start_ns = telemetry.started_ns
        decided_s = [(d.decided_ns - start_ns) * 1e-9 for d in decisions]
        fired_s = [(d.decided_ns - start_ns) * 1e-9 for d in decisions if d.fired]
        figures["latency"] = report_plots.latency_histogram([d.latency_ms for d in decisions])
        figures["time"] = report_plots.items_over_time(decided_s, fired_s, report["seconds"])
    return figures


def print_report(report: Report, console: Console) -> None:
    """The report's figures on screen."""
    table = Table(title="neosort  run report", title_justify="left", title_style="bold", show_header=False, box=None)
    table.add_column(style="bright_black", no_wrap=True)
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column(style="bright_black")
    for row in _screen_rows(report):
        table.add_row(*row)
    console.print()
    console.print(table)


def _screen_rows(report: Report) -> list[tuple[str, str, str]]:
    loss, latency = report["loss"], report["latency_ms"]
    known = report["items"] is not None
    about_truth = "" if known else "recovery and purity need the truth, which is not known"
    last = report["figures_of_last"]
    about_last = f"percentiles, recovery and purity are of the last {last:,}" if last else ""
    rows = [("senses", report["senses"], f"{report['seconds']:.0f} s, {report['belt_m']:,.1f} m of belt")]
    if known:
        bearing = f"{report['bearing']:,} bear NdFeB, {report['product']:,} landed in the product"
        lost = f"lost: recognition {percent(loss['recognition'])}, timing {percent(loss['timing'])}"
        mixed = f"mixed in: co-ejected {percent(loss['coejection'])}, false alarms {percent(loss['false_alarm'])}"
        rows += [
            ("items", f"{report['items']:,}", bearing),
            ("recovery", percent(report["recovery"]), f"{interval_text(report['recovery_ci'])}of NdFeB mass; {lost}"),
            ("recovery", percent(report["recovery_items"]), f"{interval_text(report['recovery_items_ci'])}of items"),
            ("purity", percent(report["purity"]), f"{interval_text(report['purity_ci'])}{mixed}"),
        ]
        heavy = report["heavy"]
        if heavy["items"]:
            found = f"{heavy['recognised']} of {heavy['bearing']} bearing recognised, {heavy['product']} in the product"
            found = f"too heavy for air, in no other figure: {found}"
            rows.append(("heavy", f"{heavy['items']:,}", f"{found}, {heavy['ndfeb_g']:,.0f} g of NdFeB"))
    first = number_text(report["seconds_to_first_shot"], 1, " s to the first")
    window = number_text(report["window_ms"]["p50"], 1, " ms")
    return [
        *rows,
        ("decisions", f"{report['decisions']:,}", "; ".join(note for note in (about_truth, about_last) if note)),
        ("shots", f"{report['shots']:,}", first),
        ("late", f"{report['late']:,}", f"refused and never fired; fired late: {report['fired_late']}"),
        ("refused", f"{report['refused']:,}", "wanted, but no shot to be had"),
        ("latency p50", number_text(latency["p50"], 1, " ms"), "last input of the deciding window → shot scheduled"),
        ("latency p99", number_text(latency["p99"], 1, " ms"), f"p99.9 {number_text(latency['p999'], 1, ' ms')}"),
        ("windows", f"{report['windows']:,}", f"{window} of computing each (p50)"),
    ]


def percent(share: float | None) -> str:
    """A share for people."""
    return NONE_YET if share is None else f"{100 * share:.1f} %"


def interval_text(interval: Sequence[float] | None) -> str:
    """A 95 % interval for people, with a space behind; empty where there is none."""
    return "" if interval is None else f"[{100 * interval[0]:.1f} – {100 * interval[1]:.1f}] "


def number_text(value: float | None, digits: int = 0, unit: str = "") -> str:
    """A number for people, or a dash."""
    return NONE_YET if value is None else f"{value:,.{digits}f}{unit}"
