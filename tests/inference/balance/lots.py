"""Lots for tests: bundles, trials and items whose truth is drawn from what they say of themselves."""

from __future__ import annotations

from functools import cache

import numpy as np

from neosort_inference.balance.evidence import Evidence, evidence_for
from neosort_inference.balance.items import Decided, DecidedItem
from neosort_inference.balance.trial import Trial, TrialOfKind
from neosort_inference.bundle_metadata import BundleMetadata
from neosort_inference.detector import expected_mass
from neosort_inference.opening import open_bundle

BEARING = frozenset({"hdd35", "motor_nd", "phone"})
KINDS = ("hdd35", "motor_nd", "phone", "motor_ferrite", "steel")


@cache
def shipped_metadata() -> BundleMetadata:
    return open_bundle(None).metadata


def trial(**changes: object) -> Trial:
    """Many items of many models: hardly anything is uncertain."""
    bears_of = {"hdd35": 9_900, "motor_nd": 9_000, "phone": 9_900, "motor_ferrite": 500, "steel": 50}
    rows = [
        TrialOfKind(
            kind=kind, items=10_000, bears=bears, models=2_000.0, ejected=5_000, hits=4_900, passed=5_000, carried=100,
            bearing=10_000 if kind in BEARING else 0, found=9_900 if kind in BEARING else 0,
            mass_models=2_000 if kind in BEARING else 0, mass_between_log=0.1,
        )
        for kind, bears in bears_of.items()
    ]  # fmt: skip
    made = Trial(
        on="test", bundle="test@0", command="", shift_sd=0.3, make_sd=1.0, mass_between_log=0.1, kinds=tuple(rows),
    )  # fmt: skip
    return made.model_copy(update=changes)


def items(count: int, seed: int = 1) -> list[DecidedItem]:
    """A feed of every kind, P(NdFeB) spread about what the trial counted."""
    random = np.random.default_rng(seed)
    mean_p = {"hdd35": 0.99, "motor_nd": 0.9, "phone": 0.99, "motor_ferrite": 0.05, "steel": 0.005}
    grams = {"hdd35": 18.0, "motor_nd": 6.0, "phone": 0.7, "motor_ferrite": 10.0, "steel": 3.0}
    found = []
    for kind in random.choice(KINDS, size=count):
        p = float(random.beta(20 * mean_p[kind], 20 * (1 - mean_p[kind])))
        g = float(grams[kind] * random.lognormal(0.0, 0.2))
        mean_g, sigma_g = expected_mass(p, g, 0.15 * (1.0 + g))
        found.append(DecidedItem(kind=kind, p_ndfeb=p, magnet_g=mean_g, magnet_g_sigma=sigma_g, ejected=p > 0.3))
    return found


def evidence(lot: list[DecidedItem], made: Trial | None = None, metadata: BundleMetadata | None = None) -> Evidence:
    said = {kind: sum(item.kind == kind for item in lot) for kind in KINDS}
    evenness = Decided.of(lot, KINDS).evenness()
    return evidence_for(
        said, metadata or shipped_metadata(), made or trial(), BEARING, models_in_lot=8.0, evenness=evenness
    )
