"""What a run's ledger begins with: where it is, how much is kept, and what the line sorts by."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from pydantic import Field

from neosort_datasets.assembly import Blind
from neosort_hardware.config import ConfigError, LineConfig, Section, load_toml
from neosort_inference.bundle import Bundle
from neosort_inference.faults.modes import MODE_OF, left_with
from neosort_inference.ledger.keeper import LedgerKeeper
from neosort_inference.ledger.observed import NEAR_SHARE, SortedBy, identity
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.retention_limits import GB, Limits
from neosort_inference.opening import must_take_files
from neosort_inference.operating_point import operating_point
from neosort_inference.recipe import Recipe

LIMITS_FILE = "ledger.toml"
OFF = "off"
SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")
PATIENCE_S = 60.0


class Retention(Section):
    """`ledger.toml`, beside the ledger: how much is kept, and for how long."""

    evidence_gb: float = Field(10.0, ge=0, le=100_000, description="pictures, all together; the oldest go first")
    evidence_days: float | None = Field(180.0, ge=0, description="pictures of lots closed longer ago go")
    lot_days: float | None = Field(None, ge=0, description="closed lots go whole after so long; left out: never")
    reserve_gb: float = Field(1.0, ge=0, le=100_000, description="of the disk, that pictures leave to the records")

    def limits(self) -> Limits:
        """As the writer wants them."""
        return Limits(
            evidence_bytes=round(self.evidence_gb * GB),
            evidence_days=self.evidence_days,
            lot_days=self.lot_days,
            reserve_bytes=round(self.reserve_gb * GB),
        )


def limits_at(place: Place) -> Limits:
    """The limits of a ledger: its own file's, or the defaults. Raises `ConfigError`."""
    file = place.folder / LIMITS_FILE
    return load_toml(file, Retention).limits() if file.exists() else Retention().limits()


def ledger_url(asked: str | None, folder: Path) -> str:
    """Where a ledger is: what was asked for, or in ``folder``. Nothing is opened. Raises `ConfigError`.

    SQLAlchemy is not loaded for it: the loop's process does without.
    """
    if asked is None:
        return Place(folder=folder).url
    scheme, mark, _ = asked.partition("://")
    if mark and scheme not in SCHEMES:
        raise ConfigError(f"--ledger {scheme}://…: only {', '.join(SCHEMES)}, a file, or '{OFF}'")
    if mark:
        return asked
    file = Path(asked).absolute()
    must_take_files("--ledger", file.parent)
    return f"sqlite:///{file}"


def url_of_run(asked: str | None, folder: Path, *, fast: bool) -> str | None:
    """Where the ledger of a run is, None where it is to have none; see `keeper_of`. Raises `ConfigError`."""
    return None if asked == OFF or (fast and asked is None) else ledger_url(asked, folder)


def keeper_of(config: LineConfig, by: SortedBy, *, folder: Path, asked: str | None, fast: bool) -> LedgerKeeper | None:
    """The ledger of a run, its files in ``folder``; None where it is to have none. Raises `ConfigError`.

    ``fast``: in virtual time, where nothing real is sorted, there is one only where it was ``asked`` for.
    """
    url = url_of_run(asked, folder, fast=fast)
    if url is None:
        return None
    must_take_files("ledger folder", folder)
    place = Place(folder=folder)
    patience_s = PATIENCE_S if fast else 0.0
    limits = limits_at(place)
    return LedgerKeeper(url, place, line=config.name, sorted_by=by, limits=limits, patience_s=patience_s)


def sorted_by(config: LineConfig, recipe: Recipe, bundle: Bundle, blind: Blind) -> SortedBy:
    """What a line sorts by, as its records name it."""
    metadata = bundle.metadata
    rules = recipe.model_dump(mode="json")
    constants = config.calibration.model_dump(mode="json")
    thresholds = {MODE_OF[one].value: operating_point(recipe, bundle, one).p_ndfeb for one in left_with(blind)}
    recipe_id, bundle_id = identity(recipe.name, rules), identity(metadata.name, metadata.sha256)
    calibration_id = identity(config.name, constants)
    detail = {
        "line": config.name,
        "recipe": {"id": recipe_id, "rules": rules},
        "bundle": {"id": bundle_id, "sha256": metadata.sha256},
        "calibration": {"id": calibration_id, "constants": constants},
        "p_ndfeb_from": thresholds,
        "neosort": version("neosort"),
    }
    return SortedBy(
        recipe_id=recipe_id,
        bundle_id=bundle_id,
        calibration_id=calibration_id,
        near_p=NEAR_SHARE * min(thresholds.values()),
        detail=detail,
    )
