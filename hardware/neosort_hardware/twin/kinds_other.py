"""Kinds that neither bear NdFeB nor read like it: what the rest of the stream is made of. Lengths in mm, mass in g."""

from __future__ import annotations

from neosort_hardware.twin import parts
from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.kinds import ONE_WAY, Rng, between, item_model, two_faces


def pcb(name: str, rng: Rng) -> ItemModel:
    """Printed circuit board, traces of steel."""
    length = between(rng, 40, 200)
    width = length * between(rng, 0.4, 0.95)
    traces = (parts.soft_steel(between(rng, 1, 8), (20, 10, 3), 10.0),)
    size = (length, width, between(rng, 6, 20))
    return item_model(
        name, "pcb", rng, size, 0.0065 * length * width, steel=traces, poses=two_faces("parts", "solder", 0.65)
    )


def cable(name: str, rng: Rng) -> ItemModel:
    """Cable, coiled or loose."""
    length = between(rng, 70, 170)
    width = length * between(rng, 0.5, 0.9)
    return item_model(name, "cable", rng, (length, width, between(rng, 5, 15)), between(rng, 25, 120), fill=0.3)


def heatsink(name: str, rng: Rng) -> ItemModel:
    """Aluminium heatsink: shiny, metal, no field at all."""
    length = between(rng, 30, 110)
    width = length * between(rng, 0.6, 1.0)
    height = between(rng, 10, 35)
    return item_model(
        name,
        "heatsink",
        rng,
        (length, width, height),
        0.0009 * length * width * height,
        poses=two_faces("fins", "base", 0.75),
    )


def plastic(name: str, rng: Rng) -> ItemModel:
    """Shard of a housing."""
    length = between(rng, 30, 180)
    width = length * between(rng, 0.35, 0.9)
    size = (length, width, between(rng, 3, 20))
    return item_model(
        name, "plastic", rng, size, 0.004 * length * width, fill=0.65, poses=two_faces("outside", "inside", 0.5)
    )


def ram(name: str, rng: Rng) -> ItemModel:
    """Memory module."""
    length = float(rng.choice([67.6, 133.3]))
    return item_model(name, "ram", rng, (length, 30.0, 4.0), 0.2 * length, poses=two_faces("front", "back", 0.6))


def lithium_cell(name: str, rng: Rng) -> ItemModel:
    """Lithium cell, round or pouch: must never be fired at."""
    if rng.random() < 0.5:
        can = (parts.soft_steel(8.0, (65, 18, 18), 18.0),)
        return item_model(name, "round_cell", rng, (65.0, 18.5, 18.5), 46.0, steel=can)
    length = between(rng, 45, 110)
    width = length * between(rng, 0.45, 0.8)
    return item_model(name, "pouch_cell", rng, (length, width, between(rng, 4, 9)), 0.011 * length * width)


def foreign(name: str, rng: Rng) -> ItemModel:
    """What does not belong on the belt: wood, board, stone, textile, glass, a crushed can."""
    look = str(rng.choice(["wood", "cardboard", "stone", "textile", "glass", "drinks_can"]))
    length = between(rng, 25, 160) if look != "drinks_can" else between(rng, 85, 120)
    width = length * between(rng, 0.3, 0.95) if look != "drinks_can" else between(rng, 55, 75)
    height = between(rng, 3, 30)
    if look in ("cardboard", "textile", "glass"):
        height = between(rng, 3, 9)
    return item_model(name, look, rng, (length, width, height), 0.006 * length * width, fill=0.75, poses=ONE_WAY)
