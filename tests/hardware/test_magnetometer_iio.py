"""`IioMagnetometer` over libiio's own client against the IIO daemon's protocol."""

import subprocess
from contextlib import contextmanager
from shutil import which

import numpy as np
import pytest
from pydantic import ValidationError
from tests.hardware.camera_site import error_or_none
from tests.hardware.iio_process import IioProcess, need_libiio
from tests.hardware.modbus_peers import free_port, ill_peer
from tests.hardware.waiting import eventually, held

from neosort_hardware.clock import RealClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.iio_stream import IioStream
from neosort_hardware.line import open_line
from neosort_hardware.section import describe_invalid


@pytest.fixture(autouse=True)
def _libiio():
    need_libiio()


@contextmanager
def array(peer, **settings):
    """The array of a line whose belt is simulated."""
    told = {"driver": "iio", "uri": peer.uri, "device": "neo-array", "silent_ms": 2000} | settings
    with open_line(LineConfig.model_validate({"magnetometer": told}), RealClock()) as line:
        yield line.magnetometer


def block_of(device):
    return eventually(lambda: device.read(0.1))


def refusal(uri="ip:127.0.0.1", **settings):
    told = {"driver": "iio", "uri": uri, "device": "neo-array", "answer_ms": 20_000, "silent_ms": 300} | settings
    with pytest.raises(DeviceError) as refused:
        open_line(LineConfig.model_validate({"magnetometer": told}), RealClock()).close()
    assert refused.value.device == "IIO magnetometer array"
    return refused.value.cause


def test_an_error_that_the_driver_does_not_know_is_told_and_the_array_is_found_again(monkeypatch):
    with IioProcess() as peer, array(peer) as device:
        block_of(device)
        with monkeypatch.context() as broken:
            broken.setattr(IioStream, "_heard_of", lambda *_: 1 // 0)
            assert "ZeroDivisionError" in eventually(lambda: error_or_none(device)).cause
        assert eventually(lambda: error_or_none(device) is None and device.read(0.1))


def test_units_become_microtesla_on_our_axes_channel_by_channel():
    with IioProcess() as peer, array(peer, axes=["+y", "-x", "+z"]) as device:
        block = block_of(device)
        unit_ut = 0.1 * (300 + np.arange(24))
        wanted = np.stack([2 * unit_ut, -unit_ut, 3 * unit_ut], axis=-1)
        assert np.allclose(block.field_ut, wanted, atol=1e-3)
        assert not block.saturated.any()
        peer.tell("unit 3000")
        strong = eventually(lambda: b if (b := block_of(device)).saturated.all() else None)
        assert np.abs(strong.field_ut).max() == 800.0


def test_sensors_may_be_named_one_by_one_and_scaled_by_hand():
    sensors = [{"device": "iio:device0", "ids": [f"magn{n}_x", f"magn{n}_y", f"magn{n}_z"]} for n in (5, 2)]
    with IioProcess() as peer, array(peer, channels=2, device="", sensors=sensors, ut_per_unit=0.01) as device:
        assert np.allclose(block_of(device).field_ut[0, :, 0], [3.05, 3.02], atol=1e-4)


def test_polled_sensors_are_read_one_by_one():
    with IioProcess(sensors=4) as peer, array(peer, mode="poll", channels=4, rate_hz=50, block_ms=20) as device:
        first, second = block_of(device), block_of(device)
        assert np.allclose(first.field_ut[0, :, 1], 0.2 * (300 + np.arange(4)), atol=1e-3)
        assert second.sampled_ns[0] > first.sampled_ns[-1]


def test_libiios_own_tools_agree_with_the_peer():
    if which("iio_attr") is None:
        pytest.skip("needs libiio's tools: apt-get install libiio-utils")
    with IioProcess() as peer:
        asked = ["iio_attr", "-u", peer.uri, "-c", "neo-array", "magn7_z", "raw"]
        assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == "921"


def test_a_peer_that_restarts_with_another_clock_is_found_again_and_stamps_go_on_rising():
    with IioProcess() as peer, array(peer) as device:
        before = block_of(device)
        peer.kill()
        assert eventually(lambda: failure_of(device)).startswith(("gives no samples", "ip:127.0.0.1"))
        assert not device.health().ok
        with IioProcess(peer.port, ahead_ns=-(10**15)):
            eventually(lambda: failure_of(device) is None)
            after = block_of(device)
    assert after.sampled_ns[0] > before.sampled_ns[-1]
    assert after.sequence > before.sequence


def failure_of(device):
    try:
        while device.read(0.0) is not None:
            pass
    except DeviceError as error:
        return error.cause
    return None


@pytest.mark.parametrize("order", ["deaf", "garbage", "mute"])
def test_a_peer_that_hangs_or_talks_rubbish_is_a_fault_of_the_device(order):
    with IioProcess() as peer, array(peer, silent_ms=300) as device:
        block_of(device)
        peer.tell(order)
        assert "gives no samples" in eventually(lambda: failure_of(device))
        assert not device.health().ok


def test_what_is_not_there_is_said_with_what_is():
    with IioProcess(sensors=2) as peer:
        assert "there are: neo-array" in refusal(peer.uri, device="lsm303")
        assert "no channel 'magn2_x'; there are: magn0_x" in refusal(peer.uri, channels=3)
        assert "no trigger 'hrtimer'" in refusal(peer.uri, channels=2, trigger="hrtimer")


def test_a_wrong_address_or_peer_is_refused_within_the_stated_time():
    assert "cannot be opened" in refusal(f"ip:127.0.0.1:{free_port()}")
    with ill_peer(b"\x00\xffnot iio at all\n" * 20) as port:
        assert "cannot be opened" in refusal(f"ip:127.0.0.1:{port}")


def test_a_peer_that_never_answers_is_given_up_within_the_stated_time():
    with ill_peer(b"") as port:
        assert "does not answer within 500 ms" in refusal(f"ip:127.0.0.1:{port}", answer_ms=500)


def test_nothing_leaks_over_losses():
    with IioProcess() as peer:
        with array(peer):
            pass
        before = held()
        for _ in range(3):
            with array(peer) as device:
                block_of(device)
        assert eventually(lambda: held() <= before)


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({}, "magnetometer.device is missing"),
        ({"device": "a", "ids": "magn_{axis}"}, "is named twice"),
        ({"device": "a", "ids": "magn{m}"}, "may only hold {n} and {axis}"),
        ({"device": "a", "axes": ["+x", "-x", "+z"]}, "must name each of x, y and z once"),
        ({"sensors": [{"device": "a"}]}, "magnetometer.channels is 24"),
        ({"channels": 2, "sensors": [{"device": "a"}, {"device": "b"}]}, "takes all sensors of one IIO device"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_sentence(told, complaint):
    with pytest.raises((ValidationError, ConfigError)) as refused:
        LineConfig.model_validate({"magnetometer": {"driver": "iio"} | told})
    assert complaint in describe_invalid(refused.value)
