"""`neosort-data`: make, check and describe what models learn from.

Each group of commands lives in a `commands_*.py` of its own as plain functions; this file gives them their names.
"""

from __future__ import annotations

import typer
from rich.console import Console

from neosort_datasets.commands_interchange import export, import_
from neosort_datasets.commands_recording import cut
from neosort_datasets.commands_sprites import sprites
from neosort_datasets.commands_store import split, stats, verify, view
from neosort_datasets.commands_synth import synth
from neosort_datasets.interchange.claims import InterchangeError, MissingExtraError
from neosort_datasets.recording import RecordingError
from neosort_datasets.rendering.extra import RenderError
from neosort_datasets.store import StoreError
from neosort_hardware.config import ConfigError

# Errors of the user's making: one sentence each, exit code 2.
REFUSALS = (ConfigError, StoreError, InterchangeError, MissingExtraError, RecordingError, RenderError)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Make and check what models learn from: stores of labelled belt windows and of labelled pictures.\n\n"
    "'synth' makes windows of one split of the item models; train on 'train', choose by 'validation', and judge once, "
    "at the end, by 'held-out'. 'cut' takes windows from recordings of a line, 'import' other people's pictures, "
    "'export' gives ours; 'verify', 'stats', 'view' and 'split' work on either kind of store.",
)

app.command()(synth)
app.command()(cut)
app.command("import")(import_)
app.command()(export)
app.command()(verify)
app.command()(stats)
app.command()(view)
app.command()(split)
app.add_typer(sprites, name="sprites")


def main() -> None:
    """Entry point: errors of the user's making end in one sentence and exit code 2."""
    try:
        app()
    except REFUSALS as error:
        Console(stderr=True).print(f"neosort-data: {error}", style="bold red", highlight=False, soft_wrap=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
