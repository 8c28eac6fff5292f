"""The catalogue of scrap: kinds of item, and the models of each kind, defined once.

A *model* is a thing that left a factory: one shape, one set of magnets, one mass, one look. Everything about it
follows from its name (kind and number), so that a model never seen in training can be asked for by name. An *item* is
one worn piece of that model lying on the belt.
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from neosort_hardware.twin.bodies import Magnet, Steel

SplitName = Literal["train", "validation", "held-out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemModel:
    """One model of a kind.

    ``length_mm`` ≥ ``width_mm`` bound the body seen from above, ``height_mm`` is its thickness lying down.
    ``look``: which drawing shows it (several kinds share one: that is what makes them look alike).
    ``look_seed``: everything random about the drawing. ``fill``: share of its bounding rectangle that it covers.
    """

    name: str
    kind: str
    look: str
    look_seed: int
    length_mm: float
    width_mm: float
    height_mm: float
    mass_g: float
    fill: float
    magnets: tuple[Magnet, ...]
    steel: tuple[Steel, ...]

    @property
    def ndfeb_g(self) -> float:
        """Mass of NdFeB in it, sintered and bonded."""
        return sum(magnet.mass_g for magnet in self.magnets if magnet.material in ("ndfeb", "ndfeb_bonded"))

    @property
    def bears_ndfeb(self) -> bool:
        """Whether it is worth picking out."""
        return self.ndfeb_g > 0
