"""Light as a whole procedure at a real camera: the exposure that it finds is the one that the camera was told."""

import dataclasses

import pytest
from tests.hardware.camera_peers import TwinGigePeer, need_aravis, twin_gige_line
from tests.hardware.camera_rigs import FAKE_EXPOSURE_US, gvcp_register
from tests.hardware.conftest import gige_port

from neosort_hardware.clock import RealClock
from neosort_hardware.line import simulated_line
from neosort_hardware.twin.world import World
from neosort_inference.calibration.light import Light
from neosort_inference.calibration.session import CalibrationSession

__all__ = ["gige_port"]
SEED = 5
BOARD = {"square_mm": 90.0, "marker_mm": 70.0, "cols": 4, "rows": 3}  # large enough for pictures of 2 mm per pixel
TOLD_US, RIGHT_US = 120.0, 400.0  # what the line has, and what the lamps are made for


@pytest.mark.slow
@pytest.mark.usefixtures("gige_port")
@pytest.mark.timeout(400)  # of a machine that has other things to do
def test_light_is_set_at_a_camera_over_the_network():
    need_aravis(tools=False)
    camera = {"pixel_format": "BayerRG8", "exposure_us": TOLD_US}
    twin = {"picture": {"exposed_us": RIGHT_US, "gain_drift": 0.0}}
    config = twin_gige_line(0.5, camera=camera, twin=twin)
    told = {TOLD_US}
    with TwinGigePeer(config, SEED) as peer:
        world = World(config, RealClock(), SEED)
        peer.show(world)
        with simulated_line(world) as line:
            session = CalibrationSession(dataclasses.replace(line, hands=None), Light(), BOARD)
            peer.lay(session.procedure.props())
            while session.state == "running":
                session.step()
                told.add(gvcp_register(peer.address, FAKE_EXPOSURE_US))
            kept_us = gvcp_register(peer.address, FAKE_EXPOSURE_US)
    result = session.result()
    found_us = result.changes["camera.exposure_us"]
    quantities = {quantity.name: quantity for quantity in result.quantities}
    assert result.passed, [(one.name, one.value) for one in result.quantities if not one.passed]
    assert 0.7 * RIGHT_US < found_us < 1.3 * RIGHT_US
    assert any(abs(us - found_us) <= 1.0 for us in told), "the register counts whole microseconds"
    assert quantities["uneven"].value < quantities["uneven"].before
    assert kept_us == TOLD_US, "what was found holds once it is applied, and not before"
