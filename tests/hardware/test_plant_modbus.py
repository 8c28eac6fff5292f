"""The plant's contacts and its air pressure over Modbus."""

import pytest
from pydantic import ValidationError
from tests.hardware.modbus_peers import modbus_tk_peer
from tests.hardware.waiting import eventually, held

from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import open_line, slots_of
from neosort_hardware.section import describe_invalid
from neosort_hardware.types import PlantState


def told(port, **more):
    wired = {"table": "coil", "chute_full": 9, "belt_jammed": 11, "air_register": 4, "air_rated": 6000.0}
    return {"driver": "modbus", "peer": {"port": port, "timeout_ms": 1000.0}, "stale_ms": 5000.0} | wired | more


def test_what_a_modbus_tk_slave_says_reaches_the_line():
    before = held()
    with modbus_tk_peer() as (port, slave):
        slave.set_values("input", 4, [5400])
        config = LineConfig.model_validate({"plant": told(port)})
        assert "plant" in slots_of(config)
        with open_line(config, RealClock()) as line:
            plant = line.plant
            assert plant.read() == PlantState(air_share=0.9)
            slave.set_values("coils", 9, [1])
            eventually(lambda: plant.read().chute_full)
            assert not plant.read().belt_jammed
            slave.set_values("coils", 11, [1])
            slave.set_values("input", 4, [1200])
            eventually(lambda: plant.read() == PlantState(chute_full=True, belt_jammed=True, air_share=0.2))
    with pytest.raises(DeviceError, match="used after it had been closed"):
        plant.read()
    eventually(lambda: held() == before)


def test_a_peer_that_dies_is_said_and_found_again():
    with modbus_tk_peer() as (port, _):
        line = open_line(LineConfig.model_validate({"plant": told(port, stale_ms=300.0)}), RealClock())
        assert eventually(lambda: failure_of(line.plant) is None)
    assert f"127.0.0.1:{port} unit 1: " in eventually(lambda: failure_of(line.plant))
    assert not line.plant.health().ok
    with modbus_tk_peer(port):
        eventually(lambda: failure_of(line.plant) is None and line.plant.health().ok)
        line.close()


def failure_of(plant):
    try:
        plant.read()
    except DeviceError as error:
        return str(error)
    return None


def test_a_place_that_is_not_there_is_refused_at_once():
    with modbus_tk_peer() as (port, _), pytest.raises(DeviceError, match="no such register"):
        open_line(LineConfig.model_validate({"plant": told(port, chute_full=900)}), RealClock())


def test_nothing_wired_is_refused():
    with pytest.raises(ValidationError) as refused:
        LineConfig.model_validate({"plant": {"driver": "modbus"}})
    assert "none of chute_full, belt_jammed and air_register is wired" in describe_invalid(refused.value)
