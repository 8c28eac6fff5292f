"""One Modbus connection: every failure in time and by name, nothing of an old answer taken for a new one."""

import socket
import time
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hardware.modbus_peers import free_port, ill_peer, libmodbus_peer, pymodbus_peer, pymodbustcp_peer
from tests.hardware.waiting import eventually, held

from neosort_hardware import modbus_link
from neosort_hardware.devices import DeviceError
from neosort_hardware.modbus_link import ModbusLink
from neosort_hardware.modbus_poll import ModbusPoll
from neosort_hardware.settings_modbus import ModbusPeer, RegisterValue


def link(port: int, timeout_ms: float = 1000.0, **more) -> ModbusLink:
    return ModbusLink("test device", ModbusPeer(port=port, timeout_ms=timeout_ms), **more)


def header(request: bytes, body: bytes) -> bytes:
    """An answer to a request, as the protocol wraps it."""
    return request[:4] + (len(body) + 1).to_bytes(2, "big") + request[6:7] + body


@pytest.mark.parametrize("peer", [libmodbus_peer, pymodbustcp_peer, pymodbus_peer])
def test_registers_and_coils_of_every_peer(peer) -> None:
    with peer() as (port, _):
        one = link(port)
        one.write_registers(50, [1, 2, 65_535])
        assert one.read_registers("holding", 50, 3) == [1, 2, 65_535]
        one.write_coils(3, [True, False, True])
        assert one.read_bits("coil", 2, 5) == [False, True, False, True, False]
        one.close()
        one.close()


def test_more_registers_than_a_request_holds_come_in_several() -> None:
    with pymodbustcp_peer() as (port, bank):
        bank.set_input_registers(7, list(range(300)))
        one = link(port)
        assert one.read_registers("input", 7, 300) == list(range(300))
        one.close()


@pytest.mark.parametrize("peer", [libmodbus_peer, pymodbus_peer])
def test_a_register_that_is_not_there_is_named(peer) -> None:
    with peer() as (port, _):
        one = link(port)
        with pytest.raises(DeviceError, match=r"input registers 1000 to 1001: no such register: the register map"):
            one.read_registers("input", 1000, 2)
        assert one.read_registers("input", 0, 2)  # the connection is as good as before
        one.close()


def test_a_peer_that_is_not_the_one_expected_is_named_with_what_it_holds() -> None:
    with libmodbus_peer() as (port, _):
        one = link(port, expect=[RegisterValue(at=0, value=0x4E53), RegisterValue(at=1, value=9)])
        with pytest.raises(DeviceError, match=r"holding register 1 is 1, the register map expects 9"):
            one.connect()
        one.close()


def test_nobody_at_the_address(monkeypatch) -> None:
    now_ns = time.monotonic_ns()
    monkeypatch.setattr(modbus_link, "time", SimpleNamespace(monotonic_ns=lambda: now_ns))
    port = free_port()
    one = link(port)
    with pytest.raises(DeviceError, match=rf"test device: 127\.0\.0\.1:{port} unit 1: no connection \(Connection ref"):
        one.connect()
    monkeypatch.setattr(modbus_link.socket, "create_connection", lambda *_, **__: pytest.fail("tried again so soon"))
    with pytest.raises(DeviceError, match="no connection"):
        one.connect()


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "no answer in time"),
        (lambda request: request[:5], "no answer in time"),
        (lambda request: header(request, b"\x04\x04\x00\x01\x00\x02")[:10], "no answer in time"),
        (lambda request: header(request, b"\x04\x04\x00\x01"), "the answer makes no sense"),
        (lambda request: header(request, b"\x04\x02\x00\x01"), "the answer holds 1 values"),
        (lambda request: header(request, b"\x04\x03\x00\x01\x00"), "the answer"),
        (lambda request: header(request, b"\x03\x04\x00\x01\x00\x02"), "the answer makes no sense"),
        (lambda request: header(request, b"\x63\x04\x00\x01\x00\x02"), "the answer makes no sense"),
        (b"HTTP/1.0 400 Bad Request\r\n\r\n" * 3, "no answer in time"),
        (None, "the peer has closed the connection"),
        (lambda request: header(request, b"\x84\x04"), "the peer has failed"),
    ],
)
def test_a_peer_that_is_ill_is_named_in_time(answer, cause: str) -> None:
    before = held()
    with ill_peer(answer) as port:
        one = link(port, timeout_ms=100.0)
        began_s = time.monotonic()
        with pytest.raises(DeviceError, match=cause):
            one.read_registers("input", 0, 2)
        assert time.monotonic() - began_s < 5.0  # some seconds of grace for a busy machine; the defaults take 12
        one.close()
    eventually(lambda: held() == before)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one() -> None:
    asked = []

    def slow(request: bytes) -> bytes:
        asked.append(request)
        if len(asked) == 1:
            time.sleep(0.3)  # the peer's, not the test's: a peer that is slow is what is tested
        return header(request, b"\x04\x02\x00" + bytes([len(asked)]))

    with ill_peer(slow) as port:
        one = link(port, timeout_ms=100.0)
        with pytest.raises(DeviceError, match="no answer in time"):
            one.read_registers("input", 0, 1)
        found = eventually(lambda: _tried(one))
        assert found == [len(asked)]
        one.close()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(garbage=st.binary(min_size=1, max_size=300), wrapped=st.booleans())
def test_whatever_bytes_come_it_is_a_device_error_or_values(garbage: bytes, wrapped: bool) -> None:
    with ill_peer(lambda request: header(request, garbage) if wrapped else garbage) as port:
        one = link(port, timeout_ms=20.0)
        came = _tried(one, 2)
        one.close()
        assert came is None or len(came) == 2


def test_a_black_hole_costs_one_timeout() -> None:
    """A listener whose queue is full takes no connection and refuses none."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        fill = [socket.socket() for _ in range(4)]
        for each in fill:
            each.setblocking(False)
            each.connect_ex(hole.getsockname())
        one = link(hole.getsockname()[1], timeout_ms=50.0)
        with pytest.raises(DeviceError, match=r"no connection \(no answer in time\)"):
            one.connect()
        for each in fill:
            each.close()


def test_a_peer_that_is_restarted_is_found_again_and_set_up_anew() -> None:
    connects = []
    with libmodbus_peer() as (port, _):
        one = link(port, on_connect=lambda _: connects.append(1))
        one.connect()
    eventually(lambda: _tried(one) is None)
    with libmodbus_peer(port):
        eventually(lambda: _tried(one))
        assert len(connects) == 2
    one.close()


def test_an_address_must_be_a_number() -> None:
    with pytest.raises(ValueError, match="must be an IP address"):
        ModbusPeer(host="plc.plant.example")


def _tried(one: ModbusLink, count: int = 1) -> list[int] | None:
    try:
        return one.read_registers("input", 0, count)
    except DeviceError:
        return None


def test_an_error_that_nobody_has_foreseen_is_kept_and_the_peer_asked_again():
    raised = [ZeroDivisionError("no such scale")]

    def ask():
        for error in raised:
            raise error

    poll = ModbusPoll("peer", SimpleNamespace(close=lambda: None), 1.0, ask)
    try:
        assert str(eventually(lambda: poll.error)) == "peer: ZeroDivisionError: no such scale"
        raised.clear()
        eventually(lambda: poll.error is None)
    finally:
        poll.stop()
