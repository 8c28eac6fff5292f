"""One training run: seeded, resumable to the step, stopped cleanly by a signal, on one process or several."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from neosort_training.carried_weights import read_start
from neosort_training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, without_weights
from neosort_training.config import ModelConfig, TrainConfig
from neosort_training.data import Batch, KindError
from neosort_training.device import choose_arithmetic
from neosort_training.distributed import Ranks, joined
from neosort_training.losses import Losses
from neosort_training.mixture import Mixture
from neosort_training.model import NeoNet
from neosort_training.run_pictures import curves_picture, read_curves
from neosort_training.sources import WindowSource, describe_store, open_sources
from neosort_training.start import Start, begin_with, model_of, must_show_alike
from neosort_training.step import Progressing, begin, train_one_step
from neosort_training.stream import Position, SampleStream, batches, shared_size
from neosort_training.tracking import RunLog, open_trackers
from neosort_training.validation import Validation
from neosort_training.watch import StopRequest, Watch

LAST = "last.pt"
_LOG_EVERY_STEPS = 20


class TrainingRun:
    """A configuration, its data, and the run's folder."""

    def __init__(self, config: TrainConfig, config_text: str, command: str, ranks: Ranks | None = None) -> None:
        """Opens the sources. Raises `StoreError`, `ConfigError`, `ValueError`."""
        self.config, self._config_text, self._command = config, config_text, command
        self._ranks = ranks or Ranks()
        self._arithmetic = choose_arithmetic(config.optimiser.device, config.optimiser.precision, self._ranks.local)
        self.folder = Path(config.out)
        sources = open_sources(config.data.sources, config.seed)
        self._start = self._beginning()
        self.model = config.model if self._start is None else model_of(self._start, self._asked_model())
        self.kinds = config.kinds or (self._start.kinds if self._start else ()) or _all_kinds(sources)
        _must_have_classes(sources, self.kinds)
        self._validation = Validation(config.data.validation, self.kinds)
        self._described = [source.described() for source in sources]
        self._described += [describe_store(store) for store in self._validation.stores]
        self._grid = sources[0].grid
        self._mixture = Mixture([source.pool for source in sources], config.optimiser.batch, config.seed)
        size_px = shared_size([source.grid for source in sources], config.data.crop_rows, config.data.crop_cols)
        slots = self._ranks.slots(config.optimiser.batch)
        self._stream = SampleStream(config, self.kinds, self._mixture, size_px, slots)
        self._workers = min(config.data.workers, len(slots))
        self.total_steps = self._mixture.batches * config.optimiser.epochs
        if self._start is not None:
            must_show_alike(self._start, self._grid)

    @property
    def checkpoint_path(self) -> Path:
        """Where the run keeps its state."""
        return self.folder / LAST

    def run(self, *, resume: bool, stop: StopRequest, console: Console) -> bool:
        """Train to the end, or until stopped. True when finished. Either way the checkpoint is up to date."""
        if self.config.optimiser.threads:
            torch.set_num_threads(self.config.optimiser.threads)
        with joined(self._ranks, self._arithmetic.device):
            torch.manual_seed(self.config.seed)
            given = resume or self._start is not None
            net = NeoNet(without_weights(self.model) if given else self.model, len(self.kinds))
            if self._start is not None and self.config.start is not None and not resume:
                begin_with(net, self._start, self.kinds, self.config.start.kinds)
            state = begin(net, self.config, self.total_steps, self._arithmetic, self._ranks)
            if resume:
                self._restore(state)
            self._stream.start = Position(epoch=state.epoch, batches=state.batches)
            return self._watched(state, stop, console)

    def _beginning(self) -> Start | None:
        """The network to begin with; of a run that has begun its own, wherever the other is by now."""
        if self.config.start is None:
            return None
        return read_start(self.checkpoint_path if self.checkpoint_path.exists() else Path(self.config.start.path))

    def _asked_model(self) -> ModelConfig | None:
        return self.config.model if "model" in self.config.model_fields_set else None

    def _watched(self, state: Progressing, stop: StopRequest, console: Console) -> bool:
        leads = self._ranks.leads
        if leads:
            self.folder.mkdir(parents=True, exist_ok=True)
            console.print(self._said(), soft_wrap=True)
        log, finished = RunLog(open_trackers(self.config, self.folder) if leads else []), False
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        times = (TimeElapsedColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, *times, console=console, disable=not leads) as bar:
                bar.add_task("making the first samples", total=self.total_steps, completed=state.step)
                with closing(batches(self._stream, self._workers, self._arithmetic.device)) as feed:
                    finished = self._epochs(state, feed, Watch(log=log, bar=bar, stop=stop, console=console))
        finally:
            log.close(finished=finished)
        return finished

    def _said(self) -> str:
        shares = ", ".join(
            f"{samples:,} of {source['path']}"
            for samples, source in zip(self._mixture.samples, self._described, strict=False)
        )
        processes = f"{self._ranks.size} processes, each on " if self._ranks.size > 1 else ""
        return f"{self.config.name}: samples an epoch: {shares}; {processes}{self._arithmetic}"

    def _epochs(self, state: Progressing, feed: Iterator[Batch], watch: Watch) -> bool:
        while state.epoch < self.config.optimiser.epochs:
            begun_s, first = time.monotonic(), state.batches
            finished = self._one_epoch(state, feed, watch)
            self._save(state)
            if not finished:
                return False
            seconds = time.monotonic() - begun_s
            samples_per_s = (self._mixture.batches - first) * self.config.optimiser.batch / seconds
            scalars = {"number": state.epoch, "seconds": seconds, "samples_per_s": samples_per_s}
            watch.log.scalars(state.step, "epoch", scalars)
            last = state.epoch == self.config.optimiser.epochs
            if self._ranks.leads and (last or state.epoch % self.config.validate_every == 0):
                self._look(state, watch)
        return True

    def _one_epoch(self, state: Progressing, feed: Iterator[Batch], watch: Watch) -> bool:
        """What is left of the epoch. True when it was finished, False when a stop was asked for."""
        while state.batches < self._mixture.batches:
            losses, asked = self._agreed(train_one_step(state, next(feed), self.config, self._ranks), state, watch.stop)
            loss = float(losses.total)
            if not math.isfinite(loss):
                raise FloatingPointError(f"loss is {loss} at step {state.step}: lower optimiser.learning_rate")
            if state.step == 1 or state.step % _LOG_EVERY_STEPS == 0:
                scalars = {name: float(value) for name, value in losses._asdict().items()}
                scalars["learning_rate"] = float(state.scheduler.get_last_lr()[0])
                watch.log.scalars(state.step, "loss", scalars)
            watch.show(state.step, f"epoch {state.epoch + 1} loss {loss:.3f}")
            if asked:
                return False
        state.epoch, state.batches = state.epoch + 1, 0
        return True

    def _agreed(self, losses: Losses, state: Progressing, stop: StopRequest) -> tuple[Losses, bool]:
        """The global batch's losses, and whether any process was asked to stop: the same to all of them."""
        asked = losses.total.new_tensor(float(stop.at(state.step)))
        values: Tensor = self._ranks.total(torch.stack([*(loss.detach() for loss in losses), asked]))
        *means, stops = (values / self._ranks.size).unbind()
        return Losses(*means), bool(stops > 0)

    def _look(self, state: Progressing, watch: Watch) -> None:
        """The averaged network on the validation stores, where there are any, and the run as pictures."""
        log = self.folder / "log.jsonl"
        if self._validation.stores:
            net = state.ema.module
            assert isinstance(net, NeoNet)
            looked = self._validation.look(net)
            watch.log.scalars(state.step, "validation", looked.scores.headline())
            watch.log.picture(state.step, "detections", looked.picture)
            figures = "  ".join(f"{name} {value:.3f}" for name, value in looked.scores.headline().items())
            watch.console.print(f"epoch {state.epoch}: {figures}", soft_wrap=True)
        curves = curves_picture(read_curves(log, "loss"), read_curves(log, "validation"))
        watch.log.picture(state.step, "curves", curves)

    def _save(self, state: Progressing) -> None:
        if not self._ranks.leads:
            return
        averaged = state.ema.module if state.step else state.net
        checkpoint = Checkpoint(
            name=self.config.name,
            kinds=self.kinds,
            grid=self._grid,
            model=self.model,
            config_text=self._config_text,
            command=self._command,
            stores=self._described,
            validation=self.config.data.validation,
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
        )
        save_checkpoint(self.checkpoint_path, checkpoint)

    def _restore(self, state: Progressing) -> None:
        """Go on from the run's checkpoint. Raises `CheckpointError`, `ValueError` where it is of another run."""
        checkpoint = load_checkpoint(self.checkpoint_path)
        same = (checkpoint.kinds, checkpoint.grid, checkpoint.model, checkpoint.epochs)
        if same != (self.kinds, self._grid, self.model, self.config.optimiser.epochs):
            raise ValueError(f"{self.checkpoint_path}: belongs to a run with other kinds, grid, model or epochs")
        state.net.load_state_dict(checkpoint.net)
        state.ema.module.load_state_dict(checkpoint.ema)
        state.ema.n_averaged.fill_(checkpoint.step)
        state.optimiser.load_state_dict(checkpoint.optimiser)
        state.scheduler.load_state_dict(checkpoint.scheduler)
        if checkpoint.scaler and state.scaler.is_enabled():  # empty where the run was in another precision until now
            state.scaler.load_state_dict(checkpoint.scaler)
        state.epoch, state.batches, state.step = checkpoint.epoch, checkpoint.batches, checkpoint.step


def _all_kinds(sources: Sequence[WindowSource]) -> tuple[str, ...]:
    return tuple(sorted({kind for source in sources for kind in source.kinds()}))


def _must_have_classes(sources: Sequence[WindowSource], kinds: Sequence[str]) -> None:
    """Raise `KindError` for the first kind of a source that the network has no class for."""
    for number, source in enumerate(sources):
        unknown = sorted(set(source.kinds()) - set(kinds))
        if unknown:
            raise KindError(
                f"kind '{unknown[0]}' of {source.described()['path']} is none of the network's ({', '.join(kinds)}): "
                f"say in data.sources.{number}.kinds which one it is here, '' to pass it over, or list it in 'kinds'"
            )
