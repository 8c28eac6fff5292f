"""`neosort bench ledger`: how fast the ledger is written, and what that costs a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from neosort_datasets.progress import shown
from neosort_inference.bench.record import Record, keep, must_take_json, origin
from neosort_inference.opening import must_take_files, open_bundle
from neosort_inference.options import BundleOption, JsonOption


def ledger(
    *,
    decisions: Annotated[int, typer.Option(min=100, max=1_000_000, help="Decisions to write in a round.")] = 4000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Times that everything is measured.")] = 3,
    rate: Annotated[float, typer.Option(min=1, max=1000, help="Decisions a second beside which is measured.")] = 33.0,
    postgresql: Annotated[
        str | None,
        typer.Option(help="A PostgreSQL server's URL. Left out: a private one on this machine, where there is any."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="On the disk to measure. Left out: the one of temporary files.", file_okay=False)
    ] = None,
    bundle: BundleOption = None,
    json_file: JsonOption = None,
) -> None:
    """How fast is the ledger written, and what does writing add to a decision? By the clock.

    Records as on a line, every second decision a shot with a picture, committed to the disk by the writer's own
    process. Then decisions at a belt's pace, with and without a ledger in turn. Everything is taken away again.
    """
    from neosort_inference.bench import ledger as bench  # noqa: PLC0415  # SQLAlchemy: a line's process does without

    model = open_bundle(bundle)
    must_take_json(json_file)
    if folder is not None:
        must_take_files("--folder", folder)
    console = Console()
    with bench.databases(postgresql) as databases, shown(console, "rounds", rounds * 3 * len(databases)) as done:
        written = []
        for _ in range(rounds):
            for name, url in databases.items():
                written.append(bench.write_through(name, url, decisions, folder))
                done()
        beside = {
            name: bench.decide_beside(model, url, decisions=200, rounds=rounds, per_s=rate, progress=done)
            for name, url in databases.items()
        }
    record: Record = {
        "written": bench.figures(written),
        "decision_ms": beside,
        "handing_over_us": bench.handing_over_us(500),
    } | origin()
    bench.print_ledger(record, console)
    keep(record, json_file, console)
