"""An array behind Modbus registers: maps of every kind, dead and clipped channels, places on the belt, lost peers."""

import struct

import numpy as np
import pytest
from tests.hardware.modbus_peers import libmodbus_peer, modbus_tk_peer
from tests.hardware.waiting import eventually, held

from neosort_hardware.devices import DeviceError
from neosort_hardware.magnetometer_modbus import ModbusMagnetometer
from neosort_hardware.settings_modbus import ModbusMagnetometerConfig
from neosort_hardware.types import EncoderSample


class FakeEncoder:
    """Stands at 100 mm."""

    name = "fake encoder"

    def __init__(self) -> None:
        self.reads = 0

    def read(self) -> EncoderSample:
        self.reads += 1
        return EncoderSample(belt_mm=100.0, counts=200, sampled_ns=self.reads * 1_000_000)


def settings(port: int, **more) -> ModbusMagnetometerConfig:
    known = {"peer": {"port": port, "timeout_ms": 1000.0}, "channels": 24, "ut_per_unit": 0.1, "absent": -32_768}
    return ModbusMagnetometerConfig.model_validate(known | more)


def test_a_libmodbus_gateway_with_a_latched_count() -> None:
    before = held()
    with libmodbus_peer(mm_per_s=(1000.0, 1000.0)) as (port, peer):
        array = ModbusMagnetometer(
            settings(port, first_register=20, sample_register=10, count_register=11), FakeEncoder(), 0.5
        )
        blocks = [eventually(lambda: array.read(1.0)) for _ in range(5)]
        assert [block.sequence for block in blocks] == [1, 2, 3, 4, 5]
        field_ut = np.concatenate([block.field_ut for block in blocks])
        assert field_ut.dtype == np.float32
        assert field_ut.shape[1:] == (24, 3)
        assert field_ut[:, 2] == pytest.approx(np.tile([-10.2, -0.2, 9.8], (len(field_ut), 1)))
        assert np.isnan(field_ut[:, 5]).all()
        assert field_ut[:, 7, 2] == pytest.approx(800.0)
        saturated = np.concatenate([block.saturated for block in blocks])
        assert saturated.any(axis=0).nonzero()[0].tolist() == [7]
        belt_mm = np.concatenate([block.belt_mm for block in blocks])
        sampled_ns = np.concatenate([block.sampled_ns for block in blocks])
        assert (np.diff(sampled_ns) > 0).all()
        assert (np.diff(belt_mm) > 0).all()  # a sample that the gateway has not renewed is not handed over twice
        assert belt_mm == pytest.approx((sampled_ns - peer.start_ns) * 1e-6, abs=60.0)
        array.close()
        array.close()
    eventually(lambda: held() == before)


@pytest.mark.parametrize("order", ["by-channel", "by-axis"])
@pytest.mark.parametrize(
    ("kind", "words", "pattern"),
    [("float32", "big", ">f"), ("float32", "little", ">f"), ("int32", "big", ">i"), ("int16", "big", ">h")],
)
def test_a_modbus_tk_slave_as_the_map_says(order: str, kind: str, words: str, pattern: str) -> None:
    values = np.arange(24).reshape(8, 3) * 10 - 100  # (channels, axes)
    flat = values.ravel() if order == "by-channel" else values.T.ravel()
    registers: list[int] = []
    for value in flat:
        packed = struct.pack(pattern, value)
        pair = [int.from_bytes(packed[i : i + 2], "big") for i in range(0, len(packed), 2)]
        registers += pair if words == "big" else pair[::-1]
    with modbus_tk_peer() as (port, slave):
        slave.set_values("input", 3, registers)
        encoder = FakeEncoder()
        array = ModbusMagnetometer(
            settings(port, channels=8, first_register=3, type=kind, word_order=words, order=order, ut_per_unit=0.5),
            encoder,
            0.5,
        )
        block = eventually(lambda: array.read(1.0))
        assert block.field_ut[0] == pytest.approx(values * 0.5)
        assert block.belt_mm[0] == pytest.approx(100.0, abs=0.3)
        array.close()


def test_an_array_wider_than_one_request() -> None:
    with modbus_tk_peer() as (port, slave):
        slave.set_values("input", 0, list(range(180)))
        array = ModbusMagnetometer(settings(port, channels=60, range_ut=100.0), FakeEncoder(), 0.5)
        block = eventually(lambda: array.read(1.0))
        assert block.field_ut[0, 59] == pytest.approx([17.7, 17.8, 17.9])
        array.close()


def test_a_peer_that_is_killed_and_comes_back() -> None:
    with libmodbus_peer() as (port, _):
        array = ModbusMagnetometer(settings(port, first_register=20), FakeEncoder(), 0.5)
        assert eventually(lambda: array.read(1.0))
    eventually(lambda: not array.health().ok)
    with pytest.raises(DeviceError, match=r"Modbus magnetometer array: 127\.0\.0\.1:\d+ unit 1: "):
        eventually(lambda: array.read(0.0) and None)
    with libmodbus_peer(port):
        eventually(lambda: array.health().ok)
        assert eventually(lambda: array.read(1.0))
        array.close()


def test_a_reader_that_never_comes_costs_the_oldest_samples_and_they_are_counted() -> None:
    with libmodbus_peer() as (port, _):
        array = ModbusMagnetometer(settings(port, first_register=20), FakeEncoder(), 0.5)
        array._keep = 5
        eventually(lambda: array.dropped > 3)
        assert len(array.read(0.0).sampled_ns) <= 5
        array.close()


def test_a_map_that_does_not_fit_is_said_when_it_is_opened() -> None:
    with libmodbus_peer() as (port, _), pytest.raises(DeviceError, match="input registers 30 to 101: no such register"):
        ModbusMagnetometer(settings(port, first_register=30), FakeEncoder(), 0.5)
    with pytest.raises(ValueError, match="end beyond register 65535"):
        settings(1, first_register=65_500)
