"""`neosort-data sprites …`: path-trace the catalogue into the atlas that the twin's camera shows."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from neosort_datasets.rendering.extra import RenderError, require_renderer
from neosort_hardware.types import ImageU8

sprites = typer.Typer(
    no_args_is_help=True, help="Path-trace the pictures of the twin's items; needs the extra 'render' of neosort."
)
ATLAS = Path("hardware/neosort_hardware/twin/sprites")
WORK = Path("runs/sprites")
COLUMNS = (
    TextColumn("sprites"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
    TextColumn("{task.description}"),
)


@sprites.command()
def build(
    *,
    out: Annotated[Path, typer.Option(help="Folder of the atlas.")] = ATLAS,
    work: Annotated[Path, typer.Option(help="Where finished sprites are kept; a broken build goes on there.")] = WORK,
    look: Annotated[list[str] | None, typer.Option(help="Draw these looks alone; the others as they are.")] = None,
    add: Annotated[
        bool, typer.Option("--add", help="Draw only what the atlas lacks, into packs beside those that it has.")
    ] = False,
    redraw: Annotated[
        bool, typer.Option("--redraw", help="Replace the packs of the looks named by --look; all others stay.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core if left out.")] = None,
) -> None:
    """Draw every model in every pose that is not finished yet, and pack all that is finished into an atlas.

    Nothing finished is lost when it is broken off; after a change of a shape or its paint only what changed is drawn
    again. What cannot be drawn is named, and all the rest is packed. With --add, no sprite that the atlas has is
    drawn or packed again, and what is new is drawn with the same settings; with --redraw, the looks of --look alone are
    packed anew.
    """
    if redraw and (add or not look):
        raise RenderError("--redraw needs --look, and cannot go with --add")
    require_renderer()
    from neosort_datasets.rendering import build as builder  # noqa: PLC0415 (needs the extra)
    from neosort_datasets.rendering.atlas_writer import add_to_atlas, present, replace_in_atlas, write_atlas  # noqa: PLC0415
    from neosort_datasets.rendering.kept import RenderSettings  # noqa: PLC0415
    from neosort_datasets.rendering.worklist import tasks  # noqa: PLC0415

    settings, wanted = RenderSettings(), tasks(tuple(look or ()))
    if add or redraw:
        settings, there = present(out)
    if add:
        wanted = [task for task in wanted if task.key not in there]
    with Progress(*COLUMNS) as progress:
        bar = progress.add_task("", total=len(wanted))

        def done(outcome: builder.Outcome) -> None:
            progress.update(bar, advance=1, description=outcome.task.key)
            if outcome.problem:
                progress.console.print(outcome.problem, style="red", highlight=False)

        outcomes = builder.build(wanted, work, settings, workers=workers or os.cpu_count() or 1, done=done)
    if add or redraw:
        into = add_to_atlas if add else replace_in_atlas
        size = into(out, builder.finished_sprites(wanted, work, settings))
    else:
        libraries = {name: version(name) for name in ("mitsuba", "drjit", "pyoidn", "numpy")}
        size = write_atlas(
            out,
            builder.finished_sprites(tasks(), work, settings),
            px_per_mm=settings.px_per_mm,
            built_with={**libraries, "samples": settings.samples, "fineness": settings.fineness},
        )
    typer.echo(f"{out}: {size / 1e6:.1f} MB, {sum(outcome.drawn for outcome in outcomes)} sprites drawn now")
    failed = sum(bool(outcome.problem) for outcome in outcomes)
    if failed:
        raise RenderError(f"{failed} of {len(wanted)} sprites could not be drawn")


@sprites.command()
def preview(
    model: Annotated[str, typer.Argument(help="Name of the model, such as hdd35-07.")],
    *,
    out: Annotated[Path, typer.Option(help="PNG to write.")],
    pose: Annotated[str | None, typer.Option(help="Name of one pose's sprite; all of them if left out.")] = None,
    px_per_mm: Annotated[float | None, typer.Option(min=0.5, max=20, help="Scale; large if left out.")] = None,
) -> None:
    """Draw one item large: under the even ring, lit from the right, lit from the upper left; one row a pose."""
    require_renderer()
    from neosort_datasets.rendering.preview import preview as drawn_large  # noqa: PLC0415 (needs the extra)

    _write_png(out, drawn_large(model, pose, px_per_mm))


@sprites.command()
def sheet(
    look: Annotated[str, typer.Option(help="Which look.")],
    *,
    out: Annotated[Path, typer.Option(help="PNG to write.")],
    work: Annotated[Path, typer.Option(help="Where finished sprites are kept.")] = WORK,
) -> None:
    """Lay the finished sprites of a look out on the belt, with their names."""
    from neosort_datasets.rendering.sheet import contact_sheet  # noqa: PLC0415

    _write_png(out, contact_sheet(look, work))


def _write_png(path: Path, picture: ImageU8) -> None:
    if path.suffix.lower() != ".png":
        raise RenderError(f"--out is '{path}', must end in .png")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())
    typer.echo(f"{path}: {picture.shape[1]} × {picture.shape[0]} px")
