"""Which modelling function builds the look of a model: one line for each family."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neosort_datasets.modelling import look_disks
from neosort_datasets.modelling.look_fans import fan
from neosort_datasets.modelling.look_motors import can_motor
from neosort_datasets.modelling.look_speakers import speaker
from neosort_datasets.modelling.solid import Solid
from neosort_hardware.twin.bodies import ItemModel, Pose

Look = Callable[[ItemModel, Pose, np.random.Generator], Solid]

LOOKS: dict[str, Look] = {
    "can_motor": can_motor,
    "fan": fan,
    "hdd25": look_disks.build,
    "hdd35": look_disks.build,
    "speaker": speaker,
}


def solid_of(model: ItemModel, pose: Pose) -> Solid:
    """The item as modelled for ``pose``; its randomness is the model's own, the same in every pose.

    Raises `KeyError` naming the look when nobody models it.
    """
    if model.look not in LOOKS:
        raise KeyError(f"no look '{model.look}' for {model.name}; looks are {', '.join(LOOKS) or 'none yet'}")
    return LOOKS[model.look](model, pose, np.random.default_rng(model.look_seed))
