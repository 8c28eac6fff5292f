"""What a run carries from step to step, and one step of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from neosort_training.config import LossWeights, OptimiserConfig, TrainConfig
from neosort_training.data import Batch
from neosort_training.device import Arithmetic
from neosort_training.distributed import Ranks
from neosort_training.losses import Losses, all_losses
from neosort_training.model import NeoNet

Tensors = tuple[Tensor, ...] | list[Tensor]


class Costs(nn.Module):
    """What a batch costs the network: as one module, so that every weight's gradient is averaged over processes."""

    def __init__(self, net: NeoNet, weights: LossWeights, arithmetic: Arithmetic) -> None:
        super().__init__()
        self.net = net
        self._weights, self._arithmetic = weights, arithmetic

    def forward(self, batch: Batch) -> Losses:
        """Losses of a batch whose counts are shared."""
        with self._arithmetic.autocast():
            maps = self.net(batch.picture, batch.field_ut, batch.field_mask)
        return all_losses(self.net, maps, batch, self._weights)


@dataclass(slots=True, kw_only=True)
class Progressing:
    """What changes while a run goes on. ``batches`` of epoch ``epoch`` are done, ``step`` in all."""

    net: NeoNet
    costs: Costs | DistributedDataParallel
    ema: AveragedModel
    optimiser: AdamW
    scheduler: LambdaLR
    scaler: torch.amp.GradScaler
    epoch: int = 0
    batches: int = 0
    step: int = 0


def learning_rate_factor(config: OptimiserConfig, total_steps: int) -> Callable[[int], float]:
    """Linear warm-up, then half a cosine down to 1 %."""

    def factor(step: int) -> float:
        if step < config.warm_up_steps:
            return (step + 1) / config.warm_up_steps
        done = (step - config.warm_up_steps) / max(1, total_steps - config.warm_up_steps)
        return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))

    return factor


def running_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Exponential average whose memory grows with the run, up to ``decay``.

    With a fixed decay the first, random weights would weigh e⁻¹ after 1/(1 − decay) steps and spoil a short run.
    """

    @torch.no_grad()
    def update(average: Tensors, current: Tensors, steps: Tensor | int) -> None:
        keep = min(decay, (1 + int(steps)) / (10 + int(steps)))
        for mean, value in zip(average, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1.0 - keep)
            else:
                mean.copy_(value)  # counters of batch normalisation

    return update


def begin(net: NeoNet, config: TrainConfig, total_steps: int, arithmetic: Arithmetic, ranks: Ranks) -> Progressing:
    """A run at its start, the network on its device."""
    net = net.to(memory_format=torch.channels_last).to(arithmetic.device)
    ema = AveragedModel(net, multi_avg_fn=running_average(config.optimiser.ema_decay), use_buffers=True)
    if ranks.size > 1 and arithmetic.device.type == "cuda" and config.optimiser.batch_norm == "batch":
        net = nn.SyncBatchNorm.convert_sync_batchnorm(net)  # type: ignore[no-untyped-call]
    costs = Costs(net, config.losses, arithmetic)
    optimiser = AdamW(net.parameters(), lr=config.optimiser.learning_rate, weight_decay=config.optimiser.weight_decay)
    return Progressing(
        net=net,
        costs=DistributedDataParallel(costs) if ranks.size > 1 else costs,
        ema=ema,
        optimiser=optimiser,
        scheduler=LambdaLR(optimiser, learning_rate_factor(config.optimiser, total_steps)),
        scaler=arithmetic.scaler(),
    )


def train_one_step(state: Progressing, batch: Batch, config: TrainConfig, ranks: Ranks) -> Losses:
    """Forward, backward, one step of the weights and of their average. The losses are of this process's samples."""
    # Dropout and the like follow from seed and step, so that a resumed run draws what an uninterrupted one would have.
    torch.manual_seed(int(np.random.SeedSequence((config.seed, state.step, ranks.rank)).generate_state(1)[0]))
    set_training(state.net, config.optimiser)
    losses: Losses = state.costs(ranks.with_shared_counts(batch))
    state.optimiser.zero_grad(set_to_none=True)
    state.scaler.scale(losses.total).backward()  # type: ignore[no-untyped-call]
    state.scaler.unscale_(state.optimiser)
    torch.nn.utils.clip_grad_norm_(state.net.parameters(), config.optimiser.clip_norm)
    scale = state.scaler.get_scale()
    state.scaler.step(state.optimiser)  # leaves a step out whose gradients float16 could not hold
    state.scaler.update()
    if state.scaler.get_scale() >= scale:  # it was not left out: the scale has not been lowered
        state.scheduler.step()
    state.ema.update_parameters(state.net)
    state.batches += 1
    state.step += 1
    return losses


def set_training(net: NeoNet, config: OptimiserConfig) -> None:
    """Training mode, batch normalisation as the configuration has it."""
    net.train()
    if config.batch_norm == "frozen":
        for module in net.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
