"""What the line would decide on what a procedure has sent over the belt: the whole way of a window, without a shot."""

import numpy as np
import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_hardware.types import Box
from neosort_inference.calibration.encoder_scale import EncoderScale
from neosort_inference.calibration.procedure import WouldDecide
from neosort_inference.calibration.session import CalibrationSession
from neosort_inference.calibration.verification import Verification, by_the_bundle
from neosort_inference.exchange.dry_run import DryRun
from neosort_inference.exchange.way import Means, WayMaker
from neosort_inference.opening import open_bundle
from neosort_inference.recipe import Recipe
from neosort_inference.stages import Stages

pytestmark = pytest.mark.computes


def would(at_mm: float, across_mm: float, *, fires: bool, grams: float = 3.0) -> WouldDecide:
    box = Box(belt_lo_mm=at_mm - 10, belt_hi_mm=at_mm + 10, across_lo_mm=across_mm - 10, across_hi_mm=across_mm + 10)
    return WouldDecide(box=box, kind="hdd35", p_ndfeb=0.9, magnet_g=grams, magnet_g_sigma=0.1, fires=fires)


def test_pieces_are_told_by_what_would_be_ejected_near_their_middles():
    middles = [np.array([1000.0, 100.0]), np.array([2000.0, 300.0]), np.array([3000.0, 300.0])]
    decided = [
        would(1001.0, 100.0, fires=False), would(1030.0, 140.0, fires=True, grams=4.0),
        would(2000.0, 303.0, fires=False, grams=2.0), would(5000.0, 100.0, fires=True),
    ]  # fmt: skip
    said = {one.name: one for one in by_the_bundle(decided, middles)}
    assert (said["bundle-sees"].value, said["bundle-fires"].value) == (2, 1)
    assert said["bundle-off"].value == pytest.approx(50.0)
    assert said["bundle-grams"].value == pytest.approx(3.0)
    assert all(one.passed for one in said.values()), "it is told and not judged"
    assert [one.value for one in by_the_bundle([], middles)] == [0, 0]
    assert by_the_bundle(None, middles) == []


class Counting:
    """In place of the way of windows: counts what it is given."""

    def __init__(self) -> None:
        self.frames, self.blocks = [], []

    def see_frame(self, frame) -> None:
        self.frames.append(frame)

    def see_block(self, block) -> None:
        self.blocks.append(block)

    def decided(self, belt_mm):
        return [would(belt_mm, 100.0, fires=True)]


def test_only_a_procedure_that_asks_has_windows_looked_at_and_as_the_line_sees_them():
    flat = {"flat": [[2.0, 2.0], [2.0, 2.0]], "white": [1.0, 1.0, 1.0]}
    config = LineConfig.model_validate({"calibration": {"light": flat}})
    with open_line(config, VirtualClock(), 1) as line:
        decider = Counting()
        session = CalibrationSession(line, EncoderScale(), {}, decider)
        session.step()
        assert session.decided() is None
        session.cancel()
        session = CalibrationSession(line, Verification(), {"shots": False}, decider)
        bare = []
        session.procedure.see_frame = bare.append
        while not (decider.frames and decider.blocks):
            session.step()
        (one,) = session.decided()
        assert one.fires
        assert decider.frames[0].image.mean() > 1.5 * bare[0].image.mean()
        session.cancel()


def test_items_that_pass_are_decided_on_and_nothing_is_fired():
    config = LineConfig()
    with open_line(config, VirtualClock(), 3) as line:
        means = Means(bundle=open_bundle(None, config), recipe=Recipe(), config=line.config)
        dry = DryRun(WayMaker(line, "none", Stages.at_zero().network).first(means))
        found = []
        while line.encoder.read().belt_mm < 4000.0:
            for give, take in ((line.camera.read(0.02), dry.see_frame), (line.magnetometer.read(0.0), dry.see_block)):
                if give is not None:
                    take(give)
            found += dry.decided(line.encoder.read().belt_mm)
        assert len(found) >= 3
        assert {one.fires for one in found} == {True, False}
        landings = line.truth.landings()
        assert landings
        assert not any(landing.shot_ids for landing in landings)
