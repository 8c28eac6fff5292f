"""The state of a training run on disk: everything needed to go on as if it had never stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neosort_datasets.window import WindowGrid
from neosort_training.config import ModelConfig
from neosort_training.model import NeoNet

_FORMAT = "neosort-checkpoint-1"


class CheckpointError(Exception):
    """A checkpoint cannot be used. The text names file and cause in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """``epoch`` epochs and ``batches`` batches of the next are done, ``step`` steps in all.

    ``net`` and ``ema``: state dictionaries, the latter the running average that is evaluated and exported.
    ``stores``: for each source and store used its path, split, number of windows and seeds; ``validation``: paths of
    those that were not learnt from.
    """

    name: str
    kinds: tuple[str, ...]
    grid: WindowGrid
    model: ModelConfig
    config_text: str
    command: str
    stores: list[dict[str, Any]]
    torch_version: str
    epochs: int
    epoch: int
    batches: int
    step: int
    net: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimiser: dict[str, Any]
    scheduler: dict[str, Any]
    validation: tuple[str, ...]
    scaler: dict[str, Any] = field(default_factory=dict)

    def averaged_net(self) -> NeoNet:
        """The network with its averaged weights, ready to predict."""
        net = NeoNet(without_weights(self.model), len(self.kinds))
        net.load_state_dict(self.ema)
        return net.to(memory_format=torch.channels_last).eval()


def without_weights(model: ModelConfig) -> ModelConfig:
    """The same network, its weights to be filled in: the file that a backbone once began with need not be there."""
    return model.model_copy(update={"backbone_weights": ""})


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write under a temporary name, then rename: a run that dies here keeps its earlier checkpoint."""
    fields: dict[str, Any] = {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__}
    fields |= {"format": _FORMAT, "grid": asdict(checkpoint.grid), "model": checkpoint.model.model_dump()}
    temporary = path.with_name(path.name + ".part")
    try:
        torch.save(fields, temporary)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        raise CheckpointError(f"{path}: cannot be written ({error})") from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; only tensors and plain values are unpickled. Raises `CheckpointError`."""
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such checkpoint")
    try:
        fields = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torn archives surface as half a dozen types
        raise CheckpointError(f"{path}: not a checkpoint or torn ({str(error).splitlines()[0][:120]})") from error
    if not isinstance(fields, dict) or fields.pop("format", None) != _FORMAT:
        raise CheckpointError(f"{path}: not a checkpoint of this version ({_FORMAT})")
    if fields.pop("rng", None) is not None:  # written before a run's random numbers followed from its steps
        fields["validation"] = tuple(store["path"] for store in fields["stores"] if store["split"] != "train")
    fields |= {"grid": WindowGrid(**fields["grid"]), "model": ModelConfig.model_validate(fields["model"])}
    return Checkpoint(**fields)
