"""The feeder: a Poisson stream in the shares asked for, on the belt, mostly side by side."""

import math
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from neosort_hardware.config import FeedConfig
from neosort_hardware.twin.catalogue import DEFAULT_FEED_PERCENT, split_names
from neosort_hardware.twin.feed import AGEING, Feeder
from neosort_hardware.types import Box

WIDTH_MM, SPEED_MM_PER_S, START_MM = 600.0, 1000.0, 450.0
LENGTH_MM = 1_000_000.0
MEAN_GAP_MM = SPEED_MM_PER_S / (5.0 * WIDTH_MM * 1e-3)


@cache
def fed(seed=1, length_mm=LENGTH_MM, **config):
    """Items that a feeder puts on a stretch of belt."""
    feeder = Feeder(FeedConfig(**config), WIDTH_MM, SPEED_MM_PER_S, START_MM, np.random.default_rng(seed))
    return tuple(feeder.until(START_MM + length_mm))


def bounds(item):
    cos, sin = abs(math.cos(item.yaw_rad)), abs(math.sin(item.yaw_rad))
    length_mm, width_mm, _ = item.model.extents_mm(item.pose)
    along, across = (0.5 * (length_mm * one + width_mm * other) for one, other in ((cos, sin), (sin, cos)))
    return Box(
        belt_lo_mm=item.belt_mm - along,
        belt_hi_mm=item.belt_mm + along,
        across_lo_mm=item.across_mm - across,
        across_hi_mm=item.across_mm + across,
    )


def within_four_sigma(count, n, p):
    return abs(count - n * p) <= 4 * math.sqrt(n * p * (1 - p))


def test_the_stream_is_poisson_at_the_rate_asked_for():
    places = np.array([item.belt_mm for item in fed()])
    expected = LENGTH_MM / MEAN_GAP_MM
    assert abs(len(places) - expected) < 4 * math.sqrt(expected)
    gaps = np.diff(places)
    assert (gaps > 0).all()
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.1), "exponential, not a regular beat"
    per_5_m = np.bincount(((places - START_MM) // 5000).astype(int))
    assert per_5_m.var() == pytest.approx(per_5_m.mean(), rel=0.4)


def test_twice_the_feed_is_twice_the_items_and_no_feed_is_none():
    assert len(fed(items_per_s_per_m=10.0)) == pytest.approx(2 * len(fed()), rel=0.1)
    assert fed(items_per_s_per_m=0.0) == ()


@pytest.mark.parametrize("mix", ["default", "even"])
def test_kinds_come_in_their_shares(mix):
    items = fed(mix=mix)
    counts = Counter(item.model.kind for item in items)
    for kind, percent in DEFAULT_FEED_PERCENT.items():
        share = percent / 100 if mix == "default" else 1 / len(DEFAULT_FEED_PERCENT)
        assert within_four_sigma(counts[kind], len(items), share), kind


def test_the_default_shares_add_up():
    assert sum(DEFAULT_FEED_PERCENT.values()) == pytest.approx(100)


@pytest.mark.parametrize("split", ["train", "validation", "calibration", "held-out"])
def test_only_models_of_the_split_asked_for_are_fed(split):
    names = {item.model.name for item in fed(models=split)}
    assert names <= set(split_names(split))
    if split != "train":
        fed_kinds = {name for name in split_names(split) if DEFAULT_FEED_PERCENT[name.rpartition("-")[0]] > 0}
        assert names == fed_kinds, "and every one of them in so long a run"


def test_every_item_lies_on_the_belt_and_is_numbered_once():
    items = fed()
    assert [item.item_id for item in items] == list(range(1, len(items) + 1))
    for item in items:
        box = bounds(item)
        assert box.across_lo_mm >= -1e-6
        assert box.across_hi_mm <= WIDTH_MM + 1e-6
        assert AGEING[0] <= item.ageing <= AGEING[1]
        assert 0 <= item.dirt <= 1
        assert len(item.remanence_am2) == len(item.model.steel)


def test_the_same_seed_feeds_the_same_items_however_it_is_asked():
    feeder = Feeder(FeedConfig(), WIDTH_MM, SPEED_MM_PER_S, START_MM, np.random.default_rng(1))
    piecemeal = [item for mm in np.arange(START_MM, START_MM + 100_000, 37.0) for item in feeder.until(mm)]
    assert len(piecemeal) > 200
    assert tuple(piecemeal) == fed()[: len(piecemeal)]
    assert fed(seed=2)[0] != fed()[0]


def overlapping(boxes):
    """Share of items that lie on one fed shortly before."""
    hits = (any(box.overlap_mm2(before) > 0 for before in boxes[max(0, k - 6) : k]) for k, box in enumerate(boxes))
    return sum(hits) / len(boxes)


def thrown_anywhere(box, rng):
    """The same item without the feeder's care for a free place."""
    width_mm = box.across_hi_mm - box.across_lo_mm
    left_mm = rng.uniform(0, WIDTH_MM - width_mm)
    return replace(box, across_lo_mm=left_mm, across_hi_mm=left_mm + width_mm)


def test_items_seldom_overlap_and_far_less_often_than_by_chance():
    boxes = [bounds(item) for item in fed()]
    rng = np.random.default_rng(0)
    by_chance = overlapping([thrown_anywhere(box, rng) for box in boxes])
    assert overlapping(boxes) < 0.03
    assert overlapping(boxes) < 0.4 * by_chance


def test_a_third_of_the_steel_is_magnetised_within_its_range_and_nothing_else_is():
    steel = [item for item in fed() if item.model.kind == "steel"]
    moments = [float(np.linalg.norm(item.remanence_am2[0])) for item in steel]
    magnetised = [k for k, moment in enumerate(moments) if moment > 0]
    assert within_four_sigma(len(magnetised), len(steel), 1 / 3)
    for k in magnetised:
        lo, hi = steel[k].model.steel[0].remanence_am2_per_g
        along = abs(steel[k].remanence_am2[0][0]) / steel[k].model.mass_g
        assert lo * 0.999 <= along <= hi * 1.001
    up = [steel[k].remanence_am2[0][0] > 0 for k in magnetised]
    assert within_four_sigma(sum(up), len(up), 0.5), "either way round"
    others = [item for item in fed() if item.model.kind != "steel"]
    assert not any(np.any(item.remanence_am2) for item in others if item.remanence_am2)
