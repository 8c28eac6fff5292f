"""A run's figures and pictures arrive where they are looked at, and an MLflow server that is gone stops nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from neosort_training.config import TrackingConfig
from neosort_training.run_pictures import curves_picture, read_curves
from neosort_training.tracking import open_trackers
from neosort_training.train import TrainingRun
from neosort_training.watch import StopRequest

needs_client = pytest.mark.skipif(find_spec("mlflow") is None, reason="mlflow-skinny is not installed (extra mlflow)")
needs_server = pytest.mark.skipif(
    find_spec("mlflow") is None or "NEOSORT_TEST_MLFLOW" not in os.environ,
    reason="no MLflow server: pip install mlflow elsewhere and name its program in NEOSORT_TEST_MLFLOW",
)


def run(config, *, resume=False, stop=None):
    training = TrainingRun(config, "text", "neosort-train train test.toml")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        training.run(resume=resume, stop=stop or StopRequest(), console=Console(file=nowhere))
    return training.folder


def test_a_run_leaves_figures_and_pictures_in_its_folder_and_in_tensorboard(make_store, make_config):
    store = make_store("store", 4, 0)
    config = make_config(store, "run", epochs=2)
    data = config.data.model_copy(update={"validation": (str(make_store("validation", 2, 90).path),)})
    folder = run(config.model_copy(update={"data": data, "validate_every": 1}))
    groups = {json.loads(line)["group"] for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()}
    assert groups == {"loss", "epoch", "validation"}
    assert {path.name for path in (folder / "pictures").iterdir()} == {"curves.png", "detections.png"}
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    assert {"loss/total", "validation/ap50", "epoch/samples_per_s"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Images("detections")] == [1, 2]


def test_tensorboard_can_be_left_out(make_store, make_config):
    config = make_config(make_store("store", 4, 0), "run", epochs=1)
    folder = run(config.model_copy(update={"tracking": TrackingConfig(tensorboard=False)}))
    assert not (folder / "tensorboard").exists()


def test_curves_are_read_back_from_the_log_and_drawn(tmp_path):
    log = tmp_path / "log.jsonl"
    lines = [{"step": step, "group": "loss", "total": 9.0 / step, "box": 0.5} for step in (1, 20, 40)]
    log.write_text("\n".join(map(json.dumps, lines)) + '\n{"step": 60, "gro', encoding="utf-8")
    curves = read_curves(log, "loss")
    assert curves["total"] == ([1, 20, 40], [9.0, 0.45, 0.225])
    drawn, empty = curves_picture(curves, {}), curves_picture({}, {})
    assert drawn.shape == empty.shape
    assert (drawn[..., 0] != drawn[..., 2]).sum() > (empty[..., 0] != empty[..., 2]).sum() + 200, "lines have colours"


@needs_client
def test_a_server_that_is_not_there_is_said_before_the_run(make_store, make_config, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        config = make_config(make_store("store", 4, 0), "run", epochs=1)
        with pytest.raises(ValueError, match=f"tracking.mlflow = '{url}': the server cannot be used"):
            run(config.model_copy(update={"tracking": TrackingConfig(mlflow=url)}))


def test_a_client_that_is_not_installed_is_named(make_store, make_config, tmp_path, monkeypatch):
    config = make_config(make_store("store", 2, 0), "run").model_copy(
        update={"tracking": TrackingConfig(tensorboard=False, mlflow="http://127.0.0.1:1")}
    )
    monkeypatch.setitem(sys.modules, "neosort_training.mlflow_tracking", None)
    with pytest.raises(ValueError, match=r"pip install 'neosort\[mlflow\]'"):
        open_trackers(config, tmp_path)


@pytest.fixture
def server(tmp_path):
    """A real MLflow server on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = os.environ["NEOSORT_TEST_MLFLOW"]
    place = [
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/mlflow.db",
        "--artifacts-destination",
        str(tmp_path / "kept"),
    ]
    command = [program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *place]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=tmp_path)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(process, f"{url}/health", tmp_path / "server.log")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def wait_for(process, url, log):
    until = time.monotonic() + 300
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not answer: {log.read_text()}")


@needs_server
@pytest.mark.slow
def test_a_real_server_takes_the_run_and_goes_on_with_it(server, make_store, make_config):
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    url = server
    store = make_store("store", 8, 0)
    config = make_config(store, "run", epochs=2)
    data = config.data.model_copy(update={"validation": (str(store.path),)})
    tracked = {"data": data, "validate_every": 1, "tracking": TrackingConfig(mlflow=url, experiment="belts")}
    config = config.model_copy(update=tracked)
    run(config, stop=StopRequest(after_steps=2))
    client = MlflowClient(url)
    (experiment,) = client.search_experiments(filter_string="name = 'belts'")
    (stopped,) = client.search_runs([experiment.experiment_id])
    assert (stopped.info.run_name, stopped.info.status) == ("small", "KILLED")
    assert stopped.data.params["optimiser.batch"] == "4"
    folder = run(config, resume=True)
    (finished,) = client.search_runs([experiment.experiment_id])
    assert finished.info.run_id == stopped.info.run_id
    assert finished.info.status == "FINISHED"
    logged = {entry.step: entry.value for entry in client.get_metric_history(finished.info.run_id, "validation/ap50")}
    ours = read_curves(folder / "log.jsonl", "validation")["ap50"]
    np.testing.assert_allclose(list(logged.values()), ours[1])
    assert [file.path for file in client.list_artifacts(finished.info.run_id, "detections")] == [
        "detections/0000002.png",
        "detections/0000004.png",
    ]
