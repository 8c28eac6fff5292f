"""A run on an MLflow server: figures, pictures and the configuration, sent beside the training.

The client is mlflow-skinny, MLflow's own without what its server needs. A thread of its own sends, so that a slow or
lost server never holds the training up; what cannot be sent stands in the run's folder all the same.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from PIL import Image

from neosort_hardware.types import ImageU8
from neosort_training.config import TrainConfig

RUN_ID = "mlflow-run-id"
_PATIENCE_S = 30.0
_LONGEST_PARAMETER = 500
# MLflow's client has no other way to be told; its own patience is 7 tries of 2 minutes.
_IMPATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


class MlflowServer:
    """One run of an experiment; gone on with where the run's folder says which it was."""

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        """Raises `ValueError` where the server does not answer."""
        self._client, self._folder = MlflowClient(config.tracking.mlflow), folder
        self._url = config.tracking.mlflow
        try:
            with _impatient():
                self._run_id = self._begun(config)
        except (MlflowException, OSError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"tracking.mlflow = '{self._url}': the server cannot be used ({reason})") from error
        self._jobs: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._lost: str | None = None
        self._sender = threading.Thread(target=self._send, name="mlflow", daemon=True)
        self._sender.start()

    def scalars(self, step: int, group: str, values: Mapping[str, float]) -> None:
        """Metrics, one a name."""
        now_ms = int(time.time() * 1000)
        metrics = [Metric(f"{group}/{name}", float(value), now_ms, step) for name, value in values.items()]
        self._jobs.put(lambda: self._client.log_batch(self._run_id, metrics=metrics))

    def picture(self, step: int, name: str, pixels: ImageU8) -> None:
        """An artifact with the step in its name."""
        image = Image.fromarray(pixels)
        self._jobs.put(lambda: self._client.log_image(self._run_id, image, f"{name}/{step:07d}.png"))

    def close(self, *, finished: bool) -> None:
        """Send what is left, for `_PATIENCE_S` at most, and say what became of the run."""
        self._jobs.put(lambda: self._client.set_terminated(self._run_id, "FINISHED" if finished else "KILLED"))
        self._jobs.put(None)
        self._sender.join(_PATIENCE_S)
        if self._sender.is_alive() or self._lost is not None:
            cause = self._lost or f"it took longer than {_PATIENCE_S:.0f} s"
            sys.stderr.write(f"MLflow at {self._url} did not take all of the run ({cause}); {self._folder} has it\n")

    def _begun(self, config: TrainConfig) -> str:
        kept = self._folder / RUN_ID
        if kept.exists():
            run_id = kept.read_text(encoding="utf-8").strip()
            self._client.update_run(run_id, status="RUNNING")
            return run_id
        experiment = self._client.get_experiment_by_name(config.tracking.experiment)
        experiment_id = experiment.experiment_id if experiment else None
        if experiment_id is None:
            experiment_id = self._client.create_experiment(config.tracking.experiment)
        run_id = str(self._client.create_run(experiment_id, run_name=config.name).info.run_id)
        kept.write_text(run_id + "\n", encoding="utf-8")
        for name, value in _flat(config.model_dump(mode="json")):
            self._client.log_param(run_id, name, value[:_LONGEST_PARAMETER])
        return run_id

    def _send(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                with _impatient():
                    job()
            except Exception as error:  # the thread must live on whatever the client raises; told at the end
                self._lost = " ".join(str(error).split())[:200]


def _flat(section: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """Nested sections as names with dots."""
    for name, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{within}{name}.")
        else:
            yield within + name, str(value)


@contextmanager
def _impatient() -> Iterator[None]:
    """The client gives up sooner, unless the user has said how long it may take."""
    added = {name: value for name, value in _IMPATIENCE.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
