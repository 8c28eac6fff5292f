"""The twin's belt through a real camera driver: pictures that a second process streams over GVSP."""

import numpy as np
import pytest
from tests.hardware.camera_peers import TWIN_MM_PER_PX, TwinGigePeer, need_aravis, twin_gige_line
from tests.hardware.camera_site import read_or_none
from tests.hardware.waiting import eventually

from neosort_hardware.clock import RealClock
from neosort_hardware.line import simulated_line
from neosort_hardware.twin.world import World

SEED = 3
FRAMES, MOST_FRAMES = 3, 40
LEVELS_OF_ITEMS = 5.0  # of 255, on average: what pictures of two stretches differ by where items lie on them
SEARCHED_PX = 60  # by how much a picture is moved at most until it fits: a camera on a busy machine is late


def moved_to_fit(shown, expected):
    """By how many rows the one lies below the other where they fit best, and how well: mean levels apart."""
    apart = {}
    for rows in range(-SEARCHED_PX, SEARCHED_PX + 1):
        upper, lower = (
            (shown[rows:], expected[: len(expected) - rows]) if rows >= 0 else (shown[:rows], expected[-rows:])
        )
        apart[rows] = float(np.abs(upper.astype(np.int16) - lower).mean())
    best = min(apart, key=apart.get)
    return best, apart[best], float(np.median(list(apart.values())))


@pytest.mark.timeout(400)  # of a machine that has other things to do
@pytest.mark.usefixtures("gige_port")
def test_what_comes_over_the_network_is_the_belt_where_the_frame_says():
    need_aravis(tools=False)
    twin = {"feed": {"items_per_s_per_m": 8.0}}
    config = twin_gige_line(0.3, camera={"pixel_format": "RGB8"}, twin=twin)
    with TwinGigePeer(config, SEED) as peer:
        world = World(config, RealClock(), SEED, camera_buffers=64)
        peer.show(world)
        with simulated_line(world) as line:
            shown = list(frames_with_something_on(line, world))
    assert len(shown) == FRAMES
    for (moved, apart, elsewhere), error_mm in shown:
        assert apart < 0.5 * elsewhere, "it is this stretch of belt and no other"
        moved_mm = TWIN_MM_PER_PX * abs(moved)
        assert moved_mm <= error_mm + 2 * TWIN_MM_PER_PX, "as far off as the stamps may be wrong, and a pixel"


def frames_with_something_on(line, world):
    """How well each of `FRAMES` frames fits its stretch of belt, and how far off (mm) it may be; an empty belt, such as
    the first one, would fit anywhere and is passed over."""
    left = FRAMES
    for _ in range(MOST_FRAMES):
        frame = eventually(lambda: read_or_none(line.camera), 100.0)
        fit = moved_to_fit(frame.image, world.picture_at(frame.belt_mm))
        if fit[2] >= LEVELS_OF_ITEMS:
            left -= 1
            yield fit, line.camera.stamp_error_ms * line.config.belt.speed_m_per_s
        if left == 0:
            return
