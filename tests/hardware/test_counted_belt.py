"""Counts of 32 bits as ones that rise, over wrap-around and restarts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_hardware.counted_belt import WRAP, CountedBelt, Latch, shift_to
from neosort_hardware.types import EncoderSample

pytestmark = pytest.mark.computes

S = 1_000_000_000


def latch(raw, at_s, board_s=None):
    board_us = round((at_s if board_s is None else board_s) * 1e6) % WRAP
    return Latch(raw_count=raw % WRAP, board_us=board_us, asked_ns=round(at_s * S), told_ns=round(at_s * S) + 100)


@given(start=st.integers(0, WRAP - 1), steps=st.lists(st.integers(-50_000, 100_000), min_size=1, max_size=30))
def test_counts_go_on_whatever_wraps_around(start, steps):
    belt, true = CountedBelt(), start
    belt.note(latch(start, 4000.0))
    for number, step in enumerate(steps):
        true += step
        assert belt.note(latch(true, 4000.0 + 30.0 * number)) == true
    assert belt.restarts == 0
    assert belt.raw(true + 7) == (true + 7) % WRAP
    assert belt.counts_at((true - 3) % WRAP) == true - 3


def test_a_board_that_has_begun_anew_goes_on_from_its_last_count():
    belt = CountedBelt()
    belt.note(latch(5000, 10.0, board_s=100.0))
    assert belt.note(latch(7000, 12.0, board_s=102.0)) == 7000
    assert belt.note(latch(12, 15.0, board_s=0.4)) == 7000
    assert belt.restarts == 1
    assert belt.note(latch(1012, 16.0, board_s=1.4)) == 8000
    assert belt.raw(8000) == 1012


def test_a_clock_that_drifts_as_crystals_do_is_no_restart():
    belt = CountedBelt()
    belt.note(latch(0, 0.0))
    belt.note(latch(100, 3600.0, board_s=3600.0 * (1 + 200e-6)))
    assert belt.restarts == 0


class MovingEncoder:
    """An encoder 40,000 counts ahead of the board, on a belt that moves between two looks."""

    def __init__(self):
        self.counts = 0
        self.now_ns = 0

    def read(self):
        return EncoderSample(belt_mm=0.0, counts=self.counts + 40_000, sampled_ns=self.now_ns)

    def latch_in(self, took_ns):
        before = self.now_ns
        self.now_ns += took_ns
        self.counts += took_ns // 200_000
        return Latch(
            raw_count=self.counts, board_us=before // 1000, asked_ns=before, told_ns=self.now_ns
        )  # told at the very end: the worst case


def test_the_quickest_look_sets_two_counts_of_one_belt_against_each_other():
    encoder, belt = MovingEncoder(), CountedBelt()
    waits_ns = iter([9_000_000, 5_000_000, 800_000, 7_000_000] + 4 * [6_000_000])
    shift = shift_to(encoder, lambda: encoder.latch_in(next(waits_ns)), belt)
    assert abs(shift - 40_000) <= 2
