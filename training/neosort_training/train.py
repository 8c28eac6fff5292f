"""One training run: seeded, resumable to the step, stopped cleanly by a signal."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from neosort_datasets.store import WindowStore
from neosort_training.checkpoint import Checkpoint, describe_stores, load_checkpoint, save_checkpoint
from neosort_training.config import OptimiserConfig, TrainConfig
from neosort_training.data import Batch, collate
from neosort_training.device import Arithmetic, choose_arithmetic
from neosort_training.evaluate import Scores, TorchPredictor, score_windows
from neosort_training.losses import Losses, all_losses
from neosort_training.model import NeoNet
from neosort_training.stream import EpochOrder, WindowSamples
from neosort_training.watch import RunLog, StopRequest, Watch

LAST = "last.pt"
Tensors = tuple[Tensor, ...] | list[Tensor]
_LOG_EVERY_STEPS = 20
_VALIDATION_WINDOWS = 300


@dataclass(slots=True, kw_only=True)
class Progressing:
    """What changes while a run goes on. ``batches`` of epoch ``epoch`` are done, ``step`` in all."""

    net: NeoNet
    ema: AveragedModel
    optimiser: AdamW
    scheduler: LambdaLR
    scaler: torch.amp.GradScaler
    arithmetic: Arithmetic
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


def begin(config: TrainConfig, kinds: int, total_steps: int) -> Progressing:
    """Network and optimiser at the start of a run. Raises `ValueError` for a device that is not there."""
    arithmetic = choose_arithmetic(config.optimiser.device, config.optimiser.precision)
    torch.manual_seed(config.seed)
    # Weights are drawn on the processor, so that a seed means the same network on every device.
    net: NeoNet = NeoNet(config.model, kinds).to(memory_format=torch.channels_last).to(arithmetic.device)
    optimiser = AdamW(net.parameters(), lr=config.optimiser.learning_rate, weight_decay=config.optimiser.weight_decay)
    return Progressing(
        net=net,
        ema=AveragedModel(net, multi_avg_fn=running_average(config.optimiser.ema_decay), use_buffers=True),
        optimiser=optimiser,
        scheduler=LambdaLR(optimiser, learning_rate_factor(config.optimiser, total_steps)),
        scaler=arithmetic.scaler(),
        arithmetic=arithmetic,
    )


def train_one_step(state: Progressing, batch: Batch, config: TrainConfig) -> Losses:
    """Forward, backward, one step of the weights and of their average."""
    state.net.train()
    batch = batch.to(state.arithmetic.device)
    with state.arithmetic.autocast():
        maps = state.net(batch.picture, batch.field_ut, batch.field_mask)
    losses = all_losses(state.net, maps, batch, config.losses)
    state.optimiser.zero_grad(set_to_none=True)
    state.scaler.scale(losses.total).backward()  # type: ignore[no-untyped-call]
    state.scaler.unscale_(state.optimiser)
    torch.nn.utils.clip_grad_norm_(state.net.parameters(), config.optimiser.clip_norm)
    state.scaler.step(state.optimiser)  # leaves a step out whose gradients float16 could not hold
    state.scaler.update()
    state.scheduler.step()
    state.ema.update_parameters(state.net)
    state.batches += 1
    state.step += 1
    return losses


def train_one_epoch(state: Progressing, loader: DataLoader[Batch], config: TrainConfig, watch: Watch) -> bool:
    """What is left of the epoch. True when it was finished, False when a stop was asked for."""
    for batch in loader:
        losses = train_one_step(state, batch, config)
        loss = float(losses.total.detach())
        if not math.isfinite(loss):
            raise FloatingPointError(f"loss is {loss} at step {state.step}: lower optimiser.learning_rate")
        if state.step == 1 or state.step % _LOG_EVERY_STEPS == 0:
            scalars = {name: float(value.detach()) for name, value in losses._asdict().items()}
            scalars["learning_rate"] = float(state.scheduler.get_last_lr()[0])
            watch.log.write(state.step, "loss", scalars)
        watch.show(state.step, f"epoch {state.epoch + 1} loss {loss:.3f}")
        if watch.stop.at(state.step):
            return False
    state.epoch, state.batches = state.epoch + 1, 0
    return True


@torch.no_grad()
def evaluate(state: Progressing, stores: list[WindowStore], kinds: tuple[str, ...]) -> Scores:
    """The averaged network on evenly spread validation windows."""
    net = deepcopy(state.ema.module).cpu()
    assert isinstance(net, NeoNet)
    spread = [(store, index) for store in stores for index in range(len(store))]
    chosen = spread[:: max(1, len(spread) // _VALIDATION_WINDOWS)]
    predictor = TorchPredictor(net.eval(), stores[0].grid)
    return score_windows(predictor, (store[index] for store, index in chosen), kinds)


def ignore_interrupts(_worker: int) -> None:
    """Workers leave the terminal's Ctrl-C to the training process, which ends them in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class TrainingRun:
    """A configuration, its data, and the run's folder."""

    def __init__(self, config: TrainConfig, config_text: str, command: str) -> None:
        """Opens the stores. Raises `StoreError`, `ValueError`."""
        self.config, self._config_text, self._command = config, config_text, command
        self._train = [WindowStore(Path(path)) for path in config.data.train]
        self._validation = [WindowStore(Path(path)) for path in config.data.validation]
        for store in [*self._train, *self._validation]:
            if any(entry.split == "held-out" for entry in store.entries):
                raise ValueError(f"{store.path}: holds held-out items, which are neither learnt from nor chosen by")
        self.kinds = config.kinds or tuple(sorted({kind for store in self._train for kind in store.kinds()}))
        self._samples = WindowSamples(self._train, self.kinds, config.data, config.augment, config.seed)
        self._steps_per_epoch = math.ceil(len(self._samples) / config.optimiser.batch)
        self.total_steps = self._steps_per_epoch * config.optimiser.epochs
        self.folder = Path(config.out)

    @property
    def checkpoint_path(self) -> Path:
        """Where the run keeps its state."""
        return self.folder / LAST

    def run(self, *, resume: bool, stop: StopRequest, console: Console) -> bool:
        """Train to the end, or until stopped. True when finished. Either way the checkpoint is up to date."""
        if self.config.optimiser.threads:
            torch.set_num_threads(self.config.optimiser.threads)
        state = begin(self.config, len(self.kinds), self.total_steps)
        if resume:
            self._restore(state)
        console.print(f"{self.config.name}: {len(self._samples):,} samples an epoch, on {state.arithmetic}")
        self.folder.mkdir(parents=True, exist_ok=True)
        log = RunLog(self.folder)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        try:
            with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
                bar.add_task("starting", total=self.total_steps, completed=state.step)
                return self._epochs(state, Watch(log=log, bar=bar, stop=stop, console=console))
        finally:
            log.close()

    def _epochs(self, state: Progressing, watch: Watch) -> bool:
        while state.epoch < self.config.optimiser.epochs:
            begun_s = time.monotonic()
            finished = train_one_epoch(state, self._loader(state), self.config, watch)
            self._save(state)
            if not finished:
                return False
            last = state.epoch == self.config.optimiser.epochs
            watch.log.write(state.step, "epoch", {"number": state.epoch, "seconds": time.monotonic() - begun_s})
            if self._validation and (last or state.epoch % self.config.validate_every == 0):
                scores = evaluate(state, self._validation, self.kinds)
                watch.log.write(state.step, "validation", scores.headline())
                figures = "  ".join(f"{name} {value:.3f}" for name, value in scores.headline().items())
                watch.console.print(f"epoch {state.epoch}: {figures}", soft_wrap=True)
        return True

    def _loader(self, state: Progressing) -> DataLoader[Batch]:
        config = self.config
        start = state.batches * config.optimiser.batch
        order = EpochOrder(len(self._samples), seed=config.seed, epoch=state.epoch, start=start)
        return DataLoader(
            self._samples,  # type: ignore[arg-type]
            batch_size=config.optimiser.batch,
            sampler=order,
            num_workers=config.data.workers,
            collate_fn=collate,
            generator=torch.Generator(),  # its draw at every start must not shift the dropout of a resumed run
            worker_init_fn=ignore_interrupts,
            pin_memory=state.arithmetic.device.type == "cuda",
        )

    def _save(self, state: Progressing) -> None:
        averaged = state.ema.module if state.step else state.net
        checkpoint = Checkpoint(
            name=self.config.name,
            kinds=self.kinds,
            grid=self._samples.grid,
            model=self.config.model,
            config_text=self._config_text,
            command=self._command,
            stores=describe_stores([*self._train, *self._validation]),
            torch_version=str(torch.__version__),
            epochs=self.config.optimiser.epochs,
            epoch=state.epoch,
            batches=state.batches,
            step=state.step,
            net=state.net.state_dict(),
            ema=averaged.state_dict(),
            optimiser=state.optimiser.state_dict(),
            scheduler=state.scheduler.state_dict(),
            scaler=state.scaler.state_dict(),
            rng=torch.get_rng_state(),
        )
        save_checkpoint(self.checkpoint_path, checkpoint)

    def _restore(self, state: Progressing) -> None:
        """Go on from the run's checkpoint. Raises `CheckpointError`, `ValueError` where it is of another run."""
        checkpoint = load_checkpoint(self.checkpoint_path)
        same = (checkpoint.kinds, checkpoint.grid, checkpoint.model, checkpoint.epochs)
        if same != (self.kinds, self._samples.grid, self.config.model, self.config.optimiser.epochs):
            raise ValueError(f"{self.checkpoint_path}: belongs to a run with other kinds, grid, model or epochs")
        state.net.load_state_dict(checkpoint.net)
        state.ema.module.load_state_dict(checkpoint.ema)
        state.ema.n_averaged.fill_(checkpoint.step)
        state.optimiser.load_state_dict(checkpoint.optimiser)
        state.scheduler.load_state_dict(checkpoint.scheduler)
        if checkpoint.scaler and state.scaler.is_enabled():  # empty where the run was in another precision until now
            state.scaler.load_state_dict(checkpoint.scaler)
        state.epoch, state.batches, state.step = checkpoint.epoch, checkpoint.batches, checkpoint.step
        torch.set_rng_state(checkpoint.rng)
