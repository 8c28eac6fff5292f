"""Thresholds whose purity is proven: Learn-then-Test over scenes, by betting.

Purity at a threshold t on P(NdFeB) is a ratio, E[bearing picks] ÷ E[picks], and not monotone in t, so that "the lowest
threshold that looked good" promises nothing. Learn-then-Test (Angelopoulos, Bates, Candès, Jordan, Lei, "Learn then
Test: Calibrating Predictive Algorithms to Achieve Risk Control", Annals of Applied Statistics 2025) turns it round: for
each t of a grid that was fixed beforehand the hypothesis "the purity is less than X" is *tested*, and only a t whose
hypothesis fell may be shipped.

*The unit is the scene*: one belt, one array, one light, one stretch of feed. Scenes are independent; windows and items
of one scene may hang together in any way. Of scene i let N be its picks at t and S those that bear NdFeB, so that
purity ≥ X means E[S − X·N] ≥ 0. Whoever bets the share b of his capital on every scene owns

    W = Π (1 + b·(S − X·N))        with 0 ≤ b < 1 / (X·M), M picks in a scene at most

in the end, and E[W] ≤ 1 while the hypothesis holds, also for scenes that are independent without being alike (the
geometric mean is at most the arithmetic one). So the mean of several such W is an e-value, and the hypothesis falls
where it reaches 1/δ, with a probability of error of at most δ (Markov; Waudby-Smith, Ramdas, "Estimating means of
bounded random variables by betting", JRSS B 2024). Nothing here is asymptotic.

*Many thresholds at once*: one in `LEARN_EVERY` scenes is for learning alone. These say where to begin (where the
evidence would be strongest) and what M is; the others test from there on towards lower thresholds, and stop at the
first hypothesis that does not fall (fixed-sequence testing, which needs no correction). The last that fell has the
highest recovery. A scene with more than M picks counts as one with M, of the purity it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF64, ArrayI64
from neosort_inference.resampling import shares
from neosort_training.outcomes import Outcomes

LEARN_EVERY = 8
# Shares of the greatest possible bet. The greatest is best while it is small, the other where M is only a pick or two.
BETS = np.array([0.98, 0.4])
MIN_SCENES = 20


def threshold_grid(count: int = 256) -> ArrayF64:
    """Thresholds on P(NdFeB), falling, evenly spaced in logits: fixed once, for every model and every data set."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.linspace(9.0, -3.0, count))))


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneTally:
    """Picks of each scene at each threshold of a falling grid, all (scenes, thresholds).

    ``picked`` N, ``hits`` S: picks that bear NdFeB; ``fed`` (scenes,): bearing items, found or not.
    """

    thresholds: ArrayF64
    picked: ArrayF64
    hits: ArrayF64
    fed: ArrayF64

    def of(self, scenes: ArrayI64 | ArrayBool) -> SceneTally:
        """The same of some scenes."""
        return SceneTally(
            thresholds=self.thresholds, picked=self.picked[scenes], hits=self.hits[scenes], fed=self.fed[scenes]
        )

    def __len__(self) -> int:
        return len(self.fed)

    @property
    def purity(self) -> ArrayF64:
        """(thresholds,): of all scenes together, NaN where nothing is picked."""
        picked = self.picked.sum(axis=0)
        return shares(self.hits.sum(axis=0), picked)

    @property
    def recovery(self) -> ArrayF64:
        """(thresholds,): share of bearing items picked."""
        return np.asarray(self.hits.sum(axis=0) / max(1.0, float(self.fed.sum())))


def tally(outcomes: Outcomes, thresholds: ArrayF64) -> SceneTally:
    """Count the picks of every scene at every threshold (falling)."""
    picks, scenes = outcomes.picks(), outcomes.scenes
    scene = outcomes.scene[picks.window]
    place = np.searchsorted(-thresholds, -picks.p, side="left")  # the highest threshold that picks it
    counts = np.zeros((2, scenes, len(thresholds) + 1))
    kept = picks.p > 0
    np.add.at(counts[0], (scene[kept], place[kept]), 1.0)
    np.add.at(counts[1], (scene[kept & picks.bears], place[kept & picks.bears]), 1.0)
    picked, hits = np.cumsum(counts[:, :, :-1], axis=2)
    fed = np.bincount(outcomes.scene[outcomes.window[outcomes.bears]], minlength=scenes).astype(np.float64)
    return SceneTally(thresholds=thresholds, picked=picked, hits=hits, fed=fed)


def most_picks(scenes: SceneTally) -> ArrayF64:
    """(thresholds,): M, the picks of the scene that has most, at least 1."""
    return np.asarray(np.maximum(1.0, scenes.picked.max(axis=0, initial=0.0)))


def log_evidence(scenes: SceneTally, target: float, most: ArrayF64) -> ArrayF64:
    """(thresholds,): log of the e-value against "the purity is less than ``target``"; 0 where nothing is picked."""
    weight = np.minimum(1.0, most / np.maximum(scenes.picked, 1.0))
    stake = weight * (scenes.hits - target * scenes.picked) / (target * most)
    wealth = np.stack([np.log1p(bet * stake).sum(axis=0) for bet in BETS])
    return np.asarray(np.logaddexp.reduce(wealth, axis=0) - np.log(len(BETS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What could be proven. ``place``: of the threshold in the grid, None where none. ``log_evidence``: there, or where
    the first hypothesis did not fall. ``proving``: the scenes it was tested on; ``cut``: how many of them held more
    picks than allowed for."""

    place: int | None
    log_evidence: float
    proving: SceneTally
    cut: int


def prove(scenes: SceneTally, target: float, confidence: float) -> Proof:
    """The lowest threshold for which purity ≥ ``target`` is proven on ``scenes`` (in any order fixed beforehand)."""
    learning = np.arange(len(scenes)) % LEARN_EVERY == 0
    learnt, proving = scenes.of(learning), scenes.of(~learning)
    if len(proving) < MIN_SCENES:
        return Proof(place=None, log_evidence=0.0, proving=proving, cut=0)
    most = most_picks(learnt)
    begin = int(np.argmax(log_evidence(learnt, target, most)))
    evidence = log_evidence(proving, target, most)[begin:]
    fell = evidence >= -np.log1p(-confidence)
    proven = len(fell) if fell.all() else int(np.argmin(fell))
    place = begin + max(0, proven - 1)
    cut = int((proving.picked[:, place] > most[place]).sum())
    return Proof(place=place if proven else None, log_evidence=float(evidence[place - begin]), proving=proving, cut=cut)
