"""A device that may be lost: asked while it answers, left alone for a while when it does not, found again by asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from neosort_hardware.back_off import BackOff
from neosort_hardware.clock import Clock
from neosort_hardware.devices import DeviceError

_Answer = TypeVar("_Answer")


class Reach:
    """Between the loop and one device. Every device finds its peer again by itself when it is asked (`devices.py`);
    asking one that is lost may cost some 50 ms, hence ever more seldom: after 0.1 s at first, 5 s at most.

    ``trouble``: why it does not answer, in its own words; empty while it does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._back_off = BackOff()
        self.trouble = ""

    @property
    def lost(self) -> bool:
        """Whether the last call failed."""
        return bool(self.trouble)

    def ask(self, call: Callable[[], _Answer], *, at_once: bool = False) -> _Answer | None:
        """What the call gives; None when the device is lost. ``at_once``: though it was asked in vain a moment ago."""
        now_ns = self._clock.now_ns()
        if not (at_once or self._back_off.due(now_ns)):
            return None
        try:
            answer = call()
        except DeviceError as error:
            self.trouble = str(error)
            self._back_off.failed(now_ns)
            return None
        self._back_off.done()
        self.trouble = ""
        return answer

    def did(self, call: Callable[[], None], *, at_once: bool = False) -> bool:
        """Whether it was asked and has answered, where a call gives nothing."""

        def done() -> bool:
            call()
            return True

        return self.ask(done, at_once=at_once) is not None
