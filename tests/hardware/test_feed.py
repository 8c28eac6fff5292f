"""The feeder: a Poisson stream in the shares asked for, on the belt, mostly side by side."""

import math
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from neosort_hardware.config import FeedConfig
from neosort_hardware.twin.bodies import AS_MADE
from neosort_hardware.twin.catalogue import DEFAULT_FEED_PERCENT, split_names
from neosort_hardware.twin.feed import AGEING, ROUND_LOOKS, Feeder
from neosort_hardware.twin.layout import FURTHEST_SLIDE_MM, Footprint
from neosort_hardware.types import Box

pytestmark = pytest.mark.computes

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
    assert (gaps > -2 * FURTHEST_SLIDE_MM).all(), "in the order of their falling, and none slides far"
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


def test_a_feed_to_learn_motors_from_has_five_times_as_many():
    kinds = Counter(item.model.kind for item in fed(mix="motors"))
    for kind in ("motor_nd", "motor_ferrite"):
        percent = 5 * DEFAULT_FEED_PERCENT[kind]
        of = 100 + 4 * (DEFAULT_FEED_PERCENT["motor_nd"] + DEFAULT_FEED_PERCENT["motor_ferrite"])
        assert within_four_sigma(kinds[kind], kinds.total(), percent / of)


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


def footprint(item):
    length_mm, width_mm, height_mm = item.model.extents_mm(item.pose)
    return Footprint(
        belt_mm=item.belt_mm,
        across_mm=item.across_mm,
        half_length_mm=0.5 * length_mm,
        half_width_mm=0.5 * width_mm,
        yaw_rad=item.yaw_rad,
        height_mm=height_mm,
    )


def share_that(meets, items):
    """Share of items of which ``meets(item, one fed shortly before)`` holds for any of those before."""
    prints = [footprint(item) for item in items]
    return np.mean([any(meets(one, before) for before in prints[max(0, k - 30) : k]) for k, one in enumerate(prints)])


def overlaps(one, other):
    return one.overlaps(other)


def touches(one, other):
    """Within a millimetre."""
    grown = replace(one, half_length_mm=one.half_length_mm + 1.0, half_width_mm=one.half_width_mm + 1.0)
    return grown.overlaps(other)


CROWDED = {"items_per_s_per_m": 30.0, "length_mm": 40_000.0}


def test_what_falls_upon_another_stays_there_or_slides_off_and_lies_against_it():
    by_chance = share_that(overlaps, fed(piling=1.0, **CROWDED))
    assert by_chance > 0.15
    assert share_that(overlaps, fed(piling=0.3, **CROWDED)) == pytest.approx(0.3 * by_chance, rel=0.4)
    slid = fed(piling=0.0, **CROWDED)
    assert share_that(overlaps, slid) < 0.02
    assert share_that(touches, slid) > 0.8 * by_chance


def test_items_that_touch_come_in_the_share_asked_for_and_the_rate_stays():
    loose, close = fed(), fed(touching=0.5)
    assert len(close) == pytest.approx(len(loose), rel=0.08)
    assert share_that(touches, loose) < 0.15
    assert 0.4 < share_that(touches, close) < 0.65


def test_bursts_gather_items_without_changing_their_number():
    even, gathered = fed(), fed(bursts=4.0)
    assert len(gathered) == pytest.approx(len(even), rel=0.06)
    in_burst = [np.mean([(item.belt_mm - START_MM) % 3000 < 750 for item in items]) for items in (even, gathered)]
    assert in_burst[0] == pytest.approx(0.25, abs=0.05)
    assert in_burst[1] > 0.97
    twice = fed(bursts=2.0)
    assert np.mean([(item.belt_mm - START_MM) % 3000 < 750 for item in twice]) == pytest.approx(0.5, abs=0.05)


def test_hub_motors_come_where_a_feed_asks_for_them():
    kinds = Counter(item.model.kind for item in fed(hub_motors=0.2, length_mm=200_000.0))
    assert within_four_sigma(kinds["hub_motor"], kinds.total(), 0.2)
    assert "hub_motor" not in {item.model.kind for item in fed()}


def test_an_item_upon_another_is_raised_and_leans():
    items = fed(piling=1.0, **CROWDED)
    for item in items:
        rotation = np.array(item.tilt)
        assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
        assert np.degrees(np.arccos(rotation[2, 2])) <= 15.001
    raised = [item.lift_mm > 0 for item in items]
    assert np.mean(raised) == pytest.approx(share_that(overlaps, items), abs=0.02)
    assert any(item.tilt != AS_MADE for item in items)


def test_only_round_things_roll_across_their_axis():
    rolling = [item for item in fed(rolling=1.0) if item.rolling_mm_per_m != (0.0, 0.0)]
    assert {item.model.look for item in rolling} <= ROUND_LOOKS
    assert len(rolling) > 50
    for item in rolling:
        along, across = item.rolling_mm_per_m
        assert along * math.cos(item.yaw_rad) + across * math.sin(item.yaw_rad) == pytest.approx(0.0, abs=1e-9)
    assert np.hypot(*np.array([item.rolling_mm_per_m for item in rolling]).T).mean() == pytest.approx(32.0, rel=0.2)
    assert not any(item.rolling_mm_per_m != (0.0, 0.0) for item in fed(rolling=0.0))


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
