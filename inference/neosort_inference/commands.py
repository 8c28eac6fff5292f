"""What `neosort run` does: open what is asked for, sort, report, and leave everything closed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from neosort_datasets.assembly import Blind
from neosort_datasets.recording import RecordingError, RecordingWriter
from neosort_hardware.clock import Clock, RealClock, VirtualClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.line import open_line
from neosort_inference.access.serving import serving_of
from neosort_inference.asking.control import ControlSocket
from neosort_inference.bundle import load_bundle
from neosort_inference.bundle_choice import choose_bundle
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.record import SHORT
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.concluding import conclude, say_trouble, summary_of
from neosort_inference.decision_log import DECISIONS_FILE, DecisionLog
from neosort_inference.in_use import InUse
from neosort_inference.ledger.beginning import keeper_of, sorted_by, url_of_run
from neosort_inference.ledger.keeper import LedgerKeeper
from neosort_inference.onlookers import Watcher
from neosort_inference.opening import must_be_new, must_take_files, open_recipe
from neosort_inference.operating_point import operating_point
from neosort_inference.plant.process import PlantProcess
from neosort_inference.plant.settings import load_plant_config
from neosort_inference.plant.watcher import PlantWatcher
from neosort_inference.saying import say
from neosort_inference.service import service_watchers
from neosort_inference.sorting import Sorting, SortingPlan
from neosort_inference.state import State, state_folder
from neosort_inference.terminal import LiveTerminal
from neosort_inference.ui.running import Running
from neosort_inference.ui.server import PageProcess
from neosort_inference.watching import PageWatcher, TerminalWatcher

if TYPE_CHECKING:
    from neosort_inference.fleet.link import FleetLink

SLOW_DISK_S = 60.0
SHADOW_FILE = "shadow.jsonl"
LOGGER = logging.getLogger("neosort.line")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line asked for."""

    seconds: float | None
    fast: bool
    seed: int | None
    headless: bool
    report: Path | None
    record: Path | None
    blind: Blind
    bundle: Path | None
    recipe: Path | None
    host: str
    port: int
    state: Path | None = None
    ledger: str | None = None
    shadow: Path | None = None
    control: Path | None = None
    fleet: Path | None = None
    opcua: Path | None = None


def run_line(config: LineConfig, options: RunOptions, console: Console, *more: Watcher) -> int:
    """Sort a line and report, also on a run that broke off; the exit code. ``more``: who watches besides.

    Raises what the user can mend (see `cli.main`).
    """
    config, options = as_kept(config, options, console)
    plan = plan_of(options, config, console)
    with ExitStack() as stack:
        link = None if options.fleet is None else stack.enter_context(open_link(options.fleet, options, config))
        watchers = stack.enter_context(watching(options, config, console))
        line = stack.enter_context(open_line(config, clock_of(fast=options.fast), options.seed or 0))
        recorder = None
        if options.record is not None:
            recorder = stack.enter_context(open_recorder(options.record, config, fast=options.fast))
        log = stack.enter_context(open_log(options))
        keeper = stack.enter_context(open_keeper(options, config, plan))
        told = () if link is None else (link,)
        sorting = Sorting(line, plan, (*told, *watchers, *more), recorder, log, keeper=keeper, fleet=link)
        sorting.calibrate_into(state_of(options))
        failure = sort_and_keep(sorting, recorder)
    say_trouble(log, console)
    if keeper is not None and (keeper.committed or keeper.dropped or keeper.waiting):
        say(console, keeper.summary())
    if (shadow := sorting.shadowing.counts()) is not None:
        say(console, str(shadow))
    code = conclude(
        sorting.telemetry,
        config,
        sorting.plan,
        console,
        seed=options.seed,
        directory=options.report,
        truth=line.truth is not None,
    )
    if recorder is not None:
        say(console, summary_of(recorder))
    if failure is not None:
        raise failure
    return code


def sort_and_keep(sorting: Sorting, recorder: RecordingWriter | None = None) -> Exception | None:
    """Sort to the end and complete the recording. What broke either off comes back, to be raised after the report."""
    failure: Exception | None = None
    try:
        sorting.run()
    except Exception as error:
        failure = error
    if recorder is not None:
        try:
            recorder.close()
        except RecordingError as error:
            failure = failure or error
    return failure


def state_of(options: RunOptions) -> State:
    """Where what outlives a run is kept."""
    return State(folder=state_folder(options.state))


def as_kept(config: LineConfig, options: RunOptions, console: Console) -> tuple[LineConfig, RunOptions]:
    """The line with the calibration that is in force for it, to be run by the bundle and the recipe that were activated
    last, where nothing else is asked for. Each is said. Raises `ConfigError` where one cannot be used."""
    state = state_of(options)
    try:
        record = CalibrationStore(state.calibrations).in_force()
        calibrated = config if record is None else record.put_into(config)
    except CalibrationError as error:
        raise ConfigError(str(error)) from error
    bundle, recipe = options.bundle or InUse(state.bundles).file(), options.recipe or InUse(state.recipes).file()
    if record is not None:
        say(console, f"calibration {record.id[:SHORT]} of {record.at}, by {record.by}")
    if recipe is not None:
        say(console, f"recipe {recipe}")
    return calibrated, replace(options, bundle=bundle, recipe=recipe)


def plan_of(options: RunOptions, config: LineConfig, console: Console) -> SortingPlan:
    """How to sort that line. Whatever cannot come to a good end is refused here, before any device is opened."""
    choice = choose_bundle(options.bundle, config)
    say(console, choice.why)
    LOGGER.info("%s", choice.why)
    plan = SortingPlan(
        bundle=load_bundle(choice.path),
        recipe=open_recipe(options.recipe),
        blind=options.blind,
        seconds=options.seconds,
        shadow=None if options.shadow is None else load_bundle(options.shadow),
        shadow_log=None if options.report is None else options.report / SHADOW_FILE,
    )
    operating_point(plan.recipe, plan.bundle, plan.blind)
    if options.record is not None:
        must_be_new("--record", options.record)
    if options.report is not None:
        must_take_files("--report", options.report)
        (options.report / SHADOW_FILE).unlink(missing_ok=True)
    return plan


def clock_of(*, fast: bool) -> Clock:
    """The clock to sort by."""
    return VirtualClock() if fast else RealClock()


@contextmanager
def watching(options: RunOptions, config: LineConfig, console: Console) -> Iterator[tuple[Watcher, ...]]:
    """The terminal, the page unless headless, and whoever has started this process; all let go afterwards."""
    with ExitStack() as stack:
        watchers: list[Watcher] = []
        if not options.headless:
            running = Running(bundle=choose_bundle(options.bundle, config).path, recipe=open_recipe(options.recipe))
            serving = serving_of(config, state_of(options), show_secret=console.is_terminal, ledger=options.ledger)
            page = PageProcess(options.host, options.port, running, serving)
            stack.callback(page.stop)
            console.print(f"live page: {page.url}", soft_wrap=True)
            if serving.first_secret is not None:
                say(
                    console,
                    f"no accounts yet: whoever is at this machine may use the pages; {page.url}login?first makes the "
                    f"first admin with this one-time secret: {serving.first_secret}",
                )
            watchers.append(PageWatcher(page))
        if options.opcua is not None:
            plant = PlantProcess(load_plant_config(options.opcua), State(folder=state_folder(options.state)))
            stack.callback(plant.stop)
            say(console, f"OPC UA: {plant.url}")
            watchers.append(PlantWatcher(plant))
        terminal = stack.enter_context(LiveTerminal(console, for_s=options.seconds))
        watchers.append(TerminalWatcher(terminal))
        watchers += service_watchers(stack)
        if options.control is not None:
            watchers.append(control := ControlSocket(options.control))
            stack.callback(control.close)
        yield tuple(watchers)


def open_link(file: Path, options: RunOptions, config: LineConfig) -> FleetLink:
    """To the plant's broker. Imported where it is wanted: most lines stand by themselves."""
    from neosort_inference.fleet.link import FleetLink  # noqa: PLC0415
    from neosort_inference.fleet.settings import load_fleet_config  # noqa: PLC0415

    state = state_of(options)
    ledger = url_of_run(options.ledger, state.ledger, fast=options.fast)
    return FleetLink(load_fleet_config(file), config.name, state, ledger)


def open_recorder(file: Path, config: LineConfig, *, fast: bool) -> RecordingWriter:
    """A new recording. Virtual time waits for a slow disk, a belt does not."""
    return RecordingWriter(file, config, patience_s=SLOW_DISK_S if fast else 0.0)


@contextmanager
def open_log(options: RunOptions) -> Iterator[DecisionLog | None]:
    """Where a report is asked for: its decisions, as they come."""
    if options.report is None:
        yield None
        return
    with DecisionLog(options.report / DECISIONS_FILE) as log:
        yield log


@contextmanager
def open_keeper(options: RunOptions, config: LineConfig, plan: SortingPlan) -> Iterator[LedgerKeeper | None]:
    """The ledger of the run, where it has one; what waits is written on the way out."""
    by = sorted_by(config, plan.recipe, plan.bundle, plan.blind)
    folder = state_of(options).ledger
    keeper = keeper_of(config, by, folder=folder, asked=options.ledger, fast=options.fast)
    if keeper is None:
        yield None
        return
    with keeper:
        yield keeper
