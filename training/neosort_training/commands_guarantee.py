"""`neosort-train guarantee` and `guarantee-trial`: thresholds with a promise, and whether the promise holds."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console

from neosort_datasets.assembly import Blind
from neosort_datasets.progress import shown
from neosort_datasets.store import WindowStore
from neosort_inference.bundle import load_bundle
from neosort_inference.bundle_metadata import BundleMetadata
from neosort_inference.options import BlindSense
from neosort_training.bundle_writer import rewrite_metadata
from neosort_training.guarantee import tally, threshold_grid
from neosort_training.guarantee_screen import print_guarantee, print_trial
from neosort_training.guarantee_trial import TrialPlan, more_than_chance, run_trial, shift_record
from neosort_training.guaranteeing import CONFIDENCE, TARGETS, guarantee_of, look, require_untouched
from neosort_training.refusals import one_sentence

SENSES: tuple[Blind, ...] = get_args(Blind)
BundleArgument = Annotated[Path, typer.Argument(help="A bundle (.onnx).", dir_okay=False)]
TargetOption = Annotated[
    list[float] | None,
    typer.Option("--target", min=0.5, max=0.999, help="Purity to prove, repeatable. [default: 0.8 0.85 0.9 0.95 0.98]"),
]
ConfidenceOption = Annotated[
    float, typer.Option(min=0.5, max=0.9999, help="Of each threshold by itself: how surely its promise is kept.")
]


def guarantee(
    bundle: BundleArgument,
    stores: Annotated[
        list[Path],
        typer.Argument(
            help="Stores of calibration windows, of models of items used for nothing else: 'neosort-data synth … "
            "--split calibration --scenes line --scene-windows 8'.",
            file_okay=False,
        ),
    ],
    *,
    target: TargetOption = None,
    confidence: ConfidenceOption = CONFIDENCE,
) -> None:
    """Prove thresholds of BUNDLE on STORES and write them into it.

    For each purity and each sense that may be missing, the lowest threshold whose purity is proven on these scenes;
    where none is, the bundle says so and ships none. What counts is the number of scenes: hundreds at least, better
    two thousand short ones than a few hundred long ones.
    """
    console = Console()
    with one_sentence():
        loaded, opened = load_bundle(bundle), [WindowStore(path) for path in stores]
        require_untouched(loaded.metadata, opened)
        with shown(console, "windows", len(SENSES) * sum(len(store) for store in opened)) as done:
            by_sense = look(loaded, opened, SENSES, lambda title: done(doing=title))
        found = guarantee_of(by_sense, opened, target or TARGETS, confidence)
        rewrite_metadata(bundle, guarantee=found)
    print_guarantee(found, console)
    console.print(f"written into {bundle}", highlight=False, markup=False, soft_wrap=True)


def guarantee_trial(
    bundle: BundleArgument,
    pool: Annotated[
        list[Path],
        typer.Argument(help="Stores of many calibration scenes, to draw from again and again.", file_okay=False),
    ],
    *,
    scenes: Annotated[int, typer.Option(min=40, help="Scenes of one draw; at most half of the pool's.")] = 600,
    draws: Annotated[int, typer.Option(min=20, max=100_000, help="How often.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The draws follow from it.")] = 1,
    elsewhere: Annotated[
        list[Path] | None,
        typer.Option(
            help="Stores that the bundle's guarantee says nothing about, repeatable: held-out models, another feed.",
            file_okay=False,
        ),
    ] = None,
    blind: Annotated[BlindSense, typer.Option(help="Sense to do without.")] = BlindSense.NONE,
    target: TargetOption = None,
    confidence: ConfidenceOption = CONFIDENCE,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.", dir_okay=False)
    ] = None,
) -> None:
    """Does a guarantee hold? Draws calibration scenes again and again, proves thresholds on them, and looks.

    A promise is false where the purity of the whole pool at the proven threshold is less than the target; that may
    happen in at most 1 − confidence of the draws. Exit code 1 where it happens more often than chance would make it.
    """
    console = Console()
    with one_sentence():
        loaded, pools = load_bundle(bundle), [WindowStore(path) for path in pool]
        others = [WindowStore(path) for path in elsewhere or ()]
        groups = {", ".join(map(str, pool)): pools} | {str(store.path): [store] for store in others}
        with shown(console, "windows", sum(len(store) for store in (*pools, *others))) as done:
            tallies = {
                name: tally(
                    look(loaded, group, (blind.value,), lambda title: done(doing=title))[blind.value], threshold_grid()
                )
                for name, group in groups.items()
            }
        population, targets = next(iter(tallies.values())), target or TARGETS
        with shown(console, "draws", draws * len(targets)) as done:
            plan = TrialPlan(scenes=scenes, draws=draws, seed=seed, confidence=confidence)
            results = [run_trial(population, one, plan, done) for one in targets]
        shifts = shift_record(tallies, _shipped(loaded.metadata, blind.value))
        if json_file is not None:
            record = {
                "command": shlex.join(["neosort-train", *sys.argv[1:]]), "bundle": str(bundle), "blind": blind.value,
                "pool_scenes": len(population), "confidence": confidence, "scenes": scenes, "seed": seed,
                "targets": [asdict(result) | {"held": result.held} for result in results], "elsewhere": shifts,
            }  # fmt: skip
            json_file.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    title = f"{draws} draws of {scenes} scenes of {len(population)}, confidence {confidence:g}"
    print_trial(results, shifts, title, console)
    raise typer.Exit(1 if any(more_than_chance(result, confidence) for result in results) else 0)


def _shipped(metadata: BundleMetadata, blind: Blind) -> list[tuple[float, float]]:
    """Targets and thresholds that the bundle's guarantee holds for a sense missing."""
    points = metadata.guarantee.points if metadata.guarantee is not None else ()
    return [(one.purity_target, one.p_ndfeb) for one in points if one.blind == blind and one.p_ndfeb is not None]
