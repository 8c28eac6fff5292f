"""A thread that keeps a camera open and its frames ready, and finds the camera again when it was lost."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from neosort_hardware.back_off import BackOff
from neosort_hardware.camera_life import CameraLife, Taken
from neosort_hardware.camera_source import CameraFault, CameraSource, FrameSpoilt
from neosort_hardware.devices import DeviceError, EndOfStream
from neosort_hardware.settings_camera import RealCameraConfig, Trigger

LOGGER = logging.getLogger("neosort.camera")
JOIN_S = 5.0
LATELY = 50
SPOILT_SHARE = 0.1

OpenSource = Callable[[], CameraSource]


@dataclass(slots=True)
class _Exposing:
    """An exposure that was asked for. ``refused``: why the camera does not take it; None until it has said."""

    exposure_us: float
    refused: str | None = None


class CameraGrabber:
    """Opens the source on its thread, which alone uses it. ``trouble``: why there are no frames, empty while well.

    ``lost``: frames that nobody took in time; ``spoilt``: frames that came incomplete. Raises `DeviceError` when the
    camera is not open within ``settings.answer_ms``.
    """

    def __init__(
        self,
        name: str,
        open_source: OpenSource,
        settings: RealCameraConfig,
        trigger: Trigger,
        stamp_to_middle_ns: int,
    ) -> None:
        self.lost = 0
        self.spoilt = 0
        self.trouble = ""
        self._name = name
        self._open_source = open_source
        self._settings = settings
        self._trigger = trigger
        self._stamp_to_middle_ns = stamp_to_middle_ns
        self._frames: deque[Taken] = deque()
        self._news = threading.Condition()
        self._whole_lately: deque[bool] = deque(maxlen=LATELY)
        self._spoilt_how = ""
        self._exposing: _Exposing | None = None
        self._ended = False
        self._tried = threading.Event()
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._await_opening()

    def trigger(self) -> None:
        """A frame is wanted now, of a camera that is triggered by software. Does not wait."""
        self._wanted.set()

    def expose_for(self, exposure_us: float) -> None:
        """Have the camera expose for so long. Raises `DeviceError` where it does not take that, or does not answer."""
        asked = _Exposing(exposure_us)
        with self._news:
            self._exposing = asked
            self._news.wait_for(lambda: asked.refused is not None, self._settings.answer_ms * 1e-3)
            cause = self.trouble or asked.refused
        if cause is None:
            cause = f"does not answer within {self._settings.answer_ms:g} ms"
        if cause:
            raise DeviceError(self._name, cause)

    def take(self) -> Taken | None:
        """The oldest frame not yet taken; None when there is none.

        Raises `DeviceError` while the camera is in trouble and `EndOfStream` when it has played to its end.
        """
        with self._news:
            if self._frames:
                return self._frames.popleft()
            if self._ended:
                raise EndOfStream(f"{self._name} is at the end of its pictures")
            if self.trouble:
                raise DeviceError(self._name, self.trouble)
            return None

    def wait(self, seconds: float) -> None:
        """Until there is a frame, trouble or an end to take, or the time is up."""
        with self._news:
            if not self._frames:
                self._news.wait(seconds)

    def complaint(self) -> str:
        """What a technician should know, empty when all is well."""
        if self.trouble:
            return self.trouble
        spoilt = self._whole_lately.count(False)
        if spoilt <= SPOILT_SHARE * LATELY:
            return ""
        return f"{spoilt} of the last {len(self._whole_lately)} frames came incomplete ({self._spoilt_how})"

    def stop(self) -> None:
        """End the thread, and with it acquisition. Idempotent; a call into the camera's software is waited for."""
        self._stop.set()
        self._thread.join(JOIN_S)

    def _await_opening(self) -> None:
        answered = self._tried.wait(self._settings.answer_ms * 1e-3)
        if answered and not self.trouble:
            return
        self._stop.set()  # the thread lets go of what it is opening as soon as that call returns
        if answered:
            self._thread.join(JOIN_S)
        cause = self.trouble or f"does not answer within {self._settings.answer_ms:g} ms"
        raise DeviceError(self._name, cause)

    def _run(self) -> None:
        back_off = BackOff()
        while not self._stop.is_set():
            left_s = (back_off.next_ns - time.monotonic_ns()) * 1e-9
            if left_s > 0:
                self._stop.wait(left_s)
                continue
            try:
                self._live(self._open_source(), back_off)
            except CameraFault as fault:
                self._tell(str(fault))
                back_off.failed(time.monotonic_ns())
            except EndOfStream:
                self._end()
            except Exception as error:  # of a manufacturer's software: a thread that died of it would never come back
                LOGGER.exception("%s: an error that its driver does not know", self._name)
                self._tell(f"{type(error).__name__}: {error}")
                back_off.failed(time.monotonic_ns())

    def _live(self, source: CameraSource, back_off: BackOff) -> None:
        """Keep the camera's frames until it fails or everything ends. Trouble is told before the camera is let go."""
        try:
            life = CameraLife(source, self._settings, self._trigger, self._stamp_to_middle_ns, self._is_wanted)
            if self._trigger != "free" or not self._tried.is_set():
                self._tell("")
            while not self._stop.is_set():
                self._expose(source)
                self._keep(life, back_off)
        except CameraFault as fault:
            self._tell(str(fault))
            raise
        finally:
            source.close()

    def _expose(self, source: CameraSource) -> None:
        """Tell the camera what was asked of it since; it goes on as it did where it does not take that."""
        asked = self._exposing
        if asked is None or asked.refused is not None:
            return
        refused = ""
        try:
            source.expose_for(asked.exposure_us)
        except CameraFault as fault:
            refused = str(fault)
        with self._news:
            asked.refused = refused
            self._news.notify_all()

    def _keep(self, life: CameraLife, back_off: BackOff) -> None:
        try:
            taken = life.step()
        except FrameSpoilt as spoilt:
            self.spoilt += 1
            self._spoilt_how = str(spoilt)
            self._whole_lately.append(False)
            return
        if taken is None:
            return
        self._whole_lately.append(True)
        back_off.done()
        with self._news:
            self.trouble = ""
            if len(self._frames) == self._settings.buffers:
                self._frames.popleft()
                self.lost += 1
            self._frames.append(taken)
            self._news.notify_all()

    def _is_wanted(self, seconds: float) -> bool:
        wanted = self._wanted.wait(seconds)
        self._wanted.clear()
        return wanted

    def _tell(self, trouble: str) -> None:
        with self._news:
            self.trouble = trouble
            self._tried.set()
            self._news.notify_all()

    def _end(self) -> None:
        self._stop.set()
        with self._news:
            self._ended = True
            self._tried.set()
            self._news.notify_all()
