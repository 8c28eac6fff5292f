"""The line itself: what its devices say and give, whether the bundle keeps up with the belt, the calibration's age."""

from __future__ import annotations

from datetime import date

import numpy as np

from neosort_hardware.calibrated import bare_array
from neosort_hardware.clock import RealClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.devices import Camera, DeviceError, Encoder, Interlock, Magnetometer
from neosort_hardware.driver_choice import DEFAULT_DRIVER
from neosort_hardware.line import Found, probing, settings_in
from neosort_hardware.slots import SlotName
from neosort_inference.bench.model import window_ms
from neosort_inference.bundle import Bundle
from neosort_inference.bundle_choice import cover_of
from neosort_inference.calibration.constants import CALIBRATED_WITHIN_DAYS
from neosort_inference.doctor.finding import Finding, fault, warning, well
from neosort_inference.operating_point import operating_point
from neosort_inference.recipe import Recipe

LISTEN_S = 0.5
ROUNDS = 5
EARTH_UT = (20, 70)  # all over its surface; steel beneath the belt adds to it, or screens some of it
BUSY_FROM = 0.6  # of the time that the belt leaves


def examine_devices(config: LineConfig) -> list[Finding]:
    """Every device of the line, opened one by one, asked, and closed again; nothing is fired."""
    with probing(config, RealClock()) as found:
        return [_device(slot, one, settings_in(config, slot).driver) for slot, one in found.items()]


def examine_bundle(bundle: Bundle, recipe: Recipe, config: LineConfig, why: str) -> list[Finding]:
    """The bundle and ``why`` this one, with the recipe's threshold, and its time beside the belt's."""
    metadata = bundle.metadata
    try:
        point = operating_point(recipe, bundle)
    except ConfigError as error:
        return [fault("model", str(error), "lower purity_target in the recipe, or take another bundle")]
    return [
        well("bundle", why),
        well("model", f"{metadata.name}; {point}"),
        pace(window_ms(bundle, ROUNDS), bundle, config),
    ]


def pace(pass_ms: float, bundle: Bundle, config: LineConfig) -> Finding:
    """Whether a window of ``pass_ms`` a lane is done before the belt brings the next one."""
    cover = cover_of(bundle.metadata.grid, config)
    there_ms = cover.hop_mm / config.belt.speed_m_per_s
    spent_ms = cover.lanes * pass_ms
    said = f"{spent_ms:.0f} ms for a window, one comes every {there_ms:.0f} ms at {config.belt.speed_m_per_s:g} m/s"
    if spent_ms > there_ms:
        return fault("pace", said, "slow the belt, take a smaller bundle, or see what else the machine does (top)")
    if spent_ms > BUSY_FROM * there_ms:
        return warning("pace", said, "little room is left: see what else the machine does (top)")
    return well("pace", said)


def calibration(made_on: date | None, today: date, *, simulated: bool) -> Finding:
    """Its age, by the date that the technician wrote down."""
    if simulated:
        return well("calibration", "of a simulated line, which does not age")
    if made_on is None:
        return warning("calibration", "bears no date", "calibrate: neosort calibrate list")
    days = (today - made_on).days
    said = f"made on {made_on.isoformat()}, {days} days ago"
    if days < 0:
        return warning("calibration", f"made on {made_on.isoformat()}, which is yet to come", "set the wall clock")
    if days > CALIBRATED_WITHIN_DAYS:
        return warning("calibration", said, "calibrate anew: belts stretch, lamps and sensors drift")
    return well("calibration", said)


def examine_line(config: LineConfig, bundle: Bundle, recipe: Recipe, why: str) -> list[Finding]:
    """Everything of the line."""
    slots: tuple[SlotName, ...] = ("camera", "magnetometer", "encoder")
    simulated = all(settings_in(config, slot).driver == DEFAULT_DRIVER for slot in slots)
    return [
        *examine_devices(config),
        *examine_bundle(bundle, recipe, config, why),
        calibration(config.calibration.made_on, date.today(), simulated=simulated),
    ]


def _device(slot: SlotName, found: Found, driver: str) -> Finding:
    """What a device says of itself, and a first reading."""
    try_it = f"check power and plug, then: neosort devices try {slot} --config …"
    if found.device is None:
        return fault(slot, found.trouble, try_it)
    health = found.health()
    if not health.ok:
        return fault(slot, f"{health.name}: {health.detail}", try_it)
    try:
        return _READINGS.get(slot, _nothing_read)(found, f"{health.name} ({driver})")
    except DeviceError as error:
        return fault(slot, str(error), try_it)


def _nothing_read(found: Found, name: str) -> Finding:
    return well(found.slot, f"{name} is well")


def _encoder(found: Found, name: str) -> Finding:
    device: Encoder = found.device  # type: ignore[assignment]
    return well("encoder", f"{name} stands at {device.read().belt_mm:,.1f} mm")


def _interlock(found: Found, name: str) -> Finding:
    device: Interlock = found.device  # type: ignore[assignment]
    state = device.read()
    if not state.closed:
        return warning("interlock", f"{name} is open: {state.detail}", "make safe, then close the circuit")
    return well("interlock", f"{name} is closed")


def _magnetometer(found: Found, name: str) -> Finding:
    device: Magnetometer = bare_array(found.device)  # type: ignore[arg-type] # calibrated, it reads nothing over nothing
    block = device.read(LISTEN_S)
    if block is None:
        return fault("magnetometer", f"{name} gives no samples", "check the array's power and cable")
    dead = np.flatnonzero(np.isnan(block.field_ut).all(axis=(0, 2)))
    if dead.size:
        named = ", ".join(map(str, dead[:8]))
        return warning("magnetometer", f"{name}: no reading from channel {named}", "check that channel's cable")
    strength_ut = float(np.nanmedian(np.linalg.norm(block.field_ut, axis=2)))
    if strength_ut < 0.5 * EARTH_UT[0]:
        earth = f"the Earth alone is {EARTH_UT[0]} to {EARTH_UT[1]}"
        advice = "check the unit of its readings: magnetometer.ut_per_unit"
        return warning("magnetometer", f"{name} reads {strength_ut:.2g} µT, where {earth}", advice)
    return well("magnetometer", f"{name} reads {block.field_ut.shape[1]} channels, {strength_ut:.0f} µT")


def _camera(found: Found, name: str) -> Finding:
    device: Camera = found.device  # type: ignore[assignment]
    frame = device.read(LISTEN_S)
    if frame is None:
        return well("camera", f"{name} is well; no frame in {LISTEN_S:g} s, as on a belt that stands")
    mean = float(frame.image.mean())
    if mean < 8 or mean > 247:
        return warning("camera", f"{name}: pictures are {'black' if mean < 8 else 'white'}", "check lamps and exposure")
    return well("camera", f"{name} sees, mean brightness {mean:.0f} of 255")


_READINGS = {"encoder": _encoder, "interlock": _interlock, "magnetometer": _magnetometer, "camera": _camera}
