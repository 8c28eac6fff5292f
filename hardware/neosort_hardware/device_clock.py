"""A device's free-running clock as ours, with a stated error, from what is known of when its stamps were made."""

from __future__ import annotations

DRIFT = 100e-6  # a: two crystals differ by less


class DeviceClock:
    """Stamps of a device in our monotonic nanoseconds.

    Each stamp was made before it arrived here, and maybe after something that we had sent: that bounds the offset
    between the clocks from above and from below. The narrowest bounds seen count; they are let out as fast as crystals
    drift, so that they follow. Without a lower bound the offset is taken from the earliest arrival and ``way_ns``, the
    shortest way of a stamp to us, none where it is not known.
    """

    def __init__(self, way_ns: int | None = None) -> None:
        self._way_ns = way_ns
        self._upper: float | None = None
        self._lower: float | None = None
        self._told_ns = 0

    def told(self, device_ns: int, not_after_ns: int, not_before_ns: int | None = None) -> None:
        """A stamp of the device, made before one moment of ours, and after another where that is known."""
        let_out = DRIFT * (not_after_ns - self._told_ns)
        self._told_ns = not_after_ns
        upper = float(not_after_ns - device_ns)
        lower = None if not_before_ns is None else float(not_before_ns - device_ns)
        if self._upper is not None:
            upper = min(upper, self._upper + let_out)
        if self._lower is not None:
            kept = self._lower - let_out
            lower = kept if lower is None else max(lower, kept)
        if lower is not None and lower > upper:  # the device's clock was set anew
            upper = float(not_after_ns - device_ns)
            lower = None if not_before_ns is None else float(not_before_ns - device_ns)
        self._upper, self._lower = upper, lower

    def ours_ns(self, device_ns: int) -> int:
        """A stamp of the device in our time; as it is before anything was told."""
        if self._upper is None:
            return device_ns
        if self._lower is None:
            return device_ns + round(self._upper) - (self._way_ns or 0)
        return device_ns + round(0.5 * (self._lower + self._upper))

    @property
    def error_ns(self) -> int | None:
        """By how much `ours_ns` may be wrong: half the bounds' width, or the shortest way where there is no lower.

        None where neither is known.
        """
        if self._upper is None or self._lower is None:
            return self._way_ns
        return round(0.5 * (self._upper - self._lower))
