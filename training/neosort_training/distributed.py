"""One run on several processes, as torchrun starts them: each takes its slots of every global batch.

Gradients are averaged over the processes, so each divides its sums by the *global* counts over their number; then the
average is the gradient of the whole batch, however unequally its items fell.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor
from torch import distributed as dist

from neosort_training.data import Batch
from neosort_training.mixture import split_slots

_PATIENCE = timedelta(hours=1)  # the others wait while the first one validates


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Which of how many processes this is; ``local`` of this machine's own. The first one, `leads`, writes and logs."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Ranks:
        """As torchrun tells its processes; one alone where it did not start this one."""
        return cls(
            rank=int(environment.get("RANK", "0")),
            size=int(environment.get("WORLD_SIZE", "1")),
            local=int(environment.get("LOCAL_RANK", "0")),
        )

    @property
    def leads(self) -> bool:
        """Whether this process writes and logs for all."""
        return self.rank == 0

    def slots(self, batch: int) -> range:
        """This process's slots of a global batch. Raises `ValueError` where there are not enough for all."""
        if batch < self.size:
            raise ValueError(f"optimiser.batch = {batch}: {self.size} processes need at least that many samples a step")
        return split_slots(range(batch), self.size)[self.rank]

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes. Waits for them."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def with_shared_counts(self, batch: Batch) -> Batch:
        """The batch with counts of the global batch, at least 1, over the number of processes. Waits for the others."""
        names = [name for name, value in batch._asdict().items() if value.dim() == 0]
        counts = torch.stack([getattr(batch, name) for name in names])
        shared = self.total(counts).clamp(min=1.0) / self.size
        return batch._replace(**dict(zip(names, shared, strict=True)))


@contextmanager
def joined(ranks: Ranks, device: torch.device) -> Iterator[None]:
    """Processes find each other, and part at the end. Nothing to do for one alone."""
    if ranks.size == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def ranks_here() -> Ranks:
    """Of this process."""
    return Ranks.of(os.environ)
