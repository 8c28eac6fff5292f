"""`neosort soak`: its options, its progress, its figures on screen."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from neosort_datasets.progress import shown
from neosort_hardware.config import ConfigError
from neosort_hardware.driver_choice import DEFAULT_DRIVER
from neosort_hardware.faults import FAULT_NAMES
from neosort_hardware.line import settings_in, slots_of
from neosort_inference.bench.counted_by import COMPUTING_NS, CountedBy
from neosort_inference.bench.record import Record, keep, must_take_json, origin
from neosort_inference.faults.alarm_log import unlogged
from neosort_inference.opening import open_bundle, open_config, open_recipe
from neosort_inference.options import AloneOption, BeltSpeedOption, BundleOption, ConfigOption, JsonOption, RecipeOption
from neosort_inference.report import number_text
from neosort_inference.saying import say
from neosort_inference.soak.run import SoakPlan, figures, soak_line
from neosort_inference.sorting import SortingPlan

SAY_EVERY_S = 10.0


def soak(
    *,
    items: Annotated[int, typer.Option(min=10, help="Items to account for.")] = 10_000,
    faults: Annotated[
        list[str] | None,
        typer.Option("--fault", help="A fault to choose from, repeatable. [default: every one there is]"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No faults at all.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of belt and faults.")] = 1,
    alone: AloneOption = False,
    config: ConfigOption = None,
    belt_speed: BeltSpeedOption = None,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    json_file: JsonOption = None,
) -> None:
    """Does it hold for long? The simulated line in virtual time, with faults at random, and an account of every item.

    Each item must end in exactly one way: ejected, passed, refused as late, refused, or not decided under a fault that
    has a name. Computing is charged to virtual time. Exit code 1 where the account does not hold or
    a late shot was fired.
    """
    line = open_config(config, belt_speed)
    for slot in slots_of(line):
        if settings_in(line, slot).driver != DEFAULT_DRIVER:
            raise ConfigError(f"{slot}.driver = '{settings_in(line, slot).driver}': a soak needs a simulated line")
    for name in faults or ():
        if name not in FAULT_NAMES:
            raise ConfigError(f"--fault {name}: unknown; there are {', '.join(FAULT_NAMES)}")
    plan = SortingPlan(bundle=open_bundle(bundle, line), recipe=open_recipe(recipe))
    must_take_json(json_file)
    console = Console()
    counted_by = CountedBy.PROCESSOR if alone else CountedBy.CLOCK
    wanted = () if quiet else tuple(faults or FAULT_NAMES)
    with shown(console, "items", items, say_every_s=SAY_EVERY_S) as on_items, unlogged():
        record = figures(
            soak_line(
                line,
                plan,
                SoakPlan(items=items, seed=seed, faults=wanted, computing_ns=COMPUTING_NS[counted_by]),
                on_items,
            )
        )
    record |= {
        "line": {"config": line.name, "belt_speed_m_per_s": line.belt.speed_m_per_s},
        "bundle": {"name": plan.bundle.metadata.name, "recipe": plan.recipe.name},
        "seed": seed,
        "time": counted_by.value,
    } | origin()
    print_soak(record, console)
    keep(record, json_file, console)
    raise typer.Exit(0 if record["sums_hold"] and not record["fired_late"] else 1)


def print_soak(record: Record, console: Console) -> None:
    """The account, and what was flat and what was not."""
    sums, memory, spent = record["sums"], record["memory"], record["processor_s_per_1000_items"]
    table = Table(title="what became of every item", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    table.add_column("items", justify="right")
    for name, count in sums["fates"].items():
        table.add_row(name, f"{count:,}")
    table.add_row("still on the belt", f"{sums['on_belt']:,}")
    table.add_row("fed", f"{sums['fed']:,}", style="bold")
    console.print(table)
    verdict = "the account holds" if record["sums_hold"] else "THE ACCOUNT DOES NOT HOLD"
    decisions = (
        f"{sums['decisions']:,} decisions: {sums['firsts']:,} about an item each, {sums['duplicates']:,} about the "
        f"same again, {sums['spurious']:,} about none, {sums['pending']:,} about what is still on the belt"
    )
    faults = sum(record["faults_injected"].values())
    for sentence in (
        f"{verdict}; {decisions}; {sums['unseen']:,} items passed unseen; fired late: {record['fired_late']}",
        f"{faults:,} faults of {len(record['faults_injected'])} kinds came over {record['seconds_of_belt']:,.0f} s of "
        f"belt, {number_text(record['times_real_time'], 1)} times real time",
        f"memory {number_text(memory['steady_mb'])} MB in the second half, {number_text(memory['peak_mb'])} at most, "
        f"growing by {number_text(memory['growth_mb_per_1000_items'], 3)} MB per 1,000 items",
        f"processor time per 1,000 items {number_text(spent['first_half'], 1)} s in the first half, "
        f"{number_text(spent['second_half'], 1)} s in the second; latency p50 "
        f"{number_text(record['latency_p50_ms']['first_half'], 1)} and "
        f"{number_text(record['latency_p50_ms']['second_half'], 1)} ms",
    ):
        say(console, sentence)
