"""Samples of an IIO buffer taken apart, against the kernel's own rule for laying them out."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_hardware.iio_scan import ScanElement, ScanLayout

pytestmark = pytest.mark.computes


def element(index, storage=16, bits=None, shift=0, *, signed=True, big_endian=False):
    return ScanElement(
        index=index, storage_bits=storage, bits=bits or storage, shift=shift, signed=signed, big_endian=big_endian
    )


def test_three_axes_and_a_stamp_lie_as_the_kernel_lays_them():
    layout = ScanLayout([element(3, 64), element(0, big_endian=True), element(1), element(2)])
    raw = struct.pack(">h", -300) + struct.pack("<hh2xq", 7, -8, 2**40)
    assert layout.sample_bytes == 16 == len(raw)
    numbers = layout.numbers(raw + raw + b"half")
    assert {index: column.tolist() for index, column in numbers.items()} == {
        0: [-300] * 2, 1: [7] * 2, 2: [-8] * 2, 3: [2**40] * 2,
    }  # fmt: skip


def test_a_sample_is_padded_to_its_largest_channel():
    assert ScanLayout([element(0, 32), element(1, 8)]).sample_bytes == 8
    assert ScanLayout([element(0, 8), element(1, 64)]).sample_bytes == 16


@given(st.integers(1, 32), st.integers(0, 31), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_any_bits_of_a_word_are_the_number_that_they_say(bits, shift, signed, big_endian, word):
    bits = min(bits, 32 - shift) or 1
    layout = ScanLayout([element(0, 32, bits, shift, signed=signed, big_endian=big_endian)])
    found = layout.numbers(struct.pack(">I" if big_endian else "<I", word))[0]
    wanted = (word >> shift) & ((1 << bits) - 1)
    if signed and wanted >> (bits - 1):
        wanted -= 1 << bits
    assert found.tolist() == [wanted]
    assert found.dtype == np.int64


@pytest.mark.parametrize(("storage", "bits"), [(12, 12), (24, 24), (128, 64), (16, 17)])
def test_a_size_that_no_number_has_is_refused(storage, bits):
    with pytest.raises(ValueError, match="bits"):
        ScanLayout([element(0, storage, bits)])
