"""The plant's control system as one of those who watch a run."""

from __future__ import annotations

import time
from collections.abc import Callable

from neosort_inference.asking.channel import Asked
from neosort_inference.plant.process import LOGGER, PlantError, PlantProcess
from neosort_inference.telemetry import Snapshot, WindowView

ANEW_EVERY_S = 10.0


class PlantWatcher:
    """Shows every snapshot over OPC UA. A server that has died is started anew."""

    def __init__(self, server: PlantProcess, now_s: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._now_s = now_s
        self._next_try_s = 0.0

    def update(self, snapshot: Snapshot) -> None:
        self._keep_alive()
        self._server.publish(snapshot)

    def show(self, view: WindowView) -> None:
        """Pictures are the page's business."""

    def asked(self) -> tuple[Asked, ...]:
        return self._server.asked()

    def _keep_alive(self) -> None:
        if self._server.alive or self._now_s() < self._next_try_s:
            return
        self._next_try_s = self._now_s() + ANEW_EVERY_S
        try:
            self._server.serve_again()
        except PlantError as error:
            LOGGER.error("the OPC UA server has died, and %s", error)
        else:
            LOGGER.warning("the OPC UA server had died and is started anew")
