"""How far the line's word may be believed: by the bundle's own evaluation, and by a trial of the line.

The bundle carries a confusion by kind with counts and the error of its magnet masses by kind. Whether an item is taken
for another kind hangs on its model, so such counts are thinned to as many looks as there were models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neosort_inference.balance.mixture import Mixture
from neosort_inference.balance.trial import Trial, TrialOfKind
from neosort_inference.balance.weighing import Z_90
from neosort_inference.bundle_metadata import BundleMetadata, MassErrorOfKind

POOLED_LOOKS = 2.0  # a: how much a share over all kinds weighs in that of one kind
UNTRIED_LOOKS = 10.0  # a: the same where nothing was counted of that kind


@dataclass(frozen=True, slots=True)
class Counted:
    """A share as counted: ``hits`` of ``of`` independent looks, thinned and so not whole."""

    hits: float = 0.0
    of: float = 0.0

    @property
    def beta(self) -> tuple[float, float]:
        """The two parameters of its beta distribution."""
        return max(self.hits, 1e-3), max(self.of - self.hits, 1e-3)

    def __add__(self, other: Counted) -> Counted:
        return Counted(hits=self.hits + other.hits, of=self.of + other.of)

    def thinned(self, looks: float) -> Counted:
        """The same share, worth no more than so many looks."""
        factor = min(1.0, looks / self.of) if self.of > 0 else 1.0
        return Counted(hits=self.hits * factor, of=self.of * factor)

    def with_prior(self, pooled: Counted) -> Counted:
        """Drawn towards the share over all kinds."""
        return self + pooled.thinned(POOLED_LOOKS if self.of > 0 else UNTRIED_LOOKS)


# a: what stands in where neither bundle nor trial has counted anything at all.
ASSUMED_FOUND, ASSUMED_HIT, ASSUMED_CARRIED = Counted(9.5, 10.0), Counted(9.5, 10.0), Counted(0.5, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindEvidence:
    """What is known of items *said to be* of one kind.

    ``bears``: how many of them bear NdFeB. ``found``: of the bearing items of this kind, how many are decided on at
    all. ``bias_log``: of log(1 + grams said) − log(1 + grams); ``systematic_log``: standard deviation of what is left
    of it in the lot at hand, common to its items of the kind. ``hit``: of those ejected, how many land in the product;
    ``carried``: of the others, how many do so all the same, in a neighbour's jet; ``missed_carried``: of those never
    decided on.
    """

    bears: Counted
    found: Counted
    bias_log: float
    systematic_log: float
    hit: Counted
    carried: Counted
    missed_carried: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of every kind by name. ``sigma_scale``: the network's own standard deviations of log mass are to be multiplied by
    it. ``shift_sd``: how far from P(NdFeB), in log-odds and by kind, the truth may lie before anything was counted;
    ``make_sd``: how far that of a single make may, of which a kind has ``makes``.
    ``true_kind``: of items said to be of a kind that do bear NdFeB, the shares of the kinds they are of."""

    kinds: dict[str, KindEvidence]
    sigma_scale: float
    shift_sd: float
    make_sd: float
    makes: float
    true_kind: dict[str, dict[str, float]]


def evidence_for(
    said: Mapping[str, int],
    bundle: BundleMetadata,
    trial: Trial,
    bearing: frozenset[str],
    *,
    models_in_lot: float,
    evenness: Mapping[str, float],
) -> Evidence:
    """What is known about a lot in which so many items were ``said`` to be of each kind.

    ``bearing``: kinds that bear NdFeB. ``models_in_lot``: of how many makes the lot's items of a kind are: with few,
    the mean error of these few is the lot's own. ``evenness``, see `Decided.evenness`: heavy makes count for more than
    their number, so that those which tell are fewer than there are.
    """
    mixture = Mixture.of(said, bundle.confusion, bundle.kinds, bearing)
    masses = {row.kind: row for row in bundle.mass_error.by_kind} if bundle.mass_error is not None else {}
    hit = _pooled([Counted(row.hits, row.ejected) for row in trial.kinds], ASSUMED_HIT)
    carried = _pooled([Counted(row.carried, row.passed) for row in trial.kinds], ASSUMED_CARRIED)
    missed_carried = _pooled([Counted(row.missed_carried, row.bearing - row.found) for row in trial.kinds], carried)
    found = _pooled(
        [Counted(row.found, row.bearing) for row in trial.kinds] + [Counted(*mixture.found(kind)) for kind in bearing],
        ASSUMED_FOUND,
    )
    kinds = {}
    for kind in dict.fromkeys([*bundle.kinds, *said]):
        row = trial.of(kind)
        looks = max(row.looks, row.models, 1.0)
        telling = max(1.0, models_in_lot * evenness.get(kind, 1.0))
        bias_log, systematic_log = _mass(row, masses.get(kind), bundle, telling)
        if trial.sigma_scale:  # what makes differ is not in the items' deviations: their mean in grams lies above
            bias_log -= 0.5 * row.mass_between_log**2 * (1.0 - 1.0 / telling)
        kinds[kind] = KindEvidence(
            bears=Counted(*mixture.bears(kind)).thinned(looks) + Counted(row.bears, row.items).thinned(looks),
            found=(Counted(*mixture.found(kind)) + Counted(row.found, row.bearing)).with_prior(found),
            bias_log=bias_log,
            systematic_log=systematic_log,
            hit=Counted(row.hits, row.ejected).with_prior(hit),
            carried=carried,
            missed_carried=missed_carried,
        )
    scale = trial.sigma_scale or (bundle.mass_error.sigma_scale if bundle.mass_error is not None else 1.0)
    return Evidence(
        kinds=kinds,
        sigma_scale=scale,
        shift_sd=trial.shift_sd,
        make_sd=trial.make_sd,
        makes=models_in_lot,
        true_kind=mixture.true_kind(),
    )


def _pooled(counts: Sequence[Counted], assumed: Counted) -> Counted:
    """Over all kinds; what is assumed where nothing was counted."""
    together = sum(counts, Counted())
    return together if together.of > 0 else assumed


def _mass(
    row: TrialOfKind, own: MassErrorOfKind | None, bundle: BundleMetadata, models_in_lot: float
) -> tuple[float, float]:
    """Bias of log mass from both sources, weighted by models, and what the lot's own bias may differ from it.

    The spread between models is itself known from a few of them: it is widened as Student's distribution is wider at
    the ends of a 90 % interval than the normal one.
    """
    overall = bundle.mass_error.bias_log if bundle.mass_error is not None else 0.0
    looks = float(row.mass_models)  # the bundle does not say of how many models its items were: as many as the trial's
    evaluated = max(looks, 1.0) if own is not None else 0.0
    weight = evaluated + looks
    if weight == 0.0:
        return overall, 2.0 * row.mass_between_log
    between = row.mass_between_log * student_90(looks - 1.0)
    bias = ((own.bias_log * evaluated if own is not None else 0.0) + row.mass_bias_log * looks) / weight
    return bias, between * (1.0 / weight + 1.0 / models_in_lot) ** 0.5


def student_90(freedom: float) -> float:
    """How much farther than a normal one's the ends of a 90 % interval of Student's distribution lie, at so many
    degrees of freedom: Cornish-Fisher to the second order, within 2 % from 3 on; below that its value at 3."""
    n, z = max(freedom, 3.0), Z_90
    return 1.0 + (z**2 + 1.0) / (4.0 * n) + (5.0 * z**4 + 16.0 * z**2 + 3.0) / (96.0 * n**2)
