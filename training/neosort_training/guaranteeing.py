"""From a bundle and stores of calibration scenes to the guarantee that the bundle carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from neosort_datasets.assembly import Blind
from neosort_datasets.store import WindowStore
from neosort_inference.bundle import Bundle
from neosort_inference.bundle_metadata import BundleMetadata, Guarantee, GuaranteedThreshold
from neosort_training.bundle_writer import dataset_used
from neosort_training.guarantee import LEARN_EVERY, Proof, prove, tally, threshold_grid
from neosort_training.looking import every_window, outcomes_of
from neosort_training.outcomes import Outcomes

TARGETS = (0.80, 0.85, 0.90, 0.95, 0.98)
CONFIDENCE = 0.95
MOST_EVIDENCE = 60.0  # of its logarithm: more than anybody needs, and no infinity
LEARNT_FROM = ("train", "validation", "held-out")
METHOD = (
    "Learn-then-Test with a fixed grid of thresholds, fixed-sequence testing and betting e-values over scenes; one "
    f"scene in {LEARN_EVERY} chose where to begin"
)
EXCHANGEABLE = (
    "scenes, independent draws of the feed named here: each a belt, an array and a stretch of items of its own. "
    "Windows and items of one scene may hang together in any way. Models of items are those of the stores; other "
    "models are another draw, which nothing here speaks about"
)


def require_untouched(metadata: BundleMetadata, stores: Sequence[WindowStore]) -> None:
    """Raise `ValueError` for a store that the model was made or its thresholds found with, and for held-out items."""
    used = {store.manifest_sha256 for store in (*metadata.training.datasets, *metadata.measured_on)} - {""}
    for store in stores:
        splits = {entry.split for entry in store.entries}
        for split in LEARNT_FROM:
            if split in splits:
                raise ValueError(f"{store.path}: holds {split} items, a guarantee needs items used for nothing else")
        if dataset_used(store).manifest_sha256 in used:
            raise ValueError(
                f"{store.path}: the bundle was made with it, a guarantee needs windows used for nothing else"
            )


def look(
    bundle: Bundle, stores: Sequence[WindowStore], senses: Sequence[Blind], on_window: Callable[[str], None]
) -> dict[Blind, Outcomes]:
    """What the bundle says of every window with each sense missing."""
    windows, kinds = every_window(stores), bundle.metadata.kinds
    return {
        blind: outcomes_of(bundle, windows, kinds, blind, partial(on_window, f"blind: {blind}")) for blind in senses
    }


def guarantee_of(
    by_sense: Mapping[Blind, Outcomes], stores: Sequence[WindowStore], targets: Sequence[float], confidence: float
) -> Guarantee:
    """Prove what can be proven, for each sense and target by itself."""
    one = next(iter(by_sense.values()))
    tallies = {blind: tally(found, threshold_grid()) for blind, found in by_sense.items()}
    proofs = [
        (blind, target, prove(scenes, target, confidence)) for blind, scenes in tallies.items() for target in targets
    ]
    points = tuple(_point(blind, target, confidence, proof) for blind, target, proof in proofs)
    return Guarantee(
        method=METHOD,
        statement=(
            f"each threshold by itself: with a confidence of {100 * confidence:g} % over the draw of the calibration "
            "scenes, the purity of recognition on this feed (bearing picks over all picks, detections of nothing "
            "counted as picks without NdFeB) is the target or better"
        ),
        exchangeable=EXCHANGEABLE,
        feed="; ".join(dict.fromkeys(dataset_used(store).origin for store in stores)),
        stores=tuple(dataset_used(store) for store in stores),
        scenes=one.scenes,
        windows=one.windows,
        items=len(one.p),
        bearing=int(one.bears.sum()),
        scenes_cut=max((proof.cut for _, _, proof in proofs), default=0),
        points=points,
    )


def _point(blind: Blind, target: float, confidence: float, proof: Proof) -> GuaranteedThreshold:
    place, proving = proof.place, proof.proving
    evidence = float(np.exp(min(proof.log_evidence, MOST_EVIDENCE)))
    if place is None:
        return GuaranteedThreshold(
            blind=blind, purity_target=target, confidence=confidence, p_ndfeb=None, evidence=evidence
        )
    return GuaranteedThreshold(
        blind=blind,
        purity_target=target,
        confidence=confidence,
        p_ndfeb=float(proving.thresholds[place]),
        recovery=float(proving.recovery[place]),
        purity=float(proving.purity[place]),
        picks=int(proving.picked[:, place].sum()),
        evidence=evidence,
    )
