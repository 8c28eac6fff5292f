"""Numbers as other people's files hold them: as text, missing, infinite, or no numbers at all."""

from __future__ import annotations

import math


def finite_or_nan(value: object) -> float:
    """``value`` as a number; what is none, or none that is finite, is nan."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def points_of(flat: object) -> list[tuple[float, float]]:
    """The points of [x, y, x, y, …], those that are finite."""
    if not isinstance(flat, list | tuple):
        return []
    numbers = [finite_or_nan(value) for value in flat]
    points = zip(numbers[::2], numbers[1::2], strict=False)
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def whole_size(width: object, height: object) -> tuple[int, int] | None:
    """A picture's size, where both are positive numbers."""
    numbers = finite_or_nan(width), finite_or_nan(height)
    if any(math.isnan(number) or number < 1 for number in numbers):
        return None
    return round(numbers[0]), round(numbers[1])
