"""`neosort lot passport | export | verify | weigh`: what is given away with a lot."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from neosort_inference.balance.lot_balance import MODELS_IN_LOT
from neosort_inference.balance.weighing import Weighed, Weighing
from neosort_inference.options import BundleOption, LedgerOption, StateOption

# What a command does is loaded when it is called: a line that starts to sort has no use for databases and plots.

app = typer.Typer(
    no_args_is_help=True,
    help="Lots: weighings into an open one; passport, report and traceability of a closed one.",
)


class Form(StrEnum):
    """What a lot can be exported as."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    PARQUET = "parquet"
    EPCIS = "epcis"

    @property
    def suffix(self) -> str:
        """Of the file."""
        return {Form.JSON: ".passport.json", Form.EPCIS: ".epcis.jsonld"}.get(self, f".{self.value}")


LotArgument = Annotated[str, typer.Argument(help="The lot, by its name.")]


@app.command()
def passport(
    lot: LotArgument,
    *,
    bundle: BundleOption = None,
    trial: Annotated[Path | None, typer.Option(help="Trial of the line (TOML). Left out: the twin's.")] = None,
    composition: Annotated[Path | None, typer.Option(help="Rare earths by kind (TOML). Left out: shipped.")] = None,
    assay: Annotated[Path | None, typer.Option(help="A laboratory's assay of the lot's magnets (TOML).")] = None,
    makes: Annotated[float, typer.Option(min=1, help="Makes of one kind in the lot, at least.")] = MODELS_IN_LOT,
    state: StateOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Issue the passport of a closed LOT: mass balance, rare earths, what was weighed; signed with the ledger's key.

    One that is there already is kept beside it under a number.
    """
    from neosort_inference.passport import commands  # noqa: PLC0415
    from neosort_inference.passport.issuing import Standing  # noqa: PLC0415

    standing = Standing(bundle=bundle, trial=trial, composition=composition, makes=makes)
    commands.issue_passport(lot, standing, assay, commands.Where(ledger=ledger, state=state))


@app.command()
def export(
    lot: LotArgument,
    *,
    form: Annotated[Form, typer.Option("--format", help="As what.")] = Form.HTML,
    out: Annotated[Path | None, typer.Option(help="Into which file. Left out: named after the lot.")] = None,
    gs1: Annotated[Path | None, typer.Option(help="For EPCIS: the plant's GS1 identifiers (TOML).")] = None,
    shipped: Annotated[str | None, typer.Option(help="For EPCIS: when the product left, ISO 8601 with zone.")] = None,
    buyer: Annotated[str | None, typer.Option(help="For EPCIS: who took it, a GLN of 13 digits.")] = None,
    state: StateOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Write a closed LOT into a file: passport (JSON), report (HTML, PDF), decisions (CSV, Parquet), events (EPCIS)."""
    from neosort_inference.passport import commands  # noqa: PLC0415

    trace = commands.traceability(gs1, shipped, buyer)
    commands.export(lot, form, out, trace, commands.Where(ledger=ledger, state=state))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A passport (JSON).", dir_okay=False)],
    *,
    key: Annotated[Path | None, typer.Option(help="Public key (ledger.pub) of who should have signed it.")] = None,
    message: Annotated[
        Path | None,
        typer.Option(help="The lot's message, as the line's plant has it of the broker (JSON).", dir_okay=False),
    ] = None,
    held: Annotated[bool, typer.Option("--held", help="Hold it against the ledger that should have the lot.")] = False,
    state: StateOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Is a passport whole, unaltered, and by whom it should be? Exit code 1 when it is not.

    Without --key only its own key is held against it: that tells a change, not a forger.
    """
    from neosort_inference.passport import commands  # noqa: PLC0415

    where = commands.Where(ledger=ledger, state=state) if held or ledger is not None else None
    raise typer.Exit(0 if commands.verify(file, key, where, message) else 1)


@app.command()
def weigh(
    lot: LotArgument,
    what: Annotated[Weighed, typer.Argument(help="What was weighed.")],
    mass_kg: Annotated[float, typer.Argument(min=0, help="Its mass, kg.")],
    *,
    sigma_kg: Annotated[float | None, typer.Option(min=0, help="One standard deviation. Left out: 0.5 %.")] = None,
    by: Annotated[str, typer.Option(help="Who weighed it. Left out: who is logged in.")] = "",
    state: StateOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Put a weighing into the chain of a LOT that is open. Its balance is held against it."""
    from neosort_inference.passport import commands  # noqa: PLC0415

    weighing = Weighing(what=what, mass_kg=mass_kg, sigma_kg=sigma_kg)
    commands.weigh(lot, weighing, by, commands.Where(ledger=ledger, state=state))
