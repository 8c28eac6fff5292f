"""The five simulated devices keep the hardware contract, in virtual time, and agree with one another."""

import numpy as np
import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import simulated_line
from neosort_hardware.twin import world as world_module
from neosort_hardware.twin.catalogue import model_named
from neosort_hardware.twin.feed import Item
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.world import CAMERA_BUFFERS, World
from neosort_hardware.twin.world_parts import ARRAY_BUFFER_S
from neosort_hardware.types import Shot, ShotOutcome

SCENERY = Scenery()
START_NS = 7_000_000_000
EVERY_MM = 256.0
MS = 1_000_000


def config(items_per_s_per_m=0.0, range_ut=800.0, high_range_ut=40_000.0):
    ranges = {"range_ut": range_ut, "high_range_ut": high_range_ut}
    return LineConfig.model_validate(
        {"twin": {"feed": {"items_per_s_per_m": items_per_s_per_m}}, "magnetometer": ranges}
    )


class OneItem:
    """A feeder of one item."""

    def __init__(self, item: Item) -> None:
        self._items = [item]

    def until(self, belt_mm: float) -> list[Item]:
        due = [item for item in self._items if item.belt_mm < belt_mm]
        self._items = [item for item in self._items if item.belt_mm >= belt_mm]
        return due


def loose_magnet(belt_mm=440.0, across_mm=310.0, **changes):
    model = model_named("nd_loose-16")
    return Item(
        item_id=1,
        model=model,
        pose=model.poses[0],
        belt_mm=belt_mm,
        across_mm=across_mm,
        yaw_rad=0.4,
        ageing=1.0,
        dirt=0.0,
        remanence_am2=(),
        **changes,
    )


@pytest.fixture
def clock():
    return VirtualClock(START_NS)


@pytest.fixture
def line(clock):
    with simulated_line(World(config(), clock, 5, SCENERY)) as opened:
        yield opened


@pytest.fixture
def line_with_magnet(clock, monkeypatch):
    """A line on whose belt a single magnet lies, strong enough to clip the array."""
    monkeypatch.setattr(world_module, "Feeder", lambda *_, **_more: OneItem(loose_magnet()))
    with simulated_line(World(config(), clock, 5, SCENERY)) as opened:
        yield opened


def pass_time(line, seconds, step_s=0.1):
    """Let the belt run with the host alive."""
    for _ in range(round(seconds / step_s)):
        line.clock.sleep_until(line.clock.now_ns() + round(step_s * 1e9))
        line.diverter.heartbeat()
        line.encoder.read()


@pytest.mark.parametrize("device", ["camera", "magnetometer"])
@pytest.mark.parametrize("timeout_s", [0.0, 0.001, 0.003])
def test_a_read_waits_no_longer_than_asked(line, clock, device, timeout_s):
    assert getattr(line, device).read(timeout_s) is None, "nothing is due within 3 ms of the start"
    assert clock.now_ns() - START_NS == round(timeout_s * 1e9)


@pytest.mark.parametrize("device", ["camera", "magnetometer"])
def test_a_read_returns_as_soon_as_something_is_due(line, clock, device):
    assert getattr(line, device).read(5.0) is not None
    assert clock.now_ns() - START_NS < 0.3e9


def test_reading_the_encoder_and_the_interlock_takes_no_time(line, clock):
    line.encoder.read()
    line.interlock.read()
    line.diverter.heartbeat()
    assert clock.now_ns() == START_NS


def test_frames_come_at_their_trigger_positions_in_order(line, clock):
    frames = [line.camera.read(1.0) for _ in range(4)]
    assert [frame.sequence for frame in frames] == [1, 2, 3, 4]
    assert [frame.belt_mm for frame in frames] == pytest.approx([EVERY_MM * k for k in (1, 2, 3, 4)], abs=0.5)
    assert frames[0].image.shape == (512, 640, 3)
    assert frames[-1].captured_ns == clock.now_ns(), "read at the very moment of the exposure"
    nominal_ns = START_NS + np.array([EVERY_MM * k for k in (1, 2, 3, 4)]) * MS
    assert [frame.captured_ns for frame in frames] == pytest.approx(nominal_ns, abs=5 * MS)


def test_a_camera_that_is_not_read_loses_the_oldest_frames_and_says_so_in_the_sequence(line):
    assert line.camera.read(1.0).sequence == 1
    pass_time(line, 5.0)
    newest = int(line.encoder.read().belt_mm // EVERY_MM)
    kept = [line.camera.read(0.0) for _ in range(CAMERA_BUFFERS)]
    assert [frame.sequence for frame in kept] == list(range(newest - CAMERA_BUFFERS + 1, newest + 1))
    assert kept[0].sequence > 2, "a gap"
    assert line.camera.read(0.0) is None


def test_blocks_are_as_long_as_configured_and_stamped_sample_by_sample(line):
    blocks = [line.magnetometer.read(0.1) for _ in range(3)]
    assert [block.sequence for block in blocks] == [1, 2, 3]
    for block in blocks:
        assert block.field_ut.shape == (5, 24, 3)
        assert block.field_ut.dtype == np.float32
        assert block.saturated.shape == (5, 24)
        assert block.belt_mm.shape == block.sampled_ns.shape == (5,)
    stamps = np.concatenate([block.sampled_ns for block in blocks])
    assert stamps.tolist() == [START_NS + MS * k for k in range(1, 16)]
    places = np.concatenate([block.belt_mm for block in blocks])
    np.testing.assert_allclose(places, np.arange(1, 16), atol=0.1)


def test_blocks_that_have_piled_up_come_as_one_without_a_hole(line):
    first = line.magnetometer.read(0.1)
    pass_time(line, 0.5)
    block = line.magnetometer.read(0.0)
    assert len(block.sampled_ns) == 500
    assert block.sampled_ns[0] - first.sampled_ns[-1] == MS
    assert line.magnetometer.read(0.0) is None


def test_an_array_that_is_not_read_loses_the_oldest_samples_and_shows_the_gap(line):
    first = line.magnetometer.read(0.1)
    pass_time(line, 3.0)
    block = line.magnetometer.read(0.0)
    assert len(block.sampled_ns) == round(ARRAY_BUFFER_S * 1000)
    assert block.sampled_ns[0] - first.sampled_ns[-1] > 900 * MS
    assert (np.diff(block.sampled_ns) == MS).all()


def test_the_encoder_counts_whole_counts_up_to_the_belts_place(line, clock):
    before = line.encoder.read()
    assert (before.counts, before.belt_mm) == (0, 0.0)
    for _ in range(50):
        clock.sleep_until(clock.now_ns() + 7_300_000)
        sample = line.encoder.read()
        assert sample.belt_mm == 0.5 * sample.counts
        assert sample.sampled_ns == clock.now_ns()
        assert sample.counts >= before.counts
        before = sample
    assert before.belt_mm == pytest.approx(365.0, abs=2.0)


def test_a_strong_magnet_is_flagged_where_it_clips_the_array_and_nowhere_else(line_with_magnet):
    pass_time(line_with_magnet, 1.2)
    block = line_with_magnet.magnetometer.read(0.0)
    assert np.abs(block.field_ut[~block.saturated]).max() <= 800.01
    assert np.linalg.norm(block.field_ut, axis=2)[block.saturated].max() > 900.0, "the second range takes over"
    sample, channel = np.nonzero(block.saturated)
    assert sample.size
    places = block.belt_mm[sample] - line_with_magnet.geometry.array_station_mm
    assert abs(places - 440.0).max() < 90.0
    assert abs(line_with_magnet.geometry.channel_across_mm[channel] - 310.0).max() < 90.0


def test_a_lone_magnets_field_and_its_picture_lie_at_the_same_place(monkeypatch):
    item = loose_magnet()

    def seen(feeder):
        monkeypatch.setattr(world_module, "Feeder", lambda *_, **_more: feeder)
        with simulated_line(World(config(range_ut=50_000.0, high_range_ut=0.0), VirtualClock(), 5, SCENERY)) as line:
            frames = [line.camera.read(1.0) for _ in range(4)]
            pass_time(line, 0.2)
            return line, frames[1].image.astype(np.float64), frames[1].belt_mm, line.magnetometer.read(0.0)

    line, picture, frame_mm, block = seen(OneItem(item))
    _, bare_belt, _, bare_block = seen(OneItem(loose_magnet(belt_mm=1e9)))
    rows, cols = np.nonzero(np.abs(picture - bare_belt).sum(axis=2) > 120)
    assert rows.size > 50
    middle = np.array([[0.5 * (cols.min() + cols.max() + 1), 0.5 * (rows.min() + rows.max() + 1)]])
    (across_mm, belt_mm), = line.geometry.pixels_to_belt(middle, frame_mm)  # fmt: skip
    upward_ut = np.abs(block.field_ut - bare_block.field_ut)[:, :, 2]
    sample, channel = np.unravel_index(upward_ut.argmax(), upward_ut.shape)
    field_place_mm = block.belt_mm[sample] - line.geometry.array_station_mm
    assert belt_mm == pytest.approx(item.belt_mm, abs=4)
    assert across_mm == pytest.approx(item.across_mm, abs=4)
    assert field_place_mm == pytest.approx(belt_mm, abs=4)
    assert line.geometry.channel_across_mm[channel] == pytest.approx(across_mm, abs=13)
    (truth,) = line.truth.items()
    assert (truth.box.belt_mm, truth.box.across_mm) == pytest.approx((belt_mm, across_mm), abs=3)


def peak_of(monkeypatch, item):
    """Place along and across, and size of the strongest upward field of a lone item."""
    monkeypatch.setattr(world_module, "Feeder", lambda *_, **_more: OneItem(item))
    with simulated_line(World(config(range_ut=50_000.0, high_range_ut=0.0), VirtualClock(), 5, SCENERY)) as line:
        pass_time(line, 1.2)
        block = line.magnetometer.read(0.0)
        upward_ut = np.abs(block.field_ut[:, :, 2])
        sample, channel = np.unravel_index(upward_ut.argmax(), upward_ut.shape)
        return block.belt_mm[sample] - 512.0, line.geometry.channel_across_mm[channel], upward_ut.max()


def test_a_rolling_item_comes_to_the_array_elsewhere_than_it_was_seen(monkeypatch):
    still = peak_of(monkeypatch, loose_magnet())
    rolled = peak_of(monkeypatch, loose_magnet(rolling_mm_per_m=(100.0, -100.0)))
    assert rolled[0] - still[0] == pytest.approx(25.6, abs=4), "a tenth of the way from mid-view to the array"
    assert rolled[1] - still[1] == pytest.approx(-25.0)


def test_an_item_upon_another_lies_further_from_the_array(monkeypatch):
    flat, raised = (peak_of(monkeypatch, loose_magnet(lift_mm=lift))[2] for lift in (0.0, 20.0))
    assert raised < 0.6 * flat


def over_the_magnet(line, shot_id=7, lead_mm=30.0):
    nozzles = line.geometry.nozzles.under(280.0, 340.0)
    at_mm = 440.0 + line.geometry.nozzle_station_mm
    return Shot(
        shot_id=shot_id,
        track_id=1,
        first_nozzle=nozzles[0],
        last_nozzle=nozzles[1],
        open_mm=at_mm - lead_mm,
        close_mm=at_mm + lead_mm,
    )


def test_truth_and_landing_are_told_once(line_with_magnet):
    items, landings = [], []
    for _ in range(25):
        pass_time(line_with_magnet, 0.1)
        items += line_with_magnet.truth.items()
        landings += line_with_magnet.truth.landings()
    assert [(item.item_id, item.kind, item.bears_ndfeb) for item in items] == [(1, "nd_loose", True)]
    assert [(landing.item_id, landing.place, landing.shot_ids) for landing in landings] == [(1, "rest", ())]


def test_a_shot_over_the_magnet_throws_it_into_the_product(line_with_magnet):
    shot = over_the_magnet(line_with_magnet)
    assert line_with_magnet.diverter.schedule(shot) is ShotOutcome.ACCEPTED
    pass_time(line_with_magnet, 2.5)
    (landing,) = line_with_magnet.truth.landings()
    assert (landing.place, landing.shot_ids) == ("product", (7,))
    assert landing.impulse_ns > 0


def test_a_silent_host_shuts_the_valves_until_it_is_heard_again(line_with_magnet, clock):
    line = line_with_magnet
    line.diverter.schedule(over_the_magnet(line))
    clock.sleep_until(clock.now_ns() + 3_000 * MS)  # the heartbeat's limit is 500 ms
    line.encoder.read()
    health = line.diverter.health()
    assert not health.ok
    assert "silent" in health.detail
    assert [landing.impulse_ns for landing in line.truth.landings()] == [0.0]
    line.diverter.heartbeat()
    assert line.diverter.health().ok


def test_all_valves_closed_forgets_what_is_pending(line_with_magnet):
    line_with_magnet.diverter.schedule(over_the_magnet(line_with_magnet))
    pass_time(line_with_magnet, 0.2)
    line_with_magnet.diverter.close_all()
    pass_time(line_with_magnet, 2.3)
    assert [landing.impulse_ns for landing in line_with_magnet.truth.landings()] == [0.0]


def test_a_shot_that_cannot_be_met_or_makes_no_sense_is_turned_down(line_with_magnet):
    line = line_with_magnet
    nonsense = Shot(shot_id=1, track_id=1, first_nozzle=40, last_nozzle=48, open_mm=1900.0, close_mm=1950.0)
    assert line.diverter.schedule(nonsense) is ShotOutcome.REFUSED
    pass_time(line, 2.0)
    assert line.diverter.schedule(over_the_magnet(line)) is ShotOutcome.LATE
    pass_time(line, 0.5)
    assert [landing.shot_ids for landing in line.truth.landings()] == [()]


def test_the_interlock_opens_by_fault_and_reads_opened_when_closed_down(line):
    assert line.interlock.read().closed
    line.faults.inject("interlock.opened")
    state = line.interlock.read()
    assert not state.closed
    assert state.detail
    line.faults.clear("interlock.opened")
    assert line.interlock.read().closed
    line.interlock.close()
    assert not line.interlock.read().closed
    with pytest.raises(ValueError, match=r"interlock\.opened"):
        line.faults.inject("no such fault")


@pytest.mark.parametrize("device", ["camera", "magnetometer", "encoder", "diverter", "interlock"])
def test_closing_twice_is_closing_once(line, device):
    one = getattr(line, device)
    assert one.health().ok
    assert one.health().name == one.name
    one.close()
    one.close()
    assert not one.health().ok
    assert one.health().detail == "closed"


@pytest.mark.parametrize(
    ("device", "use"),
    [
        ("camera", lambda camera: camera.read(0.0)),
        ("magnetometer", lambda array: array.read(0.0)),
        ("encoder", lambda encoder: encoder.read()),
        ("diverter", lambda diverter: diverter.heartbeat()),
        ("diverter", lambda diverter: diverter.schedule(None)),
    ],
)
def test_a_closed_device_refuses_and_says_which_it_is(line, device, use):
    one = getattr(line, device)
    one.close()
    with pytest.raises(DeviceError, match=one.name) as refused:
        use(one)
    assert refused.value.device == one.name
    assert "closed" in refused.value.cause


def test_a_silence_is_acted_on_even_when_the_first_word_after_it_is_a_heartbeat(line_with_magnet, clock):
    line = line_with_magnet
    line.diverter.schedule(over_the_magnet(line))
    clock.sleep_until(clock.now_ns() + 3_000 * MS)  # the heartbeat's limit is 500 ms
    line.diverter.heartbeat()
    assert [landing.impulse_ns for landing in line.truth.landings()] == [0.0]


def test_a_silence_shows_in_the_diverters_health_whoever_asks_first(line_with_magnet, clock):
    clock.sleep_until(clock.now_ns() + 3_000 * MS)
    assert not line_with_magnet.diverter.health().ok
