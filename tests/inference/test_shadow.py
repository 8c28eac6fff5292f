"""What a shadow makes of windows and decisions, by itself: pairs, stretches left out, a belt that is counted anew."""

from __future__ import annotations

import threading

import numpy as np
from tests.inference.test_telemetry import decision

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_hardware.types import Box, Verdict
from neosort_inference.detector import Detection
from neosort_inference.exchange.shadow import WAITING, Shadow
from neosort_inference.recipe import Judge, Recipe

GRID = WindowGrid()
HOP_MM = 256.0
KINDS = ("hdd35", "lithium_cell")


class SeesOneDiskAWindow:
    """In place of a detector: one item early in each window; waits where a test wants it to."""

    def __init__(self, p_ndfeb: float = 0.9) -> None:
        self._p_ndfeb = p_ndfeb
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def detect(self, window: BeltWindow) -> list[Detection]:
        self.may_go_on.wait(60.0)
        return [
            Detection(
                box=box_in(window.start_mm), score=0.9, kind="hdd35", kind_p=np.array([1.0, 0.0], np.float32),
                p_ndfeb=self._p_ndfeb, magnet_g=20.0, magnet_g_sigma=2.0,
            )
        ]  # fmt: skip


def box_in(start_mm: float) -> Box:
    return Box(belt_lo_mm=start_mm + 20.0, belt_hi_mm=start_mm + 80.0, across_lo_mm=0.0, across_hi_mm=60.0)


def window(number: int) -> BeltWindow:
    blank = np.zeros((1, 1, 3), np.uint8), np.zeros((3, 1, 1), np.float32), np.zeros((2, 1, 1), np.float32)
    picture, field_ut, field_mask = blank
    return BeltWindow(
        grid=GRID, start_mm=HOP_MM * number, picture=picture, field_ut=field_ut, field_mask=field_mask,
        last_input_ns=0, sequence=number,
    )  # fmt: skip


def shadow_of(detector: SeesOneDiskAWindow) -> Shadow:
    return Shadow("next", detector, {"none": Judge(Recipe(), KINDS, 0.5)}, HOP_MM)


def fired(number: int):
    return [decision(box=box_in(HOP_MM * number), verdict=Verdict.FIRED)]


def test_windows_that_it_cannot_keep_up_with_are_left_out_and_nothing_there_is_compared():
    detector = SeesOneDiskAWindow()
    shadow = shadow_of(detector)
    detector.may_go_on.clear()
    for number in range(2 * WAITING):
        shadow.see(window(number), fired(number), "none")
    assert shadow.counts().left_out >= WAITING - 1, "nobody has waited for it"
    detector.may_go_on.set()
    shadow.close()
    counts = shadow.counts()
    assert counts.windows + counts.left_out == 2 * WAITING
    assert counts.items["both fire"] == counts.windows
    assert counts.different == 0, "what it had no chance to see is no difference"


def test_a_belt_that_is_counted_anew_leaves_nothing_behind():
    shadow = shadow_of(SeesOneDiskAWindow())
    for number in (40, 41, 0, 1, 2):
        shadow.see(window(number), fired(number) if number != 41 else [], "none")
    shadow.close()
    counts = shadow.counts()
    assert counts.items["both fire"] == 4
    assert counts.different == 0, "the one that was alone lies where nobody counts any more"


def test_one_that_is_told_to_stop_ends_though_much_waits():
    detector = SeesOneDiskAWindow()
    shadow = shadow_of(detector)
    detector.may_go_on.clear()
    for number in range(2 * WAITING):
        shadow.see(window(number), [], "none")
    shadow.stop()
    detector.may_go_on.set()
    shadow.close()
    assert shadow.counts().windows <= 2
