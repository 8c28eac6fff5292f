"""Options that several commands share, and the values behind them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class BlindSense(StrEnum):
    """A sense to switch off."""

    NONE = "none"
    CAMERA = "camera"
    FIELD = "field"


class LogForm(StrEnum):
    """What a run says on standard output."""

    TEXT = "text"
    JSON = "json"


ConfigOption = Annotated[Path | None, typer.Option(help="The line (TOML). Left out: the simulated line as built in.")]
BundleOption = Annotated[
    Path | None,
    typer.Option(
        help="Model bundle (.onnx). Left out: of the shipped ones that which covers the belt in fewest passes."
    ),
]
RecipeOption = Annotated[Path | None, typer.Option(help="What to eject (TOML). Left out: the default recipe.")]
BeltSpeedOption = Annotated[
    float | None, typer.Option(help="Belt speed in m/s, instead of the configuration's.", show_default=False)
]
ReportOption = Annotated[
    Path | None, typer.Option(help="Folder for report.html, report.json and decisions.jsonl.", file_okay=False)
]
BlindOption = Annotated[BlindSense, typer.Option(help="Switch a sense off, to see what it is worth.")]
HeadlessOption = Annotated[bool, typer.Option(help="No web page.")]
HostOption = Annotated[str, typer.Option(help="Address the web page listens on.")]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0 takes any free one.")]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help="Folder for what outlives a run: accounts, recipes, models, calibrations, the trail of changes. Left out: "
        "systemd's STATE_DIRECTORY, or ~/.local/state/neosort.",
        file_okay=False,
        show_default=False,
    ),
]
FleetOption = Annotated[
    Path | None,
    typer.Option(help="The plant's MQTT broker (TOML): tell it how the line stands. Left out: nobody.", dir_okay=False),
]
LogOption = Annotated[
    LogForm, typer.Option("--log", help="What is said here: for people, or as lines of JSON for machines.")
]
LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="FILE|URL|off",
        help="Where lots and decisions are kept: a file (SQLite), postgresql://…, or 'off'. Left out: ledger/ledger.db "
        "in the state folder, and off in virtual time.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    Path | None, typer.Option("--json", help="Write every figure to this file (JSON).", dir_okay=False)
]
AloneOption = Annotated[
    bool, typer.Option("--alone", help="Charge this program's own processor time, as if nothing else ran.")
]
