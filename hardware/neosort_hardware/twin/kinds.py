"""How a model of each kind is drawn from its ranges: shape, magnets, steel, mass.

Ranges are those of the line's physics: magnet masses and materials measured or published (m), yoke leakage, poles
and steel masses assumed (a). Lengths in mm, masses in g.
"""

from __future__ import annotations

import math

import numpy as np

from neosort_hardware.twin import parts
from neosort_hardware.twin.bodies import DENSITY_G_PER_CM3, ItemModel, Magnet, Steel, Vector3

Rng = np.random.Generator


def _between(rng: Rng, lo: float, hi: float) -> float:
    return float(rng.uniform(lo, hi))


def _log_between(rng: Rng, lo: float, hi: float) -> float:
    return float(math.exp(rng.uniform(math.log(lo), math.log(hi))))


def _model(
    name: str,
    look: str,
    rng: Rng,
    size_mm: Vector3,
    mass_g: float,
    *,
    fill: float = 1.0,
    magnets: tuple[Magnet, ...] = (),
    steel: tuple[Steel, ...] = (),
) -> ItemModel:
    return ItemModel(
        name=name,
        kind=name.rsplit("-", 1)[0],
        look=look,
        look_seed=int(rng.integers(2**31)),
        length_mm=max(size_mm[:2]),
        width_mm=min(size_mm[:2]),
        height_mm=size_mm[2],
        mass_g=max(mass_g, sum(m.mass_g for m in magnets) + sum(s.mass_g for s in steel)),
        fill=fill,
        magnets=magnets,
        steel=steel,
    )


def hdd35(name: str, rng: Rng) -> ItemModel:
    """3.5-inch hard disk: voice-coil pair in its yoke and a spindle ring, about 20 g together (m)."""
    grams = _between(rng, 13, 21)
    voice_coil = parts.voice_coil(grams, (-50.0, 22.0, 12.0), _between(rng, 0.06, 0.16))
    spindle = parts.shifted(
        parts.pole_ring(
            _between(rng, 1.5, 3.5),
            "ndfeb_bonded",
            8,
            radius_mm=11.0,
            height_mm=6.0,
            centre_z_mm=8.0,
            share=_between(rng, 0.05, 0.15),
        ),
        22.0,
    )
    yoke = Steel(size_mm=(45.0, 36.0, 11.0), centre_mm=(-50.0, 22.0, 12.0), mass_g=_between(rng, 40, 70))
    mass = _between(rng, 400, 690)
    return _model(name, "hdd35", rng, (147.0, 101.6, 26.0), mass, magnets=voice_coil + spindle, steel=(yoke,))


def hdd35_stripped(name: str, rng: Rng) -> ItemModel:
    """The same disk closed again after its magnets were taken: only the field tells."""
    hub = Steel(size_mm=(28.0, 28.0, 10.0), centre_mm=(22.0, 0.0, 8.0), mass_g=_between(rng, 8, 25))
    return _model(name, "hdd35", rng, (147.0, 101.6, 26.0), _between(rng, 350, 640), steel=(hub,))


def hdd25(name: str, rng: Rng) -> ItemModel:
    """2.5-inch hard disk, 4–5 g (m)."""
    voice_coil = parts.voice_coil(_between(rng, 3.3, 4.2), (-34.0, 15.0, 4.5), _between(rng, 0.06, 0.18))
    spindle = parts.shifted(
        parts.pole_ring(
            _between(rng, 0.5, 0.9),
            "ndfeb_bonded",
            8,
            radius_mm=8.0,
            height_mm=3.0,
            centre_z_mm=4.0,
            share=_between(rng, 0.05, 0.15),
        ),
        15.0,
    )
    yoke = Steel(size_mm=(28.0, 22.0, 4.0), centre_mm=(-34.0, 15.0, 4.5), mass_g=_between(rng, 9, 16))
    mass = _between(rng, 85, 125)
    return _model(name, "hdd25", rng, (100.0, 69.9, 9.0), mass, magnets=voice_coil + spindle, steel=(yoke,))


def phone(name: str, rng: Rng) -> ItemModel:
    """Phone: speaker, earpiece and vibrator, 0.2–1.0 g in all (m)."""
    length, width = _between(rng, 115, 165), _between(rng, 58, 78)
    total = _between(rng, 0.35, 1.0)
    magnets = (
        parts.disc(0.5 * total, "ndfeb", 0.25, centre=(0.42 * length, 0.2 * width, 3.5), share=_between(rng, 0.6, 1.0)),
        parts.disc(0.25 * total, "ndfeb", 0.3, centre=(-0.42 * length, 0.0, 4.0), share=_between(rng, 0.5, 1.0)),
        parts.cuboid(
            0.25 * total,
            "ndfeb",
            (2, 1, 0.6),
            centre=(0.38 * length, -0.3 * width, 3.5),
            polarisation=(_between(rng, 0.3, 0.9), 0, 0),
        ),
    )
    steel = (parts.soft_steel(_between(rng, 5, 20), (0.8 * length, 0.8 * width, 0.3), 6.0),)
    return _model(
        name, "phone", rng, (length, width, _between(rng, 7, 11)), _between(rng, 110, 210), magnets=magnets, steel=steel
    )


def earphone(name: str, rng: Rng) -> ItemModel:
    """Headphone or earbud with its driver, about 0.65 g (m)."""
    size = _between(rng, 20, 75)
    magnets = (
        parts.disc(_between(rng, 0.4, 0.9), "ndfeb", 0.3, centre=(0.1 * size, 0.0, 7.0), share=_between(rng, 0.5, 1.0)),
    )
    dimensions = (size, size * _between(rng, 0.6, 0.95), _between(rng, 12, 25))
    return _model(name, "earphone", rng, dimensions, 5 + 0.6 * size, fill=0.7, magnets=magnets)


def speaker_nd(name: str, rng: Rng) -> ItemModel:
    """Loudspeaker of a flat television or laptop, 1–20 g of NdFeB in a pot (m/a)."""
    length = _between(rng, 40, 120)
    width = length * float(rng.choice([1.0, 1.0, _between(rng, 0.45, 0.75)]))
    grams = min(20.0, max(1.0, (length / 70) ** 2 * _between(rng, 2, 7)))
    magnets = (parts.disc(grams, "ndfeb", 0.25, centre=(0, 0, 14.0), share=_between(rng, 0.15, 0.45)),)
    steel = (parts.soft_steel(6 * grams, (0.5 * width, 0.5 * width, 8.0), 16.0),)
    mass = 15 + 12 * grams + 0.006 * length * width
    return _model(
        name, "speaker", rng, (length, width, _between(rng, 18, 38)), mass, fill=0.85, magnets=magnets, steel=steel
    )


def speaker_ferrite(name: str, rng: Rng) -> ItemModel:
    """Loudspeaker with a ferrite ring, 40–300 g of ferrite: from above it may be the NdFeB kind's twin."""
    length = _between(rng, 60, 150)
    width = length * float(rng.choice([1.0, 1.0, _between(rng, 0.6, 0.8)]))
    fits_g = 0.7e-3 * 0.22 * width**3 * DENSITY_G_PER_CM3["ferrite"]
    grams = min(300.0, fits_g, max(40.0, (length / 100) ** 2 * _between(rng, 90, 200)))
    magnets = (parts.disc(grams, "ferrite", 0.22, centre=(0, 0, 14.0), share=_between(rng, 0.25, 0.6)),)
    steel = (parts.soft_steel(0.8 * grams, (0.5 * width, 0.5 * width, 8.0), 16.0),)
    mass = min(690.0, 40 + 2.0 * grams)
    return _model(
        name, "speaker", rng, (length, width, _between(rng, 22, 60)), mass, fill=0.85, magnets=magnets, steel=steel
    )


def motor_nd(name: str, rng: Rng) -> ItemModel:
    """Servo, brushless, cordless-tool or shaver motor: 0.5–30 g of NdFeB, many poles, little leakage."""
    grams = _log_between(rng, 1.0, 30)
    length = 18 + 14 * grams ** (1 / 3) * _between(rng, 0.8, 1.15)
    width = length * _between(rng, 0.6, 0.98)
    poles = int(rng.choice([2, 4, 8, 12, 14]))
    share = _between(rng, 0.12, 0.5)
    magnets = parts.pole_ring(
        grams, "ndfeb", poles, radius_mm=0.3 * width, height_mm=0.6 * width, centre_z_mm=0.5 * width, share=share
    )
    steel = (parts.soft_steel(4 * grams, (0.7 * length, 0.7 * width, 0.7 * width), width),)
    return _model(name, "motor", rng, (length, width, width), 12 * grams + 15, fill=0.85, magnets=magnets, steel=steel)


def motor_ferrite(name: str, rng: Rng) -> ItemModel:
    """PC fan or small brushed motor: 5–120 g of ferrite."""
    if rng.random() < 0.5:
        size = float(rng.choice([40, 60, 70, 80, 92, 120])) * _between(rng, 0.98, 1.02)
        height = _between(rng, 15, 32)
        grams = min(14.0, 0.05 * size * _between(rng, 1.5, 3.0))
        magnets = parts.pole_ring(
            grams,
            "ferrite_rubber",
            4,
            radius_mm=0.16 * size,
            height_mm=0.5 * height,
            centre_z_mm=0.5 * height,
            share=_between(rng, 0.3, 0.7),
        )
        return _model(name, "fan", rng, (size, size, height), 0.9 * size + 10, fill=0.8, magnets=magnets)
    grams = _log_between(rng, 8, 90)
    length = 20 + 12 * grams ** (1 / 3) * _between(rng, 0.85, 1.15)
    width = length * _between(rng, 0.6, 0.85)
    magnets = parts.pole_ring(
        grams,
        "ferrite",
        2,
        radius_mm=0.33 * width,
        height_mm=0.7 * width,
        centre_z_mm=0.5 * width,
        share=_between(rng, 0.15, 0.45),
    )
    steel = (parts.soft_steel(1.5 * grams, (0.8 * length, 0.7 * width, 0.7 * width), width),)
    return _model(name, "motor", rng, (length, width, width), 4 * grams + 20, fill=0.85, magnets=magnets, steel=steel)


def alnico(name: str, rng: Rng) -> ItemModel:
    """Relay, old meter or guitar pick-up with an AlNiCo rod, 1–10 g."""
    rod = parts.disc(
        _between(rng, 1, 10), "alnico", _between(rng, 2, 5), centre=(0, 0, 12), share=_between(rng, 0.3, 1.0), tilt="x"
    )
    length = max(_between(rng, 25, 90), 1.2 * rod.size_mm[2])
    width = max(length * _between(rng, 0.35, 0.9), 1.3 * rod.size_mm[0])
    steel = (parts.soft_steel(_between(rng, 5, 25), (0.5 * length, 0.4 * width, 6.0), 20.0),)
    return _model(
        name,
        "relay",
        rng,
        (length, width, _between(rng, 18, 35)),
        0.025 * length * width + 15,
        magnets=(rod,),
        steel=steel,
    )


def steel(name: str, rng: Rng) -> ItemModel:
    """Bracket, screw, tool, washer or blank. A third of the items is magnetised."""
    length = _log_between(rng, 14, 190)
    width = length * (_between(rng, 0.15, 0.4) if length > 70 else _between(rng, 0.3, 1.0))
    height = min(_between(rng, 2, 16), width)
    grams = min(690.0, 7.85e-3 * length * width * height * _between(rng, 0.3, 0.8))
    body = Steel(
        size_mm=(length, width, height),
        centre_mm=(0, 0, 0.5 * height),
        mass_g=grams,
        magnetised_share=1 / 3,
        remanence_am2_per_g=(0.0008, 0.013),
    )
    return _model(name, "steel", rng, (length, width, height), grams, fill=0.7, steel=(body,))


def nd_loose(name: str, rng: Rng) -> ItemModel:
    """A bare NdFeB block, arc or disc, nickel-coated and shiny, 1–50 g."""
    grams = _log_between(rng, 2, 45)
    if rng.random() < 0.5:
        magnet = parts.disc(grams, "ndfeb", _between(rng, 0.2, 0.5), centre=(0, 0, 0), share=1.0)
        flatness = magnet.size_mm[2]
    else:
        aspect = (_between(rng, 1.0, 2.6), 1.0, _between(rng, 0.15, 0.4))
        magnet = parts.cuboid(grams, "ndfeb", aspect, centre=(0, 0, 0), polarisation=(0, 0, 1.0))
        flatness = magnet.size_mm[2]
    lifted = Magnet(
        shape=magnet.shape,
        size_mm=magnet.size_mm,
        centre_mm=(0, 0, 0.5 * flatness),
        polarisation_t=magnet.polarisation_t,
        material=magnet.material,
        mass_g=magnet.mass_g,
    )
    return _model(name, "magnet", rng, (magnet.size_mm[0], magnet.size_mm[1], flatness), grams, magnets=(lifted,))


def pcb(name: str, rng: Rng) -> ItemModel:
    """Printed circuit board, traces of steel."""
    length = _between(rng, 40, 200)
    width = length * _between(rng, 0.4, 0.95)
    traces = (parts.soft_steel(_between(rng, 1, 8), (20, 10, 3), 10.0),)
    return _model(name, "pcb", rng, (length, width, _between(rng, 5, 18)), 0.0065 * length * width, steel=traces)


def cable(name: str, rng: Rng) -> ItemModel:
    """Cable, coiled or loose."""
    length = _between(rng, 70, 170)
    width = length * _between(rng, 0.5, 0.9)
    return _model(name, "cable", rng, (length, width, _between(rng, 5, 15)), _between(rng, 25, 120), fill=0.3)


def heatsink(name: str, rng: Rng) -> ItemModel:
    """Aluminium heatsink: shiny, metal, no field at all."""
    length = _between(rng, 30, 110)
    width = length * _between(rng, 0.6, 1.0)
    height = _between(rng, 10, 35)
    return _model(name, "heatsink", rng, (length, width, height), 0.0009 * length * width * height)


def plastic(name: str, rng: Rng) -> ItemModel:
    """Shard of a housing."""
    length = _between(rng, 30, 180)
    width = length * _between(rng, 0.35, 0.9)
    return _model(name, "plastic", rng, (length, width, _between(rng, 2, 20)), 0.004 * length * width, fill=0.65)


def ram(name: str, rng: Rng) -> ItemModel:
    """Memory module."""
    length = float(rng.choice([67.6, 133.3]))
    return _model(name, "ram", rng, (length, 30.0, 4.0), 0.2 * length)


def lithium_cell(name: str, rng: Rng) -> ItemModel:
    """Lithium cell, round or pouch: must never be fired at."""
    if rng.random() < 0.5:
        length, width = 65.0, 18.5
        can = (parts.soft_steel(8.0, (65, 18, 18), 18.0),)
        return _model(name, "lithium_cell", rng, (length, width, 18.5), 46.0, steel=can)
    length = _between(rng, 45, 110)
    width = length * _between(rng, 0.45, 0.8)
    return _model(name, "lithium_cell", rng, (length, width, _between(rng, 4, 9)), 0.011 * length * width)


def foreign(name: str, rng: Rng) -> ItemModel:
    """What does not belong on the belt: wood, board, stone, textile, glass."""
    length = _between(rng, 25, 160)
    width = length * _between(rng, 0.3, 0.95)
    return _model(name, "foreign", rng, (length, width, _between(rng, 3, 30)), 0.006 * length * width, fill=0.75)
