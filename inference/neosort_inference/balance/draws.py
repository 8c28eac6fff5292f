"""Where the NdFeB of a lot went, drawn many times over: every uncertainty at once, by Monte Carlo.

Each draw settles what items have in common (how far P(NdFeB) and the masses of a kind are off, what share is never
decided on, how often a shot hits), then every item by itself: whether it bears NdFeB, how much, where it lands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayF64, ArrayI64
from neosort_inference.balance.commons import SHIFTS, KindCommons, commons_of, odds_to_p
from neosort_inference.balance.evidence import Evidence
from neosort_inference.balance.items import Decided
from neosort_inference.balance.makes import effect

DRAWS = 2000
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Grams of NdFeB, (draws, kinds) each, by kind said: in the ``product``, in the ``rest``; ``missed``: of the rest,
    in items that were never decided on."""

    kinds: tuple[str, ...]
    product: ArrayF64
    rest: ArrayF64
    missed: ArrayF64


def draw_balance(decided: Decided, evidence: Evidence, *, draws: int = DRAWS, seed: int = 0) -> Draws:
    """The lot's NdFeB drawn ``draws`` times; ``seed`` makes it reproducible."""
    random = np.random.default_rng(seed)
    commons = commons_of(decided, evidence)
    columns = [_of_kind(decided, own, evidence.sigma_scale, draws, random) for own in commons]
    stacked = np.stack(columns) if columns else np.zeros((0, 3, draws))
    product, rest, missed = (np.asarray(stacked[:, which].T) for which in range(3))
    return Draws(kinds=tuple(own.kind for own in commons), product=product, rest=rest, missed=missed)


def _of_kind(
    decided: Decided, own: KindCommons, sigma_scale: float, draws: int, random: np.random.Generator
) -> ArrayF64:
    """(3, draws): product, rest, and of the rest what was missed."""
    known = own.evidence
    shift = SHIFTS[random.choice(len(SHIFTS), size=draws, p=own.shift_p)] / own.flat
    shift = (shift + effect(random.random((own.makes, draws)), own.flat)).astype(np.float32)  # of a make, in a draw
    bias = random.normal(-known.bias_log, known.systematic_log, draws)
    hit, carried = random.beta(*known.hit.beta, draws), random.beta(*known.carried.beta, draws)
    found, missed_carried = random.beta(*known.found.beta, draws), random.beta(*known.missed_carried.beta, draws)
    missed_to_found = (1.0 - found) / found
    product, rest, missed = np.zeros(draws), np.zeros(draws), np.zeros(draws)
    for part in _in_parts(np.arange(len(own.rows)), draws):
        log_odds = (decided.log_odds[own.rows[part], None] / own.flat).astype(np.float32) + shift[own.make[part]]
        item, draw = np.nonzero(random.random((len(part), draws), dtype=np.float32) < odds_to_p(log_odds))
        row = own.rows[part[item]]
        sigma = sigma_scale * decided.log_sigma[row]
        grams = np.expm1(decided.log1p_g[row] + bias[draw] + sigma * random.standard_normal(len(row)))
        lands = random.random(len(row)) < np.where(decided.ejected[row], hit[draw], carried[draw])
        product += np.bincount(draw, grams * lands, draws)
        rest += np.bincount(draw, grams * ~lands, draws)
        # What is never decided on weighs as what is, and there is not always any: so many like each that is found.
        like = random.poisson(missed_to_found[draw])
        some = np.flatnonzero(like)
        carried_along = random.binomial(like[some], missed_carried[draw[some]])
        product += np.bincount(draw[some], grams[some] * carried_along, draws)
        missed += np.bincount(draw[some], grams[some] * (like[some] - carried_along), draws)
    return np.stack([product, rest + missed, missed])


def _in_parts(rows: ArrayI64, draws: int) -> Sequence[ArrayI64]:
    return np.array_split(rows, max(1, -(-len(rows) * draws // _CELLS_AT_ONCE)))
