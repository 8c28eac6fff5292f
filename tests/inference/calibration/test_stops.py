"""A belt that stands while the camera looks: by the drive where it can be told, else by a person's buttons."""

import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_inference.calibration.belt_plane import BeltPlane
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.session import CalibrationSession
from neosort_inference.calibration.stops import STEP_MM, Stops

pytestmark = pytest.mark.computes


class Person:
    """A line whose belt a person inches."""

    def __init__(self, *, refuses=""):
        self.config, self.belt_mm, self.refuses = LineConfig(), 0.0, refuses
        self.looks, self.speeds = 0, []

    def run_at(self, speed_m_per_s):
        self.speeds.append(speed_m_per_s)
        return False

    def look(self):
        self.looks += 1
        return self.refuses


class Drive(Person):
    """One whose drive can be told."""

    def run_at(self, speed_m_per_s):
        return not super().run_at(speed_m_per_s)


def test_only_pictures_that_were_asked_for_count_where_a_person_inches_the_belt():
    line = Person()
    stops = Stops(line)
    assert not stops.sees(board=True), "the belt's way has triggered it"
    stops.look()
    assert stops.sees(board=True)
    assert not stops.sees(board=True)
    assert (line.looks, stops.by_itself) == (1, False)


def test_a_camera_that_cannot_look_says_why():
    stops = Stops(Person(refuses="is triggered by wire alone"))
    stops.look()
    assert stops.trouble == "is triggered by wire alone"
    assert not stops.sees(board=True)


def test_a_drive_that_can_be_told_stands_for_each_look_and_goes_on_when_the_board_is_gone():
    line = Drive()
    stops = Stops(line)
    assert not stops.sees(board=True)
    assert (line.speeds, line.looks) == ([0.0], 1)
    stops.laid_anew = False
    assert stops.sees(board=True)
    stops.come_on(0.9 * STEP_MM)
    assert line.looks == 1
    stops.come_on(STEP_MM)
    assert (line.speeds[-1], line.looks) == (0.0, 2)
    assert stops.sees(board=False)
    assert (line.speeds[-1], stops.laid_anew) == (line.config.belt.speed_m_per_s, True)


def test_a_person_lays_looks_and_inches():
    """The twin's pictures of a belt that stands; its hands lay the board, a person's buttons do the rest."""
    config = LineConfig.model_validate({"twin": {"speed_ripple": 0.0}})
    with open_line(config, VirtualClock(), 1) as line:
        session = CalibrationSession(line, BeltPlane(), {"belt": "standing"})
        session.run_at = lambda _speed: False
        procedure = session.procedure
        while (session.step() and procedure._last is None) or procedure._last[1] is None:
            pass
        assert [action.name for action in session.step().actions] == ["laid", "came-on"]
        line.hands.run_at(0.0)
        session.act("laid")
        session.step()
        session.step()
        assert [len(ride) for ride in procedure.rides] == [1]
        session.act("came-on")
        session.step()
        session.act("laid")
        session.step()
        assert [len(ride) for ride in procedure.rides] == [2, 1]
        assert procedure.rides[0][0].belt_mm == pytest.approx(procedure.rides[0][1].belt_mm, abs=0.5)
        with pytest.raises(CalibrationError, match="no action 'slower'"):
            session.act("slower")
        session.cancel()
