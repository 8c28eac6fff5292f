"""Items of one make stand or fall together: whether a make bears NdFeB is not asked anew for each of its items.

P(NdFeB) is right on average over makes, and of one make it may be wrong for every item: a motor that looks like those
of ferrite does so each time. Each make therefore has an effect of its own in log-odds. It follows the bridge
distribution (Wang and Louis, 2003), the one with which the mean over makes is P(NdFeB) again for every item whatever it
is: that P says the same of one item with and without makes, and only what several have in common changes. Conditional
log-odds are log-odds ÷ a + effect, a = (1 + 3 sd² ÷ π²)^-½ being how much the mean over makes flattens them.

A ledger does not know makes. Items said to be of a kind are parted into as many as a lot holds, by P: those of one make
are alike in it (of what was said to be a ferrite motor, nine tenths of its variance are between makes).
"""

from __future__ import annotations

import numpy as np

from neosort_hardware.types import ArrayF64, ArrayI64

EFFECTS = 81


def flattening(make_sd: float) -> float:
    """What log-odds are multiplied by in the mean over makes; 1 where makes do not differ."""
    return float((1.0 + 3.0 * make_sd**2 / np.pi**2) ** -0.5)


def effect(quantile: ArrayF64, flat: float) -> ArrayF64:
    """The bridge distribution's effect, log-odds, at ``quantile`` (between 0 and 1)."""
    angle = flat * np.pi * quantile
    return np.asarray(np.log(np.sin(angle) / np.sin(flat * np.pi - angle)) / flat)


def effects(flat: float) -> tuple[ArrayF64, ArrayF64]:
    """Effects that stand for all, and their weights: so fine at both ends that what hardly ever bears any is seen."""
    quantile = 1.0 / (1.0 + np.exp(-np.linspace(-10.0, 10.0, EFFECTS)))
    weight = quantile * (1.0 - quantile)
    return effect(quantile, flat), np.asarray(weight / weight.sum())


def makes_of(log_odds: ArrayF64, makes: int) -> ArrayI64:
    """(items,) Which of so many makes each item is taken to be of: equally many of each, in the order of P."""
    made = np.empty(len(log_odds), dtype=np.int64)
    made[np.argsort(log_odds, kind="stable")] = np.arange(len(log_odds)) * makes // max(len(log_odds), 1)
    return made
