"""`neosort bench`: measurements on the simulated line, of the loop, the model by itself, and the valves' timing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from neosort_datasets.progress import shown
from neosort_hardware.config import ConfigError
from neosort_inference.bench import crowding as crowding_bench
from neosort_inference.bench import model as model_bench
from neosort_inference.bench import start as start_bench
from neosort_inference.bench import timing as timing_bench
from neosort_inference.bench.balance_cli import balance, trial
from neosort_inference.bench.counted_by import CountedBy
from neosort_inference.bench.crowding_screen import plot_crowding, print_crowding
from neosort_inference.bench.devices_cli import devices
from neosort_inference.bench.fleet import fleet
from neosort_inference.bench.ledger_cli import ledger as ledger_bench
from neosort_inference.bench.line_cli import line
from neosort_inference.bench.record import keep, must_take_json, origin
from neosort_inference.bench.screen import print_senses
from neosort_inference.bench.senses import BLIND, belts_of, compare, sort_belts
from neosort_inference.bench.twin import RoundSize, figures, measure, print_twin, rated
from neosort_inference.bench.viewer import viewer
from neosort_inference.opening import bundle_path, must_take_files, open_bundle, open_config, open_recipe
from neosort_inference.operating_point import operating_point
from neosort_inference.options import AloneOption, BeltSpeedOption, BundleOption, ConfigOption, JsonOption, RecipeOption

DEFAULT_RATES = (5.0, 10.0, 20.0, 33.0)

app = typer.Typer(no_args_is_help=True, help="Measure the product: the line, the loop, the model, the valves' timing.")


@app.callback()
def bench() -> None:
    """Measure the product: the simulated line, in virtual time; loop, model, and the valves' timing, by the clock."""


app.command()(line)
app.command("ledger")(ledger_bench)
app.command()(fleet)
app.command()(devices)
app.command()(balance)
app.command()(trial)
app.command()(viewer)


@app.command()
def senses(
    *,
    items: Annotated[int, typer.Option(min=1, help="Items to sort with each sense, over all seeds.")] = 5000,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Belts that the items are split over.")] = 3,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first belt; the others follow on.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes, of one thread each.")] = 2,
    alone: AloneOption = False,
    config: ConfigOption = None,
    belt_speed: BeltSpeedOption = None,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    json_file: JsonOption = None,
) -> None:
    """How much is fusion worth? Sorts the same belts with camera and field, by the camera alone, by the field alone.

    Each sense sorts at its own threshold for the recipe's purity. Computing is charged to virtual time: more workers
    than idle cores show as latency, unless it is counted by the processor (``--alone``).
    """
    line, rules = open_config(config, belt_speed), open_recipe(recipe)
    model = open_bundle(bundle, line)
    points = {sense: operating_point(rules, model, blind) for sense, blind in BLIND.items()}
    must_take_json(json_file)
    counted_by = CountedBy.PROCESSOR if alone else CountedBy.CLOCK
    belts = belts_of(
        line, bundle_path(bundle, line), rules, range(first_seed, first_seed + seeds), items, counted_by=counted_by
    )
    console = Console()
    with shown(console, "items", sum(belt.items for belt in belts)) as done:
        runs = sort_belts(belts, workers, done)
    record = compare(runs)
    for sense, point in points.items():
        record[sense] |= {"threshold": point.p_ndfeb, "threshold_basis": point.basis}
    record |= {
        "line": {"config": line.name, "belt_speed_m_per_s": line.belt.speed_m_per_s, "feed": line.twin.feed.models},
        "bundle": {"name": model.metadata.name, "recipe": rules.name, "purity_target": rules.purity_target},
        "time": counted_by.value,
    } | origin()
    print_senses(record, console)
    keep(record, json_file, console)
    raise typer.Exit(1 if any(record[sense]["fired_late"] for sense in BLIND) else 0)


@app.command()
def twin(
    *,
    rounds: Annotated[int, typer.Option(min=5, max=100, help="Times that everything is measured.")] = 5,
    windows: Annotated[int, typer.Option(min=10, max=2000, help="Labelled windows a round.")] = 80,
    config: ConfigOption = None,
    json_file: JsonOption = None,
) -> None:
    """How fast is the simulated belt? Frames, labelled windows, items laid down; a rated belt against real time.

    Processor time of one thread, medians over the rounds. Every picture is read before, which is told by itself.
    """
    line = open_config(config, None)
    must_take_json(json_file)
    console = Console()
    with shown(console, "rounds", rounds + 1) as done:
        record = figures(*measure(line, rounds, RoundSize(windows=windows), done))
    record |= {
        "line": {"config": line.name},
    } | origin()
    print_twin(record, console)
    keep(record, json_file, console)


@app.command()
def model(
    *,
    bundle: Annotated[
        list[Path] | None,
        typer.Option(help="Model bundle (.onnx), repeatable; the first is the one that counts. Left out: the shipped."),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="What to measure against: a file that 'neosort-train export-reference' wrote."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=5, max=10_000, help="Times that each is run, in turn.")] = 100,
    json_file: JsonOption = None,
) -> None:
    """How long does one window take? Bundles and a reference in turn, on one thread of this machine.

    A bundle is run on a window of the grid it was exported for. Ratios hold on another machine better than
    milliseconds; on a busy one too.
    """
    contestants = [model_bench.bundle_contestant(path) for path in bundle or [bundle_path(None)]]
    rival = None if reference is None else model_bench.reference_contestant(reference)
    must_take_json(json_file)
    console = Console()
    with shown(console, "rounds", rounds) as done:
        every = [*contestants, *([] if rival is None else [rival])]
        timings = model_bench.measure(every, rounds, done)
    record = model_bench.figures(
        list(zip(contestants, timings, strict=False)), None if rival is None else (rival, timings[-1])
    )
    record |= origin()
    model_bench.print_model(record, console)
    keep(record, json_file, console)


@app.command()
def timing(
    *,
    seconds: Annotated[float, typer.Option("--for", min=2, max=3600, help="Seconds of each of the two runs.")] = 60.0,
    rate: Annotated[float, typer.Option(min=1, max=60, help="Shots a second.")] = 33.0,
    bundle: BundleOption = None,
    json_file: JsonOption = None,
) -> None:
    """How exactly do our own valves move? The shot process over ramps of belt speed, alone and under full load.

    In real time. Load: the bundle without a pause on every core, and a busy Python program. Says plainly when the
    machine gives no real-time rights.
    """
    open_bundle(bundle)  # what is wrong with it is said before a minute has passed
    must_take_json(json_file)
    console = Console()
    shots = round(seconds * rate)
    with shown(console, "shots, unloaded", shots) as done:
        alone = timing_bench.run_shots(seconds, rate, done)
    with shown(console, "shots, loaded", shots) as done, timing_bench.full_load(bundle_path(bundle)):
        loaded = timing_bench.run_shots(seconds, rate, done)
    record = timing_bench.figures(alone, loaded) | {"shots_per_s": rate, "seconds": seconds} | origin()
    timing_bench.print_timing(record, console)
    keep(record, json_file, console)


@app.command()
def start(
    *,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Times that a run is started.")] = 5,
    page: Annotated[bool, typer.Option(help="Serve the page too, on any free port.")] = True,
    ledger: Annotated[bool, typer.Option(help="Keep a ledger, too.")] = True,
    config: ConfigOption = None,
    belt_speed: BeltSpeedOption = None,
    json_file: JsonOption = None,
) -> None:
    """How soon does a line sort? From the start of the process to the first window decided, and how soon it ends.

    Started and listened to as systemd would, then stopped by SIGTERM.
    """
    open_config(config, belt_speed)  # what is wrong with it is said at once
    must_take_json(json_file)
    arguments = ["--port", "0"] if page else ["--headless"]
    arguments += [] if ledger else ["--ledger", "off"]
    arguments += [] if config is None else ["--config", str(config)]
    arguments += [] if belt_speed is None else ["--belt-speed", str(belt_speed)]
    console = Console()
    with shown(console, "starts", repeats) as done:
        starts = []
        for _ in range(repeats):
            starts.append(start_bench.timed_start(arguments))
            done()
    record = start_bench.figures(starts) | origin()
    start_bench.print_start(record, console)
    keep(record, json_file, console)


@app.command()
def crowding(
    *,
    rates: Annotated[
        list[float] | None,
        typer.Option("--rate", min=0.1, max=100, help="Items/s per metre of width, repeatable. [default: 5 10 20 33]"),
    ] = None,
    shots: Annotated[int, typer.Option(min=10, help="Shots at each rate, over all seeds.")] = 1000,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Belts that the shots are split over.")] = 2,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first belt; the others follow on.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes, of one thread each.")] = 2,
    config: ConfigOption = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the curve into this file (PNG or SVG).", dir_okay=False)
    ] = None,
    json_file: JsonOption = None,
) -> None:
    """How many shots catch a neighbour? A belt 1 m wide at 2.8 m/s, every bearing item known and shot at.

    The truth does the recognising, so that what is left is the jets and the crowd. Shots are widened by 10 mm to either
    side along the belt. With --config: that line as it is, its shots widened by its own position_sigma_mm.
    """
    line = crowding_bench.with_margin(rated(open_config(None))) if config is None else open_config(config)
    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise ConfigError(f"--plot {plot}: only .png and .svg are drawn")
    if plot is not None:
        must_take_files("--plot", plot.parent)
    must_take_json(json_file)
    belts = crowding_bench.belts_of(line, rates or DEFAULT_RATES, shots, range(first_seed, first_seed + seeds))
    console = Console()
    with shown(console, "shots", sum(belt.shots for belt in belts)) as done:
        record = crowding_bench.measure(belts, workers, done)
    record["line"] = {
        "config": line.name,
        "belt_width_mm": line.belt.width_mm,
        "belt_speed_m_per_s": line.belt.speed_m_per_s,
        "feed": line.twin.feed.model_dump(exclude={"items_per_s_per_m"}),
        "position_sigma_mm": line.calibration.position_sigma_mm,
    }
    record |= origin()
    print_crowding(record, console)
    if plot is not None:
        plot_crowding(record, plot)
        console.print(f"plot: {plot}", highlight=False, markup=False, soft_wrap=True)
    keep(record, json_file, console)
