"""The end of a run: its report on screen and in files, and what is missing from what was to be kept of it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from neosort_datasets.recording import RecordingWriter
from neosort_datasets.recording_writer import counted
from neosort_hardware.config import ConfigError, LineConfig
from neosort_inference.decision_log import DecisionLog
from neosort_inference.operating_point import operating_point
from neosort_inference.report import Report, build_report, print_report, write_report
from neosort_inference.saying import say
from neosort_inference.sorting import SortingPlan
from neosort_inference.telemetry import Telemetry


def say_trouble(log: DecisionLog | None, console: Console) -> None:
    """What of the decisions is not in their file."""
    if log is not None and log.trouble:
        say(console, f"{log.path}: not whole, {log.trouble}")


def summary_of(recorder: RecordingWriter) -> str:
    """What stands in a recording that is finished, and what does not, in one sentence."""
    megabytes = recorder.path.stat().st_size * 1e-6 if recorder.path.exists() else 0.0
    lacks = recorder.trouble or "nothing was dropped"
    return f"{recorder.path}: {counted(recorder.written)}, {megabytes:,.1f} MB; {lacks}"


def conclude(
    telemetry: Telemetry,
    config: LineConfig,
    plan: SortingPlan,
    console: Console,
    *,
    seed: int | None,
    directory: Path | None,
    truth: bool,
) -> int:
    """Report on screen and, where asked, in files; exit code 1 if a late shot was fired."""
    point = operating_point(plan.recipe, plan.bundle, plan.blind)
    report = build_report(
        telemetry,
        config.name,
        truth=truth,
        seed=seed,
        line={"belt_speed_m_per_s": config.belt.speed_m_per_s, "belt_width_mm": config.belt.width_mm},
        bundle={
            "name": plan.bundle.metadata.name,
            "min_p_ndfeb": point.p_ndfeb,
            "threshold": str(point),
            "recipe": plan.recipe.name,
        },
        never_fired_kinds=plan.recipe.never_fire,
    )
    say(console, str(point))
    print_report(report, console)
    if directory is not None:
        _write(report, directory, telemetry)
        say(console, f"report: {directory / 'report.html'}")
    return 1 if report["fired_late"] else 0


def _write(report: Report, directory: Path, telemetry: Telemetry) -> None:
    try:
        write_report(report, directory, telemetry)
    except OSError as error:
        raise ConfigError(f"--report {directory}: cannot be written ({error.strerror})") from error
