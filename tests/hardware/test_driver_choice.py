"""A slot's `driver` picks its settings and what opens it: ours, another distribution's, or a clear refusal."""

import sys
from pathlib import Path

import pytest

from neosort_hardware.clock import RealClock, VirtualClock
from neosort_hardware.config import ConfigError, LineConfig, load_line_config
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import DRIVERS, EXTRAS, connector, found_by, open_line
from neosort_hardware.section import Section
from neosort_hardware.slots import SLOTS

ACME = """
from typing import Literal

from pydantic import Field

from neosort_hardware.devices import DeviceError
from neosort_hardware.driver_choice import Driver
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.slots import CameraConfig, DiverterConfig
from neosort_hardware.types import ShotOutcome

OPENED = []


class AcmeDiverterConfig(DiverterConfig):
    driver: Literal["acme"] = "acme"
    station: int = Field(ge=1, le=99)


class AcmeDiverter(NamedDevice):
    def __init__(self, settings, site):
        if settings.station == 99:
            raise DeviceError("acme flap", "station 99 does not answer")
        super().__init__(f"acme flap {settings.station}")
        self.found = site.encoder.read()
        OPENED.append(self)

    def schedule(self, shot):
        return ShotOutcome.ACCEPTED

    def heartbeat(self):
        self._must_be_open()

    def close_all(self):
        pass


class AcmeCameraConfig(CameraConfig):
    driver: Literal["acme"] = "acme"


def gone(settings, site):
    raise DeviceError("acme camera", "is gone")


flap = Driver(settings=AcmeDiverterConfig, connect=AcmeDiverter, present=lambda: ["station 7"])
camera = Driver(settings=AcmeCameraConfig, connect=gone)
mixed_up = Driver(settings=AcmeCameraConfig, connect=AcmeDiverter)
nothing = object()
"""
ENTRY_POINTS = """[neosort.drivers]
diverter.acme = acme_belt:flap
camera.acme = acme_belt:camera
diverter.mixed = acme_belt:mixed_up
diverter.nothing = acme_belt:nothing
diverter.broken = no_such_module:flap
"""


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """Another distribution, installed for the while of a test."""
    (tmp_path / "acme_belt.py").write_text(ACME)
    metadata = tmp_path / "acme_belt-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-belt\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("acme_belt", None)


def config_of(tmp_path, text):
    file = tmp_path / "line.toml"
    file.write_text(text)
    return load_line_config(file)


@pytest.mark.parametrize(("slot", "driver"), DRIVERS)
def test_every_driver_of_ours_is_found_and_its_settings_are_its_own(slot, driver):
    try:
        assert callable(connector(slot, driver))
    except ConfigError as error:
        if (slot, driver) not in EXTRAS:
            raise
        pytest.skip(str(error))
    with pytest.raises(Exception, match="no_such_key"):
        LineConfig.model_validate({slot: {"driver": driver, "no_such_key": 1}})


@pytest.mark.usefixtures("acme")
def test_a_driver_of_another_distribution_stands_in_a_line_beside_simulated_ones(tmp_path):
    config = config_of(tmp_path, "[diverter]\ndriver = 'acme'\nstation = 7\nnozzles = 12\n")
    assert (config.diverter.station, config.diverter.nozzles) == (7, 12)
    with open_line(config, RealClock()) as line:
        assert line.diverter.name == "acme flap 7"
        assert line.diverter.found.counts >= 0, "the encoder is there when the diverter is opened"
        assert line.camera.health().name == "simulated camera"
        assert line.truth is None, "the simulated world does not know what a real diverter throws"
        assert "diverter.gone" not in line.faults.available()
        assert "camera.gone" in line.faults.available()
        with pytest.raises(ValueError, match=r"unknown fault 'diverter\.gone'"):
            line.faults.inject("diverter.gone")
    assert not line.diverter.health().ok


@pytest.mark.usefixtures("acme")
def test_settings_of_every_driver_survive_being_kept_as_json(tmp_path):
    config = config_of(tmp_path, "[diverter]\ndriver = 'acme'\nstation = 7\n")
    assert LineConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("driver = 'acme'\n", ["diverter.station is missing"]),
        ("driver = 'acme'\nstation = 0\n", ["diverter.station = 0", "1"]),
        ("driver = 'acme'\nstation = 1\nport = 2\n", ["unknown key 'diverter.port'"]),
        ("driver = 'acne'\n", ["diverter.driver = 'acne'", "no such driver", "sim", "acme"]),
        ("driver = 3\n", ["diverter.driver = 3", "no such driver"]),
        ("driver = 'mixed'\n", ["diverter.driver = 'mixed'", "AcmeCameraConfig", "DiverterConfig"]),
        ("driver = 'nothing'\n", ["diverter.driver = 'nothing'", "acme_belt:nothing", "no neosort_hardware"]),
        ("driver = 'broken'\n", ["diverter.driver = 'broken'", "no_such_module", "cannot be loaded"]),
    ],
)
def test_a_wrong_choice_is_refused_in_one_sentence(tmp_path, text, words):
    with pytest.raises(ConfigError) as refused:
        config_of(tmp_path, "[diverter]\n" + text)
    assert "\n" not in str(refused.value)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.usefixtures("acme")
def test_what_was_opened_is_closed_again_when_a_later_device_fails(tmp_path):
    config = config_of(tmp_path, "[diverter]\ndriver = 'acme'\nstation = 7\n[camera]\ndriver = 'acme'\n")
    with pytest.raises(DeviceError, match="acme camera: is gone"):
        open_line(config, RealClock())
    import acme_belt  # noqa: PLC0415 - exists for the while of this test

    assert [device.health().detail for device in acme_belt.OPENED] == ["closed"]


@pytest.mark.usefixtures("acme")
def test_a_real_device_does_not_run_in_virtual_time(tmp_path):
    config = config_of(tmp_path, "[diverter]\ndriver = 'acme'\nstation = 7\n")
    with pytest.raises(ConfigError, match=r"diverter\.driver = 'acme'.*virtual time"):
        open_line(config, VirtualClock())


def test_a_driver_whose_package_is_absent_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(DRIVERS, ("camera", "odd"), "no_such_sdk_driver:OddCamera")
    with pytest.raises(ConfigError, match=r"camera\.driver = 'odd' cannot be loaded.*neosort\[drivers\]"):
        connector("camera", "odd")


@pytest.mark.usefixtures("acme")
def test_a_driver_that_can_look_around_names_what_it_finds():
    assert found_by("diverter", "acme") == ["station 7"]
    assert found_by("camera", "acme") == []
    assert found_by("encoder", "sim") == []
    assert found_by("camera", "opencv") == sorted(str(path) for path in Path("/dev").glob("video*"))


def test_every_slot_knows_the_twin_and_shares_its_keys():
    config = LineConfig.model_validate({"heavy_diverter": {}})
    for slot, shared in SLOTS.items():
        if slot == "plant":
            continue  # the twin's plant is there without being asked for
        assert isinstance(getattr(config, slot), shared)
        assert issubclass(shared, Section)
        assert getattr(config, slot).driver == "sim"
