"""What surfaces are painted with: a colour, how rough it is, whether it is bare metal."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neosort_hardware.types import ArrayF32

Srgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Paint:
    """``srgb`` 0..255 as a colour picker shows it; ``roughness`` 0 mirror .. 1 matt; ``metal`` 1 for bare metal."""

    srgb: Srgb
    roughness: float
    metal: float = 0.0

    @property
    def linear(self) -> ArrayF32:
        """(3,) float32 albedo in linear light (IEC 61966-2-1)."""
        code = np.asarray(self.srgb, dtype=np.float32) / np.float32(255.0)
        return np.asarray(np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4), dtype=np.float32)


def varied(paint: Paint, rng: np.random.Generator, amount: float = 10.0) -> Paint:
    """The paint of another batch: ``amount`` sRGB steps lighter or darker, a third of it in tint, its gloss too."""
    common = rng.normal(0.0, amount)
    red, green, blue = (_code(part + common + rng.normal(0.0, amount / 3)) for part in paint.srgb)
    rough = float(np.clip(paint.roughness * (1 + 0.01 * amount * rng.normal()), 0.03, 1.0))
    return replace(paint, srgb=(red, green, blue), roughness=rough)


def tinted(paint: Paint, factor: float) -> Paint:
    """The paint made lighter (> 1) or darker (< 1)."""
    red, green, blue = (_code(part * factor) for part in paint.srgb)
    return replace(paint, srgb=(red, green, blue))


def rougher(paint: Paint, roughness: float) -> Paint:
    """The same colour with another gloss."""
    return replace(paint, roughness=roughness)


def _code(value: float) -> int:
    return int(np.clip(round(value), 0, 255))


# Bare metals (their colour is what they mirror) ------------------------------------------------------------------
ALUMINIUM = Paint((236, 236, 238), 0.34, 1.0)
CAST_ALUMINIUM = Paint((206, 206, 206), 0.55, 1.0)
STEEL = Paint((190, 188, 184), 0.36, 1.0)
DARK_STEEL = Paint((112, 110, 108), 0.48, 1.0)
CHROME = Paint((200, 202, 206), 0.12, 1.0)
ZINC = Paint((205, 208, 212), 0.46, 1.0)
NICKEL = Paint((206, 200, 190), 0.24, 1.0)
COPPER = Paint((242, 170, 138), 0.32, 1.0)
BRASS = Paint((226, 186, 112), 0.32, 1.0)
GOLD = Paint((252, 206, 122), 0.28, 1.0)
SOLDER = Paint((214, 214, 216), 0.3, 1.0)
LEAD = Paint((150, 150, 154), 0.55, 1.0)

# Plastics, rubbers, papers, lacquers -----------------------------------------------------------------------------
BLACK_PLASTIC = Paint((44, 44, 46), 0.45)
GREY_PLASTIC = Paint((128, 128, 126), 0.5)
WHITE_PLASTIC = Paint((224, 222, 214), 0.42)
BEIGE_PLASTIC = Paint((206, 194, 164), 0.5)
RED_PLASTIC = Paint((176, 38, 34), 0.42)
BLUE_PLASTIC = Paint((40, 84, 160), 0.42)
GREEN_PLASTIC = Paint((46, 118, 66), 0.42)
YELLOW_PLASTIC = Paint((220, 178, 46), 0.42)
ORANGE_PLASTIC = Paint((222, 116, 34), 0.42)
RUBBER = Paint((36, 36, 37), 0.8)
FOAM = Paint((52, 51, 50), 1.0)
PAPER = Paint((224, 223, 217), 0.75)
PAPER_CONE = Paint((42, 41, 40), 0.85)
CARDBOARD = Paint((168, 136, 98), 0.9)
KAPTON = Paint((196, 126, 34), 0.3)
INK = Paint((28, 28, 30), 0.6)
WHITE_INK = Paint((226, 226, 224), 0.6)
FERRITE = Paint((58, 57, 58), 0.55, 0.0)
ANODISED_BLACK = Paint((40, 40, 43), 0.4, 0.4)
ANODISED_RED = Paint((150, 26, 30), 0.35, 0.7)
ANODISED_BLUE = Paint((34, 70, 150), 0.35, 0.7)
ANODISED_GOLD = Paint((190, 132, 44), 0.35, 0.8)
ANODISED_GREY = Paint((60, 62, 66), 0.4, 0.6)
GLASS_BLACK = Paint((16, 16, 19), 0.06)
CHIP = Paint((38, 38, 40), 0.5)
CERAMIC = Paint((182, 160, 130), 0.4)

# Circuit boards --------------------------------------------------------------------------------------------------
PCB_GREEN = Paint((24, 80, 46), 0.32)
PCB_BLUE = Paint((24, 52, 112), 0.32)
PCB_BLACK = Paint((30, 33, 36), 0.34)
PCB_RED = Paint((148, 28, 30), 0.32)
PCB_BROWN = Paint((150, 108, 58), 0.55)

WINDINGS = (COPPER, Paint((150, 62, 34), 0.3, 0.9), Paint((184, 108, 52), 0.3, 0.9))
"""Enamelled wire as makers wind it."""
