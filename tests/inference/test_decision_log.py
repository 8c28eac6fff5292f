"""Decisions on their way to the disk: whole lines, also after a crash, and a disk that lets one down."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from tests.inference.test_telemetry import decision

from neosort_hardware.config import ConfigError
from neosort_inference import decision_log
from neosort_inference.decision_log import DecisionLog


def test_every_decision_is_a_line_and_what_stood_there_before_is_gone(tmp_path):
    file = tmp_path / "decisions.jsonl"
    file.write_text("of another run", encoding="utf-8")
    with DecisionLog(file) as log:
        for number in range(500):
            log.write(decision(track_id=number))
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line["track_id"] for line in lines] == list(range(500))
    assert (log.written, log.dropped, log.trouble) == (500, 0, "")
    log.close()


def test_a_file_that_cannot_be_made_is_said_at_once(tmp_path):
    with pytest.raises(ConfigError, match=r"none/decisions.jsonl: cannot be written"):
        DecisionLog(tmp_path / "none" / "decisions.jsonl")


def test_a_full_disk_is_said_and_what_it_did_not_take_is_counted():
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is missing")
    with DecisionLog(Path("/dev/full")) as log:
        for number in range(200):
            log.write(decision(track_id=number))
    assert log.trouble == f"writing failed ({os.strerror(28)})"
    assert log.dropped > 0


def test_a_disk_that_hangs_holds_nobody_up(tmp_path, monkeypatch):
    monkeypatch.setattr(decision_log, "MAX_WAITING", 10)
    pipe = tmp_path / "slow"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # nobody reads from it: the writer hangs when it is full
    log = DecisionLog(pipe)
    for number in range(5000):
        log.write(decision(track_id=number))
    assert log.dropped > 1000
    assert "did not keep up" in log.trouble
    os.set_blocking(reader, True)
    emptying = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(reader, 65536), b"")])
    emptying.start()
    log.close()
    emptying.join()
    os.close(reader)
    assert log.written + log.dropped == 5000
