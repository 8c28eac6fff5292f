"""The state of a training run on disk: everything needed to go on as if it had never stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neosort_datasets.store import WindowStore
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
    ``stores``: for each store used its path, split, number of windows and seeds.
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
    rng: Tensor
    scaler: dict[str, Any] = field(default_factory=dict)

    def averaged_net(self) -> NeoNet:
        """The network with its averaged weights, ready to predict."""
        net = NeoNet(self.model, len(self.kinds))
        net.load_state_dict(self.ema)
        return net.to(memory_format=torch.channels_last).eval()


def describe_stores(stores: list[WindowStore]) -> list[dict[str, Any]]:
    """What provenance keeps of the stores used."""
    return [
        {
            "path": str(store.path),
            "split": store.entries[0].split,
            "windows": len(store),
            "seeds": sorted({entry.seed for entry in store.entries}),
        }
        for store in stores
    ]


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
    fields |= {"grid": WindowGrid(**fields["grid"]), "model": ModelConfig.model_validate(fields["model"])}
    return Checkpoint(**fields)
