"""Whether two boxes on the belt are looks at one item."""

from __future__ import annotations

from neosort_hardware.types import Box

SAME_ITEM_IOU = 0.3


def sameness(one: Box, other: Box) -> float:
    """IoU, or how far the smaller box lies inside the larger where an item is cut by a window's edge."""
    smaller = min(one.area_mm2, other.area_mm2)
    inside = one.overlap_mm2(other) / smaller if smaller > 0 else 0.0
    larger = max(one.area_mm2, other.area_mm2)
    alike = smaller > 0.35 * larger
    return max(one.iou(other), inside - 0.4 if alike else 0.0)
