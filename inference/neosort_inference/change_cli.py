"""`neosort change`: another bundle, recipe or calibration for a line that sorts, asked at its control socket."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from neosort_hardware.config import ConfigError
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.control import ask_line
from neosort_inference.asking.orders import Activate, Exchanged, GoBack, Order, RefusedError, Result, Shadow


def change(
    control: Annotated[Path, typer.Argument(help="Socket of the line: what its 'neosort run --control' was given.")],
    *,
    bundle: Annotated[Path | None, typer.Option(help="Sort by this model bundle (.onnx) from now on.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="Sort by this recipe (TOML) from now on.")] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Go by this calibration: a record (.json), or the line's configuration with new constants."),
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Sort by what the line sorted by before.")] = False,
    shadow: Annotated[
        Path | None, typer.Option(help="Let this bundle look on and fire nothing; differences are counted and logged.")
    ] = None,
    no_shadow: Annotated[bool, typer.Option("--no-shadow", help="No shadow any more; say how it compared.")] = False,
    by: Annotated[str | None, typer.Option(help="Who asks. [default: the user's name]", show_default=False)] = None,
    within_s: Annotated[float, typer.Option("--within", min=1, max=3600, help="Seconds to wait for the answer.")] = 60,
) -> None:
    """Change what a running line sorts by, without stopping its belt.

    What is asked for is loaded and tried beside the line: is it whole, does it say the same as the bundle in use of
    windows just seen, is it quick enough? Only then does the line change over, between two windows. A bundle that
    breaks down, or by which shots come too late, within its first 200 windows is left again at once. Exit code 1 when
    the line refuses, with its reason.
    """
    files: dict[Exchanged, Path | None] = {"bundle": bundle, "recipe": recipe, "calibration": calibration}
    asked: list[Order] = [
        *(
            Activate(what=what, file=str(file.resolve()), version=_name(file))
            for what, file in files.items()
            if file is not None
        ),
        *([GoBack()] if back else []),
        *([Shadow(file=str(shadow.resolve()), version=_name(shadow))] if shadow is not None else []),
        *([Shadow(file=None)] if no_shadow else []),
    ]
    if len(asked) != 1:
        raise ConfigError("ask for exactly one: --bundle, --recipe, --calibration, --back, --shadow or --no-shadow")
    try:
        result = ask_line(control, asked[0], by or getpass.getuser(), within_s)
    except RefusedError as refused:
        typer.echo(f"refused: {refused}", err=True)
        raise typer.Exit(1) from None
    except UnheardError as error:
        raise ConfigError(str(error)) from None
    typer.echo(said(asked[0], result))


def said(order: Order, result: Result) -> str:
    """The answer in words."""
    if isinstance(order, Shadow):
        if order.file is not None:
            return f"'{result['shadow']}' looks on"
        counts = result["items"]
        if not isinstance(counts, dict):
            return "there was no shadow"
        return "the shadow is gone; " + ", ".join(f"{what}: {count:,}" for what, count in counts.items())
    from_mm = result["from_mm"]
    told = "done before the first window" if from_mm is None else f"done from {from_mm:,.0f} mm of belt on"
    checked = result.get("checked")
    if not isinstance(checked, dict) or not checked.get("windows"):
        return told
    return (
        f"{told}; tried on {checked['windows']} windows with {checked['items']} items: "
        f"{checked['found_by_one']:.0%} found by one bundle alone, {checked['decided_otherwise']:.0%} decided "
        f"otherwise, {checked['pass_ms']:.1f} ms a pass"
    )


def _name(file: Path) -> str:
    return file.stem[:64]
