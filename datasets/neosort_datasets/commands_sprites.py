"""`neosort-data sprites …`: path-trace the catalogue into the atlas that the twin's camera shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import typer

from neosort_datasets.rendering.extra import RenderError, require_renderer
from neosort_hardware.types import ImageU8

sprites = typer.Typer(
    no_args_is_help=True, help="Path-trace the pictures of the twin's items; needs 'neosort[render]'."
)


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


def _write_png(path: Path, picture: ImageU8) -> None:
    if path.suffix.lower() != ".png":
        raise RenderError(f"--out is '{path}', must end in .png")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())
    typer.echo(f"{path}: {picture.shape[1]} × {picture.shape[0]} px")
