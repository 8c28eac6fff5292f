"""The catalogue of scrap: kinds of item, and the models of each kind, defined once.

A *model* is a thing that left a factory: one shape, one set of magnets, one mass, one look. Everything about it
follows from its name (kind and number), so that a model never seen in training can be asked for by name. An *item* is
one worn piece of that model lying on the belt.
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from neosort_hardware.twin import kinds
from neosort_hardware.twin.bodies import ItemModel

SplitName = Literal["train", "validation", "held-out"]


ModelMaker = Callable[[str, np.random.Generator], ItemModel]

# Share of the feed by count, % (a). Bearing kinds first, then what they are mistaken for, then the rest.
DEFAULT_FEED_PERCENT: dict[str, float] = {
    "hdd35": 6,
    "hdd25": 4,
    "phone": 8,
    "earphone": 3,
    "speaker_nd": 5,
    "motor_nd": 5,
    "nd_loose": 2,
    "hdd35_stripped": 4,
    "speaker_ferrite": 4,
    "motor_ferrite": 8,
    "alnico": 2,
    "steel": 10,
    "pcb": 9,
    "cable": 8,
    "heatsink": 4,
    "plastic": 8,
    "ram": 3,
    "lithium_cell": 4,
    "foreign": 3,
}
KINDS: tuple[str, ...] = tuple(DEFAULT_FEED_PERCENT)


@cache
def model_named(name: str) -> ItemModel:
    """The model of that name ('hdd35-03'). Raises `KeyError` for a kind that the catalogue lacks."""
    kind, _, number = name.rpartition("-")
    if kind not in DEFAULT_FEED_PERCENT or not number.isdigit():
        raise KeyError(f"no model '{name}' in the catalogue; kinds are {', '.join(KINDS)}")
    make: ModelMaker = getattr(kinds, kind)
    return make(name, np.random.default_rng(zlib.crc32(name.encode())))


@cache
def split_names(split: SplitName) -> tuple[str, ...]:
    """Names of the models of a split, as committed in `split.toml`."""
    text = files("neosort_hardware.twin").joinpath("split.toml").read_text(encoding="utf-8")
    table: dict[str, list[str]] = tomllib.loads(text)[split]
    return tuple(f"{kind}-{number}" for kind, numbers in table.items() for number in numbers)


def models_by_kind(split: SplitName) -> dict[str, tuple[ItemModel, ...]]:
    """The models of a split, by kind."""
    names = split_names(split)
    return {kind: tuple(model_named(n) for n in names if n.rpartition("-")[0] == kind) for kind in KINDS}
