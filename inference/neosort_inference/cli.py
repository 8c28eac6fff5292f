"""`neosort`: sort, on a simulated or a real line, or what a recording or a folder of photographs shows."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from neosort_datasets.photographs import PhotographError
from neosort_datasets.recording import RecordingError
from neosort_hardware.config import ConfigError
from neosort_hardware.devices import DeviceError
from neosort_inference.access.cli import account, token
from neosort_inference.bench.cli import app as bench
from neosort_inference.bench.parallel import JobError
from neosort_inference.bundle import BundleError
from neosort_inference.calibration.cli import app as calibrate
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.change_cli import change
from neosort_inference.commands import RunOptions, run_line
from neosort_inference.devices_cli import app as devices
from neosort_inference.doctor.command import doctor
from neosort_inference.fleet.cli import app as fleet_app
from neosort_inference.ledger.ledger_cli import app as ledger_app
from neosort_inference.ledger.lot_cli import app as lot
from neosort_inference.ledger.records import LedgerError
from neosort_inference.logs import LogWatcher, json_lines
from neosort_inference.model_cli import app as model
from neosort_inference.opening import must_be_new, open_config
from neosort_inference.options import (
    BeltSpeedOption,
    BlindOption,
    BlindSense,
    BundleOption,
    ConfigOption,
    FleetOption,
    HeadlessOption,
    HostOption,
    LedgerOption,
    LogForm,
    LogOption,
    PortOption,
    RecipeOption,
    ReportOption,
    StateOption,
)
from neosort_inference.passport.cli import app as passport
from neosort_inference.plant.command import app as opcua_tools
from neosort_inference.plant.process import PlantError
from neosort_inference.recording_run import RecordOptions, record_line
from neosort_inference.replaying import replay_source
from neosort_inference.soak.command import soak
from neosort_inference.ui.server import PageError

YEAR_S = 365 * 24 * 3600

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Finds NdFeB-bearing items on an e-waste belt and blows them out. 'neosort run' sorts, 'neosort record' "
    "keeps a run, 'neosort replay' sorts what was recorded or photographed, 'neosort devices' shows what is connected, "
    "'neosort model' what a bundle is, 'neosort change' gives a running line another, "
    "'neosort calibrate' measures what the line goes by, 'neosort lot' opens and closes lots, "
    "'neosort ledger' says whether their records are as they were written, "
    "'neosort fleet' shows the lines of a plant, "
    "'neosort doctor' says whether all is well, 'neosort soak' whether it stays so, "
    "'neosort bench' measures. Press Ctrl-C to stop a run in good order.",
)

app.command()(change)
app.command()(doctor)
app.command()(soak)
app.add_typer(bench, name="bench")
app.add_typer(account, name="account")
app.add_typer(token, name="token")
app.add_typer(calibrate, name="calibrate")
app.add_typer(devices, name="devices")
app.add_typer(model, name="model")
lot.add_typer(passport)  # among the others of `neosort lot`
app.add_typer(lot, name="lot")
app.add_typer(ledger_app, name="ledger")
app.add_typer(fleet_app, name="fleet")
app.add_typer(opcua_tools, name="opcua")


@app.command()
def run(
    *,
    config: ConfigOption = None,
    seconds: Annotated[
        float | None, typer.Option("--for", min=1, max=YEAR_S, help="Seconds to run. Left out: until stopped.")
    ] = None,
    belt_speed: BeltSpeedOption = None,
    fast: Annotated[
        bool, typer.Option(help="Virtual time: as fast as the machine can. Computing is charged to it.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Everything random about a simulated line follows from it.")] = 1,
    headless: HeadlessOption = False,
    report: ReportOption = None,
    record: Annotated[Path | None, typer.Option(help="Keep the run as a recording (MCAP).", dir_okay=False)] = None,
    blind: BlindOption = BlindSense.NONE,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    state: StateOption = None,
    ledger: LedgerOption = None,
    fleet: FleetOption = None,
    opcua: Annotated[
        Path | None, typer.Option(help="Serve the plant's control system over OPC UA, as this file (TOML) says.")
    ] = None,
    log: LogOption = LogForm.TEXT,
    shadow: Annotated[
        Path | None,
        typer.Option(help="A second bundle that looks on and fires nothing; differences are counted and logged."),
    ] = None,
    control: Annotated[
        Path | None, typer.Option(help="Socket at which 'neosort change' may ask this line for another bundle …")
    ] = None,
) -> None:
    """Sort a line, with a live view here and in the browser, and a report at the end.

    Exit code 1 if a shot was ever fired too late, 2 for anything wrong with what was asked.
    """
    line = open_config(config, belt_speed)
    options = RunOptions(
        seconds=seconds, fast=fast, seed=seed, headless=headless, report=report, record=record, blind=blind.value,
        bundle=bundle, recipe=recipe, host=host, port=port, state=state, ledger=ledger,
        shadow=shadow, control=control, fleet=fleet,
        opcua=opcua,
    )  # fmt: skip
    if log is LogForm.TEXT:
        raise typer.Exit(run_line(line, options, Console()))
    with json_lines():
        raise typer.Exit(run_line(line, options, Console(quiet=True), LogWatcher()))


@app.command()
def record(
    file: Annotated[Path, typer.Argument(help="The recording to write (.mcap); never overwritten.", dir_okay=False)],
    *,
    config: ConfigOption = None,
    seconds: Annotated[
        float | None, typer.Option("--for", min=1, max=YEAR_S, help="Seconds to record. Left out: until stopped.")
    ] = None,
    sorting: Annotated[
        bool, typer.Option("--sorting/--no-sorting", help="Sort meanwhile, or keep every valve closed.")
    ] = True,
    belt_speed: BeltSpeedOption = None,
    fast: Annotated[bool, typer.Option(help="Virtual time: as fast as the machine can.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Everything random about a simulated line follows from it.")] = 1,
    headless: HeadlessOption = True,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    state: StateOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Record a line: frames, field, encoder, and what it decides and fires; the truth too where the line is simulated.

    Replay it with 'neosort replay', cut it into windows to learn from with 'neosort-data cut'. A disk that is too slow
    or hangs does not hold up the sorting: what it does not take is dropped, counted, and said at the end.
    """
    line = open_config(config, belt_speed)
    must_be_new("FILE", file)
    if not sorting:
        kept = RecordOptions(file=file, seconds=seconds, fast=fast, seed=seed)
        raise typer.Exit(record_line(line, kept, Console()))
    options = RunOptions(
        seconds=seconds, fast=fast, seed=seed, headless=headless, report=None, record=file, blind="none",
        bundle=bundle, recipe=recipe, host=host, port=port, state=state, ledger=ledger,
    )  # fmt: skip
    raise typer.Exit(run_line(line, options, Console()))


@app.command()
def replay(
    source: Annotated[Path, typer.Argument(help="A recording (.mcap), or a folder of photographs (camera only).")],
    *,
    config: ConfigOption = None,
    fast: Annotated[
        bool, typer.Option(help="As fast as the machine can, instead of at the pace of the recording.")
    ] = False,
    headless: HeadlessOption = False,
    report: ReportOption = None,
    blind: BlindOption = BlindSense.NONE,
    salvage: Annotated[bool, typer.Option(help="Read a torn recording up to where it is good.")] = False,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    state: StateOption = None,
) -> None:
    """Sort what was recorded, without firing at anything.

    A recording brings its own line configuration. Photographs have no field: they are sorted by the camera alone, each
    fitted to the width of the belt, and figures that need the truth stay empty.
    """
    options = RunOptions(
        seconds=None, fast=fast, seed=None, headless=headless, report=report, record=None, blind=blind.value,
        bundle=bundle, recipe=recipe, host=host, port=port, state=state,
    )  # fmt: skip
    line = None if config is None else open_config(config)
    raise typer.Exit(replay_source(source, line, options, Console(), salvage=salvage))


def main() -> None:
    """Entry point: what the user can mend ends in one sentence and exit code 2.

    SIGTERM ends whatever goes on, every device closed on the way; also as process 1 of a container, to which the kernel
    delivers no signal that nobody has asked for. While a line sorts it ends the run in good order instead.
    """
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except (
        BundleError, CalibrationError, ConfigError, DeviceError, JobError, LedgerError, PageError, PhotographError,
        PlantError, RecordingError,
    ) as error:  # fmt: skip
        print(f"neosort: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def _terminated(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
