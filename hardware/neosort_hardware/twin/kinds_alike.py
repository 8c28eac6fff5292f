"""Kinds without NdFeB that look like, or read like, those that bear it: the hard negatives.

Ranges as in `kinds_bearing`: of the line's physics, most of them assumed (a). Lengths in mm, masses in g.
"""

from __future__ import annotations

from neosort_hardware.twin import parts
from neosort_hardware.twin.bodies import DENSITY_G_PER_CM3, ON_ITS_SIDE, ItemModel, Magnet, Pose, Steel, Vector3
from neosort_hardware.twin.kinds import (
    ONE_WAY,
    Rng,
    between,
    either_pole_up,
    item_model,
    log_between,
    motor_across_mm,
    two_faces,
)
from neosort_hardware.twin.kinds_bearing import DISK_POSES, ROUND_MOTOR_POSES

FANS_MM = (40, 60, 70, 80, 92, 120)
FAN_FILLED = (1.5, 3.0)
FAN_SHARE = (0.3, 0.7)
FERRITE_MOTOR_G = (8.0, 90.0)
FERRITE_MOTOR_WALLS_MM = 12.0
FERRITE_MOTOR_ROOM = (0.9, 1.15)
FERRITE_MOTOR_SHARE = (0.15, 0.45)


def hdd35_stripped(name: str, rng: Rng) -> ItemModel:
    """A 3.5-inch disk after its magnets were taken: the picture of the full disk of that number, another field."""
    hub = Steel(size_mm=(28.0, 28.0, 10.0), centre_mm=(22.0, 0.0, 8.0), mass_g=between(rng, 8, 25))
    size = (147.0, 101.6, between(rng, 20.0, 26.1))
    return item_model(
        name,
        "hdd35",
        rng,
        size,
        between(rng, 350, 640),
        steel=(hub,),
        poses=DISK_POSES,
        look_of=name.replace("hdd35_stripped", "hdd35"),
    )


def speaker_ferrite(name: str, rng: Rng) -> ItemModel:
    """Loudspeaker with a ferrite ring, 40–300 g of ferrite: from above it may be the NdFeB kind's twin."""
    length = between(rng, 60, 150)
    width = length * float(rng.choice([1.0, 1.0, between(rng, 0.6, 0.8)]))
    height = between(rng, 26, 60)
    fits_g = 0.7e-3 * 0.22 * width**3 * DENSITY_G_PER_CM3["ferrite"]
    grams = min(300.0, fits_g, max(40.0, (length / 100) ** 2 * between(rng, 90, 200)))
    magnets = (parts.disc(grams, "ferrite", 0.22, centre=(0, 0, 0.3 * height), share=between(rng, 0.25, 0.6)),)
    steel = (parts.soft_steel(0.8 * grams, (0.5 * width, 0.5 * width, 8.0), 16.0),)
    return item_model(
        name,
        "speaker",
        rng,
        (length, width, height),
        min(690.0, 40 + 2.0 * grams),
        fill=0.85,
        magnets=magnets,
        steel=steel,
        poses=two_faces("cone", "magnet", 0.55),
    )


def motor_ferrite(name: str, rng: Rng) -> ItemModel:
    """PC fan or small brushed motor: 5–120 g of ferrite. A motor's shaft lies along x, a fan's is upright."""
    if rng.random() < 0.5:
        return _fan(name, rng)
    grams = log_between(rng, *FERRITE_MOTOR_G)
    across = motor_across_mm(grams, FERRITE_MOTOR_WALLS_MM, between(rng, *FERRITE_MOTOR_ROOM))
    length = across * between(rng, 1.25, 1.8)
    magnets = ferrite_motor_ring((length, across, across), grams, between(rng, *FERRITE_MOTOR_SHARE))
    steel = (parts.soft_steel(1.5 * grams, (0.8 * length, 0.7 * across, 0.7 * across), across),)
    return item_model(
        name,
        "can_motor",
        rng,
        (length, across, across),
        4 * grams + 20,
        fill=0.85,
        magnets=magnets,
        steel=steel,
        poses=ROUND_MOTOR_POSES,
    )


def ferrite_motor_ring(size_mm: Vector3, grams: float, share: float) -> tuple[Magnet, ...]:
    """The magnets of a can with brushes, its shaft along x."""
    length, across, height = size_mm
    return parts.pole_ring(
        grams,
        "ferrite",
        2,
        radius_mm=0.36 * across,
        height_mm=0.55 * length,
        centre=(0.0, 0.0, 0.5 * height),
        share=share,
        axis="x",
    )


def fan_ring(size_mm: Vector3, filled: float, share: float) -> tuple[Magnet, ...]:
    """The magnets of a fan's hub; ``filled``: how much of it they take, 1.5 to 3."""
    size, _, height = size_mm
    return parts.pole_ring(
        max(5.0, min(14.0, 0.05 * size * filled)),
        "ferrite_rubber",
        4,
        radius_mm=0.16 * size,
        height_mm=0.5 * height,
        centre=(0.0, 0.0, 0.5 * height),
        share=share,
    )


def _fan(name: str, rng: Rng) -> ItemModel:
    size = float(rng.choice(FANS_MM))
    height = between(rng, 15, 32)
    magnets = fan_ring((size, size, height), between(rng, *FAN_FILLED), between(rng, *FAN_SHARE))
    return item_model(
        name,
        "fan",
        rng,
        (size, size, height),
        0.9 * size + 10,
        fill=0.8,
        magnets=magnets,
        poses=two_faces("blades", "label", 0.6),
    )


def ferrite_part(name: str, rng: Rng) -> ItemModel:
    """Magnetron, fridge seal or loose ferrite: 5–120 g of ferrite (a)."""
    look = str(rng.choice(["magnetron", "fridge_seal", "ferrite_ring", "ferrite_block"]))
    if look == "magnetron":
        rings = tuple(
            parts.disc(between(rng, 25, 55), "ferrite", 0.22, centre=(0, 0, z), share=between(rng, 0.3, 0.7))
            for z in (20.0, 58.0)
        )
        steel = (parts.soft_steel(180.0, (90.0, 75.0, 70.0), 78.0),)
        poses: tuple[Pose, ...] = (Pose(sprite="side", rotation=ON_ITS_SIDE, share=0.7), Pose(sprite="top", share=0.3))
        return item_model(
            name, look, rng, (95.0, 80.0, 78.0), between(rng, 560, 690), magnets=rings, steel=steel, poses=poses
        )
    if look == "fridge_seal":
        length, width = between(rng, 90, 190), between(rng, 9, 14)
        grams = 3.55e-3 * length * width * 2.0
        strip = parts.cuboid(
            grams,
            "ferrite_rubber",
            (length, width, 2.0),
            centre=(0, 0, 3.0),
            polarisation=(0, 0, between(rng, 0.2, 0.5)),
        )
        return item_model(
            name, look, rng, (length, width + 8, 9.0), grams + 0.05 * length, magnets=(strip,), poses=either_pole_up()
        )
    grams = log_between(rng, 5, 120)
    flat: Magnet
    if look == "ferrite_ring":
        flat = parts.disc(grams, "ferrite", between(rng, 0.15, 0.35), centre=(0, 0, 0), share=1.0)
    else:
        aspect = (between(rng, 1.2, 3.0), 1.0, between(rng, 0.2, 0.5))
        flat = parts.cuboid(grams, "ferrite", aspect, centre=(0, 0, 0), polarisation=(0, 0, 1.0))
    magnet = parts.lifted(flat, 0.5 * flat.size_mm[2])
    return item_model(name, look, rng, flat.size_mm, grams, magnets=(magnet,), poses=either_pole_up())


def alnico(name: str, rng: Rng) -> ItemModel:
    """Relay, old meter or guitar pick-up with an AlNiCo rod, 1–10 g."""
    look = str(rng.choice(["relay", "meter", "pickup"]))
    height = between(rng, 18, 35)
    rod = parts.disc(
        between(rng, 1, 10),
        "alnico",
        between(rng, 2, 5),
        centre=(0, 0, 0.5 * height),
        share=between(rng, 0.3, 1.0),
        rotation=parts.Z_ALONG_X,
    )
    ranges = {"relay": (25, 60, 0.5, 0.9), "meter": (45, 95, 0.8, 1.0), "pickup": (65, 92, 0.35, 0.5)}[look]
    length = max(between(rng, ranges[0], ranges[1]), 1.2 * rod.size_mm[2])
    width = max(length * between(rng, ranges[2], ranges[3]), 1.3 * rod.size_mm[0])
    steel = (parts.soft_steel(between(rng, 5, 25), (0.5 * length, 0.4 * width, 6.0), 20.0),)
    return item_model(
        name,
        look,
        rng,
        (length, width, height),
        0.025 * length * width + 15,
        magnets=(rod,),
        steel=steel,
        poses=two_faces("face", "underside", 0.65),
    )


def steel(name: str, rng: Rng) -> ItemModel:
    """Bracket, bolt, tool, washer or transformer core. A third of the items is magnetised."""
    look = str(rng.choice(["bracket", "bracket", "bolt", "tool", "washer", "transformer"]))
    long, slim, thick, full = {
        "bracket": ((45, 170), (0.25, 0.6), (8, 22), 0.2),
        "bolt": ((14, 90), (0.2, 0.45), (6, 16), 0.6),
        "tool": ((90, 190), (0.12, 0.25), (8, 18), 0.45),
        "washer": ((14, 60), (1.0, 1.0), (2, 6), 0.7),
        "transformer": ((35, 75), (0.75, 0.95), (25, 45), 0.62),
    }[look]
    length = log_between(rng, *long)
    width = length * between(rng, *slim)
    height = min(between(rng, *thick), width)
    grams = min(690.0, 7.85e-3 * length * width * height * full * between(rng, 0.7, 1.0))
    body = Steel(
        size_mm=(length, width, height),
        centre_mm=(0, 0, 0.5 * height),
        mass_g=grams,
        magnetised_share=1 / 3,
        remanence_am2_per_g=(0.0008, 0.013),
    )
    poses = two_faces("top", "bottom", 0.5) if look == "bracket" else ONE_WAY
    return item_model(name, look, rng, (length, width, height), grams, fill=0.7, steel=(body,), poses=poses)
