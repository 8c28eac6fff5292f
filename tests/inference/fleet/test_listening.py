"""A collector: what it makes of what lines tell, of what comes twice, and of what is none of ours."""

from __future__ import annotations

import io
import subprocess

import pytest
from rich.console import Console
from tests.hardware.modbus_peers import free_port
from tests.hardware.waiting import eventually
from tests.inference.fleet.mosquitto import broker, must_have

from neosort_inference.fleet.cli import listening
from neosort_inference.fleet.listener import Listener
from neosort_inference.fleet.messages import AlarmMessage, LotMessage, StateMessage, TelemetryMessage
from neosort_inference.fleet.screen import summary_of, table_of
from neosort_inference.fleet.seen import SeenLines
from neosort_inference.fleet.settings import BrokerConfig

WHO = {"plant": "north", "line": "one", "utc": "2026-03-01T06:00:00Z"}


def alarm(seq: int, **changed) -> AlarmMessage:
    values = {
        "id": f"a{seq}", "outbox": "o", "seq": seq, "run": "r", "number": 1, "fault": "camera.dark", "words": "dark",
        "detail": "", "severity": "high", "effect": "none", "step": "raised", "in_force": True,
    }  # fmt: skip
    return AlarmMessage(**WHO | values | changed)


def lot(seq: int, **changed) -> LotMessage:
    values = {
        "id": f"l{seq}", "outbox": "o", "seq": seq, "lot": f"one-{seq}", "ordinal": seq, "supplier": "", "origin": "",
        "category": "", "mass_in_kg": None, "automatic": False, "opened": WHO["utc"], "opened_by": "Ada",
        "closed": WHO["utc"], "closed_by": "Ada", "records": 3, "head_hash": "0" * 64, "previous_lot": None,
        "decisions": 1, "fired": 1, "magnet_g_fired": 1.0, "magnet_g_left": 0.0,
    }  # fmt: skip
    return LotMessage(**WHO | values | changed)


def telemetry(**changed) -> TelemetryMessage:
    values = {
        "run": "r", "state": "sorting", "mode": "camera + field", "elapsed_s": 1.0, "belt_speed_m_per_s": 1.25,
        "items": 1234, "items_per_s": 5.0, "items_bearing": 7, "shots": 6, "late": 0, "refused": 0,
        "latency_p50_ms": 10.0, "latency_p99_ms": None,
    }  # fmt: skip
    return TelemetryMessage(**WHO | values | changed)


def test_what_comes_again_counts_once_and_what_never_comes_is_noticed():
    seen = SeenLines()
    for message in (alarm(4), lot(5), alarm(4), lot(5), alarm(6), lot(9)):
        line = seen.see(message)
    assert (line.alarms, len(line.lots), line.again, line.missing) == (2, 2, 2, 2)


def test_a_lot_told_anew_after_its_outbox_was_lost_is_the_same_lot():
    seen = SeenLines()
    seen.see(lot(5))
    line = seen.see(lot(1, id="l5", outbox="new"))
    assert (len(line.lots), line.missing) == (1, 0)


def shown(listener: Listener) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(table_of(listener, 0.0))
    return console.file.getvalue()


def test_the_table_says_who_is_there_who_is_not_and_why():
    listener = Listener(BrokerConfig(url="mqtt://broker"), None, None)
    listener.seen.see(telemetry())
    assert "sorting" in shown(listener)
    assert "1,234" in shown(listener)
    listener.seen.see(telemetry(state="stopped", stopped_by="interlock open"))
    assert "stopped (interlock open)" in shown(listener)
    listener.seen.see(StateMessage(**WHO, state="offline", why="lost", session="s"))
    assert "offline (lost)" in shown(listener)
    listener.trouble = "broker:1883: refused"
    assert "refused" in shown(listener)
    listener.seen.see(lot(1))
    assert summary_of(listener, kept=False) == "heard 1 closed lots of 1 lines"


def publish(port: int, topic: str, payload: str, *, qos: int) -> None:
    where = ["-p", str(port), "-q", str(qos), "-t", f"neosort/north/one/{topic}"]
    subprocess.run(["mosquitto_pub", *where, "-m", payload], check=True)


def test_what_is_none_of_ours_is_counted_and_does_no_harm(tmp_path):
    must_have("mosquitto_pub")
    with broker(tmp_path) as running:
        listener = Listener(BrokerConfig(url=running.url), "north", None)
        eventually(lambda: listener.turn() or listener.hears)
        for topic, payload in (
            ("lot", "{}"),
            ("state", ""),
            ("telemetry", "\x01\x02"),
            ("other", "x"),
            ("alarm", "[1]"),
        ):
            subprocess.run(
                [
                    "mosquitto_pub",
                    "-p",
                    str(running.port),
                    "-q",
                    "1",
                    "-t",
                    f"neosort/north/one/{topic}",
                    "-m",
                    payload,
                ],
                check=True,
            )
        said = alarm(1).model_dump_json()
        subprocess.run(
            ["mosquitto_pub", "-p", str(running.port), "-q", "1", "-t", "neosort/north/one/alarm", "-m", said],
            check=True,
        )
        eventually(lambda: listener.turn() or listener.seen.in_order())
        assert (listener.foreign, listener.trouble) == (5, "")
        listener.close()


def test_a_collector_without_a_broker_says_so_and_ends_when_asked_to():
    console = Console(file=io.StringIO(), width=120)
    listening(BrokerConfig(url=f"mqtt://127.0.0.1:{free_port()}"), None, None, "", 0.5, console)
    assert "Connection refused" in console.file.getvalue()
    assert "heard 0 closed lots of 0 lines" in console.file.getvalue()


@pytest.mark.parametrize("plant", ["a/b", "+"])
def test_a_plant_that_is_no_topic_is_refused(plant):
    with pytest.raises(ValueError, match="which no level"):
        Listener(BrokerConfig(url="mqtt://broker"), plant, None)
