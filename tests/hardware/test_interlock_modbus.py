"""The safety circuit over Modbus: closed only while every contact is known to be."""

import pytest
from tests.hardware.modbus_peers import libmodbus_peer, modbus_tk_peer
from tests.hardware.waiting import eventually, held

from neosort_hardware.devices import DeviceError
from neosort_hardware.interlock_modbus import ModbusInterlock
from neosort_hardware.modbus_link import ModbusLink
from neosort_hardware.settings_modbus import ModbusInterlockConfig, ModbusPeer


def interlock(port: int, **more) -> ModbusInterlock:
    known = {
        "peer": {"port": port, "timeout_ms": 1000.0}, "contacts": ["emergency stop", "guard"], "stale_ms": 5000.0
    }  # fmt: skip
    return ModbusInterlock(ModbusInterlockConfig.model_validate(known | more))


def test_contacts_of_a_libmodbus_peer() -> None:
    before = held()
    with libmodbus_peer() as (port, _):
        device = interlock(port)
        assert device.read().closed
        technician = ModbusLink("technician", ModbusPeer(port=port, timeout_ms=1000.0))
        technician.write_coils(201, [False])
        eventually(lambda: not device.read().closed)
        assert device.read().detail == "guard open"
        technician.write_coils(200, [False])
        eventually(lambda: device.read().detail == "emergency stop open, guard open")
        technician.write_coils(200, [True, True])
        eventually(lambda: device.read().closed)
        technician.close()
        device.close()
        device.close()
        assert not device.read().closed
    eventually(lambda: held() == before)


def test_contacts_of_a_modbus_tk_slave() -> None:
    with modbus_tk_peer() as (port, slave):
        slave.set_values("coils", 9, [1, 1])
        device = interlock(port, table="coil", first=9)
        assert device.read().closed
        slave.set_values("coils", 10, [0])
        eventually(lambda: device.read().detail == "guard open")
        device.close()


def test_a_peer_that_dies_opens_the_circuit_and_one_that_comes_back_closes_it() -> None:
    with libmodbus_peer() as (port, _):
        device = interlock(port, stale_ms=300.0)
        eventually(lambda: device.read().closed)
    eventually(lambda: not device.read().closed)
    assert f"Modbus interlock: 127.0.0.1:{port} unit 1: " in device.read().detail
    assert not device.health().ok
    with libmodbus_peer(port):
        eventually(lambda: device.read().closed)
        device.close()


def test_contacts_that_are_not_there() -> None:
    with libmodbus_peer() as (port, _), pytest.raises(DeviceError, match="discretes 8 to 9: no such register"):
        interlock(port, first=8)
