"""Valves and contacts on GPIO lines, as a line's configuration says it. What the kernel says: `tests/kernel`."""

import pytest
from pydantic import ValidationError

from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.interlock_gpio import GpioInterlock
from neosort_hardware.section import describe_invalid
from neosort_hardware.settings_gpio import GpioInterlockConfig
from neosort_hardware.valves_gpio import GpioValves

pytestmark = pytest.mark.computes

BANKS = {"nozzles": 4, "banks": [{"chip": "left", "lines": [0, 1]}, {"chip": "right", "lines": ["v2", "v3"]}]}
CONTACT = {"name": "emergency stop", "chip": "/dev/null", "line": 3}


def diverter(**more):
    return LineConfig.model_validate({"diverter": {"driver": "gpio"} | BANKS | more}).diverter


def test_lines_are_numbers_or_names_in_the_order_of_the_nozzles():
    settings = diverter()
    assert [(bank.chip, line) for bank in settings.banks for line in bank.lines] == [
        ("left", 0), ("left", 1), ("right", "v2"), ("right", "v3"),
    ]  # fmt: skip
    assert settings.timed_by_host, "neosort doctor asks for real-time rights"


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"nozzles": 5}, "name 4 lines, diverter.nozzles is 5"),
        ({"banks": [{"chip": "left", "lines": [0, 1, 2, 1]}]}, "line 1 of 'left' is named twice"),
        ({"watchdog": {"chip": "left", "line": 0}}, "line 0 of 'left' is named twice"),
        ({"banks": []}, "at least 1"),
        ({"refresh_ms": 400.0}, "must not exceed half of heartbeat_ms"),
    ],
)
def test_wiring_that_cannot_be_is_refused_in_one_sentence(told, complaint):
    with pytest.raises(ValidationError) as refused:
        diverter(**told)
    assert complaint in describe_invalid(refused.value)


def test_plant_contacts_of_which_none_is_wired_are_refused():
    with pytest.raises(ValidationError) as refused:
        LineConfig.model_validate({"plant": {"driver": "gpio"}})
    assert "neither chute_full nor belt_jammed is wired" in describe_invalid(refused.value)


def test_a_chip_that_is_not_there_or_is_none_is_said_by_name():
    with pytest.raises(DeviceError, match="jets: left: no chip has that name; there are: "):
        GpioValves("jets", diverter())
    with pytest.raises(DeviceError, match="GPIO interlock: /dev/null: "):
        GpioInterlock(GpioInterlockConfig.model_validate({"contacts": [CONTACT]}))
