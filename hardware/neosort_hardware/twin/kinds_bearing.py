"""Kinds that bear NdFeB: how a model of each is drawn from its ranges of shape, magnets, steel and mass.

Ranges are those of the line's physics: magnet masses and materials measured or published (m), yoke leakage, poles
and steel masses assumed (a). Lengths in mm, masses in g.
"""

from __future__ import annotations

from neosort_hardware.twin import parts
from neosort_hardware.twin.bodies import (
    AS_MADE,
    ON_ITS_END,
    ON_ITS_SIDE,
    TURNED_OVER,
    ItemModel,
    Magnet,
    Pose,
    Steel,
    Vector3,
)
from neosort_hardware.twin.kinds import (
    Rng,
    between,
    either_pole_up,
    item_model,
    log_between,
    motor_across_mm,
    two_faces,
)

DISK_POSES = (
    Pose(sprite="lid", share=0.5),
    Pose(sprite="board", rotation=TURNED_OVER, share=0.38),
    Pose(sprite="open", share=0.12),
)
"""Lid up, circuit board up, or with the lid torn off."""

ND_MOTOR_G = (1.0, 30.0)
ND_MOTOR_WALLS_MM = 10.0
ND_MOTOR_ROOM = (0.9, 1.2)  # a: of the housing about its magnets
ND_MOTOR_SHARE = (0.12, 0.5)  # a: of their moment that leaks
ND_MOTOR_POLES = (2, 4, 8, 12, 14)
SERVO_WIDTH = 0.85  # of what a motor in it needs
MOTOR_G_PER_CM3 = 5.0  # a: of a motor's box; iron, copper and magnets, and the air between them

ROUND_MOTOR_POSES = (
    Pose(sprite="lying", share=0.45),
    Pose(sprite="rolled", rotation=ON_ITS_SIDE, share=0.35),
    Pose(sprite="standing", rotation=ON_ITS_END, share=0.2),
)


def hdd35(name: str, rng: Rng) -> ItemModel:
    """3.5-inch hard disk: voice-coil pair in its yoke and a spindle ring, about 20 g together (m)."""
    magnets = _disk_magnets(
        coil_g=between(rng, 13, 21),
        coil_place=(-50.0, 22.0, 12.0),
        coil_share=between(rng, 0.06, 0.16),
        spindle_g=between(rng, 1.5, 3.5),
        spindle_mm=(11.0, 6.0),
        spindle_place=(22.0, 0.0, 8.0),
        spindle_share=between(rng, 0.05, 0.15),
    )
    yoke = Steel(size_mm=(45.0, 36.0, 11.0), centre_mm=(-50.0, 22.0, 12.0), mass_g=between(rng, 40, 70))
    size = (147.0, 101.6, between(rng, 20.0, 26.1))
    return item_model(
        name, "hdd35", rng, size, between(rng, 400, 690), magnets=magnets, steel=(yoke,), poses=DISK_POSES
    )


def hdd25(name: str, rng: Rng) -> ItemModel:
    """2.5-inch hard disk, 4–5 g (m)."""
    magnets = _disk_magnets(
        coil_g=between(rng, 3.3, 4.2),
        coil_place=(-34.0, 15.0, 4.5),
        coil_share=between(rng, 0.06, 0.18),
        spindle_g=between(rng, 0.5, 0.9),
        spindle_mm=(8.0, 3.0),
        spindle_place=(15.0, 0.0, 4.0),
        spindle_share=between(rng, 0.05, 0.15),
    )
    yoke = Steel(size_mm=(28.0, 22.0, 4.0), centre_mm=(-34.0, 15.0, 4.5), mass_g=between(rng, 9, 16))
    size = (100.0, 69.9, float(rng.choice([7.0, 9.5, 12.5])))
    return item_model(name, "hdd25", rng, size, between(rng, 85, 125), magnets=magnets, steel=(yoke,), poses=DISK_POSES)


def _disk_magnets(
    *,
    coil_g: float,
    coil_place: Vector3,
    coil_share: float,
    spindle_g: float,
    spindle_mm: tuple[float, float],
    spindle_place: Vector3,
    spindle_share: float,
) -> tuple[Magnet, ...]:
    radius_mm, height_mm = spindle_mm
    return parts.voice_coil(coil_g, coil_place, coil_share) + parts.pole_ring(
        spindle_g,
        "ndfeb_bonded",
        8,
        radius_mm=radius_mm,
        height_mm=height_mm,
        centre=spindle_place,
        share=spindle_share,
    )


def phone(name: str, rng: Rng) -> ItemModel:
    """Phone: speaker, earpiece and vibrator, 0.2–1.0 g in all (m)."""
    length, width = between(rng, 115, 165), between(rng, 58, 78)
    total = between(rng, 0.35, 1.0)
    magnets = (
        parts.disc(0.5 * total, "ndfeb", 0.25, centre=(0.42 * length, 0.2 * width, 3.5), share=between(rng, 0.6, 1.0)),
        parts.disc(0.25 * total, "ndfeb", 0.3, centre=(-0.42 * length, 0.0, 4.0), share=between(rng, 0.5, 1.0)),
        parts.cuboid(
            0.25 * total,
            "ndfeb",
            (2, 1, 0.6),
            centre=(0.38 * length, -0.3 * width, 3.5),
            polarisation=(between(rng, 0.3, 0.9), 0, 0),
        ),
    )
    steel = (parts.soft_steel(between(rng, 5, 20), (0.8 * length, 0.8 * width, 0.3), 6.0),)
    size = (length, width, between(rng, 7, 11))
    return item_model(
        name,
        "phone",
        rng,
        size,
        between(rng, 110, 210),
        magnets=magnets,
        steel=steel,
        poses=two_faces("screen", "back", 0.45),
    )


def earphone(name: str, rng: Rng) -> ItemModel:
    """Headphone cup or earbud with its driver, about 0.65 g (m)."""
    earbud = rng.random() < 0.4
    length = between(rng, 20, 34) if earbud else between(rng, 45, 85)
    height = between(rng, 10, 16) if earbud else between(rng, 16, 32)
    driver = parts.disc(
        between(rng, 0.4, 0.9), "ndfeb", 0.3, centre=(0.0, 0.0, 0.5 * height), share=between(rng, 0.5, 1.0)
    )
    size = (length, length * between(rng, 0.6, 0.95), height)
    return item_model(
        name,
        "earbud" if earbud else "earcup",
        rng,
        size,
        5 + 0.6 * length,
        fill=0.75,
        magnets=(driver,),
        poses=two_faces("outside", "inside", 0.5),
    )


def speaker_nd(name: str, rng: Rng) -> ItemModel:
    """Loudspeaker of a flat television or laptop, 1–20 g of NdFeB in a pot (m/a)."""
    length = between(rng, 40, 120)
    width = length * float(rng.choice([1.0, 1.0, between(rng, 0.45, 0.75)]))
    height = between(rng, 18, 38)
    grams = min(20.0, max(1.0, (length / 70) ** 2 * between(rng, 2, 7)))
    magnets = (parts.disc(grams, "ndfeb", 0.25, centre=(0, 0, 0.3 * height), share=between(rng, 0.15, 0.45)),)
    steel = (parts.soft_steel(6 * grams, (0.5 * width, 0.5 * width, 8.0), 16.0),)
    mass = 15 + 12 * grams + 0.006 * length * width
    return item_model(
        name,
        "speaker",
        rng,
        (length, width, height),
        mass,
        fill=0.85,
        magnets=magnets,
        steel=steel,
        poses=two_faces("cone", "magnet", 0.55),
    )


def motor_nd(name: str, rng: Rng) -> ItemModel:
    """Servo, brushless, cordless-tool or shaver motor: 0.5–30 g of NdFeB, many poles, little leakage.

    The shaft lies along x, but an outrunner stands on its mount with the shaft up.
    """
    grams = log_between(rng, *ND_MOTOR_G)
    across = motor_across_mm(grams, ND_MOTOR_WALLS_MM, between(rng, *ND_MOTOR_ROOM))
    look = str(rng.choice(["can_motor", "can_motor", "outrunner", "servo"]))
    share, poles = between(rng, *ND_MOTOR_SHARE), int(rng.choice(ND_MOTOR_POLES))
    if look == "outrunner":
        size = (across, across, across * between(rng, 0.45, 0.9))
        poses: tuple[Pose, ...] = (
            Pose(sprite="bell", share=0.45),
            Pose(sprite="mount", rotation=TURNED_OVER, share=0.3),
            Pose(sprite="side", rotation=ON_ITS_SIDE, share=0.25),
        )
    elif look == "servo":
        size = (across * 1.6, across * SERVO_WIDTH, across * 1.5)
        poses = (Pose(sprite="side", rotation=ON_ITS_SIDE, share=0.8), Pose(sprite="top", rotation=AS_MADE, share=0.2))
    else:
        size = (across * between(rng, 1.25, 1.9), across, across)
        poses = ROUND_MOTOR_POSES
    length, width, height = size
    magnets = nd_motor_ring(look, size, grams, poles, share)
    most_g = MOTOR_G_PER_CM3 * length * width * height * 1e-3
    iron_g = min(4 * grams, most_g - grams)
    steel = (parts.soft_steel(iron_g, (0.7 * length, 0.7 * width, 0.7 * height), height),)
    mass_g = min(12 * grams + 15, most_g)
    return item_model(name, look, rng, size, mass_g, fill=0.85, magnets=magnets, steel=steel, poses=poses)


def nd_motor_ring(look: str, size_mm: Vector3, grams: float, poles: int, share: float) -> tuple[Magnet, ...]:
    """The magnets of a motor of that look and size: about x in a can, about z in an outrunner or servo."""
    length, width, height = size_mm
    lies = look == "can_motor"
    across = width / SERVO_WIDTH if look == "servo" else width
    return parts.pole_ring(
        grams,
        "ndfeb",
        poles,
        radius_mm=0.32 * min(width, across),
        height_mm=0.5 * (length if lies else height),
        centre=(0.0, 0.0, 0.5 * height),
        share=share,
        axis="x" if lies else "z",
    )


def nd_loose(name: str, rng: Rng) -> ItemModel:
    """A bare NdFeB block, disc, ring or arc, nickel-coated and shiny, 1–50 g."""
    grams = log_between(rng, 2, 45)
    look = str(rng.choice(["magnet_disc", "magnet_ring", "magnet_block", "magnet_block", "magnet_arc"]))
    if look in ("magnet_disc", "magnet_ring"):
        flat = parts.disc(grams, "ndfeb", between(rng, 0.2, 0.5), centre=(0, 0, 0), share=1.0)
    else:
        aspect = (between(rng, 1.0, 2.6), 1.0, between(rng, 0.15, 0.4))
        flat = parts.cuboid(grams, "ndfeb", aspect, centre=(0, 0, 0), polarisation=(0, 0, 1.0))
    magnet = parts.lifted(flat, 0.5 * flat.size_mm[2])
    return item_model(name, look, rng, flat.size_mm, grams, magnets=(magnet,), poses=either_pole_up())


def hub_motor(name: str, rng: Rng) -> ItemModel:
    """E-bike or scooter hub motor: about 339 g of NdFeB in 46 poles (m). Too heavy for air (c)."""
    across, height = between(rng, 110, 230), between(rng, 45, 75)
    grams = 339.0 * (across / 200.0) ** 2 * between(rng, 0.85, 1.15)
    magnets = parts.pole_ring(
        grams,
        "ndfeb",
        46,
        radius_mm=0.42 * across,
        height_mm=0.4 * height,
        centre=(0.0, 0.0, 0.5 * height),
        share=between(rng, 0.05, 0.2),
    )
    steel = (parts.soft_steel(3 * grams, (0.8 * across, 0.8 * across, 0.6 * height), height),)
    mass = 2600.0 * (across / 200.0) ** 2
    return item_model(
        name,
        "hub_motor",
        rng,
        (across, across, height),
        mass,
        fill=0.78,
        magnets=magnets,
        steel=steel,
        poses=two_faces("cover", "cable", 0.5),
    )
