"""`neosort bench balance` and `neosort bench trial`: intervals held against the truth, and what they stand on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from neosort_datasets.progress import shown
from neosort_hardware.config import ConfigError
from neosort_inference.balance.composition import load_composition
from neosort_inference.balance.known import KnownItem
from neosort_inference.balance.lot_balance import BalanceInputs, bundle_id
from neosort_inference.balance.trial import load_trial, trial_toml
from neosort_inference.balance.trying import trial_of
from neosort_inference.bench.balance import FIGURES, coverage, coverage_over_deals
from neosort_inference.bench.known_belts import BELT_ITEMS, KnownBelt, Split, belts_of, fed_with, known_on
from neosort_inference.bench.record import Record, keep, must_take_json, origin
from neosort_inference.opening import bundle_path, must_be_new, must_take_files, open_bundle, open_config, open_recipe
from neosort_inference.options import BundleOption, ConfigOption, JsonOption, RecipeOption
from neosort_inference.report import percent

TRIAL_SEED = 7000
BeltsOption = Annotated[int, typer.Option(min=10, max=10_000, help=f"Belts to sort, {BELT_ITEMS} items on each.")]
SeedOption = Annotated[int, typer.Option("--first-seed", min=0, help="Seed of the first belt; the others follow on.")]
WorkersOption = Annotated[int, typer.Option(min=1, max=256, help="Processes, of one thread each.")]
KeepOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder where each belt is kept once it is sorted. Given again, the command goes on from there: broken "
        "off, or asked for other lots. Left out: nothing is kept.",
        file_okay=False,
        show_default=False,
    ),
]
TrialOption = Annotated[
    Path | None, typer.Option("--trial", help="Trial of the line (TOML). Left out: the twin's that is shipped.")
]


def balance(
    *,
    lots: Annotated[int, typer.Option(min=10, max=10_000, help="Lots to balance.")] = 200,
    makes: Annotated[int, typer.Option(min=1, max=100, help="Item models of every kind that a lot holds.")] = 6,
    deals: Annotated[
        int,
        typer.Option(
            min=0,
            max=1000,
            help="Deal the models anew so many times: belts of the calibration models (seeds of `bench trial`) are "
            "sorted as well, and each time one half of all models makes the trial and the other the lots. 0: the "
            "trial stands, and lots are of held-out models.",
        ),
    ] = 0,
    belts: BeltsOption = 200,
    first_seed: SeedOption = 9000,
    workers: WorkersOption = 2,
    trial: TrialOption = None,
    keep_in: KeepOption = None,
    config: ConfigOption = None,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    json_file: JsonOption = None,
) -> None:
    """Does the truth lie inside the balance's intervals? Sorts held-out items on the twin and balances lots of them.

    A lot is what a fifth of the belts hold of a few models of every kind, drawn anew for each. Bundle and trial know
    other models. Should be 90 ± 5 % of lots.
    """
    line, rules, model = open_config(config), open_recipe(recipe), open_bundle(bundle)
    inputs = BalanceInputs(
        bundle=model.metadata,
        bundle_id=bundle_id(model.metadata),
        trial=load_trial(trial),
        composition=load_composition(),
    )
    must_take_json(json_file)
    _must_take_belts(keep_in)
    feeds: dict[Split, int] = {"held-out": first_seed}
    if deals:
        feeds["calibration"] = TRIAL_SEED
    on_belt = [
        belt
        for feed, seed in feeds.items()
        for belt in belts_of(fed_with(line, feed), bundle_path(bundle), rules, range(seed, seed + belts), keep_in)
    ]
    console = Console()
    known = _sorted(console, on_belt, workers)
    lots_a_deal = max(1, lots // max(deals, 1))
    with shown(console, "lots", lots_a_deal * max(deals, 1)) as on_lots:
        if deals:
            record = coverage_over_deals(
                known, inputs, deals=deals, lots=lots_a_deal, models=makes, seed=first_seed, on_lot=lambda: on_lots(1)
            )
        else:
            record = coverage(known, inputs, lots=lots, models=makes, seed=first_seed, on_lot=lambda: on_lots(1))
    record |= {
        "line": {"config": line.name, "feed": " and ".join(feeds)},
        "bundle": {"name": model.metadata.name, "recipe": rules.name},
        "trial": "of the other half of the models" if deals else inputs.trial.on,
    } | origin()
    print_coverage(record, console)
    keep(record, json_file, console)


def trial(
    file: Annotated[Path, typer.Argument(help="Where the trial goes (TOML); must not be there yet.")],
    *,
    belts: BeltsOption = 100,
    first_seed: SeedOption = TRIAL_SEED,
    workers: WorkersOption = 2,
    keep_in: KeepOption = None,
    config: ConfigOption = None,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
) -> None:
    """Try the line on known items: how often a shot hits, how much item models differ. Mass balances stand on it.

    On the twin, with the calibration models, which nothing was learnt from or evaluated on.
    """
    line, rules, model = open_config(config), open_recipe(recipe), open_bundle(bundle)
    must_be_new("FILE", file)
    seeds = range(first_seed, first_seed + belts)
    _must_take_belts(keep_in)
    on_belt = belts_of(fed_with(line, "calibration"), bundle_path(bundle), rules, seeds, keep_in)
    console = Console()
    known = _sorted(console, on_belt, workers)
    items = sum(bool(item.model) for item in known)
    found = trial_of(
        known,
        on=f"twin of {line.name}, calibration models, {items:,} items on {belts} belts, seeds from {first_seed}",
        bundle=bundle_id(model.metadata),
        command=origin()["command"],
    )
    try:
        file.write_text(trial_toml(found), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"FILE {file}: cannot be written ({error.strerror})") from error
    console.print(f"trial: {file}", highlight=False, markup=False, soft_wrap=True)


def _must_take_belts(folder: Path | None) -> None:
    if folder is not None:
        must_take_files("--keep-in", folder)


def _sorted(console: Console, belts: list[KnownBelt], workers: int) -> list[KnownItem]:
    with shown(console, "items", len(belts) * BELT_ITEMS) as on_items:
        return known_on(belts, workers, on_items)


def print_coverage(record: Record, console: Console) -> None:
    """The figures on screen."""
    head = (
        f"{record['lots']} lots of {record['items_a_lot']:,.0f} items and {record['models_a_kind']} models a kind, "
        f"out of {record['items']:,} items on {record['belts']} belts"
    )
    table = Table(title=head, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in ("NdFeB, g", "inside", "below", "above", "true", "estimated", "interval", "bias"):
        table.add_column(name, justify="left" if name == "NdFeB, g" else "right", no_wrap=True)
    for name in FIGURES:
        row = record[name]
        table.add_row(
            name, percent(row["inside"]), percent(row["below"]), percent(row["above"]), f"{row['true_g']:,.0f}",
            f"{row['mean_g']:,.0f}", f"{row['low_g']:,.0f} – {row['high_g']:,.0f}", f"{100 * row['bias']:+.1f} %",
        )  # fmt: skip
    console.print()
    console.print(table)
    if "deals" in record:
        spread = ", ".join(f"{name} {100 * record[name]['inside_sd']:.1f}" for name in FIGURES)
        console.print(
            f"Means over {record['deals']} deals of the models; share inside from deal to deal, sd: {spread}."
        )
    console.print(
        "Shares of lots whose truth lies inside, below or above the 90 % interval; masses are means over lots."
    )
