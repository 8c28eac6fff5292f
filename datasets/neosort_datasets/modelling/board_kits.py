"""What boards of each sort carry: power supplies, logic, appliance controls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling import board_blocks, board_parts
from neosort_datasets.modelling.board_spots import Mount

Rng = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What a board of one sort carries: (part, its longest edge in mm lo..hi, wide per long lo..hi, how many)."""

    parts: tuple[tuple[Mount, float, float, float, float, int], ...]
    small_per_cm2: float


POWER = Kit(
    parts=(
        (board_blocks.transformer, 18, 34, 0.75, 1.0, 2),
        (board_blocks.heatsink, 18, 40, 0.3, 0.6, 2),
        (board_parts.capacitor, 8, 19, 1.0, 1.0, 7),
        (board_parts.film_capacitor, 11, 24, 0.35, 0.6, 4),
        (board_blocks.toroid, 14, 24, 1.0, 1.0, 2),
        (board_blocks.relay, 14, 24, 0.6, 0.9, 2),
        (board_blocks.connector, 10, 30, 0.25, 0.5, 3),
    ),
    small_per_cm2=0.5,
)


LOGIC = Kit(
    parts=(
        (board_parts.chip, 18, 32, 0.9, 1.0, 2),
        (board_blocks.shell, 13, 22, 0.7, 1.0, 2),
        (board_blocks.connector, 15, 45, 0.12, 0.4, 3),
        (board_blocks.heatsink, 16, 30, 0.9, 1.0, 1),
        (board_parts.chip, 7, 16, 0.4, 1.0, 9),
        (board_parts.capacitor, 5, 9, 1.0, 1.0, 8),
        (board_blocks.coin_cell, 21, 23, 1.0, 1.0, 1),
    ),
    small_per_cm2=3.0,
)


MIXED = Kit(
    parts=(
        (board_blocks.relay, 14, 22, 0.6, 0.9, 3),
        (board_parts.chip, 8, 24, 0.35, 1.0, 4),
        (board_parts.capacitor, 5, 14, 1.0, 1.0, 6),
        (board_blocks.connector, 12, 40, 0.2, 0.4, 4),
        (board_parts.film_capacitor, 8, 16, 0.4, 0.6, 3),
        (board_blocks.toroid, 10, 16, 1.0, 1.0, 1),
    ),
    small_per_cm2=1.6,
)
