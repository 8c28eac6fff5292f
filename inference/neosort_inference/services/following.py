"""Keeps the record of what a line goes by true where the line goes back by itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from neosort_hardware.section import ConfigError
from neosort_inference.access.actor import Actor, Identity
from neosort_inference.access.audit import AuditError, AuditTrail
from neosort_inference.access.role import Role
from neosort_inference.asking.orders import Exchanged
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.exchange.went_back import ITSELF, WentBack
from neosort_inference.telemetry import WindowView

LOGGER = logging.getLogger("neosort.exchange")
WITHIN_S = 30.0  # what was activated is entered a moment after the line goes by it, and may have been left by then
Follow = Callable[[WentBack, Actor], bool]


class Following:
    """Listens to the feed. ``follow``: who keeps the record of each; false where it says something else.

    What nobody has entered, for the order came by another way than the interface, is let be after a while.
    """

    def __init__(
        self, follow: Mapping[Exchanged, Follow], trail: AuditTrail, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._follow = follow
        self._line = Actor(identity=Identity(name=ITSELF, role=Role.ENGINEER, via="loop"), address="", trail=trail)
        self._now_s = now_s
        self._seen = self._done = 0
        self._since_s = 0.0

    def see(self, view: WindowView) -> None:
        """A newer view."""
        went_back = view.snapshot.went_back
        if went_back is None or went_back.number == self._done:
            return
        if went_back.number != self._seen:
            self._seen, self._since_s = went_back.number, self._now_s()
        try:
            entered = self._follow[went_back.what](went_back, self._line)
        except (ConfigError, CalibrationError, AuditError) as error:
            LOGGER.error("that the line has gone back cannot be entered: %s", error)
            entered = False
        if entered or self._now_s() - self._since_s > WITHIN_S:
            self._done = went_back.number
