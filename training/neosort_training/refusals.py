"""Bad input of a command ends in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from neosort_datasets.store import StoreError
from neosort_hardware.config import ConfigError
from neosort_inference.bundle import BundleError
from neosort_training.checkpoint import CheckpointError
from neosort_training.data import KindError
from neosort_training.export import ExportError

BAD_INPUT = (
    ConfigError,
    StoreError,
    BundleError,
    CheckpointError,
    KindError,
    ExportError,
    ValueError,
    FloatingPointError,
    OSError,
)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Bad input: one sentence on stderr and exit code 2, no traceback."""
    try:
        yield
    except BAD_INPUT as error:
        typer.echo(" ".join(str(error).split()), err=True)
        raise typer.Exit(2) from error
