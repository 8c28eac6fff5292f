"""The whole line sorts through a real camera: the twin's belt over GigE Vision, items found where they are seen."""

import dataclasses
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.hardware.camera_peers import TwinGigePeer, need_aravis, twin_gige_line
from tests.hardware.conftest import gige_port

from neosort_hardware.clock import RealClock
from neosort_hardware.line import simulated_line
from neosort_hardware.twin.world import World
from neosort_inference.recipe import Recipe
from neosort_inference.sorting import Sorting, SortingPlan

sys.path.insert(0, str(Path(__file__).parent))
from whole_line import FakeBundle, KnowingTruth

__all__ = ["gige_port"]
SEED = 3
WANTED = 1
LONGEST_S = 100.0
SLOW_M_PER_S = 0.4  # what a busy machine can still follow
BRIGHTER = 40  # levels that an item differs from the bare belt


class SeeingBundle(FakeBundle):
    """Knows what an item is, as a perfect network would, but where it is only from the window's picture."""

    def run(self, window):
        found = super().run(window)
        seen = [seen_there(things_in(window), box) for box in found.boxes_mm]
        kept = np.array([box is not None for box in seen], dtype=np.bool_)
        by_name = {field.name: getattr(found, field.name)[kept] for field in dataclasses.fields(found)}
        boxes = np.array([box for box in seen if box is not None], np.float32).reshape(-1, 4)
        return dataclasses.replace(found, **by_name | {"boxes_mm": boxes})


def things_in(window):
    """Boxes (n, 4) of what stands out from the belt, in the window's millimetres as `RawDetections` has them."""
    apart = np.abs(window.picture.astype(np.int16) - np.median(window.picture, axis=(0, 1)).astype(np.int16))
    mask = cv2.morphologyEx((apart.max(axis=2) > BRIGHTER).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    left, top, width, height = (stats[1:, index] for index in range(4))
    return np.column_stack([top, left, top + height, left + width]) * window.grid.mm_per_px


def seen_there(things, box):
    """The thing that the box is about; None where the picture shows none like it."""
    for thing in things:
        lo, hi = np.maximum(thing[:2], box[:2]), np.minimum(thing[2:], box[2:])
        shared = np.prod(np.maximum(0.0, hi - lo))
        both = np.prod(thing[2:] - thing[:2]) + np.prod(box[2:] - box[:2]) - shared
        if shared > 0.5 * both:
            return thing
    return None


class KnowingWhenToStop(KnowingTruth):
    """Stops the run when enough has landed where it should."""

    def __init__(self, truth, known) -> None:
        super().__init__(truth, known)
        self.sorting = None
        self.hit = {}

    def landings(self):
        landings = super().landings()
        self.hit |= {one.item_id: one for one in landings if one.place == "product" and one.shot_ids}
        if len(self.hit) >= WANTED:
            self.sorting.stop()
        return landings


@pytest.mark.slow
@pytest.mark.usefixtures("gige_port")
@pytest.mark.timeout(400)  # of a machine that has other things to do
def test_what_the_camera_shows_over_the_network_is_found_shot_at_and_lands_in_the_product():
    need_aravis(tools=False)
    config = twin_gige_line(
        SLOW_M_PER_S,
        camera={"pixel_format": "BayerRG8"},
        twin={"feed": {"items_per_s_per_m": 1.5, "mix": "even", "piling": 0.0}},
        diverter={"heartbeat_ms": 9000},
    )
    bundle = SeeingBundle([])
    with TwinGigePeer(config, SEED) as peer:
        world = World(config, RealClock(), SEED)
        peer.show(world)
        with simulated_line(world) as line:
            knowing = KnowingWhenToStop(line.truth, bundle.items)
            plan = SortingPlan(bundle=bundle, recipe=Recipe(min_p_ndfeb=0.5), seconds=LONGEST_S)
            knowing.sorting = Sorting(dataclasses.replace(line, truth=knowing), plan)
            telemetry = knowing.sorting.run()
    fired = [decision for decision in telemetry.decisions if decision.fired]
    items = {item.item_id: item for item in bundle.items}
    assert len(knowing.hit) >= WANTED
    assert all(items[item_id].bears_ndfeb for item_id in knowing.hit)
    assert all(max(decision.box.iou(item.box) for item in items.values()) > 0.4 for decision in fired)
