"""Tells a shot process where the belt is, from an encoder that only one process can have open."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from neosort_hardware.devices import DeviceError, Encoder
from neosort_hardware.shot_process import ShotProcess

EVERY_S = 0.002


class BeltTeller:
    """Reads and tells every 2 ms on a thread of its own.

    A host too busy to do so in time costs no accuracy, for every sample is stamped; after 0.1 s it costs the shots.
    """

    def __init__(self, process: ShotProcess, encoder: Encoder) -> None:
        self._process = process
        self._encoder = encoder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="belt teller", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Idempotent."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(DeviceError):  # the shot process notices the silence, and says so
                self._process.tell_belt(self._encoder.read())
            time.sleep(EVERY_S)
