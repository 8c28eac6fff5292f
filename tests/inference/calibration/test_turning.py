"""An array that a person turns and mounts again: its constants, and channels that are dead, reversed or too still."""

import numpy as np
import pytest

from neosort_hardware.config import LineConfig
from neosort_hardware.types import FieldBlock
from neosort_inference.calibration.constants import with_constants
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.turning import ArrayTurned

pytestmark = pytest.mark.computes

CHANNELS, EARTH_UT, RATE_HZ = 6, 50.0, 1000
CONFIG = LineConfig.model_validate({"magnetometer": {"channels": CHANNELS}})
MOUNTED_UT = np.array([20.0, -15.0, -40.0])


class Person:
    config = CONFIG
    belt_mm = 0.0

    def turn_array(self, _turning):
        return False


class Board:
    """Six sensors, one of them mirrored along y, one dead; 0.3 µT of noise a sample."""

    def __init__(self, seed=3):
        self.rng = np.random.default_rng(seed)
        self.response = np.eye(3) + 0.03 * self.rng.normal(size=(CHANNELS, 3, 3))
        self.response[2, :, 1] *= -1.0
        self.offset = self.rng.normal(0.0, 20.0, (CHANNELS, 3))

    def block(self, field_ut):
        """Readings of a field (n, 3)."""
        read = np.einsum("cij,nj->nci", self.response, field_ut) + self.offset
        read = read + self.rng.normal(0.0, 0.3, read.shape)
        read[:, 4] = np.nan
        count = len(field_ut)
        return FieldBlock(
            field_ut=read.astype(np.float32), saturated=np.zeros((count, CHANNELS), np.bool_),
            belt_mm=np.zeros(count), sampled_ns=np.arange(count, dtype=np.int64), sequence=0,
        )  # fmt: skip


def turned(seconds, hz=(0.31, 0.17)):
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    over, round_ = (2 * np.pi * one * at for one in hz)
    return EARTH_UT * np.stack([np.sin(over) * np.cos(round_), np.sin(over) * np.sin(round_), np.cos(over)], axis=1)


def feed(procedure, board, field_ut, block=37):
    for begin in range(0, len(field_ut), block):
        procedure.see_block(board.block(field_ut[begin : begin + block]))


@pytest.fixture
def begun():
    procedure = ArrayTurned()
    procedure.begin(Person(), {"earth_ut": EARTH_UT})
    return procedure


def test_constants_of_a_turned_array_are_recovered_and_its_zero_is_taken_mounted(begun):
    board = Board()
    feed(begun, board, turned(20.0))
    assert [action.name for action in begun.guidance().actions] == ["mounted"]
    begun.act("mounted", {})
    feed(begun, board, np.tile(MOUNTED_UT, (3 * RATE_HZ, 1)))
    assert begun.guidance().done
    found = begun.result()

    told = {one.name: one.value for one in found.quantities}
    assert told["out-of-use"] == 1
    assert told["unsure"] < 0.2
    channels = with_constants(CONFIG, found.changes).calibration.channels
    assert channels.out_of_use == (4,)
    known = [n for n in range(CHANNELS) if n != 4]
    left = np.asarray(channels.matrix)[known] @ board.response[known]
    common = left.mean(axis=0)  # a turn that all of them share is the board's own, and no channel's
    assert np.abs(left - common).max() < 0.004
    assert common @ common.T == pytest.approx(np.eye(3), abs=0.004)
    zero = (board.response @ MOUNTED_UT + board.offset)[known]
    assert np.asarray(channels.zero_ut)[known] == pytest.approx(zero, abs=0.1)
    assert any("channel 2 is turned" in note for note in found.notes)
    assert any("channel 4 is out of use" in note for note in found.notes)


def test_it_goes_on_until_it_was_turned_to_enough_sides(begun):
    board = Board()
    feed(begun, board, turned(12.0, hz=(0.31, 0.0)))
    guidance = begun.guidance()
    assert guidance.actions == ()
    assert "sides" in guidance.missing[0]
    with pytest.raises(CalibrationError, match="has not been seen yet"):
        begun.result()


def test_an_array_of_another_size_is_named(begun):
    block = FieldBlock(
        field_ut=np.zeros((5, 4, 3), np.float32), saturated=np.zeros((5, 4), np.bool_), belt_mm=np.zeros(5),
        sampled_ns=np.arange(5, dtype=np.int64), sequence=0,
    )  # fmt: skip
    with pytest.raises(CalibrationError, match=r"4 channels, magnetometer\.channels is 6"):
        begun.see_block(block)
