"""The files of inference/deploy: what systemd and a container engine make of them, as far as it can be asked here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from neosort_hardware.real_time import PRIORITY
from neosort_inference.api.app import create_app
from neosort_inference.api.feed import ViewFeed
from neosort_inference.cli import app

DEPLOY = Path(__file__).parents[2] / "inference" / "deploy"
UNIT = (DEPLOY / "neosort.service").read_text(encoding="utf-8")
CONTAINER = (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def test_systemd_takes_the_unit_without_a_word(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze (Debian: systemd) is missing")
    unit = tmp_path / "neosort.service"
    unit.write_text(UNIT.replace("/opt/neosort/bin/neosort", sys.executable), encoding="utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    about_ours = [line for line in verified.stderr.splitlines() if "neosort" in line]
    assert (verified.returncode, about_ours) == (0, [])


def test_the_unit_grants_what_the_shot_process_asks_for():
    assert f"LimitRTPRIO={PRIORITY}\n" in UNIT
    assert "LimitMEMLOCK=infinity\n" in UNIT
    assert "Type=notify\n" in UNIT
    assert float(re.search(r"^WatchdogSec=(\d+)$", UNIT, re.MULTILINE)[1]) >= 3, "told once a second"


def test_every_command_line_in_them_is_one_of_ours():
    lines = re.findall(r"^Exec\w+=-?/opt/neosort/bin/neosort (.+)$", UNIT, re.MULTILINE)
    lines.append(" ".join(re.findall(r'"([^"]+)"', re.search(r"^CMD (\[.+\])$", CONTAINER, re.MULTILINE)[1])))
    assert len(lines) >= 2
    commands = get_command(app).commands
    for line in lines:
        name, *words = line.split()
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_a_container_is_built_of_what_the_project_is_made_of():
    with (DEPLOY.parents[1] / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = re.search(r"'/src\[([\w,]+)\]'", CONTAINER)[1].split(",")
    assert set(extras) <= set(project["optional-dependencies"])
    for version in re.findall(r"^FROM \S+/python:(\d+\.\d+)-slim", CONTAINER, re.MULTILINE):
        assert tuple(map(int, version.split("."))) >= tuple(map(int, project["requires-python"][2:].split(".")))
    assert (DEPLOY.parents[1] / re.search(r"--constraint /src/(\S+)", CONTAINER)[1]).exists()
    assert project["scripts"][re.search(r'^ENTRYPOINT \["(\w+)"\]$', CONTAINER, re.MULTILINE)[1]]
    left_out = (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"inference/deploy/plant/secrets", ".git"} <= set(left_out)


def test_a_container_keeps_its_state_and_serves_its_page_where_it_says():
    run = {parameter.name: parameter.default for parameter in get_command(app).commands["run"].params}
    assert f"EXPOSE {run['port']}\n" in CONTAINER
    volume = re.search(r"^VOLUME (\S+)$", CONTAINER, re.MULTILINE)[1]
    assert re.search(r"STATE_DIRECTORY=(\S+)", CONTAINER)[1].startswith(f"{volume}/")


def test_a_container_is_asked_for_its_health_where_the_line_answers():
    path = re.search(r"127\.0\.0\.1:8000(/\w+)", CONTAINER)[1]
    assert path in create_app(ViewFeed()).openapi()["paths"]
    assert "STOPSIGNAL SIGTERM" in CONTAINER
