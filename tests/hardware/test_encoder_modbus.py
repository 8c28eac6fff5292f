"""The belt's count over Modbus: two strangers' servers, every width and word order, wraps, restarts, silence."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hardware.modbus_peers import free_port, libmodbus_peer, modbus_tk_peer
from tests.hardware.waiting import eventually, held

from neosort_hardware.devices import DeviceError
from neosort_hardware.encoder_modbus import ModbusEncoder
from neosort_hardware.modbus_values import Unwrapped, count_of, numbers, words_of
from neosort_hardware.settings_modbus import ModbusEncoderConfig


def settings(port: int, **more) -> ModbusEncoderConfig:
    peer = {"port": port, "timeout_ms": 1000.0}
    return ModbusEncoderConfig.model_validate({"peer": peer, "slow_ms": 1000.0, "stale_ms": 5000.0} | more)


def test_counts_of_a_libmodbus_counter() -> None:
    before = held()
    with libmodbus_peer(mm_per_s=(1000.0, 1000.0)) as (port, peer):
        encoder = ModbusEncoder(settings(port, slow_ms=10.0, stale_ms=5000.0))
        for _ in range(20):
            last = encoder.read()
            eventually(lambda last=last: encoder.read().sampled_ns > last.sampled_ns)
            sample = encoder.read()
            true_mm = (sample.sampled_ns - peer.start_ns) * 1e-6  # 1 mm/ms
            assert sample.belt_mm == sample.counts * 0.5
            assert sample.belt_mm == pytest.approx(true_mm, abs=6.0)
        assert encoder.health().ok
        encoder.close()
        encoder.close()
        with pytest.raises(DeviceError, match="after it had been closed"):
            encoder.read()
    eventually(lambda: held() == before)


@pytest.mark.parametrize(
    ("kind", "order", "words", "counts"),
    [
        ("uint32", "big", [1, 2], 65_538),
        ("uint32", "little", [2, 1], 65_538),
        ("int32", "big", [0xFFFF, 0xFFFE], -2),
        ("uint16", "big", [40_000], 40_000),
        ("int16", "big", [0xFFFF], -1),
    ],
)
def test_counts_of_a_modbus_tk_slave_as_the_map_says(kind: str, order: str, words: list[int], counts: int) -> None:
    with modbus_tk_peer() as (port, slave):
        slave.set_values("holding", 5, words)
        encoder = ModbusEncoder(settings(port, table="holding", first_register=5, type=kind, word_order=order))
        assert encoder.read().counts == counts
        encoder.close()


def test_a_count_that_wraps_goes_on() -> None:
    with modbus_tk_peer() as (port, slave):
        slave.set_values("holding", 5, [65_530])
        encoder = ModbusEncoder(settings(port, table="holding", first_register=5, type="uint16"))
        assert encoder.read().counts == 65_530
        slave.set_values("holding", 5, [4])
        eventually(lambda: encoder.read().counts == 65_540)
        slave.set_values("holding", 5, [65_533])
        eventually(lambda: encoder.read().counts == 65_533)
        encoder.close()


def test_a_counter_that_began_anew_is_an_error_once() -> None:
    with libmodbus_peer(first_count=1_000_000) as (port, _):
        encoder = ModbusEncoder(settings(port, stale_ms=200.0))
        assert encoder.read().counts >= 1_000_000
    eventually(lambda: not encoder.health().ok)
    with pytest.raises(DeviceError, match=rf"Modbus encoder: 127\.0\.0\.1:{port} unit 1: "):
        eventually(lambda: encoder.read() is None)  # never None: it raises once the last count has grown old
    with libmodbus_peer(port):
        eventually(lambda: encoder.health().ok)
        with pytest.raises(DeviceError, match=r"leapt from 1\d{6} to \d+: the counter began anew"):
            encoder.read()
        first = encoder.read()
        assert first.counts >= 1_000_000, "goes on from the last"
        eventually(lambda: encoder.read().counts > first.counts)
        encoder.close()


def test_what_does_not_fit_is_said_when_it_is_opened() -> None:
    before = held()
    with libmodbus_peer() as (port, _):
        with pytest.raises(DeviceError, match="input registers 91 to 92: no such register"):
            ModbusEncoder(settings(port, first_register=91))
        with pytest.raises(DeviceError, match="holding register 60 is 0, the register map expects 7"):
            ModbusEncoder(settings(port, expect=[{"at": 60, "value": 7}]))
    with pytest.raises(DeviceError, match="no connection"):
        ModbusEncoder(settings(free_port()))
    eventually(lambda: held() == before)


@given(steps=st.lists(st.integers(-30_000, 30_000), max_size=40), bits=st.sampled_from([16, 32]))
def test_unwrapping_follows_any_count(steps: list[int], bits: int) -> None:
    unwrapped, true = Unwrapped(bits), 0
    assert unwrapped.add(0) == 0
    for step in steps:
        true += step
        assert unwrapped.add(true & ((1 << bits) - 1)) == true


@given(value=st.integers(0, 2**32 - 1), order=st.sampled_from(["big", "little"]))
def test_thirty_two_bits_survive_two_registers(value: int, order: str) -> None:
    assert count_of(words_of(value, order), "uint32", order) == value
    assert numbers([words_of(value, order)], "uint32", order).tolist() == [[value]]


def test_reading_never_waits_for_the_wire() -> None:
    with libmodbus_peer() as (port, _):
        encoder = ModbusEncoder(settings(port))
        began_s = time.process_time()
        for _ in range(1000):
            encoder.read()
        assert time.process_time() - began_s < 1.0
        encoder.close()


def test_a_counter_that_began_anew_while_nobody_asked_long_is_no_belt_that_ran_back() -> None:
    """Its new count might be reached by a quick belt: what has not answered since is not believed to be that."""
    with libmodbus_peer(first_count=400) as (port, _):
        encoder = ModbusEncoder(settings(port))
        before = encoder.read().counts
    eventually(lambda: not encoder.health().ok)
    with libmodbus_peer(port):
        eventually(lambda: encoder.health().ok)
        with pytest.raises(DeviceError, match="the counter began anew"):
            encoder.read()
        assert encoder.read().counts >= before
        encoder.close()
