"""Packets over a stream: whole ones come out, whatever the pieces; nothing else does."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_hardware.framing import FrameReader, framed

pytestmark = pytest.mark.computes

packets = st.binary(min_size=1, max_size=400)


def test_a_packet_on_the_wire_byte_by_byte():
    assert framed(b"\x01\x07\x01") == bytes.fromhex("06 01 07 01 1a 72 00")
    assert framed(b"123456789") == b"\x0c123456789\xb1\x29\x00", "the checksum that everybody quotes, low byte first"


@given(sent=st.lists(packets, max_size=6), cuts=st.lists(st.integers(0, 2500), max_size=8))
def test_packets_come_whole_and_in_order_however_they_are_torn(sent, cuts):
    stream = b"\0" + b"".join(map(framed, sent))
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    reader = FrameReader(500)
    found = [packet for lo, hi in pairwise(edges) for packet in reader.feed(stream[lo:hi])]
    assert found == sent
    assert reader.bad_frames == 0


@given(packet=packets, data=st.data())
def test_a_frame_with_one_bit_wrong_is_no_packet_of_ours(packet, data):
    frame = bytearray(framed(packet))
    frame[data.draw(st.integers(0, len(frame) - 2))] ^= 1 << data.draw(st.integers(0, 7))
    reader = FrameReader(500)
    assert packet not in reader.feed(bytes(frame))
    assert reader.bad_frames >= 1 or reader.feed(b"\0") == []


@given(garbage=st.binary(max_size=3000))
def test_garbage_yields_nothing_lasting_and_the_next_packet_is_found(garbage):
    reader = FrameReader(64)
    reader.feed(garbage)
    assert reader.feed(b"\0" + framed(b"hello"))[-1:] == [b"hello"]


def test_endless_garbage_is_not_kept_and_counts_once():
    reader = FrameReader(64)
    for _ in range(1000):
        assert reader.feed(b"x" * 100) == []
    reader.feed(b"\0")
    assert reader.bad_frames == 1
    assert reader.feed(framed(b"hello")) == [b"hello"]
