"""`neosort-train evaluate` and `compare`: how good a model is, and whether another one is better."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from neosort_datasets.progress import shown
from neosort_datasets.store import WindowStore
from neosort_training.ablation import with_blind
from neosort_training.compare import compare_outcomes, compared_record
from neosort_training.evaluation_report import write_report
from neosort_training.evaluation_screen import print_comparison, print_trial
from neosort_training.figures import trial_record
from neosort_training.redraws import DRAWS, Unit, draw_windows, unit_for
from neosort_training.refusals import one_sentence
from neosort_training.running import StoreWindows, evenly_spread, load_model, run_model
from neosort_training.trial import TrialPlan, run_trial


class BlindSense(StrEnum):
    """A sense to take away."""

    NONE = "none"
    CAMERA = "camera"
    FIELD = "field"


ModelArgument = Annotated[Path, typer.Argument(help="A checkpoint (.pt) or a bundle (.onnx).", dir_okay=False)]
StoresArgument = Annotated[
    list[Path], typer.Argument(help="Stores of labelled windows that the model never learnt from.", file_okay=False)
]
LimitOption = Annotated[
    int, typer.Option(min=0, help="At most this many windows, evenly spread over the stores; 0: all.")
]
UnitOption = Annotated[
    Unit,
    typer.Option(
        "--resample",
        help="What the intervals are bootstrapped over. 'scenes': stretches of one belt under one light, the honest "
        "choice where there are twenty or more in each store; 'windows' where there are fewer. 'auto' takes scenes "
        "then, and where windows overlap.",
    ),
]
DrawsOption = Annotated[int, typer.Option(min=100, max=100_000, help="Bootstrap draws behind each interval.")]
JsonOption = Annotated[
    Path | None, typer.Option("--json", help="Write every figure to this file.", dir_okay=False, show_default=False)
]


def evaluate(
    model: ModelArgument,
    stores: StoresArgument,
    *,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write report.html (one file, nothing fetched: curves, tables, pictures of the worst misses) and "
            "report.json into this folder.",
            file_okay=False,
            show_default=False,
        ),
    ] = None,
    json_file: JsonOption = None,
    ablations: Annotated[
        bool,
        typer.Option("--ablations", help="Also with one and with four magnetometers dead. Each sense alone always is."),
    ] = False,
    blind: Annotated[BlindSense, typer.Option(help="Judge the model without one of its senses.")] = BlindSense.NONE,
    reference: Annotated[
        Path | None,
        typer.Option(
            help="A second model on the same windows, such as the fp32 bundle of an int8 one: what is lost against it.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    limit: LimitOption = 0,
    resample: UnitOption = Unit.AUTO,
    draws: DrawsOption = DRAWS,
) -> None:
    """How good is MODEL on STORES? Recognition alone, in the plant's words, each figure with its 95 % interval.

    How much of the NdFeB would be found (by items, by mass) when at least 95 % or 98 % of what is picked bears any; how
    well look-alikes are told apart, with both senses and with each alone; whether P(NdFeB) can be taken at its word;
    how far off the grams are; kind by kind. Give each store once: figures are given for each and for all together, so
    windows of a line at 1 m/s and at 2.8 m/s belong in two stores.

    Figures "at purity ≥ 95 %" choose their threshold on the very windows they are of, and are a little too good for
    it; those at the bundle's own thresholds are not. Choose between models on 'validation' items; look at 'held-out'
    ones once, at the end.

        neosort-data synth runs/line1 --split held-out --scenes line --belt-speed 1 --windows 2000 --seed 3
        neosort-data synth runs/line28 --split held-out --scenes line --belt-speed 2.8 --windows 2000 --seed 4
        neosort-train evaluate model.onnx runs/line1 runs/line28 --ablations --report reports/model
    """
    console = Console()
    with one_sentence():
        for folder in (report, json_file.parent if json_file else None):
            _must_take_files(folder)
        plan = TrialPlan(
            model=load_model(model),
            sources=_sources(stores, limit),
            blind=blind.value,
            dead_sensors=ablations,
            unit=resample,
            draws=draws,
            reference=None if reference is None else load_model(reference),
        )
        with shown(console, "windows", plan.windows) as done:
            trial = run_trial(plan, lambda title: done(doing=title))
        with console.status("bootstrapping"):
            record = trial_record(trial, _command())
        if json_file is not None:
            _write_json(json_file, record)
        print_trial(record, console)
        if report is not None:
            with console.status("drawing the report"):
                page = write_report(trial, record, report)
            console.print(f"report: {page}", soft_wrap=True, highlight=False)


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="The model as it was: .pt or .onnx.", dir_okay=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The model that may be better.", dir_okay=False)],
    stores: StoresArgument,
    *,
    json_file: JsonOption = None,
    blind: Annotated[BlindSense, typer.Option(help="Compare them without one of their senses.")] = BlindSense.NONE,
    limit: LimitOption = 0,
    resample: UnitOption = Unit.AUTO,
    draws: DrawsOption = DRAWS,
) -> None:
    """Is B better than A? Both run on the same windows of STORES, and every difference has a paired 95 % interval.

    'better' and 'worse' are said of B where the interval leaves zero out, else 'no difference shown': then the models
    may still differ, by no more than the interval says. More windows narrow it. Each model has its own threshold for
    purity ≥ 95 %, found on these windows. The exit code is 0 whatever is found.

        neosort-train compare runs/neosort/model.onnx runs/other/model.onnx runs/stores/validation
    """
    console = Console()
    with one_sentence():
        _must_take_files(json_file.parent if json_file else None)
        models = (load_model(a), load_model(b))
        sources, without = _sources(stores, limit), with_blind(blind.value)
        windows = len(models) * sum(len(source) for source in sources)
        with shown(console, "windows", windows) as done:
            run_a, run_b = (
                run_model(model, sources, without, partial(done, doing=model.path.name)) for model in models
            )
        unit = unit_for(run_a.parts, resample)
        with console.status("bootstrapping"):
            rows = compare_outcomes(run_a.pooled, run_b.pooled, draw_windows(run_a.parts, unit, draws))
        if json_file is not None:
            told = {
                "a": str(a), "b": str(b), "stores": [source.name for source in sources], "blind": blind.value,
                "windows": run_a.pooled.windows, "items": len(run_a.pooled.p), "resampled": unit.value, "draws": draws,
                "command": _command(), **compared_record(rows),
            }  # fmt: skip
            _write_json(json_file, told)
    print_comparison(rows, run_a.pooled, unit, (a, b), console)


def _sources(stores: Sequence[Path], limit: int) -> tuple[StoreWindows, ...]:
    return tuple(evenly_spread([WindowStore(path) for path in stores], limit))


def _must_take_files(folder: Path | None) -> None:
    """Before minutes of work, not after. Raises `OSError`."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)


def _write_json(file: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def _command() -> str:
    return shlex.join(["neosort-train", *sys.argv[1:]])
