"""What a line is told of its broker: refused in one sentence where it cannot be."""

from __future__ import annotations

import pytest
from tests.hardware.modbus_peers import free_port
from tests.inference.fleet.mosquitto import broker
from typer.testing import CliRunner

from neosort_hardware.config import LineConfig
from neosort_hardware.section import ConfigError
from neosort_inference.cli import app
from neosort_inference.doctor.finding import Grade
from neosort_inference.doctor.fleet_checks import examine_fleet
from neosort_inference.fleet.link import FleetLink
from neosort_inference.fleet.settings import load_fleet_config
from neosort_inference.state import State


def loaded(folder, text: str):
    file = folder / "fleet.toml"
    file.write_text(text, encoding="utf-8")
    return load_fleet_config(file)


def test_ports_and_users_come_from_the_url(tmp_path):
    plain = loaded(tmp_path, 'broker.url = "mqtt://broker.plant"').broker
    assert (plain.host, plain.port, plain.username, plain.tls) == ("broker.plant", 1883, "", False)
    secret = loaded(tmp_path, 'broker.url = "mqtts://line-3@[fd00::1]:18883"').broker
    assert (secret.host, secret.port, secret.username, secret.tls) == ("fd00::1", 18883, "line-3", True)
    assert loaded(tmp_path, 'broker.url = "mqtts://broker.plant"').broker.port == 8883
    assert loaded(tmp_path, 'broker.url = "mqtt://hall%203@broker.plant"').broker.username == "hall 3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "broker is missing"),
        ('broker.url = "http://broker"', "is no broker"),
        ('broker.url = "mqtt://"', "is no broker"),
        ('broker.url = "mqtt://a:secret@broker"', "takes no password"),
        ('broker.url = "mqtt://broker:99999"', "broker.url"),
        ('broker.url = "mqtt://broker"\nbroker.password_file = "x"', "without a user"),
        ('broker.url = "mqtt://broker"\nbroker.ca_file = "x"', "need TLS"),
        ('broker.url = "mqtts://broker"\nbroker.key_file = "x"', "belong together"),
        ('plant = "a/b"\nbroker.url = "mqtt://broker"', "'/', which no level"),
        ('line = "#"\nbroker.url = "mqtt://broker"', "'#', which no level"),
        ('broker.url = "mqtt://broker"\nbroker.qos = 2', "unknown key 'broker.qos'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(text, said, tmp_path):
    with pytest.raises(ConfigError, match=said) as refused:
        loaded(tmp_path, text)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value).replace("mqtt://a:secret@broker", "")


def test_a_line_whose_name_no_topic_can_hold_is_told_how_to_get_another(tmp_path):
    config = loaded(tmp_path, 'broker.url = "mqtt://broker"')
    with pytest.raises(ConfigError, match="give another by line"):
        FleetLink(config, "hall/3", State(folder=tmp_path), None)


def test_a_password_that_cannot_be_read_is_refused_at_the_start(tmp_path):
    config = loaded(tmp_path, f'broker.url = "mqtt://a@broker"\nbroker.password_file = "{tmp_path}/none"')
    with pytest.raises(ConfigError, match="none: cannot be read"):
        FleetLink(config, "line", State(folder=tmp_path), None)


def test_the_doctor_reaches_the_broker_or_says_why_not(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    file = tmp_path / "fleet.toml"
    file.write_text(f'broker.url = "mqtt://127.0.0.1:{free_port()}"\n')
    way, outbox = examine_fleet(file, LineConfig())
    assert (way.grade, outbox.grade) == (Grade.WARNING, Grade.OK)
    assert "unreachable" in way.said
    assert "firewall" in way.do
    with broker(tmp_path) as running:
        file.write_text(f'broker.url = "{running.url}"\n')
        assert [finding.grade for finding in examine_fleet(file, LineConfig())] == [Grade.OK, Grade.OK]
    file.write_text('broker.url = "ftp://x"\n')
    assert [finding.grade for finding in examine_fleet(file, LineConfig())] == [Grade.FAULT]


def test_the_schemas_are_printed_and_a_collector_without_a_broker_says_what_it_wants():
    printed = CliRunner().invoke(app, ["fleet", "schema", "lot"])
    assert '"urn:neosort:fleet:lot:1"' in printed.output
    assert isinstance(CliRunner().invoke(app, ["fleet", "listen"]).exception, ConfigError)
    assert isinstance(CliRunner().invoke(app, ["fleet", "schema", "lots"]).exception, ConfigError)
