"""`GpioDiverter` and `GpioInterlock` on chips of the kernel's own simulator."""

import time

import gpiod
import pytest
from tests.hardware.camera_site import FakeEncoder
from tests.hardware.waiting import eventually, held
from tests.kernel.chips import simulated_chip

from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import connector, found_by
from neosort_hardware.site import Site
from neosort_hardware.types import Shot, ShotOutcome
from neosort_hardware.valves_gpio import GpioValves

pytestmark = pytest.mark.kernel
CONTACTS = [{"name": "emergency stop", "chip": "neo", "line": 3}, {"name": "guard", "chip": "neo", "line": 4}]


def opened(slot, **settings):
    """A device of a line whose belt is the test's own."""
    config = LineConfig.model_validate({slot: {"driver": "gpio"} | settings})
    site = Site(config=config, geometry=LineGeometry.of(config), clock=RealClock(), encoder=FakeEncoder())
    return connector(slot, "gpio")(getattr(config, slot), site)


def valves(chip="neo", lines=8, **more):
    banks = [{"chip": chip, "lines": list(range(lines))}]
    return {"nozzles": lines, "banks": banks, "heartbeat_ms": 3000.0, "max_on_ms": 1000.0, "late_ms": 20.0} | more


def diverter_settings(**more):
    return LineConfig.model_validate({"diverter": {"driver": "gpio"} | valves(**more)}).diverter


def refusal(slot, **settings):
    with pytest.raises(DeviceError) as refused:
        opened(slot, **settings).close()
    return str(refused.value)


def test_contacts_read_as_they_are_and_what_cannot_be_read_is_open():
    with simulated_chip("neo") as chip:
        chip.pull(3, "up")
        chip.pull(4, "up")
        interlock = opened("interlock", contacts=CONTACTS)
        assert interlock.read().closed
        chip.pull(4, "down")
        assert (interlock.read().closed, interlock.read().detail) == (False, "guard open")
        chip.unplug()
        state = interlock.read()
        assert not state.closed
        assert state.detail.startswith("GPIO interlock: neo: ")
        assert not interlock.health().ok
        chip.plug_in()
        chip.pull(3, "up")
        chip.pull(4, "up")
        eventually(lambda: interlock.read().closed)
        assert interlock.health().ok
        interlock.close()
        interlock.close()
        assert not interlock.read().closed


def test_a_contact_that_pulls_down_is_closed_when_low():
    with simulated_chip("neo") as chip:
        chip.pull(3, "down")
        interlock = opened("interlock", contacts=[CONTACTS[0] | {"active_low": True}])
        assert interlock.read().closed
        chip.pull(3, "up")
        assert not interlock.read().closed
        interlock.close()


def test_what_is_not_there_or_taken_is_said_with_who_has_it():
    assert "no chip has that name" in refusal("interlock", contacts=CONTACTS)
    with simulated_chip("neo", lines=4):
        assert any(found.startswith("chip = 'neo'") for found in found_by("interlock", "gpio"))
        assert "neo: has 4 lines, there is no line 4" in refusal("interlock", contacts=CONTACTS)
        named = [CONTACTS[0] | {"line": "guard"}]
        assert "neo: has no line 'guard'" in refusal("interlock", contacts=named)
        path = gpiod_path("neo")
        with gpiod.request_lines(path, consumer="somebody else", config={3: None}):
            assert "line 3 is held by 'somebody else'" in refusal("interlock", contacts=CONTACTS[:1])


def gpiod_path(label):
    return next(
        f"/dev/gpiochip{n}" for n in range(64)
        if gpiod.is_gpiochip_device(f"/dev/gpiochip{n}") and gpiod.Chip(f"/dev/gpiochip{n}").get_info().label == label
    )  # fmt: skip


def test_exactly_these_valves_are_open_and_all_shut_at_the_end():
    banks = [{"chip": "neo", "lines": [0, 1, 2]}, {"chip": "low", "lines": [5, 4], "active_low": True}]
    settings = diverter_settings(nozzles=5, banks=banks, watchdog={"chip": "neo", "line": 31})
    with simulated_chip("neo") as chip, simulated_chip("low") as low:
        for line in (4, 5):
            low.pull(line, "up")  # the resistors that hold such valves shut when nobody has the lines
        outputs = GpioValves("jets", settings)
        assert (chip.high(), low.level(4), low.level(5)) == (set(), 1, 1), "shut from the moment they are held"
        outputs.set_open(frozenset({1, 3}))
        assert (chip.high() - {31}, low.level(5), low.level(4)) == ({1}, 0, 1)
        first = chip.level(31)
        outputs.set_open(frozenset({1, 3}))
        assert chip.level(31) != first, "every write turns the watchdog over"
        outputs.close()
        outputs.close()
        assert (chip.high() - {31}, low.level(4), low.level(5)) == (set(), 1, 1)


def test_lines_that_are_lost_are_a_fault_of_the_device_and_leave_nothing_held():
    with simulated_chip("neo") as chip:
        before = held()
        outputs = GpioValves("jets", diverter_settings())
        chip.unplug()
        with pytest.raises(DeviceError, match="jets: neo: lines cannot be written"):
            outputs.set_open(frozenset({1}))
        outputs.close()
        chip.plug_in()
        GpioValves("jets", diverter_settings()).close()
        assert held() == before


def test_the_shot_process_opens_the_valves_at_the_place_and_shuts_them():
    with simulated_chip("neo") as chip:
        diverter = opened("diverter", **valves())
        try:
            assert chip.high() == set()
            eventually(lambda: outcome_of(diverter, shot(-900.0, 6, 6)) is ShotOutcome.LATE)
            eventually(lambda: fired(diverter, chip) == {2, 3, 4})
            eventually(lambda: swallow(diverter.heartbeat) or chip.high() == set())
            eventually(lambda: not swallow(diverter.heartbeat) and diverter.health().ok)
        finally:
            diverter.close()
        assert chip.high() == set()


def test_a_chip_that_is_unplugged_in_the_midst_of_a_shot_is_found_again_with_its_valves_shut():
    with simulated_chip("neo") as chip:
        diverter = opened("diverter", **valves())
        try:
            eventually(lambda: fired(diverter, chip))
            chip.unplug()
            eventually(lambda: "neo" in (diverter.health().detail or str(swallow(diverter.heartbeat))))
            chip.plug_in()
            eventually(lambda: not swallow(diverter.heartbeat) and diverter.health().ok)
            assert chip.high() == set()
        finally:
            diverter.close()


def shot(ahead_mm, first, last):
    at_mm = FakeEncoder().mm_at(time.monotonic_ns()) + ahead_mm
    return Shot(
        shot_id=1, track_id=1, first_nozzle=first, last_nozzle=last, open_mm=at_mm, close_mm=at_mm + 400.0
    )  # fmt: skip


def outcome_of(diverter, one):
    """What the diverter says of a shot; None where the machine was too slow to follow the belt for a moment."""
    try:
        diverter.heartbeat()
        return diverter.schedule(one)
    except DeviceError:
        return None


def fired(diverter, chip):
    """The lines that are high in the middle of a shot; one after another, for a slow machine may miss any of them."""
    if outcome_of(diverter, shot(500.0, 2, 4)) is ShotOutcome.ACCEPTED:
        time.sleep(0.7)
    return chip.high()


def swallow(call):
    try:
        call()
    except DeviceError as error:
        return error
    return None
