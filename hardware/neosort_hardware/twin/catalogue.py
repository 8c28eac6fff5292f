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

from neosort_hardware.twin import kinds_alike, kinds_bearing, kinds_other
from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.kinds_rewound import is_rewound, rewound, rewound_names

SplitName = Literal["train", "validation", "calibration", "held-out"]


ModelMaker = Callable[[str, np.random.Generator], ItemModel]

# Who makes the models of a kind. Bearing kinds first, then what they are mistaken for, then the rest.
MAKERS: dict[str, ModelMaker] = {
    "hdd35": kinds_bearing.hdd35,
    "hdd25": kinds_bearing.hdd25,
    "phone": kinds_bearing.phone,
    "earphone": kinds_bearing.earphone,
    "speaker_nd": kinds_bearing.speaker_nd,
    "motor_nd": kinds_bearing.motor_nd,
    "nd_loose": kinds_bearing.nd_loose,
    "hub_motor": kinds_bearing.hub_motor,
    "hdd35_stripped": kinds_alike.hdd35_stripped,
    "speaker_ferrite": kinds_alike.speaker_ferrite,
    "motor_ferrite": kinds_alike.motor_ferrite,
    "ferrite_part": kinds_alike.ferrite_part,
    "alnico": kinds_alike.alnico,
    "steel": kinds_alike.steel,
    "pcb": kinds_other.pcb,
    "cable": kinds_other.cable,
    "heatsink": kinds_other.heatsink,
    "plastic": kinds_other.plastic,
    "ram": kinds_other.ram,
    "lithium_cell": kinds_other.lithium_cell,
    "foreign": kinds_other.foreign,
}
KINDS: tuple[str, ...] = tuple(MAKERS)

# Share of the feed by count, % (a). Hub motors are too heavy for air and stay out unless a feed asks for them.
DEFAULT_FEED_PERCENT: dict[str, float] = {
    "hdd35": 6,
    "hdd25": 4,
    "phone": 8,
    "earphone": 3,
    "speaker_nd": 5,
    "motor_nd": 5,
    "nd_loose": 2,
    "hub_motor": 0,
    "hdd35_stripped": 4,
    "speaker_ferrite": 4,
    "motor_ferrite": 8,
    "ferrite_part": 2,
    "alnico": 2,
    "steel": 10,
    "pcb": 9,
    "cable": 8,
    "heatsink": 4,
    "plastic": 6,
    "ram": 3,
    "lithium_cell": 4,
    "foreign": 3,
}


@cache
def model_named(name: str) -> ItemModel:
    """The model of that name ('hdd35-03'). Raises `KeyError` for one that the catalogue lacks."""
    kind, _, number = name.rpartition("-")
    if kind not in MAKERS or not number.isdigit():
        raise KeyError(f"no model '{name}' in the catalogue; kinds are {', '.join(KINDS)}")
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return rewound(name, rng, model_named) if is_rewound(name) else MAKERS[kind](name, rng)


@cache
def split_names(split: SplitName) -> tuple[str, ...]:
    """Names of the models of a split, as committed in `split.toml`; to learn from, every other make of its motors."""
    text = files("neosort_hardware.twin").joinpath("split.toml").read_text(encoding="utf-8")
    table: dict[str, list[str]] = tomllib.loads(text)[split]
    names = tuple(f"{kind}-{number}" for kind, numbers in table.items() for number in numbers)
    return names + rewound_names(names, model_named) if split == "train" else names


def models_by_kind(split: SplitName) -> dict[str, tuple[ItemModel, ...]]:
    """The models of a split, by kind."""
    names = split_names(split)
    return {kind: tuple(model_named(n) for n in names if n.rpartition("-")[0] == kind) for kind in KINDS}
