"""A parabola through encoder samples: no lag on a ramp, counts averaged, leaps forgotten."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.belt_fit import BeltFit, BeltFitter
from neosort_hardware.types import EncoderSample

pytestmark = pytest.mark.computes

MM_PER_COUNT = 0.5


def sample(time_ms: float, true_mm: float) -> EncoderSample:
    counts = math.floor(true_mm / MM_PER_COUNT)
    return EncoderSample(belt_mm=counts * MM_PER_COUNT, counts=counts, sampled_ns=round(time_ms * 1e6))


def ramp_mm(time_ms: float) -> float:
    """0.5 m/s, from 0.5 s on faster by 2.5 m/s² until 3 m/s, all in mm and ms."""
    u = min(max(time_ms - 500.0, 0.0), 1000.0)
    return 0.5 * min(time_ms, 500.0) + 0.5 * u + 0.00125 * u * u + 3.0 * max(time_ms - 1500.0, 0.0)


def followed(mm, until_ms: float, every_ms: float = 1.0) -> BeltFitter:
    fitter, jitter, time_ms = BeltFitter(MM_PER_COUNT), random.Random(1), 0.0
    while time_ms < until_ms:
        fitter.add(sample(time_ms, mm(time_ms)))
        time_ms += every_ms * jitter.uniform(0.8, 1.2)
    return fitter


@pytest.mark.parametrize("every_ms", [1.0, 2.0, 5.0])
def test_on_a_ramp_a_place_is_timed_to_within_half_a_millisecond(every_ms: float) -> None:
    worst = 0.0
    for until_ms in range(700, 1400, 50):
        fit = followed(ramp_mm, until_ms, every_ms).fit()
        assert fit is not None
        passes_ms = until_ms + 2.0
        told_ns = fit.time_ns_at(ramp_mm(passes_ms))
        assert told_ns is not None
        worst = max(worst, abs(told_ns * 1e-6 - passes_ms))
    assert worst < 0.5


def test_speed_and_acceleration_come_out() -> None:
    fit = followed(ramp_mm, 1000.0).fit()
    assert fit is not None
    assert fit.mm_per_ms == pytest.approx(1.75, abs=0.02)
    assert fit.mm_per_ms2 == pytest.approx(0.0025, abs=0.001)


def test_a_standing_belt_never_comes_to_another_place() -> None:
    fit = followed(lambda _: 100.0, 200.0).fit()
    assert fit is not None
    assert fit.belt_mm == pytest.approx(100.25)
    assert fit.time_ns_at(101.0) is None


def test_too_few_samples_or_too_short_a_time_tell_nothing() -> None:
    fitter = BeltFitter(MM_PER_COUNT)
    for time_ms in (0.0, 1.0, 2.0, 3.0, 4.0):
        fitter.add(sample(time_ms, 3.0 * time_ms))
        assert fitter.fit() is None
    fitter.add(sample(12.0, 36.0))
    assert fitter.fit() is not None


def test_a_leap_of_the_count_ends_what_was_known() -> None:
    fitter = followed(ramp_mm, 300.0)
    assert fitter.leaps == 0
    fitter.add(sample(301.0, -4000.0))
    assert fitter.leaps == 1
    assert fitter.fit() is None
    for step in range(20):
        fitter.add(sample(302.0 + step, -4000.0 + 0.5 * step))
    fit = fitter.fit()
    assert fit is not None
    assert fit.mm_per_ms == pytest.approx(0.5, abs=0.1)


def test_samples_out_of_order_are_left_out() -> None:
    fitter = followed(ramp_mm, 300.0)
    before = fitter.fit()
    fitter.add(sample(100.0, 9000.0))
    assert fitter.fit() == before


speeds = st.floats(0.05, 3.0)
bends = st.floats(-0.002, 0.005)


@settings(deadline=None)
@given(speed=speeds, bend=bends, ahead_ms=st.floats(-40.0, 20.0))
def test_where_and_when_are_inverse(speed: float, bend: float, ahead_ms: float) -> None:
    fit = BeltFit(at_ns=5_000_000_000, belt_mm=1000.0, mm_per_ms=speed, mm_per_ms2=bend)
    if speed + bend * ahead_ms < 0.01:
        return  # beyond the point where the parabola turns back
    time_ns = fit.at_ns + round(ahead_ms * 1e6)
    told_ns = fit.time_ns_at(fit.belt_mm_at(time_ns))
    assert told_ns == pytest.approx(time_ns, abs=2000)


@settings(deadline=None)
@given(speed=speeds, bend=st.floats(0.0, 0.005), near=st.floats(0.0, 500.0), further=st.floats(0.1, 500.0))
def test_a_place_further_on_comes_later(speed: float, bend: float, near: float, further: float) -> None:
    fit = BeltFit(at_ns=0, belt_mm=0.0, mm_per_ms=speed, mm_per_ms2=bend)
    first, second = fit.time_ns_at(near), fit.time_ns_at(near + further)
    assert first is not None
    assert second is not None
    assert second > first


def test_a_burst_of_looks_neither_loses_the_belt_nor_holds_back_its_newest_place() -> None:
    fitter = followed(ramp_mm, 1000.0)
    before = fitter.fit()
    for look in range(400):
        time_ms = 1001.2 + 0.01 * look
        fitter.add(sample(time_ms, ramp_mm(time_ms)))
        assert fitter.fit() is not None
    after = fitter.fit()
    assert before is not None
    assert after is not None
    assert after.at_ns == round(time_ms * 1e6)
    assert after.mm_per_ms == pytest.approx(before.mm_per_ms, abs=0.05)
