"""Which modelling function builds the look of a model: one line for each family."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neosort_datasets.modelling import (
    look_boards,
    look_cables,
    look_cells,
    look_disks,
    look_hard,
    look_heatsinks,
    look_magnets,
    look_metal,
    look_phone,
    look_ram,
    look_shards,
    look_skins,
    look_soft,
    look_tools,
    look_transformer,
)
from neosort_datasets.modelling.look_earbuds import earbud
from neosort_datasets.modelling.look_earcups import earcup
from neosort_datasets.modelling.look_fans import fan
from neosort_datasets.modelling.look_hub_motors import hub_motor
from neosort_datasets.modelling.look_magnetrons import magnetron
from neosort_datasets.modelling.look_meters import meter
from neosort_datasets.modelling.look_motors import can_motor
from neosort_datasets.modelling.look_outrunners import outrunner
from neosort_datasets.modelling.look_pickups import pickup
from neosort_datasets.modelling.look_relays import relay
from neosort_datasets.modelling.look_servos import servo
from neosort_datasets.modelling.look_speakers import speaker
from neosort_datasets.modelling.solid import Solid
from neosort_hardware.twin.bodies import ItemModel, Pose

Look = Callable[[ItemModel, Pose, np.random.Generator], Solid]

LOOKS: dict[str, Look] = {
    "bolt": look_metal.bolt,
    "bracket": look_metal.bracket,
    "cable": look_cables.cable,
    "can_motor": can_motor,
    "cardboard": look_soft.cardboard,
    "drinks_can": look_skins.drinks_can,
    "earbud": earbud,
    "earcup": earcup,
    "fan": fan,
    "ferrite_block": look_magnets.ferrite_block,
    "ferrite_ring": look_magnets.ferrite_ring,
    "fridge_seal": look_skins.fridge_seal,
    "glass": look_hard.glass,
    "hdd25": look_disks.build,
    "hdd35": look_disks.build,
    "heatsink": look_heatsinks.heatsink,
    "hub_motor": hub_motor,
    "magnet_arc": look_magnets.magnet_arc,
    "magnet_block": look_magnets.magnet_block,
    "magnet_disc": look_magnets.magnet_disc,
    "magnet_ring": look_magnets.magnet_ring,
    "magnetron": magnetron,
    "meter": meter,
    "outrunner": outrunner,
    "pcb": look_boards.pcb,
    "phone": look_phone.build,
    "pickup": pickup,
    "plastic": look_shards.plastic,
    "pouch_cell": look_cells.pouch_cell,
    "ram": look_ram.ram,
    "relay": relay,
    "round_cell": look_cells.round_cell,
    "servo": servo,
    "speaker": speaker,
    "stone": look_hard.stone,
    "textile": look_soft.textile,
    "tool": look_tools.tool,
    "transformer": look_transformer.transformer,
    "washer": look_metal.washer,
    "wood": look_hard.wood,
}


def solid_of(model: ItemModel, pose: Pose) -> Solid:
    """The item as modelled for ``pose``; its randomness is the model's own, the same in every pose.

    Raises `KeyError` naming the look when nobody models it.
    """
    if model.look not in LOOKS:
        raise KeyError(f"no look '{model.look}' for {model.name}; looks are {', '.join(LOOKS) or 'none yet'}")
    return LOOKS[model.look](model, pose, np.random.default_rng(model.look_seed))
