"""Marks on witness strips: typed by a person, matched with what was asked, and what they say of station and lag."""

from dataclasses import replace

import numpy as np
import pytest

from neosort_hardware.reference_pieces import WitnessMark
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.witness_marks import Asked, fit_marks, matched, read_marks

pytestmark = pytest.mark.computes


def asked(strip, speed):
    return Asked(strip=strip, first_nozzle=0, last_nozzle=3, begin_mm=100.0, end_mm=120.0, speed_m_per_s=speed)


def marks_of(shots, *, station_mm, open_ms, close_ms):
    """Marks of every nozzle where the line is off by so much."""
    return [
        (shot.strip, WitnessMark(
            nozzle=nozzle, across_mm=6.25 + 12.5 * nozzle,
            begin_mm=shot.begin_mm + station_mm + open_ms * shot.speed_m_per_s,
            end_mm=shot.end_mm + station_mm + close_ms * shot.speed_m_per_s,
        ))
        for shot in shots for nozzle in range(4)
    ]  # fmt: skip


def test_two_speeds_tell_lag_from_distance():
    shots = [asked(0, 1.0), asked(1, 0.5)]
    marks = marks_of(shots, station_mm=-7.0, open_ms=1.2, close_ms=0.4)

    fit = fit_marks(matched(shots, marks), nozzles=6)

    assert (fit.station_mm, fit.open_ms, fit.close_ms) == pytest.approx((-7.0, 1.2, 0.4))
    assert fit.two_speeds
    assert np.flatnonzero(np.isnan(fit.opening.later_ms)).tolist() == [4, 5]


def test_at_one_speed_the_lags_are_taken_for_right():
    shots = [asked(0, 1.0), asked(1, 1.0)]
    fit = fit_marks(matched(shots, marks_of(shots, station_mm=3.0, open_ms=0.0, close_ms=0.0)), nozzles=4)
    assert not fit.two_speeds
    assert (fit.station_mm, fit.open_ms) == (pytest.approx(3.0), 0.0)


def test_each_valves_own_lag_is_told_from_the_scatter_of_its_marks():
    rng = np.random.default_rng(3)
    own_ms = np.array([1.5, -0.5, 0.0, -1.0])
    shots = [asked(strip, speed) for strip, speed in enumerate([1.0, 0.5] * 6)]
    marks = [
        (strip, replace(mark, begin_mm=mark.begin_mm + own_ms[mark.nozzle] * shots[strip].speed_m_per_s + off))
        for (strip, mark), off in zip(
            marks_of(shots, station_mm=0.0, open_ms=0.3, close_ms=0.0), rng.normal(0.0, 0.3, 48), strict=True
        )
    ]
    fit = fit_marks(matched(shots, marks), nozzles=5)
    off = fit.opening.believed_ms[:4] - own_ms
    assert np.abs(off).max() < 4 * fit.opening.sigma_ms[0] < 0.6
    assert fit.opening.believed_ms[4] == 0.0, "a valve without a mark is as the others"
    assert fit.closing.spread_ms < 0.15, "and what is the same at every valve is nobody's own"


def test_one_mark_of_each_valve_tells_nothing_of_its_own():
    shots = [Asked(strip=0, first_nozzle=0, last_nozzle=7, begin_mm=0.0, end_mm=20.0, speed_m_per_s=1.0)]
    scatter = np.random.default_rng(1).normal(0.0, 1.0, 8)
    marks = [
        (0, WitnessMark(nozzle=n, begin_mm=float(off), end_mm=20.0, across_mm=0.0)) for n, off in enumerate(scatter)
    ]
    fit = fit_marks(matched(shots, marks), nozzles=8)
    assert not fit.opening.believed_ms.any()


def test_marks_that_nobody_asked_for_and_too_few_of_them():
    shots = [asked(0, 1.0)]
    stray = (0, WitnessMark(nozzle=2, begin_mm=600.0, end_mm=620.0, across_mm=0.0))
    other = (5, WitnessMark(nozzle=2, begin_mm=100.0, end_mm=120.0, across_mm=0.0))
    assert matched(shots, [stray, other]) == []
    with pytest.raises(CalibrationError, match="0 marks of the shots were read, at least 6"):
        fit_marks([], nozzles=4)


def test_typed_marks():
    first, second = read_marks("1 0 101.5 121 6.0; 2, 7, -99, -80.5, 93.7;")
    assert first == (0, WitnessMark(nozzle=0, begin_mm=101.5, end_mm=121.0, across_mm=6.0))
    assert second[0] == 1
    assert second[1].nozzle == 7
    with pytest.raises(CalibrationError, match="'1 2 3': a mark is 'strip nozzle begin end across'"):
        read_marks("1 2 3")
