"""The session that drives a procedure at a line: buttons, cancelling, what is refused; and the tape measure."""

import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import open_line
from neosort_hardware.types import Shot, ShotOutcome
from neosort_inference.calibration.encoder_scale import EncoderScale
from neosort_inference.calibration.nozzles import Nozzles
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.session import CalibrationSession

pytestmark = pytest.mark.computes


def line_of(**twin):
    return open_line(LineConfig.model_validate({"twin": twin}), VirtualClock(), 1)


def test_a_tape_measure_tells_the_scale_and_buttons_that_are_not_there_are_refused():
    with line_of(truth={"mm_per_count": 0.52}) as line:
        session = CalibrationSession(line, EncoderScale(), {"method": "tape"})
        session.step()
        with pytest.raises(CalibrationError, match="no action 'measured' now"):
            session.act("measured", {"travelled_mm": 2000})
        session.act("mark")
        before_mm = session.belt_mm
        while session.belt_mm < before_mm + 3000 * 0.5 / 0.52:
            session.step()
        with pytest.raises(CalibrationError, match=r"travelled_mm = 20 mm: must lie in 1000\.\."):
            session.act("measured", {"travelled_mm": 20})
        session.act("measured", {"travelled_mm": 3000.0})
        session.step()
        assert session.state == "done"
        result = session.result()
    assert result.passed
    assert result.changes["encoder.mm_per_count"] == pytest.approx(0.52, rel=0.01)  # a step of 20 ms is 20 mm of belt


def test_an_encoder_that_counts_down_does_not_pass_and_it_says_what_to_do():
    with line_of(faults=[{"fault": "encoder.reversed"}]) as line:
        session = CalibrationSession(line, EncoderScale(), {})
        while session.state == "running":
            session.step()
        result = session.result()
    assert not result.passed
    assert "swap the encoder's A and B" in result.notes[0]
    assert result.changes == {}


def test_cancelled_in_the_middle_nothing_is_told_and_the_feed_goes_on():
    with line_of() as line:
        session = CalibrationSession(line, EncoderScale(), {})
        for _ in range(5):
            session.step()
        session.cancel()
        session.cancel()
        assert session.state == "cancelled"
        with pytest.raises(CalibrationError, match="cancelled"):
            session.result()
        with pytest.raises(CalibrationError, match="encoder-scale is cancelled"):
            session.act("mark")
        line.clock.sleep_until(line.clock.now_ns() + 10_000_000_000)
        line.encoder.read()
        assert line.truth.items()


def test_nothing_blows_while_the_interlock_is_open_or_for_a_procedure_that_needs_no_jets():
    shot = Shot(shot_id=1, track_id=0, first_nozzle=0, last_nozzle=0, open_mm=5000.0, close_mm=5020.0)
    with line_of() as line:
        assert CalibrationSession(line, EncoderScale(), {}).fire(shot) is ShotOutcome.REFUSED
        session = CalibrationSession(line, Nozzles(), {})
        assert session.fire(shot) is ShotOutcome.ACCEPTED
        line.faults.inject("interlock.opened")
        assert session.fire(shot) is ShotOutcome.REFUSED
        with pytest.raises(CalibrationError, match="nozzles ended: emergency stop"):
            session.step()
        assert session.state == "cancelled"
        with pytest.raises(CalibrationError, match="nozzles blows: emergency stop"):
            CalibrationSession(line, Nozzles(), {})


def test_a_procedure_that_blows_can_be_left_while_the_diverter_does_not_answer():
    with line_of() as line:
        session = CalibrationSession(line, Nozzles(), {})
        line.faults.inject("diverter.gone")
        with pytest.raises(DeviceError, match="does not answer"):
            session.step()
        session.cancel()
        assert session.state == "cancelled"
        line.clock.sleep_until(line.clock.now_ns() + 10_000_000_000)
        line.encoder.read()
        assert line.truth.items(), "the feed goes on"


def test_another_exposure_lasts_as_long_as_the_procedure_and_a_camera_that_takes_none_says_why():
    with line_of() as line:
        session = CalibrationSession(line, EncoderScale(), {})
        level = _level(line)
        assert session.expose(87.5) == ""
        assert _level(line) < 0.75 * level
        session.cancel()
        assert _level(line) == pytest.approx(level, rel=0.1)
        session = CalibrationSession(line, EncoderScale(), {})
        line.faults.inject("camera.gone")
        assert "simulated camera" in session.expose(87.5)


def _level(line):
    """Of the next frame."""
    while (frame := line.camera.read(0.1)) is None:
        pass
    return frame.image.mean()
