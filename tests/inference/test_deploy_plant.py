"""The files of inference/deploy/plant, as far as they can be tried without containers: every path, port, secret and
command in them exists, and the real mosquitto and promtool take their configurations."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.inference.fleet.lines import SNAPSHOT, line
from tests.inference.fleet.mosquitto import Broker, Subscriber, must_have
from typer.main import get_command

from neosort_inference.api.feed import ViewFeed
from neosort_inference.api.metrics import exposition
from neosort_inference.cli import app
from neosort_inference.fleet.settings import FleetConfig, load_fleet_config
from neosort_inference.fleet.standing import FleetStanding
from neosort_inference.watching import blank_view

yaml = pytest.importorskip("yaml", reason="PyYAML (extra interchange) is missing")
PLANT = Path(__file__).parents[2] / "inference" / "deploy" / "plant"
COMPOSE = yaml.safe_load((PLANT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
README = (PLANT.parents[1] / "README.md").read_text(encoding="utf-8")


def mounts(service: str) -> dict[str, str]:
    """What lies where in a container: host's path or volume by the path inside."""
    return {inside: outside for outside, inside, *_ in (volume.split(":") for volume in SERVICES[service]["volumes"])}


def test_every_file_volume_and_secret_that_the_plant_names_is_there_or_the_readme_says_how_to_make_it():
    for name, service in SERVICES.items():
        for outside in mounts(name).values():
            there = (PLANT / outside).exists() if outside.startswith(".") else outside in COMPOSE["volumes"]
            assert there, f"{name}: {outside}"
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"]), name
        assert set(service.get("depends_on", ())) <= set(SERVICES), name
        assert "build" in service or "image" in service
    build = SERVICES["collector"]["build"]
    assert (PLANT / build["context"] / build["dockerfile"]).exists()
    made = [secret["file"] for secret in COMPOSE["secrets"].values()]
    made += [file for service in SERVICES.values() for file in service.get("env_file", ())]
    for file in made:
        assert Path(file).name in README, file


def test_nothing_is_declared_that_nobody_uses_and_no_two_services_want_one_port():
    used = {outside for name in SERVICES for outside in mounts(name).values() if not outside.startswith(".")}
    assert used == set(COMPOSE["volumes"])
    assert {secret for service in SERVICES.values() for secret in service.get("secrets", ())} == set(COMPOSE["secrets"])
    ports = [port.split(":")[-2] for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(set(ports)) == len(ports)
    for name, service in SERVICES.items():
        image = service["image"]
        assert image == "neosort" or re.search(r"/[\w-]+:v?\d+", image), f"{name}: {image} says no version"
    built = [name for name, service in SERVICES.items() if "build" in service]
    assert [SERVICES[name]["image"] for name in built] == ["neosort"], "built once, for all that run it"


def test_only_what_serves_the_page_is_asked_for_its_health_there():
    for name in ("line-1", "collector"):
        serves = SERVICES[name]["command"][0] == "run"
        assert SERVICES[name].get("healthcheck", {}).get("disable", False) is not serves, name


def test_the_ledgers_url_is_that_of_the_plants_database():
    database = SERVICES["database"]
    environment = database["environment"]
    for name in ("line-1", "collector"):
        words = SERVICES[name]["command"]
        url = urlsplit(words[words.index("--ledger") + 1])
        assert SERVICES[url.hostname] is database
        assert (url.username, url.path) == (environment["POSTGRES_USER"], f"/{environment['POSTGRES_DB']}")
        assert f"{url.port or 5432}:5432" in database["ports"]
        assert url.password is None, "it stands in secrets/database.env, as PGPASSWORD"
        assert SERVICES[name]["env_file"] == database["env_file"]
    assert environment["POSTGRES_USER"] in database["healthcheck"]["test"]


def test_our_commands_are_ones_and_their_files_lie_in_the_container():
    commands = get_command(app).commands
    for name in ("line-1", "collector"):
        words = SERVICES[name]["command"]
        command = commands[words[0]].commands[words[1]] if words[0] == "fleet" else commands[words[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
        inside = words[words.index("--fleet") + 1]
        broker = load_fleet_config(PLANT / mounts(name)[inside]).broker
        assert broker.host in SERVICES
        assert f"{broker.port}:{broker.port}" in SERVICES[broker.host]["ports"]
        assert broker.password_file == Path("/run/secrets") / SERVICES[name]["secrets"][0]


def test_prometheus_asks_the_lines_and_grafana_shows_our_dashboard():
    scrape = yaml.safe_load((PLANT / "prometheus/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"][0]
    for target in scrape["static_configs"][0]["targets"]:
        host, port = target.split(":")
        assert any(ports.endswith(f":{port}") for ports in SERVICES[host]["ports"])
    assert scrape["authorization"]["credentials_file"] == f"/run/secrets/{SERVICES['prometheus']['secrets'][0]}"
    source = yaml.safe_load((PLANT / "grafana/datasources.yaml").read_text(encoding="utf-8"))["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    provider = yaml.safe_load((PLANT / "grafana/dashboards.yaml").read_text(encoding="utf-8"))["providers"][0]
    folder = PLANT / mounts("grafana")[provider["options"]["path"]]
    dashboard = json.loads((folder / "neosort-line.json").read_text(encoding="utf-8"))
    assert dashboard["templating"]["list"][0]["query"] == source["type"]


def test_every_metric_that_an_alert_is_about_is_one_of_ours():
    feed = ViewFeed()
    feed.put(blank_view(replace(SNAPSHOT, fleet=FleetStanding(broker="mqtt://broker"))))
    told = exposition(feed, "")[0].decode()
    families = set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE))
    groups = yaml.safe_load((PLANT / "prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    named = {name for rule in groups[0]["rules"] for name in re.findall(r"\bneosort_\w+(?=[{ \[])", rule["expr"])}
    assert len(named) >= 4
    assert named <= families


def test_promtool_takes_the_configuration_and_its_alerts(tmp_path):
    if shutil.which("promtool") is None:
        pytest.skip("promtool (Debian: prometheus) is missing")
    for file in (PLANT / "prometheus").iterdir():
        text = file.read_text(encoding="utf-8").replace("/run/secrets", str(tmp_path))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    (tmp_path / "scraper-token").write_text("secret")
    for words in (("config", "prometheus.yml"), ("rules", "alerts.yml")):
        checked = subprocess.run(
            ["promtool", "check", words[0], tmp_path / words[1]], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


class PlantsBroker(Broker):
    """The real one with the plant's configuration, its folders moved here."""

    def __init__(self, folder) -> None:
        text = (PLANT / "mosquitto/mosquitto.conf").read_text(encoding="utf-8")
        for theirs, ours in (
            ("/run/secrets/broker-users", folder / "broker-users"),
            ("/mosquitto/config/rights", PLANT / "mosquitto/rights"),
            ("/mosquitto/data/", f"{folder}/"),
        ):
            assert theirs in text
            text = text.replace(theirs, str(ours))
        settings = [
            line for line in text.splitlines() if line and not line.startswith(("#", "listener", "persistence "))
        ]
        super().__init__(folder, *settings)


def test_mosquitto_takes_the_configuration_and_lets_every_line_write_what_is_its_own(tmp_path):
    must_have("mosquitto", "mosquitto_passwd", "mosquitto_sub")
    for user in ("line-1", "line-2", "collector"):
        new = () if (tmp_path / "broker-users").exists() else ("-c",)
        subprocess.run(
            ["mosquitto_passwd", "-b", *new, tmp_path / "broker-users", user, user], check=True, capture_output=True
        )
    running = PlantsBroker(tmp_path)
    shipped = load_fleet_config(PLANT / "line/fleet.toml")

    def settings(user: str, name: str) -> FleetConfig:
        secret = tmp_path / f"{user}.password"
        secret.write_text(user)
        secret.chmod(0o600)
        broker = shipped.broker.model_copy(
            update={"url": f"mqtt://{user}@127.0.0.1:{running.port}", "password_file": secret}
        )
        return shipped.model_copy(update={"line": name, "broker": broker})

    try:
        with Subscriber(running.port, "neosort/#", "-u", "collector", "-P", "collector") as heard:
            with line(settings("line-1", "line-1"), tmp_path / "1") as one:
                one.alarm()
                one.until(lambda: one.link.standing.sent.get("alarm") == 2 and len(heard.of("alarm")) == 2)
            with line(settings("line-2", "line-1"), tmp_path / "2") as false:
                false.stands("refused")
        assert {message["line"] for message in heard.of("state")} == {"line-1"}
    finally:
        running.kill()
