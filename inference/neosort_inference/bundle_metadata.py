"""What a bundle says of itself: everything that a recipe, a ledger and a page need to know of a model, in JSON.

Shares run from 0 to 1. Recovery and purity here are of *recognition*: whole items of labelled windows, before any jet;
a detection that belongs to no item counts against purity as a picked item without NdFeB would.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from neosort_datasets.assembly import Blind
from neosort_datasets.window import WindowGrid
from neosort_hardware.config import Section

METADATA_KEY = "neosort"
SCHEMA_VERSION = 2

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Shares = tuple[Share, ...]


class Threshold(Section):
    """An operating point found on windows that were not learnt from. It promises nothing for windows to come.

    Fire at an item when P(NdFeB) ≥ ``p_ndfeb``: ``recovery`` of the bearing items at ``purity``, over ``n`` items.
    ``blind``: the sense that the line had to do without. A target that no threshold reaches has recovery 0.
    """

    blind: Blind = "none"
    purity_target: Share
    p_ndfeb: Share
    recovery: Share
    purity: Share
    n: Count


class GuaranteedThreshold(Section):
    """An operating point that was proven: the purity of the feed it was proven on is ``purity_target`` or better.

    Wrong with a probability of at most 1 − ``confidence``, each of them by itself. ``p_ndfeb`` is None, and so is all
    that follows from it, where nothing could be proven. ``recovery``, ``purity``, ``picks``: as seen on the windows it
    was proven on. ``evidence``: the e-value against "the purity is less"; proven from 1 / (1 − ``confidence``) on.
    """

    blind: Blind = "none"
    purity_target: Share
    confidence: Share
    p_ndfeb: Share | None
    recovery: Share | None = None
    purity: Share | None = None
    picks: Count = 0
    evidence: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.p_ndfeb is not None and (self.recovery is None or self.purity is None):
            raise ValueError("a proven threshold has a recovery and a purity")
        return self


class DatasetUsed(Section):
    """A store that a model was made with. ``origin``: how its windows were made; ``manifest_sha256``: of the manifest,
    which holds the hashes of all its files."""

    path: str
    split: str
    windows: Count
    seeds: tuple[int, ...]
    origin: str = ""
    manifest_sha256: str = ""


class Guarantee(Section):
    """Thresholds that were proven, and on what: what is promised stands or falls with it.

    ``exchangeable``: what is taken to be drawn alike and independently. ``feed``: what was on the belt.
    ``scenes_cut``: scenes that held more picks than the greatest number allowed for, and count as if they held that.
    """

    method: str
    statement: str
    exchangeable: str
    feed: str
    stores: tuple[DatasetUsed, ...]
    scenes: Count
    windows: Count
    items: Count
    bearing: Count
    scenes_cut: Count = 0
    points: tuple[GuaranteedThreshold, ...]


class RecoveryPurityCurve(Section):
    """What each threshold would give, by falling ``p_ndfeb``: recovery of items, of NdFeB mass, and purity."""

    blind: Blind = "none"
    items: Count
    bearing: Count
    p_ndfeb: Shares
    recovery: Shares
    recovery_mass: Shares
    purity: Shares

    @model_validator(mode="after")
    def _alike(self) -> Self:
        lengths = {len(self.p_ndfeb), len(self.recovery), len(self.recovery_mass), len(self.purity)}
        if len(lengths) != 1:
            raise ValueError("a recovery-purity curve has as many thresholds as values")
        return self


class Confusion(Section):
    """How often items of each kind were said to be of which. ``counts``: a row a kind of truth, in the order of
    ``truth``; a column a kind said, in the order of the bundle's kinds, and a last one for items not found."""

    truth: tuple[str, ...]
    counts: tuple[tuple[Count, ...], ...]
    strays: Count = Field(description="detections that belong to no item")

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        if len(self.counts) != len(self.truth) or len({len(row) for row in self.counts}) > 1:
            raise ValueError("a confusion has a row a kind, all of one length")
        return self


class MassErrorOfKind(Section):
    """Of the log ratio (1 + grams said) ÷ (1 + grams): its mean and standard deviation; the median relative error."""

    kind: str
    n: Count
    bias_log: float
    sd_log: Annotated[float, Field(ge=0)]
    median_relative: Annotated[float, Field(ge=0)]


class MassError(Section):
    """How far to believe a magnet mass, found on bearing items.

    What is said is a mean and a standard deviation of log(1 + grams). ``sigma_scale``: by how much that standard
    deviation must be multiplied for 68 % of the items to lie within it.
    """

    n: Count
    bias_log: float
    sigma_scale: Annotated[float, Field(ge=0)]
    median_relative: Annotated[float, Field(ge=0)]
    by_kind: tuple[MassErrorOfKind, ...] = ()


class Agreement(Section):
    """Two forms of one network on the same real windows, over items that either is sure to have seen.

    ``found_by_one``: share of them that only one has found. Of the others: mean and 95th percentile of the difference
    in P(NdFeB), 95th percentile of the distance of box edges, and median relative difference in grams.
    """

    windows: Count
    items: Count
    found_by_one: Share
    p_ndfeb_mean: Share
    p_ndfeb_p95: Share
    boxes_mm_p95: Annotated[float, Field(ge=0)]
    magnet_g_median_relative: Annotated[float, Field(ge=0)]


class Quantisation(Section):
    """How a network of eight bits came about. ``recovery_loss``: of items at purity 95 %, against fp32, on the windows
    that the thresholds were found on, as shares; negative where eight bits did better."""

    scheme: str
    calibration_windows: Count
    float_nodes: tuple[str, ...] = Field((), description="convolutions that stay in float")
    against_fp32: Agreement
    recovery_loss: float


class PresenceOfScore(Section):
    """P(an item lies there) = σ(``slope`` · logit(score) + ``offset``), a factor of P(NdFeB) within the graph."""

    slope: float
    offset: float

    def at(self, score: float) -> float:
        """P(an item lies there) at a score between 0 and 1."""
        return 1.0 / (1.0 + math.exp(-self.slope * math.log(score / (1.0 - score)) - self.offset))


class Provenance(Section):
    """How the model was made. ``command``, ``config``: of the training; ``export_command``: of the bundle."""

    command: str
    config: str = Field(description="text of the training configuration")
    datasets: tuple[DatasetUsed, ...]
    epochs: Count
    steps: Count
    versions: dict[str, str] = Field(description="of neosort, torch and the others, by name")
    export_command: str = ""
    made_at: str = Field(description="UTC, ISO 8601")


class BundleMetadata(Section):
    """What a bundle says of itself. ``measured_on``: the stores that thresholds, curves, confusion and mass error were
    found on, whose windows have ``measured_grid``: where it differs from ``grid``, these were found on windows of
    another size than the bundle reads."""

    schema_version: Literal[2]
    name: str
    precision: Literal["fp32", "int8"]
    kinds: tuple[str, ...] = Field(min_length=1)
    grid: WindowGrid
    units: dict[str, str]
    score_min: Share = Field(description="detections below it were left out when thresholds were found")
    presence: PresenceOfScore | None = Field(None, description="None: P(NdFeB) supposes that there is an item")
    thresholds: tuple[Threshold, ...]
    guarantee: Guarantee | None = None
    measured_on: tuple[DatasetUsed, ...] = ()
    measured_grid: WindowGrid | None = None
    curves: tuple[RecoveryPurityCurve, ...] = ()
    confusion: Confusion | None = None
    mass_error: MassError | None = None
    parity: float | None = Field(None, ge=0, description="largest difference between network and fp32 graph")
    quantisation: Quantisation | None = None
    training: Provenance
    model_bytes: int = Field(ge=1, description="the file's length before the metadata")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of those bytes")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.kinds)) != len(self.kinds):
            raise ValueError("kinds names a kind twice")
        if (self.precision == "int8") != (self.quantisation is not None):
            raise ValueError("quantisation goes with precision int8")
        return self
