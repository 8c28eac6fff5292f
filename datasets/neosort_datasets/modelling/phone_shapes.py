"""What both faces of a phone share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from neosort_datasets.modelling.paint import Paint

Era = Literal["keypad", "classic", "modern"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneShape:
    """Measures and colours. ``classic``: a screen with wide bezels and a key. ``wear``: 0 new, 1 battered."""

    length_mm: float
    width_mm: float
    height_mm: float
    era: Era
    corner_mm: float
    frame: Paint
    back: Paint
    brand: str
    wear: float
    glass_back: bool
